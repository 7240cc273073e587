/* rnncore: training. Adds backpropagation through time to rnncore.h. */
#ifndef RNNCORE_TRAIN_H
#define RNNCORE_TRAIN_H

#include "rnncore.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The BLAS used in training (this loads it), or "none"; lives as long as the context. */
RNNCORE_API const char *rnncore_context_blas_description(rnncore_context *context);

/* What the backward pass needs from a forward pass is kept in memory of the caller, the tape:
 * the compacted inputs, the activated gates and the states of every step. x, lengths and mask are
 * copied, so the caller may reuse them at once. A tape holds pointers into itself: do not move it.
 */

/* Bytes of tape for this batch, and of scratch for its backward; weights must be for training. */
RNNCORE_API rnncore_status rnncore_tape_size(const rnncore_context *context,
                                             const rnncore_weights *weights,
                                             const rnncore_batch *batch, size_t *tape_bytes,
                                             size_t *backward_workspace_bytes);

/* Like rnncore_forward, with the same bits, and records the tape (64-byte aligned). */
RNNCORE_API rnncore_status rnncore_forward_train(rnncore_context *context,
                                                 const rnncore_weights *weights,
                                                 const rnncore_batch *batch, void *tape,
                                                 size_t tape_bytes);

/* Gradients, written, not accumulated. Pointers to those not wanted are NULL. */
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
 * returns RNNCORE_ERROR_TAPE_STATE. `weights` must be those of the forward pass, not
 * updated since, or the call returns RNNCORE_ERROR_INVALID_ARGUMENT. */
RNNCORE_API rnncore_status rnncore_backward(rnncore_context *context,
                                            const rnncore_weights *weights, void *tape,
                                            size_t tape_bytes, const rnncore_gradients *gradients,
                                            void *workspace, size_t workspace_bytes);

/* ---- the rest of a training step ---------------------------------------------------------
 *
 * Arrays are contiguous and of one dtype (rnncore_dtype). Work is divided into tasks by its size
 * only, so the bits of a result do not depend on the number of threads. */

typedef enum rnncore_optimizer {
    RNNCORE_SGD = 0,
    RNNCORE_RMSPROP = 1,
    RNNCORE_ADAM = 2
} rnncore_optimizer;

/* One step of an optimizer over a stretch of parameters, in one pass. The gradient g of an element
 * is clipped to [-clip, clip] and multiplied by `scale`; p -= decay * p comes first. Then
 *   SGD      p -= lr g;  with the slot m: m = momentum m - lr g, p += m, or with nesterov
 *            p += momentum m - lr g
 *   RMSPROP  v = rho v + (1-rho) g^2;  d = lr g / sqrt(v + epsilon);  with the slot a (a running
 *            mean of g: a = rho a + (1-rho) g) the root is of v - a^2 + epsilon;  p -= d, or with
 *            the slot m: m = momentum m + d, p -= m
 *   ADAM     m += (1-beta_1)(g - m);  v += (1-beta_2)(g^2 - v);  p -= lr m / (sqrt(v) + epsilon);
 *            with the third slot w: w = max(w, v) replaces v in the last term. lr includes the bias
 *            correction. */
typedef struct rnncore_update {
    size_t struct_size;
    int32_t optimizer; /* rnncore_optimizer */
    int32_t dtype;
    int64_t n;
    void *param;
    const void *grad;
    void *slots[3]; /* (n): SGD m; RMSPROP v, m, a; ADAM m, v, w; NULL: without, where optional */
    double learning_rate;
    double momentum; /* SGD, RMSPROP */
    int32_t nesterov;
    double beta_1; /* ADAM */
    double beta_2; /* ADAM; rho of RMSPROP */
    double epsilon;
    double decay;
    double clip; /* infinity: not clipped */
    double scale;
} rnncore_update;

RNNCORE_API rnncore_status rnncore_optimizer_step(rnncore_context *context,
                                                  const rnncore_update *update);

/* A checksum of `bytes` bytes, of any alignment, that tells whether they have changed: those of
 * other bytes are the same once in about 2^64 times. Comparable only within one library and ISA.
 * Made to find out, faster than packing takes, whether weights must be packed again. */
RNNCORE_API rnncore_status rnncore_checksum(const rnncore_context *context, const void *data,
                                            size_t bytes, uint64_t *checksum);

/* Euclidean norm of n numbers, even if their squares overflow. */
RNNCORE_API rnncore_status rnncore_norm(rnncore_context *context, int32_t dtype, int64_t n,
                                        const void *x, double *norm);

