/* One word a worker holds the whole protocol:
 *
 *   READY    --caller--> ASSIGNED    a share of work is written beside the word
 *   ASLEEP   --caller--> ASSIGNED    the same, and the caller wakes it
 *   ASSIGNED --worker--> RUNNING     the worker has begun
 *   ASSIGNED --caller--> AWAY        the worker has not: the caller takes the share back
 *   RUNNING  --caller--> AWAITED     the caller sleeps till the worker is done
 *   RUNNING, AWAITED --worker--> READY
 *   AWAY     --worker--> READY       it is back on a core
 *   READY    --worker--> ASLEEP      nothing came for a while
 *   any      --caller--> QUIT        the pool is destroyed
 *
 * Because a share that was not begun is taken back, a worker whose core is held by another process
 * costs nothing until it runs again; only one that is interrupted in the midst of its share must be
 * waited for, and it is then left out for a time that is long against that wait. A worker that the
 * system puts on the caller's own core, because the others are taken, rests for a while too. */

#include "core/threads.h"

#include "core/cgroups.h"
#include "core/platform.h"
#include "core/platform_threads.h"

enum { READY, ASLEEP, ASSIGNED, RUNNING, AWAITED, AWAY, QUIT };

#define SPIN_NS 40000      /* spinning costs less than sleeping when work comes within this time */
#define BLIND_SPINS 64     /* a microsecond or two before the clock is read at all */
#define LATE_NS 200000     /* no core that we have to ourselves is late by this much */
#define PART_SLACK 2       /* parts of a phase are about equal: twice the usual time is late */
#define TASK_SLACK 8       /* one task may be much longer than another */
#define LEFT_OUT_FACTOR 3  /* so such waits take at most a quarter of the time */
#define CROWDED_NS 1000000 /* rest of a worker that got no core but the caller's */

/* One call of the pool. `share` does a part of a phase and returns what it counts as done. */
typedef struct rnncore_job rnncore_job;
struct rnncore_job {
    uint64_t (*share)(rnncore_job *job, int64_t phase, int part, int parts);
    rnncore_phase_fn phase_fn;
    rnncore_task_fn task_fn;
    void *arg;
    int64_t tasks;
    uint64_t started_ns, waited_ns; /* when the call began; how much of it was lost in waiting */
    int flush;                      /* the caller treats denormals as zero */
    _Alignas(64) _Atomic int64_t next_task;
};

typedef struct rnncore_worker {
    _Alignas(64) rnncore_word state;
    int32_t part, parts;
    int64_t phase;
    rnncore_job *job;
    _Atomic uint64_t done;
    atomic_int crowded;      /* it went to sleep because it was on the caller's core */
    uint64_t left_out_until; /* the caller's */
    rnncore_pool *pool;
    rnncore_thread thread;
} rnncore_worker;

struct rnncore_pool {
    _Alignas(64) _Atomic uint32_t busy;
    _Atomic uint64_t caller_done, sections;
    atomic_int caller_cpu; /* where the caller was last seen */
    atomic_int startable;  /* less than size - 1 once the system has refused a thread */
    int size, useful;
    _Atomic uint64_t spin_ns; /* how long a worker waits awake */
    /* What follows belongs to the thread that has set `busy`. */
    int started;             /* workers that exist */
    uint64_t left_out_until; /* the latest of the workers' */
    int chosen[RNNCORE_POOL_MAX_THREADS];
    rnncore_worker workers[];
};

/* ---- the worker ---- */

/* Spins while the state is `now`; returns the state, which is still `now` when the time is up. */
static uint32_t spin_while(rnncore_word *word, uint32_t now, uint64_t spin_ns)
{
    uint64_t start = 0;
    for (uint32_t spins = 1;; spins++) {
        uint32_t state = atomic_load_explicit(&word->value, memory_order_acquire);
        if (state != now) {
            return state;
        }
        if (spins % BLIND_SPINS == 0) {
            uint64_t clock = rnncore_clock_ns();
            if (start == 0) {
                start = clock;
            }
            if (clock - start >= spin_ns) {
                return state;
            }
        }
        rnncore_cpu_relax();
    }
}

/* Changes the state from `from` to `to`; fails when it is no longer `from`. */
static int change(rnncore_word *word, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(&word->value, &from, to);
}

