/* Models and streams as a C program uses them: what every function says to bad arguments, memory
 * that the caller gives, and any number of threads on one model. */
#include "rnncore_model.h"

#include <math.h>

#include "check.h"
#include "core/platform.h"
#include "model_file.h"

#if RNNCORE_THREADS
#include "core/platform_threads.h"
#endif

enum { BATCH = 3, STEPS = 5, X_SIZE = 2, Y_SIZE = 2, X_NUMBERS = BATCH * STEPS * X_SIZE };
enum { Y_NUMBERS = BATCH * STEPS * Y_SIZE };

static rnncore_context *context;

/* ---- allocations that the library makes ------------------------------------------------------ */

#ifdef RNNCORE_WRAPPED /* by the linker, which sends all calls of these functions here */
static atomic_long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(count, size);
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_posix_memalign(out, alignment, size);
}

static long allocated(void)
{
    return atomic_load(&allocations);
}
#else
static long allocated(void)
{
    return 0;
}
#endif

/* ---- numbers --------------------------------------------------------------------------------- */

static void fill(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = (float)(i * 5 % 13) / 8 - 0.5f;
    }
}

static void *workspace_for(const rnncore_model *model, int64_t batch, int64_t steps, size_t *bytes)
{
    CHECK(rnncore_model_workspace_size(model, batch, steps, bytes) == RNNCORE_OK);
    return rnncore_alloc(*bytes);
}

static double squash(double x)
{
    return 1 / (1 + exp(-x));
}

/* The first row of file_lstm by the equations; `file` has the weights one behind the other. */
static void naive_row(const model_file *file, const float *x, double y[STEPS][Y_SIZE])
{
    const float *w = file->number, *u = w + X_SIZE * 12, *b = u + 3 * 12, *v = b + 12,
                *a = v + 3 * Y_SIZE;
    double h[3] = {0}, c[3] = {0}, gate[12];
    for (int t = 0; t < STEPS; t++) {
        for (int j = 0; j < 12; j++) {
            gate[j] = (double)b[j];
            for (int i = 0; i < X_SIZE; i++) {
                gate[j] += (double)(x[t * X_SIZE + i] * w[i * 12 + j]);
            }
            for (int i = 0; i < 3; i++) {
                gate[j] += h[i] * (double)u[i * 12 + j];
            }
        }
        for (int i = 0; i < 3; i++) {
            c[i] = squash(gate[3 + i]) * c[i] + squash(gate[i]) * tanh(gate[6 + i]);
            h[i] = squash(gate[9 + i]) * tanh(c[i]);
        }
        for (int j = 0; j < Y_SIZE; j++) {
            y[t][j] = (double)a[j];
            for (int i = 0; i < 3; i++) {
                y[t][j] += h[i] * (double)v[i * Y_SIZE + j];
            }
            y[t][j] = tanh(y[t][j]);
        }
    }
}

static void test_against_equations(void)
{
    const model_file file = file_lstm(1);
    rnncore_model *model = file_open(context, &file);
    float x[X_NUMBERS], y[Y_NUMBERS];
    double expected[STEPS][Y_SIZE];
    size_t bytes;
    void *workspace = workspace_for(model, BATCH, STEPS, &bytes);
    fill(x, X_NUMBERS);
    CHECK(rnncore_model_run(model, x, BATCH, STEPS, NULL, y, workspace, bytes) == RNNCORE_OK);
    naive_row(&file, x, expected);
    for (int t = 0; t < STEPS; t++) {
        for (int j = 0; j < Y_SIZE; j++) {
            CHECK(fabs((double)y[t * Y_SIZE + j] - expected[t][j]) < 1e-6);
        }
    }
    rnncore_free(workspace);
    rnncore_model_destroy(model);
}

/* ---- what a model says of itself ------------------------------------------------------------- */

