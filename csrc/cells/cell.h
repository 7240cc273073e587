/* What a cell (rnn.c, lstm.c, gru.c) tells the time loops in forward.c and backward.c. */
#ifndef RNNCORE_CELLS_CELL_H
#define RNNCORE_CELLS_CELL_H

#include "cells/gather.h"
#include "cells/weights.h"

/* The buffers of one call. Row buffers have `padded` columns; the state buffers begin with the B
 * rows of the initial state, and compact row (k, j) follows at B + offset(k) - base + j. */
typedef struct rnncore_run {
    rnncore_context *context;
    const rnncore_weights *weights;
    rnncore_plan plan;
    int32_t training;
    int32_t unpacked; /* a few rows times weights as they are, see unpacked.h */
    int64_t slots;    /* of a row of gates */
    int64_t first;    /* first compact step in the buffers: its h' is the initial block */
    int64_t base;     /* offset(first) */
    char *x;          /* compact inputs (rows, I) */
    char *gates;      /* (rows, slots * padded) */
    char *h;          /* (B + rows, padded) */
    char *c;          /* LSTM; inference keeps only (B, padded), updated in place */
    char *dy;         /* backward: (rows of the chunk, padded), or NULL */
    int64_t dy_base;  /* compact row of dy's first row */
    char *sums;       /* unpacked: the sums of one row; recurrent dropout: of B rows */
    char *masks;  /* recurrent dropout: (B, G * padded), in the order of compact rows; or NULL */
    char *masked; /* h' of each compact row, times the mask of each gate: (rows, G * padded) */
    char *carry, *dc; /* backward: (B, padded) */
} rnncore_run;

/* Which part of a step: some rows, and part `part` of `parts` of the unit groups. */
typedef struct rnncore_share {
    rnncore_rows rows;
    int part, parts;
} rnncore_share;

typedef struct rnncore_cell_ops {
    int gates;
    int tape_slots;
    int phases;           /* products a step, with a barrier between where units are divided */
    const int *slot_gate; /* which gate each input slot holds */
    void (*forward)(const rnncore_run *run, int64_t k, int phase, const rnncore_share *share);
    void (*backward)(const rnncore_run *run, int64_t k, int phase, const rnncore_share *share);
    /* carry = dL/d(initial h), from the gradients of step 0 */
    void (*backward_initial)(const rnncore_run *run);
    /* the operand of gate g in dU and its slot of gradients */
    int (*recurrent_slot)(int gate);
} rnncore_cell_ops;

extern const rnncore_cell_ops rnncore_rnn_ops, rnncore_lstm_ops, rnncore_gru_ops, rnncore_gru1_ops;

/* Slot of the tape that holds r*h', the operand of Un when the reset comes first; slot 3 also holds
 * q = h' Un + cn (and its gradient) when the reset comes after. */
enum { RNNCORE_GRU_SLOT_N, RNNCORE_GRU_SLOT_Z, RNNCORE_GRU_SLOT_R, RNNCORE_GRU_SLOT_Q };

/* Row j of compact step k in the buffers. */
static inline char *rnncore_gates_at(const rnncore_run *run, int64_t k)
{
    const rnncore_weights *w = run->weights;
    const int64_t row = rnncore_plan_offset(&run->plan, k) - run->base;
    return run->gates + (size_t)(row * run->slots * w->padded) * w->element;
}

/* The state after step k; k = first - 1: the state before the first step in the buffers. */
static inline char *rnncore_state_at(const rnncore_run *run, char *states, int64_t k)
{
    const rnncore_weights *w = run->weights;
    const int64_t row =
        k < run->first ? 0 : run->plan.batch + rnncore_plan_offset(&run->plan, k) - run->base;
    return states + (size_t)(row * w->padded) * w->element;
}

static inline char *rnncore_c_at(const rnncore_run *run, int64_t k)
{
    return run->training ? rnncore_state_at(run, run->c, k) : run->c;
}

/* A step with everything that the cells have in common filled in, for op's forward at step k:
 * a = h' (with recurrent dropout: h' times the masks), rows of the share that are running. */
rnncore_step rnncore_forward_step(const rnncore_run *run, rnncore_op op, int64_t k,
                                  const rnncore_share *share);

/* Likewise for the backward of step k; the product is added by rnncore_backward_product. */
rnncore_step rnncore_backward_step(const rnncore_run *run, rnncore_op op, int64_t k,
                                   const rnncore_share *share);

/* Runs a backward step whose product takes `segments` slots from `slot` of the gradients of step
 * k + 1: for the rows that have such a step, and without a product for those that end at k (there
 * the carry holds the gradient of the final state). */
void rnncore_run_backward(const rnncore_run *run, rnncore_step *step, int64_t k, int slot,
                          int segments, int carry_always);

/* carry (+)= the product with the gradients of step 0. */
void rnncore_run_initial(const rnncore_run *run, int slot, int segments, int add_carry);

void rnncore_run_step(const rnncore_run *run, rnncore_step *step);

#endif
