/* A layer that keeps its state between calls: steps as they come, with the bits of rnncore_forward
 * over the whole sequence, however it is cut into calls. */
#ifndef RNNCORE_CELLS_STEPPER_H
#define RNNCORE_CELLS_STEPPER_H

#include "cells/cell.h"

/* Belongs to one thread at a time; its memory is the caller's. */
typedef struct rnncore_stepper {
    rnncore_context *context;
    const rnncore_weights *weights;
    int64_t batch;
    int64_t alone;       /* calls of more steps are worth several threads */
    int small, medium;   /* one row and few weights: the kernels row_steps and row_step run it */
    int64_t chunk_steps; /* whose gates and states the buffers hold */
    int64_t current;     /* the block of h with the state, see h_at */
    char *h;             /* (chunk_steps + 1, B, padded) */
    char *c;             /* LSTM: (B, padded), updated in place */
    char *scratch;       /* gates = x W + b of a chunk, or the workspace of several threads */
    size_t scratch_bytes;
    rnncore_step project, step, candidate; /* what is the same at every call */
} rnncore_stepper;

/* Bytes of memory that a stepper needs for `batch` rows and calls of up to `most_steps` steps.
 * RNNCORE_ERROR_INVALID_ARGUMENT for fewer than one of either, and for weights with recurrent
 * dropout. */
rnncore_status rnncore_stepper_size(const rnncore_context *context, const rnncore_weights *weights,
                                    int64_t batch, int64_t most_steps, size_t *bytes);

/* `memory` is aligned to 64 bytes and outlives the stepper, as do context and weights. States are
 * zeros at first. Errors as above. */
rnncore_status rnncore_stepper_create(rnncore_stepper *stepper, rnncore_context *context,
                                      const rnncore_weights *weights, int64_t batch,
                                      int64_t most_steps, void *memory);

/* Runs steps <= most_steps steps from x (B, T, I) to y (B, T, H), both through strides of batch and
 * time, of any sign, with contiguous features; y NULL: not wanted. y may not overlap x. Allocates
 * nothing. The caller sets the floating-point mode: rnncore_forward's bits are those between
 * rnncore_fp_flush_enter and rnncore_fp_flush_leave, which cost more than a small step and serve
 * all layers of a model at once. */
void rnncore_stepper_run(rnncore_stepper *stepper, const void *x, int64_t x_stride_batch,
                         int64_t x_stride_time, int64_t steps, void *y, int64_t y_stride_batch,
                         int64_t y_stride_time);

/* The state of one row: h, for an LSTM then c, H numbers each. NULL sets zeros. */
void rnncore_stepper_get(const rnncore_stepper *stepper, int64_t row, void *h_and_c);
void rnncore_stepper_set(rnncore_stepper *stepper, int64_t row, const void *h_and_c);

#endif
