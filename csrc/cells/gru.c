/* GRU, gates z r n:  h = z*h' + (1-z)*n
 *   reset_after:   n = tanh(x Wn + bn + r*(h' Un + cn)), one product a step;
 *   reset before:  n = tanh(x Wn + bn + (r*h') Un), two products with a barrier between.
 * Slots of a row: n z r, and on the tape q = h' Un + cn or r*h'. The backward writes dn dz dr dq
 * there; its carry is the part of dh' that does not pass through U: dh*z, and r*d(r*h'). */
#include "cells/cell.h"

static const int slot_gate[] = {2, 0, 1};

static void forward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_forward_step(run, RNNCORE_OP_GRU_FORWARD, k, part, parts);
    step.packed = run->weights->recurrent;
    step.bias = run->weights->recurrent_bias;
    rnncore_run_step(run, &step);
}

static void backward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_backward_step(run, RNNCORE_OP_GRU_BACKWARD, k, part, parts);
    rnncore_run_backward(run, &step, k, RNNCORE_GRU_SLOT_Z, 3, 1);
}

static void backward_initial(const rnncore_run *run)
{
    rnncore_run_initial(run, RNNCORE_GRU_SLOT_Z, 3, 1);
}

static int recurrent_slot(int gate)
{
    return gate + 1; /* z r, and q for n */
}

const rnncore_cell_ops rnncore_gru_ops = {
    .gates = 3, .tape_slots = 4, .phases = 1, .slot_gate = slot_gate, .forward = forward};

const rnncore_cell_backward rnncore_gru_backward = {backward, backward_initial, recurrent_slot};

static void *slot_at(const rnncore_run *run, int64_t k, int slot)
{
    const rnncore_weights *w = run->weights;
    return rnncore_gates_at(run, k) + (size_t)(slot * w->padded) * w->element;
}

static void forward1(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    const rnncore_op op = phase == 0 ? RNNCORE_OP_GRU1_GATES : RNNCORE_OP_GRU1_CANDIDATE;
    rnncore_step step = rnncore_forward_step(run, op, k, part, parts);
    if (phase == 0) {
        step.packed = run->weights->recurrent;
    } else {
        step.packed = run->weights->candidate;
        step.mask = NULL; /* r*h' is masked already */
        step.a = slot_at(run, k, run->training ? RNNCORE_GRU_SLOT_Q : RNNCORE_GRU_SLOT_R);
        step.lda = step.ldg;
    }
    rnncore_run_step(run, &step);
}

static void backward1(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    if (phase == 0) {
        rnncore_step step =
            rnncore_backward_step(run, RNNCORE_OP_GRU1_BACKWARD_GATES, k, part, parts);
        rnncore_run_backward(run, &step, k, RNNCORE_GRU_SLOT_Z, 2, 1);
        return;
    }
    rnncore_step step = rnncore_backward_step(run, RNNCORE_OP_GRU1_BACKWARD_RESET, k, part, parts);
    step.packed = run->weights->candidate_t;
    if (step.mask != NULL) {
        step.mask = run->masks + (size_t)(2 * run->weights->padded) * run->weights->element;
    }
    step.a = slot_at(run, k, RNNCORE_GRU_SLOT_N);
    step.lda = step.ldg;
    rnncore_run_step(run, &step);
}

static void backward_initial1(const rnncore_run *run)
{
    rnncore_run_initial(run, RNNCORE_GRU_SLOT_Z, 2, 1);
}

static int recurrent_slot1(int gate)
{
    return gate == 2 ? RNNCORE_GRU_SLOT_N : gate + 1;
}

const rnncore_cell_ops rnncore_gru1_ops = {
    .gates = 3, .tape_slots = 4, .phases = 2, .slot_gate = slot_gate, .forward = forward1};

const rnncore_cell_backward rnncore_gru1_backward = {backward1, backward_initial1, recurrent_slot1};
