#include "cells/dropout.h"

#include <string.h>

void rnncore_dropout_take(rnncore_run *run, rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    const int64_t columns = rnncore_count(w->gates, w->padded);
    const int64_t all = rnncore_count(run->plan.batch, columns);
    run->masks = rnncore_arena_take(arena, all, w->element);
    run->sums = rnncore_arena_take(arena, all, w->element);
    run->masked = rnncore_arena_take(arena, rnncore_count(run->plan.rows, columns), w->element);
}

void rnncore_dropout_begin(const rnncore_run *run, const char *recurrent_mask)
{
    const rnncore_weights *w = run->weights;
    const size_t used = (size_t)w->hidden * w->element, slot = (size_t)w->padded * w->element;
    char *to = run->masks;
    for (int64_t j = 0; j < run->plan.batch; j++) {
        for (int64_t g = 0; g < w->gates; g++, to += slot) {
            const int64_t row = g * run->plan.whole + rnncore_plan_row(&run->plan, j);
            memcpy(to, recurrent_mask + (size_t)row * used, used);
            memset(to + used, 0, slot - used);
        }
    }
}

/* One row of states times its masks, gate by gate. */
static void mask_row(const rnncore_weights *w, const void *h, const void *masks, void *masked)
{
    for (int64_t g = 0; g < w->gates; g++) {
        const int64_t at = g * w->padded;
        for (int64_t u = 0; u < w->padded; u++) {
            if (w->layer.dtype == RNNCORE_FLOAT32) {
                ((float *)masked)[at + u] = ((const float *)h)[u] * ((const float *)masks)[at + u];
            } else {
                ((double *)masked)[at + u] =
                    ((const double *)h)[u] * ((const double *)masks)[at + u];
            }
        }
    }
}

/* step->a = h' times the masks. */
static void mask_states(const rnncore_run *run, const rnncore_step *step)
{
    const rnncore_weights *w = run->weights;
    char *masked = (char *)(uintptr_t)step->a;
    for (int64_t row = step->row_low; row < step->row_end; row++) {
        const size_t at = (size_t)(row * step->ldm) * w->element;
        mask_row(w, (const char *)step->h_in + (size_t)(row * step->ldh) * w->element,
                 (const char *)step->mask + at, masked + at);
    }
}

static int is_forward(rnncore_op op)
{
    return op == RNNCORE_OP_RNN_FORWARD || op == RNNCORE_OP_LSTM_FORWARD ||
           op == RNNCORE_OP_GRU_FORWARD || op == RNNCORE_OP_GRU1_GATES;
}

/* The product of gate or segment `i`, each with its own part of the packed matrix. Forwards the
 * gates have sums side by side; backwards the segments add up. */
static void multiply(const rnncore_run *run, const rnncore_step *step, int64_t i)
{
    const rnncore_weights *w = run->weights;
    const int forward = is_forward(step->op);
    const int64_t operand = forward ? w->padded : step->segment_stride;
    const size_t gate = (size_t)(i * w->padded) * w->element;
    rnncore_step product = *step;
    product.op = RNNCORE_OP_STORE;
    product.a = (const char *)step->a + (size_t)(i * operand) * w->element;
    product.segments = 1;
    product.packed = (const char *)step->packed + (size_t)i * rnncore_gate_bytes(w);
    product.vectors = w->padded / w->kernels->vector_length;
    product.group_blocks = rnncore_group_blocks(w->kernels, 1);
    product.group_begin = 0;
    product.group_end = rnncore_group_count(w->kernels, w->hidden, 1);
    product.generic = 0;
    product.bias = NULL;
    product.mask = forward ? NULL : (const char *)step->mask + gate;
    if (step->op != RNNCORE_OP_STORE) {
        product.out = run->sums + (forward ? gate : 0);
        product.ldo = w->gates * w->padded;
        product.add_carry = 0;
    }
    product.add_carry |= !forward && i > 0;
    run->step(&product);
}

void rnncore_dropout_step(const rnncore_run *run, const rnncore_step *step)
{
    const rnncore_weights *w = run->weights;
    const int forward = is_forward(step->op);
    const int64_t products = forward ? rnncore_op_gates(step->op) : step->segments;
    const size_t row_bytes = (size_t)(w->gates * w->padded) * w->element;
    rnncore_step one = *step;
    if (forward) {
        mask_states(run, step);
    }
    for (int64_t i = 0; i < products; i++) {
        multiply(run, step, i);
    }
    if (step->op == RNNCORE_OP_STORE) {
        return;
    }
    one.sums_gate = w->padded;
    if (step->op == RNNCORE_OP_GRU1_GATES) { /* the state that r multiplies is that of Un */
        one.h_in = (const char *)step->a + (size_t)(2 * w->padded) * w->element;
        one.ldh = step->lda;
    }
    for (int64_t row = step->row_low; row < step->row_end; row++) {
        one.row_begin = row;
        one.row_end = row + 1;
        one.sums = run->sums + (size_t)row * row_bytes;
        run->step(&one);
    }
}
