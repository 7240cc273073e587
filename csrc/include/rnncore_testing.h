/* rnncore: for tests and benchmarks. Not part of the stable interface. */
#ifndef RNNCORE_TESTING_H
#define RNNCORE_TESTING_H

#include "rnncore.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rnncore_function {
    RNNCORE_FUNCTION_EXP = 0,
    RNNCORE_FUNCTION_SIGMOID = 1,
    RNNCORE_FUNCTION_TANH = 2
} rnncore_function;

/* y[i] = function(x[i]) for n numbers of `dtype`, with the kernels of `isa` and the caller's
 * floating-point mode. RNNCORE_ERROR_UNSUPPORTED: this build or CPU does not have the ISA. */
RNNCORE_API rnncore_status rnncore_map(rnncore_isa isa, rnncore_dtype dtype,
                                       rnncore_function function, int64_t n, const void *x,
                                       void *y);

#ifdef __cplusplus
}
#endif

#endif
