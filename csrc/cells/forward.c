/* The forward pass: chunk by chunk, the inputs are gathered and projected, then the time loop runs
 * and the outputs are scattered. Training differs in that every buffer holds all steps (the tape)
 * instead of one chunk. */
#include <string.h>

#include "cells/dropout.h"
#include "cells/forward.h"
#include "cells/time_loop.h"
#include "cells/unpacked.h"
#include "core/platform.h"

/* Inference reads inputs in place where compact rows stand at a constant distance. */
static int64_t in_place_stride(const rnncore_run *run, const rnncore_batch *b)
{
    const rnncore_plan *plan = &run->plan;
    if (run->training || !plan->dense || plan->go_backwards || b->x_stride_feature != 1) {
        return 0;
    }
    if (plan->batch == 1) {
        return b->x_stride_time > 0 ? b->x_stride_time : 0;
    }
    int64_t step;
    const int regular = b->x_stride_batch > 0 &&
                        !__builtin_mul_overflow(plan->batch, b->x_stride_batch, &step) &&
                        b->x_stride_time == step;
    return regular ? b->x_stride_batch : 0;
}

rnncore_status rnncore_run_prepare(rnncore_run *run, const rnncore_context *context,
                                   const rnncore_weights *weights, const rnncore_batch *batch,
                                   int training)
{
    memset(run, 0, sizeof *run);
    if (context == NULL || weights == NULL || batch == NULL ||
        (training && !weights->layer.training)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_status status = rnncore_plan_count(batch, &run->plan);
    if (status != RNNCORE_OK) {
        return status;
    }
    const int dropout = weights->layer.recurrent_dropout;
    if ((dropout && !training) || (batch->recurrent_mask != NULL && !dropout)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    run->context = (rnncore_context *)(uintptr_t)context; /* sizes only read it */
    run->weights = weights;
    run->training = training;
    run->slots = training ? weights->tape_slots : weights->gates;
    return RNNCORE_OK;
}

void rnncore_run_take(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    rnncore_plan_build(batch, &run->plan, arena);
    const int64_t rows = run->training ? plan->rows : rnncore_chunk_rows(run->context, run);
    int64_t state_rows = 0;
    arena->overflow |= __builtin_add_overflow(rows, plan->batch, &state_rows);
    const int64_t states = rnncore_count(state_rows, w->padded);
    if (run->unpacked) {
        run->sums = rnncore_arena_take(arena, rnncore_unpacked_sums(w), w->element);
    }
    if (run->unpacked || in_place_stride(run, batch) == 0) {
        run->x = rnncore_arena_take(arena, rnncore_count(rows, w->input), w->element);
    }
    const int64_t gates = rnncore_count(rows, rnncore_count(run->slots, w->padded));
    run->gates = rnncore_arena_take(arena, gates, w->element);
    run->h = rnncore_arena_take(arena, states, w->element);
    if (w->layer.cell == RNNCORE_LSTM) {
        const int64_t kept = run->training ? states : rnncore_count(plan->batch, w->padded);
        run->c = rnncore_arena_take(arena, kept, w->element);
    }
    if (w->layer.recurrent_dropout) {
        rnncore_dropout_take(run, arena);
    }
}

/* ---- projection: gates = x W + b ---- */

typedef struct projection {
    const rnncore_run *run;
    const rnncore_view *x;
    int64_t stride; /* of rows that are read in place, or 0 */
    int64_t first, rows, slice;
} projection;

static void project_slice(void *arg, int64_t task, int worker)
{
    (void)worker;
    const projection *p = arg;
    const rnncore_run *run = p->run;
    const rnncore_weights *w = run->weights;
    const int64_t begin = p->first + task * p->slice;
    const int64_t end =
        p->first + (p->rows < (task + 1) * p->slice ? p->rows : (task + 1) * p->slice);
    rnncore_step step = {.op = RNNCORE_OP_STORE,
                         .row_end = end - begin,
                         .row_block = end - begin,
                         .row_stride = end - begin,
                         .units = w->gates * w->padded,
                         .vectors = w->gates * w->padded / w->kernels->vector_length,
                         .segments = 1,
                         .depth = w->input,
                         .packed = w->input_packed,
                         .bias = w->bias,
                         .ldo = run->slots * w->padded};
    step.group_blocks = rnncore_group_blocks(w->kernels, 1);
    step.group_end = rnncore_group_count(w->kernels, step.units, 1);
    step.out = run->gates + (size_t)((begin - run->base) * step.ldo) * w->element;
    if (p->stride != 0) {
        step.a = (const char *)p->x->data + (size_t)(begin * p->stride) * w->element;
        step.lda = p->stride;
    } else {
        char *rows = run->x + (size_t)((begin - run->base) * w->input) * w->element;
        rnncore_gather(&run->plan, p->x, begin, end, rows, w->input);
        step.a = rows;
        step.lda = w->input;
    }
    rnncore_run_step(run, &step);
}

static void project(const rnncore_run *run, const rnncore_view *x, int64_t stride, int64_t k0,
                    int64_t k1)
{
    const rnncore_weights *w = run->weights;
    const int64_t first = rnncore_plan_offset(&run->plan, k0);
    const int64_t rows = rnncore_plan_offset(&run->plan, k1) - first;
    const int64_t tile = w->kernels->row_tile;
    int64_t tasks = rnncore_threads_for(run, 2 * rows * w->input * w->gates * w->hidden);
    const int64_t slice = ((rows + tasks - 1) / tasks + tile - 1) / tile * tile;
    tasks = (rows + slice - 1) / slice;
    projection p = {run, x, stride, first, rows, slice};
    rnncore_pool_run(run->context->pool, tasks, project_slice, &p);
}

/* ---- what surrounds the steps of a chunk ---- */

static void states_out(const rnncore_run *run, const rnncore_batch *b, int64_t k, int64_t j)
{
    const rnncore_weights *w = run->weights;
    const size_t row = (size_t)(j * w->padded) * w->element;
    if (b->final_h != NULL) {
        rnncore_scatter_state(&run->plan, j, rnncore_state_at(run, run->h, k) + row, w->hidden,
                              w->element, b->final_h);
    }
    if (b->final_c != NULL && run->c != NULL) {
        rnncore_scatter_state(&run->plan, j, rnncore_c_at(run, k) + row, w->hidden, w->element,
                              b->final_c);
    }
}

typedef struct outputs {
    const rnncore_batch *batch;
    rnncore_view y;
} outputs;

/* Outputs and final states of a share; in inference the last states become the initial block. */
static void finish_share(void *arg, const rnncore_run *run, int64_t k0, int64_t k1,
                         const rnncore_rows *rows)
{
    const outputs *out = arg;
    const rnncore_weights *w = run->weights;
    const size_t row_bytes = (size_t)w->padded * w->element;
    if (out->y.data != NULL) {
        rnncore_scatter_outputs(&run->plan, &out->y, k0, k1, rows,
                                rnncore_state_at(run, run->h, k0), w->padded);
    }
    const int64_t running = rnncore_plan_running(&run->plan, k0);
    const int64_t left = rnncore_plan_running(&run->plan, k1);
    for (int64_t block = rows->begin; block < running; block += rows->stride) {
        for (int64_t j = block; j < block + rows->block && j < running; j++) {
            const int64_t length = rnncore_plan_length(&run->plan, j);
            if (length <= k1) {
                states_out(run, out->batch, length - 1, j);
            }
            if (!run->training && j < left) {
                memcpy(run->h + (size_t)j * row_bytes,
                       rnncore_state_at(run, run->h, k1 - 1) + (size_t)j * row_bytes, row_bytes);
            }
        }
    }
}

static void begin_states(const rnncore_run *run, const rnncore_batch *b)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    rnncore_gather_states(plan, b->initial_h, w->hidden, w->element, run->h, w->padded);
    if (run->c != NULL) {
        rnncore_gather_states(plan, b->initial_c, w->hidden, w->element, run->c, w->padded);
    }
    for (int64_t j = plan->batch - 1; j >= 0 && rnncore_plan_length(plan, j) == 0; j--) {
        states_out(run, b, run->first - 1, j); /* no steps: the initial state comes back */
    }
}

void rnncore_run_forward(rnncore_run *run, const rnncore_batch *b)
{
    const rnncore_weights *w = run->weights;
    const rnncore_view x = {(void *)(uintptr_t)b->x, b->x_stride_batch, b->x_stride_time,
                            b->x_stride_feature,     w->input,          w->element};
    const int64_t stride = in_place_stride(run, b);
    outputs out = {
        b, {b->y, b->y_stride_batch, b->y_stride_time, b->y_stride_feature, w->hidden, w->element}};
    begin_states(run, b);
    if (run->masks != NULL) {
        rnncore_dropout_begin(run, b->recurrent_mask);
    }
    if (b->y != NULL) {
        rnncore_clear_padding(&run->plan, &out.y, run->plan.zero_masked);
    }
    const int64_t chunk_rows = rnncore_chunk_rows(run->context, run);
    for (int64_t k0 = 0, k1; k0 < run->plan.longest; k0 = k1) {
        k1 = rnncore_plan_chunk_end(&run->plan, k0, chunk_rows);
        if (!run->training) {
            run->first = k0;
            run->base = rnncore_plan_offset(&run->plan, k0);
        }
        if (run->unpacked) {
            rnncore_unpacked_project(run, &x, rnncore_plan_offset(&run->plan, k0),
                                     rnncore_plan_offset(&run->plan, k1));
        } else {
            project(run, &x, stride, k0, k1);
        }
        rnncore_time_loop(run, 0, k0, k1, finish_share, &out);
    }
    atomic_fetch_add_explicit(&run->context->row_steps, (uint64_t)run->plan.rows,
                              memory_order_relaxed);
}

rnncore_status rnncore_forward_workspace_size(const rnncore_context *context,
                                              const rnncore_weights *weights,
                                              const rnncore_batch *batch, size_t *bytes)
{
    rnncore_run run;
    rnncore_arena arena = {NULL, 0, 0};
    if (bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_status status = rnncore_run_prepare(&run, context, weights, batch, 0);
    if (status != RNNCORE_OK) {
        return status;
    }
    rnncore_run_take(&run, batch, &arena);
    return rnncore_arena_size(&arena, bytes);
}

rnncore_status rnncore_forward(rnncore_context *context, const rnncore_weights *weights,
                               const rnncore_batch *batch, void *workspace, size_t workspace_bytes)
{
    rnncore_run run;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_status status = rnncore_run_prepare(&run, context, weights, batch, 0);
    if (status != RNNCORE_OK) {
        return status;
    }
    rnncore_run_take(&run, batch, &arena);
    status = rnncore_arena_place(&arena, workspace, workspace_bytes);
    if (status == RNNCORE_OK) {
        rnncore_run_take(&run, batch, &arena);
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        rnncore_run_forward(&run, batch);
        rnncore_fp_flush_leave(mode);
    }
    return status;
}
