/* A template: reals.h says what it is included with. */

/* Adds the windows of a row to its steps: number k of each first, so that every sum has one order.
 */
static void FN(add_windows)(const rnncore_windows *w, int64_t features, int64_t windows,
                            int64_t before, int64_t steps, const void *added, const void *products,
                            void *to)
{
    const REAL *bias = added, *rows = products;
    REAL *y = to;
    for (int64_t t = 0; t < steps; t++) {
        for (int64_t j = 0; j < features; j++) {
            y[t * features + j] = bias == NULL ? 0 : bias[j];
        }
    }
    for (int64_t k = 0; k < w->size; k++) {
        for (int64_t t = 0; t < windows; t++) {
            const int64_t step = t * w->stride + k * w->dilation - before;
            const REAL *from = rows + (t * w->size + k) * features;
            for (int64_t j = 0; step >= 0 && step < steps && j < features; j++) {
                y[step * features + j] += from[j];
            }
        }
    }
}
