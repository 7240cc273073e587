/* The kernels of backpropagation through time, one const table for each ISA and dtype, beside those
 * of kernel_table.h: a static link that only infers drops them. */
#ifndef RNNCORE_BACKWARD_TABLE_H
#define RNNCORE_BACKWARD_TABLE_H

#include "core/kernel_table.h"

/* C (M, N) = A B, or += with accumulate; A(i,k) = a[i*ra + k*ca], B(k,j) = b[k*rb + j*cb]. */
typedef struct rnncore_product {
    int64_t m, n, k;
    const void *a;
    int64_t ra, ca;
    const void *b;
    int64_t rb, cb;
    void *c;
    int64_t ldc;
    int32_t accumulate;
    void *scratch; /* product_scratch bytes, 64-byte aligned, one per thread */
} rnncore_product;

typedef struct rnncore_backward_kernels {
    int64_t product_scratch;
    rnncore_step_fn *step; /* STORE and the backward ops */
    void (*product)(const rnncore_product *product);
    /* out[j] = sum over rows of a[i*lda + j], j < n */
    void (*column_sums)(const void *a, int64_t lda, int64_t rows, int64_t n, void *out);
} rnncore_backward_kernels;

/* The table of an ISA for a dtype, or NULL where it was not built or no such dtype is. */
const rnncore_backward_kernels *rnncore_backward_table(rnncore_isa isa, rnncore_dtype dtype);

#endif
