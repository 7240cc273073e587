/* The thread pool: every task once, phases in order, under all the company it may meet. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_setaffinity */
#endif

#include "core/threads.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "core/platform.h"
#include "core/platform_threads.h"

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>
#endif

#define SECOND UINT64_C(1000000000)
#define MAX_TASKS 300
#define WIDTH 96 /* elements of the array that the phases work on */

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % limit;
}

static rnncore_pool *make_pool(int num_threads)
{
    rnncore_pool *pool = NULL;
    if (rnncore_pool_create(num_threads, &pool) != RNNCORE_OK) {
        fprintf(stderr, "cannot create a pool of %d threads\n", num_threads);
        exit(1);
    }
    rnncore_pool_assume_cpus(pool, num_threads);
    return pool;
}

static void spin_for(uint64_t ns)
{
    uint64_t end = rnncore_clock_ns() + ns;
    while (rnncore_clock_ns() < end) {
        rnncore_cpu_relax();
    }
}

/* ---- one load for each interface; each tells whether the result was right ---- */

typedef struct tally {
    int64_t count[MAX_TASKS]; /* plain: the pool alone keeps the threads apart */
    int size;
    uint32_t work;
    atomic_int bad_worker;
    atomic_int inside[RNNCORE_POOL_MAX_THREADS];
} tally;

static void count_task(void *arg, int64_t task, int worker)
{
    tally *t = arg;
    if (worker < 0 || worker >= t->size || atomic_fetch_add(&t->inside[worker], 1) != 0) {
        atomic_store(&t->bad_worker, 1);
    }
    spin_for(t->work);
    t->count[task] += task + 1;
    atomic_fetch_sub(&t->inside[worker], 1);
}

static int run_is_right(rnncore_pool *pool, int64_t tasks, uint32_t work)
{
    tally *t = calloc(1, sizeof *t);
    int right;
    if (!t) {
        return 0;
    }
    t->size = rnncore_pool_size(pool);
    t->work = work;
    rnncore_pool_run(pool, tasks, count_task, t);
    right = !atomic_load(&t->bad_worker);
    for (int64_t i = 0; i < MAX_TASKS; i++) {
        right = right && t->count[i] == (i < tasks ? i + 1 : 0);
    }
    free(t);
    return right;
}

/* Each phase computes every element from elements of the phase before that other parts own. */
typedef struct relay {
    uint32_t values[2][WIDTH];
    int max_parts;
    uint32_t work;
    atomic_int bad_part;
    _Atomic int64_t shares;
} relay;

static void relay_range(relay *r, int64_t phase, int from, int to)
{
    const uint32_t *before = r->values[phase % 2];
    uint32_t *after = r->values[(phase + 1) % 2];
    for (int i = from; i < to; i++) {
        after[i] = before[i] * 3 + before[(i * 7 + 5) % WIDTH] + (uint32_t)phase;
    }
}

static void relay_part(void *arg, int64_t phase, int part, int parts)
{
    relay *r = arg;
    if (parts < 1 || parts > r->max_parts || part < 0 || part >= parts) {
        atomic_store(&r->bad_part, 1);
        return;
    }
    spin_for(r->work);
    relay_range(r, phase, WIDTH * part / parts, WIDTH * (part + 1) / parts);
    atomic_fetch_add(&r->shares, 1);
}

static int phases_are_right(rnncore_pool *pool, int64_t phases, int max_parts, uint32_t work)
{
    relay r = {.max_parts = max_parts, .work = work}, want = {.max_parts = 1};
    for (uint32_t i = 0; i < WIDTH; i++) {
        r.values[0][i] = want.values[0][i] = i * i + 1;
    }
    rnncore_pool_phases(pool, phases, max_parts, relay_part, &r);
    for (int64_t phase = 0; phase < phases; phase++) {
        relay_range(&want, phase, 0, WIDTH);
    }
    return !atomic_load(&r.bad_part) && atomic_load(&r.shares) >= phases &&
           memcmp(r.values, want.values, sizeof r.values) == 0;
}

static uint64_t all_done(const rnncore_pool *pool)
{
    uint64_t sum = 0;
    for (int i = 0; i < rnncore_pool_size(pool); i++) {
        sum += rnncore_pool_tasks_done(pool, i);
    }
    return sum;
}

/* ---- tests ---- */

