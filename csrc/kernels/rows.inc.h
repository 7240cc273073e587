/* A template: dtypes.inc.h says what it is included with. */

/* Activations of rows of numbers: what stands behind a product. */

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

/* y = f(z); with a constant kind no loop branches on it. */
RNNCORE_INLINE void FN(activate_all)(const int kind, int64_t n, const REAL *z, REAL *y)
{
    for (int64_t i = 0; i < n; i += VLEN) {
        FN(store_some)(y + i, FN(activate)(0, kind, FN(load_some)(z + i, n - i)), n - i);
    }
}

RNNCORE_INLINE void FN(softmax_row)(int64_t n, const REAL *z, REAL *y)
{
    REAL largest;
    const REAL sum = FN(shifted_exp)(n, z, y, &largest);
    for (int64_t j = 0; j < n; j++) {
        y[j] /= sum;
    }
}

RNNCORE_INLINE void FN(activate_rows)(int32_t activation, int64_t rows, int64_t columns,
                                      const void *from, int64_t ldz, void *to)
{
    if (ldz == columns && activation != RNNCORE_SOFTMAX) {
        columns *= rows;
        rows = rows > 0;
    }
    for (int64_t i = 0; i < rows; i++) {
        const REAL *z = (const REAL *)from + i * ldz;
        REAL *y = (REAL *)to + i * columns;
        if (activation == RNNCORE_SOFTMAX) {
            FN(softmax_row)(columns, z, y);
        } else if (activation == RNNCORE_RELU) {
            FN(activate_all)(RNNCORE_RELU, columns, z, y);
        } else if (activation != RNNCORE_ACTIVATION_DEFAULT && activation != RNNCORE_LINEAR) {
            FN(activate_all)(activation, columns, z, y);
        } else if (z != y) {
            memcpy(y, z, sizeof(REAL) * (size_t)columns);
        }
    }
}
