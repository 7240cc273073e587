/* The Dense layer: y = f(x W + b), and dz = f'(y) dy, dW = x^T dz, db = sum dz, dx = dz W^T.
 *
 * The forward pass is that of inference; the products of the backward pass go to BLAS where it is
 * there. Rows of dx and columns of dW are its tasks, in numbers that follow from the shape. */
#include "cells/affine.h"
#include "core/arena.h"
#include "core/options.h"
#include "core/product.h"
#include "train/blocks.h"

enum { ROWS = 192, COLUMNS = 256, SMALL_FLOPS = 1 << 21 };

typedef struct dense_run {
    const rnncore_dense *dense;
    const rnncore_training_kernels *training;
    rnncore_affine forward;
    char *forward_scratch; /* of each thread, and so below */
    rnncore_multiplier with;
    size_t element;
    char *scratch;
    size_t scratch_bytes;
    const char *dz;
    int64_t row_tasks, column_tasks;
} dense_run;

static int is_valid(const rnncore_dense *d)
{
    return rnncore_is_known(d, sizeof *d) && d->rows >= 0 && d->inputs > 0 && d->outputs > 0 &&
           (d->dtype == RNNCORE_FLOAT32 || d->dtype == RNNCORE_FLOAT64) &&
           d->activation >= RNNCORE_ACTIVATION_DEFAULT && d->activation <= RNNCORE_SOFTMAX;
}

static void *take(const rnncore_context *context, const rnncore_dense *d, dense_run *run,
                  rnncore_arena *arena)
{
    const rnncore_dtype dtype = (rnncore_dtype)d->dtype;
    const rnncore_backward_kernels *kernels = rnncore_backward_table(context->isa, dtype);
    *run = (dense_run){.dense = d, .with = {NULL, kernels, dtype}};
    run->training = rnncore_training_table(context->isa, dtype);
    run->element = rnncore_element(d->dtype);
    run->scratch_bytes = ((size_t)kernels->product_scratch + 63) & ~(size_t)63;
    const int threads = rnncore_pool_size(context->pool);
    run->scratch = rnncore_arena_take(arena, threads, run->scratch_bytes);
    rnncore_affine_take(&run->forward, context, dtype, 1, d->inputs, d->outputs, d->bias != NULL,
                        arena);
    run->forward.activation = d->activation;
    run->forward_scratch =
        rnncore_arena_take(arena, threads, rnncore_affine_scratch(&run->forward));
    if (d->activation == RNNCORE_LINEAR || d->activation == RNNCORE_ACTIVATION_DEFAULT) {
        run->dz = d->dy;
        return NULL;
    }
    void *dz = rnncore_arena_take(arena, rnncore_count(d->rows, d->outputs), run->element);
    run->dz = dz;
    return dz;
}

