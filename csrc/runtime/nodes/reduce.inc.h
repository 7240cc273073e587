/* A template: reals.h says what it is included with. */

/* The numbers along some axes, one behind the other. */
static void FN(gather)(const rnncore_axes *along, const REAL *x, REAL *to)
{
    const int32_t last = along->count - 1;
    const int64_t n = along->size[last], stride = along->stride[last];
    for (int64_t i = 0; i < along->numbers; i += n) {
        const REAL *from = x + rnncore_axes_offset(along, i, along->stride);
        for (int64_t j = 0; j < n; j++) {
            to[i + j] = from[j * stride];
        }
    }
}

static void FN(scatter)(const rnncore_axes *along, const REAL *from, REAL *y)
{
    const int32_t last = along->count - 1;
    const int64_t n = along->size[last], stride = along->stride[last];
    for (int64_t i = 0; i < along->numbers; i += n) {
        REAL *to = y + rnncore_axes_offset(along, i, along->stride);
        for (int64_t j = 0; j < n; j++) {
            to[j * stride] = from[i + j];
        }
    }
}

/* Masked numbers are left out and become 0; -1e9 as in Keras, so that a row which is masked as a
 * whole has no NaN. */
static void FN(softmax)(const rnncore_node_call *call, const split *s)
{
    const rnncore_kernels *kernels = rnncore_kernel_table(call->context->isa, call->node->dtype);
    const REAL *x = call->in[0]->data;
    const uint8_t *mask = s->mask;
    REAL *y = call->out[0]->data, *row = call->scratch;
    for (int64_t i = 0; i < s->others.numbers; i++) {
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        const int64_t real = rnncore_axes_offset(&s->others, i, s->others.mask_stride);
        FN(gather)(&s->along, x + at, row);
        for (int64_t j = 0; mask != NULL && j < s->along.numbers; j++) {
            if (!mask[real + rnncore_axes_offset(&s->along, j, s->along.mask_stride)]) {
                row[j] = (REAL)-1e9;
            }
        }
        kernels->activate(RNNCORE_SOFTMAX, 1, s->along.numbers, row, s->along.numbers, row);
        for (int64_t j = 0; mask != NULL && j < s->along.numbers; j++) {
            if (!mask[real + rnncore_axes_offset(&s->along, j, s->along.mask_stride)]) {
                row[j] = 0;
            }
        }
        FN(scatter)(&s->along, row, y + at);
    }
}

typedef struct FN(total) {
    double sum;
    REAL largest;
    int64_t count;
} FN(total);

/* Adds a run of numbers; NaN stays the largest. */
static void FN(add_run)(FN(total) * total, int64_t n, const REAL *x, int64_t stride,
                        const uint8_t *mask, int64_t mask_stride)
{
    for (int64_t j = 0; j < n; j++) {
        const REAL value = x[j * stride];
        if (mask != NULL && !mask[j * mask_stride]) {
            continue;
        }
        total->sum += (double)value;
        if (total->count == 0 || value > total->largest || value != value) {
            total->largest = value;
        }
        total->count++;
    }
}

/* One sum, mean or largest number; 0 of nothing. */
static REAL FN(reduce_one)(int64_t reduction, const split *s, const REAL *x, const uint8_t *mask)
{
    const rnncore_axes *along = &s->along;
    const int32_t last = along->count - 1;
    FN(total) total = {0, 0, 0};
    for (int64_t j = 0; j < along->numbers; j += along->size[last]) {
        const int64_t real = rnncore_axes_offset(along, j, along->mask_stride);
        FN(add_run)(&total, along->size[last], x + rnncore_axes_offset(along, j, along->stride),
                    along->stride[last], mask == NULL ? NULL : mask + real,
                    along->mask_stride[last]);
    }
    if (reduction == RNNCORE_REDUCE_MAX) {
        return total.largest;
    }
    const int is_mean = reduction == RNNCORE_REDUCE_MEAN && total.count > 0;
    return (REAL)(is_mean ? total.sum / (double)total.count : total.sum);
}

static void FN(reduce)(const rnncore_node_call *call, const split *s)
{
    const REAL *x = call->in[0]->data;
    REAL *y = call->out[0]->data;
    for (int64_t i = 0; i < s->others.numbers; i++) {
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        const int64_t real = rnncore_axes_offset(&s->others, i, s->others.mask_stride);
        y[i] = FN(reduce_one)(call->node->attributes[0], s, x + at,
                              s->mask == NULL ? NULL : s->mask + real);
    }
}

static void FN(normalize)(const rnncore_node *node, int64_t n, REAL *row)
{
    const REAL *gamma = node->tensor[0].data, *beta = node->tensor[1].data;
    double sum = 0, squares = 0;
    for (int64_t j = 0; j < n; j++) {
        sum += (double)row[j];
    }
    const REAL mean = (REAL)(sum / (double)n);
    for (int64_t j = 0; j < n; j++) {
        row[j] -= mean;
        squares += (double)row[j] * (double)row[j];
    }
    const REAL inverse = 1 / SQRT((REAL)(squares / (double)n + node->numbers[0]));
    for (int64_t j = 0; j < n; j++) {
        row[j] *= inverse;
        row[j] = gamma != NULL ? row[j] * gamma[j] : row[j];
        row[j] = beta != NULL ? row[j] + beta[j] : row[j];
    }
}

static void FN(layer_norm)(const rnncore_node_call *call, const split *s)
{
    const REAL *x = call->in[0]->data;
    REAL *y = call->out[0]->data, *row = call->scratch;
    for (int64_t i = 0; i < s->others.numbers; i++) {
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        FN(gather)(&s->along, x + at, row);
        FN(normalize)(call->node, s->along.numbers, row);
        FN(scatter)(&s->along, row, y + at);
    }
}
