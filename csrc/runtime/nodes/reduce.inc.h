/* A template: reals.h says what it is included with. */
#include "runtime/nodes/sums.inc.h"

/* Rows of the numbers along some axes, for `width` places side by side on the last of the others.
 */
static void FN(gather)(const rnncore_axes *along, int64_t width, const REAL *x, REAL *rows)
{
    const int32_t last = along->count - 1;
    const int64_t n = along->size[last], stride = along->stride[last];
    for (int64_t i = 0; i < along->numbers; i += n) {
        const REAL *from = x + rnncore_axes_offset(along, i, along->stride);
        for (int64_t j = 0; j < n; j++) {
            for (int64_t w = 0; w < width; w++) {
                rows[w * along->numbers + i + j] = from[j * stride + w];
            }
        }
    }
}

static void FN(scatter)(const rnncore_axes *along, int64_t width, const REAL *rows, REAL *y)
{
    const int32_t last = along->count - 1;
    const int64_t n = along->size[last], stride = along->stride[last];
    for (int64_t i = 0; i < along->numbers; i += n) {
        REAL *to = y + rnncore_axes_offset(along, i, along->stride);
        for (int64_t j = 0; j < n; j++) {
            for (int64_t w = 0; w < width; w++) {
                to[j * stride + w] = rows[w * along->numbers + i + j];
            }
        }
    }
}

/* What is done to some rows, whose mask begins at `mask`. */
typedef void FN(treatment)(const rnncore_node_call *call, const split *s, const uint8_t *mask,
                           int64_t rows, REAL *row);

/* Takes the numbers of each place on the other axes as a row, treats it and puts it in its place.
 */
static __attribute__((noinline)) void FN(treat_rows)(const rnncore_node_call *call, const split *s,
                                                     FN(treatment) * treat)
{
    const REAL *x = call->in[0]->data;
    REAL *y = call->out[0]->data;
    const int in_place = s->along.has_last && s->along.count == 1;
    const int64_t side_by_side = s->others.has_last ? s->others.size[s->others.count - 1] : 1;
    int64_t width;
    for (int64_t i = 0; i < s->others.numbers; i += width) {
        const int64_t left = side_by_side - i % side_by_side;
        const int64_t at = rnncore_axes_offset(&s->others, i, s->others.stride);
        const int64_t real = rnncore_axes_offset(&s->others, i, s->others.mask_stride);
        REAL *rows = in_place ? y + at : call->scratch;
        width = left < MOST_ROWS ? left : MOST_ROWS;
        FN(gather)(&s->along, width, x + at, rows);
        treat(call, s, s->mask == NULL ? NULL : s->mask + real, width, rows);
        if (!in_place) {
            FN(scatter)(&s->along, width, rows, y + at);
        }
    }
}

/* Writes a number to the masked places of rows. */
static void FN(write_masked)(const split *s, const uint8_t *mask, int64_t rows, REAL *row,
                             REAL value)
{
    const int64_t n = s->along.numbers;
    for (int64_t j = 0; mask != NULL && j < n; j++) {
        const int is_real = mask[rnncore_axes_offset(&s->along, j, s->along.mask_stride)];
        for (int64_t w = 0; !is_real && w < rows; w++) {
            row[w * n + j] = value;
        }
    }
}

/* Masked numbers are left out and become 0; -1e9 as in Keras, so that a row which is masked as a
 * whole has no NaN. */
static void FN(softmax_rows)(const rnncore_node_call *call, const split *s, const uint8_t *mask,
                             int64_t rows, REAL *row)
{
    const rnncore_kernels *kernels = rnncore_kernel_table(call->context->isa, call->node->dtype);
    const int64_t n = s->along.numbers;
    FN(write_masked)(s, mask, rows, row, (REAL)-1e9);
    kernels->activate(RNNCORE_SOFTMAX, rows, n, row, n, row);
    FN(write_masked)(s, mask, rows, row, 0);
}

static void FN(softmax)(const rnncore_node_call *call, const split *s)
{
    FN(treat_rows)(call, s, FN(softmax_rows));
}

