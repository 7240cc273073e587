/* Backpropagation through time over the tape of a forward pass: the time loop turns the activated
 * gates of every step into gradients of the pre-activations, then products.c makes the gradients of
 * weights and inputs of them. */
#include <string.h>

#include "cells/forward.h"
#include "cells/products.h"
#include "cells/time_loop.h"
#include "core/backward_table.h"
#include "core/options.h"
#include "core/platform.h"
#include "rnncore_train.h"

enum tape_state { TAPE_RECORDED = 0x7461, TAPE_USED = 0x7573 };

/* What stands at the beginning of a tape. The buffers follow, so the tape must not move. */
typedef struct tape_header {
    int64_t state;
    uint64_t stamp; /* of the weights */
    rnncore_run run;
} tape_header;

static const rnncore_cell_backward *backward_of(const rnncore_layer *layer)
{
    switch (layer->cell) {
    case RNNCORE_LSTM:
        return &rnncore_lstm_backward;
    case RNNCORE_GRU:
        return layer->reset_after ? &rnncore_gru_backward : &rnncore_gru1_backward;
    default:
        return &rnncore_rnn_backward;
    }
}

/* Makes a run one of the backward pass. */
static void turn_back(rnncore_run *run)
{
    const rnncore_weights *w = run->weights;
    run->backward = backward_of(&w->layer);
    run->backward_kernels = rnncore_backward_table(w->isa, (rnncore_dtype)w->layer.dtype);
    run->step = run->backward_kernels->step;
}

/* And takes its scratch. */
static void take_workspace(rnncore_run *run, rnncore_product_scratch *scratch, rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    turn_back(run);
    const int64_t states = rnncore_count(run->plan.batch, w->padded);
    rnncore_divide(run);
    const int64_t rows = rnncore_buffer_rows(run);
    run->dy = rnncore_arena_take(arena, rnncore_count(rows, w->padded), w->element);
    run->carry = rnncore_arena_take(arena, states, w->element);
    if (w->layer.cell == RNNCORE_LSTM) {
        run->dc = rnncore_arena_take(arena, states, w->element);
    }
    rnncore_products_take(run, scratch, arena);
}

/* Takes header and buffers of a tape from the arena, or counts them. */
static tape_header *take_tape(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena)
{
    tape_header *header = rnncore_arena_take(arena, 1, sizeof *header);
    rnncore_run_take(run, batch, arena);
    return header;
}

