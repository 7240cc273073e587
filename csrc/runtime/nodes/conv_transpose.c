/* The transposed convolution over steps: each step adds a window of steps to the output. */
#include <math.h>

#include "runtime/nodes/packed.h"
#include "runtime/nodes/reals.h"
#include "runtime/nodes/windows.h"

#define TEMPLATE "runtime/nodes/conv_transpose.inc.h"
#include "kernels/dtypes.inc.h"

enum { ACTIVATION, STRIDE, DILATION, PADDING, SIZE };

/* The number of steps in a window stands in the attributes once a node is made. */
static rnncore_windows windows_of(const rnncore_node *node)
{
    const int64_t *a = node->attributes;
    return (rnncore_windows){a[SIZE], a[STRIDE], a[DILATION], a[PADDING]};
}

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    const int64_t *size = node->tensor[0].size;
    int64_t columns;
    if (!rnncore_tensor_is(node, 0, 3, -1, -1, -1) || size[1] < 1 || size[2] < 1 ||
        (rnncore_has_tensor(node, 1) && !rnncore_tensor_is(node, 1, 1, size[1], 0, 0)) ||
        __builtin_mul_overflow(size[0], size[1], &columns)) {
        return RNNCORE_ERROR_MODEL;
    }
    node->attributes[SIZE] = size[0];
    const rnncore_windows w = windows_of(node);
    if (!rnncore_windows_are_valid(&w) || w.padding == RNNCORE_PADDING_CAUSAL) {
        return RNNCORE_ERROR_MODEL;
    }
    const rnncore_matrix matrix = {1, size[2], columns, 1, size[2]};
    return rnncore_make_packed(node, context, &matrix, node->attributes[ACTIVATION]);
}

/* Steps of the output: all that windows reach, or `stride` for each step. */
static int64_t steps_of(const rnncore_windows *w, int64_t steps)
{
    const int64_t beyond = rnncore_windows_reach(w) - w->stride;
    const int64_t more = w->padding == RNNCORE_PADDING_VALID && beyond > 0 ? beyond : 0;
    int64_t all;
    if (steps < 0 || __builtin_mul_overflow(steps, w->stride, &all) ||
        __builtin_add_overflow(all, more, &all)) {
        return RNNCORE_UNKNOWN;
    }
    return all;
}

static int64_t features_of(const rnncore_node *node)
{
    const rnncore_packed *packed = node->made;
    return packed->affine.units / node->attributes[SIZE];
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0];
    if (rnncore_same_shape(call) != RNNCORE_OK || x->rank != x->lead + 2 ||
        !rnncore_may_equal(x->size[x->rank - 1], packed->affine.depth)) {
        return RNNCORE_ERROR_SHAPE;
    }
    call->out[0]->size[x->lead] = steps_of(&w, x->size[x->lead]);
    call->out[0]->size[x->rank - 1] = features_of(call->node);
    return RNNCORE_OK;
}

/* Those of the windows of one row. */
static int64_t window_numbers(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    return rnncore_count(call->in[0]->size[call->in[0]->lead], packed->affine.units);
}

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    return rnncore_rows_scratch(call, window_numbers(call), bytes);
}

static void run_row(const rnncore_node_call *call, int64_t row, void *products, void *windows)
{
    const rnncore_packed *packed = call->node->made;
    rnncore_affine affine = packed->affine;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const int64_t steps = x->size[x->lead], all = y->size[y->lead];
    const int64_t features = features_of(call->node);
    const void *bias = affine.bias == NULL ? packed->bias : affine.bias;
    const char *from =
        (const char *)x->data + (size_t)(row * steps * affine.depth) * affine.element;
    char *to = (char *)y->data + (size_t)(row * all * features) * affine.element;
    affine.activation = RNNCORE_LINEAR; /* it comes behind the sums */
    affine.bias = NULL;
    rnncore_affine_run(&affine, call->context, steps, from, affine.depth, windows, products);
    RNNCORE_OF(call->node, add_windows)
    (&w, features, steps, rnncore_windows_before(&w, all), all, bias, windows, to);
    affine.kernels->activate(packed->affine.activation, all, features, to, features, to);
}

static rnncore_status run(const rnncore_node_call *call)
{
    if (rnncore_numbers(call->out[0]) > 0) {
        rnncore_run_rows(call, call->in[0]->size[call->in[0]->lead], window_numbers(call), run_row);
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_conv_transpose_kind = {.name = "conv_transpose",
                                                       .least_inputs = 1,
                                                       .most_inputs = 1,
                                                       .least_outputs = 1,
                                                       .most_outputs = 1,
                                                       .least_tensors = 1,
                                                       .most_tensors = 2,
                                                       .make = make,
                                                       .destroy = rnncore_destroy_packed,
                                                       .shape = shape,
                                                       .scratch = scratch,
                                                       .run = run};
