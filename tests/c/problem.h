/* A call of the library with everything that it takes, in float or double, and the same call for
 * the naive loops. Padding that must not matter is NaN, and so is every output beforehand. */
#ifndef RNNCORE_TESTS_PROBLEM_H
#define RNNCORE_TESTS_PROBLEM_H

#include <stdlib.h>

#include "check.h"
#include "core/testing.h"
#include "naive.h"
#include "rnncore_train.h"

/* Sanitizers: a request that is too large returns NULL, as it does without them. */
RNNCORE_API const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

enum { X, KERNEL, RECURRENT, BIAS, H0, C0, Y, H, C, DY, DH, DC, DX, DKERNEL, DRECURRENT, DBIAS };
enum { DH0 = DBIAS + 1, DC0, ARRAYS };

/* A second table of kernels, where there is one. */
#ifdef __x86_64__
enum { OTHER_ISA = RNNCORE_ISA_BASELINE };
#else
enum { OTHER_ISA = -1 };
#endif

enum rows { ALL_STEPS, LENGTHS, MASK };

typedef struct problem {
    rnncore_layer layer;
    rnncore_batch batch;
    rnncore_gradients gradients;
    naive_call naive;
    int64_t count[ARRAYS];
    double *values[ARRAYS]; /* the naive call's */
    void *arrays[ARRAYS];   /* the library's, of the layer's dtype */
    int64_t lengths[16];
    uint8_t *mask;
} problem;

/* A variant of a cell: what the layer struct and the naive call have in common. */
typedef struct variant {
    const char *name;
    int32_t cell, activation, reset_after, recurrent_activation;
} variant;

