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
    int64_t all;
    if (steps < 0 || __builtin_mul_overflow(steps, w->stride, &all)) {
        return RNNCORE_UNKNOWN;
    }
    return w->padding == RNNCORE_PADDING_VALID && beyond > 0 ? all + beyond : all;
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

/* The windows of one row behind the scratch of the product. */
static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    const rnncore_packed *packed = call->node->made;
    const int64_t steps = call->in[0]->size[call->in[0]->lead];
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_packed_scratch(call, bytes);
    rnncore_arena_take(&arena, (int64_t)*bytes, 1);
    rnncore_arena_take(&arena, rnncore_count(steps, packed->affine.units), packed->affine.element);
    return rnncore_arena_size(&arena, bytes);
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    rnncore_affine affine = packed->affine;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const int64_t steps = x->size[x->lead], all = y->size[y->lead], rows = rnncore_rows(x);
    const int64_t features = features_of(call->node);
    size_t products;
    rnncore_packed_scratch(call, &products);
    char *windows = (char *)call->scratch + products;
    const void *bias = affine.bias == NULL ? packed->bias : affine.bias;
    affine.activation = RNNCORE_LINEAR; /* it comes behind the sums */
    affine.bias = NULL;
    for (int64_t row = 0; row < rows && all > 0; row++) {
        const size_t from = (size_t)(row * steps * affine.depth) * affine.element;
        char *to = (char *)y->data + (size_t)(row * all * features) * affine.element;
        rnncore_affine_run(&affine, call->context, steps, (const char *)x->data + from,
                           affine.depth, windows, call->scratch);
        RNNCORE_OF(call->node, add_windows)
        (&w, features, steps, rnncore_windows_before(&w, all), all, bias, windows, to);
        affine.kernels->activate(packed->affine.activation, all, features, to, features, to);
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
