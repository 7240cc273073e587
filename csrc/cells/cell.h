/* What a cell (rnn.c, lstm.c, gru.c) tells the passes in forward.c and backward.c. */
#ifndef RNNCORE_CELLS_CELL_H
#define RNNCORE_CELLS_CELL_H

#include "cells/gather.h"
#include "cells/weights.h"

/* The buffers of one call, or of a share of its rows: pointers to the share's first row. Row
 * buffers have `padded` columns and hold all steps in training (the tape), one chunk of steps in
 * inference. The state buffers begin with the rows of the initial state. */
typedef struct rnncore_run {
    rnncore_context *context;
    const rnncore_weights *weights;
    rnncore_plan plan;
    int32_t training;
    int32_t unpacked;   /* a few rows times weights as they are, see unpacked.h */
    int64_t slots;      /* of a row of gates */
    int64_t shares;     /* how the call is divided, see time_loop.h: shares of the rows, */
    int parts;          /* or parts of each chunk's projection, */
    int step_parts;     /* and of each of its steps; 1: undivided */
    int64_t chunk_rows; /* compact rows of a chunk, for each share; at least one step */
    int64_t initial;    /* rows of the initial state in the state buffers */
    int64_t first;      /* first compact step in the buffers: its h' is the initial block */
    int64_t end;        /* forward: one call of the kernel may run the steps before this one */
    int64_t step_rows;  /* inference: rows from one step to the next in the buffers */
    char *x;            /* compact inputs (rows, I) */
    char *gates;        /* (rows, slots * padded) */
    char *h;            /* (B + rows, padded) */
    char *c;            /* LSTM; inference keeps only (B, padded), updated in place */
    char *dy;           /* backward: (steps of the chunk, rows of the share, padded), or NULL */
    int64_t dy_first;   /* first step of dy */
    char *sums;         /* unpacked: the sums of one row; recurrent dropout: of B rows */
    char *masks;  /* recurrent dropout: (B, G * padded), in the order of compact rows; or NULL */
    char *masked; /* h' of each compact row, times the mask of each gate: (rows, G * padded) */
    char *carry, *dc;                             /* backward: (B, padded) */
    rnncore_step_fn *step;                        /* the kernel of this pass */
    const struct rnncore_cell_backward *backward; /* backward, and so below */
    const struct rnncore_backward_kernels *backward_kernels;
} rnncore_run;

/* Part `part` of `parts` of the unit groups in a phase of step k. */
typedef void rnncore_phase_of_step(const rnncore_run *run, int64_t k, int phase, int part,
                                   int parts);

typedef struct rnncore_cell_ops {
    int gates;
    int tape_slots;
    int phases;           /* products a step, with a barrier between where units are divided */
    const int *slot_gate; /* which gate each input slot holds */
    rnncore_phase_of_step *forward;
} rnncore_cell_ops;

/* And what it tells the backward pass, apart, so that a program that only infers links without. */
typedef struct rnncore_cell_backward {
    rnncore_phase_of_step *step;
    /* carry = dL/d(initial h), from the gradients of step 0 */
    void (*initial)(const rnncore_run *run);
    /* the operand of gate g in dU and its slot of gradients */
    int (*recurrent_slot)(int gate);
} rnncore_cell_backward;

extern const rnncore_cell_ops rnncore_rnn_ops, rnncore_lstm_ops, rnncore_gru_ops, rnncore_gru1_ops;
extern const rnncore_cell_backward rnncore_rnn_backward, rnncore_lstm_backward,
    rnncore_gru_backward, rnncore_gru1_backward;

/* Slot of the tape that holds r*h', the operand of Un when the reset comes first; slot 3 also holds
 * q = h' Un + cn (and its gradient) when the reset comes after. */
enum { RNNCORE_GRU_SLOT_N, RNNCORE_GRU_SLOT_Z, RNNCORE_GRU_SLOT_R, RNNCORE_GRU_SLOT_Q };

/* Where the rows of compact step k begin in the row buffers. */
static inline int64_t rnncore_row_of_step(const rnncore_run *run, int64_t k)
{
    return run->training ? rnncore_plan_offset(&run->plan, k) : (k - run->first) * run->step_rows;
}

static inline char *rnncore_gates_at(const rnncore_run *run, int64_t k)
{
    const rnncore_weights *w = run->weights;
    return run->gates + (size_t)(rnncore_row_of_step(run, k) * run->slots * w->padded) * w->element;
}

/* The state after step k; k = first - 1: the state before the first step in the buffers. */
static inline char *rnncore_state_at(const rnncore_run *run, char *states, int64_t k)
{
    const rnncore_weights *w = run->weights;
    const int64_t row = k < run->first ? 0 : run->initial + rnncore_row_of_step(run, k);
    return states + (size_t)(row * w->padded) * w->element;
}

static inline char *rnncore_c_at(const rnncore_run *run, int64_t k)
{
    return run->training ? rnncore_state_at(run, run->c, k) : run->c;
}

/* The end of the steps from k on, below k1, whose rows are as many as those of k and stand at a
 * constant distance in the buffers. */
int64_t rnncore_regular_end(const rnncore_run *run, int64_t k, int64_t k1);

/* The gradients of the outputs of compact step k. */
static inline char *rnncore_dy_at(const rnncore_run *run, int64_t k)
{
    const int64_t row = (k - run->dy_first) * run->plan.batch;
    return run->dy + (size_t)(row * run->weights->padded) * run->weights->element;
}

/* A step with everything that the cells have in common filled in, for op's forward at step k:
 * a = h' (with recurrent dropout: h' times the masks), for the rows that are running. */
rnncore_step rnncore_forward_step(const rnncore_run *run, rnncore_op op, int64_t k, int part,
                                  int parts);

/* How many steps a forward runs that begins at k: those up to run->end that are regular, where the
 * rows are few and a step is one product. */
int64_t rnncore_steps_at_once(const rnncore_run *run, int64_t k);

/* Likewise for the backward of step k; the product is added by rnncore_backward_product. */
rnncore_step rnncore_backward_step(const rnncore_run *run, rnncore_op op, int64_t k, int part,
                                   int parts);

/* Runs a backward step whose product takes `segments` slots from `slot` of the gradients of step
 * k + 1: for the rows that have such a step, and without a product for those that end at k (there
 * the carry holds the gradient of the final state). */
void rnncore_run_backward(const rnncore_run *run, rnncore_step *step, int64_t k, int slot,
                          int segments, int carry_always);

/* carry (+)= the product with the gradients of step 0. */
void rnncore_run_initial(const rnncore_run *run, int slot, int segments, int add_carry);

void rnncore_run_step(const rnncore_run *run, rnncore_step *step);

#endif
