/* A few operations run here, on the calling thread and with nothing between the caller and the
 * kernels; what is worth several threads goes the way of rnncore_forward. */
#include "cells/stepper.h"

#include <string.h>

#include "cells/forward.h"
#include "cells/time_loop.h"

/* ---- memory ---- */

static size_t row_bytes(const rnncore_stepper *s)
{
    return (size_t)s->weights->padded * s->weights->element;
}

/* A batch of all rows without arrays. */
static rnncore_batch dense_batch(int64_t batch, int64_t steps)
{
    static const char some_x; /* not read: asked for sizes only */
    return (rnncore_batch){
        .struct_size = sizeof(rnncore_batch), .steps = steps, .batch = batch, .x = &some_x};
}

/* Scratch holds the gates of a chunk, or the workspace of a call of several threads. */
static void take_scratch(rnncore_stepper *s, rnncore_run *run, const rnncore_batch *batch,
                         rnncore_arena *arena)
{
    const rnncore_weights *w = s->weights;
    const int64_t rows = s->small ? 2 : rnncore_count(s->batch, s->chunk_steps);
    rnncore_arena alone = {NULL, 0, 0}, divided = {NULL, 0, 0};
    rnncore_arena_take(&alone, rnncore_count(rows, rnncore_count(w->gates, w->padded)), w->element);
    if (batch->steps > s->alone) {
        const int64_t states = rnncore_count(s->batch, w->hidden);
        rnncore_arena_take(&divided, states, w->element);
        rnncore_arena_take(&divided, states, w->element);
        rnncore_run_take_most(run, batch, &divided);
    }
    arena->overflow |= alone.overflow | divided.overflow;
    s->scratch_bytes = alone.used > divided.used ? alone.used : divided.used;
    s->scratch = rnncore_arena_take(arena, 1, s->scratch_bytes);
}

/* Weights up to so many bytes stay in L1, beside all else that a step touches; or part of them does
 * from one step to the next, which is worth an order of its own. */
enum { SMALL_BYTES = 40 << 10, MEDIUM_BYTES = 256 << 10 };

/* Whether a step is one row by weights of at most so many bytes, and its cell one that the kernels
 * for it know. */
static int is_row(const rnncore_weights *w, int64_t batch, int64_t bytes)
{
    const int64_t columns = w->gates * w->padded;
    return batch == 1 && w->kernels->row_steps != NULL && w->path == RNNCORE_PATH_FUSED &&
           w->cell->phases == 1 && columns <= w->kernels->row_vectors * w->kernels->vector_length &&
           w->input < bytes && (w->input + w->hidden) * columns * (int64_t)w->element <= bytes;
}

