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