rnncore_status rnncore_tape_size(const rnncore_context *context, const rnncore_weights *weights,
                                 const rnncore_batch *batch, size_t *tape_bytes,
                                 size_t *backward_workspace_bytes)
{
    rnncore_run run;
    rnncore_product_scratch scratch;
    rnncore_arena tape = {NULL, 0, 0}, workspace = {NULL, 0, 0};
    if (tape_bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_status status = rnncore_run_prepare(&run, context, weights, batch, 1);
    if (status != RNNCORE_OK) {
        return status;
    }
    take_tape(&run, batch, &tape);
    take_workspace(&run, &scratch, &workspace);
    if (tape.overflow || workspace.overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    *tape_bytes = tape.used;
    if (backward_workspace_bytes != NULL) {
        *backward_workspace_bytes = workspace.used;
    }
    return RNNCORE_OK;
}

rnncore_status rnncore_forward_train(rnncore_context *context, const rnncore_weights *weights,
                                     const rnncore_batch *batch, void *tape, size_t tape_bytes)
{
    rnncore_run run;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_status status = rnncore_run_prepare(&run, context, weights, batch, 1);
    if (status == RNNCORE_OK && weights->layer.recurrent_dropout && batch->recurrent_mask == NULL) {
        status = RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    take_tape(&run, batch, &arena);
    status = rnncore_arena_place(&arena, tape, tape_bytes);
    if (status == RNNCORE_OK) {
        tape_header *header = take_tape(&run, batch, &arena);
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        rnncore_run_forward(&run, batch);
        rnncore_fp_flush_leave(mode);
        *header = (tape_header){TAPE_RECORDED, weights->stamp, run};
        header->run.context = NULL;
    }
    return status;
}

/* What the functions of a pass need of the gradients. */
typedef struct backward_pass {
    const rnncore_gradients *gradients;
    rnncore_view dy;
} backward_pass;

static void begin_rows(const rnncore_run *run, void *arg)
{
    const rnncore_weights *w = run->weights;
    const rnncore_gradients *g = ((const backward_pass *)arg)->gradients;
    rnncore_gather_states(&run->plan, g->dfinal_h, w->hidden, w->element, run->carry, w->padded);
    if (run->dc != NULL) {
        rnncore_gather_states(&run->plan, g->dfinal_c, w->hidden, w->element, run->dc, w->padded);
    }
}

/* The gradients of the outputs of the steps [k0, k1). */
static void gather_steps(const rnncore_run *run, int64_t k0, int64_t k1, void *arg)
{
    const rnncore_weights *w = run->weights;
    const backward_pass *pass = arg;
    for (int64_t k = k0; k < k1 && run->dy != NULL; k++) {
        rnncore_gather_gradients(&run->plan, &pass->dy, k, rnncore_dy_at(run, k), w->padded);
    }
}

static void scatter_states(const rnncore_run *run, const char *rows, void *states)
{
    const rnncore_weights *w = run->weights;
    for (int64_t j = 0; states != NULL && j < run->plan.batch; j++) {
        rnncore_scatter_state(&run->plan, j, rows + (size_t)(j * w->padded) * w->element, w->hidden,
                              w->element, states);
    }
}

static void end_rows(const rnncore_run *run, void *arg)
{
    const rnncore_gradients *g = ((const backward_pass *)arg)->gradients;
    if (run->plan.longest > 0) {
        run->backward->initial(run);
    }
    scatter_states(run, run->carry, g->dinitial_h);
    scatter_states(run, run->dc, g->dinitial_c);
}

static void run_backward(rnncore_run *run, const rnncore_gradients *g,
                         const rnncore_product_scratch *scratch, const rnncore_blas *blas)
{
    backward_pass backward = {g,
                              {(void *)(uintptr_t)g->dy, g->dy_stride_batch, g->dy_stride_time,
                               g->dy_stride_feature, run->weights->hidden, run->weights->element}};
    const rnncore_pass pass = {
        1, run->backward->step, begin_rows, gather_steps, NULL, end_rows, &backward};
    if (g->dy == NULL) {
        run->dy = NULL;
    }
    rnncore_time_loop(run, &pass);
    rnncore_run_products(run, g, scratch, blas);
}

rnncore_status rnncore_backward(rnncore_context *context, const rnncore_weights *weights,
                                void *tape, size_t tape_bytes, const rnncore_gradients *gradients,
                                void *workspace, size_t workspace_bytes)
{
    tape_header *header = tape;
    rnncore_arena arena = {NULL, 0, 0}, whole = {NULL, sizeof *header, 0};
    if (context == NULL || weights == NULL || tape == NULL ||
        !rnncore_is_known(gradients, sizeof *gradients)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_status status = rnncore_arena_place(&whole, tape, tape_bytes);
    if (status != RNNCORE_OK) {
        return status;
    }
    if (header->state != TAPE_RECORDED) {
        return RNNCORE_ERROR_TAPE_STATE;
    }
    if (header->run.weights != weights || header->stamp != weights->stamp) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_run run = header->run;
    run.context = context;
    rnncore_product_scratch scratch;
    take_workspace(&run, &scratch, &arena);
    status = rnncore_arena_place(&arena, workspace, workspace_bytes);
    const rnncore_blas *blas = NULL;
    if (status == RNNCORE_OK) {
        status = rnncore_context_blas(context, &blas);
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    header->state = TAPE_USED;
    take_workspace(&run, &scratch, &arena);
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    run_backward(&run, gradients, &scratch, blas);
    rnncore_fp_flush_leave(mode);
    return RNNCORE_OK;
}
