/* A template: reals.h says what it is included with. */
#include "runtime/nodes/sums.inc.h"

static REAL FN(clip)(REAL x, REAL low, REAL high)
{
    const REAL above = x < low ? low : x; /* NaN stays */
    return above > high ? high : above;
}

/* 0.5 erfc(-x / sqrt(2)), which keeps its digits far out. */
static REAL FN(normal_share)(REAL x)
{
    return (REAL)(0.5 * erfc(-(double)x * 0.70710678118654752440));
}

/* log(1 + e) of 0 <= e <= 1: the series of 2 artanh(e / (2 + e)), which vectorizes. */
static REAL FN(log_1_plus)(REAL e)
{
    enum { TERMS = sizeof(REAL) == 4 ? 8 : 16 };
    const REAL s = e / (2 + e), square = s * s;
    REAL sum = 0;
    for (int k = TERMS - 1; k >= 0; k--) {
        sum = sum * square + 1 / (REAL)(2 * k + 1);
    }
    return 2 * s * sum;
}

#define EACH(value)                                                                                \
    for (int64_t i = 0; i < n; i++) {                                                              \
        const REAL p = x[i];                                                                       \
        y[i] = (value);                                                                            \
    }                                                                                              \
    return

/* Functions without a kernel. */
static void FN(by_formula)(int64_t function, const double *numbers, int64_t n,
                           const REAL *restrict x, REAL *restrict y)
{
    const REAL a = (REAL)numbers[0], b = (REAL)numbers[1], c = (REAL)numbers[2];
    switch (function) {
    case RNNCORE_UNARY_CLIP:
        EACH(FN(clip)(p, a, b));
    case RNNCORE_UNARY_LEAKY_RELU:
        EACH(p > 0 ? p : p * a);
    case RNNCORE_UNARY_RECTIFIER:
        EACH(p <= c ? a * (p - c) : p > b ? b : p);
    case RNNCORE_UNARY_SOFTSIGN:
        EACH(p / (1 + (p < 0 ? -p : p)));
    case RNNCORE_UNARY_HARD_SILU:
        EACH(p * (FN(clip)(p + 3, 0, 6) / 6));
    case RNNCORE_UNARY_GELU:
        EACH(p * FN(normal_share)(p));
    case RNNCORE_UNARY_SQRT:
        EACH(SQRT(p));
    default: /* SQUARE */
        EACH(p * p);
    }
}

/* What a kernel takes; NaN stays. */
static void FN(before)(int64_t function, int64_t n, const REAL *restrict x, REAL *restrict y)
{
    switch (function) {
    case RNNCORE_UNARY_ELU:
        EACH(p > 0 ? 0 : p / 2);
    case RNNCORE_UNARY_SOFTPLUS:
    case RNNCORE_UNARY_LOG_SIGMOID:
    case RNNCORE_UNARY_MISH:
        EACH(p > 0 ? -p : p);
    case RNNCORE_UNARY_GELU_TANH:
        EACH((REAL)0.79788456080286535588 * (p + (REAL)0.044715 * (p * p * p)));
    default:
        EACH(p);
    }
}

#undef EACH
#define EACH(value)                                                                                \
    for (int64_t i = 0; i < n; i++) {                                                              \
        const REAL p = x[i], k = kernel[i];                                                        \
        (void)p;                                                                                   \
        y[i] = (value);                                                                            \
    }                                                                                              \
    return

/* The function of x, given what the kernel made of `before`. */
static void FN(after)(int64_t function, const double *numbers, int64_t n, const REAL *restrict x,
                      const REAL *restrict kernel, REAL *restrict y)
{
    const REAL a = (REAL)numbers[0], b = (REAL)numbers[1];
    switch (function) {
    case RNNCORE_UNARY_ELU: /* exp(x) - 1 = 2 t / (1 - t) of t = tanh(x / 2) */
        EACH((p > 0 ? p : 2 * k / (1 - k) * a) * b);
    case RNNCORE_UNARY_SOFTPLUS:
        EACH((p > 0 ? p : 0) + FN(log_1_plus)(k));
    case RNNCORE_UNARY_LOG_SIGMOID:
        EACH((p < 0 ? p : 0) - FN(log_1_plus)(k));
    case RNNCORE_UNARY_MISH: /* tanh(log(1 + exp(x))) by k = exp(-|x|) */
        EACH(p * (p > 0 ? (1 + 2 * k) / (1 + 2 * k + 2 * k * k) : k * (k + 2) / (k * (k + 2) + 2)));
    case RNNCORE_UNARY_GELU_TANH:
        EACH(p * ((REAL)0.5 * (1 + k)));
    case RNNCORE_UNARY_SILU:
        EACH(p * k);
    default: /* EXPONENTIAL */
        EACH(k);
    }
}

#undef EACH

static void FN(by_kernel)(const rnncore_node_call *call, int64_t n, const REAL *x, REAL *y)
{
    enum { MOST = 256 }; /* numbers at a time, which stay in the cache between the passes */
    REAL kernel[MOST];
    const rnncore_kernels *kernels = rnncore_kernel_table(call->context->isa, call->node->dtype);
    const int64_t function = call->node->attributes[0];
    const int is_sigmoid = function == RNNCORE_UNARY_SILU;
    const int is_tanh = function == RNNCORE_UNARY_ELU || function == RNNCORE_UNARY_GELU_TANH;
    for (int64_t i = 0; i < n; i += MOST) {
        const int64_t part = n - i < MOST ? n - i : MOST;
        FN(before)(function, part, x + i, kernel);
        (is_tanh      ? kernels->tanh
         : is_sigmoid ? kernels->sigmoid
                      : kernels->exp)(part, kernel, kernel);
        FN(after)(function, call->node->numbers, part, x + i, kernel, y + i);
    }
}

/* x - log(sum(exp(x))) of a row. */
static void FN(log_softmax)(const rnncore_kernels *kernels, int64_t n, const REAL *x, REAL *y)
{
    const REAL largest = FN(largest_of)(n, x);
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i] - largest;
    }
    kernels->exp(n, y, y);
    const REAL all = (REAL)log(FN(sum_of)(n, y, 0));
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i] - largest - all;
    }
}

static void FN(unary)(const rnncore_node_call *call, const void *from, void *to)
{
    const rnncore_array *array = call->in[0];
    const int64_t function = call->node->attributes[0], numbers = rnncore_numbers(array);
    switch (function) {
    case RNNCORE_UNARY_ELU:
    case RNNCORE_UNARY_SOFTPLUS:
    case RNNCORE_UNARY_LOG_SIGMOID:
    case RNNCORE_UNARY_EXPONENTIAL:
    case RNNCORE_UNARY_SILU:
    case RNNCORE_UNARY_MISH:
    case RNNCORE_UNARY_GELU_TANH:
        FN(by_kernel)(call, numbers, from, to);
        return;
    case RNNCORE_UNARY_LOG_SOFTMAX: {
        const int64_t n = array->size[array->rank - 1];
        for (int64_t i = 0; i < numbers; i += n) {
            FN(log_softmax)(rnncore_kernel_table(call->context->isa, call->node->dtype), n,
                            (const REAL *)from + i, (REAL *)to + i);
        }
        return;
    }
    default:
        FN(by_formula)(function, call->node->numbers, numbers, from, to);
    }
}
