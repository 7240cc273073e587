#include "rnncore_testing.h"

#include "kernel_table.h"

rnncore_status rnncore_map(rnncore_isa isa, rnncore_dtype dtype, rnncore_function function,
                           int64_t n, const void *x, void *y)
{
    if (dtype != RNNCORE_FLOAT32 && dtype != RNNCORE_FLOAT64) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_kernels *kernels = rnncore_kernel_table(isa, dtype);
    if (kernels == NULL || rnncore_choose_isa((int32_t)isa) != isa) {
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
