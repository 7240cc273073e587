/* rnncore: training. Adds backpropagation through time to rnncore.h. */
#ifndef RNNCORE_TRAIN_H
#define RNNCORE_TRAIN_H

#include "rnncore.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the backward pass needs of a forward pass lives in caller-supplied memory, the tape:
 * the compacted inputs, the activated gates and the states of every step. x, lengths and mask are
 * copied, so the caller may reuse them at once. A tape holds pointers into itself: do not move it.
 */

/* Bytes of tape for this batch, and of scratch for its backward (weights made for training). */
RNNCORE_API rnncore_status rnncore_tape_size(const rnncore_context *context,
                                             const rnncore_weights *weights,
                                             const rnncore_batch *batch, size_t *tape_bytes,
                                             size_t *backward_workspace_bytes);

/* As rnncore_forward, and records the tape (64-byte aligned). The outputs have the same bits. */
RNNCORE_API rnncore_status rnncore_forward_train(rnncore_context *context,
                                                 const rnncore_weights *weights,
                                                 const rnncore_batch *batch, void *tape,
                                                 size_t tape_bytes);

/* Gradients: each pointer may be NULL (not wanted). Written, not accumulated. */
typedef struct rnncore_gradients {
    size_t struct_size;
    const void *dy; /* (B, T, H) through its strides; NULL: zeros */
    int64_t dy_stride_batch, dy_stride_time, dy_stride_feature;
    const void *dfinal_h; /* (B, H) contiguous; NULL: zeros */
    const void *dfinal_c; /* LSTM only; NULL: zeros */
    void *dx;             /* (B, T, I) through its strides; zero at steps that are not real */
    int64_t dx_stride_batch, dx_stride_time, dx_stride_feature;
    void *dkernel;           /* (I, G*H) contiguous */
    void *drecurrent_kernel; /* (H, G*H) contiguous */
    void *dbias;             /* (G*H), GRU with reset_after (2, G*H), contiguous */
    void *dinitial_h;        /* (B, H) contiguous */
    void *dinitial_c;        /* LSTM only: (B, H) contiguous */
} rnncore_gradients;

/* Backpropagation through time. The gate gradients overwrite the tape, so a second call on it
 * returns RNNCORE_ERROR_TAPE_STATE. `weights` are those of the forward pass. */
RNNCORE_API rnncore_status rnncore_backward(rnncore_context *context,
                                            const rnncore_weights *weights, void *tape,
                                            size_t tape_bytes, const rnncore_gradients *gradients,
                                            void *workspace, size_t workspace_bytes);

#ifdef __cplusplus
}
#endif

#endif