static void work(rnncore_worker *worker)
{
    rnncore_job *job = worker->job;
    rnncore_fp_state before = rnncore_fp_get();
    if (job->flush) {
        rnncore_fp_flush_enter();
    }
    uint64_t done = job->share(job, worker->phase, worker->part, worker->parts);
    rnncore_fp_flush_leave(before);
    atomic_fetch_add_explicit(&worker->done, done, memory_order_relaxed);
}

static uint64_t spin_time(const rnncore_pool *pool)
{
    return atomic_load_explicit(&pool->spin_ns, memory_order_relaxed);
}

/* Returns once the state is not READY. Spinning on the caller's core would only hold up the caller:
 * the system puts a worker there when the others are taken. */
static uint32_t await_work(rnncore_worker *worker)
{
    rnncore_word *word = &worker->state;
    int cpu, crowded;
    uint32_t state = spin_while(word, READY, 0);

    if (state != READY) {
        return state;
    }
    cpu = rnncore_current_cpu();
    crowded =
        cpu >= 0 && cpu == atomic_load_explicit(&worker->pool->caller_cpu, memory_order_relaxed);
    if (!crowded) {
        state = spin_while(word, READY, spin_time(worker->pool));
        if (state != READY) {
            return state;
        }
    }
    atomic_store_explicit(&worker->crowded, crowded, memory_order_relaxed);
    if (change(word, READY, ASLEEP)) {
        while (atomic_load(&word->value) == ASLEEP) {
            rnncore_word_wait(word, ASLEEP);
        }
    }
    return atomic_load(&word->value);
}

static void worker_main(void *arg)
{
    rnncore_worker *worker = arg;
    rnncore_word *word = &worker->state;

    for (;;) {
        switch (await_work(worker)) {
        case ASSIGNED:
            if (change(word, ASSIGNED, RUNNING)) {
                work(worker);
                if (atomic_exchange(&word->value, READY) == AWAITED) {
                    rnncore_word_wake(word);
                }
            }
            break;
        case AWAY:
            change(word, AWAY, READY);
            break;
        case QUIT:
            return;
        }
    }
}

/* ---- the caller ---- */

static void start_workers(rnncore_pool *pool, int wanted)
{
    while (pool->started < atomic_load(&pool->startable) && pool->started < wanted) {
        rnncore_worker *worker = &pool->workers[pool->started];
        if (!rnncore_word_init(&worker->state, READY)) {
            atomic_store(&pool->startable, pool->started);
        } else if (!rnncore_thread_start(&worker->thread, worker_main, worker)) {
            rnncore_word_destroy(&worker->state);
            atomic_store(&pool->startable, pool->started);
        } else {
            pool->started++;
        }
    }
}

rnncore_status rnncore_pool_start(rnncore_pool *pool)
{
    if (!atomic_exchange_explicit(&pool->busy, 1, memory_order_acquire)) {
        start_workers(pool, pool->size - 1);
        atomic_store_explicit(&pool->busy, 0, memory_order_release);
    }
    return rnncore_pool_threads(pool) < pool->size ? RNNCORE_ERROR_THREAD : RNNCORE_OK;
}

static void leave_out(rnncore_pool *pool, rnncore_worker *worker, uint64_t until)
{
    worker->left_out_until = until;
    if (until > pool->left_out_until) {
        pool->left_out_until = until;
    }
}

/* Whether the worker can be given work. Only the caller moves a worker out of READY and ASLEEP, so
 * this stays true till it does. */
static int is_free(rnncore_pool *pool, rnncore_worker *worker)
{
    uint32_t state = atomic_load_explicit(&worker->state.value, memory_order_acquire);
    if (state != READY && state != ASLEEP) {
        return 0;
    }
    if (state == ASLEEP && atomic_load_explicit(&worker->crowded, memory_order_relaxed)) {
        atomic_store_explicit(&worker->crowded, 0, memory_order_relaxed);
        leave_out(pool, worker, rnncore_clock_ns() + CROWDED_NS);
    }
    return pool->left_out_until == 0 || rnncore_clock_ns() >= worker->left_out_until;
}

/* Lists up to `wanted` workers that are free. */
static int choose_workers(rnncore_pool *pool, int wanted)
{
    int count = 0;
    if (pool->left_out_until != 0 && rnncore_clock_ns() >= pool->left_out_until) {
        pool->left_out_until = 0;
    }
    for (int i = 0; i < pool->started && count < wanted; i++) {
        if (is_free(pool, &pool->workers[i])) {
            pool->chosen[count++] = i;
        }
    }
    return count;
}

