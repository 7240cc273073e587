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

/* Runs `iterations` of a loop of multiply-adds in registers, and says in *flops how many operations
 * that was (2 per multiply-add): time it to learn the peak. Errors as rnncore_map. */
RNNCORE_API rnncore_status rnncore_machine_fma(rnncore_isa isa, rnncore_dtype dtype,
                                               int64_t iterations, double *flops);

/* Reads the `bytes` bytes at p `repeats` times: time it to learn the bandwidth of the cache that
 * they fit into. p is aligned to 64 bytes and `bytes` a multiple of 512, or the call returns
 * RNNCORE_ERROR_INVALID_ARGUMENT. */
RNNCORE_API rnncore_status rnncore_machine_read(rnncore_isa isa, const void *p, size_t bytes,
                                                int64_t repeats);

#ifdef __cplusplus
}
#endif

#endif
