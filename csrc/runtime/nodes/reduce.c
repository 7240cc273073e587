/* What is computed of all numbers along some axes: softmax, sums and means, normalization. */
#include "runtime/kinds.h"
#include "runtime/nodes/axes.h"
#include "runtime/nodes/reals.h"

typedef struct split {
    rnncore_axes along, others;
    const uint8_t *mask; /* NULL: everything is real */
} split;

enum { MOST_ROWS = 16 }; /* at a time, if they are side by side */

#define TEMPLATE "runtime/nodes/reduce.inc.h"
#include "kernels/dtypes.inc.h"

/* Input 0 and its mask, input 1, at axes listed from `first` on. A mask must not vary along the
 * last axis but where that is one of them. */
static int split_of(const rnncore_node_call *call, int first, split *s)
{
    const rnncore_array *mask = call->node->inputs > 1 ? call->in[1] : NULL;
    if (mask != NULL && !rnncore_mask_fits(mask, call->in[0])) {
        return 0;
    }
    s->mask = mask == NULL || mask->absent ? NULL : mask->data;
    return rnncore_divide_axes(call, first, mask, &s->along, &s->others) &&
           (mask == NULL || s->along.has_last || mask->rank < call->in[0]->rank);
}

static rnncore_status room_for(int64_t numbers, size_t each, size_t *bytes)
{
    const int64_t size = rnncore_size_product(numbers, (int64_t)each);
    *bytes = (size_t)size;
    return size < 0 ? RNNCORE_ERROR_OVERFLOW : RNNCORE_OK;
}

/* Of the axes listed first. */
static rnncore_status row_scratch(const rnncore_node_call *call, size_t *bytes)
{
    split s;
    split_of(call, 0, &s);
    return room_for(s.along.numbers, MOST_ROWS * rnncore_type_bytes((int32_t)call->node->dtype),
                    bytes);
}