static void assign(rnncore_worker *worker, rnncore_job *job, int64_t phase, int part, int parts)
{
    worker->job = job;
    worker->phase = phase;
    worker->part = part;
    worker->parts = parts;
    if (atomic_exchange(&worker->state.value, ASSIGNED) == ASLEEP) {
        atomic_store_explicit(&worker->pool->caller_cpu, rnncore_current_cpu(),
                              memory_order_relaxed);
        rnncore_word_wake(&worker->state);
    }
}

/* Returns when the worker is done with its share, one of `shares` in a row. */
static void wait_for(rnncore_pool *pool, rnncore_worker *worker, rnncore_job *job, int64_t shares)
{
    rnncore_word *word = &worker->state;
    uint64_t start, waited, pace;

    if (spin_while(word, RUNNING, 0) != RUNNING) {
        return;
    }
    start = rnncore_clock_ns();
    if (spin_while(word, RUNNING, spin_time(pool)) == RUNNING && change(word, RUNNING, AWAITED)) {
        while (atomic_load(&word->value) == AWAITED) {
            rnncore_word_wait(word, AWAITED);
        }
    }

    waited = rnncore_clock_ns() - start;
    pace = (start - job->started_ns - job->waited_ns) / (uint64_t)shares;
    job->waited_ns += waited;
    if (waited > LATE_NS && waited > (job->tasks > 0 ? TASK_SLACK : PART_SLACK) * pace) {
        leave_out(pool, worker, start + (LEFT_OUT_FACTOR + 1) * waited);
    }
}

/* Does one phase; returns what the caller itself did. */
static uint64_t run_phase(rnncore_pool *pool, rnncore_job *job, int64_t phase, int max_parts)
{
    int others = choose_workers(pool, max_parts - 1);
    int parts = others + 1;
    int patience = 1;
    uint64_t done;

    for (int i = 0; i < others; i++) {
        assign(&pool->workers[pool->chosen[i]], job, phase, i + 1, parts);
    }
    done = job->share(job, phase, 0, parts);
    for (int i = 0; i < others; i++) {
        rnncore_word *word = &pool->workers[pool->chosen[i]].state;
        /* Those who have only just been told deserve a moment, but all of them the same one. */
        if (patience) {
            patience = spin_while(word, ASSIGNED, 0) != ASSIGNED;
        }
        if (change(word, ASSIGNED, AWAY)) {
            done += job->share(job, phase, i + 1, parts);
        }
    }
    for (int i = 0; i < others; i++) {
        wait_for(pool, &pool->workers[pool->chosen[i]], job, phase + 1);
    }
    return done;
}

static uint64_t share_phase(rnncore_job *job, int64_t phase, int part, int parts)
{
    job->phase_fn(job->arg, phase, part, parts);
    return 1;
}

static uint64_t share_tasks(rnncore_job *job, int64_t phase, int part, int parts)
{
    uint64_t done = 0;
    int64_t task;
    (void)phase;
    (void)parts;
    while ((task = atomic_fetch_add_explicit(&job->next_task, 1, memory_order_relaxed)) <
           job->tasks) {
        job->task_fn(job->arg, task, part);
        done++;
    }
    return done;
}

/* Runs the phases with the workers, or returns 0 at once when the pool is busy. */
static int run_job(rnncore_pool *pool, rnncore_job *job, int64_t phases, int max_parts)
{
    uint64_t done = 0;
    if (atomic_exchange_explicit(&pool->busy, 1, memory_order_acquire)) {
        return 0;
    }
    atomic_fetch_add_explicit(&pool->sections, 1, memory_order_relaxed);
    job->started_ns = rnncore_clock_ns();
    atomic_store_explicit(&pool->caller_cpu, rnncore_current_cpu(), memory_order_relaxed);
    job->flush = rnncore_fp_flushes(rnncore_fp_get());
    start_workers(pool, max_parts - 1);
    for (int64_t phase = 0; phase < phases; phase++) {
        done += run_phase(pool, job, phase, max_parts);
    }
    atomic_fetch_add_explicit(&pool->caller_done, done, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, 0, memory_order_release);
    return 1;
}

void rnncore_pool_run(rnncore_pool *pool, int64_t tasks, rnncore_task_fn fn, void *arg)
{
    int size = rnncore_pool_useful(pool);
    if (size > 1 && tasks > 1) {
        rnncore_job job = {.share = share_tasks, .task_fn = fn, .arg = arg, .tasks = tasks};
        atomic_init(&job.next_task, 0);
        if (run_job(pool, &job, 1, tasks < size ? (int)tasks : size)) {
            return;
        }
    } else if (pool && tasks > 0) {
        atomic_fetch_add_explicit(&pool->caller_done, (uint64_t)tasks, memory_order_relaxed);
    }
    for (int64_t task = 0; task < tasks; task++) {
        fn(arg, task, 0);
    }
}

