#include "runtime/single.h"

#include "core/platform.h"
#include "runtime/model.h"

int32_t rnncore_model_output_streams(const rnncore_model *model, int32_t i)
{
    return model->streamed_per_step[i];
}

int32_t rnncore_model_blocking_node(const rnncore_model *model)
{
    int64_t *unused;
    int32_t found = -1;
    rnncore_array *values = rnncore_borrow_table(model, &unused);
    rnncore_set_streamed_inputs(model, values, RNNCORE_UNKNOWN, RNNCORE_UNKNOWN);
    for (int32_t i = 0; i < model->nodes && found < 0; i++) {
        const rnncore_node_call call = rnncore_call_of(model, i, values);
        found = rnncore_node_shape(&call) == RNNCORE_OK ? -1 : i;
    }
    rnncore_return_table(model);
    return found;
}

rnncore_status rnncore_single_begin(rnncore_context *context, rnncore_node *node, int32_t kind,
                                    rnncore_node_call *call, size_t *scratch)
{
    node->kind = rnncore_find_kind(kind);
    rnncore_status status = rnncore_node_make(node, context);
    call->context = context;
    call->node = node;
    *scratch = 0;
    if (status != RNNCORE_OK) {
        return status;
    }
    status = rnncore_node_shape(call);
    if (status == RNNCORE_OK && node->kind->scratch != NULL) {
        status = node->kind->scratch(call, scratch);
    }
    if (status != RNNCORE_OK) {
        rnncore_node_clear(node);
    }
    return status;
}

rnncore_status rnncore_single_end(rnncore_node_call *call, rnncore_node *node)
{
    rnncore_status status = RNNCORE_OK;
    if (!node->kind->is_view) {
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        status = node->kind->run(call);
        rnncore_fp_flush_leave(mode);
    }
    rnncore_node_clear(node);
    return status;
}
