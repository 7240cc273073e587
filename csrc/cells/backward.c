/* Backpropagation through time over the tape of a forward pass: the time loop turns the activated
 * gates of every step into gradients of the pre-activations, then products.c makes the gradients of
 * weights and inputs of them. */
#include <string.h>

#include "../core/platform.h"
#include "forward.h"
#include "products.h"
#include "rnncore_train.h"
#include "time_loop.h"

enum tape_state { TAPE_RECORDED = 0x7461, TAPE_USED = 0x7573 };

/* What stands at the beginning of a tape. The buffers follow, so the tape must not move. */
typedef struct tape_header {
    int64_t state;
    uint64_t stamp; /* of the weights */
    rnncore_run run;
} tape_header;

static int is_aligned(const void *block)
{
    return (uintptr_t)block % RNNCORE_ALIGNMENT == 0;
}

/* Scratch of the backward pass. */
static void take_workspace(rnncore_run *run, const rnncore_context *context,
                           rnncore_product_scratch *scratch, rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    const int64_t states = rnncore_count(run->plan.batch, w->padded);
    const int64_t rows = rnncore_chunk_rows(context, run);
    run->dy = rnncore_arena_take(arena, rnncore_count(rows, w->padded), w->element);
    run->carry = rnncore_arena_take(arena, states, w->element);
    if (w->layer.cell == RNNCORE_LSTM) {
        run->dc = rnncore_arena_take(arena, states, w->element);
    }
    rnncore_products_take(run, scratch, rnncore_pool_size(context->pool), arena);
}

rnncore_status rnncore_tape_size(const rnncore_context *context, const rnncore_weights *weights,
                                 const rnncore_batch *batch, size_t *tape_bytes,
                                 size_t *backward_workspace_bytes)
{
    rnncore_run run;
    rnncore_product_scratch scratch;
    rnncore_arena tape = {NULL, 0, 0}, workspace = {NULL, 0, 0};
    if (context == NULL || tape_bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_status status = rnncore_run_prepare(&run, NULL, weights, batch, 1);
    if (status != RNNCORE_OK) {
        return status;
    }
    rnncore_arena_take(&tape, 1, sizeof(tape_header));
    status = rnncore_run_take(&run, context, batch, &tape);
    take_workspace(&run, context, &scratch, &workspace);
    if (status != RNNCORE_OK || workspace.overflow) {
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
    size_t needed;
    rnncore_forward_run f = {.batch = batch};
    rnncore_status status = rnncore_tape_size(context, weights, batch, &needed, NULL);
    if (status != RNNCORE_OK) {
        return status;
    }
    if (tape == NULL || tape_bytes < needed || !is_aligned(tape)) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    status = rnncore_run_prepare(&f.run, context, weights, batch, 1);
    if (status == RNNCORE_OK) {
        rnncore_arena arena = {tape, 0, 0};
        tape_header *header = rnncore_arena_take(&arena, 1, sizeof *header);
        rnncore_run_take(&f.run, context, batch, &arena);
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        rnncore_run_forward(&f);
        rnncore_fp_flush_leave(mode);
        header->run = f.run;
        header->run.context = NULL;
        header->stamp = weights->stamp;
        header->state = TAPE_RECORDED;
    }
    return status;
}

typedef struct backward_run {
    rnncore_run run;
    rnncore_view dy;
} backward_run;

/* The gradients of the outputs of a chunk, for the rows of a share. */
static void gather_share(const rnncore_run *run, int64_t k0, int64_t k1, const rnncore_rows *rows)
{
    const backward_run *b = (const backward_run *)run;
    if (run->dy != NULL) {
        rnncore_gather_gradients(&run->plan, &b->dy, k0, k1, rows, run->dy, run->weights->padded);
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

static void run_backward(backward_run *b, const rnncore_gradients *g,
                         const rnncore_product_scratch *scratch, const rnncore_blas *blas)
{
    rnncore_run *run = &b->run;
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    rnncore_gather_states(plan, g->dfinal_h, w->hidden, w->element, run->carry, w->padded);
    if (run->dc != NULL) {
        rnncore_gather_states(plan, g->dfinal_c, w->hidden, w->element, run->dc, w->padded);
    }
    const int64_t chunk_rows = rnncore_chunk_rows(run->context, run);
    for (int64_t k1 = plan->longest, k0; k1 > 0; k1 = k0) {
        k0 = rnncore_plan_chunk_begin(plan, k1, chunk_rows);
        run->dy_base = rnncore_plan_offset(plan, k0);
        rnncore_time_loop(run, 1, k0, k1, gather_share, NULL);
    }
    if (plan->longest > 0) {
        w->cell->backward_initial(run);
    }
    scatter_states(run, run->carry, g->dinitial_h);
    scatter_states(run, run->dc, g->dinitial_c);
    rnncore_run_products(run, g, scratch, blas);
}

rnncore_status rnncore_backward(rnncore_context *context, const rnncore_weights *weights,
                                void *tape, size_t tape_bytes, const rnncore_gradients *gradients,
                                void *workspace, size_t workspace_bytes)
{
    tape_header *header = tape;
    if (context == NULL || weights == NULL || tape == NULL || gradients == NULL ||
        gradients->struct_size < sizeof *gradients) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (tape_bytes < sizeof *header || !is_aligned(tape) || !is_aligned(workspace)) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    if (header->state != TAPE_RECORDED) {
        return RNNCORE_ERROR_TAPE_STATE;
    }
    if (header->run.weights != weights || header->stamp != weights->stamp) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    backward_run b = {.run = header->run};
    b.run.context = context;
    rnncore_product_scratch scratch;
    rnncore_arena arena = {NULL, 0, 0};
    take_workspace(&b.run, context, &scratch, &arena);
    if (arena.overflow || arena.used > workspace_bytes || (arena.used > 0 && workspace == NULL)) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    const rnncore_blas *blas = NULL;
    const rnncore_status status = rnncore_context_blas(context, &blas);
    if (status != RNNCORE_OK) {
        return status;
    }
    header->state = TAPE_USED;
    arena = (rnncore_arena){workspace, 0, 0};
    take_workspace(&b.run, context, &scratch, &arena);
    b.dy = (rnncore_view){(void *)(uintptr_t)gradients->dy,
                          gradients->dy_stride_batch,
                          gradients->dy_stride_time,
                          gradients->dy_stride_feature,
                          weights->hidden,
                          weights->element};
    if (gradients->dy == NULL) {
        b.run.dy = NULL;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    run_backward(&b, gradients, &scratch, blas);
    rnncore_fp_flush_leave(mode);
    return RNNCORE_OK;
}
