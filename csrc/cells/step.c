/* Steps as the cells start from them. */
#include "cells/cell.h"
#include "cells/dropout.h"
#include "cells/unpacked.h"

static void set_columns(const rnncore_run *run, rnncore_step *step, int part, int parts)
{
    const rnncore_weights *w = run->weights;
    const int gates = rnncore_op_gates(step->op);
    const int64_t groups = rnncore_group_count(w->kernels, w->hidden, gates);
    step->units = w->hidden;
    step->vectors = w->padded / w->kernels->vector_length * gates;
    step->group_blocks = rnncore_group_blocks(w->kernels, gates);
    step->group_begin = groups * part / parts;
    step->group_end = groups * (part + 1) / parts;
}

static rnncore_step common_step(const rnncore_run *run, rnncore_op op, int64_t k, int part,
                                int parts)
{
    const rnncore_weights *w = run->weights;
    const int64_t running = rnncore_plan_running(&run->plan, k);
    rnncore_step step = {.op = op,
                         .generic = w->path == RNNCORE_PATH_GENERIC,
                         .activation = w->layer.activation,
                         .gate_activation = w->layer.recurrent_activation,
                         .store_tape = run->training,
                         .reverse = k & 1,
                         .row_end = running,
                         .row_block = running,
                         .row_stride = running,
                         .segments = 1,
                         .depth = w->hidden,
                         .gates = rnncore_gates_at(run, k),
                         .ldg = run->slots * w->padded,
                         .padded = w->padded,
                         .h_in = rnncore_state_at(run, run->h, k - 1),
                         .h_out = rnncore_state_at(run, run->h, k),
                         .ldh = w->padded,
                         .mask = run->masks,
                         .ldm = w->gates * w->padded};
    set_columns(run, &step, part, parts);
    return step;
}

int64_t rnncore_regular_end(const rnncore_run *run, int64_t k, int64_t k1)
{
    if (run->plan.dense) {
        return k1;
    }
    const int64_t running = rnncore_plan_running(&run->plan, k);
    const int64_t distance = rnncore_row_of_step(run, k + 1) - rnncore_row_of_step(run, k);
    int64_t end = k + 1;
    while (end < k1 && rnncore_plan_running(&run->plan, end) == running &&
           rnncore_row_of_step(run, end) == rnncore_row_of_step(run, end - 1) + distance) {
        end++;
    }
    return end;
}

int64_t rnncore_steps_at_once(const rnncore_run *run, int64_t k)
{
    const rnncore_weights *w = run->weights;
    if (k + 1 >= run->end || rnncore_plan_running(&run->plan, k) > w->kernels->rows_in_steps ||
        w->cell->phases > 1 || run->masks != NULL || run->unpacked ||
        w->path == RNNCORE_PATH_GENERIC) {
        return 1;
    }
    return rnncore_regular_end(run, k, run->end) - k;
}

rnncore_step rnncore_forward_step(const rnncore_run *run, rnncore_op op, int64_t k, int part,
                                  int parts)
{
    rnncore_step step = common_step(run, op, k, part, parts);
    step.a = step.h_in;
    step.lda = run->weights->padded;
    step.steps = rnncore_steps_at_once(run, k);
    if (step.steps > 1) {
        const int64_t rows = rnncore_row_of_step(run, k + 1) - rnncore_row_of_step(run, k);
        step.gates_step = rows * step.ldg;
        step.h_step = rows * step.ldh;
        step.c_step = run->training ? step.h_step : 0;
    }
    if (run->masks != NULL) {
        const int64_t row = rnncore_row_of_step(run, k);
        step.a = run->masked + (size_t)(row * step.ldm) * run->weights->element;
        step.lda = step.ldm;
    }
    return step;
}

rnncore_step rnncore_backward_step(const rnncore_run *run, rnncore_op op, int64_t k, int part,
                                   int parts)
{
    const rnncore_weights *w = run->weights;
    rnncore_step step = common_step(run, op, k, part, parts);
    step.carry = run->carry;
    step.dc = run->dc;
    step.packed = w->recurrent_t;
    if (run->dy != NULL) {
        step.dy = rnncore_dy_at(run, k);
    }
    return step;
}

void rnncore_run_step(const rnncore_run *run, rnncore_step *step)
{
    if (run->unpacked) {
        rnncore_unpacked_step(run, step);
    } else if (step->row_begin >= step->row_end || step->row_low >= step->row_end) {
        return;
    } else if (step->mask != NULL) {
        rnncore_dropout_step(run, step);
    } else {
        run->step(step);
    }
}

void rnncore_run_backward(const rnncore_run *run, rnncore_step *step, int64_t k, int slot,
                          int segments, int carry_always)
{
    const rnncore_weights *w = run->weights;
    const int64_t end = step->row_end;
    const int64_t next = k + 1 < run->plan.longest ? rnncore_plan_running(&run->plan, k + 1) : 0;
    step->lda = step->ldg;
    step->segment_stride = w->padded;
    if (next > 0) {
        step->a = rnncore_gates_at(run, k + 1) + (size_t)(slot * w->padded) * w->element;
        step->segments = segments;
        step->add_carry = carry_always;
        step->row_end = end < next ? end : next;
        rnncore_run_step(run, step);
    }
    step->a = step->gates; /* not read: no segments */
    step->mask = NULL;
    step->segments = 0;
    step->add_carry = 1;
    step->row_end = end;
    step->row_low = next;
    rnncore_run_step(run, step);
}

void rnncore_run_initial(const rnncore_run *run, int slot, int segments, int add_carry)
{
    const rnncore_weights *w = run->weights;
    const int64_t running = rnncore_plan_running(&run->plan, 0);
    rnncore_step step = {.op = RNNCORE_OP_STORE,
                         .row_end = running,
                         .row_block = running,
                         .row_stride = running,
                         .lda = run->slots * w->padded,
                         .segments = segments,
                         .segment_stride = w->padded,
                         .depth = w->hidden,
                         .packed = w->recurrent_t,
                         .out = run->carry,
                         .add_carry = add_carry,
                         .ldo = w->padded,
                         .mask = run->masks,
                         .ldm = w->gates * w->padded};
    step.a = rnncore_gates_at(run, 0) + (size_t)(slot * w->padded) * w->element;
    set_columns(run, &step, 0, 1);
    rnncore_run_step(run, &step);
}