/* Sets sizes and takes the buffers from the arena, or counts their bytes. */
static rnncore_status take(rnncore_stepper *s, rnncore_context *context,
                           const rnncore_weights *weights, int64_t batch, int64_t most_steps,
                           rnncore_arena *arena)
{
    rnncore_run run;
    const rnncore_batch all = dense_batch(batch, most_steps);
    const rnncore_status status = rnncore_run_prepare(&run, context, weights, &all, 0);
    if (status != RNNCORE_OK || batch < 1 || most_steps < 1) {
        return status != RNNCORE_OK ? status : RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_divide(&run);
    memset(s, 0, sizeof *s);
    s->context = context;
    s->weights = weights;
    s->batch = batch;
    s->small = is_row(weights, batch, SMALL_BYTES);
    s->medium = weights->kernels->row_step != NULL && is_row(weights, batch, MEDIUM_BYTES);
    s->alone = s->small ? INT64_MAX : rnncore_steps_alone(&run);
    s->chunk_steps = run.chunk_rows < batch ? 1 : run.chunk_rows / batch;
    const int64_t states = rnncore_count(batch, weights->padded);
    s->h = rnncore_arena_take(arena, rnncore_count(s->chunk_steps + 1, states), weights->element);
    if (weights->layer.cell == RNNCORE_LSTM) {
        s->c = rnncore_arena_take(arena, states, weights->element);
    }
    take_scratch(s, &run, &all, arena);
    return arena->overflow ? RNNCORE_ERROR_OVERFLOW : RNNCORE_OK;
}

rnncore_status rnncore_stepper_size(const rnncore_context *context, const rnncore_weights *weights,
                                    int64_t batch, int64_t most_steps, size_t *bytes)
{
    rnncore_stepper s;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_context *same = (rnncore_context *)(uintptr_t)context; /* sizes only read it */
    const rnncore_status status = take(&s, same, weights, batch, most_steps, &arena);
    if (status == RNNCORE_OK) {
        *bytes = arena.used;
    }
    return status;
}

/* ---- what is the same at every call ---- */

/* gates = x W + b of some rows */
static rnncore_step make_projection(const rnncore_weights *w)
{
    rnncore_step step = {.op = RNNCORE_OP_STORE,
                         .units = w->gates * w->padded,
                         .vectors = w->gates * w->padded / w->kernels->vector_length,
                         .segments = 1,
                         .depth = w->input,
                         .packed = w->input_packed,
                         .bias = w->bias};
    step.group_blocks = rnncore_group_blocks(w->kernels, 1);
    step.group_end = rnncore_group_count(w->kernels, step.units, 1);
    return step;
}

/* A product with the states of all rows and the gate equations of op. */
static rnncore_step make_step(const rnncore_stepper *s, rnncore_op op, const void *packed)
{
    const rnncore_weights *w = s->weights;
    const int gates = rnncore_op_gates(op);
    return (rnncore_step){.op = op,
                          .generic = w->path == RNNCORE_PATH_GENERIC,
                          .activation = w->layer.activation,
                          .gate_activation = w->layer.recurrent_activation,
                          .row_end = s->batch,
                          .row_block = s->batch,
                          .row_stride = s->batch,
                          .group_end = rnncore_group_count(w->kernels, w->hidden, gates),
                          .group_blocks = rnncore_group_blocks(w->kernels, gates),
                          .units = w->hidden,
                          .vectors = w->padded / w->kernels->vector_length * gates,
                          .lda = w->padded,
                          .segments = 1,
                          .depth = w->hidden,
                          .packed = packed,
                          .bias = w->recurrent_bias,
                          .gates = s->scratch,
                          .ldg = w->gates * w->padded,
                          .padded = w->padded,
                          .c_in = s->c,
                          .c_out = s->c,
                          .ldh = w->padded,
                          .gates_step = s->batch * w->gates * w->padded,
                          .h_step = s->batch * w->padded};
}

static void make_steps(rnncore_stepper *s)
{
    const rnncore_weights *w = s->weights;
    s->project = make_projection(w);
    switch (w->layer.cell) {
    case RNNCORE_LSTM:
        s->step = make_step(s, RNNCORE_OP_LSTM_FORWARD, w->recurrent);
        break;
    case RNNCORE_GRU:
        s->step = make_step(
            s, w->cell->phases == 1 ? RNNCORE_OP_GRU_FORWARD : RNNCORE_OP_GRU1_GATES, w->recurrent);
        s->candidate = make_step(s, RNNCORE_OP_GRU1_CANDIDATE, w->candidate);
        s->candidate.lda = s->candidate.ldg;
        break;
    default:
        s->step = make_step(s, RNNCORE_OP_RNN_FORWARD, w->recurrent);
    }
}

rnncore_status rnncore_stepper_create(rnncore_stepper *stepper, rnncore_context *context,
                                      const rnncore_weights *weights, int64_t batch,
                                      int64_t most_steps, void *memory)
{
    rnncore_arena arena = {memory, 0, 0};
    if (memory == NULL || (uintptr_t)memory % 64 != 0) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    const rnncore_status status = take(stepper, context, weights, batch, most_steps, &arena);
    if (status != RNNCORE_OK) {
        return status;
    }
    make_steps(stepper);
    for (int64_t row = 0; row < batch; row++) {
        rnncore_stepper_set(stepper, row, NULL);
    }
    return RNNCORE_OK;
}

/* ---- states ---- */

/* States of all rows after some step of a chunk. */
static char *h_block(const rnncore_stepper *s, int64_t block)
{
    return s->h + (size_t)(block * s->batch) * row_bytes(s);
}

void rnncore_stepper_get(const rnncore_stepper *s, int64_t row, void *h_and_c)
{
    const size_t used = (size_t)s->weights->hidden * s->weights->element;
    const size_t at = (size_t)row * row_bytes(s);
    memcpy(h_and_c, h_block(s, s->current) + at, used);
    if (s->c != NULL) {
        memcpy((char *)h_and_c + used, s->c + at, used);
    }
}

/* A padded row from contiguous numbers, or zeros. */
static void set_row(const rnncore_stepper *s, char *row, const char *from)
{
    const size_t used = (size_t)s->weights->hidden * s->weights->element;
    memset(row, 0, row_bytes(s));
    if (from != NULL) {
        memcpy(row, from, used);
    }
}

void rnncore_stepper_set(rnncore_stepper *s, int64_t row, const void *h_and_c)
{
    const size_t used = (size_t)s->weights->hidden * s->weights->element;
    const size_t at = (size_t)row * row_bytes(s);
    const char *h = h_and_c;
    set_row(s, h_block(s, s->current) + at, h);
    if (s->c != NULL) {
        set_row(s, s->c + at, h == NULL ? NULL : h + used);
    }
}

/* ---- several threads ---- */

/* The states of all rows as rnncore_forward has them, without padding, and back. */
static void copy_states(const rnncore_stepper *s, char *padded, char *states, int back)
{
    const rnncore_weights *w = s->weights;
    const size_t used = (size_t)w->hidden * w->element;
    for (int64_t row = 0; row < s->batch; row++, padded += row_bytes(s), states += used) {
        memcpy(back ? padded : states, back ? states : padded, used);
    }
}

static void run_divided(rnncore_stepper *s, rnncore_batch *batch)
{
    const rnncore_weights *w = s->weights;
    rnncore_run run;
    rnncore_arena arena = {s->scratch, 0, 0};
    const int64_t states = s->batch * w->hidden;
    char *h = rnncore_arena_take(&arena, states, w->element);
    char *c = rnncore_arena_take(&arena, states, w->element);
    copy_states(s, h_block(s, s->current), h, 0);
    batch->initial_h = batch->final_h = h;
    if (s->c != NULL) {
        copy_states(s, s->c, c, 0);
        batch->initial_c = batch->final_c = c;
    }
    rnncore_run_prepare(&run, s->context, w, batch, 0); /* checked by rnncore_stepper_create */
    rnncore_run_take(&run, batch, &arena);
    rnncore_run_forward(&run, batch);
    copy_states(s, h_block(s, s->current), h, 1);
    if (s->c != NULL) {
        copy_states(s, s->c, c, 1);
    }
}

/* ---- one thread ---- */

/* The rows of one step, or the steps of one row: whatever fills the tiles better. Both stand at a
 * constant distance. */
static void project(rnncore_stepper *s, const char *x, int64_t stride_batch, int64_t stride_time,
                    int64_t steps)
{
    const rnncore_weights *w = s->weights;
    const int64_t columns = w->gates * w->padded;
    const int by_row = steps > s->batch;
    const int64_t count = by_row ? s->batch : steps, rows = by_row ? steps : s->batch;
    rnncore_step *p = &s->project;
    p->row_end = p->row_block = p->row_stride = rows;
    p->lda = by_row ? stride_time : stride_batch;
    p->ldo = by_row ? s->batch * columns : columns;
    for (int64_t i = 0; i < count; i++) {
        const int64_t a = i * (by_row ? stride_batch : stride_time);
        const int64_t out = i * (by_row ? columns : s->batch * columns);
        p->a = x + a * (int64_t)w->element;
        p->out = s->scratch + out * (int64_t)w->element;
        w->kernels->step(p);
        p->reverse = !p->reverse;
    }
}

/* The steps of a chunk whose gates are there, from the state h to those at h_out. */
static void recur(rnncore_stepper *s, const char *h, char *h_out, int64_t steps)
{
    const rnncore_weights *w = s->weights;
    const size_t row = row_bytes(s), block = (size_t)s->batch * row;
    rnncore_step *p = &s->step, *q = &s->candidate;
    p->a = p->h_in = h;
    p->h_out = h_out;
    if (w->cell->phases == 1) {
        p->steps = steps;
        w->kernels->step(p);
        p->reverse ^= steps & 1;
        return;
    }
    for (int64_t k = 0; k < steps; k++) {
        p->gates = q->gates = s->scratch + (size_t)(k * w->gates) * block;
        q->a = s->scratch + (size_t)(k * w->gates) * block + RNNCORE_GRU_SLOT_R * row;
        p->a = p->h_in = q->h_in = h;
        q->h_out = h_out;
        w->kernels->step(p);
        w->kernels->step(q);
        p->reverse = q->reverse = !p->reverse;
        h = h_out;
        h_out += block;
    }
}

static void copy_outputs(const rnncore_stepper *s, const char *h, int64_t steps, char *y,
                         int64_t stride_batch, int64_t stride_time)
{
    const int64_t element = (int64_t)s->weights->element;
    const size_t used = (size_t)s->weights->hidden * s->weights->element;
    for (int64_t k = 0; k < steps; k++) {
        for (int64_t b = 0; b < s->batch; b++, h += row_bytes(s)) {
            memcpy(y + (b * stride_batch + k * stride_time) * element, h, used);
        }
    }
}

/* One row, projection and steps in one. */
static void run_row(rnncore_stepper *s, const char *x, int64_t x_stride_time, const char *h,
                    char *h_out, int64_t steps, char *y, int64_t y_stride_time)
{
    const rnncore_kernels *kernels = s->weights->kernels;
    s->project.a = x;
    s->project.lda = x_stride_time;
    s->step.h_in = h;
    s->step.h_out = h_out;
    s->step.steps = steps;
    if (s->small) {
        kernels->row_steps(&s->project, &s->step, y, y_stride_time);
    } else {
        s->step.reverse = !s->step.reverse;
        kernels->row_step(&s->project, &s->step, y);
    }
}

void rnncore_stepper_run(rnncore_stepper *s, const void *x, int64_t x_stride_batch,
                         int64_t x_stride_time, int64_t steps, void *y, int64_t y_stride_batch,
                         int64_t y_stride_time)
{
    const int64_t element = (int64_t)s->weights->element;
    if (steps > s->alone) {
        rnncore_batch batch = {.struct_size = sizeof batch,
                               .steps = steps,
                               .batch = s->batch,
                               .x = x,
                               .x_stride_batch = x_stride_batch,
                               .x_stride_time = x_stride_time,
                               .x_stride_feature = 1,
                               .y = y,
                               .y_stride_batch = y_stride_batch,
                               .y_stride_time = y_stride_time,
                               .y_stride_feature = 1};
        run_divided(s, &batch);
        return;
    }
    for (int64_t k = 0, n; k < steps; k += n) {
        n = steps - k < s->chunk_steps ? steps - k : s->chunk_steps;
        const char *x_now = (const char *)x + k * x_stride_time * element;
        char *y_now = y == NULL ? NULL : (char *)y + k * y_stride_time * element;
        /* The states of a chunk may take the place of the one that it begins from, but not at its
         * first step. */
        const int64_t first = s->current == 0;
        const char *h = h_block(s, s->current);
        char *h_out = h_block(s, first);
        s->current = first + n - 1;
        if (s->small || (s->medium && n == 1)) {
            run_row(s, x_now, x_stride_time, h, h_out, n, y_now, y_stride_time);
            continue;
        }
        project(s, x_now, x_stride_batch, x_stride_time, n);
        recur(s, h, h_out, n);
        if (y != NULL) {
            copy_outputs(s, h_out, n, y_now, y_stride_batch, y_stride_time);
        }
    }
}