static void test_arguments(void)
{
    int unset = 0;
    rnncore_pool *pool = (rnncore_pool *)&unset;
    CHECK(rnncore_pool_create(-1, &pool) == RNNCORE_ERROR_INVALID_ARGUMENT && pool == NULL);
    CHECK(rnncore_pool_create(-3, &pool) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_pool_create(RNNCORE_POOL_MAX_THREADS + 1, &pool) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_pool_create(2, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_pool_size(NULL) == 1);
    CHECK(rnncore_pool_tasks_done(NULL, 0) == 0);
    rnncore_pool_destroy(NULL);
    rnncore_pool_abandon(NULL);
    CHECK(run_is_right(NULL, 10, 0));
    CHECK(phases_are_right(NULL, 10, 4, 0));

    pool = make_pool(3);
    CHECK(rnncore_pool_size(pool) == 3);
    CHECK(run_is_right(pool, 0, 0) && run_is_right(pool, -5, 0));
    CHECK(phases_are_right(pool, 0, 3, 0) && phases_are_right(pool, -5, 3, 0));
    CHECK(all_done(pool) == 0);
    CHECK(rnncore_pool_tasks_done(pool, 3) == 0 && rnncore_pool_tasks_done(pool, -1) == 0);
    CHECK(run_is_right(pool, 1, 0) && phases_are_right(pool, 2, 1, 0));
    CHECK(rnncore_pool_tasks_done(pool, 0) == 3 && all_done(pool) == 3);
    CHECK(rnncore_pool_sections(NULL) == 0 && rnncore_pool_sections(pool) == 0);
    CHECK(run_is_right(pool, 2, 0) && phases_are_right(pool, 7, 2, 0));
    CHECK(rnncore_pool_sections(pool) == 2);
    CHECK(rnncore_pool_useful(NULL) == 1 && rnncore_pool_useful(pool) == 3);
    rnncore_pool_assume_cpus(pool, 1);
    CHECK(rnncore_pool_useful(pool) == 1 && rnncore_pool_size(pool) == 3);
    CHECK(run_is_right(pool, 9, 0) && rnncore_pool_sections(pool) == 2);
    rnncore_pool_assume_cpus(pool, 0);
    CHECK(rnncore_pool_useful(pool) == 1);
    rnncore_pool_destroy(pool);
}

static void test_random_loads(void)
{
    const int sizes[] = {1, 2, 3, 8, 64};
    uint32_t seed = 7;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        rnncore_pool *pool = make_pool(sizes[s]);
        uint64_t expected = 0;
        int right = 1, counted = 1;
        for (int i = 0; i < (sizes[s] > 8 ? 40 : 400); i++) {
            int64_t tasks = random_below(&seed, MAX_TASKS), phases = random_below(&seed, 50);
            int max_parts = 1 + (int)random_below(&seed, (uint32_t)sizes[s] + 2);
            uint32_t work = random_below(&seed, 4) ? 0 : random_below(&seed, 20000);
            right = right && run_is_right(pool, tasks, work);
            expected += (uint64_t)tasks;
            counted = counted && all_done(pool) == expected;
            right = right && phases_are_right(pool, phases, max_parts, work);
            counted = counted && all_done(pool) >= expected + (uint64_t)phases;
            expected = all_done(pool);
            if (random_below(&seed, 20) == 0) {
                spin_for(100000); /* long enough for the workers to fall asleep */
            }
        }
        CHECK(right);
        CHECK(counted);
        rnncore_pool_destroy(pool);
    }
}

/* Two tasks that wait for each other: it takes two threads. Who works is the pool's choice, and on
 * a busy machine it leaves a worker out for a while, so they give up in time and are tried again.
 */
typedef struct meeting {
    atomic_int arrived, missed;
} meeting;

static void meet_task(void *arg, int64_t task, int worker)
{
    meeting *m = arg;
    uint64_t deadline = rnncore_clock_ns() + SECOND / 10;
    (void)task;
    (void)worker;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < 2 && !atomic_load(&m->missed)) {
        if (rnncore_clock_ns() > deadline) {
            atomic_store(&m->missed, 1);
        }
        rnncore_cpu_relax();
    }
}

static void meet_part(void *arg, int64_t phase, int part, int parts)
{
    if (parts == 2) {
        meet_task(arg, phase, part);
    }
}

