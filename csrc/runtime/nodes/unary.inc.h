/* A template: reals.h says what it is included with. */

static REAL FN(clip)(REAL x, REAL low, REAL high)
{
    return x < low ? low : x > high ? high : x; /* NaN stays */
}

static REAL FN(softplus)(REAL x)
{
    const double wide = (double)x;
    return (REAL)((wide > 0 ? wide : wide != wide ? wide : 0) + log1p(exp(-fabs(wide))));
}

/* 0.5 erfc(-x / sqrt(2)), which keeps its digits far out. */
static REAL FN(normal_share)(REAL x)
{
    return (REAL)(0.5 * erfc(-(double)x * 0.70710678118654752440));
}

/* One number, by what needs no kernel. */
static REAL FN(function_of)(int64_t function, REAL x, const double *p)
{
    const REAL a = (REAL)p[0], b = (REAL)p[1], c = (REAL)p[2];
    switch (function) {
    case RNNCORE_UNARY_CLIP:
        return FN(clip)(x, a, b);
    case RNNCORE_UNARY_LEAKY_RELU:
        return x > 0 ? x : x * a;
    case RNNCORE_UNARY_RECTIFIER:
        return x <= c ? a * (x - c) : x > b ? b : x;
    case RNNCORE_UNARY_ELU:
        return (x > 0 ? x : (REAL)expm1((double)x) * a) * b;
    case RNNCORE_UNARY_SOFTPLUS:
        return FN(softplus)(x);
    case RNNCORE_UNARY_LOG_SIGMOID:
        return -FN(softplus)(-x);
    case RNNCORE_UNARY_SOFTSIGN:
        return x / (1 + (x < 0 ? -x : x));
    case RNNCORE_UNARY_HARD_SILU:
        return x * (FN(clip)(x + 3, 0, 6) / 6);
    case RNNCORE_UNARY_GELU:
        return x * FN(normal_share)(x);
    case RNNCORE_UNARY_SQRT:
        return SQRT(x);
    default: /* SQUARE */
        return x * x;
    }
}

/* What a kernel takes first, then y from x and what the kernel gave. */
static REAL FN(before)(int64_t function, REAL x)
{
    switch (function) {
    case RNNCORE_UNARY_MISH:
        return FN(softplus)(x);
    case RNNCORE_UNARY_GELU_TANH:
        return (REAL)0.79788456080286535588 * (x + (REAL)0.044715 * (x * x * x));
    default:
        return x;
    }
}

static void FN(by_kernel)(const rnncore_node_call *call, int64_t n, const REAL *x, REAL *y)
{
    const rnncore_kernels *kernels = rnncore_kernel_table(call->context->isa, call->node->dtype);
    const int64_t function = call->node->attributes[0];
    for (int64_t i = 0; i < n; i++) {
        y[i] = FN(before)(function, x[i]);
    }
    (function == RNNCORE_UNARY_EXPONENTIAL ? kernels->exp
     : function == RNNCORE_UNARY_SILU      ? kernels->sigmoid
                                           : kernels->tanh)(n, y, y);
    for (int64_t i = 0; i < n && function != RNNCORE_UNARY_EXPONENTIAL; i++) {
        y[i] = x[i] * (function == RNNCORE_UNARY_GELU_TANH ? (REAL)0.5 * (1 + y[i]) : y[i]);
    }
}

/* x - log(sum(exp(x))) of a row. */
static void FN(log_softmax)(const rnncore_kernels *kernels, int64_t n, const REAL *x, REAL *y)
{
    REAL largest = n > 0 ? x[0] : 0;
    double sum = 0;
    for (int64_t i = 1; i < n; i++) {
        largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
    }
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i] - largest;
    }
    kernels->exp(n, y, y);
    for (int64_t i = 0; i < n; i++) {
        sum += (double)y[i];
    }
    const REAL all = (REAL)log(sum);
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i] - largest - all;
    }
}

static void FN(unary)(const rnncore_node_call *call, const void *from, void *to)
{
    const rnncore_array *array = call->in[0];
    const int64_t function = call->node->attributes[0], numbers = rnncore_numbers(array);
    const REAL *x = from;
    REAL *y = to;
    switch (function) {
    case RNNCORE_UNARY_EXPONENTIAL:
    case RNNCORE_UNARY_SILU:
    case RNNCORE_UNARY_MISH:
    case RNNCORE_UNARY_GELU_TANH:
        FN(by_kernel)(call, numbers, x, y);
        return;
    case RNNCORE_UNARY_LOG_SOFTMAX: {
        const int64_t n = array->size[array->rank - 1];
        for (int64_t i = 0; i < numbers; i += n) {
            FN(log_softmax)(rnncore_kernel_table(call->context->isa, call->node->dtype), n, x + i,
                            y + i);
        }
        return;
    }
    default:
        for (int64_t i = 0; i < numbers; i++) {
            y[i] = FN(function_of)(function, x[i], call->node->numbers);
        }
    }
}
