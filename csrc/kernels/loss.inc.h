/* A template: dtypes.inc.h says what it is included with. */

/* Losses with their gradients, row by row. The cross-entropies start from the logits:
 *
 *   sigmoid  max(x, 0) - t x + log(1 + e^-|x|),      gradient  sigmoid(x) - t
 *   softmax  sum(t) log(sum e^x) - sum(t x),         gradient  sum(t) softmax(x) - t
 *
 * Their logarithms are taken in double: one a row, or few. */

RNNCORE_INLINE double FN(regression)(const rnncore_loss *l, const REAL *y, const REAL *t,
                                     REAL factor, REAL *dy)
{
    const REAL delta = (REAL)l->delta;
    double sum = 0;
    for (int64_t j = 0; j < l->columns; j++) {
        const REAL e = y[j] - t[j];
        REAL slope;
        if (l->kind == RNNCORE_LOSS_SQUARED) {
            sum += e * e;
            slope = 2 * e;
        } else if (l->kind == RNNCORE_LOSS_ABSOLUTE) {
            sum += e < 0 ? -e : e;
            slope = e > 0 ? 1 : e < 0 ? -1 : e; /* 0, or NaN */
        } else {
            slope = e > delta ? delta : e < -delta ? -delta : e;
            sum += slope * (e - slope / 2);
        }
        if (dy != NULL) {
            dy[j] = slope * factor;
        }
    }
    return sum;
}

RNNCORE_INLINE double FN(sigmoid_loss)(const rnncore_loss *l, const REAL *y, const REAL *targets,
                                       REAL factor, REAL *dy)
{
    const REAL keep = (REAL)(1 - l->smoothing), share = (REAL)(l->smoothing / 2);
    double sum = 0;
    for (int64_t j = 0; j < l->columns; j++) {
        const double x = y[j];
        const double t = targets[j] * keep + share;
        const double decay = exp(x < 0 ? x : -x);
        sum += (x < 0 ? 0 : x) - x * t + log1p(decay);
        if (dy != NULL) {
            dy[j] = (REAL)((x < 0 ? decay : 1) / (1 + decay) - t) * factor;
        }
    }
    return sum;
}

/* dy holds the exponentials on the way; without it their sum is taken alone. */
RNNCORE_INLINE double FN(softmax_loss)(const rnncore_loss *l, int64_t row, const REAL *y,
                                       REAL factor, REAL *dy)
{
    const int64_t n = l->columns;
    REAL largest;
    double total = 0;
    if (dy != NULL) {
        total = (double)FN(shifted_exp)(n, y, dy, &largest);
    } else {
        largest = FN(row_max)(n, y);
        for (int64_t j = 0; j < n; j++) {
            total += exp((double)(y[j] - largest));
        }
    }
    const REAL inverse = (REAL)(1 / total);
    if (l->labels != NULL) {
        const int64_t label = l->labels[row];
        const int valid = label >= 0 && label < n;
        if (dy != NULL) {
            for (int64_t j = 0; j < n; j++) {
                dy[j] *= inverse * factor;
            }
            if (valid) {
                dy[label] -= factor;
            }
        }
        return valid ? log(total) - (double)(y[label] - largest) : (double)NAN;
    }
    const REAL *t = (const REAL *)l->targets + row * n;
    const REAL keep = (REAL)(1 - l->smoothing), share = (REAL)(l->smoothing / (double)n);
    double mass = 0, along = 0;
    for (int64_t j = 0; j < n; j++) {
        const REAL target = t[j] * keep + share;
        mass += target;
        along += (double)target * (double)(y[j] - largest);
    }
    if (dy != NULL) {
        const REAL spread = (REAL)mass * inverse;
        for (int64_t j = 0; j < n; j++) {
            dy[j] = (dy[j] * spread - (t[j] * keep + share)) * factor;
        }
    }
    return log(total) * mass - along;
}

static double FN(loss)(const rnncore_loss *l, int64_t begin, int64_t end)
{
    const REAL *weights = l->weights;
    const double share = l->kind == RNNCORE_LOSS_SOFTMAX ? 1 : 1 / (double)l->columns;
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        const REAL *y = (const REAL *)l->y + i * l->columns;
        const REAL *t = l->targets == NULL ? NULL : (const REAL *)l->targets + i * l->columns;
        REAL *dy = l->dy == NULL ? NULL : (REAL *)l->dy + i * l->columns;
        const double weight = weights == NULL ? 1 : (double)weights[i / l->rows_per_weight];
        const REAL factor = (REAL)(weight * l->scale * share);
        double value;
        if (l->kind == RNNCORE_LOSS_SOFTMAX) {
            value = FN(softmax_loss)(l, i, y, factor, dy);
        } else if (l->kind == RNNCORE_LOSS_SIGMOID) {
            value = FN(sigmoid_loss)(l, y, t, factor, dy);
        } else {
            value = FN(regression)(l, y, t, factor, dy);
        }
        sum += weight * share * value;
    }
    return sum;
}
