/* Matrix products by a BLAS library, for the large products of training. Inference needs none.
 *
 * The library is opened at run time (or was linked with at build time) and set to one thread: we
 * slice products over threads of our own, several of which may call it at once. */
#ifndef RNNCORE_CORE_BLAS_H
#define RNNCORE_CORE_BLAS_H

#include "rnncore.h"

/* The Fortran interface with 32-bit integers: everything by address, matrices column-major. */
typedef void rnncore_sgemm_fn(const char *trans_a, const char *trans_b, const int32_t *m,
                              const int32_t *n, const int32_t *k, const float *alpha,
                              const float *a, const int32_t *lda, const float *b,
                              const int32_t *ldb, const float *beta, float *c, const int32_t *ldc);
typedef void rnncore_dgemm_fn(const char *trans_a, const char *trans_b, const int32_t *m,
                              const int32_t *n, const int32_t *k, const double *alpha,
                              const double *a, const int32_t *lda, const double *b,
                              const int32_t *ldb, const double *beta, double *c,
                              const int32_t *ldc);

/* Read-only between load and unload, so threads share it. All zero bytes: no BLAS. */
typedef struct rnncore_blas {
    void *handle; /* of the opened library; NULL when it was linked with at build time */
    rnncore_sgemm_fn *sgemm;
    rnncore_dgemm_fn *dgemm;
    char description[256];
} rnncore_blas;

/* Fills `blas` (untouched on failure).
 *   library  path of an OpenBLAS with 32-bit integers, plain or `scipy_` names. Give a path with a
 *            directory: a bare name may find a copy that belongs to somebody else, and its number
 *            of threads is set to 1. NULL: the BLAS linked with at build time, which may be shared
 *            and so keeps its number of threads.
 * RNNCORE_ERROR_UNSUPPORTED: NULL, and none was linked; RNNCORE_ERROR_BLAS: not such a library. */
rnncore_status rnncore_blas_load(rnncore_blas *blas, const char *library);

/* Closes the library and clears `blas`. No product may be running. */
void rnncore_blas_unload(rnncore_blas *blas);

/* What the library says about itself, its core type last; "none" when none is loaded. Lives as
 * long as `blas`. */
const char *rnncore_blas_description(const rnncore_blas *blas);

/* C = op(A) op(B), all row-major.
 *   op(A) (m, k), op(B) (k, n), C (m, n); op transposes where trans_a or trans_b is not 0.
 *   lda, ldb, ldc: elements from one stored row to the next, at least the stored columns.
 * C overlaps neither A nor B. The calling thread does all the work.
 * RNNCORE_ERROR_UNSUPPORTED: no BLAS is loaded; RNNCORE_ERROR_OVERFLOW: a number exceeds 32 bits;
 * RNNCORE_ERROR_INVALID_ARGUMENT: a negative size or a leading dimension that is too small. */
rnncore_status rnncore_blas_product(const rnncore_blas *blas, rnncore_dtype dtype, int trans_a,
                                    int trans_b, int64_t m, int64_t n, int64_t k, const void *a,
                                    int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc);

#endif