static void test_infos(void)
{
    const model_file files[] = {file_lstm(1), file_lstm(0), file_tokens(), file_two()};
    static const int64_t sizes[][2] = {{2, 2}, {2, 2}, {1, 3}, {2, 3}};
    static const int32_t per_step[] = {1, 0, 1, 1}, arrays[] = {1, 1, 1, 2};
    for (int i = 0; i < 4; i++) {
        rnncore_model *model = file_open(context, &files[i]);
        CHECK(rnncore_model_dtype(model) == RNNCORE_FLOAT32);
        CHECK(rnncore_model_input_size(model) == sizes[i][0]);
        CHECK(rnncore_model_output_size(model) == sizes[i][1]);
        CHECK(rnncore_model_output_per_step(model) == per_step[i]);
        CHECK(rnncore_model_can_stream(model) == 1);
        CHECK(rnncore_model_inputs(model) == arrays[i]);
        CHECK(rnncore_model_outputs(model) == arrays[i]);
        rnncore_model_destroy(model);
    }
    CHECK(rnncore_model_dtype(NULL) == 0);
    CHECK(rnncore_model_input_size(NULL) == 0 && rnncore_model_output_size(NULL) == 0);
    CHECK(rnncore_model_output_per_step(NULL) == 0 && rnncore_model_can_stream(NULL) == 0);
    CHECK(rnncore_model_inputs(NULL) == 0 && rnncore_model_outputs(NULL) == 0);
    CHECK(rnncore_stream_state_size(NULL) == 0);
    rnncore_model_destroy(NULL);
    rnncore_stream_destroy(NULL);
}

