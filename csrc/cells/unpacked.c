/* A forward pass with weights that are packed for this call alone: into the workspace, or for a few
 * rows not at all. */
#include "cells/unpacked.h"

#include <string.h>

#include "cells/forward.h"
#include "cells/time_loop.h"
#include "core/platform.h"

/* Columns of one task where a product is worth two threads: whole cache lines. */
enum { SLICE = 256 };

int64_t rnncore_unpacked_sums(const rnncore_weights *weights)
{
    return weights->gates * weights->hidden + weights->kernels->vector_length;
}

typedef struct row_product {
    const rnncore_run *run;
    const char *a, *b;
    int64_t depth, ldb, columns;
} row_product;

static void multiply_slice(void *arg, int64_t task, int worker)
{
    (void)worker;
    const row_product *p = arg;
    const rnncore_weights *w = p->run->weights;
    const int64_t begin = task * SLICE;
    const int64_t columns = p->columns - begin < SLICE ? p->columns - begin : SLICE;
    w->kernels->row_product(p->a, p->depth, p->b + (size_t)begin * w->element, p->ldb, columns,
                            p->run->sums + (size_t)begin * w->element);
}

/* run->sums = a (depth) times `columns` columns of a matrix with G*H columns. */
static void multiply(const rnncore_run *run, const void *a, int64_t depth, const void *b,
                     int64_t columns)
{
    const rnncore_weights *w = run->weights;
    const row_product p = {run, a, b, depth, w->gates * w->hidden, columns};
    if (rnncore_threads_for(run, 2.0 * (double)depth * (double)columns) > 1) {
        rnncore_pool_run(run->context->pool, (columns + SLICE - 1) / SLICE, multiply_slice,
                         (void *)(uintptr_t)&p);
    } else {
        w->kernels->row_product(a, depth, b, p.ldb, columns, run->sums);
    }
}

static void project_row(const rnncore_run *run, const char *x, char *gates)
{
    const rnncore_weights *w = run->weights;
    multiply(run, x, w->input, w->unpacked_kernel, w->gates * w->hidden);
    for (int64_t s = 0; s < w->gates; s++) {
        const size_t slot = (size_t)(s * w->padded) * w->element;
        const size_t gate = (size_t)(w->cell->slot_gate[s] * w->hidden) * w->element;
        const rnncore_step step = {.op = RNNCORE_OP_STORE,
                                   .row_end = 1,
                                   .units = w->hidden,
                                   .sums = run->sums + gate,
                                   .bias = (const char *)w->bias + slot,
                                   .out = gates + slot};
        run->step(&step);
    }
}

void rnncore_unpacked_project(const rnncore_run *run, const rnncore_view *x, int64_t k0, int64_t k1)
{
    const rnncore_weights *w = run->weights;
    const size_t x_row = (size_t)w->input * w->element;
    const size_t gates_row = (size_t)(run->slots * w->padded) * w->element;
    for (int64_t k = k0; k < k1; k++) {
        rnncore_gather_inputs(&run->plan, x, k, run->x, w->input);
        for (int64_t j = 0; j < rnncore_plan_running(&run->plan, k); j++) {
            project_row(run, run->x + (size_t)j * x_row,
                        rnncore_gates_at(run, k) + (size_t)j * gates_row);
        }
    }
}

void rnncore_unpacked_step(const rnncore_run *run, const rnncore_step *step)
{
    const rnncore_weights *w = run->weights;
    for (int64_t row = step->row_begin; row < step->row_end; row++) {
        rnncore_step one = *step;
        const char *a = (const char *)step->a + (size_t)(row * step->lda) * w->element;
        multiply(run, a, step->depth, step->packed, rnncore_op_gates(step->op) * w->hidden);
        one.row_begin = row;
        one.row_end = row + 1;
        one.sums = run->sums;
        one.sums_gate = w->hidden;
        run->step(&one);
    }
}

/* ---- the call ---- */

/* Describes and plans the call. */
static rnncore_status prepare(rnncore_run *run, rnncore_weights *weights,
                              const rnncore_context *context, const rnncore_layer *layer,
                              const rnncore_batch *batch)
{
    rnncore_status status = rnncore_weights_describe(weights, context, layer);
    if (status == RNNCORE_OK && layer->training) {
        status = RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (status == RNNCORE_OK) {
        status = rnncore_run_prepare(run, context, weights, batch, 0);
        run->unpacked = status == RNNCORE_OK && run->plan.rows <= RNNCORE_UNPACKED_ROWS;
    }
    return status;
}

/* Takes the memory of weights and run from the arena, or counts it. */
static void take(rnncore_run *run, rnncore_weights *weights, const rnncore_batch *batch,
                 rnncore_arena *arena)
{
    if (run->unpacked) {
        rnncore_weights_take_unpacked(weights, arena);
    } else {
        rnncore_weights_take(weights, arena);
    }
    rnncore_run_take(run, batch, arena);
}

rnncore_status rnncore_forward_unpacked_workspace_size(const rnncore_context *context,
                                                       const rnncore_layer *layer,
                                                       const rnncore_batch *batch, size_t *bytes)
{
    rnncore_run run;
    rnncore_weights weights;
    rnncore_arena arena = {NULL, 0, 0};
    if (bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_status status = prepare(&run, &weights, context, layer, batch);
    if (status != RNNCORE_OK) {
        return status;
    }
    take(&run, &weights, batch, &arena);
    return rnncore_arena_size(&arena, bytes);
}

rnncore_status rnncore_forward_unpacked(rnncore_context *context, const rnncore_layer *layer,
                                        const void *kernel, const void *recurrent_kernel,
                                        const void *bias, const rnncore_batch *batch,
                                        void *workspace, size_t workspace_bytes)
{
    rnncore_run run;
    rnncore_weights weights;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_status status = prepare(&run, &weights, context, layer, batch);
    if (status == RNNCORE_OK && (kernel == NULL || recurrent_kernel == NULL)) {
        status = RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    take(&run, &weights, batch, &arena);
    status = rnncore_arena_place(&arena, workspace, workspace_bytes);
    if (status == RNNCORE_OK) {
        take(&run, &weights, batch, &arena);
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        if (run.unpacked) {
            rnncore_weights_use_unpacked(&weights, kernel, recurrent_kernel, bias);
        } else {
            rnncore_weights_fill(&weights, kernel, recurrent_kernel, bias);
        }
        rnncore_run_forward(&run, batch);
        rnncore_fp_flush_leave(mode);
    }
    return status;
}
