/* libFuzzer: the bytes are a model file. What opens is asked everything and run, whole and as a
 * stream, in arrays of exactly the stated sizes. Beside what sanitizers see it must hold that
 * results depend on nothing but the row and its steps: not on what memory held before, on the other
 * rows of the batch, or on how a stream is cut. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnncore_model.h"
#include "runtime/single.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MOST_ARRAYS = 16,
    MOST_NUMBERS = 1 << 11, /* of an input or output */
    MOST_BYTES = 1 << 17,   /* of a workspace or a stream: small files that ask for more are left */
    BATCH = 3,
    STEPS = 5
};

#define REQUIRE(condition) require((condition) ? 1 : 0, #condition, __LINE__)

static void require(int holds, const char *text, int line)
{
    if (!holds) {
        fprintf(stderr, "fuzz_model.c:%d: expected %s\n", line, text);
        abort();
    }
}

/* Blocks of exactly so many bytes, behind and in front of which a sanitizer watches; of none there
 * is one all the same, for the library takes no NULL. */
static void *block(size_t bytes)
{
    void *memory = NULL;
#ifdef _WIN32
    memory = _aligned_malloc(bytes > 0 ? bytes : 1, 64);
#else
    if (posix_memalign(&memory, 64, bytes > 0 ? bytes : 1) != 0) {
        memory = NULL;
    }
#endif
    REQUIRE(memory != NULL);
    return memory;
}

static void release(void *memory)
{
#ifdef _WIN32
    _aligned_free(memory);
#else
    free(memory);
#endif
}

/* ---- arrays of a model ----------------------------------------------------------------------- */

typedef struct arrays {
    int32_t count;
    rnncore_array_info info[MOST_ARRAYS];
    size_t row[MOST_ARRAYS]; /* bytes */
    int64_t steps[MOST_ARRAYS];
    void *data[MOST_ARRAYS];
} arrays;

static size_t element(const rnncore_array_info *info)
{
    return info->type == RNNCORE_FLOAT64 ? 8 : 4;
}

/* Bytes of a row; 0 with *fits = 0 if it is unknown or too large. */
static size_t row_bytes(const rnncore_array_info *info, int64_t steps, int *fits)
{
    int64_t numbers = 1;
    for (int32_t axis = 0; axis < info->rank; axis++) {
        const int64_t length = info->shape[axis] < 0 ? steps : info->shape[axis];
        if (length < 0 || length > MOST_NUMBERS || numbers * length > MOST_NUMBERS) {
            *fits = 0;
            return 0;
        }
        numbers *= length;
    }
    return (size_t)numbers * element(info);
}

static int has_steps(const rnncore_array_info *info)
{
    return info->rank > (info->type == RNNCORE_INT32 ? 0 : 1) ||
           (info->rank == 1 && info->shape[0] < 0);
}

/* The steps that an input takes, where it leaves them open `steps`. */
static int64_t steps_of(const rnncore_array_info *info, int64_t steps)
{
    for (int32_t axis = 0; axis < info->rank; axis++) {
        if (info->shape[axis] < 0) {
            return steps;
        }
    }
    return has_steps(info) ? info->shape[0] : 1;
}

/* Numbers of no pattern, among them zeros, large ones, infinities and NaN; the same for a row
 * whatever stands around it. Ids are small. */
static void fill(void *data, const rnncore_array_info *info, size_t bytes, int wild)
{
    const size_t numbers = bytes / element(info);
    uint32_t state = 12345;
    for (size_t i = 0; i < numbers; i++) {
        state = state * 1664525u + 1013904223u;
        const uint32_t bits = state >> 16;
        double x = (double)bits / 16384.0 - 2.0;
        if (bits % 8 == 0) {
            x = 0;
        } else if (wild && bits % 64 == 1) {
            x = (bits & 64) != 0 ? 1e30 : -1e300 * 1e300;
        } else if (wild && bits % 64 == 2) {
            x = -(1e300 * 1e300 - 1e300 * 1e300);
        }
        if (info->type == RNNCORE_INT32) {
            ((int32_t *)data)[i] = (int32_t)(bits % (wild ? 7 : 3)) - (wild && bits % 512 == 5);
        } else if (info->type == RNNCORE_FLOAT64) {
            ((double *)data)[i] = x;
        } else {
            ((float *)data)[i] = (float)x;
        }
    }
}

static void free_arrays(arrays *a)
{
    for (int32_t i = 0; i < a->count; i++) {
        release(a->data[i]);
    }
    a->count = 0;
}

