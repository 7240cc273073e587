/* The large products of training: by BLAS where there is one, else by the packed kernel. */
#ifndef RNNCORE_CORE_PRODUCT_H
#define RNNCORE_CORE_PRODUCT_H

#include "core/backward_table.h"
#include "core/blas.h"

typedef struct rnncore_multiplier {
    const rnncore_blas *blas; /* NULL: none */
    const rnncore_backward_kernels *kernels;
    rnncore_dtype dtype;
} rnncore_multiplier;

/* C = op(A) op(B) as rnncore_blas_product does it; `scratch` has kernels->product_scratch bytes for
 * the calling thread, aligned to 64. */
void rnncore_multiply(const rnncore_multiplier *with, int trans_a, int trans_b, int64_t m,
                      int64_t n, int64_t k, const void *a, int64_t lda, const void *b, int64_t ldb,
                      void *c, int64_t ldc, void *scratch);

#endif
