/* The public interface as a C program uses it: contexts, weights, forward passes, and what every
 * call says to bad arguments. */
#include "rnncore.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/cgroups.h"
#include "core/platform.h"
#include "core/testing.h"
#include "problem.h"

static const double TOLERANCE[] = {[RNNCORE_FLOAT32] = 3e-6, [RNNCORE_FLOAT64] = 1e-13};

static void test_names(void)
{
    static const rnncore_status statuses[] = {RNNCORE_OK,
                                              RNNCORE_ERROR_INVALID_ARGUMENT,
                                              RNNCORE_ERROR_OUT_OF_MEMORY,
                                              RNNCORE_ERROR_THREAD,
                                              RNNCORE_ERROR_OVERFLOW,
                                              RNNCORE_ERROR_UNSUPPORTED,
                                              RNNCORE_ERROR_BLAS,
                                              RNNCORE_ERROR_WORKSPACE,
                                              RNNCORE_ERROR_TAPE_STATE,
                                              RNNCORE_ERROR_LENGTHS,
                                              RNNCORE_ERROR_FILE,
                                              RNNCORE_ERROR_MODEL,
                                              RNNCORE_ERROR_SHAPE};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const char *text = rnncore_status_string(statuses[i]);
        CHECK(text != NULL && strlen(text) > 0);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(text, rnncore_status_string(statuses[j])) != 0);
        }
    }
    CHECK(strlen(rnncore_status_string((rnncore_status)4711)) > 0);
    CHECK(RNNCORE_ERROR_TAPE_STATE == 8 && RNNCORE_ERROR_LENGTHS == 20); /* pinned */
    CHECK(RNNCORE_ERROR_FILE == 30 && RNNCORE_ERROR_MODEL == 31 && RNNCORE_ERROR_SHAPE == 32);
    CHECK(strchr(rnncore_version(), '.') != NULL);
    CHECK(strcmp(rnncore_isa_name(RNNCORE_ISA_AVX2), "avx2") == 0);
    CHECK(strcmp(rnncore_isa_name(RNNCORE_ISA_NEON), "neon") == 0);
    const char *unknown = rnncore_isa_name((rnncore_isa)99);
    CHECK(unknown == NULL || strlen(unknown) > 0);
}

static rnncore_status create(size_t struct_size, int32_t threads, int32_t max_isa,
                             rnncore_context **out)
{
    const rnncore_context_options options = {
        .struct_size = struct_size, .num_threads = threads, .max_isa = max_isa};
    return rnncore_context_create(&options, out);
}