static void FN(normalize_rows)(const rnncore_node_call *call, const split *s, const uint8_t *mask,
                               int64_t rows, REAL *row)
{
    const rnncore_node *node = call->node;
    const REAL *gamma = node->tensor[0].data, *beta = node->tensor[1].data;
    const int64_t n = s->along.numbers;
    (void)mask;
    for (int64_t w = 0; w < rows; w++, row += n) {
        const REAL mean = (REAL)(FN(sum_of)(n, row, 0) / (double)n);
        for (int64_t j = 0; j < n; j++) {
            row[j] -= mean;
        }
        const double variance = FN(sum_of)(n, row, 1) / (double)n;
        const REAL inverse = 1 / SQRT((REAL)(variance + node->numbers[0]));
        for (int64_t j = 0; j < n; j++) {
            row[j] *= inverse;
        }
        for (int64_t j = 0; gamma != NULL && j < n; j++) {
            row[j] *= gamma[j];
        }
        for (int64_t j = 0; beta != NULL && j < n; j++) {
            row[j] += beta[j];
        }
    }
}

static void FN(layer_norm)(const rnncore_node_call *call, const split *s)
{
    FN(treat_rows)(call, s, FN(normalize_rows));
}

/* Adds the real ones of a run of numbers to acc; how many there are. */
static int64_t FN(reduce_run)(int is_largest, int64_t lanes, double *acc, int64_t n, const REAL *x,
                              const uint8_t *mask, int64_t mask_stride)
{
    int64_t count = 0;
    if (mask != NULL && mask_stride != 0) {
        for (int64_t j = 0; j < n; j++) {
            if (mask[j * mask_stride]) {
                double *lane = acc + j % lanes;
                is_largest ? FN(raise_to)(1, lane, 1, x + j) : FN(add_to)(1, lane, 1, x + j, 0);
                count++;
            }
        }
        return count;
    }
    if (mask != NULL && !*mask) {
        return 0;
    }
    is_largest ? FN(raise_to)(lanes, acc, n, x) : FN(add_to)(lanes, acc, n, x, 0);
    return n;
}

/* Along the last axis one result at a time, of runs of numbers; else all of the last axis at a
 * time, each in a lane of its own. 0 of nothing. */
static void FN(reduce)(const rnncore_node_call *call, const split *s)
{
    const rnncore_axes *along = &s->along, *others = &s->others;
    const int64_t reduction = call->node->attributes[0];
    const int is_largest = reduction == RNNCORE_REDUCE_MAX, runs = along->has_last;
    const int64_t n = (runs ? along : others)->size[(runs ? along : others)->count - 1];
    const int64_t lanes = runs ? RNNCORE_LANES : n, results = runs ? 1 : n, step = runs ? n : 1;
    const int64_t mask_stride = runs ? along->mask_stride[along->count - 1] : 0;
    double *acc = call->scratch;
    REAL *y = call->out[0]->data;
    for (int64_t i = 0; i < others->numbers; i += results, y += results) {
        const REAL *x =
            (const REAL *)call->in[0]->data + rnncore_axes_offset(others, i, others->stride);
        const int64_t real = rnncore_axes_offset(others, i, others->mask_stride);
        int64_t count = 0;
        for (int64_t k = 0; k < lanes; k++) {
            acc[k] = is_largest ? -INFINITY : 0;
        }
        for (int64_t j = 0; j < along->numbers; j += step) {
            const uint8_t *mask =
                s->mask == NULL
                    ? NULL
                    : s->mask + real + rnncore_axes_offset(along, j, along->mask_stride);
            count +=
                FN(reduce_run)(is_largest, lanes, acc, n,
                               x + rnncore_axes_offset(along, j, along->stride), mask, mask_stride);
        }
        if (runs) {
            acc[0] = is_largest ? rnncore_largest_lane(acc) : rnncore_sum_lanes(acc);
        }
        const double numbers = (double)(count / results);
        for (int64_t k = 0; k < results; k++) {
            y[k] = (REAL)(count == 0                         ? 0
                          : reduction == RNNCORE_REDUCE_MEAN ? acc[k] / numbers
                                                             : acc[k]);
        }
    }
}
