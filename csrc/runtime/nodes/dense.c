/* The Dense layer: y = f(x W + b). */
#include "runtime/nodes/nodes.h"
#include "runtime/nodes/packed.h"

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    const int64_t *size = node->tensor[0].size;
    if (!rnncore_tensor_is(node, 0, 2, -1, -1, 0) || size[0] < 1 || size[1] < 1) {
        return RNNCORE_ERROR_MODEL;
    }
    if (rnncore_has_tensor(node, 1) && !rnncore_tensor_is(node, 1, 1, size[1], 0, 0)) {
        return RNNCORE_ERROR_MODEL;
    }
    const rnncore_matrix matrix = {1, size[0], size[1], size[1], 1};
    return rnncore_make_packed(node, context, &matrix, node->attributes[0]);
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_affine *affine = &((const rnncore_packed *)call->node->made)->affine;
    const rnncore_array *x = call->in[0];
    if (rnncore_same_shape(call) != RNNCORE_OK || x->rank <= x->lead ||
        !rnncore_may_equal(x->size[x->rank - 1], affine->depth)) {
        return RNNCORE_ERROR_SHAPE;
    }
    call->out[0]->size[x->rank - 1] = affine->units;
    return RNNCORE_OK;
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_affine *affine = &((const rnncore_packed *)call->node->made)->affine;
    const rnncore_array *x = call->in[0];
    rnncore_affine_run(affine, call->context, rnncore_sizes(x, 0, x->rank - 1), x->data,
                       affine->depth, call->out[0]->data, call->scratch);
    return RNNCORE_OK;
}

/* Features must not be the steps of a stream. */
static int streams(const rnncore_node_call *call)
{
    return call->in[0]->rank > 2;
}

const rnncore_node_kind rnncore_dense_kind = {.name = "dense",
                                              .least_inputs = 1,
                                              .most_inputs = 1,
                                              .least_outputs = 1,
                                              .most_outputs = 1,
                                              .least_tensors = 1,
                                              .most_tensors = 2,
                                              .make = make,
                                              .destroy = rnncore_destroy_packed,
                                              .shape = shape,
                                              .scratch = rnncore_packed_scratch,
                                              .run = run,
                                              .streams = streams};
