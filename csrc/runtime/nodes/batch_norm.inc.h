/* A template: reals.h says what it is included with. */

/* 1 / sqrt(variance + epsilon) of each channel. */
static void FN(invert)(const rnncore_node *node, void *to)
{
    const REAL *variance = node->tensor[1].data;
    for (int64_t c = 0; c < node->tensor[1].size[0]; c++) {
        ((REAL *)to)[c] = 1 / SQRT(variance[c] + (REAL)node->numbers[0]);
    }
}

/* (x - mean) * inverse * gamma + beta, for `inner` numbers of each channel. */
static void FN(batch_norm)(const rnncore_node *node, int64_t outer, int64_t channels, int64_t inner,
                           const void *from, void *to)
{
    const REAL *mean = node->tensor[0].data, *inverse = node->made;
    const REAL *gamma = node->tensor[2].data, *beta = node->tensor[3].data;
    const int64_t step = inner == 1; /* channels side by side are walked through at once */
    const int64_t n = step ? channels : inner, rows = step ? outer : outer * channels;
    const REAL *x = from;
    REAL *y = to;
    for (int64_t i = 0; i < rows; i++, x += n, y += n) {
        const int64_t c = step ? 0 : i % channels;
        for (int64_t j = 0; j < n; j++) {
            y[j] = (x[j] - mean[c + j * step]) * inverse[c + j * step];
        }
        for (int64_t j = 0; j < n && gamma != NULL; j++) {
            y[j] *= gamma[c + j * step];
        }
        for (int64_t j = 0; j < n && beta != NULL; j++) {
            y[j] += beta[c + j * step];
        }
    }
}