static const variant variants[] = {
    {"lstm", RNNCORE_LSTM, 0, 0, 0},
    {"gru", RNNCORE_GRU, 0, 1, 0},
    {"gru, reset before", RNNCORE_GRU, 0, 0, 0},
    {"rnn, tanh", RNNCORE_RNN, RNNCORE_TANH, 0, 0},
    {"rnn, relu", RNNCORE_RNN, RNNCORE_RELU, 0, 0},
    {"rnn, sigmoid", RNNCORE_RNN, RNNCORE_SIGMOID, 0, 0},
    {"rnn, linear", RNNCORE_RNN, RNNCORE_LINEAR, 0, 0},
    {"rnn, hard sigmoid", RNNCORE_RNN, RNNCORE_HARD_SIGMOID, 0, 0},
    {"lstm, sigmoid and tanh", RNNCORE_LSTM, RNNCORE_SIGMOID, 0, RNNCORE_TANH},
    {"lstm, relu and hard sigmoid", RNNCORE_LSTM, RNNCORE_RELU, 0, RNNCORE_HARD_SIGMOID},
    {"gru, linear and sigmoid", RNNCORE_GRU, RNNCORE_LINEAR, 1, RNNCORE_SIGMOID},
    {"gru, hard sigmoid and tanh", RNNCORE_GRU, RNNCORE_HARD_SIGMOID, 1, RNNCORE_TANH},
    {"gru, sigmoid and tanh, reset before", RNNCORE_GRU, RNNCORE_SIGMOID, 0, RNNCORE_TANH},
    {"gru, relu and hard sigmoid, reset before", RNNCORE_GRU, RNNCORE_RELU, 0,
     RNNCORE_HARD_SIGMOID},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static inline int has_kinks(const variant *v)
{
    return v->activation == RNNCORE_RELU || v->activation == RNNCORE_HARD_SIGMOID ||
           v->recurrent_activation == RNNCORE_RELU ||
           v->recurrent_activation == RNNCORE_HARD_SIGMOID;
}

static inline int32_t cell_activation(const variant *v)
{
    return v->activation == RNNCORE_ACTIVATION_DEFAULT ? RNNCORE_TANH : v->activation;
}

static inline int32_t gate_activation(const variant *v)
{
    return v->recurrent_activation == 0 ? RNNCORE_SIGMOID : v->recurrent_activation;
}

/* Just n bytes at a 64-byte boundary, filled with ones (NaN in both dtypes). */
static inline void *aligned_block(size_t n)
{
    void *block = NULL;
    if (posix_memalign(&block, 64, n > 0 ? n : 1) != 0) {
        abort();
    }
    return memset(block, 0xff, n);
}

static inline size_t element_size(const problem *p)
{
    return p->layer.dtype == RNNCORE_FLOAT32 ? sizeof(float) : sizeof(double);
}

static inline double get(const problem *p, int array, int64_t i)
{
    return p->layer.dtype == RNNCORE_FLOAT32 ? (double)((const float *)p->arrays[array])[i]
                                             : ((const double *)p->arrays[array])[i];
}

static inline void set(problem *p, int array, int64_t i, double value)
{
    if (p->layer.dtype == RNNCORE_FLOAT32) {
        ((float *)p->arrays[array])[i] = (float)value;
    } else {
        ((double *)p->arrays[array])[i] = value;
    }
}

/* Draws an input in [-scale, scale], the same in both dtypes to the last bit of a float. */
static inline void draw(problem *p, int array, double scale)
{
    uint32_t seed = 12345u + (uint32_t)array;
    for (int64_t i = 0; i < p->count[array]; i++) {
        seed = seed * 1664525u + 1013904223u;
        const double value = (float)(((double)(seed >> 8) / (1 << 23) - 1) * scale);
        p->values[array][i] = value;
        set(p, array, i, value);
    }
}

static inline void count_arrays(problem *p)
{
    const naive_call *n = &p->naive;
    const int64_t columns = naive_gates(n->cell) * n->units, rows = n->batch * n->steps;
    const int64_t bias = n->cell == RNNCORE_GRU && n->reset_after ? 2 * columns : columns;
    const int64_t states = n->batch * n->units;
    const int64_t counts[ARRAYS] = {[X] = rows * n->inputs,
                                    [DX] = rows * n->inputs,
                                    [KERNEL] = n->inputs * columns,
                                    [DKERNEL] = n->inputs * columns,
                                    [RECURRENT] = n->units * columns,
                                    [DRECURRENT] = n->units * columns,
                                    [BIAS] = bias,
                                    [DBIAS] = bias,
                                    [Y] = rows * n->units,
                                    [DY] = rows * n->units,
                                    [H0] = states,
                                    [C0] = states,
                                    [H] = states,
                                    [C] = states,
                                    [DH] = states,
                                    [DC] = states,
                                    [DH0] = states,
                                    [DC0] = states};
    for (int a = 0; a < ARRAYS; a++) {
        p->count[a] = counts[a];
        p->values[a] = aligned_block(sizeof(double) * (size_t)counts[a]);
        p->arrays[a] = aligned_block(element_size(p) * (size_t)counts[a]);
    }
}

/* Makes the real steps, and NaN of what lies elsewhere in x and of what dy says there. */
static inline void choose_steps(problem *p, enum rows rows)
{
    naive_call *n = &p->naive;
    for (int64_t b = 0; b < n->batch; b++) {
        p->lengths[b] = b == 0 ? n->steps : (7 * b) % (n->steps + 1);
        for (int64_t t = 0; t < n->steps; t++) {
            p->mask[b * n->steps + t] = (uint8_t)((b + t) % 3 == 1 ? 0 : 1 + t);
        }
    }
    n->lengths = rows == LENGTHS ? p->lengths : NULL;
    n->mask = rows == MASK ? p->mask : NULL;
    for (int64_t i = 0; i < n->batch * n->steps; i++) {
        if (naive_is_real(n, i / n->steps, i % n->steps)) {
            continue;
        }
        for (int64_t k = 0; k < n->inputs; k++) {
            set(p, X, i * n->inputs + k, NAN);
        }
        for (int64_t k = 0; k < n->units && rows == LENGTHS; k++) {
            set(p, DY, i * n->units + k, NAN);
            p->values[DY][i * n->units + k] = 0;
        }
    }
}

static inline void describe(problem *p)
{
    const naive_call *n = &p->naive;
    p->batch = (rnncore_batch){.struct_size = sizeof p->batch,
                               .steps = n->steps,
                               .batch = n->batch,
                               .x = p->arrays[X],
                               .x_stride_batch = n->steps * n->inputs,
                               .x_stride_time = n->inputs,
                               .x_stride_feature = 1,
                               .lengths = n->lengths,
                               .mask = n->mask,
                               .go_backwards = n->go_backwards,
                               .initial_h = p->arrays[H0],
                               .y = p->arrays[Y],
                               .y_stride_batch = n->steps * n->units,
                               .y_stride_time = n->units,
                               .y_stride_feature = 1,
                               .final_h = p->arrays[H]};
    p->gradients = (rnncore_gradients){.struct_size = sizeof p->gradients,
                                       .dy = p->arrays[DY],
                                       .dy_stride_batch = n->steps * n->units,
                                       .dy_stride_time = n->units,
                                       .dy_stride_feature = 1,
                                       .dfinal_h = p->arrays[DH],
                                       .dx = p->arrays[DX],
                                       .dx_stride_batch = n->steps * n->inputs,
                                       .dx_stride_time = n->inputs,
                                       .dx_stride_feature = 1,
                                       .dkernel = p->arrays[DKERNEL],
                                       .drecurrent_kernel = p->arrays[DRECURRENT],
                                       .dbias = p->arrays[DBIAS],
                                       .dinitial_h = p->arrays[DH0]};
    if (n->cell == RNNCORE_LSTM) {
        p->batch.initial_c = p->arrays[C0];
        p->batch.final_c = p->arrays[C];
        p->gradients.dfinal_c = p->arrays[DC];
        p->gradients.dinitial_c = p->arrays[DC0];
    }
}

/* B <= 16, H <= NAIVE_MAX_UNITS. The arrays stay where they are; release with problem_free. */
static inline problem *problem_make(const variant *v, rnncore_dtype dtype, int64_t batch,
                                    int64_t steps, int64_t inputs, int64_t units, enum rows rows,
                                    int go_backwards)
{
    problem *p = calloc(1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    p->layer = (rnncore_layer){.struct_size = sizeof p->layer,
                               .cell = v->cell,
                               .dtype = dtype,
                               .input_size = inputs,
                               .hidden_size = units,
                               .activation = v->activation,
                               .reset_after = v->reset_after,
                               .recurrent_activation = v->recurrent_activation,
                               .training = 1};
    p->naive = (naive_call){.cell = v->cell,
                            .activation = cell_activation(v),
                            .gate_activation = gate_activation(v),
                            .reset_after = v->reset_after,
                            .go_backwards = go_backwards,
                            .steps = steps,
                            .batch = batch,
                            .inputs = inputs,
                            .units = units};
    p->mask = calloc((size_t)(batch * steps + 1), 1);
    if (p->mask == NULL) {
        abort();
    }
    count_arrays(p);
    const double scale = 1 / sqrt((double)(inputs + units));
    draw(p, X, 1);
    draw(p, KERNEL, scale);
    draw(p, RECURRENT, scale);
    draw(p, BIAS, 0.5);
    for (int a = H0; a <= DC; a++) {
        if (a != Y && a != H && a != C) {
            draw(p, a, 1);
        }
    }
    choose_steps(p, rows);
    naive_call *n = &p->naive;
    n->x = p->values[X];
    n->kernel = p->values[KERNEL];
    n->recurrent = p->values[RECURRENT];
    n->bias = p->values[BIAS];
    n->h0 = p->values[H0];
    n->c0 = p->values[C0];
    n->y = p->values[Y];
    n->h = p->values[H];
    n->c = p->values[C];
    describe(p);
    return p;
}

static inline void problem_free(problem *p)
{
    for (int a = 0; a < ARRAYS; a++) {
        free(p->values[a]);
        free(p->arrays[a]);
    }
    free(p->mask);
    free(p);
}

/* Whether the library's array agrees with the values within `tolerance` (none is above 10). */
static inline int agrees(const problem *p, int array, double tolerance)
{
    for (int64_t i = 0; i < p->count[array]; i++) {
        if (!(fabs(get(p, array, i) - p->values[array][i]) <= tolerance)) {
            fprintf(stderr, "array %d, element %lld: expected %.17g, got %.17g\n", array,
                    (long long)i, p->values[array][i], get(p, array, i));
            return 0;
        }
    }
    return 1;
}

static inline rnncore_context *make_context(int threads, int max_isa)
{
    rnncore_context_options options = {
        .struct_size = sizeof options, .num_threads = threads, .max_isa = max_isa};
    rnncore_context *context = NULL;
    CHECK(rnncore_context_create(&options, &context) == RNNCORE_OK);
    rnncore_context_assume_cpus(context, threads);
    return context;
}

static inline rnncore_weights *make_weights(const rnncore_context *context, const problem *p)
{
    rnncore_weights *weights = NULL;
    CHECK(rnncore_weights_create(context, &p->layer, p->arrays[KERNEL], p->arrays[RECURRENT],
                                 p->arrays[BIAS], &weights) == RNNCORE_OK);
    return weights;
}

/* Inference with scratch of just the size asked for; outputs are NaN before. */
static inline rnncore_status run_forward(rnncore_context *context, const rnncore_weights *weights,
                                         problem *p)
{
    size_t bytes = 0;
    rnncore_status status = rnncore_forward_workspace_size(context, weights, &p->batch, &bytes);
    if (status != RNNCORE_OK) {
        return status;
    }
    for (int a = Y; a <= C; a++) {
        memset(p->arrays[a], 0xff, element_size(p) * (size_t)p->count[a]);
    }
    void *workspace = aligned_block(bytes);
    status = rnncore_forward(context, weights, &p->batch, workspace, bytes);
    free(workspace);
    return status;
}

#endif
