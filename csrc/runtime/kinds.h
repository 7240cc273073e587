/* The numbers of the kinds of nodes in a file, which never change, and what each takes.
 *
 * Inputs in brackets may be missing, and so may tensors. Axes count as rnncore_axis says. `axes` is
 * a list: how many, then each. Tensors have the program's dtype. */
#ifndef RNNCORE_RUNTIME_KINDS_H
#define RNNCORE_RUNTIME_KINDS_H

typedef enum rnncore_kind {
    /* Masks ------------------------------------------------------------------------------------ */

    /* x -> the mask of its lengths (B, T); absent if the call has none. */
    RNNCORE_KIND_LENGTHS = 1,
    /* ids, [mask] -> ids != 0, and the mask; that mask itself if it leaves nothing more out. */
    RNNCORE_KIND_NOT_ZERO = 2,
    /* x (..., F), [mask] -> whether any of F differs from numbers[0]; the same. */
    RNNCORE_KIND_NOT_EQUAL = 3,
    /* x, mask -> the mask of x (B, T', ...), whose rows are windows over the steps of the mask:
     * n steps make max(0, (times * n - least) / stride + 1), rounded down; absent unless the mask
     * has lengths. attributes: times, least, stride */
    RNNCORE_KIND_WINDOW_LENGTHS = 4,
    /* mask... -> of several arrays that one layer takes. attributes: rnncore_joint */
    RNNCORE_KIND_JOIN_MASKS = 5,
    /* mask -> whether any is real along the axes from attributes[0] of `size` (batch included) on
     */
    RNNCORE_KIND_ANY_MASK = 6,
    /* x, mask, [other] -> x, and where the mask is not real the other or numbers[0]. attributes:
     * 1: only if the mask has lengths */
    RNNCORE_KIND_FILL = 7,
    /* x or ids -> a mask of the same shape: where they are not 0. */
    RNNCORE_KIND_AS_MASK = 8,

    /* Layers with weights ---------------------------------------------------------------------- */

    /* ids -> rows of the table (V, E). */
    RNNCORE_KIND_EMBEDDING = 10,
    /* x (..., F) -> f(x W + b). tensors: W (F, U), [b (U)]. attributes: rnncore_activation */
    RNNCORE_KIND_DENSE = 11,
    /* x (B, T, I), [mask], [h], [c] -> y, [h], [c]. tensors: kernel, recurrent_kernel, [bias].
     * attributes: cell, activation, recurrent_activation, reset_after, go_backwards,
     * return_sequences, zero_masked; y of a backward pass is in the order of its steps */
    RNNCORE_KIND_RECURRENT = 12,
    /* x (B, T, F) -> f(windows W + b). tensors: W (K, F, U), [b]. attributes: activation, stride,
     * dilation, rnncore_padding */
    RNNCORE_KIND_CONV = 13,
    /* The same transposed: W (K, U, F). */
    RNNCORE_KIND_CONV_TRANSPOSE = 14,
    /* q (B, Q, D), v (B, V, E), k (B, V, D), [mask of q], [mask of v] -> y (B, Q, E), [scores].
     * tensors: [scale], [weight of the sum]. attributes: rnncore_scores, causal */
    RNNCORE_KIND_ATTENTION = 15,

    /* Functions -------------------------------------------------------------------------------- */

    /* x -> f(x). attributes: rnncore_unary; numbers: its parameters */
    RNNCORE_KIND_UNARY = 20,
    /* a, [b] -> a o b, or a o tensor, sizes broadcast from the end as in NumPy, rows of the batch
     * as they are. attributes: rnncore_operation, 1: the operands swapped */
    RNNCORE_KIND_BINARY = 21,
    /* x, [mask (B, T)] -> softmax over axes. attributes: axes */
    RNNCORE_KIND_SOFTMAX = 22,
    /* x, [mask (B, T)] -> sum, mean or largest over axes of what is real. attributes:
     * rnncore_reduction, keepdims, axes */
    RNNCORE_KIND_REDUCE = 23,
    /* x, [mask] -> (x - mean) / sqrt(variance + numbers[0]) over axes, times gamma, plus beta,
     * whose shapes are those of the axes. tensors: [gamma], [beta]. attributes: axes */
    RNNCORE_KIND_LAYER_NORM = 24,
    /* x (B, T, F), [mask] -> largest or mean of windows; if the mask has lengths, of what is real,
     * and zeros behind. attributes: rnncore_reduction, size, stride, rnncore_padding */
    RNNCORE_KIND_POOL = 25,
    /* a (..., M, K), b (..., K, N) -> a b. attributes: 1: b is (..., N, K) */
    RNNCORE_KIND_MATMUL = 26,
    /* ids -> the same numbers in the program's dtype; attributes: 1: the other way */
    RNNCORE_KIND_CONVERT = 27,

    /* x -> (x - mean) / sqrt(variance + numbers[0]) * gamma + beta, one of each along an axis.
     * tensors: mean, variance, [gamma], [beta]. attributes: axis */
    RNNCORE_KIND_BATCH_NORM = 28,

    /* Shapes ----------------------------------------------------------------------------------- */

    /* x -> the same numbers with other axes. attributes: how many, each size, one may be -1 */
    RNNCORE_KIND_RESHAPE = 30,
    /* x -> axes in another order. attributes: axes, each 0 for the first behind the batch */
    RNNCORE_KIND_PERMUTE = 31,
    /* x -> part of an axis, as Python's slice(start, stop, step). attributes: axis, has start,
     * start, has stop, stop, step, 1: only `start`, and no such axis any more */
    RNNCORE_KIND_SLICE = 32,
    /* x -> zeros before and behind along an axis. attributes: axis, before, behind */
    RNNCORE_KIND_PAD = 33,
    /* x -> each part of an axis so many times. attributes: axis, times */
    RNNCORE_KIND_REPEAT = 34,
    /* x... -> one behind the other along an axis. attributes: axis */
    RNNCORE_KIND_CONCAT = 35,
    /* x -> one more axis of size 1 at place attributes[0] behind the batch. */
    RNNCORE_KIND_EXPAND = 36,
    /* x -> the first axis behind the batch belongs to the batch, */
    RNNCORE_KIND_FOLD = 37,
    /* and no longer. */
    RNNCORE_KIND_UNFOLD = 38
} rnncore_kind;