static rnncore_status along_shape(const rnncore_node_call *call, int first)
{
    split s;
    const rnncore_status status = rnncore_same_shape(call);
    if (status != RNNCORE_OK || !split_of(call, first, &s) || s.along.numbers == 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    return RNNCORE_OK;
}

/* ---- softmax ---- */

static rnncore_status softmax_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    return rnncore_axes_are_listed(node, 0) ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status softmax_shape(const rnncore_node_call *call)
{
    return along_shape(call, 0);
}

static rnncore_status softmax_run(const rnncore_node_call *call)
{
    split s;
    split_of(call, 0, &s);
    if (s.mask == NULL && s.along.has_last && s.along.count == 1) {
        rnncore_kernel_table(call->context->isa, call->node->dtype)
            ->activate(RNNCORE_SOFTMAX, s.others.numbers, s.along.numbers, call->in[0]->data,
                       s.along.numbers, call->out[0]->data);
    } else {
        RNNCORE_OF(call->node, softmax)(call, &s);
    }
    return RNNCORE_OK;
}

static int softmax_streams(const rnncore_node_call *call)
{
    return rnncore_steps_are_apart(call, 0);
}

const rnncore_node_kind rnncore_softmax_kind = {.name = "softmax",
                                                .least_inputs = 1,
                                                .most_inputs = 2,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .make = softmax_make,
                                                .shape = softmax_shape,
                                                .scratch = row_scratch,
                                                .run = softmax_run,
                                                .streams = softmax_streams};

/* ---- sums, means, largest numbers ---- */

enum { REDUCTION, KEEP_AXES, AXES };

static rnncore_status reduce_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t *a = node->attributes;
    const int fits = a[REDUCTION] >= RNNCORE_REDUCE_SUM && a[REDUCTION] <= RNNCORE_REDUCE_MAX &&
                     a[KEEP_AXES] >= 0 && a[KEEP_AXES] <= 1 && rnncore_axes_are_listed(node, AXES);
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status reduce_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    rnncore_array *y = call->out[0];
    split s;
    if (!rnncore_is_float(call, 0) || !split_of(call, AXES, &s) || s.along.numbers == 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    *y = (rnncore_array){.type = x->type, .lead = x->lead};
    for (int32_t axis = 0; axis < x->rank; axis++) {
        int is_along = 0;
        for (int64_t i = 1; i <= call->node->attributes[AXES]; i++) {
            is_along |= rnncore_axis(x, call->node->attributes[AXES + i]) == axis;
        }
        if (!is_along || call->node->attributes[KEEP_AXES]) {
            y->size[y->rank++] = is_along ? 1 : x->size[axis];
        }
    }
    return RNNCORE_OK;
}

/* As in Keras the largest of all steps counts, even of masked ones, but not of padding. */
static rnncore_status reduce_run(const rnncore_node_call *call)
{
    split s;
    split_of(call, AXES, &s);
    if (call->node->attributes[REDUCTION] == RNNCORE_REDUCE_MAX && s.mask != NULL &&
        call->in[1]->lengths == NULL) {
        s.mask = NULL;
    }
    RNNCORE_OF(call->node, reduce)(call, &s);
    return RNNCORE_OK;
}

static rnncore_status reduce_scratch(const rnncore_node_call *call, size_t *bytes)
{
    split s;
    split_of(call, AXES, &s);
    const int64_t side_by_side = s.others.has_last ? s.others.size[s.others.count - 1] : 0;
    return room_for(side_by_side < RNNCORE_LANES ? RNNCORE_LANES : side_by_side, sizeof(double),
                    bytes);
}

static int reduce_streams(const rnncore_node_call *call)
{
    return rnncore_steps_are_apart(call, AXES);
}

const rnncore_node_kind rnncore_reduce_kind = {.name = "reduce",
                                               .least_inputs = 1,
                                               .most_inputs = 2,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .make = reduce_make,
                                               .shape = reduce_shape,
                                               .scratch = reduce_scratch,
                                               .run = reduce_run,
                                               .streams = reduce_streams};

/* ---- normalization of each row ---- */

static rnncore_status layer_norm_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    int fits = rnncore_axes_are_listed(node, 0) && node->numbers[0] >= 0;
    for (int i = 0; i < node->tensors; i++) {
        const rnncore_tensor *t = &node->tensor[i];
        fits &= t->data == NULL ||
                (t->type == (int32_t)node->dtype && t->rank == (int32_t)node->attributes[0]);
    }
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

/* Gamma and beta have the sizes of the axes, in their order. */
static rnncore_status layer_norm_shape(const rnncore_node_call *call)
{
    split s;
    if (along_shape(call, 0) != RNNCORE_OK || !split_of(call, 0, &s)) {
        return RNNCORE_ERROR_SHAPE;
    }
    for (int i = 0; i < call->node->tensors; i++) {
        const rnncore_tensor *t = &call->node->tensor[i];
        for (int32_t axis = 0; t->data != NULL && axis < s.along.count; axis++) {
            if (!rnncore_may_equal(t->size[axis], s.along.size[axis])) {
                return RNNCORE_ERROR_SHAPE;
            }
        }
    }
    return RNNCORE_OK;
}

static rnncore_status layer_norm_run(const rnncore_node_call *call)
{
    split s;
    split_of(call, 0, &s);
    RNNCORE_OF(call->node, layer_norm)(call, &s);
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_layer_norm_kind = {.name = "layer_norm",
                                                   .least_inputs = 1,
                                                   .most_inputs = 1,
                                                   .least_outputs = 1,
                                                   .most_outputs = 1,
                                                   .most_tensors = 2,
                                                   .keeps_tensors = 1,
                                                   .make = layer_norm_make,
                                                   .shape = layer_norm_shape,
                                                   .scratch = row_scratch,
                                                   .run = layer_norm_run,
                                                   .streams = softmax_streams};
