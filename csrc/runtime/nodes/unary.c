/* Functions of each number. */
#include "runtime/kinds.h"
#include "runtime/nodes/reals.h"

#define TEMPLATE "runtime/nodes/unary.inc.h"
#include "kernels/dtypes.inc.h"

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t function = node->attributes[0];
    return function >= RNNCORE_UNARY_TANH && function <= RNNCORE_UNARY_RECTIFIER &&
                   function != RNNCORE_SOFTMAX
               ? RNNCORE_OK
               : RNNCORE_ERROR_MODEL;
}

static int is_along_last(const rnncore_node_call *call)
{
    return call->node->attributes[0] == RNNCORE_UNARY_LOG_SOFTMAX;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    if (is_along_last(call) && (x->rank <= x->lead || x->size[x->rank - 1] == 0)) {
        return RNNCORE_ERROR_SHAPE;
    }
    return rnncore_same_shape(call);
}

static rnncore_status run(const rnncore_node_call *call)
{
    const int64_t function = call->node->attributes[0], n = rnncore_numbers(call->in[0]);
    const void *x = call->in[0]->data;
    void *y = call->out[0]->data;
    if (function <= RNNCORE_UNARY_HARD_SIGMOID) {
        rnncore_kernel_table(call->context->isa, call->node->dtype)
            ->activate((int32_t)function, 1, n, x, n, y);
    } else {
        RNNCORE_OF(call->node, unary)(call, x, y);
    }
    return RNNCORE_OK;
}

static int streams(const rnncore_node_call *call)
{
    return !is_along_last(call) || call->in[0]->rank > 2;
}

const rnncore_node_kind rnncore_unary_kind = {.name = "unary",
                                              .least_inputs = 1,
                                              .most_inputs = 1,
                                              .least_outputs = 1,
                                              .most_outputs = 1,
                                              .make = make,
                                              .shape = shape,
                                              .run = run,
                                              .streams = streams};
