/* LSTM, gates i f g o:  c = f*c' + i*g,  h = o*tanh(c)
 * backward:  dh = dy + [di df dg do]_next U^T, and dc runs beside it; slots: di df dg do */
#include "cells/cell.h"

static void forward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_forward_step(run, RNNCORE_OP_LSTM_FORWARD, k, part, parts);
    step.packed = run->weights->recurrent;
    step.c_in = rnncore_c_at(run, k - 1);
    step.c_out = rnncore_c_at(run, k);
    rnncore_run_step(run, &step);
}

static void backward(const rnncore_run *run, int64_t k, int phase, int part, int parts)
{
    (void)phase;
    rnncore_step step = rnncore_backward_step(run, RNNCORE_OP_LSTM_BACKWARD, k, part, parts);
    step.c_in = rnncore_c_at(run, k - 1);
    step.c_out = rnncore_c_at(run, k);
    rnncore_run_backward(run, &step, k, 0, 4, 0);
}

static void backward_initial(const rnncore_run *run)
{
    rnncore_run_initial(run, 0, 4, 0);
}

static int recurrent_slot(int gate)
{
    return gate;
}

static const int slot_gate[] = {0, 1, 2, 3};

const rnncore_cell_ops rnncore_lstm_ops = {
    .gates = 4, .tape_slots = 4, .phases = 1, .slot_gate = slot_gate, .forward = forward};

const rnncore_cell_backward rnncore_lstm_backward = {backward, backward_initial, recurrent_slot};
