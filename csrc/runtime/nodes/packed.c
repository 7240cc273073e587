#include "runtime/nodes/packed.h"

#include <string.h>

#include "core/platform.h"

static void take(rnncore_packed *packed, const rnncore_context *context, const rnncore_node *node,
                 const rnncore_matrix *m, int64_t bias, rnncore_arena *arena)
{
    rnncore_affine_take(&packed->affine, context, node->dtype, m->segments, m->depth, m->units,
                        bias == m->units, arena);
    packed->bias = NULL;
    if (bias > 0 && bias < m->units) {
        packed->bias = rnncore_arena_take(arena, bias, packed->affine.element);
    }
}

rnncore_status rnncore_make_packed(rnncore_node *node, rnncore_context *context,
                                   const rnncore_matrix *matrix, int64_t activation)
{
    const rnncore_tensor *bias = &node->tensor[1];
    const int64_t numbers = rnncore_has_tensor(node, 1) ? bias->size[0] : 0;
    if (activation < 0 || activation > RNNCORE_SOFTMAX ||
        (bias->data != NULL && (!rnncore_tensor_is(node, 1, 1, -1, 0, 0) || numbers < 1 ||
                                matrix->units % numbers != 0))) {
        return RNNCORE_ERROR_MODEL;
    }
    rnncore_packed described;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_arena_take(&arena, 1, sizeof described);
    take(&described, context, node, matrix, numbers, &arena);
    if (arena.overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    arena = (rnncore_arena){rnncore_aligned_alloc(arena.used, 1), 0, 0};
    if (arena.base == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    rnncore_packed *packed = rnncore_arena_take(&arena, 1, sizeof *packed);
    take(packed, context, node, matrix, numbers, &arena);
    packed->affine.activation = (int32_t)activation;
    rnncore_affine_pack(&packed->affine, node->tensor[0].data, matrix->rb, matrix->cb, bias->data);
    if (packed->bias != NULL) {
        memcpy(packed->bias, bias->data, (size_t)numbers * packed->affine.element);
    }
    node->made = packed;
    return RNNCORE_OK;
}

void rnncore_destroy_packed(void *made)
{
    rnncore_aligned_free(made);
}

rnncore_status rnncore_packed_scratch(const rnncore_node_call *call, size_t *bytes)
{
    const rnncore_packed *packed = call->node->made;
    const int threads = rnncore_pool_size(call->context->pool);
    *bytes = rnncore_affine_scratch(&packed->affine) * (size_t)threads;
    return RNNCORE_OK;
}

/* ---- rows of the batch ---- */

static int64_t own_bytes(const rnncore_packed *packed, int64_t numbers)
{
    const int64_t bytes = rnncore_count(numbers, (int64_t)packed->affine.element);
    return bytes < 0 || bytes > INT64_MAX - 63 ? -1 : (bytes + 63) & ~(int64_t)63;
}

rnncore_status rnncore_rows_scratch(const rnncore_node_call *call, int64_t numbers, size_t *bytes)
{
    const int threads = rnncore_pool_size(call->context->pool);
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_packed_scratch(call, bytes);
    rnncore_arena_take(&arena, (int64_t)*bytes, 1);
    rnncore_arena_take(&arena, rnncore_count(own_bytes(call->node->made, numbers), threads), 1);
    return rnncore_arena_size(&arena, bytes);
}

typedef struct rows_run {
    const rnncore_node_call *call;
    rnncore_row_fn fn;
    char *products, *own; /* of worker 0 */
    size_t products_bytes, own_bytes;
} rows_run;

/* A product within this finds the pool busy, and all of it is done here as worker 0; where it does
 * not, this is worker 0, behind whose scratch is that of the others. */
static void run_row(void *arg, int64_t row, int worker)
{
    const rows_run *run = arg;
    run->fn(run->call, row, run->products + (size_t)worker * run->products_bytes,
            run->own + (size_t)worker * run->own_bytes);
}

void rnncore_run_rows(const rnncore_node_call *call, int64_t products, int64_t numbers,
                      rnncore_row_fn fn)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_affine *a = &packed->affine;
    rnncore_pool *pool = call->context->pool;
    const int64_t rows = rnncore_rows(call->in[0]);
    const double flops =
        2.0 * (double)rows * (double)products * (double)(a->segments * a->depth) * (double)a->units;
    rows_run run = {call,
                    fn,
                    call->scratch,
                    NULL,
                    rnncore_affine_scratch(a),
                    (size_t)own_bytes(packed, numbers)};
    run.own = run.products + run.products_bytes * (size_t)rnncore_pool_size(pool);
    const int pays = rows >= rnncore_pool_useful(pool) && flops >= RNNCORE_FLOPS_PER_THREAD;
    rnncore_pool_run(pays ? pool : NULL, rows, run_row, &run);
}
