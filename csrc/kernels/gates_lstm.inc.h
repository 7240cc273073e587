/* A template: dtypes.inc.h says what it is included with. */

/* LSTM, gates i f g o (g is the candidate), on tiles of a U:
 *   c = f*c' + i*g      h = o*tanh(c)
 * `gates` holds x W + b on entry; rows of 4*padded columns. In the generic form other functions
 * stand for the sigmoid of i, f, o and for the two tanh. */

RNNCORE_INLINE void FN(lstm_forward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                     int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic), kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            const REAL *t = sums->at + r * sums->row + b * sums->block;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            const VEC i = FN(activate)(generic, gate, V(load)(gates) + V(load)(t));
            const VEC f = FN(activate)(generic, gate, V(load)(gates + p) + V(load)(t + sums->gate));
            const VEC g =
                FN(activate)(generic, kind, V(load)(gates + 2 * p) + V(load)(t + 2 * sums->gate));
            const VEC o =
                FN(activate)(generic, gate, V(load)(gates + 3 * p) + V(load)(t + 3 * sums->gate));
            const VEC c = V(fma)(f, V(load)((const REAL *)s->c_in + state), i * g);
            V(store)((REAL *)s->c_out + state, c);
            V(store)((REAL *)s->h_out + state, o);
            if (s->store_tape) {
                V(store)(gates, i);
                V(store)(gates + p, f);
                V(store)(gates + 2 * p, g);
                V(store)(gates + 3 * p, o);
            }
        }
    }
    /* Apart from the gates, whose chain of operations is as long again: many of each are under way
     * at a time. */
    for (int r = 0; r < m; r++) {
        REAL *h = (REAL *)s->h_out + (row + r) * s->ldh + block * VLEN;
        const REAL *c = (const REAL *)s->c_out + (row + r) * s->ldh + block * VLEN;
        for (int64_t b = 0; b < blocks; b++) {
            const VEC f_c = FN(activate)(generic, kind, V(load)(c + b * VLEN));
            V(store)(h + b * VLEN, V(load)(h + b * VLEN) * f_c);
        }
    }
}

/* With dh = dy + carry + d(pre-activations of the next step) U^T (the tile):
 *   dc += dh*o*(1 - tanh(c)^2);  do = dh*tanh(c);  di = dc*g;  df = dc*c';  dg = dc*i
 * each times the derivative of its activation; then dc = dc*f goes to the step before. */
RNNCORE_INLINE void FN(lstm_backward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                      int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic), kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            VEC dh = V(load)(sums->at + r * sums->row + b * sums->block);
            if (s->dy != NULL) {
                dh += V(load)((const REAL *)s->dy + state);
            }
            if (s->add_carry) {
                dh += V(load)((const REAL *)s->carry + state);
            }
            const VEC i = V(load)(gates), f = V(load)(gates + p);
            const VEC g = V(load)(gates + 2 * p), o = V(load)(gates + 3 * p);
            const VEC f_c = FN(activate)(generic, kind, V(load)((const REAL *)s->c_out + state));
            REAL *dc_row = (REAL *)s->dc + state;
            const VEC dc = V(load)(dc_row) + FN(times_slope)(kind, dh * o, f_c);
            V(store)(gates, FN(times_slope)(gate, dc * g, i));
            const VEC c_in = V(load)((const REAL *)s->c_in + state);
            V(store)(gates + p, FN(times_slope)(gate, dc * c_in, f));
            V(store)(gates + 2 * p, FN(times_slope)(kind, dc * i, g));
            V(store)(gates + 3 * p, FN(times_slope)(gate, dh * f_c, o));
            V(store)(dc_row, dc * f);
        }
    }
}
