/* The kernels of a training step beside the recurrence, one const table for each ISA and dtype.
 * csrc/kernels/training.c is compiled once for each ISA; csrc/train cuts the work into tasks.
 * A table of its own, so that a static link that only infers drops it. */
#ifndef RNNCORE_TRAINING_TABLE_H
#define RNNCORE_TRAINING_TABLE_H

#include "rnncore_train.h"

/* Elements [begin, end) of what `options` (a struct of rnncore_train.h) describes. */
typedef void rnncore_range_fn(const void *options, int64_t begin, int64_t end);

typedef struct rnncore_training_kernels {
    rnncore_range_fn *update;      /* rnncore_update */
    rnncore_range_fn *scatter_add; /* rnncore_scatter_add, its columns */
    rnncore_range_fn *dropout;     /* rnncore_dropout; begin is a multiple of 64 */
    /* Sum of (x * scale)^2, in double; the largest |x|, NaN where there is one. */
    double (*sum_of_squares)(int64_t n, const void *x, double scale);
    double (*largest)(int64_t n, const void *x);
    /* dz = f'(y) dy for `rows` rows, not for LINEAR. */
    void (*activate_backward)(const rnncore_dense *dense, int64_t rows, const void *y,
                              const void *dy, void *dz);
    /* Rows [begin, end): returns the weighted sum of their losses, writes their gradients. */
    double (*loss)(const rnncore_loss *loss, int64_t begin, int64_t end);
    /* Tells whether bytes have changed; comparable within one ISA. */
    uint64_t (*checksum)(size_t bytes, const void *data);
} rnncore_training_kernels;

/* The table of an ISA for a dtype, or NULL where it was not built or no such dtype is. */
const rnncore_training_kernels *rnncore_training_table(rnncore_isa isa, rnncore_dtype dtype);

#endif