static void test_context(void)
{
    const size_t size = sizeof(rnncore_context_options);
    rnncore_context *const untouched = (rnncore_context *)&size;
    rnncore_context *context = untouched;
    CHECK(rnncore_context_create(NULL, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(create(0, 1, -1, &context) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(create(size - 1, 1, -1, &context) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(create(size, -1, -1, &context) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(create(size, 1000000, -1, &context) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(context == untouched);
    rnncore_context_destroy(NULL);
    rnncore_context_abandon(NULL);

    CHECK(rnncore_context_create(NULL, &context) == RNNCORE_OK);
    CHECK(rnncore_context_num_threads(context) == rnncore_usable_cpus());
    rnncore_context_destroy(context);
    CHECK(create(size, 3, OTHER_ISA, &context) == RNNCORE_OK);
    CHECK(rnncore_context_num_threads(context) == 3);
#ifdef __x86_64__
    CHECK(rnncore_context_isa(context) == RNNCORE_ISA_BASELINE);
#endif
    CHECK(rnncore_context_row_steps(context) == 0);
    for (int32_t worker = -1; worker < 5; worker++) {
        CHECK(rnncore_context_tasks_done(context, worker) == 0);
    }
    rnncore_context_destroy(context);
}

static void test_memory(void)
{
    static const size_t sizes[] = {0, 1, 63, 4096, 5 << 20, 33 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *memory = rnncore_alloc(sizes[i]);
        CHECK(memory != NULL && (uintptr_t)memory % 64 == 0);
        memset(memory, 1, sizes[i]);
        CHECK(sizes[i] == 0 || memory[sizes[i] - 1] == 1);
        rnncore_free(memory);
    }
    CHECK(rnncore_alloc(SIZE_MAX) == NULL);
    CHECK(rnncore_alloc(SIZE_MAX / 2) == NULL);
    rnncore_free(NULL);
}

static void test_a_blas_that_is_not_there(void)
{
    rnncore_context *context = NULL;
    const rnncore_context_options options = {sizeof options, 1, -1, "/nonexistent/library.so"};
    CHECK(rnncore_context_create(&options, &context) == RNNCORE_OK); /* loaded when first needed */
    CHECK(strlen(rnncore_context_blas_description(context)) > 0);
    CHECK(strcmp(rnncore_context_blas_description(context), "none") != 0);
    rnncore_context_destroy(context);
}

static rnncore_status weights_with(rnncore_context *context, const problem *p,
                                   const rnncore_layer *layer)
{
    rnncore_weights *const untouched = (rnncore_weights *)(uintptr_t)p;
    rnncore_weights *weights = untouched;
    const rnncore_status status = rnncore_weights_create(
        context, layer, p->arrays[KERNEL], p->arrays[RECURRENT], p->arrays[BIAS], &weights);
    CHECK((status == RNNCORE_OK) == (weights != untouched));
    if (status == RNNCORE_OK) {
        rnncore_weights_destroy(weights);
    }
    return status;
}

static void test_bad_layers(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 2, 3, 2, 4, ALL_STEPS, 0);
    rnncore_weights *weights = NULL;
    const void *kernel = p->arrays[KERNEL], *recurrent = p->arrays[RECURRENT];
#define WITH(field, value)                                                                         \
    do {                                                                                           \
        rnncore_layer layer = p->layer;                                                            \
        layer.field = (value);                                                                     \
        CHECK(weights_with(context, p, &layer) == RNNCORE_ERROR_INVALID_ARGUMENT);                 \
    } while (0)
    WITH(struct_size, 0);
    WITH(struct_size, sizeof(rnncore_layer) - 1);
    WITH(cell, 3);
    WITH(cell, -1);
    WITH(dtype, 2);
    WITH(dtype, -1);
    WITH(input_size, 0);
    WITH(input_size, -1);
    WITH(hidden_size, 0);
    WITH(hidden_size, INT64_MIN);
    WITH(activation, RNNCORE_SOFTMAX);
    WITH(recurrent_activation, -1);
    WITH(recurrent_activation, RNNCORE_SOFTMAX);
    p->layer.training = 0;
    WITH(recurrent_dropout, 1); /* for training only */
    p->layer.training = 1;
#undef WITH
    CHECK(weights_with(context, p, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(weights_with(NULL, p, &p->layer) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(weights_with(context, p, &p->layer) == RNNCORE_OK);
    CHECK(rnncore_weights_create(context, &p->layer, NULL, recurrent, NULL, &weights) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_weights_create(context, &p->layer, kernel, NULL, NULL, &weights) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_weights_create(context, &p->layer, kernel, recurrent, NULL, NULL) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_weights_update(NULL, kernel, recurrent, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(weights == NULL);
    rnncore_weights_destroy(NULL);

    static const int64_t sizes[] = {INT64_MAX,       INT64_MAX / 2,    INT64_MAX / 64,
                                    INT64_MAX / 100, (int64_t)1 << 56, (int64_t)1 << 40,
                                    (int64_t)1 << 31};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        rnncore_layer wide = p->layer, deep = p->layer;
        wide.hidden_size = sizes[i];
        deep.input_size = sizes[i] < (int64_t)1 << 40 ? (int64_t)1 << 45 : sizes[i];
        const rnncore_status w = weights_with(context, p, &wide),
                             d = weights_with(context, p, &deep);
        CHECK(w == RNNCORE_ERROR_OVERFLOW || w == RNNCORE_ERROR_OUT_OF_MEMORY);
        CHECK(d == RNNCORE_ERROR_OVERFLOW || d == RNNCORE_ERROR_OUT_OF_MEMORY);
    }
    problem_free(p);
}

/* The status of both calls that read the batch; `bytes` and the outputs must stay untouched. */
static rnncore_status forward_with(rnncore_context *context, const rnncore_weights *weights,
                                   const rnncore_batch *batch)
{
    size_t bytes = 4711;
    const rnncore_status status = rnncore_forward_workspace_size(context, weights, batch, &bytes);
    CHECK((status == RNNCORE_OK) == (bytes != 4711));
    if (status != RNNCORE_OK) {
        void *workspace = aligned_block(4096);
        CHECK(rnncore_forward(context, weights, batch, workspace, 4096) == status);
        free(workspace);
    }
    return status;
}

static void test_bad_batches(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    rnncore_weights *weights = make_weights(context, p);
    size_t bytes = 0;
#define WITH(field, value, status)                                                                 \
    do {                                                                                           \
        rnncore_batch batch = p->batch;                                                            \
        batch.field = (value);                                                                     \
        CHECK(forward_with(context, weights, &batch) == (status));                                 \
    } while (0)
    WITH(struct_size, 0, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(struct_size, sizeof(rnncore_batch) - 1, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(steps, -1, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(batch, -1, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(batch, INT64_MIN, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(mask, p->mask, RNNCORE_ERROR_INVALID_ARGUMENT);
    WITH(steps, INT64_MAX, RNNCORE_ERROR_OVERFLOW);
    WITH(steps, (int64_t)1 << 32, RNNCORE_ERROR_OVERFLOW);
    WITH(batch, INT64_MAX, RNNCORE_ERROR_OVERFLOW);
    WITH(lengths, ((const int64_t[]){4, -1, 0}), RNNCORE_ERROR_LENGTHS);
    WITH(lengths, ((const int64_t[]){4, 5, 0}), RNNCORE_ERROR_LENGTHS);
    WITH(lengths, ((const int64_t[]){0, 0, INT64_MIN}), RNNCORE_ERROR_LENGTHS);
    WITH(lengths, ((const int64_t[]){INT64_MAX, 0, 0}), RNNCORE_ERROR_LENGTHS);
#undef WITH
    rnncore_batch dense = p->batch;
    dense.lengths = NULL;
    dense.steps = INT32_MAX;
    dense.batch = INT64_MAX / INT32_MAX; /* their product fits, the bytes do not */
    CHECK(forward_with(context, weights, &dense) == RNNCORE_OK ||
          forward_with(context, weights, &dense) == RNNCORE_ERROR_OVERFLOW);
    dense.steps = 0;
    dense.batch = INT64_MAX;
    CHECK(forward_with(context, weights, &dense) == RNNCORE_ERROR_OVERFLOW);
    CHECK(forward_with(NULL, weights, &p->batch) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(forward_with(context, NULL, &p->batch) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(forward_with(context, weights, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_workspace_size(context, weights, &p->batch, NULL) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);

    CHECK(rnncore_forward_workspace_size(context, weights, &p->batch, &bytes) == RNNCORE_OK);
    char *workspace = aligned_block(bytes + 64);
    CHECK(rnncore_forward(context, weights, &p->batch, NULL, bytes) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward(context, weights, &p->batch, workspace, bytes - 1) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward(context, weights, &p->batch, workspace, 0) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward(context, weights, &p->batch, workspace + 8, bytes + 56) ==
          RNNCORE_ERROR_WORKSPACE);
    for (int a = Y; a <= C; a++) {
        for (int64_t i = 0; i < p->count[a]; i++) {
            CHECK(isnan(get(p, a, i))); /* none of the failures has written anything */
        }
    }
    CHECK(rnncore_forward(context, weights, &p->batch, workspace, bytes) == RNNCORE_OK);
    free(workspace);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

static void test_results(rnncore_context *context, rnncore_dtype dtype)
{
    static const int64_t shapes[][4] = {{1, 1, 1, 1}, {3, 5, 2, 4}, {7, 9, 3, 17}, {13, 4, 5, 33}};
    for (int v = 0; v < VARIANTS; v++) {
        for (int i = 0; i < 4 * 3 * 2; i++) {
            const int64_t *s = shapes[i / 6];
            problem *p = problem_make(&variants[v], dtype, s[0], s[1], s[2], s[3],
                                      (enum rows)(i / 2 % 3), i % 2);
            rnncore_weights *weights = make_weights(context, p);
            naive_forward(&p->naive);
            CHECK(run_forward(context, weights, p) == RNNCORE_OK);
            CHECK(agrees(p, Y, TOLERANCE[dtype]));
            CHECK(agrees(p, H, TOLERANCE[dtype]));
            CHECK(p->batch.final_c == NULL || agrees(p, C, TOLERANCE[dtype]));
            rnncore_weights_destroy(weights);
            problem_free(p);
        }
    }
}

/* What is NULL is zeros, or not wanted; strides may be anything. */
static void test_optional_arguments(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    rnncore_weights *weights = NULL;
    CHECK(rnncore_weights_create(context, &p->layer, p->arrays[KERNEL], p->arrays[RECURRENT], NULL,
                                 &weights) == RNNCORE_OK);
    p->naive.bias = p->naive.h0 = p->naive.c0 = NULL;
    naive_forward(&p->naive);
    p->batch.initial_h = p->batch.initial_c = NULL;
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(agrees(p, Y, 1e-13) && agrees(p, H, 1e-13) && agrees(p, C, 1e-13));

    p->batch.final_h = p->batch.final_c = NULL;
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(agrees(p, Y, 1e-13) && isnan(get(p, H, 0)) && isnan(get(p, C, 0)));
    p->batch.y = NULL;
    p->batch.final_h = p->arrays[H];
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(isnan(get(p, Y, 0)) && agrees(p, H, 1e-13));
    rnncore_weights_destroy(weights);
    problem_free(p);
}

static void test_strides(rnncore_context *context, enum rows rows)
{
    enum { B = 3, T = 4, I = 2, N = 5 };
    problem *p = problem_make(&variants[1], RNNCORE_FLOAT32, B, T, I, N, rows, 0);
    rnncore_weights *weights = make_weights(context, p);
    float *x = aligned_block(sizeof(float) * B * T * I), y[3 * B * T * N + 2];
    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t i = 0; i < I; i++) { /* time first, rows and features backwards */
                x[(t * B + B - 1 - b) * I + I - 1 - i] =
                    ((const float *)p->arrays[X])[(b * T + t) * I + i];
            }
        }
    }
    memset(y, 0xff, sizeof y);
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    p->batch.x = x + (B - 1) * I + I - 1;
    p->batch.x_stride_time = B * I;
    p->batch.x_stride_batch = -I;
    p->batch.x_stride_feature = -1;
    p->batch.y = y + 1; /* every third place, features first */
    p->batch.y_stride_batch = 3;
    p->batch.y_stride_time = 3 * B;
    p->batch.y_stride_feature = 3 * B * T;
    float *plain = aligned_block(sizeof(float) * B * T * N);
    memcpy(plain, p->arrays[Y], sizeof(float) * B * T * N);
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    int64_t written = 0;
    for (int64_t i = 0; i < 3 * B * T * N + 2; i++) {
        written += !isnan(y[i]);
    }
    CHECK(written == B * T * N);
    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t u = 0; u < N; u++) {
                CHECK(y[1 + 3 * (b + B * t + B * T * u)] == plain[(b * T + t) * N + u]);
            }
        }
    }
    free(plain);
    free(x);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

static void test_empty_batches(rnncore_context *context)
{
    for (int v = 0; v < VARIANTS; v++) {
        problem *none = problem_make(&variants[v], RNNCORE_FLOAT32, 0, 4, 2, 5, ALL_STEPS, 0);
        problem *still = problem_make(&variants[v], RNNCORE_FLOAT32, 3, 0, 2, 5, ALL_STEPS, 1);
        rnncore_weights *weights = make_weights(context, still);
        CHECK(run_forward(context, weights, none) == RNNCORE_OK);
        CHECK(run_forward(context, weights, still) == RNNCORE_OK);
        naive_forward(&still->naive);
        CHECK(agrees(still, H, 0));
        CHECK(still->batch.final_c == NULL || agrees(still, C, 0));
        rnncore_weights_destroy(weights);
        problem_free(none);
        problem_free(still);
    }
}

static int same_bits(const problem *a, const problem *b, int array)
{
    return memcmp(a->arrays[array], b->arrays[array], element_size(a) * (size_t)a->count[array]) ==
           0;
}

static void test_update(rnncore_context *context)
{
    for (int v = 0; v < VARIANTS; v++) {
        problem *p = problem_make(&variants[v], RNNCORE_FLOAT32, 4, 5, 3, 9, ALL_STEPS, 0);
        problem *q = problem_make(&variants[v], RNNCORE_FLOAT32, 4, 5, 3, 9, ALL_STEPS, 0);
        for (int training = 0; training < 2; training++) {
            p->layer.training = q->layer.training = training;
            for (int64_t i = 0; i < q->count[KERNEL]; i++) {
                set(q, KERNEL, i, -get(p, KERNEL, i));
            }
            set(q, RECURRENT, 3, 0.25);
            set(q, BIAS, q->count[BIAS] - 1, -0.75);
            rnncore_weights *updated = make_weights(context, p), *fresh = make_weights(context, q);
            CHECK(run_forward(context, updated, p) == RNNCORE_OK);
            CHECK(run_forward(context, fresh, q) == RNNCORE_OK);
            CHECK(!same_bits(p, q, Y));
            CHECK(rnncore_weights_update(updated, NULL, q->arrays[RECURRENT], NULL) ==
                  RNNCORE_ERROR_INVALID_ARGUMENT);
            CHECK(rnncore_weights_update(updated, q->arrays[KERNEL], NULL, NULL) ==
                  RNNCORE_ERROR_INVALID_ARGUMENT);
            CHECK(rnncore_weights_update(updated, q->arrays[KERNEL], q->arrays[RECURRENT],
                                         q->arrays[BIAS]) == RNNCORE_OK);
            CHECK(run_forward(context, updated, p) == RNNCORE_OK);
            CHECK(same_bits(p, q, Y));
            rnncore_weights_destroy(updated);
            rnncore_weights_destroy(fresh);
        }
        problem_free(p);
        problem_free(q);
    }
}

/* Two contexts side by side, and one handle of weights for both where their kernels are the same.
 */
static void test_two_contexts(void)
{
    rnncore_context *one = make_context(1, -1), *two = make_context(2, -1);
    rnncore_context *low = make_context(2, OTHER_ISA);
    for (int v = 0; v < VARIANTS; v++) {
        problem *p = problem_make(&variants[v], RNNCORE_FLOAT64, 16, 40, 3, 64, LENGTHS, 0);
        problem *q = problem_make(&variants[v], RNNCORE_FLOAT64, 16, 40, 3, 64, LENGTHS, 0);
        rnncore_weights *weights = make_weights(one, p), *own = make_weights(low, p);
        CHECK(run_forward(one, weights, p) == RNNCORE_OK);
        CHECK(run_forward(two, weights, q) == RNNCORE_OK);
        CHECK(same_bits(p, q, Y) && same_bits(p, q, H));
        naive_forward(&q->naive);
        CHECK(run_forward(low, own, q) == RNNCORE_OK);
        CHECK(agrees(q, Y, 1e-12));
        rnncore_weights_destroy(weights);
        rnncore_weights_destroy(own);
        problem_free(p);
        problem_free(q);
    }
    CHECK(rnncore_context_row_steps(one) == rnncore_context_row_steps(two));
    CHECK(rnncore_context_tasks_done(one, 0) > 0);
    rnncore_context_destroy(one);
    rnncore_context_destroy(two);
    rnncore_context_destroy(low);
}

typedef struct sharer {
    rnncore_context *context;
    const rnncore_weights *weights;
    problem *problem, *expected;
} sharer;

static void *share(void *arg)
{
    const sharer *s = arg;
    for (int i = 0; i < 20; i++) {
        CHECK(run_forward(s->context, s->weights, s->problem) == RNNCORE_OK);
        CHECK(same_bits(s->problem, s->expected, Y));
    }
    return NULL;
}

static void test_threads_share_a_context_and_weights(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    sharer sharers[THREADS];
    rnncore_context *context = make_context(2, -1);
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 16, 20, 3, 60, LENGTHS, 0);
    rnncore_weights *weights = make_weights(context, p);
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    for (int i = 0; i < THREADS; i++) {
        sharers[i] =
            (sharer){context, weights,
                     problem_make(&variants[0], RNNCORE_FLOAT32, 16, 20, 3, 60, LENGTHS, 0), p};
        CHECK(pthread_create(&threads[i], NULL, share, &sharers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        problem_free(sharers[i].problem);
    }
    rnncore_weights_destroy(weights);
    problem_free(p);
    rnncore_context_destroy(context);
}

/* The floating-point mode, without the flags that x86 keeps of every inexact result. */
static rnncore_fp_state mode(void)
{
    return rnncore_fp_get() & ~(rnncore_fp_state)0x3f;
}

/* Whatever the caller's treatment of denormals is, it is the same afterwards. */
static void test_floating_point_mode(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 4, 5, 3, 9, ALL_STEPS, 0);
    rnncore_weights *weights = make_weights(context, p);
    const rnncore_fp_state usual = mode();
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(mode() == usual && !rnncore_fp_flushes(usual));
    p->batch.steps = -1;
    CHECK(run_forward(context, weights, p) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(mode() == usual);
    p->batch.steps = 5;
    rnncore_fp_flush_enter();
    const rnncore_fp_state flushing = mode();
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(mode() == flushing && rnncore_fp_flushes(flushing));
    rnncore_fp_flush_leave(usual);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

int main(void)
{
    rnncore_context *context = make_context(2, -1);
    test_names();
    test_context();
    test_memory();
    test_a_blas_that_is_not_there();
    test_bad_layers(context);
    test_bad_batches(context);
    test_results(context, RNNCORE_FLOAT32);
    test_results(context, RNNCORE_FLOAT64);
    test_optional_arguments(context);
    test_strides(context, ALL_STEPS);
    test_strides(context, LENGTHS);
    test_strides(context, MASK);
    test_empty_batches(context);
    test_update(context);
    test_two_contexts();
    test_threads_share_a_context_and_weights();
    test_floating_point_mode(context);
    rnncore_context_destroy(context);
    return check_report();
}
