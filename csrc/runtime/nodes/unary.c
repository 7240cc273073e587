/* Functions of each number. */
#include "runtime/kinds.h"
#include "runtime/nodes/nodes.h"

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t function = node->attributes[0];
    return function >= RNNCORE_UNARY_TANH && function <= RNNCORE_UNARY_HARD_SIGMOID
               ? RNNCORE_OK
               : RNNCORE_ERROR_MODEL;
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_kernels *kernels = rnncore_kernel_table(call->context->isa, call->node->dtype);
    const int64_t n = rnncore_numbers(call->in[0]);
    kernels->activate((int32_t)call->node->attributes[0], 1, n, call->in[0]->data, n,
                      call->out[0]->data);
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_unary_kind = {.name = "unary",
                                              .least_inputs = 1,
                                              .most_inputs = 1,
                                              .least_outputs = 1,
                                              .most_outputs = 1,
                                              .make = make,
                                              .shape = rnncore_same_shape,
                                              .run = run,
                                              .streams = rnncore_each_step};
