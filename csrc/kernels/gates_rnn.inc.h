/* A template: dtypes.inc.h says what it is included with. */

/* SimpleRNN: h = f(x W + h' U + b); `gates` holds x W + b on entry, the tile h' U. */

RNNCORE_INLINE void FN(rnn_forward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                    int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            const VEC a = V(load)((const REAL *)s->gates + (row + r) * s->ldg + unit) +
                          V(load)(sums->at + r * sums->row + b * sums->block);
            V(store)((REAL *)s->h_out + (row + r) * s->ldh + unit, FN(activate)(generic, kind, a));
        }
    }
}

/* d(pre-activation) = dh * f'(.), with f' from the output h; written to `gates`. */
RNNCORE_INLINE void FN(rnn_backward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                     int64_t blocks, const FN(sums) * sums, const int generic)
{
    const int kind = FN(kind)(s, generic);
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            const int64_t state = (row + r) * s->ldh + unit;
            VEC dh = V(load)(sums->at + r * sums->row + b * sums->block);
            if (s->dy != NULL) {
                dh += V(load)((const REAL *)s->dy + state);
            }
            if (s->add_carry) {
                dh += V(load)((const REAL *)s->carry + state);
            }
            const VEC h = V(load)((const REAL *)s->h_out + state);
            V(store)((REAL *)s->gates + (row + r) * s->ldg + unit, FN(times_slope)(kind, dh, h));
        }
    }
}