static void test_array_infos(void)
{
    const model_file file = file_two();
    rnncore_model *model = file_open(context, &file);
    rnncore_array_info info = {.struct_size = sizeof info};
    const int64_t steps[] = {7, 1}, wrong[] = {7, 2}, negative[] = {-1, 1};
    CHECK(rnncore_model_input(model, 0, &info) == RNNCORE_OK);
    CHECK(strcmp(info.name, "x") == 0 && info.type == RNNCORE_FLOAT32 && info.rank == 2);
    CHECK(info.shape[0] == -1 && info.shape[1] == 2 && info.struct_size == sizeof info);
    CHECK(rnncore_model_input(model, 1, &info) == RNNCORE_OK);
    CHECK(strcmp(info.name, "v") == 0 && info.rank == 1 && info.shape[0] == 2);
    CHECK(rnncore_model_output(model, 0, NULL, &info) == RNNCORE_OK);
    CHECK(strcmp(info.name, "y") == 0 && info.shape[0] == -1 && info.shape[1] == 3);
    CHECK(rnncore_model_output(model, 0, steps, &info) == RNNCORE_OK && info.shape[0] == 7);
    CHECK(rnncore_model_output(model, 1, steps, &info) == RNNCORE_OK && info.shape[0] == 1);
    CHECK(rnncore_model_output(model, 0, wrong, &info) == RNNCORE_ERROR_SHAPE);
    CHECK(rnncore_model_output(model, 0, negative, &info) == RNNCORE_ERROR_SHAPE);
    for (int i = -1; i <= 2; i += 3) {
        CHECK(rnncore_model_input(model, i, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
        CHECK(rnncore_model_output(model, i, NULL, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
    }
    CHECK(rnncore_model_input(NULL, 0, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_model_input(model, 0, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_model_output(NULL, 0, NULL, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_model_output(model, 0, NULL, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    static const size_t sizes[] = {0, 8, sizeof info - 1, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        info.struct_size = sizes[i];
        CHECK(rnncore_model_input(model, 0, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
        CHECK(rnncore_model_output(model, 0, NULL, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
    }
    rnncore_model_destroy(model);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void test_run_arguments(void)
{
    const model_file file = file_lstm(1), two = file_two();
    rnncore_model *model = file_open(context, &file), *of_two = file_open(context, &two);
    float x[X_NUMBERS], y[Y_NUMBERS], kept[Y_NUMBERS];
    size_t bytes;
    char *memory = workspace_for(model, BATCH, STEPS, &bytes);
    fill(x, X_NUMBERS);
    fill(y, Y_NUMBERS);
    memcpy(kept, y, sizeof y);
    int64_t lengths[BATCH] = {1, STEPS, 0};
#define RUN(model, x, batch, steps, lengths, y, memory, bytes, expected)                           \
    CHECK(rnncore_model_run(model, x, batch, steps, lengths, y, memory, bytes) == (expected))
    const rnncore_status bad = RNNCORE_ERROR_INVALID_ARGUMENT;
    RUN(NULL, x, BATCH, STEPS, NULL, y, memory, bytes, bad);
    RUN(of_two, x, BATCH, STEPS, NULL, y, memory, bytes, bad);
    RUN(model, NULL, BATCH, STEPS, NULL, y, memory, bytes, bad);
    RUN(model, x, BATCH, STEPS, NULL, NULL, memory, bytes, bad);
    RUN(model, x, -1, STEPS, NULL, y, memory, bytes, bad);
    RUN(model, x, BATCH, -1, NULL, y, memory, bytes, RNNCORE_ERROR_SHAPE);
    RUN(model, x, INT64_MAX, STEPS, NULL, y, memory, bytes, RNNCORE_ERROR_OVERFLOW);
    RUN(model, x, BATCH, INT64_MAX, NULL, y, memory, bytes, RNNCORE_ERROR_OVERFLOW);
    RUN(model, x, BATCH, STEPS, NULL, y, NULL, bytes, RNNCORE_ERROR_WORKSPACE);
    RUN(model, x, BATCH, STEPS, NULL, y, memory, 0, RNNCORE_ERROR_WORKSPACE);
    RUN(model, x, BATCH, STEPS, NULL, y, memory, bytes - 1, RNNCORE_ERROR_WORKSPACE);
    RUN(model, x, BATCH, STEPS, NULL, y, memory + 32, bytes, RNNCORE_ERROR_WORKSPACE);
    RUN(model, x, BATCH, STEPS, NULL, y, memory + 1, bytes, RNNCORE_ERROR_WORKSPACE);
    for (int row = 0; row < BATCH; row++) {
        const int64_t before = lengths[row];
        lengths[row] = STEPS + 1;
        RUN(model, x, BATCH, STEPS, lengths, y, memory, bytes, RNNCORE_ERROR_LENGTHS);
        lengths[row] = -1;
        RUN(model, x, BATCH, STEPS, lengths, y, memory, bytes, RNNCORE_ERROR_LENGTHS);
        lengths[row] = INT64_MIN;
        RUN(model, x, BATCH, STEPS, lengths, y, memory, bytes, RNNCORE_ERROR_LENGTHS);
        lengths[row] = before;
    }
    CHECK(memcmp(y, kept, sizeof y) == 0); /* nothing of it wrote */
    RUN(model, x, 0, STEPS, NULL, y, memory, bytes, RNNCORE_OK);
    RUN(model, x, BATCH, 0, NULL, y, memory, bytes, RNNCORE_OK);
    CHECK(memcmp(y, kept, sizeof y) == 0);
    RUN(model, x, BATCH, STEPS, lengths, y, memory, bytes, RNNCORE_OK);
    for (int64_t row = 0; row < BATCH; row++) { /* zeros behind the lengths, and only there */
        for (int64_t i = 0; i < STEPS * Y_SIZE; i++) {
            CHECK((y[row * STEPS * Y_SIZE + i] == 0) == (i >= lengths[row] * Y_SIZE));
        }
    }
#undef RUN
    CHECK(rnncore_model_workspace_size(NULL, 1, 1, &bytes) == bad);
    CHECK(rnncore_model_workspace_size(of_two, 1, 1, &bytes) == bad);
    CHECK(rnncore_model_workspace_size(model, -1, 1, &bytes) == bad);
    CHECK(rnncore_model_workspace_size(model, 1, -1, &bytes) == RNNCORE_ERROR_SHAPE);
    CHECK(rnncore_model_workspace_size(model, 1, 1, NULL) == bad);
    CHECK(rnncore_model_workspace_size(model, 1, INT64_MAX / 2, &bytes) == RNNCORE_ERROR_OVERFLOW);
    rnncore_free(memory);
    rnncore_model_destroy(model);
    rnncore_model_destroy(of_two);
}

static void test_many_arrays(void)
{
    const model_file file = file_two();
    rnncore_model *model = file_open(context, &file);
    float x[X_NUMBERS], v[BATCH * 2], y[BATCH * STEPS * 3], w[BATCH];
    const int64_t steps[] = {STEPS, 1}, real[] = {1, 2, 3};
    const int64_t *lengths[] = {real, NULL}, *of_vectors[] = {NULL, real};
    const void *given[] = {x, v}, *missing[] = {x, NULL};
    void *to[] = {y, w}, *nowhere[] = {NULL, w};
    size_t bytes;
    fill(x, X_NUMBERS);
    fill(v, BATCH * 2);
    const rnncore_status bad = RNNCORE_ERROR_INVALID_ARGUMENT;
    CHECK(rnncore_model_workspace_size_many(model, BATCH, steps, &bytes) == RNNCORE_OK);
    CHECK(rnncore_model_workspace_size_many(NULL, BATCH, steps, &bytes) == bad);
    CHECK(rnncore_model_workspace_size_many(model, BATCH, NULL, &bytes) == bad);
    CHECK(rnncore_model_workspace_size_many(model, BATCH, steps, NULL) == bad);
    CHECK(rnncore_model_workspace_size_many(model, -1, steps, &bytes) == bad);
    void *memory = rnncore_alloc(bytes);
#define RUN(model, given, steps, lengths, to, expected)                                            \
    CHECK(rnncore_model_run_many(model, given, BATCH, steps, lengths, to, memory, bytes) ==        \
          (expected))
    RUN(NULL, given, steps, NULL, to, bad);
    RUN(model, NULL, steps, NULL, to, bad);
    RUN(model, given, NULL, NULL, to, bad);
    RUN(model, given, steps, NULL, NULL, bad);
    RUN(model, missing, steps, NULL, to, bad);
    RUN(model, given, steps, NULL, nowhere, bad);
    RUN(model, given, steps, of_vectors, to, RNNCORE_ERROR_LENGTHS);
    RUN(model, given, steps, lengths, to, RNNCORE_OK);
    RUN(model, given, steps, NULL, to, RNNCORE_OK);
#undef RUN
    rnncore_stream *stream = NULL;
    CHECK(rnncore_stream_create(model, BATCH, NULL, 0, &stream) == RNNCORE_OK);
    CHECK(rnncore_stream_step(stream, x, y) == bad);
    CHECK(rnncore_stream_run(stream, x, 1, y) == bad);
    CHECK(rnncore_stream_step_many(stream, missing, NULL, to) == bad);
    CHECK(rnncore_stream_step_many(stream, given, NULL, nowhere) == bad);
    CHECK(rnncore_stream_step_many(stream, given, NULL, to) == RNNCORE_OK);
    rnncore_stream_destroy(stream);
    rnncore_free(memory);
    rnncore_model_destroy(model);
}

static void test_tokens(void)
{
    const model_file file = file_tokens();
    rnncore_model *model = file_open(context, &file);
    static const int32_t beyond[] = {-1, 4, INT32_MAX, INT32_MIN};
    int32_t ids[] = {0, 1, 2, 3};
    float y[4 * 3];
    size_t bytes;
    rnncore_stream *stream = NULL;
    void *memory = workspace_for(model, 1, 4, &bytes);
    CHECK(rnncore_stream_create(model, 1, NULL, 0, &stream) == RNNCORE_OK);
    CHECK(rnncore_model_run(model, ids, 1, 4, NULL, y, memory, bytes) == RNNCORE_OK);
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        ids[3] = beyond[i];
        CHECK(rnncore_model_run(model, ids, 1, 4, NULL, y, memory, bytes) ==
              RNNCORE_ERROR_INVALID_ARGUMENT);
        CHECK(rnncore_stream_step(stream, &ids[3], y) == RNNCORE_ERROR_INVALID_ARGUMENT);
        CHECK(rnncore_stream_run(stream, ids, 4, y) == RNNCORE_ERROR_INVALID_ARGUMENT);
    }
    rnncore_stream_destroy(stream);
    rnncore_free(memory);
    rnncore_model_destroy(model);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void test_stream_arguments(void)
{
    const model_file file = file_lstm(1);
    model_file backwards = file;
    backwards.node[1].attributes[4] = 1;
    rnncore_model *model = file_open(context, &file), *whole = file_open(context, &backwards);
    rnncore_stream *const untouched = (rnncore_stream *)(uintptr_t)&file;
    rnncore_stream *stream = untouched;
    size_t bytes;
    const rnncore_status bad = RNNCORE_ERROR_INVALID_ARGUMENT;
    CHECK(rnncore_stream_size(NULL, 1, &bytes) == bad);
    CHECK(rnncore_stream_size(model, 0, &bytes) == bad);
    CHECK(rnncore_stream_size(model, -1, &bytes) == bad);
    CHECK(rnncore_stream_size(model, 1, NULL) == bad);
    CHECK(rnncore_model_can_stream(whole) == 0);
    CHECK(rnncore_stream_size(whole, 1, &bytes) == RNNCORE_ERROR_UNSUPPORTED);
    CHECK(rnncore_stream_size(model, INT64_MAX, &bytes) == RNNCORE_ERROR_OVERFLOW);
    CHECK(rnncore_stream_size(model, BATCH, &bytes) == RNNCORE_OK);
    char *memory = rnncore_alloc(bytes + 64);
    CHECK(rnncore_stream_create(NULL, BATCH, memory, bytes, &stream) == bad);
    CHECK(rnncore_stream_create(model, 0, memory, bytes, &stream) == bad);
    CHECK(rnncore_stream_create(model, BATCH, memory, bytes, NULL) == bad);
    CHECK(rnncore_stream_create(model, BATCH, NULL, 0, NULL) == bad);
    CHECK(rnncore_stream_create(whole, 1, memory, bytes, &stream) == RNNCORE_ERROR_UNSUPPORTED);
    CHECK(rnncore_stream_create(model, BATCH, memory, 0, &stream) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_stream_create(model, BATCH, memory, bytes - 1, &stream) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_stream_create(model, BATCH, memory + 8, bytes, &stream) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(stream == untouched);
    CHECK(rnncore_stream_create(model, BATCH, memory, bytes + 64, &stream) == RNNCORE_OK);
    CHECK(rnncore_stream_state_size(stream) == 6); /* h and c */
    float x[X_NUMBERS], y[Y_NUMBERS], state[6];
    const void *xs[] = {x}, *no_xs[] = {NULL};
    void *ys[] = {y}, *no_ys[] = {NULL};
    fill(x, X_NUMBERS);
    CHECK(rnncore_stream_step(NULL, x, y) == bad);
    CHECK(rnncore_stream_step(stream, NULL, y) == bad);
    CHECK(rnncore_stream_step(stream, x, NULL) == bad);
    CHECK(rnncore_stream_run(NULL, x, STEPS, y) == bad);
    CHECK(rnncore_stream_run(stream, NULL, STEPS, y) == bad);
    CHECK(rnncore_stream_run(stream, x, STEPS, NULL) == bad);
    CHECK(rnncore_stream_run(stream, x, -1, y) == bad);
    CHECK(rnncore_stream_run(stream, NULL, 0, NULL) == RNNCORE_OK);
    CHECK(rnncore_stream_step_many(NULL, xs, NULL, ys) == bad);
    CHECK(rnncore_stream_step_many(stream, NULL, NULL, ys) == bad);
    CHECK(rnncore_stream_step_many(stream, xs, NULL, NULL) == bad);
    CHECK(rnncore_stream_step_many(stream, no_xs, NULL, ys) == bad);
    CHECK(rnncore_stream_step_many(stream, xs, NULL, no_ys) == bad);
    static const int64_t rows[] = {-2, BATCH, INT64_MAX, INT64_MIN};
    for (int i = 0; i < 4; i++) {
        CHECK(rnncore_stream_reset(stream, rows[i]) == bad);
        CHECK(rnncore_stream_get_state(stream, rows[i], state) == bad);
        CHECK(rnncore_stream_set_state(stream, rows[i], state) == bad);
    }
    CHECK(rnncore_stream_get_state(stream, -1, state) == bad);
    CHECK(rnncore_stream_set_state(stream, -1, state) == bad);
    CHECK(rnncore_stream_reset(NULL, 0) == bad);
    CHECK(rnncore_stream_get_state(NULL, 0, state) == bad);
    CHECK(rnncore_stream_get_state(stream, 0, NULL) == bad);
    CHECK(rnncore_stream_set_state(NULL, 0, state) == bad);
    CHECK(rnncore_stream_set_state(stream, 0, NULL) == bad);
    CHECK(rnncore_stream_get_state(stream, 0, state) == RNNCORE_OK);
    for (int i = 0; i < 6; i++) {
        CHECK(state[i] == 0);
    }
    rnncore_stream_destroy(stream);
    rnncore_free(memory);
    rnncore_model_destroy(model);
    rnncore_model_destroy(whole);
}

/* The bits of the whole sequence however it is cut, before and behind resets and moved states. */
static void test_stream_bits(rnncore_stream *stream, const float *x, const float *whole)
{
    float step_x[BATCH * X_SIZE], step_y[BATCH * Y_SIZE], y[Y_NUMBERS], state[6];
    CHECK(rnncore_stream_reset(stream, -1) == RNNCORE_OK);
    CHECK(rnncore_stream_run(stream, x, STEPS, y) == RNNCORE_OK);
    CHECK(memcmp(y, whole, sizeof y) == 0);
    CHECK(rnncore_stream_reset(stream, -1) == RNNCORE_OK);
    for (int t = 0; t < STEPS; t++) {
        for (int row = 0; row < BATCH; row++) {
            memcpy(step_x + row * X_SIZE, x + (row * STEPS + t) * X_SIZE, X_SIZE * sizeof *x);
            CHECK(rnncore_stream_get_state(stream, row, state) == RNNCORE_OK);
            CHECK(rnncore_stream_reset(stream, row) == RNNCORE_OK);
            CHECK(rnncore_stream_set_state(stream, row, state) == RNNCORE_OK);
        }
        const void *xs[] = {step_x};
        void *ys[] = {step_y};
        if (t % 2 == 0) {
            CHECK(rnncore_stream_step(stream, step_x, step_y) == RNNCORE_OK);
        } else { /* the rows one by one */
            for (int row = 0; row < BATCH; row++) {
                uint8_t active[BATCH] = {0};
                active[row] = 1;
                CHECK(rnncore_stream_step_many(stream, xs, active, ys) == RNNCORE_OK);
            }
        }
        for (int row = 0; row < BATCH; row++) {
            CHECK(memcmp(step_y + row * Y_SIZE, whole + (row * STEPS + t) * Y_SIZE,
                         Y_SIZE * sizeof *whole) == 0);
        }
    }
}

/* With memory of the caller and without; and where nothing may allocate, nothing does. */
static void test_streams(void)
{
    const model_file file = file_lstm(1);
    rnncore_model *model = file_open(context, &file);
    float x[X_NUMBERS], y[Y_NUMBERS];
    size_t bytes, stream_bytes;
    void *workspace = workspace_for(model, BATCH, STEPS, &bytes);
    CHECK(rnncore_stream_size(model, BATCH, &stream_bytes) == RNNCORE_OK);
    void *memory = rnncore_alloc(stream_bytes);
    memset(memory, 0xff, stream_bytes);
    fill(x, X_NUMBERS);
    long before = allocated();
    CHECK(rnncore_model_run(model, x, BATCH, STEPS, NULL, y, workspace, bytes) == RNNCORE_OK);
    for (int own = 0; own < 2; own++) {
        rnncore_stream *stream = NULL;
        CHECK(rnncore_stream_create(model, BATCH, own ? NULL : memory, own ? 0 : stream_bytes,
                                    &stream) == RNNCORE_OK);
#ifdef RNNCORE_WRAPPED
        CHECK(allocated() == before + own);
#endif
        before = allocated();
        test_stream_bits(stream, x, y);
        rnncore_stream_destroy(stream);
        CHECK(allocated() == before);
    }
    rnncore_free(memory);
    rnncore_free(workspace);
    rnncore_model_destroy(model);
}

/* ---- one model, many threads ----------------------------------------------------------------- */

#if RNNCORE_THREADS
typedef struct job {
    rnncore_thread thread;
    rnncore_model *model;
    const float *x, *expected;
} job;

static void run_job(void *arg)
{
    const job *j = arg;
    float y[Y_NUMBERS];
    size_t bytes;
    rnncore_array_info info = {.struct_size = sizeof info};
    const int64_t steps = 7;
    for (int round = 0; round < 20; round++) {
        void *workspace = workspace_for(j->model, BATCH, STEPS, &bytes);
        rnncore_stream *stream = NULL;
        CHECK(rnncore_model_output(j->model, 0, &steps, &info) == RNNCORE_OK);
        CHECK(info.shape[0] == steps);
        memset(y, 0, sizeof y);
        CHECK(rnncore_model_run(j->model, j->x, BATCH, STEPS, NULL, y, workspace, bytes) ==
              RNNCORE_OK);
        CHECK(memcmp(y, j->expected, sizeof y) == 0);
        CHECK(rnncore_stream_create(j->model, BATCH, NULL, 0, &stream) == RNNCORE_OK);
        CHECK(rnncore_stream_run(stream, j->x, STEPS, y) == RNNCORE_OK);
        CHECK(memcmp(y, j->expected, sizeof y) == 0);
        rnncore_stream_destroy(stream);
        rnncore_free(workspace);
    }
}

static void test_threads(void)
{
    enum { JOBS = 8 };
    const model_file file = file_lstm(1);
    rnncore_context *shared = file_context(2);
    rnncore_model *model = file_open(shared, &file);
    float x[X_NUMBERS], y[Y_NUMBERS];
    size_t bytes;
    void *workspace = workspace_for(model, BATCH, STEPS, &bytes);
    fill(x, X_NUMBERS);
    CHECK(rnncore_model_run(model, x, BATCH, STEPS, NULL, y, workspace, bytes) == RNNCORE_OK);
    job jobs[JOBS];
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (job){.model = model, .x = x, .expected = y};
        CHECK(rnncore_thread_start(&jobs[i].thread, run_job, &jobs[i]));
    }
    for (int i = 0; i < JOBS; i++) {
        rnncore_thread_join(&jobs[i].thread);
    }
    rnncore_free(workspace);
    rnncore_model_destroy(model);
    rnncore_context_destroy(shared);
}
#else
static void test_threads(void)
{
}
#endif

int main(void)
{
    context = file_context(1);
    test_against_equations();
    test_infos();
    test_array_infos();
    test_run_arguments();
    test_many_arrays();
    test_tokens();
    test_stream_arguments();
    test_streams();
    test_threads();
    rnncore_context_destroy(context);
    return check_report();
}
