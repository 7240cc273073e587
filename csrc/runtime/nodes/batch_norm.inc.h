/* A template: reals.h says what it is included with. */

/* (x - mean) / sqrt(variance + epsilon) * gamma + beta, of `channels` along one axis with `inner`
 * numbers each. */
static void FN(batch_norm)(const rnncore_node *node, int64_t outer, int64_t channels, int64_t inner,
                           const void *from, void *to)
{
    const REAL *mean = node->tensor[0].data, *variance = node->tensor[1].data;
    const REAL *gamma = node->tensor[2].data, *beta = node->tensor[3].data;
    const REAL *x = from;
    REAL *y = to;
    for (int64_t i = 0; i < outer * channels; i++, x += inner, y += inner) {
        const int64_t c = i % channels;
        const REAL inverse = 1 / SQRT(variance[c] + (REAL)node->numbers[0]);
        for (int64_t j = 0; j < inner; j++) {
            REAL value = (x[j] - mean[c]) * inverse;
            value = gamma != NULL ? value * gamma[c] : value;
            y[j] = beta != NULL ? value + beta[c] : value;
        }
    }
}
