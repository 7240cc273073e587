/* A template: reals.h says what it is included with. */

/* One window: the largest or the mean of the steps [begin, end) of a row. */
static void FN(pool_window)(int64_t reduction, int64_t begin, int64_t end, int64_t features,
                            const void *row, void *to)
{
    const REAL *x = (const REAL *)row + begin * features;
    REAL *y = to;
    for (int64_t j = 0; j < features; j++) {
        y[j] = reduction == RNNCORE_REDUCE_MAX ? -(REAL)INFINITY : 0;
    }
    for (int64_t step = begin; step < end; step++, x += features) {
        for (int64_t j = 0; j < features && reduction != RNNCORE_REDUCE_MAX; j++) {
            y[j] += x[j];
        }
        for (int64_t j = 0; j < features && reduction == RNNCORE_REDUCE_MAX; j++) {
            y[j] = x[j] > y[j] || x[j] != x[j] ? x[j] : y[j];
        }
    }
    for (int64_t j = 0; j < features && reduction != RNNCORE_REDUCE_MAX; j++) {
        y[j] /= (REAL)(end - begin);
    }
}
