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
    const int64_t n = s->along.numbers;
    REAL *y = call->out[0]->data, *row = call->scratch;
    if (mask == NULL && is_contiguous(&s->along)) {
        kernels->activate(RNNCORE_SOFTMAX, s->others.numbers, n, x, n, y);
        return;
    }
    for (int64_t i = 0; i < s->others.numbers; i++) {
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        const int64_t real = rnncore_axes_offset(&s->others, i, s->others.mask_stride);
        FN(gather)(&s->along, x + at, row);
        for (int64_t j = 0; mask != NULL && j < n; j++) {
            if (!mask[real + rnncore_axes_offset(&s->along, j, s->along.mask_stride)]) {
                row[j] = (REAL)-1e9;
            }
        }
        kernels->activate(RNNCORE_SOFTMAX, 1, n, row, n, row);
        for (int64_t j = 0; mask != NULL && j < n; j++) {
            if (!mask[real + rnncore_axes_offset(&s->along, j, s->along.mask_stride)]) {
                row[j] = 0;
            }
        }
        FN(scatter)(&s->along, row, y + at);
    }
}

/* Sums of numbers and of their squares in some lanes, so that additions need not wait for each
 * other; the order depends on n alone. */
enum { FN(LANES) = 8 };

static double FN(sum)(int64_t n, const REAL *x, int squares)
{
    double lane[FN(LANES)] = {0}, sum = 0;
    int64_t j = 0;
    for (; j + FN(LANES) <= n; j += FN(LANES)) {
        for (int l = 0; l < FN(LANES); l++) {
            const double value = (double)x[j + l];
            lane[l] += squares ? value * value : value;
        }
    }
    for (; j < n; j++) {
        sum += squares ? (double)x[j] * (double)x[j] : (double)x[j];
    }
    for (int l = 0; l < FN(LANES); l++) {
        sum += lane[l];
    }
    return sum;
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

/* Over steps whose features stand side by side: all of them at once, each in the order of the
 * steps. */
static void FN(reduce_columns)(int64_t reduction, const split *s, int64_t columns, const REAL *x,
                               const uint8_t *mask, REAL *y, double *sums)
{
    int64_t count = 0;
    memset(sums, 0, (size_t)columns * sizeof *sums);
    memset(y, 0, (size_t)columns * sizeof *y);
    for (int64_t t = 0; t < s->along.numbers; t++) {
        const REAL *row = x + t * s->along.stride[0];
        if (mask != NULL && !mask[t * s->along.mask_stride[0]]) {
            continue;
        }
        for (int64_t j = 0; j < columns && reduction != RNNCORE_REDUCE_MAX; j++) {
            sums[j] += (double)row[j];
        }
        for (int64_t j = 0; j < columns && reduction == RNNCORE_REDUCE_MAX; j++) {
            y[j] = count == 0 || row[j] > y[j] || row[j] != row[j] ? row[j] : y[j];
        }
        count++;
    }
    const int is_mean = reduction == RNNCORE_REDUCE_MEAN && count > 0;
    for (int64_t j = 0; j < columns && reduction != RNNCORE_REDUCE_MAX; j++) {
        y[j] = (REAL)(is_mean ? sums[j] / (double)count : sums[j]);
    }
}

static void FN(reduce)(const rnncore_node_call *call, const split *s)
{
    const int64_t reduction = call->node->attributes[0], columns = columns_of(s);
    const REAL *x = call->in[0]->data;
    REAL *y = call->out[0]->data;
    for (int64_t i = 0; i < s->others.numbers; i += columns) {
        const REAL *from = x + rnncore_axes_offset(&s->others, i, s->others.stride);
        const int64_t real = rnncore_axes_offset(&s->others, i, s->others.mask_stride);
        const uint8_t *mask = s->mask == NULL ? NULL : s->mask + real;
        if (columns > 1) {
            FN(reduce_columns)(reduction, s, columns, from, mask, y + i, call->scratch);
        } else if (mask == NULL && is_contiguous(&s->along) && reduction != RNNCORE_REDUCE_MAX) {
            const double sum = FN(sum)(s->along.numbers, from, 0);
            const int is_mean = reduction == RNNCORE_REDUCE_MEAN;
            y[i] = (REAL)(is_mean ? sum / (double)s->along.numbers : sum);
        } else {
            y[i] = FN(reduce_one)(reduction, s, from, mask);
        }
    }
}

static void FN(normalize)(const rnncore_node *node, int64_t n, const REAL *x, REAL *y)
{
    const REAL *gamma = node->tensor[0].data, *beta = node->tensor[1].data;
    const REAL mean = (REAL)(FN(sum)(n, x, 0) / (double)n);
    for (int64_t j = 0; j < n; j++) {
        y[j] = x[j] - mean;
    }
    const double variance = FN(sum)(n, y, 1) / (double)n;
    const REAL inverse = 1 / SQRT((REAL)(variance + node->numbers[0]));
    for (int64_t j = 0; j < n; j++) {
        y[j] *= inverse;
    }
    for (int64_t j = 0; j < n && gamma != NULL; j++) {
        y[j] *= gamma[j];
    }
    for (int64_t j = 0; j < n && beta != NULL; j++) {
        y[j] += beta[j];
    }
}

static void FN(layer_norm)(const rnncore_node_call *call, const split *s)
{
    const int64_t n = s->along.numbers;
    const REAL *x = call->in[0]->data;
    REAL *y = call->out[0]->data, *row = call->scratch;
    for (int64_t i = 0; i < s->others.numbers; i++) {
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        if (is_contiguous(&s->along)) {
            FN(normalize)(call->node, n, x + at, y + at);
        } else {
            FN(gather)(&s->along, x + at, row);
            FN(normalize)(call->node, n, row, row);
            FN(scatter)(&s->along, row, y + at);
        }
    }
}
