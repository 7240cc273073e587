/* A forward pass with weights that are used once: packed into the workspace, or not at all. */
#include "../core/platform.h"
#include "direct.h"
#include "forward.h"

/* Describes the call and takes its memory; with a NULL base only counts it. */
static rnncore_status prepare(rnncore_forward_run *f, rnncore_weights *weights,
                              rnncore_context *context, const rnncore_layer *layer,
                              const rnncore_batch *batch, rnncore_arena *arena)
{
    rnncore_status status = rnncore_weights_describe(weights, context, layer);
    if (status == RNNCORE_OK && layer->training) {
        status = RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (status == RNNCORE_OK) {
        status = rnncore_run_prepare(&f->run, context, weights, batch, 0);
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    f->batch = batch;
    f->run.unpacked = f->run.plan.rows <= RNNCORE_DIRECT_ROWS;
    if (f->run.unpacked) {
        rnncore_weights_take_raw(weights, arena);
    } else {
        rnncore_weights_take(weights, arena);
    }
    return rnncore_run_take(&f->run, context, batch, arena);
}

rnncore_status rnncore_forward_once_workspace_size(const rnncore_context *context,
                                                   const rnncore_layer *layer,
                                                   const rnncore_batch *batch, size_t *bytes)
{
    rnncore_forward_run f;
    rnncore_weights weights;
    rnncore_arena arena = {NULL, 0, 0};
    if (bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_status status =
        prepare(&f, &weights, (rnncore_context *)(uintptr_t)context, layer, batch, &arena);
    if (status == RNNCORE_OK) {
        *bytes = arena.used;
    }
    return status;
}

rnncore_status rnncore_forward_once(rnncore_context *context, const rnncore_layer *layer,
                                    const void *kernel, const void *recurrent_kernel,
                                    const void *bias, const rnncore_batch *batch, void *workspace,
                                    size_t workspace_bytes)
{
    rnncore_forward_run f;
    rnncore_weights weights;
    size_t needed;
    rnncore_status status = rnncore_forward_once_workspace_size(context, layer, batch, &needed);
    if (status != RNNCORE_OK) {
        return status;
    }
    if (kernel == NULL || recurrent_kernel == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (needed > workspace_bytes || workspace == NULL ||
        (uintptr_t)workspace % RNNCORE_ALIGNMENT != 0) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    rnncore_arena arena = {workspace, 0, 0};
    status = prepare(&f, &weights, context, layer, batch, &arena);
    if (status == RNNCORE_OK) {
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        if (f.run.unpacked) {
            rnncore_weights_point(&weights, kernel, recurrent_kernel, bias);
        } else {
            rnncore_weights_fill(&weights, kernel, recurrent_kernel, bias);
        }
        rnncore_run_forward(&f);
        rnncore_fp_flush_leave(mode);
    }
    return status;
}
