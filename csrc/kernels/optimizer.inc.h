/* A template: dtypes.inc.h says what it is included with. */

/* Steps of the optimizers: parameters, gradient and state of an element are read once and written
 * once. The equations stand beside rnncore_update. */

/* Clipped and scaled; a NaN stays one. */
RNNCORE_INLINE REAL FN(usable)(REAL g, REAL clip, REAL scale)
{
    g = g > clip ? clip : g;
    g = g < -clip ? -clip : g;
    return g * scale;
}

#define RNNCORE_UPDATE_ARGUMENTS                                                                   \
    REAL *restrict param = (REAL *)u->param + begin;                                               \
    const REAL *restrict grad = (const REAL *)u->grad + begin;                                     \
    const REAL lr = (REAL)u->learning_rate, decay = (REAL)u->decay;                                \
    const REAL clip = (REAL)u->clip, scale = (REAL)u->scale

RNNCORE_INLINE void FN(sgd)(const rnncore_update *u, int64_t begin, int64_t n, int with_momentum,
                            int nesterov)
{
    RNNCORE_UPDATE_ARGUMENTS;
    const REAL momentum = (REAL)u->momentum;
    REAL *restrict m = with_momentum ? (REAL *)u->slots[0] + begin : NULL;
    for (int64_t i = 0; i < n; i++) {
        const REAL d = FN(usable)(grad[i], clip, scale) * lr;
        REAL p = param[i] - param[i] * decay;
        if (with_momentum) {
            m[i] = m[i] * momentum - d;
            p = nesterov ? p - d + m[i] * momentum : p + m[i];
        } else {
            p -= d;
        }
        param[i] = p;
    }
}

RNNCORE_INLINE void FN(rmsprop)(const rnncore_update *u, int64_t begin, int64_t n,
                                int with_momentum, int centered)
{
    RNNCORE_UPDATE_ARGUMENTS;
    const REAL momentum = (REAL)u->momentum, epsilon = (REAL)u->epsilon;
    const REAL rho = (REAL)u->beta_2, rest = (REAL)(1.0 - u->beta_2);
    REAL *restrict v = (REAL *)u->slots[0] + begin;
    REAL *restrict m = with_momentum ? (REAL *)u->slots[1] + begin : NULL;
    REAL *restrict mean = centered ? (REAL *)u->slots[2] + begin : NULL;
    for (int64_t i = 0; i < n; i++) {
        const REAL g = FN(usable)(grad[i], clip, scale);
        v[i] = v[i] * rho + g * g * rest;
        REAL square = v[i];
        if (centered) {
            mean[i] = mean[i] * rho + g * rest;
            square -= mean[i] * mean[i];
        }
        REAL d = g / SQRT(square + epsilon) * lr;
        if (with_momentum) {
            d = m[i] * momentum + d;
            m[i] = d;
        }
        param[i] = param[i] - param[i] * decay - d;
    }
}

RNNCORE_INLINE void FN(adam)(const rnncore_update *u, int64_t begin, int64_t n, int amsgrad)
{
    RNNCORE_UPDATE_ARGUMENTS;
    const REAL rest_1 = (REAL)(1.0 - u->beta_1), rest_2 = (REAL)(1.0 - u->beta_2);
    const REAL epsilon = (REAL)u->epsilon;
    REAL *restrict m = (REAL *)u->slots[0] + begin;
    REAL *restrict v = (REAL *)u->slots[1] + begin;
    REAL *restrict w = amsgrad ? (REAL *)u->slots[2] + begin : NULL;
    for (int64_t i = 0; i < n; i++) {
        const REAL g = FN(usable)(grad[i], clip, scale);
        m[i] += (g - m[i]) * rest_1;
        v[i] += (g * g - v[i]) * rest_2;
        REAL square = v[i];
        if (amsgrad) {
            square = w[i] > square ? w[i] : square; /* a NaN goes on */
            w[i] = square;
        }
        param[i] = param[i] - param[i] * decay - m[i] / (SQRT(square) + epsilon) * lr;
    }
}

static void FN(update)(const void *options, int64_t begin, int64_t end)
{
    const rnncore_update *u = options;
    const int64_t n = end - begin;
    /* Constants, so that each call becomes a loop without branches. */
    if (u->optimizer == RNNCORE_SGD) {
        if (u->slots[0] == NULL) {
            FN(sgd)(u, begin, n, 0, 0);
        } else if (u->nesterov) {
            FN(sgd)(u, begin, n, 1, 1);
        } else {
            FN(sgd)(u, begin, n, 1, 0);
        }
    } else if (u->optimizer == RNNCORE_RMSPROP) {
        const int momentum = u->slots[1] != NULL, centered = u->slots[2] != NULL;
        if (momentum && centered) {
            FN(rmsprop)(u, begin, n, 1, 1);
        } else if (momentum) {
            FN(rmsprop)(u, begin, n, 1, 0);
        } else if (centered) {
            FN(rmsprop)(u, begin, n, 0, 1);
        } else {
            FN(rmsprop)(u, begin, n, 0, 0);
        }
    } else if (u->slots[2] != NULL) {
        FN(adam)(u, begin, n, 1);
    } else {
        FN(adam)(u, begin, n, 0);
    }
}

enum { FN(SUMS) = 16 };

static double FN(sum_of_squares)(int64_t n, const void *data, double scale)
{
    const REAL *x = data;
    double sums[FN(SUMS)] = {0};
    double sum = 0;
    int64_t i = 0;
    for (; i + FN(SUMS) <= n; i += FN(SUMS)) {
        for (int j = 0; j < FN(SUMS); j++) {
            const double value = x[i + j] * scale;
            sums[j] += value * value;
        }
    }
    for (; i < n; i++) {
        sums[0] += x[i] * scale * (x[i] * scale);
    }
    for (int j = 0; j < FN(SUMS); j++) {
        sum += sums[j];
    }
    return sum;
}

static double FN(largest)(int64_t n, const void *data)
{
    const REAL *x = data;
    REAL largest = 0;
    for (int64_t i = 0; i < n; i++) {
        const REAL size = x[i] < 0 ? -x[i] : x[i];
        if (size != size) {
            return size;
        }
        largest = size > largest ? size : largest;
    }
    return largest;
}