/* out[i] = table[ids[i]]: rows of `columns` elements. ids must be within the table (unchecked). */
RNNCORE_API rnncore_status rnncore_gather_rows(rnncore_context *context, int32_t dtype,
                                               int64_t columns, const void *table, int64_t n,
                                               const int64_t *ids, void *out);

/* The gradient of the function above: sets the rows `cleared` of the table to zero (those that the
 * last call wrote; the others are zero already), then table[ids[i]] += rows[i] in the order of i.
 */
typedef struct rnncore_scatter_add {
    size_t struct_size;
    int32_t dtype;
    int64_t columns;
    void *table;
    int64_t cleared_count;
    const int64_t *cleared;
    int64_t n;
    const int64_t *ids;
    const void *rows; /* (n, columns) */
} rnncore_scatter_add;

RNNCORE_API rnncore_status rnncore_scatter_add_rows(rnncore_context *context,
                                                    const rnncore_scatter_add *scatter);

/* y = f(x W + b). */
typedef struct rnncore_dense {
    size_t struct_size;
    int32_t dtype;
    int32_t activation; /* rnncore_activation; SOFTMAX is over the outputs */
    int64_t rows, inputs, outputs;
    const void *x;      /* (rows, inputs) */
    const void *kernel; /* (inputs, outputs) */
    const void *bias;   /* (outputs) or NULL */
    void *y;            /* (rows, outputs); the backward pass reads it */
    const void *dy;     /* backward only: (rows, outputs) */
    void *dx;           /* backward only, as the next two: written, NULL if not wanted */
    void *dkernel;
    void *dbias;
} rnncore_dense;

/* Bytes of 64-byte aligned scratch that a forward and a backward pass need. */
RNNCORE_API rnncore_status rnncore_dense_workspace_size(const rnncore_context *context,
                                                        const rnncore_dense *dense, size_t *bytes);

/* The bits of a row of y do not depend on the other rows. */
RNNCORE_API rnncore_status rnncore_dense_forward(rnncore_context *context,
                                                 const rnncore_dense *dense, void *workspace,
                                                 size_t workspace_bytes);
RNNCORE_API rnncore_status rnncore_dense_backward(rnncore_context *context,
                                                  const rnncore_dense *dense, void *workspace,
                                                  size_t workspace_bytes);

/* y = f(x) for (rows, columns) numbers, with a rnncore_activation; y may be x. */
RNNCORE_API rnncore_status rnncore_activate(rnncore_context *context, int32_t dtype,
                                            int32_t activation, int64_t rows, int64_t columns,
                                            const void *x, void *y);

typedef enum rnncore_loss_kind {
    RNNCORE_LOSS_SQUARED = 0,
    RNNCORE_LOSS_ABSOLUTE = 1,
    RNNCORE_LOSS_HUBER = 2,
    RNNCORE_LOSS_SIGMOID = 3, /* cross-entropy of sigmoid(y) */
    RNNCORE_LOSS_SOFTMAX = 4  /* cross-entropy of softmax(y) */
} rnncore_loss_kind;

/* value = scale * sum over rows of weight * loss(row), the loss of a row being the mean over its
 * columns (SOFTMAX: the sum), and dy its gradient, in one pass. */
typedef struct rnncore_loss {
    size_t struct_size;
    int32_t kind;
    int32_t dtype;
    int64_t rows, columns;
    const void *y;         /* (rows, columns) predictions, or logits of the cross-entropies */
    const void *targets;   /* (rows, columns); NULL with labels */
    const int64_t *labels; /* (rows), SOFTMAX only: a wrong one makes the loss NaN; or NULL */
    const void *weights;   /* of row r: weights[r / rows_per_weight]; NULL: 1 */
    int64_t rows_per_weight;
    double smoothing; /* targets t become t (1 - s) + s / 2 (SIGMOID) or + s / columns (SOFTMAX) */
    double delta;     /* HUBER */
    double scale;
    void *dy; /* (rows, columns); NULL if not wanted */
} rnncore_loss;

RNNCORE_API rnncore_status rnncore_loss_value(rnncore_context *context, const rnncore_loss *loss,
                                              double *value);

/* y = x / (1 - rate) for elements that are kept, else 0, with probability `rate`. The choice
 * depends only on key and call, so the backward pass repeats it. */
typedef struct rnncore_dropout {
    size_t struct_size;
    int32_t dtype;
    int64_t n; /* at most 2^33 */
    const void *x;
    void *y; /* may be x */
    double rate;
    uint64_t key;
    uint32_t call;
} rnncore_dropout;

RNNCORE_API rnncore_status rnncore_dropout_apply(rnncore_context *context,
                                                 const rnncore_dropout *dropout);

#ifdef __cplusplus
}
#endif

#endif
