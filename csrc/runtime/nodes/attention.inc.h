/* The parts of attention.c that differ by dtype. */

/* What tanh is weighed by, for each feature: `from`, or 1 without it. */
static void FN(take_factors)(int64_t n, const void *from, int64_t stride, void *to)
{
    const REAL *given = from;
    REAL *factors = to;
    for (int64_t i = 0; i < n; i++) {
        factors[i] = given == NULL ? 1 : given[i * stride];
    }
}

/* factor * (q + k) for each of some keys; without a factor it is 1. */
static void FN(add_to_keys)(int64_t keys, int64_t n, const void *query, const void *from,
                            const void *factor, void *to)
{
    const REAL scale = factor == NULL ? 1 : *(const REAL *)factor;
    const REAL *q = query, *k = from;
    REAL *sums = to;
    for (int64_t i = 0; i < keys; i++, k += n, sums += n) {
        for (int64_t j = 0; j < n; j++) {
            sums[j] = (q[j] + k[j]) * scale;
        }
    }
}

/* sum(a * b) in an order that depends on n only, in sums that a compiler can hold in a vector. */
static REAL FN(product)(int64_t n, const REAL *a, const REAL *b)
{
    REAL sums[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int64_t j = 0; j < 8; j++) {
            sums[j] += a[i + j] * b[i + j];
        }
    }
    for (; i < n; i++) {
        sums[i & 7] += a[i] * b[i];
    }
    for (int64_t half = 4; half > 0; half /= 2) {
        for (int64_t j = 0; j < half; j++) {
            sums[j] += sums[j + half];
        }
    }
    return sums[0];
}

/* The scores of some keys from tanh of their sums. */
static void FN(weigh)(int64_t keys, int64_t n, const void *bent, const void *factors, void *scores)
{
    for (int64_t i = 0; i < keys; i++) {
        ((REAL *)scores)[i] = FN(product)(n, (const REAL *)bent + i * n, factors);
    }
}

/* Scales the scores of a query, and moves those of hidden keys far down: masked ones, and those
 * from place `end` on. */
static void FN(hide)(int64_t keys, const void *factor, const uint8_t *real, int64_t end, void *of)
{
    const REAL *scale = factor;
    REAL *scores = of;
    for (int64_t i = 0; i < keys; i++) {
        if (scale != NULL) {
            scores[i] *= *scale;
        }
        if (i >= end || (real != NULL && !real[i])) {
            scores[i] -= (REAL)1e9;
        }
    }
}
