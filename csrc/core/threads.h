/* A small pool of threads for the step and for slices of products.
 *
 * The thread that calls is always one of the pool's threads; the others ("workers") are started by
 * the first call that can use them, spin for some tens of microseconds after a job and then sleep.
 * A call never waits for a worker that has not begun: what such a worker should have done the
 * caller does itself. So the number of threads, and how busy the machine is, changes the time of a
 * call and nothing else. */
#ifndef RNNCORE_CORE_THREADS_H
#define RNNCORE_CORE_THREADS_H

#include <stdint.h>

#include "rnncore.h"

#define RNNCORE_POOL_MAX_THREADS 256

typedef struct rnncore_pool rnncore_pool;

/* `num_threads` counts the caller: 1 to RNNCORE_POOL_MAX_THREADS, or 0 for one for each CPU that
 * this process may use. Starts no thread. RNNCORE_ERROR_UNSUPPORTED: more than one, of a library
 * built with RNNCORE_THREADS=OFF (no_threads.c). RNNCORE_ERROR_INVALID_ARGUMENT or
 * RNNCORE_ERROR_OUT_OF_MEMORY leave *out NULL. */
rnncore_status rnncore_pool_create(int num_threads, rnncore_pool **out);

/* Joins the workers and frees the pool (NULL is fine). No call may be running on it. */
void rnncore_pool_destroy(rnncore_pool *pool);

/* For the child after a fork, where the workers do not exist: frees the pool and joins nothing,
 * whatever the pool was doing in the parent (NULL is fine). */
void rnncore_pool_abandon(rnncore_pool *pool);

/* The number of threads asked for, the caller included; 1 for NULL. */
int rnncore_pool_size(const rnncore_pool *pool);

/* How many of them a call uses at most: no more than there were CPUs when the pool was made, for
 * more would only take turns. */
int rnncore_pool_useful(const rnncore_pool *pool);

/* For tests that need more threads than the machine has CPUs: as if it had so many. No call may be
 * running. */
void rnncore_pool_assume_cpus(rnncore_pool *pool, int cpus);

/* Those that there are or will be: fewer once the system has refused to start one. */
int rnncore_pool_threads(const rnncore_pool *pool);

/* Starts all workers now; in a call of another thread, those that it needs are enough.
 * RNNCORE_ERROR_THREAD: the system has refused one, and calls run on the others. */
rnncore_status rnncore_pool_start(rnncore_pool *pool);

/* `worker` is in [0, size), and no two threads of one call have the same: an index for scratch that
 * belongs to the call. */
typedef void (*rnncore_task_fn)(void *arg, int64_t task, int worker);

/* Calls fn(arg, task, worker) once for each task in [0, tasks), in any order, and returns when all
 * are done. The threads claim tasks one by one. All of it runs on the calling thread, as worker 0,
 * when pool is NULL or has one thread, when there is one task, and when the pool is busy with a
 * call of another thread or with the call that this one is made from. */
void rnncore_pool_run(rnncore_pool *pool, int64_t tasks, rnncore_task_fn fn, void *arg);

/* Does share `part` of `parts` of one phase. */
typedef void (*rnncore_phase_fn)(void *arg, int64_t phase, int part, int parts);

/* Runs the phases [0, phases) in order; each begins when the one before is complete and what it
 * wrote can be seen. Within a phase, fn(arg, phase, part, parts) is called once for each part in
 * [0, parts), at the same time where threads are free; 1 <= parts <= max_parts, and it may differ
 * from phase to phase. `parts` is always 1 where rnncore_pool_run would run inline. */
void rnncore_pool_phases(rnncore_pool *pool, int64_t phases, int max_parts, rnncore_phase_fn fn,
                         void *arg);

/* Tasks and parts of phases done so far by one thread of the pool; the caller is worker 0. What ran
 * inline because the pool was busy is not counted. For tests that prove that all threads worked: on
 * a busy machine a worker may be left out for some milliseconds, so let them try again. */
uint64_t rnncore_pool_tasks_done(const rnncore_pool *pool, int worker);

/* Parallel sections so far: calls of the two functions above that gave work to other threads. */
uint64_t rnncore_pool_sections(const rnncore_pool *pool);

#endif
