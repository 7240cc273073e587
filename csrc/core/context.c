#include "core/context.h"

#include <stdlib.h>
#include <string.h>

#include "core/cpu_features.h"
#include "core/options.h"
#include "core/platform.h"
#include "core/testing.h"

static char *copy_string(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

/* Whether `max_isa` is one of those that this CPU chooses from, or no limit. */
static int is_of_this_family(int32_t max_isa)
{
    const int neon = rnncore_cpu_best_isa() == RNNCORE_ISA_NEON;
    return max_isa < 0 || (rnncore_isa_name((rnncore_isa)max_isa) != NULL &&
                           neon == (max_isa == RNNCORE_ISA_NEON));
}

rnncore_status rnncore_context_create(const rnncore_context_options *options, rnncore_context **out)
{
    rnncore_context_options settings = {sizeof settings, 0, -1, NULL};
    if (out == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (options != NULL) {
        if (!rnncore_is_known(options, sizeof settings) || options->num_threads < 0 ||
            options->num_threads > RNNCORE_POOL_MAX_THREADS) {
            return RNNCORE_ERROR_INVALID_ARGUMENT;
        }
        settings = *options;
    }
    rnncore_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    atomic_init(&context->blas_state, 0);
    atomic_init(&context->row_steps, 0);
    context->isa = rnncore_choose_isa(settings.max_isa);
    if (!is_of_this_family(settings.max_isa) ||
        rnncore_kernel_table(context->isa, RNNCORE_FLOAT32) == NULL) {
        free(context);
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    if (settings.blas_library != NULL) {
        context->blas_library = copy_string(settings.blas_library);
        if (context->blas_library == NULL) {
            free(context);
            return RNNCORE_ERROR_OUT_OF_MEMORY;
        }
    }
    const rnncore_status status = rnncore_pool_create(settings.num_threads, &context->pool);
    if (status != RNNCORE_OK) {
        free(context->blas_library);
        free(context);
        return status;
    }
    *out = context;
    return RNNCORE_OK;
}

static void free_context(rnncore_context *context)
{
    if (context->unload_blas != NULL) {
        context->unload_blas(&context->blas);
    }
    free(context->blas_library);
    free(context);
}

void rnncore_context_destroy(rnncore_context *context)
{
    if (context != NULL) {
        rnncore_pool_destroy(context->pool);
        free_context(context);
    }
}

void rnncore_context_abandon(rnncore_context *context)
{
    if (context != NULL) {
        rnncore_pool_abandon(context->pool);
        free_context(context);
    }
}

int32_t rnncore_context_num_threads(const rnncore_context *context)
{
    return rnncore_pool_threads(context->pool);
}

rnncore_status rnncore_context_start_threads(rnncore_context *context)
{
    return context == NULL ? RNNCORE_ERROR_INVALID_ARGUMENT : rnncore_pool_start(context->pool);
}

rnncore_isa rnncore_context_isa(const rnncore_context *context)
{
    return context->isa;
}

uint64_t rnncore_context_tasks_done(const rnncore_context *context, int32_t worker)
{
    return worker < 0 || worker >= rnncore_pool_size(context->pool)
               ? 0
               : rnncore_pool_tasks_done(context->pool, worker);
}

uint64_t rnncore_context_sections(const rnncore_context *context)
{
    return rnncore_pool_sections(context->pool);
}

void rnncore_context_assume_cpus(rnncore_context *context, int32_t cpus)
{
    rnncore_pool_assume_cpus(context->pool, cpus);
}

uint64_t rnncore_context_row_steps(const rnncore_context *context)
{
    return atomic_load_explicit(&context->row_steps, memory_order_relaxed);
}

void *rnncore_alloc(size_t bytes)
{
    return rnncore_aligned_alloc(bytes, 1);
}

void rnncore_free(void *memory)
{
    rnncore_aligned_free(memory);
}

typedef struct calls {
    rnncore_call_fn fn;
    void *const *args;
} calls;

static void run_call(void *arg, int64_t task, int worker)
{
    (void)worker;
    const calls *c = arg;
    c->fn(c->args[task]);
}

rnncore_status rnncore_call_together(rnncore_context *context, rnncore_call_fn fn,
                                     void *const *args, int64_t count, double flops)
{
    if (context == NULL || fn == NULL || (args == NULL && count > 0) || count < 0) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    calls c = {fn, args};
    const int threads = rnncore_pool_useful(context->pool);
    if (flops >= 2 * RNNCORE_FLOPS_PER_THREAD && threads <= 2 * count) {
        rnncore_pool_run(context->pool, count, run_call, &c);
    } else {
        for (int64_t i = 0; i < count; i++) {
            fn(args[i]); /* each divides its own work among all threads */
        }
    }
    return RNNCORE_OK;
}
