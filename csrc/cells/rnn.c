/* SimpleRNN:  h = f(x W + h' U + b)
 * backward:   da = f'(h) * (dy + da_next U^T),  one slot: da */
#include "cells/cell.h"

static void forward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_forward_step(run, RNNCORE_OP_RNN_FORWARD, k, part, parts);
    step.packed = run->weights->recurrent;
    rnncore_run_step(run, &step);
}

static void backward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_backward_step(run, RNNCORE_OP_RNN_BACKWARD, k, part, parts);
    rnncore_run_backward(run, &step, k, 0, 1, 0);
}

static void backward_initial(const rnncore_run *run)
{
    rnncore_run_initial(run, 0, 1, 0);
}

static int recurrent_slot(int gate)
{
    return gate;
}

static const int slot_gate[] = {0};

const rnncore_cell_ops rnncore_rnn_ops = {
    .gates = 1, .tape_slots = 1, .phases = 1, .slot_gate = slot_gate, .forward = forward};

const rnncore_cell_backward rnncore_rnn_backward = {backward, backward_initial, recurrent_slot};
