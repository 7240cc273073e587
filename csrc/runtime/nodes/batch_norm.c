/* Batch normalization with the moments that training has kept. */
#include <math.h>

#include "core/platform.h"
#include "runtime/nodes/axes.h"
#include "runtime/nodes/reals.h"

#define TEMPLATE "runtime/nodes/batch_norm.inc.h"
#include "kernels/dtypes.inc.h"

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t channels = node->tensor[0].size[0];
    int fits = node->numbers[0] >= 0 && rnncore_tensor_is(node, 0, 1, -1, 0, 0) &&
               rnncore_tensor_is(node, 1, 1, channels, 0, 0);
    for (int i = 2; i < 4; i++) {
        fits &= !rnncore_has_tensor(node, i) || rnncore_tensor_is(node, i, 1, channels, 0, 0);
    }
    if (!fits) {
        return RNNCORE_ERROR_MODEL;
    }
    node->made = rnncore_aligned_alloc((size_t)channels, rnncore_type_bytes((int32_t)node->dtype));
    if (node->made == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    RNNCORE_OF(node, invert)(node, node->made);
    return RNNCORE_OK;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const int32_t axis = rnncore_axis(call->in[0], call->node->attributes[0]);
    if (rnncore_same_shape(call) != RNNCORE_OK || axis < 0 ||
        !rnncore_may_equal(call->in[0]->size[axis], call->node->tensor[0].size[0])) {
        return RNNCORE_ERROR_SHAPE;
    }
    return RNNCORE_OK;
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int32_t axis = rnncore_axis(x, call->node->attributes[0]);
    RNNCORE_OF(call->node, batch_norm)
    (call->node, rnncore_sizes(x, 0, axis), x->size[axis], rnncore_sizes(x, axis + 1, x->rank),
     x->data, call->out[0]->data);
    return RNNCORE_OK;
}

static int streams(const rnncore_node_call *call)
{
    return rnncore_axis(call->in[0], call->node->attributes[0]) != 1;
}

const rnncore_node_kind rnncore_batch_norm_kind = {.name = "batch_norm",
                                                   .least_inputs = 1,
                                                   .most_inputs = 1,
                                                   .least_outputs = 1,
                                                   .most_outputs = 1,
                                                   .least_tensors = 2,
                                                   .most_tensors = 4,
                                                   .keeps_tensors = 1,
                                                   .make = make,
                                                   .destroy = rnncore_aligned_free,
                                                   .shape = shape,
                                                   .run = run,
                                                   .streams = streams};
