/* A template: dtypes.inc.h says what it is included with. */

/* Bias and activation of a Dense layer, and the derivative of the activation by its output. */

/* The largest of a row; NaN where there is one. */
RNNCORE_INLINE REAL FN(row_max)(int64_t n, const REAL *x)
{
    REAL largest = x[0];
    for (int64_t j = 1; j < n; j++) {
        largest = x[j] > largest || x[j] != x[j] ? x[j] : largest;
    }
    return largest;
}

/* e = exp(x - max(x)) and its sum; e may be x. */
RNNCORE_INLINE REAL FN(shifted_exp)(int64_t n, const REAL *x, REAL *e, REAL *largest)
{
    *largest = FN(row_max)(n, x);
    REAL sum = 0;
    for (int64_t j = 0; j < n; j++) {
        e[j] = x[j] - *largest;
    }
    FN(map)(V(exp), n, e, e);
    for (int64_t j = 0; j < n; j++) {
        sum += e[j];
    }
    return sum;
}

/* z = f(z); with a constant kind no loop branches on it. */
RNNCORE_INLINE void FN(activate_all)(const int kind, int64_t n, REAL *z)
{
    for (int64_t i = 0; i < n; i += VLEN) {
        FN(store_some)(z + i, FN(activate)(0, kind, FN(load_some)(z + i, n - i)), n - i);
    }
}

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

static void FN(dense_activate)(const rnncore_dense *d, int64_t rows, void *output)
{
    REAL *z = output;
    const REAL *bias = d->bias;
    const int64_t columns = d->outputs, n = rows * columns;
    if (bias != NULL) {
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t j = 0; j < columns; j++) {
                z[i * columns + j] += bias[j];
            }
        }
    }
    if (d->activation == RNNCORE_SOFTMAX) {
        for (int64_t i = 0; i < rows; i++, z += columns) {
            REAL largest;
            const REAL sum = FN(shifted_exp)(columns, z, z, &largest);
            for (int64_t j = 0; j < columns; j++) {
                z[j] /= sum;
            }
        }
    } else if (d->activation == RNNCORE_RELU) {
        FN(activate_all)(RNNCORE_RELU, n, z);
    } else if (d->activation != RNNCORE_ACTIVATION_DEFAULT) {
        FN(activate_all)(d->activation, n, z);
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