/* The same numbers; all NaN are alike, for which of them comes out is the compiler's choice. */
static int same(const void *a, const void *b, size_t bytes, int32_t type)
{
    if (memcmp(a, b, bytes) == 0) {
        return 1;
    }
    if (type == RNNCORE_INT32) {
        return 0;
    }
    for (size_t at = 0; at < bytes; at += type == RNNCORE_FLOAT64 ? 8 : 4) {
        double x, y;
        if (type == RNNCORE_FLOAT64) {
            memcpy(&x, (const char *)a + at, sizeof x);
            memcpy(&y, (const char *)b + at, sizeof y);
        } else {
            float narrow[2];
            memcpy(&narrow[0], (const char *)a + at, sizeof narrow[0]);
            memcpy(&narrow[1], (const char *)b + at, sizeof narrow[1]);
            x = (double)narrow[0];
            y = (double)narrow[1];
        }
        if (!(x == y || (x != x && y != y))) {
            return 0;
        }
    }
    return 1;
}

/* ---- what a model says of itself ------------------------------------------------------------- */

static int32_t bounded(int32_t count)
{
    return count < MOST_ARRAYS ? count : MOST_ARRAYS;
}

static void ask(const rnncore_model *model)
{
    rnncore_array_info info = {.struct_size = sizeof info};
    const int32_t inputs = rnncore_model_inputs(model), outputs = rnncore_model_outputs(model);
    REQUIRE(inputs >= 1 && outputs >= 1);
    REQUIRE(rnncore_model_dtype(model) <= RNNCORE_FLOAT64);
    REQUIRE(rnncore_model_input_size(model) >= -1 && rnncore_model_output_size(model) >= -1);
    REQUIRE(rnncore_model_output_per_step(model) >> 1 == 0);
    for (int32_t i = 0; i < inputs; i++) {
        REQUIRE(rnncore_model_input(model, i, &info) == RNNCORE_OK);
        REQUIRE(info.rank >= 0 && info.rank <= 8 && strlen(info.name) < SIZE_MAX);
    }
    for (int32_t i = 0; i < outputs; i++) {
        REQUIRE(rnncore_model_output(model, i, NULL, &info) == RNNCORE_OK);
        REQUIRE(info.rank >= 0 && info.rank <= 8 && strlen(info.name) < SIZE_MAX);
    }
    REQUIRE(rnncore_model_input(model, inputs, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
    REQUIRE(rnncore_model_output(model, outputs, NULL, &info) == RNNCORE_ERROR_INVALID_ARGUMENT);
}

/* ---- whole sequences ------------------------------------------------------------------------- */

/* The inputs of a batch with so many steps; 0 if they are too large to try. */
static int make_inputs(const rnncore_model *model, int64_t batch, int64_t steps, int wild,
                       arrays *x)
{
    const int32_t count = rnncore_model_inputs(model);
    int fits = count <= MOST_ARRAYS;
    *x = (arrays){.count = 0};
    for (int32_t i = 0; fits && i < count; i++) {
        rnncore_array_info *info = &x->info[i];
        info->struct_size = sizeof *info;
        REQUIRE(rnncore_model_input(model, i, info) == RNNCORE_OK);
        x->steps[i] = steps_of(info, steps);
        x->row[i] = row_bytes(info, x->steps[i], &fits);
        if (fits) {
            x->data[i] = block(x->row[i] * (size_t)batch);
            fill(x->data[i], info, x->row[i] * (size_t)batch, wild);
            x->count = i + 1;
        }
    }
    if (!fits) {
        free_arrays(x);
    }
    return fits;
}

static int make_outputs(const rnncore_model *model, int64_t batch, const int64_t *steps, arrays *y)
{
    const int32_t count = rnncore_model_outputs(model);
    int fits = count <= MOST_ARRAYS;
    *y = (arrays){.count = 0};
    for (int32_t i = 0; fits && i < count; i++) {
        rnncore_array_info *info = &y->info[i];
        info->struct_size = sizeof *info;
        fits = rnncore_model_output(model, i, steps, info) == RNNCORE_OK;
        y->row[i] = fits ? row_bytes(info, -1, &fits) : 0;
        if (fits) {
            y->data[i] = block(y->row[i] * (size_t)batch);
            y->count = i + 1;
        }
    }
    if (!fits) {
        free_arrays(y);
    }
    return fits;
}

/* Runs in memory that held `garbage`. */
static rnncore_status run(const rnncore_model *model, const arrays *x, int64_t batch,
                          const int64_t *const *lengths, arrays *y, int garbage)
{
    size_t bytes;
    rnncore_status status = rnncore_model_workspace_size_many(model, batch, x->steps, &bytes);
    if (status != RNNCORE_OK || bytes > MOST_BYTES) {
        return status == RNNCORE_OK ? RNNCORE_ERROR_OUT_OF_MEMORY : status;
    }
    void *workspace = block(bytes);
    memset(workspace, garbage, bytes);
    for (int32_t i = 0; i < y->count; i++) {
        memset(y->data[i], garbage, y->row[i] * (size_t)batch);
    }
    status = rnncore_model_run_many(model, (const void *const *)x->data, batch, x->steps, lengths,
                                    y->data, workspace, bytes);
    release(workspace);
    REQUIRE(status == RNNCORE_OK || status == RNNCORE_ERROR_INVALID_ARGUMENT);
    return status;
}

static void compare_rows(const arrays *y, const arrays *other, size_t rows)
{
    for (int32_t i = 0; i < y->count; i++) {
        REQUIRE(y->row[i] == other->row[i]);
        REQUIRE(same(y->data[i], other->data[i], y->row[i] * rows, y->info[i].type));
    }
}

/* The whole batch in memory with other garbage, and the first row by itself. With lengths that one
 * may differ in its padding: whether a mask is still one of lengths depends on all rows, as in
 * Python. */
static void check_rows(const rnncore_model *model, const arrays *x, int64_t batch,
                       const int64_t *const *lengths, const arrays *y)
{
    const int64_t counts[] = {batch, 1};
    for (int i = 0; i < (lengths == NULL ? 2 : 1); i++) {
        arrays again;
        if (make_outputs(model, counts[i], x->steps, &again)) {
            if (run(model, x, counts[i], lengths, &again, 0xff) == RNNCORE_OK) {
                compare_rows(y, &again, (size_t)counts[i]);
            }
            free_arrays(&again);
        }
    }
}

static void try_batch(const rnncore_model *model, int64_t batch, int64_t steps, int with_lengths,
                      int wild)
{
    arrays x, y;
    int64_t real[MOST_ARRAYS][BATCH];
    const int64_t *lengths[MOST_ARRAYS] = {NULL};
    if (!make_inputs(model, batch, steps, wild, &x)) {
        return;
    }
    for (int32_t i = 0; i < x.count; i++) {
        const int64_t most = x.info[i].shape[0] < 0 ? x.steps[i] : x.info[i].shape[0];
        real[i][0] = (most + 1) / 2;
        real[i][1] = most;
        real[i][2] = 0;
        lengths[i] = has_steps(&x.info[i]) ? real[i] : NULL;
    }
    if (make_outputs(model, batch, x.steps, &y)) {
        const int64_t *const *given = with_lengths ? lengths : NULL;
        if (run(model, &x, batch, given, &y, 0) == RNNCORE_OK && batch > 0) {
            check_rows(model, &x, batch, given, &y);
        }
        free_arrays(&y);
    }
    free_arrays(&x);
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Copies the steps [first, first + some) of all rows. */
static void cut(void *to, const arrays *a, int32_t i, int64_t batch, int64_t steps, int64_t first,
                int64_t some)
{
    const size_t step = a->row[i] / (size_t)steps, bytes = (size_t)some * step;
    for (int64_t row = 0; row < batch; row++) {
        const char *from = (const char *)a->data[i] + (size_t)row * a->row[i];
        memcpy((char *)to + (size_t)row * bytes, from + (size_t)first * step, bytes);
    }
}

/* A model of one input and one output: a step, then all others at once. Outputs of the sequence so
 * far stand one behind the other, of which the last is that of the whole. */
static void run_single(rnncore_stream *stream, const arrays *x, const arrays *y, int64_t batch,
                       int64_t steps, int per_step)
{
    const int32_t type = y->info[0].type;
    const size_t step = per_step ? y->row[0] / (size_t)steps : y->row[0];
    const int64_t cuts[] = {0, 1, steps};
    for (int i = 0; i < 2; i++) {
        const int64_t first = cuts[i], some = cuts[i + 1] - cuts[i];
        char *from = block(x->row[0] * (size_t)batch);
        char *to = block(step * (size_t)(some * batch)),
             *expected = block(y->row[0] * (size_t)batch);
        cut(from, x, 0, batch, steps, first, some);
        REQUIRE((some == 1 ? rnncore_stream_step(stream, from, to)
                           : rnncore_stream_run(stream, from, some, to)) == RNNCORE_OK);
        if (per_step) {
            cut(expected, y, 0, batch, steps, first, some);
            REQUIRE(same(to, expected, step * (size_t)(some * batch), type));
        }
        for (int64_t row = 0; row < batch && !per_step && i == 1; row++) {
            REQUIRE(same(to + (size_t)((row + 1) * some - 1) * step,
                         (char *)y->data[0] + (size_t)row * step, step, type));
        }
        release(from);
        release(to);
        release(expected);
    }
}

/* Any model, step by step; inputs without steps come with each. */
static void run_many(const rnncore_model *model, rnncore_stream *stream, const arrays *x,
                     const arrays *y, int64_t batch, int64_t steps)
{
    void *from[MOST_ARRAYS], *to[MOST_ARRAYS], *expected[MOST_ARRAYS];
    for (int32_t i = 0; i < x->count; i++) {
        from[i] = block(x->row[i] * (size_t)batch);
        memcpy(from[i], x->data[i], x->row[i] * (size_t)batch);
    }
    for (int32_t i = 0; i < y->count; i++) {
        to[i] = block(y->row[i] * (size_t)batch);
        expected[i] = block(y->row[i] * (size_t)batch);
    }
    for (int64_t t = 0; t < steps; t++) {
        for (int32_t i = 0; i < x->count; i++) {
            if (has_steps(&x->info[i])) {
                cut(from[i], x, i, batch, steps, t, 1);
            }
        }
        REQUIRE(rnncore_stream_step_many(stream, (const void *const *)from, NULL, to) ==
                RNNCORE_OK);
        for (int32_t i = 0; i < y->count; i++) {
            const size_t bytes = y->row[i] * (size_t)batch;
            if (rnncore_model_output_streams(model, i)) {
                cut(expected[i], y, i, batch, steps, t, 1);
                REQUIRE(same(to[i], expected[i], bytes / (size_t)steps, y->info[i].type));
            } else if (t == steps - 1) {
                REQUIRE(same(to[i], y->data[i], bytes, y->info[i].type));
            }
        }
    }
    for (int32_t i = 0; i < x->count; i++) {
        release(from[i]);
    }
    for (int32_t i = 0; i < y->count; i++) {
        release(to[i]);
        release(expected[i]);
    }
}

/* The steps that all inputs with steps have; 0 if they differ or are too few or many. */
static int64_t common_steps(const arrays *x)
{
    int64_t steps = 0;
    for (int32_t i = 0; i < x->count; i++) {
        if (has_steps(&x->info[i])) {
            if ((steps > 0 && x->steps[i] != steps) || x->steps[i] < 2 || x->steps[i] > 64) {
                return 0;
            }
            steps = x->steps[i];
        }
    }
    return steps;
}

/* Whether it gives the bits of the whole sequence. */
static void check_stream(const rnncore_model *model, rnncore_stream *stream, int64_t batch,
                         int wild, int single)
{
    arrays x, y;
    if (!make_inputs(model, batch, STEPS, wild, &x)) {
        return;
    }
    const int64_t steps = common_steps(&x);
    if (steps > 0 && make_outputs(model, batch, x.steps, &y)) {
        if (run(model, &x, batch, NULL, &y, 0) == RNNCORE_OK) {
            if (single) {
                run_single(stream, &x, &y, batch, steps, rnncore_model_output_per_step(model));
            } else {
                run_many(model, stream, &x, &y, batch, steps);
            }
        }
        free_arrays(&y);
    }
    free_arrays(&x);
}

static void move_states(rnncore_stream *stream, int64_t batch, size_t element_bytes)
{
    const size_t bytes = (size_t)rnncore_stream_state_size(stream) * element_bytes;
    char *before = block(bytes), *after = block(bytes);
    for (int64_t row = 0; row < batch; row++) {
        REQUIRE(rnncore_stream_get_state(stream, row, before) == RNNCORE_OK);
        REQUIRE(rnncore_stream_set_state(stream, batch - 1, before) == RNNCORE_OK);
        REQUIRE(rnncore_stream_get_state(stream, batch - 1, after) == RNNCORE_OK);
        REQUIRE(memcmp(before, after, bytes) == 0);
    }
    release(before);
    release(after);
}

/* Some rows of any model take a step, the others keep their state. */
static void step_some(const rnncore_model *model, rnncore_stream *stream, int64_t batch)
{
    const uint8_t active[BATCH] = {1, 0, 1};
    arrays x = {.count = 0}, y = {.count = 0};
    int fits = 1;
    for (int32_t i = 0; fits && i < bounded(rnncore_model_inputs(model)); i++) {
        rnncore_array_info *info = &x.info[i];
        info->struct_size = sizeof *info;
        REQUIRE(rnncore_model_input(model, i, info) == RNNCORE_OK);
        if (has_steps(info)) {
            info->shape[0] = 1;
        }
        x.row[i] = row_bytes(info, 1, &fits);
        x.data[i] = block(x.row[i] * (size_t)batch);
        x.count = i + 1;
        fill(x.data[i], info, x.row[i] * (size_t)batch, 0);
    }
    for (int32_t i = 0; fits && i < bounded(rnncore_model_outputs(model)); i++) {
        rnncore_array_info *info = &y.info[i];
        info->struct_size = sizeof *info;
        REQUIRE(rnncore_model_output(model, i, NULL, info) == RNNCORE_OK);
        y.row[i] = row_bytes(info, 1, &fits); /* more than a step of an output with fixed steps */
        y.data[i] = block(y.row[i] * (size_t)batch);
        y.count = i + 1;
    }
    fits = fits && rnncore_model_inputs(model) <= MOST_ARRAYS &&
           rnncore_model_outputs(model) <= MOST_ARRAYS;
    for (int i = 0; fits && i < 2; i++) {
        const rnncore_status status = rnncore_stream_step_many(stream, (const void *const *)x.data,
                                                               i == 0 ? NULL : active, y.data);
        REQUIRE(status == RNNCORE_OK || status == RNNCORE_ERROR_INVALID_ARGUMENT);
    }
    free_arrays(&x);
    free_arrays(&y);
}

static void try_stream(const rnncore_model *model, int64_t batch, int own_memory)
{
    size_t bytes;
    rnncore_stream *stream = NULL;
    const rnncore_status status = rnncore_stream_size(model, batch, &bytes);
    REQUIRE(rnncore_model_can_stream(model) == (status != RNNCORE_ERROR_UNSUPPORTED));
    if (status != RNNCORE_OK || bytes > MOST_BYTES) {
        return;
    }
    void *memory = own_memory ? NULL : block(bytes);
    if (memory != NULL) {
        memset(memory, 0xff, bytes);
    }
    REQUIRE(rnncore_stream_create(model, batch, memory, memory == NULL ? 0 : bytes, &stream) ==
            RNNCORE_OK);
    const int single = rnncore_model_inputs(model) == 1 && rnncore_model_outputs(model) == 1;
    check_stream(model, stream, batch, own_memory, single);
    step_some(model, stream, batch);
    if (rnncore_stream_state_size(stream) < MOST_NUMBERS) {
        move_states(stream, batch, rnncore_model_dtype(model) == RNNCORE_FLOAT64 ? 8 : 4);
    }
    REQUIRE(rnncore_stream_reset(stream, -1) == RNNCORE_OK);
    check_stream(model, stream, batch, own_memory, 0);
    rnncore_stream_destroy(stream);
    release(memory);
}

/* ---------------------------------------------------------------------------------------------- */

static void try_model(const rnncore_model *model)
{
    ask(model);
    try_batch(model, 0, 0, 0, 0);
    try_batch(model, 1, 0, 0, 0);
    try_batch(model, 1, 1, 1, 1);
    try_batch(model, BATCH, STEPS, 0, 0);
    try_batch(model, BATCH, STEPS, 1, 1);
    try_stream(model, 1, 1);
    try_stream(model, BATCH, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rnncore_context *context;
    const rnncore_context_options options = {
        .struct_size = sizeof options, .num_threads = 1, .max_isa = -1};
    rnncore_model *model = NULL;
    char message[160] = {0};
    if (context == NULL) {
        REQUIRE(rnncore_context_create(&options, &context) == RNNCORE_OK);
    }
    const rnncore_status status =
        rnncore_model_from_memory(context, data, size, &model, message, sizeof message);
    REQUIRE((status == RNNCORE_OK) == (model != NULL));
    if (model != NULL) {
        try_model(model);
    } else {
        REQUIRE(strlen(message) > 8);
    }
    rnncore_model_destroy(model);
    return 0;
}