/* How masks of the inputs of one layer become one; masks that are absent are not given.
 *   EVERY    rows as long as the longest if all that are given have lengths; else where any is
 *            real, if all inputs have one
 *   ANY      the same, but those not given count as real
 *   STEPS    one behind the other; the inputs are pairs of an array and its mask or nothing
 *   LENGTHS  as EVERY, but absent without lengths */
typedef enum rnncore_joint {
    RNNCORE_JOINT_EVERY = 0,
    RNNCORE_JOINT_ANY = 1,
    RNNCORE_JOINT_STEPS = 2,
    RNNCORE_JOINT_LENGTHS = 3
} rnncore_joint;

typedef enum rnncore_padding {
    RNNCORE_PADDING_VALID = 0,
    RNNCORE_PADDING_SAME = 1,
    RNNCORE_PADDING_CAUSAL = 2
} rnncore_padding;

typedef enum rnncore_scores {
    RNNCORE_SCORES_DOT = 0,     /* scale * q k */
    RNNCORE_SCORES_CONCAT = 1,  /* weight * sum(tanh(scale * (q + k))), both scalars */
    RNNCORE_SCORES_ADDITIVE = 2 /* sum(scale * tanh(q + k)), scale (D) */
} rnncore_scores;

typedef enum rnncore_unary {
    RNNCORE_UNARY_TANH = 1, /* the first six as in rnncore_activation */
    RNNCORE_UNARY_RELU = 2,
    RNNCORE_UNARY_SIGMOID = 3,
    RNNCORE_UNARY_LINEAR = 4,
    RNNCORE_UNARY_HARD_SIGMOID = 5,
    RNNCORE_UNARY_LOG_SOFTMAX = 7, /* over the last axis */
    RNNCORE_UNARY_CLIP = 8,        /* min(max(x, numbers[0]), numbers[1]) */
    RNNCORE_UNARY_LEAKY_RELU = 9,  /* x or numbers[0] * x */
    RNNCORE_UNARY_ELU = 10,        /* numbers[1] * (x or numbers[0] * (exp(x) - 1)) */
    RNNCORE_UNARY_SOFTPLUS = 11,
    RNNCORE_UNARY_LOG_SIGMOID = 12,
    RNNCORE_UNARY_SOFTSIGN = 13,
    RNNCORE_UNARY_EXPONENTIAL = 14,
    RNNCORE_UNARY_SILU = 15,
    RNNCORE_UNARY_HARD_SILU = 16,
    RNNCORE_UNARY_MISH = 17,
    RNNCORE_UNARY_GELU = 18,
    RNNCORE_UNARY_GELU_TANH = 19, /* its approximation */
    RNNCORE_UNARY_SQRT = 20,
    RNNCORE_UNARY_SQUARE = 21,
    RNNCORE_UNARY_RECTIFIER = 22 /* numbers[0] * (x - numbers[2]) up to numbers[2], else
                                    min(x, numbers[1]) */
} rnncore_unary;

typedef enum rnncore_operation {
    RNNCORE_OPERATION_ADD = 0,
    RNNCORE_OPERATION_SUBTRACT = 1,
    RNNCORE_OPERATION_MULTIPLY = 2,
    RNNCORE_OPERATION_DIVIDE = 3,
    RNNCORE_OPERATION_MAXIMUM = 4, /* NaN if one is, as in NumPy */
    RNNCORE_OPERATION_MINIMUM = 5,
    RNNCORE_OPERATION_SLOPE = 6, /* a if it is positive, else a * b */
    RNNCORE_OPERATION_FIRST = 7  /* a, broadcast to the sizes of b */
} rnncore_operation;

typedef enum rnncore_reduction {
    RNNCORE_REDUCE_SUM = 0,
    RNNCORE_REDUCE_MEAN = 1,
    RNNCORE_REDUCE_MAX = 2
} rnncore_reduction;

#endif
