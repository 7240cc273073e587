/* The thread pool, the chosen kernels and BLAS: what every call needs and nothing of any call. */
#ifndef RNNCORE_CORE_CONTEXT_H
#define RNNCORE_CORE_CONTEXT_H

#include <stdatomic.h>

#include "core/blas.h"
#include "core/kernel_table.h"
#include "core/threads.h"
#include "rnncore.h"

/* Work that pays for waking another thread (measured in flops). */
enum { RNNCORE_FLOPS_PER_THREAD = 2000000 };

struct rnncore_context {
    rnncore_pool *pool;
    rnncore_isa isa;
    char *blas_library;    /* owned; NULL: the one linked at build time */
    atomic_int blas_state; /* see context_blas.c; 0 at first */
    rnncore_blas blas;
    void (*unload_blas)(rnncore_blas *blas); /* NULL until one was loaded */
    _Atomic uint64_t row_steps;
};

/* BLAS of the context, loaded at the first call. *blas is NULL where the library was built
 * without and none was named; a library that was named but cannot be loaded is an error. */
rnncore_status rnncore_context_blas(rnncore_context *context, const rnncore_blas **blas);

#endif
