/* Steps of a stepper have the bits of rnncore_forward over the whole sequence, however it is cut
 * into calls. */
#include "cells/stepper.h"
#include "check.h"
#include "core/platform.h"
#include "problem.h"

enum { MOST_STEPS = 12 };

static uint32_t seed = 1;

/* Of [0, n). */
static int64_t pick(int64_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (int64_t)(seed >> 8) % n;
}

typedef struct scene {
    rnncore_context *context;
    rnncore_weights *weights;
    size_t element;
    int64_t batch, steps, inputs, units;
    rnncore_batch call; /* rnncore_forward's */
    char *x, *y, *h0, *h, *own_y, *own_h;
    int64_t states; /* numbers of one row: h, for an LSTM then c */
} scene;

static void *numbers(const scene *s, int64_t count, double scale)
{
    void *block = aligned_block(s->element * (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        const float value = (float)((double)(pick(1 << 20) - (1 << 19)) / (1 << 19) * scale);
        if (s->element == sizeof(float)) {
            ((float *)block)[i] = value;
        } else {
            ((double *)block)[i] = value;
        }
    }
    return block;
}

static void make_layer(scene *s, const variant *v)
{
    const rnncore_layer layer = {.struct_size = sizeof layer,
                                 .cell = v->cell,
                                 .dtype = s->element == 4 ? RNNCORE_FLOAT32 : RNNCORE_FLOAT64,
                                 .input_size = s->inputs,
                                 .hidden_size = s->units,
                                 .activation = v->activation,
                                 .reset_after = v->reset_after,
                                 .recurrent_activation = v->recurrent_activation};
    const int64_t columns = naive_gates(v->cell) * s->units;
    void *kernel = numbers(s, s->inputs * columns, 1 / sqrt((double)s->inputs));
    void *recurrent = numbers(s, s->units * columns, 1 / sqrt((double)s->units));
    void *bias = numbers(s, 2 * columns, 0.5);
    CHECK(rnncore_weights_create(s->context, &layer, kernel, recurrent, bias, &s->weights) ==
          RNNCORE_OK);
    s->states = v->cell == RNNCORE_LSTM ? 2 * s->units : s->units;
    free(kernel);
    free(recurrent);
    free(bias);
}

/* Arrays by row or by time, with a gap behind each row of features, and time forwards or backwards.
 */
static void lay_out(scene *s)
{
    const int64_t gap = pick(3), inputs = s->inputs + gap, units = s->units + gap;
    rnncore_batch *c = &s->call;
    s->x = numbers(s, s->batch * s->steps * inputs, 1);
    s->y = numbers(s, s->batch * s->steps * units, 1);
    s->own_y = aligned_block(s->element * (size_t)(s->batch * s->steps * units));
    memcpy(s->own_y, s->y, s->element * (size_t)(s->batch * s->steps * units));
    *c = (rnncore_batch){.struct_size = sizeof *c,
                         .steps = s->steps,
                         .batch = s->batch,
                         .x = s->x,
                         .y = s->y,
                         .x_stride_feature = 1,
                         .y_stride_feature = 1};
    const int by_time = pick(2) == 0;
    c->x_stride_batch = by_time ? inputs : s->steps * inputs;
    c->x_stride_time = by_time ? s->batch * inputs : inputs;
    c->y_stride_batch = by_time ? units : s->steps * units;
    c->y_stride_time = by_time ? s->batch * units : units;
    if (pick(4) == 0) {
        c->x = s->x + (s->steps - 1) * c->x_stride_time * (int64_t)s->element;
        c->x_stride_time = -c->x_stride_time;
    }
}

/* Forward over the whole sequence, from states and to states that stand row by row. */
static void run_whole(scene *s)
{
    const size_t half = (size_t)s->units * s->element, row = (size_t)s->states * s->element;
    const size_t all = (size_t)s->batch * half;
    char *h = aligned_block(all), *c = aligned_block(all);
    for (int64_t b = 0; b < s->batch; b++) {
        memcpy(h + (size_t)b * half, s->h0 + (size_t)b * row, half);
        memcpy(c + (size_t)b * half, s->h0 + (size_t)b * row + row - half, half);
    }
    s->call.initial_h = s->call.final_h = h;
    if (s->states > s->units) {
        s->call.initial_c = s->call.final_c = c;
    }
    size_t bytes = 0;
    CHECK(rnncore_forward_workspace_size(s->context, s->weights, &s->call, &bytes) == RNNCORE_OK);
    void *workspace = aligned_block(bytes);
    CHECK(rnncore_forward(s->context, s->weights, &s->call, workspace, bytes) == RNNCORE_OK);
    for (int64_t b = 0; b < s->batch; b++) {
        memcpy(s->h + (size_t)b * row, h + (size_t)b * half, half);
        if (s->states > s->units) {
            memcpy(s->h + (size_t)b * row + half, c + (size_t)b * half, half);
        }
    }
    free(workspace);
    free(h);
    free(c);
}

/* A stepper in memory of just the size that it asks for, full of NaN. */
static void *make_stepper(const scene *s, rnncore_stepper *stepper, int64_t most_steps)
{
    size_t bytes = 0;
    CHECK(rnncore_stepper_size(s->context, s->weights, s->batch, most_steps, &bytes) == RNNCORE_OK);
    void *memory = aligned_block(bytes);
    CHECK(rnncore_stepper_create(stepper, s->context, s->weights, s->batch, most_steps, memory) ==
          RNNCORE_OK);
    return memory;
}

static void get_all(const scene *s, const rnncore_stepper *stepper, char *states)
{
    for (int64_t b = 0; b < s->batch; b++) {
        rnncore_stepper_get(stepper, b, states + (size_t)(b * s->states) * s->element);
    }
}

static void set_all(const scene *s, rnncore_stepper *stepper, const char *states)
{
    for (int64_t b = 0; b < s->batch; b++) {
        rnncore_stepper_set(stepper, b, states + (size_t)(b * s->states) * s->element);
    }
}

/* The sequence in calls of at most `most_steps`, now and then moved to another stepper, or with a
 * part whose outputs are not wanted. Whether all outputs were. */
static int run_in_pieces(scene *s, int64_t most_steps)
{
    rnncore_stepper one, other;
    void *memory = make_stepper(s, &one, most_steps), *spare = NULL;
    const rnncore_batch *c = &s->call;
    const int64_t element = (int64_t)s->element;
    rnncore_stepper *now = &one;
    int complete = 1;
    set_all(s, now, s->h0);
    for (int64_t k = 0, n; k < s->steps; k += n) {
        n = 1 + pick(most_steps < s->steps - k ? most_steps : s->steps - k);
        const int wanted = pick(10) != 0;
        complete &= wanted;
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        rnncore_stepper_run(now, (const char *)c->x + k * c->x_stride_time * element,
                            c->x_stride_batch, c->x_stride_time, n,
                            wanted ? s->own_y + k * c->y_stride_time * element : NULL,
                            c->y_stride_batch, c->y_stride_time);
        rnncore_fp_flush_leave(mode);
        if (spare == NULL && pick(4) == 0) {
            spare = make_stepper(s, &other, most_steps);
            get_all(s, now, s->own_h);
            set_all(s, &other, s->own_h);
            now = &other;
        }
    }
    get_all(s, now, s->own_h);
    free(memory);
    free(spare);
    return complete;
}

static void test_bits(rnncore_context *context, const variant *v, size_t element, int64_t batch,
                      int64_t inputs, int64_t units)
{
    scene s = {.context = context,
               .element = element,
               .batch = batch,
               .steps = 1 + pick(MOST_STEPS),
               .inputs = inputs,
               .units = units};
    make_layer(&s, v);
    lay_out(&s);
    const size_t states = (size_t)(batch * s.states) * element;
    s.h0 = numbers(&s, batch * s.states, 1);
    s.h = aligned_block(states);
    s.own_h = aligned_block(states);
    run_whole(&s);
    const int complete = run_in_pieces(&s, 1 + pick(MOST_STEPS));
    int same = memcmp(s.h, s.own_h, states) == 0;
    if (complete) {
        const int64_t row = s.call.y_stride_batch < s.call.y_stride_time ? s.call.y_stride_batch
                                                                         : s.call.y_stride_time;
        same &= memcmp(s.y, s.own_y, element * (size_t)(batch * s.steps * row)) == 0;
    }
    if (!CHECK(same)) {
        fprintf(stderr, "%s, %zu bytes, B %lld, T %lld, I %lld, H %lld\n", v->name, element,
                (long long)batch, (long long)s.steps, (long long)inputs, (long long)units);
    }
    rnncore_weights_destroy(s.weights);
    free(s.x);
    free(s.y);
    free(s.own_y);
    free(s.h0);
    free(s.h);
    free(s.own_h);
}

static void test_all(int threads, rnncore_isa isa)
{
    rnncore_context *context = make_context(threads, (int)isa);
    if (rnncore_context_isa(context) == isa) {
        for (int i = 0; i < VARIANTS; i++) {
            for (size_t element = 4; element <= 8; element += 4) {
                for (int round = 0; round < 8; round++) {
                    const int64_t batch = round < 5 ? 1 : 1 + pick(70);
                    const int64_t units = 1 + pick(round % 2 == 0 ? 70 : 20);
                    test_bits(context, &variants[i], element, batch, 1 + pick(70), units);
                }
                test_bits(context, &variants[i], element, 1 + pick(5), 1, 16 * (1 + pick(8)));
                test_bits(context, &variants[i], element, 1 + pick(3), 300, 100 + pick(200));
            }
        }
    }
    rnncore_context_destroy(context);
}

/* One row by weights that stay in L1 or in L2: every number of panels, and some left over. */
static void test_rows(rnncore_isa isa)
{
    rnncore_context *context = make_context(1, (int)isa);
    for (int i = 0; i < 60 && rnncore_context_isa(context) == isa; i++) {
        for (int j = 0; j < 4; j++) { /* those that are tanh and sigmoid */
            const int64_t units = i < 30 ? 1 + pick(40) : 1 + pick(130);
            test_bits(context, &variants[j], 4, 1, 1 + pick(i % 4 == 0 ? 300 : 70), units);
            test_bits(context, &variants[j], 8, 1, 1 + pick(i % 4 == 0 ? 150 : 40), units / 2 + 1);
        }
    }
    rnncore_context_destroy(context);
}

/* Calls of many operations, divided in shares of the rows or in parts of the units. */
static void test_divided(void)
{
    rnncore_context *context = make_context(3, -1);
    for (int i = 0; i < VARIANTS; i++) {
        test_bits(context, &variants[i], 4, 70, 40 + pick(40), 190 + pick(70));
        test_bits(context, &variants[i], 4, 2, 1 + pick(9), 700 + pick(70));
    }
    CHECK(rnncore_context_sections(context) > 0);
    rnncore_context_destroy(context);
}

static void test_states(void)
{
    rnncore_context *context = make_context(1, -1);
    scene s = {.context = context, .element = 4, .batch = 3, .inputs = 2, .units = 5};
    make_layer(&s, &variants[0]);
    rnncore_stepper stepper;
    void *memory = make_stepper(&s, &stepper, 1);
    float state[10], got[10];
    static const float zeros[10] = {0};
    for (int i = 0; i < 10; i++) {
        state[i] = (float)i + 1;
    }
    for (int64_t row = 0; row < 3; row++) {
        rnncore_stepper_get(&stepper, row, got);
        CHECK(memcmp(got, zeros, sizeof got) == 0);
    }
    rnncore_stepper_set(&stepper, 1, state);
    rnncore_stepper_get(&stepper, 1, got);
    CHECK(memcmp(got, state, sizeof got) == 0);
    rnncore_stepper_get(&stepper, 2, got);
    CHECK(memcmp(got, zeros, sizeof got) == 0);
    rnncore_stepper_set(&stepper, 1, NULL);
    rnncore_stepper_get(&stepper, 1, got);
    CHECK(memcmp(got, zeros, sizeof got) == 0);

    size_t bytes = 7;
    CHECK(rnncore_stepper_size(context, s.weights, 0, 1, &bytes) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_stepper_size(context, s.weights, 1, 0, &bytes) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_stepper_size(context, s.weights, INT64_MAX / 2, 1, &bytes) ==
          RNNCORE_ERROR_OVERFLOW);
    CHECK(bytes == 7);
    CHECK(rnncore_stepper_create(&stepper, context, s.weights, 1, 1, (char *)memory + 4) ==
          RNNCORE_ERROR_WORKSPACE);
    free(memory);
    rnncore_weights_destroy(s.weights);
    rnncore_context_destroy(context);
}

int main(void)
{
#ifdef __x86_64__
    for (int isa = RNNCORE_ISA_BASELINE; isa <= RNNCORE_ISA_AVX512; isa++) {
        test_all(1, (rnncore_isa)isa);
        test_rows((rnncore_isa)isa);
    }
#else
    test_all(1, RNNCORE_ISA_NEON);
    test_rows(RNNCORE_ISA_NEON);
#endif
    test_states();
    if (RNNCORE_THREADS) {
        test_divided();
    }
    return check_report();
}
