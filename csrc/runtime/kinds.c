/* The kinds of nodes by their numbers. */
#include "runtime/kinds.h"

#include "runtime/nodes/nodes.h"

const rnncore_node_kind *rnncore_find_kind(int32_t number)
{
    static const rnncore_node_kind *const kinds[] = {
        [RNNCORE_KIND_LENGTHS] = &rnncore_lengths_kind,
        [RNNCORE_KIND_NOT_ZERO] = &rnncore_not_zero_kind,
        [RNNCORE_KIND_NOT_EQUAL] = &rnncore_not_equal_kind,
        [RNNCORE_KIND_WINDOW_LENGTHS] = &rnncore_window_lengths_kind,
        [RNNCORE_KIND_JOIN_MASKS] = &rnncore_join_masks_kind,
        [RNNCORE_KIND_ANY_MASK] = &rnncore_any_mask_kind,
        [RNNCORE_KIND_FILL] = &rnncore_fill_kind,
        [RNNCORE_KIND_AS_MASK] = &rnncore_as_mask_kind,
        [RNNCORE_KIND_EMBEDDING] = &rnncore_embedding_kind,
        [RNNCORE_KIND_DENSE] = &rnncore_dense_kind,
        [RNNCORE_KIND_RECURRENT] = &rnncore_recurrent_kind,
        [RNNCORE_KIND_CONV] = &rnncore_conv_kind,
        [RNNCORE_KIND_CONV_TRANSPOSE] = &rnncore_conv_transpose_kind,
        [RNNCORE_KIND_ATTENTION] = &rnncore_attention_kind,
        [RNNCORE_KIND_UNARY] = &rnncore_unary_kind,
        [RNNCORE_KIND_BINARY] = &rnncore_binary_kind,
        [RNNCORE_KIND_SOFTMAX] = &rnncore_softmax_kind,
        [RNNCORE_KIND_REDUCE] = &rnncore_reduce_kind,
        [RNNCORE_KIND_LAYER_NORM] = &rnncore_layer_norm_kind,
        [RNNCORE_KIND_POOL] = &rnncore_pool_kind,
        [RNNCORE_KIND_MATMUL] = &rnncore_matmul_kind,
        [RNNCORE_KIND_CONVERT] = &rnncore_convert_kind,
        [RNNCORE_KIND_BATCH_NORM] = &rnncore_batch_norm_kind,
        [RNNCORE_KIND_RESHAPE] = &rnncore_reshape_kind,
        [RNNCORE_KIND_PERMUTE] = &rnncore_permute_kind,
        [RNNCORE_KIND_SLICE] = &rnncore_slice_kind,
        [RNNCORE_KIND_PAD] = &rnncore_pad_kind,
        [RNNCORE_KIND_REPEAT] = &rnncore_repeat_kind,
        [RNNCORE_KIND_CONCAT] = &rnncore_concat_kind,
        [RNNCORE_KIND_EXPAND] = &rnncore_expand_kind,
        [RNNCORE_KIND_FOLD] = &rnncore_fold_kind,
        [RNNCORE_KIND_UNFOLD] = &rnncore_unfold_kind,
    };
    const int32_t count = (int32_t)(sizeof kinds / sizeof kinds[0]);
    return number >= 0 && number < count ? kinds[number] : NULL;
}
