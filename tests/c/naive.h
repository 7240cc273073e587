/* Recurrent layers once more, in plain loops over double: what the library's results are held to.
 * Gates in the order of the public header; arrays are contiguous, (B, T, features) and (B, H). */
#ifndef RNNCORE_TESTS_NAIVE_H
#define RNNCORE_TESTS_NAIVE_H

#include <math.h>
#include <string.h>

#include "rnncore.h"

enum { NAIVE_MAX_UNITS = 64 };

typedef struct naive_call {
    int32_t cell, activation, reset_after, go_backwards;
    int64_t steps, batch, inputs, units;
    const double *x, *kernel, *recurrent, *bias, *h0, *c0;
    const int64_t *lengths;
    const uint8_t *mask;
    double *y, *h, *c; /* results; c for LSTM only */
} naive_call;

static inline int64_t naive_gates(int32_t cell)
{
    return cell == RNNCORE_LSTM ? 4 : cell == RNNCORE_GRU ? 3 : 1;
}

static inline double naive_sigmoid(double a)
{
    return 1 / (1 + exp(-a));
}

static inline double naive_activation(int32_t activation, double a)
{
    switch (activation) {
    case RNNCORE_TANH:
        return tanh(a);
    case RNNCORE_RELU:
        return a > 0 ? a : 0;
    case RNNCORE_SIGMOID:
        return naive_sigmoid(a);
    default:
        return a;
    }
}

/* out[j] = bias[j] + sum_k row[k] matrix[k, first + j], j < n; a NULL bias is zeros */
static inline void naive_affine(const double *row, const double *matrix, const double *bias,
                                int64_t depth, int64_t columns, int64_t first, int64_t n,
                                double *out)
{
    for (int64_t j = 0; j < n; j++) {
        out[j] = bias == NULL ? 0 : bias[first + j];
        for (int64_t k = 0; k < depth; k++) {
            out[j] += row[k] * matrix[k * columns + first + j];
        }
    }
}

/* One real step of one row: h and c are replaced. */
static inline void naive_step(const naive_call *n, const double *x, double *h, double *c)
{
    const int64_t units = n->units, columns = naive_gates(n->cell) * units;
    const double *recurrent_bias = NULL;
    double a[4 * NAIVE_MAX_UNITS], e[4 * NAIVE_MAX_UNITS], reset_h[NAIVE_MAX_UNITS];
    if (n->cell == RNNCORE_GRU && n->reset_after && n->bias != NULL) {
        recurrent_bias = n->bias + columns;
    }
    naive_affine(x, n->kernel, n->bias, n->inputs, columns, 0, columns, a);
    naive_affine(h, n->recurrent, recurrent_bias, units, columns, 0, columns, e);
    if (n->cell == RNNCORE_GRU && !n->reset_after) {
        for (int64_t u = 0; u < units; u++) {
            reset_h[u] = h[u] * naive_sigmoid(a[units + u] + e[units + u]);
        }
        naive_affine(reset_h, n->recurrent, NULL, units, columns, 2 * units, units, e + 2 * units);
    }
    for (int64_t u = 0; u < units; u++) {
        if (n->cell == RNNCORE_RNN) {
            h[u] = naive_activation(n->activation, a[u] + e[u]);
        } else if (n->cell == RNNCORE_LSTM) {
            const double i = naive_sigmoid(a[u] + e[u]);
            const double f = naive_sigmoid(a[units + u] + e[units + u]);
            const double g = tanh(a[2 * units + u] + e[2 * units + u]);
            const double o = naive_sigmoid(a[3 * units + u] + e[3 * units + u]);
            c[u] = f * c[u] + i * g;
            h[u] = o * tanh(c[u]);
        } else {
            const double z = naive_sigmoid(a[u] + e[u]);
            const double r = n->reset_after ? naive_sigmoid(a[units + u] + e[units + u]) : 1;
            h[u] = z * h[u] + (1 - z) * tanh(a[2 * units + u] + r * e[2 * units + u]);
        }
    }
}

static inline int naive_is_real(const naive_call *n, int64_t b, int64_t t)
{
    if (n->lengths != NULL) {
        return t < n->lengths[b];
    }
    return n->mask == NULL || n->mask[b * n->steps + t];
}

/* Results of all rows; a masked step repeats the output before it, beyond a length it is 0. */
static inline void naive_forward(const naive_call *n)
{
    const size_t row = sizeof(double) * (size_t)n->units;
    for (int64_t b = 0; b < n->batch; b++) {
        double h[NAIVE_MAX_UNITS] = {0}, c[NAIVE_MAX_UNITS] = {0}, shown[NAIVE_MAX_UNITS] = {0};
        if (n->h0 != NULL) {
            memcpy(h, n->h0 + b * n->units, row);
        }
        if (n->c0 != NULL) {
            memcpy(c, n->c0 + b * n->units, row);
        }
        for (int64_t k = 0; k < n->steps; k++) {
            const int64_t t = n->go_backwards ? n->steps - 1 - k : k;
            const int64_t at = b * n->steps + t;
            const int real = naive_is_real(n, b, t);
            if (real) {
                naive_step(n, n->x + at * n->inputs, h, c);
                memcpy(shown, h, row);
            }
            if (real || n->lengths == NULL) {
                memcpy(n->y + at * n->units, shown, row);
            } else {
                memset(n->y + at * n->units, 0, row);
            }
        }
        memcpy(n->h + b * n->units, h, row);
        if (n->cell == RNNCORE_LSTM) {
            memcpy(n->c + b * n->units, c, row);
        }
    }
}

#endif
