/* A template: dtypes.inc.h says what it is included with. */

/* GRU, gates z r n:   h = z*h' + (1-z)*n
 *   reset_after:   n = tanh(x Wn + bn + r*q),  q = h' Un + cn
 *   reset before:  n = tanh(x Wn + bn + (r*h') Un)          ("gru1", two products a step)
 * `gates` holds x W + b on entry in slots n z r of `padded` columns; the tape has a fourth slot
 * for q, or for r*h': so the operands of W (n z r) and of U (z r q) are each contiguous. */

RNNCORE_INLINE void FN(gru_forward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                    int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic), kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            const REAL *t = sums->at + r * sums->row + b * sums->block;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const VEC z = FN(activate)(generic, gate, V(load)(gates + p) + V(load)(t));
            const VEC reset =
                FN(activate)(generic, gate, V(load)(gates + 2 * p) + V(load)(t + sums->gate));
            const VEC q = V(load)((const REAL *)s->bias + unit) + V(load)(t + 2 * sums->gate);
            V(store)(gates, V(fma)(reset, q, V(load)(gates)));
            V(store)(gates + p, z);
            if (s->store_tape) {
                V(store)(gates + 2 * p, reset);
                V(store)(gates + 3 * p, q);
            }
        }
    }
    /* Apart from z and r, whose chain of operations is as long again: many of each are under way at
     * a time. */
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            const VEC n = FN(activate)(generic, kind, V(load)(gates));
            const VEC h = V(load)((const REAL *)s->h_in + state);
            V(store)((REAL *)s->h_out + state, V(fma)(V(load)(gates + p), h - n, n));
            if (s->store_tape) {
                V(store)(gates, n);
            }
        }
    }
}

/* dh of this step: the tile, dy and the carry z*dh of the step after. */
RNNCORE_INLINE VEC FN(gru_dh)(const rnncore_step *s, const REAL *tile, int64_t state)
{
    VEC dh = V(load)(tile) + V(load)((const REAL *)s->carry + state);
    if (s->dy != NULL) {
        dh += V(load)((const REAL *)s->dy + state);
    }
    return dh;
}

/* dz = dh*(h'-n)   dn = dh*(1-z)   dq = dn*r   dr = dn*q, each times the derivative of its
 * activation; slots become dn dz dr dq. */
RNNCORE_INLINE void FN(gru_backward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                     int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic), kind = FN(kind)(s, generic);
    const VEC one = V(set1)(1);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            const VEC dh = FN(gru_dh)(s, sums->at + r * sums->row + b * sums->block, state);
            const VEC z = V(load)(gates + p), reset = V(load)(gates + 2 * p);
            const VEC n = V(load)(gates), q = V(load)(gates + 3 * p);
            const VEC h = V(load)((const REAL *)s->h_in + state);
            const VEC dn = FN(times_slope)(kind, dh * (one - z), n);
            V(store)(gates + p, FN(times_slope)(gate, dh * (h - n), z));
            V(store)(gates + 2 * p, FN(times_slope)(gate, dn * q, reset));
            V(store)(gates, dn);
            V(store)(gates + 3 * p, dn * reset);
            V(store)((REAL *)s->carry + state, dh * z);
        }
    }
}

/* First product of a step, h' [Uz Ur]: z, r and r*h'. Without a tape r*h' takes the slot of r. */
RNNCORE_INLINE void FN(gru1_gates)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                   int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            const REAL *t = sums->at + r * sums->row + b * sums->block;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const VEC reset =
                FN(activate)(generic, gate, V(load)(gates + 2 * p) + V(load)(t + sums->gate));
            const VEC h = V(load)((const REAL *)s->h_in + (row + r) * s->ldh + unit);
            V(store)(gates + p, FN(activate)(generic, gate, V(load)(gates + p) + V(load)(t)));
            if (s->store_tape) {
                V(store)(gates + 2 * p, reset);
            }
            V(store)(gates + (s->store_tape ? 3 : 2) * p, reset * h);
        }
    }
}

/* Second product, (r*h') Un: n and h. */
RNNCORE_INLINE void FN(gru1_candidate)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                       int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int64_t p = s->padded;
    const int kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            const VEC n =
                FN(activate)(generic, kind,
                             V(load)(gates) + V(load)(sums->at + r * sums->row + b * sums->block));
            const VEC h = V(load)((const REAL *)s->h_in + state);
            V(store)((REAL *)s->h_out + state, V(fma)(V(load)(gates + p), h - n, n));
            if (s->store_tape) {
                V(store)(gates, n);
            }
        }
    }
}

/* Backward of the candidate: dz and dn; the carry becomes dh*z. */
RNNCORE_INLINE void FN(gru1_backward_gates)(const rnncore_step *s, int64_t row, int m,
                                            int64_t block, int64_t blocks, const FN(sums) * sums,
                                            const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic), kind = FN(kind)(s, generic);
    const VEC one = V(set1)(1);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *gates = (REAL *)s->gates + (row + r) * s->ldg + unit;
            const int64_t state = (row + r) * s->ldh + unit;
            const VEC dh = FN(gru_dh)(s, sums->at + r * sums->row + b * sums->block, state);
            const VEC z = V(load)(gates + p), n = V(load)(gates);
            const VEC h = V(load)((const REAL *)s->h_in + state);
            V(store)(gates + p, FN(times_slope)(gate, dh * (h - n), z));
            V(store)(gates, FN(times_slope)(kind, dh * (one - z), n));
            V(store)((REAL *)s->carry + state, dh * z);
        }
    }
}

/* Backward of r*h', the tile being d(r*h') = dn Un^T: dr, and r*d(r*h') joins the carry. */
RNNCORE_INLINE void FN(gru1_backward_reset)(const rnncore_step *s, int64_t row, int m,
                                            int64_t block, int64_t blocks, const FN(sums) * sums,
                                            const int generic)
{
    const int64_t p = s->padded;
    const int gate = FN(gate_kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            REAL *slot = (REAL *)s->gates + (row + r) * s->ldg + unit + 2 * p;
            const int64_t state = (row + r) * s->ldh + unit;
            REAL *carry = (REAL *)s->carry + state;
            const VEC reset = V(load)(slot);
            const VEC d = V(load)(sums->at + r * sums->row + b * sums->block);
            V(store)(carry, V(fma)(d, reset, V(load)(carry)));
            V(store)(slot,
                     FN(times_slope)(gate, d * V(load)((const REAL *)s->h_in + state), reset));
        }
    }
}