rnncore_status rnncore_dense_workspace_size(const rnncore_context *context,
                                            const rnncore_dense *dense, size_t *bytes)
{
    if (context == NULL || bytes == NULL || !is_valid(dense)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    dense_run run;
    rnncore_arena arena = {NULL, 0, 0};
    take(context, dense, &run, &arena);
    if (arena.overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    *bytes = arena.used;
    return RNNCORE_OK;
}

static void *scratch_of(const dense_run *run, int worker)
{
    return run->scratch + (size_t)worker * run->scratch_bytes;
}

static const char *at(const void *base, int64_t index, size_t element)
{
    return (const char *)base + (size_t)index * element;
}

static int64_t rows_of(const dense_run *run, int64_t task)
{
    const int64_t left = run->dense->rows - task * ROWS;
    return left < ROWS ? left : ROWS;
}

static void backward_task(void *arg, int64_t task, int worker)
{
    const dense_run *run = arg;
    const rnncore_dense *d = run->dense;
    if (task < run->row_tasks) {
        const int64_t first = task * ROWS;
        rnncore_multiply(&run->with, 0, 1, rows_of(run, task), d->inputs, d->outputs,
                         at(run->dz, first * d->outputs, run->element), d->outputs, d->kernel,
                         d->outputs, (char *)d->dx + (size_t)(first * d->inputs) * run->element,
                         d->inputs, scratch_of(run, worker));
        return;
    }
    task -= run->row_tasks;
    if (task == run->column_tasks) {
        run->with.kernels->column_sums(run->dz, d->outputs, d->rows, d->outputs, d->dbias);
        return;
    }
    const int64_t first = task * COLUMNS;
    const int64_t columns = d->outputs - first < COLUMNS ? d->outputs - first : COLUMNS;
    rnncore_multiply(&run->with, 1, 0, d->inputs, columns, d->rows, d->x, d->inputs,
                     at(run->dz, first, run->element), d->outputs,
                     (char *)d->dkernel + (size_t)first * run->element, d->outputs,
                     scratch_of(run, worker));
}

static rnncore_status prepare(const rnncore_context *context, const rnncore_dense *d,
                              dense_run *run, void *workspace, size_t bytes, void **dz)
{
    rnncore_arena arena = {NULL, 0, 0};
    if (context == NULL || !is_valid(d)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    take(context, d, run, &arena);
    const rnncore_status status = rnncore_arena_place(&arena, workspace, bytes);
    if (status == RNNCORE_OK) {
        *dz = take(context, d, run, &arena);
    }
    return status;
}

/* Small work stays on one thread. */
static void run_tasks(rnncore_context *context, dense_run *run, int64_t tasks, rnncore_task_fn fn)
{
    const rnncore_dense *d = run->dense;
    const double flops = 2.0 * (double)d->rows * (double)d->inputs * (double)d->outputs;
    rnncore_pool_run(flops < SMALL_FLOPS ? NULL : context->pool, tasks, fn, run);
}

rnncore_status rnncore_dense_forward(rnncore_context *context, const rnncore_dense *d,
                                     void *workspace, size_t workspace_bytes)
{
    dense_run run;
    void *dz;
    const rnncore_status status = prepare(context, d, &run, workspace, workspace_bytes, &dz);
    if (status != RNNCORE_OK) {
        return status;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    rnncore_affine_pack(&run.forward, d->kernel, d->outputs, 1, d->bias);
    rnncore_affine_run(&run.forward, context, d->rows, d->x, d->inputs, d->y, run.forward_scratch);
    rnncore_fp_flush_leave(mode);
    return RNNCORE_OK;
}

rnncore_status rnncore_dense_backward(rnncore_context *context, const rnncore_dense *d,
                                      void *workspace, size_t workspace_bytes)
{
    dense_run run;
    void *dz;
    rnncore_status status = prepare(context, d, &run, workspace, workspace_bytes, &dz);
    if (status != RNNCORE_OK) {
        return status;
    }
    status = rnncore_context_blas(context, &run.with.blas);
    if (status != RNNCORE_OK) {
        return status;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    if (dz != NULL) {
        run.training->activate_backward(d, d->rows, d->y, d->dy, dz);
    }
    run.row_tasks = d->dx == NULL ? 0 : (d->rows + ROWS - 1) / ROWS;
    run.column_tasks = d->dkernel == NULL ? 0 : (d->outputs + COLUMNS - 1) / COLUMNS;
    run_tasks(context, &run, run.row_tasks + run.column_tasks + (d->dbias != NULL), backward_task);
    rnncore_fp_flush_leave(mode);
    return RNNCORE_OK;
}

rnncore_status rnncore_activate(rnncore_context *context, int32_t dtype, int32_t activation,
                                int64_t rows, int64_t columns, const void *x, void *y)
{
    const rnncore_dense dense = {.struct_size = sizeof dense,
                                 .dtype = dtype,
                                 .activation = activation,
                                 .rows = rows,
                                 .inputs = 1,
                                 .outputs = columns};
    if (context == NULL || !is_valid(&dense) || (rows > 0 && (x == NULL || y == NULL))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    rnncore_kernel_table(context->isa, (rnncore_dtype)dtype)
        ->activate(activation, rows, columns, x, columns, y);
    rnncore_fp_flush_leave(mode);
    return RNNCORE_OK;
}
