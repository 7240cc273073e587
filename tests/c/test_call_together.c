/* Calls that do not depend on each other, side by side: the bits of one after the other, and each
 * call exactly once whatever the number of threads. */
#include <string.h>

#include "check.h"
#include "problem.h"

typedef struct job {
    rnncore_context *context;
    rnncore_weights *weights;
    problem *problem;
    rnncore_status status;
    int calls;
} job;

static void run(void *arg)
{
    job *j = arg;
    j->calls++;
    j->status = run_forward(j->context, j->weights, j->problem);
}

static void test_same_bits(int threads, double flops)
{
    enum { JOBS = 3 };
    rnncore_context *context = make_context(threads, -1);
    job jobs[JOBS];
    void *args[JOBS];
    for (int i = 0; i < JOBS; i++) {
        problem *p = problem_make(&variants[i], RNNCORE_FLOAT32, 8, 30, 5, 48, LENGTHS, i % 2);
        jobs[i] = (job){context, make_weights(context, p), p, RNNCORE_ERROR_THREAD, 0};
        args[i] = &jobs[i];
    }
    CHECK(rnncore_call_together(context, run, args, JOBS, flops) == RNNCORE_OK);
    for (int i = 0; i < JOBS; i++) {
        problem *p = jobs[i].problem;
        const size_t bytes = sizeof(float) * (size_t)p->count[Y];
        float *together = aligned_block(bytes);
        CHECK(jobs[i].status == RNNCORE_OK && jobs[i].calls == 1);
        memcpy(together, p->arrays[Y], bytes);
        CHECK(run_forward(context, jobs[i].weights, p) == RNNCORE_OK);
        CHECK(memcmp(together, p->arrays[Y], bytes) == 0);
        free(together);
        rnncore_weights_destroy(jobs[i].weights);
        problem_free(p);
    }
    rnncore_context_destroy(context);
}

static void test_bad_arguments(void)
{
    rnncore_context *context = make_context(2, -1);
    void *args[1] = {NULL};
    CHECK(rnncore_call_together(NULL, run, args, 1, 1e9) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_call_together(context, NULL, args, 1, 1e9) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_call_together(context, run, NULL, 1, 1e9) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_call_together(context, run, args, -1, 1e9) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_call_together(context, run, NULL, 0, 1e9) == RNNCORE_OK);
    rnncore_context_destroy(context);
}

int main(void)
{
    for (int threads = 1; threads <= 8; threads++) {
        test_same_bits(threads, 1e9);
        test_same_bits(threads, 0);
    }
    test_bad_arguments();
    return check_report();
}