static int did_meet(const meeting *m)
{
    return atomic_load(&m->arrived) == 2 && !atomic_load(&m->missed);
}

static void test_two_at_once(void)
{
    rnncore_pool *pool = make_pool(2);
    uint64_t deadline = rnncore_clock_ns() + 60 * SECOND;
    int run = 0, phases = 0;
    while (!run && rnncore_clock_ns() < deadline) {
        meeting m = {0};
        rnncore_pool_run(pool, 2, meet_task, &m);
        run = did_meet(&m);
    }
    while (!phases && rnncore_clock_ns() < deadline) {
        meeting m = {0};
        rnncore_pool_phases(pool, 1, 2, meet_part, &m);
        phases = did_meet(&m);
    }
    CHECK(run);
    CHECK(phases);
    CHECK(rnncore_pool_tasks_done(pool, 0) >= 2);
    CHECK(rnncore_pool_tasks_done(pool, 1) >= 2);
    rnncore_pool_destroy(pool);
}

static void short_task(void *arg, int64_t task, int worker)
{
    (void)arg;
    (void)task;
    (void)worker;
    spin_for(100000);
}

static void test_every_thread_works(void)
{
    for (int size = 2; size <= 8; size += 2) {
        rnncore_pool *pool = make_pool(size);
        uint64_t deadline = rnncore_clock_ns() + 60 * SECOND;
        int working = 0;
        while (working < size && rnncore_clock_ns() < deadline) {
            rnncore_pool_run(pool, 4 * size, short_task, NULL);
            working = 0;
            for (int worker = 0; worker < size; worker++) {
                working += rnncore_pool_tasks_done(pool, worker) >= 5;
            }
        }
        CHECK(working == size);
        rnncore_pool_destroy(pool);
    }
}

static rnncore_pool *nested_pool;

static void nested_task(void *arg, int64_t task, int worker)
{
    atomic_int *right = arg;
    (void)task;
    (void)worker;
    if (!run_is_right(nested_pool, 40, 0) || !phases_are_right(nested_pool, 9, 4, 0)) {
        atomic_store(right, 0);
    }
}

static void nested_part(void *arg, int64_t phase, int part, int parts)
{
    (void)part;
    (void)parts;
    nested_task(arg, phase, 0);
}

static void test_nested(void)
{
    atomic_int right = 1;
    nested_pool = make_pool(3);
    rnncore_pool_run(nested_pool, 50, nested_task, &right);
    rnncore_pool_phases(nested_pool, 50, 3, nested_part, &right);
    CHECK(atomic_load(&right));
    rnncore_pool_destroy(nested_pool);
}

typedef struct user {
    rnncore_pool *pool;
    uint32_t seed;
    int right;
} user;

static void use_pool(void *arg)
{
    user *u = arg;
    for (int i = 0; i < 300; i++) {
        u->right = u->right &&
                   run_is_right(u->pool, random_below(&u->seed, 60), random_below(&u->seed, 2000));
        u->right = u->right && phases_are_right(u->pool, random_below(&u->seed, 20), 4, 0);
    }
}

static void test_several_callers(void)
{
    rnncore_pool *pool = make_pool(3);
    rnncore_thread threads[4];
    user users[4];
    for (uint32_t i = 0; i < 4; i++) {
        users[i] = (user){.pool = pool, .seed = i, .right = 1};
        CHECK(rnncore_thread_start(&threads[i], use_pool, &users[i]));
    }
    for (int i = 0; i < 4; i++) {
        rnncore_thread_join(&threads[i]);
        CHECK(users[i].right);
    }
    CHECK(run_is_right(pool, 100, 0)); /* nobody left it busy */
    CHECK(all_done(pool) > 100);
    rnncore_pool_destroy(pool);
}

static void test_lifetime(void)
{
    int right = 1;
    for (int i = 0; i < 300; i++) {
        rnncore_pool *pool = make_pool(1 + i % 5);
        if (i % 3) {
            right = right && run_is_right(pool, i % 20, 0);
        }
        if (i % 50 == 49) {
            spin_for(200000); /* the workers are asleep */
        }
        rnncore_pool_destroy(pool);
    }
    CHECK(right);
}

static void test_idle(void)
{
    rnncore_pool *pool = make_pool(2);
#if defined(__linux__)
    CHECK(run_is_right(pool, 100, 1000));
    struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};
    clock_t before = clock(); /* of all threads */
    nanosleep(&pause, NULL);
    CHECK(clock() - before < CLOCKS_PER_SEC / 10);
