/* The forward pass: chunk by chunk, the inputs are gathered and projected, then the steps run and
 * the outputs are scattered. Training differs in that every buffer holds all steps (the tape)
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

static void take_buffers(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    run->initial = plan->batch;
    const int64_t rows = run->training ? plan->rows : rnncore_buffer_rows(run);
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

void rnncore_run_take(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena)
{
    rnncore_plan_build(batch, &run->plan, arena);
    rnncore_divide(run);
    take_buffers(run, batch, arena);
}

void rnncore_run_take_most(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena)
{
    rnncore_batch scattered = *batch;
    scattered.x_stride_feature = 0; /* inputs that are never read in place */
    rnncore_divide(run);
    run->shares = rnncore_most_shares(run);
    take_buffers(run, &scattered, arena);
}

/* What the functions of a pass need of the batch. */
typedef struct forward_pass {
    const rnncore_batch *batch;
    rnncore_view x, y;
    int64_t x_stride; /* of rows that are read in place, or 0 */
} forward_pass;

/* ---- projection: gates = x W + b ---- */

/* Steps [k, end) at a constant distance. */
static void project_steps(const rnncore_run *run, const forward_pass *pass, int64_t k, int64_t end)
{
    const rnncore_weights *w = run->weights;
    const int64_t row = rnncore_row_of_step(run, k);
    const int64_t running = rnncore_plan_running(&run->plan, k);
    const int64_t distance = end > k + 1 ? rnncore_row_of_step(run, k + 1) - row : running;
    const int64_t rows = (end - k - 1) * distance + running;
    /* In place the rows of other shares stand between those of two steps. */
    const int64_t skipped = pass->x_stride != 0 ? run->plan.whole - running : 0;
    const int together = distance == running && skipped == 0;
    rnncore_step step = {.op = RNNCORE_OP_STORE,
                         .row_end = rows,
                         .row_block = together ? rows : running,
                         .row_stride = together ? rows : distance,
                         .a_skipped = skipped,
                         .units = w->gates * w->padded,
                         .vectors = w->gates * w->padded / w->kernels->vector_length,
                         .segments = 1,
                         .depth = w->input,
                         .packed = w->input_packed,
                         .bias = w->bias,
                         .ldo = run->slots * w->padded};
    step.group_blocks = rnncore_group_blocks(w->kernels, 1);
    step.group_end = rnncore_group_count(w->kernels, step.units, 1);
    step.out = rnncore_gates_at(run, k);
    if (pass->x_stride != 0) {
        const int64_t first = k * run->plan.whole + run->plan.below;
        step.a = (const char *)pass->x.data + (size_t)(first * pass->x_stride) * w->element;
        step.lda = pass->x_stride;
    } else {
        step.a = run->x + (size_t)(row * w->input) * w->element;
        step.lda = w->input;
    }
    rnncore_run_step(run, &step);
}

static void project(const rnncore_run *run, int64_t k0, int64_t k1, void *arg)
{
    const rnncore_weights *w = run->weights;
    const forward_pass *pass = arg;
    if (run->unpacked) {
        rnncore_unpacked_project(run, &pass->x, k0, k1);
        return;
    }
    for (int64_t k = k0; k < k1 && pass->x_stride == 0; k++) {
        const int64_t row = rnncore_row_of_step(run, k);
        rnncore_gather_inputs(&run->plan, &pass->x, k,
                              run->x + (size_t)(row * w->input) * w->element, w->input);
    }
    for (int64_t k = k0, end; k < k1; k = end) {
        end = rnncore_regular_end(run, k, k1);
        project_steps(run, pass, k, end);
    }
}

/* ---- what surrounds the steps ---- */

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

static void begin_rows(const rnncore_run *run, void *arg)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    const forward_pass *pass = arg;
    const rnncore_batch *b = pass->batch;
    rnncore_gather_states(plan, b->initial_h, w->hidden, w->element, run->h, w->padded);
    if (run->c != NULL) {
        rnncore_gather_states(plan, b->initial_c, w->hidden, w->element, run->c, w->padded);
    }
    if (run->masks != NULL) {
        rnncore_dropout_begin(run, b->recurrent_mask);
    }
    if (b->y != NULL) {
        rnncore_clear_padding(plan, &pass->y, plan->zero_masked);
    }
    for (int64_t j = plan->batch - 1; j >= 0 && rnncore_plan_length(plan, j) == 0; j--) {
        states_out(run, b, run->first - 1, j); /* no steps: the initial state comes back */
    }
}

/* Outputs and final states; in inference the last states become the initial block. */
static void finish_steps(const rnncore_run *run, int64_t k0, int64_t k1, void *arg)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    const forward_pass *pass = arg;
    for (int64_t k = k0; k < k1 && pass->y.data != NULL; k++) {
        rnncore_scatter_outputs(plan, &pass->y, k, rnncore_state_at(run, run->h, k), w->padded);
    }
    const int64_t left = rnncore_plan_running(plan, k1);
    for (int64_t j = rnncore_plan_running(plan, k0) - 1; j >= left; j--) {
        states_out(run, pass->batch, rnncore_plan_length(plan, j) - 1, j);
    }
    if (!run->training) {
        memcpy(run->h, rnncore_state_at(run, run->h, k1 - 1),
               (size_t)(left * w->padded) * w->element);
    }
}

void rnncore_run_forward(rnncore_run *run, const rnncore_batch *b)
{
    const rnncore_weights *w = run->weights;
    forward_pass forward = {
        b,
        {(void *)(uintptr_t)b->x, b->x_stride_batch, b->x_stride_time, b->x_stride_feature,
         w->input, w->element},
        {b->y, b->y_stride_batch, b->y_stride_time, b->y_stride_feature, w->hidden, w->element},
        in_place_stride(run, b)};
    const rnncore_pass pass = {0,    w->cell->forward, begin_rows, project, finish_steps,
                               NULL, &forward};
    run->step = w->kernels->step;
    rnncore_time_loop(run, &pass);
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

rnncore_status rnncore_forward_most_workspace(const rnncore_context *context,
                                              const rnncore_weights *weights, int64_t batch,
                                              int64_t steps, size_t *bytes)
{
    static const uint8_t any; /* that there is one is all that counts here */
    rnncore_run run;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_batch most = {.struct_size = sizeof most, .steps = steps, .batch = batch, .x = &any};
    const rnncore_status status = rnncore_run_prepare(&run, context, weights, &most, 0);
    if (status != RNNCORE_OK) {
        return status;
    }
    most.mask = &any;
    run.plan.dense = 0;
    rnncore_run_take(&run, &most, &arena);
    /* Fewer real steps may make more shares, each with buffers for a chunk. */
    const int64_t shares = rnncore_pool_size(context->pool) - run.shares;
    const int64_t row = rnncore_count(weights->gates + 1, weights->padded) + weights->input;
    rnncore_arena_take(&arena, rnncore_count(shares, rnncore_count(run.chunk_rows, row)),
                       weights->element);
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
