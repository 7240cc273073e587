/* Between the caller's arrays (any strides, padding, direction) and compact rows. */
#ifndef RNNCORE_CELLS_GATHER_H
#define RNNCORE_CELLS_GATHER_H

#include "cells/plan.h"

/* A (B, T, features) array of float or double through element strides. */
typedef struct rnncore_view {
    void *data;
    int64_t stride_batch, stride_time, stride_feature;
    int64_t features;
    size_t element; /* 4 or 8 bytes */
} rnncore_view;

/* The inputs of compact step k, one row each `ld` elements from `rows` on. */
void rnncore_gather_inputs(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                           void *rows, int64_t ld);

/* The reverse, for gradients of the inputs: compact rows [first, last) of the whole batch. */
void rnncore_scatter_inputs(const rnncore_plan *plan, const rnncore_view *view, int64_t first,
                            int64_t last, const void *rows, int64_t ld);

/* Outputs of compact step k: each row goes to its time and to the masked steps that repeat it. */
void rnncore_scatter_outputs(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                             const void *rows, int64_t ld);

/* Their gradients: sums over the times at which an output shows; columns from `features` to `ld`
 * become zero. */
void rnncore_gather_gradients(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                              void *rows, int64_t ld);

/* Zeros wherever no compact step writes: beyond the lengths, and before the first real step of a
 * mask; with `masked_too` (gradients of inputs) at every step that is not real. */
void rnncore_clear_padding(const rnncore_plan *plan, const rnncore_view *view, int masked_too);

/* States (B, H) contiguous <-> compact rows (B, ld), padded with zeros; a NULL source is zeros. */
void rnncore_gather_states(const rnncore_plan *plan, const void *states, int64_t units,
                           size_t element, void *rows, int64_t ld);
void rnncore_scatter_state(const rnncore_plan *plan, int64_t j, const void *row, int64_t units,
                           size_t element, void *states);

#endif
