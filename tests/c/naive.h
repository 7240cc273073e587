/* Recurrent layers once more, in plain loops over double: what the library's results are held to.
 * Gates in the order of the public header; arrays are contiguous, (B, T, features) and (B, H). */
#ifndef RNNCORE_TESTS_NAIVE_H
#define RNNCORE_TESTS_NAIVE_H

#include <math.h>
#include <string.h>

#include "rnncore.h"

enum { NAIVE_MAX_UNITS = 64 };

typedef struct naive_call {
    int32_t cell, activation, gate_activation, reset_after, go_backwards;
    int64_t steps, batch, inputs, units;
    const double *x, *kernel, *recurrent, *bias, *h0, *c0;
    const int64_t *lengths;
    const uint8_t *mask;
    const double *recurrent_mask; /* (G, B, H), or NULL */
    double *y, *h, *c;            /* results; c for LSTM only */
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
    case RNNCORE_HARD_SIGMOID:
        return fmin(fmax(a + 3, 0), 6) / 6;
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

/* out = h times the mask of gate g in row b; h itself without a mask. */
static inline void naive_masked(const naive_call *n, const double *h, int64_t g, int64_t b,
                                double *out)
{
    for (int64_t u = 0; u < n->units; u++) {
        const int64_t at = (g * n->batch + b) * n->units + u;
        out[u] = n->recurrent_mask == NULL ? h[u] : h[u] * n->recurrent_mask[at];
    }
}

/* One real step of row b: h and c are replaced. */
static inline void naive_step(const naive_call *n, int64_t b, const double *x, double *h, double *c)
{
    const int64_t units = n->units, columns = naive_gates(n->cell) * units;
    const int32_t f = n->activation, gate = n->gate_activation;
    const double *recurrent_bias = NULL;
    double a[4 * NAIVE_MAX_UNITS], e[4 * NAIVE_MAX_UNITS], masked[NAIVE_MAX_UNITS];
    if (n->cell == RNNCORE_GRU && n->reset_after && n->bias != NULL) {
        recurrent_bias = n->bias + columns;
    }
    naive_affine(x, n->kernel, n->bias, n->inputs, columns, 0, columns, a);
    for (int64_t g = 0; g < naive_gates(n->cell); g++) {
        naive_masked(n, h, g, b, masked);
        if (n->cell == RNNCORE_GRU && g == 2 && !n->reset_after) {
            for (int64_t u = 0; u < units; u++) {
                masked[u] *= naive_activation(gate, a[units + u] + e[units + u]);
            }
        }
        naive_affine(masked, n->recurrent, recurrent_bias, units, columns, g * units, units,
                     e + g * units);
    }
    for (int64_t u = 0; u < units; u++) {
        if (n->cell == RNNCORE_RNN) {
            h[u] = naive_activation(f, a[u] + e[u]);
        } else if (n->cell == RNNCORE_LSTM) {
            const double i = naive_activation(gate, a[u] + e[u]);
            const double forget = naive_activation(gate, a[units + u] + e[units + u]);
            const double g = naive_activation(f, a[2 * units + u] + e[2 * units + u]);
            const double o = naive_activation(gate, a[3 * units + u] + e[3 * units + u]);
            c[u] = forget * c[u] + i * g;
            h[u] = o * naive_activation(f, c[u]);
        } else {
            const double z = naive_activation(gate, a[u] + e[u]);
            const double r =
                n->reset_after ? naive_activation(gate, a[units + u] + e[units + u]) : 1;
            const double q = a[2 * units + u] + r * e[2 * units + u];
            h[u] = z * h[u] + (1 - z) * naive_activation(f, q);
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
                naive_step(n, b, n->x + at * n->inputs, h, c);
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
