/* Nodes that give their input other axes; its numbers stay where they are. */
#include "runtime/nodes/nodes.h"

static rnncore_status copy_axes(const rnncore_node_call *call)
{
    *call->out[0] = *call->in[0];
    call->out[0]->data = NULL;
    call->out[0]->lengths = NULL;
    return RNNCORE_OK;
}

static rnncore_status fold_shape(const rnncore_node_call *call)
{
    copy_axes(call);
    call->out[0]->lead++;
    return call->out[0]->lead <= call->out[0]->rank ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static rnncore_status unfold_shape(const rnncore_node_call *call)
{
    copy_axes(call);
    call->out[0]->lead--;
    return call->out[0]->lead >= 1 ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

const rnncore_node_kind rnncore_fold_kind = {.name = "fold",
                                             .least_inputs = 1,
                                             .most_inputs = 1,
                                             .least_outputs = 1,
                                             .most_outputs = 1,
                                             .is_view = 1,
                                             .shape = fold_shape,
                                             .streams = rnncore_each_step};

const rnncore_node_kind rnncore_unfold_kind = {.name = "unfold",
                                               .least_inputs = 1,
                                               .most_inputs = 1,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .is_view = 1,
                                               .shape = unfold_shape,
                                               .streams = rnncore_each_step};
