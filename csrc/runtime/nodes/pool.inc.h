/* A template: reals.h says what it is included with. */

/* One window of a row, of which `real` steps count: step k of it is step first + k. */
static void FN(pool_window)(int64_t reduction, int64_t size, int64_t first, int64_t real,
                            int64_t features, const void *row, void *to)
{
    const REAL *x = row;
    REAL *y = to;
    int64_t count = 0;
    for (int64_t j = 0; j < features; j++) {
        y[j] = reduction == RNNCORE_REDUCE_MAX ? -(REAL)INFINITY : 0;
    }
    for (int64_t k = 0; k < size; k++) {
        const int64_t step = first + k;
        const REAL *from = x + step * features;
        if (step < 0 || step >= real) {
            continue;
        }
        count++;
        for (int64_t j = 0; j < features && reduction != RNNCORE_REDUCE_MAX; j++) {
            y[j] += from[j];
        }
        for (int64_t j = 0; j < features && reduction == RNNCORE_REDUCE_MAX; j++) {
            y[j] = from[j] > y[j] || from[j] != from[j] ? from[j] : y[j];
        }
    }
    for (int64_t j = 0; j < features && reduction != RNNCORE_REDUCE_MAX; j++) {
        y[j] /= (REAL)(count > 0 ? count : 1);
    }
}
