/* Loading a BLAS library and calling its two products. */
#include "core/blas.h"

#include <stdio.h>
#include <string.h>

#include "core/platform_libraries.h"

typedef char *rnncore_blas_text_fn(void);
typedef void rnncore_blas_threads_fn(int threads);

#ifdef RNNCORE_BLAS_LINKED
rnncore_sgemm_fn sgemm_;
rnncore_dgemm_fn dgemm_;
#endif

/* `name` in the library, under the prefix of the PyPI builds or plain. */
static void *find(void *handle, const char *name)
{
    char prefixed[64];
    snprintf(prefixed, sizeof prefixed, "scipy_%s", name);
    void *symbol = rnncore_dl_sym(handle, prefixed);
    return symbol ? symbol : rnncore_dl_sym(handle, name);
}

static rnncore_status load_linked(rnncore_blas *blas)
{
#ifdef RNNCORE_BLAS_LINKED
    *blas = (rnncore_blas){.sgemm = sgemm_, .dgemm = dgemm_, .description = "the system's BLAS"};
    return RNNCORE_OK;
#else
    (void)blas;
    return RNNCORE_ERROR_UNSUPPORTED;
#endif
}

rnncore_status rnncore_blas_load(rnncore_blas *blas, const char *library)
{
    if (!library) {
        return load_linked(blas);
    }
    rnncore_blas loaded = {.handle = rnncore_dl_open(library)};
    if (!loaded.handle) {
        return RNNCORE_ERROR_BLAS;
    }
    loaded.sgemm = (rnncore_sgemm_fn *)find(loaded.handle, "sgemm_");
    loaded.dgemm = (rnncore_dgemm_fn *)find(loaded.handle, "dgemm_");
    rnncore_blas_threads_fn *set_threads =
        (rnncore_blas_threads_fn *)find(loaded.handle, "openblas_set_num_threads");
    rnncore_blas_text_fn *config =
        (rnncore_blas_text_fn *)find(loaded.handle, "openblas_get_config");
    rnncore_blas_text_fn *core =
        (rnncore_blas_text_fn *)find(loaded.handle, "openblas_get_corename");
    if (!loaded.sgemm || !loaded.dgemm || !set_threads || !config || !core) {
        rnncore_dl_close(loaded.handle);
        return RNNCORE_ERROR_BLAS;
    }
    set_threads(1);
    snprintf(loaded.description, sizeof loaded.description, "%s, core type %s", config(), core());
    *blas = loaded;
    return RNNCORE_OK;
}

void rnncore_blas_unload(rnncore_blas *blas)
{
    if (blas->handle) {
        rnncore_dl_close(blas->handle);
    }
    memset(blas, 0, sizeof *blas);
}

const char *rnncore_blas_description(const rnncore_blas *blas)
{
    return blas->sgemm ? blas->description : "none";
}

/* OpenBLAS prints when an argument is wrong, so a wrong one must not reach it. */
static rnncore_status check(int64_t m, int64_t n, int64_t k, int64_t lda, int64_t columns_a,
                            int64_t ldb, int64_t columns_b, int64_t ldc)
{
    if (m < 0 || n < 0 || k < 0 || lda < columns_a || ldb < columns_b || ldc < n) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (m > INT32_MAX || k > INT32_MAX || lda > INT32_MAX || ldb > INT32_MAX || ldc > INT32_MAX) {
        return RNNCORE_ERROR_OVERFLOW; /* n <= ldc */
    }
    return RNNCORE_OK;
}

static int32_t at_least_1(int64_t ld)
{
    return ld > 1 ? (int32_t)ld : 1;
}

/* A row-major matrix is the transpose of the column-major one in the same memory, and
 * C = A B is C' = B' A': the operands change places and nothing is copied. */
rnncore_status rnncore_blas_product(const rnncore_blas *blas, rnncore_dtype dtype, int trans_a,
                                    int trans_b, int64_t m, int64_t n, int64_t k, const void *a,
                                    int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc)
{
    if (blas->sgemm == NULL) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    rnncore_status status = check(m, n, k, lda, trans_a ? m : k, ldb, trans_b ? k : n, ldc);
    if (status != RNNCORE_OK) {
        return status;
    }
    const char *op_a = trans_a ? "T" : "N", *op_b = trans_b ? "T" : "N";
    const int32_t rows = (int32_t)m, columns = (int32_t)n, depth = (int32_t)k;
    const int32_t ld_a = at_least_1(lda), ld_b = at_least_1(ldb), ld_c = at_least_1(ldc);
    if (dtype == RNNCORE_FLOAT32) {
        blas->sgemm(op_b, op_a, &columns, &rows, &depth, &(float){1}, b, &ld_b, a, &ld_a,
                    &(float){0}, c, &ld_c);
    } else {
        blas->dgemm(op_b, op_a, &columns, &rows, &depth, &(double){1}, b, &ld_b, a, &ld_a,
                    &(double){0}, c, &ld_c);
    }
    return RNNCORE_OK;
}
