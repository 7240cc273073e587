/* A template: reals.h says what it is included with. Sums in double and largest numbers, in an
 * order that depends on the places of the numbers alone. */

/* acc[i % lanes] += x[i], or its square. */
static inline void FN(add_to)(int64_t lanes, double *restrict acc, int64_t n,
                              const REAL *restrict x, int squared)
{
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (int64_t k = 0; k < lanes; k++) {
            acc[k] += (double)x[i + k] * (squared ? (double)x[i + k] : 1);
        }
    }
    for (int64_t k = 0; i + k < n; k++) {
        acc[k] += (double)x[i + k] * (squared ? (double)x[i + k] : 1);
    }
}

/* acc[i % lanes] = the larger of it and x[i]; NaN if one is. */
static inline void FN(raise_to)(int64_t lanes, double *restrict acc, int64_t n,
                                const REAL *restrict x)
{
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (int64_t k = 0; k < lanes; k++) {
            const double value = (double)x[i + k];
            acc[k] = value > acc[k] || value != value ? value : acc[k];
        }
    }
    for (int64_t k = 0; i + k < n; k++) {
        const double value = (double)x[i + k];
        acc[k] = value > acc[k] || value != value ? value : acc[k];
    }
}

static inline double FN(sum_of)(int64_t n, const REAL *x, int squared)
{
    double acc[RNNCORE_LANES] = {0};
    FN(add_to)(RNNCORE_LANES, acc, n, x, squared);
    return rnncore_sum_lanes(acc);
}

static inline REAL FN(largest_of)(int64_t n, const REAL *x)
{
    double acc[RNNCORE_LANES];
    for (int k = 0; k < RNNCORE_LANES; k++) {
        acc[k] = -INFINITY;
    }
    FN(raise_to)(RNNCORE_LANES, acc, n, x);
    return (REAL)rnncore_largest_lane(acc);
}