#endif
    rnncore_pool_destroy(pool);
}

static void flush_task(void *arg, int64_t task, int worker)
{
    atomic_int *flushing = arg;
    (void)task;
    (void)worker;
    spin_for(10000);
    if (rnncore_fp_flushes(rnncore_fp_get())) {
        atomic_fetch_add(flushing, 1);
    }
}

static void test_flush_to_zero(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
    rnncore_pool *pool = make_pool(2);
    for (int round = 0; round < 3; round++) {
        atomic_int flushing = 0;
        rnncore_pool_run(pool, 100, flush_task, &flushing);
        CHECK(atomic_load(&flushing) == 0);
        rnncore_fp_state before = rnncore_fp_flush_enter();
        rnncore_pool_run(pool, 100, flush_task, &flushing);
        rnncore_fp_flush_leave(before);
        CHECK(atomic_load(&flushing) == 100);
    }
    rnncore_pool_destroy(pool);
#endif
}

static void test_fork(void)
{
#if !defined(_WIN32) && !defined(__SANITIZE_THREAD__) /* it does not follow a fork */
    rnncore_pool *pool = make_pool(3);
    CHECK(run_is_right(pool, 50, 1000));
    for (int i = 0; i < 5; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            rnncore_pool_abandon(pool);
            pool = make_pool(3);
            int right = run_is_right(pool, 50, 1000) && phases_are_right(pool, 20, 3, 0);
            rnncore_pool_destroy(pool);
            _exit(right ? 0 : 1);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(status == 0);
        CHECK(run_is_right(pool, 50, 1000)); /* and the parent goes on */
    }
    rnncore_pool_destroy(pool);
#endif
}

/* In a child whose address space has no room for the stack of a thread. */
static void test_refused_threads(void)
{
#if defined(__linux__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    const struct rlimit none = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        rnncore_pool *pool = make_pool(3), *lucky = make_pool(2);
        rnncore_status before = rnncore_pool_start(lucky);
        setrlimit(RLIMIT_AS, &none);
        void *volatile large = malloc((size_t)64 << 20);
        if (large != NULL) {
            _exit(0); /* an emulator does not heed the limit */
        }
        int right = before == RNNCORE_OK && rnncore_pool_threads(lucky) == 2 &&
                    rnncore_pool_threads(pool) == 3 && run_is_right(pool, 50, 0) &&
                    rnncore_pool_threads(pool) == 1 && rnncore_pool_size(pool) == 3 &&
                    rnncore_pool_start(pool) == RNNCORE_ERROR_THREAD &&
                    phases_are_right(pool, 20, 3, 0) && run_is_right(lucky, 50, 0);
        _exit(right ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(status == 0);
#endif
}

static atomic_int hog_stop;

static void hog(void *arg)
{
#if defined(__linux__)
    cpu_set_t own, last;
    CPU_ZERO(&last);
    if (sched_getaffinity(0, sizeof own, &own) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
            if (CPU_ISSET(cpu, &own)) {
                CPU_ZERO(&last);
                CPU_SET(cpu, &last);
            }
        }
        sched_setaffinity(0, sizeof last, &last);
    }
#endif
    (void)arg;
    while (!atomic_load(&hog_stop)) {
        rnncore_cpu_relax();
    }
}

static void test_hog(void)
{
    rnncore_pool *pool = make_pool(2);
    rnncore_thread thread;
    int right = 1;
    atomic_store(&hog_stop, 0);
    CHECK(rnncore_thread_start(&thread, hog, NULL));
    for (int i = 0; i < 10; i++) {
        right = right && phases_are_right(pool, 1000, 2, 10000);
        right = right && run_is_right(pool, 200, 10000);
    }
    CHECK(right);
    atomic_store(&hog_stop, 1);
    rnncore_thread_join(&thread);
    rnncore_pool_destroy(pool);
}

int main(void)
{
    test_refused_threads(); /* first: libc keeps the stacks of threads that have ended */
    test_arguments();
    test_random_loads();
    test_two_at_once();
    test_every_thread_works();
    test_nested();
    test_several_callers();
    test_lifetime();
    test_idle();
    test_flush_to_zero();
    test_fork();
    test_hog();
    return check_report();
}
