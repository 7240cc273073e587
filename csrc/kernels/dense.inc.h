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

static void FN(activate)(const rnncore_dense *d, int64_t rows, void *output)
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
    switch (d->activation) {
    case RNNCORE_RELU:
        for (int64_t i = 0; i < n; i++) {
            z[i] = z[i] < 0 ? 0 : z[i];
        }
        break;
    case RNNCORE_SIGMOID:
        FN(map)(V(sigmoid), n, z, z);
        break;
    case RNNCORE_TANH:
        FN(map)(V(tanh), n, z, z);
        break;
    case RNNCORE_SOFTMAX:
        for (int64_t i = 0; i < rows; i++, z += columns) {
            REAL largest;
            const REAL sum = FN(shifted_exp)(columns, z, z, &largest);
            for (int64_t j = 0; j < columns; j++) {
                z[j] /= sum;
            }
        }
        break;
    case RNNCORE_HARD_SIGMOID:
        for (int64_t i = 0; i < n; i++) {
            REAL value = z[i] + 3;
            value = value < 0 ? 0 : value;
            z[i] = (value > 6 ? 6 : value) / 6;
        }
        break;
    default:
        break;
    }
}

static void FN(activate_backward)(const rnncore_dense *d, int64_t rows, const void *output,
                                  const void *gradient, void *result)
{
    const REAL *y = output, *dy = gradient;
    REAL *dz = result;
    const int64_t columns = d->outputs, n = rows * columns;
    switch (d->activation) {
    case RNNCORE_RELU:
        for (int64_t i = 0; i < n; i++) {
            dz[i] = y[i] > 0 ? dy[i] : 0;
        }
        break;
    case RNNCORE_SIGMOID:
        for (int64_t i = 0; i < n; i++) {
            dz[i] = dy[i] * y[i] * (1 - y[i]);
        }
        break;
    case RNNCORE_TANH:
        for (int64_t i = 0; i < n; i++) {
            dz[i] = dy[i] * (1 - y[i] * y[i]);
        }
        break;
    case RNNCORE_SOFTMAX:
        for (int64_t i = 0; i < rows; i++, y += columns, dy += columns, dz += columns) {
            REAL sum = 0;
            for (int64_t j = 0; j < columns; j++) {
                sum += dy[j] * y[j];
            }
            for (int64_t j = 0; j < columns; j++) {
                dz[j] = y[j] * (dy[j] - sum);
            }
        }
        break;
    case RNNCORE_HARD_SIGMOID:
        for (int64_t i = 0; i < n; i++) {
            dz[i] = y[i] > 0 && y[i] < 1 ? dy[i] / 6 : 0;
        }
        break;
    default:
        memcpy(dz, dy, (size_t)n * sizeof(REAL));
        break;
    }
}
