#include "core/product.h"

void rnncore_multiply(const rnncore_multiplier *with, int trans_a, int trans_b, int64_t m,
                      int64_t n, int64_t k, const void *a, int64_t lda, const void *b, int64_t ldb,
                      void *c, int64_t ldc, void *scratch)
{
    if (with->blas != NULL && rnncore_blas_product(with->blas, with->dtype, trans_a, trans_b, m, n,
                                                   k, a, lda, b, ldb, c, ldc) == RNNCORE_OK) {
        return;
    }
    with->kernels->product(&(rnncore_product){.m = m,
                                              .n = n,
                                              .k = k,
                                              .a = a,
                                              .ra = trans_a ? 1 : lda,
                                              .ca = trans_a ? lda : 1,
                                              .b = b,
                                              .rb = trans_b ? 1 : ldb,
                                              .cb = trans_b ? ldb : 1,
                                              .c = c,
                                              .ldc = ldc,
                                              .scratch = scratch}); /* or beyond BLAS' 32 bits */
}
