#include "core/testing.h"

#include "core/kernel_table.h"
#include "core/platform.h"

/* The kernels of an ISA if this build and this CPU have them, else NULL. */
static const rnncore_kernels *find_kernels(rnncore_isa isa, rnncore_dtype dtype)
{
    const rnncore_kernels *kernels = rnncore_kernel_table(isa, dtype);
    return rnncore_choose_isa((int32_t)isa) == isa ? kernels : NULL;
}

rnncore_status rnncore_map(rnncore_isa isa, rnncore_dtype dtype, rnncore_function function,
                           int64_t n, const void *x, void *y)
{
    const rnncore_kernels *kernels = find_kernels(isa, dtype);
    if (kernels == NULL) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    switch (function) {
    case RNNCORE_FUNCTION_EXP:
        kernels->exp(n, x, y);
        return RNNCORE_OK;
    case RNNCORE_FUNCTION_SIGMOID:
        kernels->sigmoid(n, x, y);
        return RNNCORE_OK;
    case RNNCORE_FUNCTION_TANH:
        kernels->tanh(n, x, y);
        return RNNCORE_OK;
    default:
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
}

rnncore_status rnncore_machine_fma(rnncore_isa isa, rnncore_dtype dtype, int64_t iterations,
                                   double *flops)
{
    const rnncore_kernels *kernels = find_kernels(isa, dtype);
    if (kernels == NULL) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    kernels->fma_loop(iterations);
    *flops = (double)iterations * (double)kernels->fma_flops;
    return RNNCORE_OK;
}

rnncore_status rnncore_machine_read(rnncore_isa isa, const void *p, size_t bytes, int64_t repeats)
{
    if ((uintptr_t)p % RNNCORE_ALIGNMENT != 0 || bytes % 512 != 0 || bytes > INT64_MAX) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_kernels *kernels = find_kernels(isa, RNNCORE_FLOAT32);
    if (kernels == NULL) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    kernels->read_loop(p, (int64_t)bytes, repeats);
    return RNNCORE_OK;
}
