/* Training steps of a problem, and its gradients against finite differences of the naive loops. */
#ifndef RNNCORE_TESTS_TRAINING_H
#define RNNCORE_TESTS_TRAINING_H

#include <stdlib.h>
#include <string.h>

#include "problem.h"

typedef struct tape {
    void *memory;
    size_t bytes, workspace_bytes;
} tape;

/* A forward pass with a tape of just the size asked for. */
static inline tape record(rnncore_context *context, const rnncore_weights *weights, problem *p)
{
    tape t = {NULL, 0, 0};
    CHECK(rnncore_tape_size(context, weights, &p->batch, &t.bytes, &t.workspace_bytes) ==
          RNNCORE_OK);
    t.memory = aligned_block(t.bytes);
    CHECK(rnncore_forward_train(context, weights, &p->batch, t.memory, t.bytes) == RNNCORE_OK);
    return t;
}

/* Uses the tape up and frees it; gradients are NaN before. */
static inline rnncore_status run_backward(rnncore_context *context, const rnncore_weights *weights,
                                          problem *p, tape *t)
{
    for (int a = DX; a < ARRAYS; a++) {
        memset(p->arrays[a], 0xff, element_size(p) * (size_t)p->count[a]);
    }
    void *workspace = aligned_block(t->workspace_bytes);
    const rnncore_status status = rnncore_backward(context, weights, t->memory, t->bytes,
                                                   &p->gradients, workspace, t->workspace_bytes);
    free(workspace);
    free(t->memory);
    return status;
}

static inline rnncore_status train(rnncore_context *context, const rnncore_weights *weights,
                                   problem *p)
{
    tape t = record(context, weights, p);
    return run_backward(context, weights, p, &t);
}

/* The scalar whose gradients dy and dstate are. */
static inline double naive_loss(const problem *p)
{
    double loss = 0;
    naive_forward(&p->naive);
    for (int64_t i = 0; i < p->count[Y]; i++) {
        loss += p->values[Y][i] * p->values[DY][i];
    }
    for (int64_t i = 0; i < p->count[H]; i++) {
        loss += p->values[H][i] * p->values[DH][i];
        loss += p->naive.cell == RNNCORE_LSTM ? p->values[C][i] * p->values[DC][i] : 0;
    }
    return loss;
}

/* One gradient against (8 (f(s) - f(-s)) - (f(2s) - f(-2s))) / 12s of the naive loops. */
static inline void check_gradient(problem *p, int array, int gradient)
{
    const double step = 1e-3;
    double *values = p->values[array], worst = 0;
    for (int64_t i = 0; i < p->count[array]; i++) {
        const double value = values[i];
        double loss[4];
        for (int k = 0; k < 4; k++) {
            values[i] = value + step * (k < 2 ? k - 2 : k - 1); /* -2 -1 1 2 */
            loss[k] = naive_loss(p);
        }
        values[i] = value;
        const double expected = (8 * (loss[2] - loss[1]) - (loss[3] - loss[0])) / (12 * step);
        const double error = fabs(get(p, gradient, i) - expected);
        worst = !(error <= worst) ? error : worst; /* a NaN stays */
    }
    CHECK(worst < 1e-8);
}

static inline int same_bits(const problem *a, const problem *b, int array)
{
    return memcmp(a->arrays[array], b->arrays[array], element_size(a) * (size_t)a->count[array]) ==
           0;
}

#endif
