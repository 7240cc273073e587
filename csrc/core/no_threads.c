/* The pool of a library built with RNNCORE_THREADS=OFF: the calling thread does everything. */
#include <stdatomic.h>
#include <stdlib.h>

#include "core/threads.h"

struct rnncore_pool {
    _Atomic uint64_t done; /* several threads of the program may call at once */
};

rnncore_status rnncore_pool_create(int num_threads, rnncore_pool **out)
{
    *out = NULL;
    if (num_threads < 0 || num_threads > RNNCORE_POOL_MAX_THREADS) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (num_threads > 1) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    *out = calloc(1, sizeof **out);
    return *out == NULL ? RNNCORE_ERROR_OUT_OF_MEMORY : RNNCORE_OK;
}

void rnncore_pool_destroy(rnncore_pool *pool)
{
    free(pool);
}

void rnncore_pool_abandon(rnncore_pool *pool)
{
    free(pool);
}

int rnncore_pool_size(const rnncore_pool *pool)
{
    (void)pool;
    return 1;
}

int rnncore_pool_useful(const rnncore_pool *pool)
{
    (void)pool;
    return 1;
}

void rnncore_pool_assume_cpus(rnncore_pool *pool, int cpus)
{
    (void)pool;
    (void)cpus;
}

int rnncore_pool_threads(const rnncore_pool *pool)
{
    (void)pool;
    return 1;
}

rnncore_status rnncore_pool_start(rnncore_pool *pool)
{
    (void)pool;
    return RNNCORE_OK;
}

static void count(rnncore_pool *pool, int64_t done)
{
    if (pool != NULL && done > 0) {
        atomic_fetch_add_explicit(&pool->done, (uint64_t)done, memory_order_relaxed);
    }
}

void rnncore_pool_run(rnncore_pool *pool, int64_t tasks, rnncore_task_fn fn, void *arg)
{
    for (int64_t task = 0; task < tasks; task++) {
        fn(arg, task, 0);
    }
    count(pool, tasks);
}

void rnncore_pool_phases(rnncore_pool *pool, int64_t phases, int max_parts, rnncore_phase_fn fn,
                         void *arg)
{
    (void)max_parts;
    for (int64_t phase = 0; phase < phases; phase++) {
        fn(arg, phase, 0, 1);
    }
    count(pool, phases);
}

uint64_t rnncore_pool_tasks_done(const rnncore_pool *pool, int worker)
{
    return worker == 0 ? atomic_load_explicit(&pool->done, memory_order_relaxed) : 0;
}

uint64_t rnncore_pool_sections(const rnncore_pool *pool)
{
    (void)pool;
    return 0;
}
