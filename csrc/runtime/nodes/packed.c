#include "runtime/nodes/packed.h"

#include "core/platform.h"

rnncore_status rnncore_make_packed(rnncore_node *node, rnncore_context *context, int64_t segments,
                                   int64_t depth, int64_t units, int64_t rb, int64_t cb,
                                   int64_t activation)
{
    const int has_bias = rnncore_has_tensor(node, 1);
    if ((has_bias && !rnncore_tensor_is(node, 1, 1, units, 0, 0)) || activation < 0 ||
        activation > RNNCORE_SOFTMAX) {
        return RNNCORE_ERROR_MODEL;
    }
    rnncore_affine described;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_arena_take(&arena, 1, sizeof described);
    rnncore_affine_take(&described, context, node->dtype, segments, depth, units, has_bias, &arena);
    if (arena.overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    arena = (rnncore_arena){rnncore_aligned_alloc(arena.used, 1), 0, 0};
    if (arena.base == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    rnncore_affine *affine = rnncore_arena_take(&arena, 1, sizeof *affine);
    rnncore_affine_take(affine, context, node->dtype, segments, depth, units, has_bias, &arena);
    affine->activation = (int32_t)activation;
    rnncore_affine_pack(affine, node->tensor[0].data, rb, cb, node->tensor[1].data);
    node->made = affine;
    return RNNCORE_OK;
}

rnncore_status rnncore_packed_scratch(const rnncore_node_call *call, size_t *bytes)
{
    const int threads = rnncore_pool_size(call->context->pool);
    *bytes = rnncore_affine_scratch(call->node->made) * (size_t)threads;
    return RNNCORE_OK;
}