void rnncore_pool_phases(rnncore_pool *pool, int64_t phases, int max_parts, rnncore_phase_fn fn,
                         void *arg)
{
    int size = rnncore_pool_useful(pool);
    if (size > 1 && max_parts > 1 && phases > 0) {
        rnncore_job job = {.share = share_phase, .phase_fn = fn, .arg = arg};
        if (run_job(pool, &job, phases, max_parts < size ? max_parts : size)) {
            return;
        }
    } else if (pool && phases > 0) {
        atomic_fetch_add_explicit(&pool->caller_done, (uint64_t)phases, memory_order_relaxed);
    }
    for (int64_t phase = 0; phase < phases; phase++) {
        fn(arg, phase, 0, 1);
    }
}

/* ---- the pool ---- */

rnncore_status rnncore_pool_create(int num_threads, rnncore_pool **out)
{
    rnncore_pool *pool;
    size_t workers;

    if (!out) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    *out = NULL;
    if (num_threads < 0 || num_threads > RNNCORE_POOL_MAX_THREADS) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (num_threads == 0) {
        const int cpus = rnncore_usable_cpus();
        num_threads = cpus < RNNCORE_POOL_MAX_THREADS ? cpus : RNNCORE_POOL_MAX_THREADS;
    }
    workers = (size_t)num_threads - 1;
    pool = rnncore_aligned_alloc(1, sizeof *pool + workers * sizeof pool->workers[0]);
    if (!pool) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }

    atomic_init(&pool->busy, 0);
    atomic_init(&pool->caller_done, 0);
    atomic_init(&pool->sections, 0);
    atomic_init(&pool->caller_cpu, -1);
    pool->size = num_threads;
    pool->started = 0;
    atomic_init(&pool->startable, num_threads - 1);
    rnncore_pool_assume_cpus(pool, rnncore_usable_cpus());
    pool->left_out_until = 0;
    for (size_t i = 0; i < workers; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].left_out_until = 0;
        atomic_init(&pool->workers[i].done, 0);
        atomic_init(&pool->workers[i].crowded, 0);
    }
    *out = pool;
    return RNNCORE_OK;
}

void rnncore_pool_destroy(rnncore_pool *pool)
{
    if (!pool) {
        return;
    }
    for (int i = 0; i < pool->started; i++) {
        if (atomic_exchange(&pool->workers[i].state.value, QUIT) == ASLEEP) {
            rnncore_word_wake(&pool->workers[i].state);
        }
    }
    for (int i = 0; i < pool->started; i++) {
        rnncore_thread_join(&pool->workers[i].thread);
        rnncore_word_destroy(&pool->workers[i].state);
    }
    rnncore_aligned_free(pool);
}

void rnncore_pool_abandon(rnncore_pool *pool)
{
    rnncore_aligned_free(pool);
}

int rnncore_pool_size(const rnncore_pool *pool)
{
    return pool ? pool->size : 1;
}

int rnncore_pool_useful(const rnncore_pool *pool)
{
    return pool ? pool->useful : 1;
}

void rnncore_pool_assume_cpus(rnncore_pool *pool, int cpus)
{
    pool->useful = cpus < 1 ? 1 : pool->size < cpus ? pool->size : cpus;
    /* With more threads than cores a spinning one stands in the way of one that has work. */
    atomic_store_explicit(&pool->spin_ns, pool->useful <= rnncore_usable_cpus() ? SPIN_NS : 0,
                          memory_order_relaxed);
}

int rnncore_pool_threads(const rnncore_pool *pool)
{
    return atomic_load(&pool->startable) + 1;
}

uint64_t rnncore_pool_tasks_done(const rnncore_pool *pool, int worker)
{
    if (!pool || worker < 0 || worker >= pool->size) {
        return 0;
    }
    return atomic_load_explicit(worker == 0 ? &pool->caller_done : &pool->workers[worker - 1].done,
                                memory_order_relaxed);
}

uint64_t rnncore_pool_sections(const rnncore_pool *pool)
{
    return pool ? atomic_load_explicit(&pool->sections, memory_order_relaxed) : 0;
}
