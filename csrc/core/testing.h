/* What tests and benchmarks ask the library; programs have rnncore.h. */
#ifndef RNNCORE_CORE_TESTING_H
#define RNNCORE_CORE_TESTING_H

#include "rnncore.h"

/* Tasks that thread `worker` (0 is the caller) has executed since the context was made. */
uint64_t rnncore_context_tasks_done(const rnncore_context *context, int32_t worker);

/* Parallel sections since the context was made: how often other threads were given work. */
uint64_t rnncore_context_sections(const rnncore_context *context);

/* From now on calls use as many threads as if the machine had so many CPUs (1 or more). */
void rnncore_context_assume_cpus(rnncore_context *context, int32_t cpus);

/* Row-steps of recurrence executed since the context was made: the sum of the lengths, not B*T. */
uint64_t rnncore_context_row_steps(const rnncore_context *context);

typedef enum rnncore_function {
    RNNCORE_FUNCTION_EXP = 0,
    RNNCORE_FUNCTION_SIGMOID = 1,
    RNNCORE_FUNCTION_TANH = 2
} rnncore_function;

/* y[i] = function(x[i]) for n numbers of `dtype`, with the kernels of `isa` and the caller's
 * floating-point mode. RNNCORE_ERROR_UNSUPPORTED: this build or CPU does not have the ISA. */
rnncore_status rnncore_map(rnncore_isa isa, rnncore_dtype dtype, rnncore_function function,
                           int64_t n, const void *x, void *y);

/* Runs `iterations` of a loop of multiply-adds in registers, and says in *flops how many operations
 * that was (2 per multiply-add): time it to learn the peak. Errors as rnncore_map. */
rnncore_status rnncore_machine_fma(rnncore_isa isa, rnncore_dtype dtype, int64_t iterations,
                                   double *flops);

/* Reads the `bytes` bytes at p `repeats` times: time it to learn the bandwidth of the cache that
 * they fit into. p is aligned to 64 bytes and `bytes` a multiple of 512, or the call returns
 * RNNCORE_ERROR_INVALID_ARGUMENT. */
rnncore_status rnncore_machine_read(rnncore_isa isa, const void *p, size_t bytes, int64_t repeats);

#endif
