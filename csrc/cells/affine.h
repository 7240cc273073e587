/* y = f(x W + b) for rows of x: Dense layers, windows of convolutions, the products of attention. A
 * row's bits depend on nothing but the row: every sum runs over k in order in one accumulator. */
#ifndef RNNCORE_CELLS_AFFINE_H
#define RNNCORE_CELLS_AFFINE_H

#include "core/arena.h"
#include "core/context.h"

typedef struct rnncore_affine {
    const rnncore_kernels *kernels;
    size_t element;
    /* A row of x is `segments` runs of `depth` numbers, segment_stride apart. */
    int64_t segments, depth, segment_stride;
    int64_t units, padded; /* columns of W, and with those of the last vector */
    int32_t activation;    /* rnncore_activation; DEFAULT is LINEAR */
    void *packed, *bias;   /* bias: NULL or (padded) */
} rnncore_affine;

/* Sets everything but activation and stride, and takes the buffers from the arena (or counts them).
 */
void rnncore_affine_take(rnncore_affine *affine, const rnncore_context *context,
                         rnncore_dtype dtype, int64_t segments, int64_t depth, int64_t units,
                         int has_bias, rnncore_arena *arena);

/* Fills them: row k of column u stands at matrix[k*rb + u*cb]. bias (units), where there is one. */
void rnncore_affine_pack(const rnncore_affine *affine, const void *matrix, int64_t rb, int64_t cb,
                         const void *bias);

/* Bytes of scratch of one thread, a multiple of 64. */
size_t rnncore_affine_scratch(const rnncore_affine *affine);

/* Rows of x that stand ldx apart; y (rows, units) contiguous. */
void rnncore_affine_rows(const rnncore_affine *affine, int64_t rows, const void *x, int64_t ldx,
                         void *y, void *scratch);

/* The same on the threads of the context where that pays, with scratch for each of them:
 * rnncore_affine_scratch times rnncore_pool_size. */
void rnncore_affine_run(const rnncore_affine *affine, rnncore_context *context, int64_t rows,
                        const void *x, int64_t ldx, void *y, void *scratch);

/* The threads of the context, or NULL where so few operations do not pay for more than one. */
rnncore_pool *rnncore_affine_pool(const rnncore_context *context, double flops);

#endif
