/* BLAS of a context, in a file of its own: a program that does not train links without it. */
#include "core/context.h"
#include "core/platform.h"
#include "rnncore_train.h"

enum { NOT_TRIED, LOADING, READY, ABSENT }; /* of blas_state */

rnncore_status rnncore_context_blas(rnncore_context *context, const rnncore_blas **blas)
{
    int state = atomic_load_explicit(&context->blas_state, memory_order_acquire);
    while (state == NOT_TRIED || state == LOADING) {
        state = NOT_TRIED;
        if (!atomic_compare_exchange_strong(&context->blas_state, &state, LOADING)) {
            rnncore_cpu_relax(); /* another thread is loading it */
            continue;
        }
        const rnncore_status status = rnncore_blas_load(&context->blas, context->blas_library);
        const int absent = status == RNNCORE_ERROR_UNSUPPORTED && context->blas_library == NULL;
        if (status == RNNCORE_OK) {
            context->unload_blas = rnncore_blas_unload;
        }
        state = status == RNNCORE_OK ? READY : absent ? ABSENT : NOT_TRIED;
        atomic_store_explicit(&context->blas_state, state, memory_order_release);
        if (state == NOT_TRIED) {
            return status;
        }
    }
    *blas = state == READY ? &context->blas : NULL;
    return RNNCORE_OK;
}

const char *rnncore_context_blas_description(rnncore_context *context)
{
    const rnncore_blas *blas = NULL;
    const rnncore_status status = rnncore_context_blas(context, &blas);
    if (status != RNNCORE_OK) {
        return rnncore_status_string(status);
    }
    return blas == NULL ? "none" : rnncore_blas_description(blas);
}
