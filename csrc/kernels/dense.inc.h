/* A template: dtypes.inc.h says what it is included with. */

/* The derivative of a Dense layer's activation by its output. */

/* dz = f'(y) dy */
RNNCORE_INLINE void FN(slope_all)(const int kind, int64_t n, const REAL *y, const REAL *dy,
                                  REAL *dz)
{
    for (int64_t i = 0; i < n; i += VLEN) {
        const VEC slope =
            FN(times_slope)(kind, FN(load_some)(dy + i, n - i), FN(load_some)(y + i, n - i));
        FN(store_some)(dz + i, slope, n - i);
    }
}

static void FN(dense_slope)(const rnncore_dense *d, int64_t rows, const void *output,
                            const void *gradient, void *result)
{
    const REAL *y = output, *dy = gradient;
    REAL *dz = result;
    const int64_t columns = d->outputs, n = rows * columns;
    if (d->activation == RNNCORE_RELU) {
        FN(slope_all)(RNNCORE_RELU, n, y, dy, dz);
        return;
    }
    if (d->activation != RNNCORE_SOFTMAX) {
        FN(slope_all)(d->activation, n, y, dy, dz);
        return;
    }
    for (int64_t i = 0; i < rows; i++, y += columns, dy += columns, dz += columns) {
        REAL sum = 0;
        for (int64_t j = 0; j < columns; j++) {
            sum += dy[j] * y[j];
        }
        for (int64_t j = 0; j < columns; j++) {
            dz[j] = y[j] * (dy[j] - sum);
        }
    }
}
