/* All kinds of nodes; kinds.h says what each takes. */
#ifndef RNNCORE_RUNTIME_NODES_H
#define RNNCORE_RUNTIME_NODES_H

#include "runtime/node.h"

extern const rnncore_node_kind rnncore_lengths_kind, rnncore_not_zero_kind, rnncore_not_equal_kind,
    rnncore_window_lengths_kind, rnncore_join_masks_kind, rnncore_any_mask_kind, rnncore_fill_kind,
    rnncore_as_mask_kind, rnncore_embedding_kind, rnncore_dense_kind, rnncore_recurrent_kind,
    rnncore_conv_kind, rnncore_conv_transpose_kind, rnncore_pool_kind, rnncore_attention_kind,
    rnncore_unary_kind, rnncore_binary_kind, rnncore_softmax_kind, rnncore_reduce_kind,
    rnncore_layer_norm_kind, rnncore_matmul_kind, rnncore_convert_kind, rnncore_batch_norm_kind,
    rnncore_reshape_kind, rnncore_permute_kind, rnncore_slice_kind, rnncore_pad_kind,
    rnncore_repeat_kind, rnncore_concat_kind, rnncore_expand_kind, rnncore_fold_kind,
    rnncore_unfold_kind;

#endif
