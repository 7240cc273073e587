/* SimpleRNN: h = f(x W + h' U + b); `gates` holds x W + b on entry, the tile h' U. */

RNNCORE_INLINE void FN(rnn_forward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                    int64_t blocks, const FN(sums) * sums)
{
    for (int r = 0; r < m; r++) {
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t unit = (block + b) * VLEN;
            VEC h = V(load)((const REAL *)s->gates + (row + r) * s->ldg + unit) +
                    V(load)(sums->at + r * sums->row + b * sums->block);
            switch (s->activation) {
            case RNNCORE_TANH:
                h = V(tanh)(h);
                break;
            case RNNCORE_RELU:
                h = V(select)((MASK)(h < V(zero)()), V(zero)(), h); /* keeps NaN */
                break;
            case RNNCORE_SIGMOID:
                h = V(sigmoid)(h);
                break;
            default:
                break;
            }
            V(store)((REAL *)s->h_out + (row + r) * s->ldh + unit, h);
        }
    }
}

/* d(pre-activation) = dh * f'(.), with f' from the output h; written to `gates`. */
RNNCORE_INLINE void FN(rnn_backward)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                     int64_t blocks, const FN(sums) * sums)
{
    const VEC one = V(set1)(1);
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
            switch (s->activation) {
            case RNNCORE_TANH:
                dh *= one - h * h;
                break;
            case RNNCORE_RELU:
                dh = V(select)((MASK)(h > V(zero)()), dh, V(zero)());
                break;
            case RNNCORE_SIGMOID:
                dh *= h * (one - h);
                break;
            default:
                break;
            }
            V(store)((REAL *)s->gates + (row + r) * s->ldg + unit, dh);
        }
    }
}
