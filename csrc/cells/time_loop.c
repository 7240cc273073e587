#include "cells/time_loop.h"

/* Work of a thread that pays for one barrier (measured in flops). */
enum { FLOPS_PER_BARRIER = 60000 };

/* Fewest rows a thread: below, dividing the units keeps the tiles fuller. */
enum { ROWS_PER_THREAD = 4 };

typedef struct time_loop {
    const rnncore_run *run;
    int backward;
    int64_t k0, k1;
    rnncore_share_fn share_fn;
    void *arg;
    int64_t block, tasks;
} time_loop;

int64_t rnncore_chunk_rows(const rnncore_context *context, const rnncore_run *run)
{
    const rnncore_plan *plan = &run->plan;
    const int64_t row = rnncore_count(run->slots, run->weights->padded); /* -1: too many */
    int64_t wanted = RNNCORE_CHUNK_BYTES / (int64_t)run->weights->element / row;
    if (wanted < RNNCORE_CHUNK_ROWS_MIN) {
        wanted = RNNCORE_CHUNK_ROWS_MIN;
    } else if (wanted > RNNCORE_CHUNK_ROWS_MAX) {
        wanted = RNNCORE_CHUNK_ROWS_MAX;
    }
    wanted *= rnncore_pool_size(context->pool);
    wanted = plan->batch > wanted ? plan->batch : wanted;
    return wanted < plan->rows ? wanted : plan->rows;
}

int rnncore_threads_for(const rnncore_run *run, int64_t flops)
{
    const int64_t size = rnncore_pool_size(run->context->pool);
    const int64_t worth = flops / RNNCORE_FLOPS_PER_THREAD;
    return (int)(worth < 1 ? 1 : worth < size ? worth : size);
}

static void run_phase(const time_loop *loop, int64_t phase, const rnncore_share *share)
{
    const rnncore_cell_ops *cell = loop->run->weights->cell;
    const int64_t step = phase / cell->phases;
    const int sub = (int)(phase % cell->phases);
    if (loop->backward) {
        cell->backward(loop->run, loop->k1 - 1 - step, sub, share);
    } else {
        cell->forward(loop->run, loop->k0 + step, sub, share);
    }
}

/* All steps for some rows. */
static void run_rows(const time_loop *loop, const rnncore_rows *rows)
{
    const int64_t phases = (loop->k1 - loop->k0) * loop->run->weights->cell->phases;
    const rnncore_share share = {*rows, 0, 1};
    if (loop->backward) {
        loop->share_fn(loop->arg, loop->run, loop->k0, loop->k1, rows);
    }
    for (int64_t phase = 0; phase < phases; phase++) {
        run_phase(loop, phase, &share);
    }
    if (!loop->backward) {
        loop->share_fn(loop->arg, loop->run, loop->k0, loop->k1, rows);
    }
}

static void rows_task(void *arg, int64_t task, int worker)
{
    (void)worker;
    const time_loop *loop = arg;
    const rnncore_rows rows = {task * loop->block, loop->run->plan.batch, loop->block,
                               loop->tasks * loop->block};
    run_rows(loop, &rows);
}

static void units_phase(void *arg, int64_t phase, int part, int parts)
{
    const time_loop *loop = arg;
    const int64_t batch = loop->run->plan.batch;
    const rnncore_share share = {{0, batch, batch, batch}, part, parts};
    run_phase(loop, phase, &share);
}

void rnncore_time_loop(const rnncore_run *run, int backward, int64_t k0, int64_t k1,
                       rnncore_share_fn share, void *arg)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    const int64_t batch = plan->batch;
    const rnncore_rows all = {0, batch, batch, batch};
    const int64_t rows = rnncore_plan_offset(plan, k1) - rnncore_plan_offset(plan, k0);
    const int64_t row_flops = 2 * w->gates * w->hidden * w->hidden;
    /* Without packed weights the rows are few and each product is divided by itself. */
    const int64_t threads = run->unpacked ? 1 : rnncore_threads_for(run, rows * row_flops);
    time_loop loop = {run, backward, k0, k1, share, arg, batch, 1};
    if (threads > 1 && batch >= ROWS_PER_THREAD * threads) {
        /* Rows that end early would leave a thread idle, so ragged batches are dealt in tiles. */
        loop.tasks = threads;
        loop.block = plan->dense ? (batch + threads - 1) / threads : w->kernels->row_tile;
        rnncore_pool_run(run->context->pool, threads, rows_task, &loop);
    } else if (threads > 1 && run->masks == NULL &&
               row_flops * rows / (k1 - k0) >= FLOPS_PER_BARRIER * threads) {
        if (backward) {
            share(arg, run, k0, k1, &all);
        }
        rnncore_pool_phases(run->context->pool, (k1 - k0) * w->cell->phases, (int)threads,
                            units_phase, &loop);
        if (!backward) {
            share(arg, run, k0, k1, &all);
        }
    } else {
        run_rows(&loop, &all);
    }
}
