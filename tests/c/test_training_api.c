/* The parts of a training step beside the recurrence as a C program uses them: what they compute
 * on a few numbers, and what they say to bad arguments. */
#include "rnncore_train.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

static rnncore_context *context;

static void test_optimizer(void)
{
    double p[2] = {1, -1}, m[2] = {0, 0};
    const double g[2] = {4, -8};
    rnncore_update u = {.struct_size = sizeof u,
                        .optimizer = RNNCORE_SGD,
                        .dtype = RNNCORE_FLOAT64,
                        .n = 2,
                        .param = p,
                        .grad = g,
                        .learning_rate = 0.5,
                        .clip = 6,
                        .scale = 0.25,
                        .decay = 0.5};
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_OK);
    CHECK(p[0] == 0.5 - 0.5 && p[1] == -0.5 + 0.75);
    u.slots[0] = m;
    u.momentum = 0.9;
    u.decay = 0;
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_OK);
    CHECK(m[0] == -0.5 && p[0] == -0.5);
    u.n = 0;
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_OK);
    u.n = -1;
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_ERROR_INVALID_ARGUMENT);
    u.n = 2;
    u.optimizer = RNNCORE_ADAM; /* its second slot is missing */
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_ERROR_INVALID_ARGUMENT);
    u.optimizer = 9;
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_ERROR_INVALID_ARGUMENT);
    u.optimizer = RNNCORE_SGD;
    u.dtype = 5;
    CHECK(rnncore_optimizer_step(context, &u) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_optimizer_step(NULL, &u) == RNNCORE_ERROR_INVALID_ARGUMENT);
}

static void test_norm(void)
{
    const float x[3] = {2, -3, 6};
    double norm = -1;
    CHECK(rnncore_norm(context, RNNCORE_FLOAT32, 3, x, &norm) == RNNCORE_OK && norm == 7);
    CHECK(rnncore_norm(context, RNNCORE_FLOAT32, 0, NULL, &norm) == RNNCORE_OK && norm == 0);
    CHECK(rnncore_norm(context, RNNCORE_FLOAT32, 3, NULL, &norm) == RNNCORE_ERROR_INVALID_ARGUMENT);
}

static void test_embedding(void)
{
    float table[6] = {0, 1, 10, 11, 20, 21}, out[6];
    const int64_t ids[3] = {2, 0, 2};
    CHECK(rnncore_gather_rows(context, RNNCORE_FLOAT32, 2, table, 3, ids, out) == RNNCORE_OK);
    CHECK(out[0] == 20 && out[3] == 1 && out[5] == 21);
    CHECK(rnncore_gather_rows(context, RNNCORE_FLOAT32, 0, table, 3, ids, out) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    const int64_t cleared[1] = {2};
    rnncore_scatter_add s = {sizeof s, RNNCORE_FLOAT32, 2, table, 1, cleared, 3, ids, out};
    CHECK(rnncore_scatter_add_rows(context, &s) == RNNCORE_OK);
    CHECK(table[4] == 40 && table[1] == 2 && table[2] == 10);
    s.rows = NULL;
    CHECK(rnncore_scatter_add_rows(context, &s) == RNNCORE_ERROR_INVALID_ARGUMENT);
}

static void test_dense(void)
{
    const float x[4] = {1, 2, 3, 4}, kernel[2] = {1, -1}, bias[1] = {0.5f}, dy[2] = {1, 2};
    float y[2], dx[4], dkernel[2], dbias[1];
    rnncore_dense d = {.struct_size = sizeof d,
                       .dtype = RNNCORE_FLOAT32,
                       .activation = RNNCORE_RELU,
                       .rows = 2,
                       .inputs = 2,
                       .outputs = 1,
                       .x = x,
                       .kernel = kernel,
                       .bias = bias,
                       .y = y,
                       .dy = dy,
                       .dx = dx,
                       .dkernel = dkernel,
                       .dbias = dbias};
    size_t bytes = 0;
    CHECK(rnncore_dense_workspace_size(context, &d, &bytes) == RNNCORE_OK && bytes > 0);
    char *memory = malloc(bytes + 64);
    char *workspace = memory + (64 - (uintptr_t)memory % 64);
    CHECK(rnncore_dense_forward(context, &d, workspace, bytes) == RNNCORE_OK);
    CHECK(y[0] == 0 && y[1] == 0);
    d.activation = RNNCORE_LINEAR;
    CHECK(rnncore_dense_forward(context, &d, workspace, bytes) == RNNCORE_OK);
    CHECK(y[0] == -0.5f && y[1] == -0.5f);
    CHECK(rnncore_dense_backward(context, &d, workspace, bytes) == RNNCORE_OK);
    CHECK(dx[0] == 1 && dx[3] == -2 && dkernel[0] == 7 && dkernel[1] == 10 && dbias[0] == 3);
    CHECK(rnncore_dense_forward(context, &d, workspace, 1) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_dense_forward(context, &d, workspace + 4, bytes) == RNNCORE_ERROR_WORKSPACE);
    d.rows = INT64_MAX / 2;
    d.activation = RNNCORE_TANH;
    CHECK(rnncore_dense_workspace_size(context, &d, &bytes) == RNNCORE_ERROR_OVERFLOW);
    d.activation = 77;
    CHECK(rnncore_dense_workspace_size(context, &d, &bytes) == RNNCORE_ERROR_INVALID_ARGUMENT);
    free(memory);
    CHECK(rnncore_activate(context, RNNCORE_FLOAT32, RNNCORE_RELU, 2, 1, y, y) == RNNCORE_OK);
    CHECK(y[0] == 0 && y[1] == 0);
}

static void test_loss(void)
{
    const double y[2] = {1, 3}, t[2] = {0, 1};
    double dy[2], value = -1;
    const int64_t label[1] = {0};
    rnncore_loss l = {.struct_size = sizeof l,
                      .kind = RNNCORE_LOSS_SQUARED,
                      .dtype = RNNCORE_FLOAT64,
                      .rows = 1,
                      .columns = 2,
                      .y = y,
                      .targets = t,
                      .scale = 1,
                      .dy = dy};
    CHECK(rnncore_loss_value(context, &l, &value) == RNNCORE_OK && value == 2.5);
    CHECK(dy[0] == 1 && dy[1] == 2);
    l.labels = label; /* both kinds of targets */
    CHECK(rnncore_loss_value(context, &l, &value) == RNNCORE_ERROR_INVALID_ARGUMENT);
    l.targets = NULL; /* labels for a loss that takes none */
    CHECK(rnncore_loss_value(context, &l, &value) == RNNCORE_ERROR_INVALID_ARGUMENT);
    l.kind = RNNCORE_LOSS_SOFTMAX;
    CHECK(rnncore_loss_value(context, &l, &value) == RNNCORE_OK);
    CHECK(fabs(value - log(1 + exp(2))) < 1e-14 && fabs(dy[0] + dy[1]) < 1e-15);
}

static void test_dropout(void)
{
    float x[200], y[200], again[200];
    int kept = 0;
    for (int i = 0; i < 200; i++) {
        x[i] = 1;
    }
    rnncore_dropout d = {sizeof d, RNNCORE_FLOAT32, 200, x, y, 0.5, 42, 1};
    CHECK(rnncore_dropout_apply(context, &d) == RNNCORE_OK);
    d.y = again;
    CHECK(rnncore_dropout_apply(context, &d) == RNNCORE_OK);
    for (int i = 0; i < 200; i++) {
        CHECK(y[i] == again[i] && (y[i] == 0 || y[i] == 2));
        kept += y[i] != 0;
    }
    CHECK(kept > 60 && kept < 140);
    d.rate = 1.5;
    CHECK(rnncore_dropout_apply(context, &d) == RNNCORE_ERROR_INVALID_ARGUMENT);
    d.rate = 0.5;
    d.n = INT64_C(1) << 34;
    CHECK(rnncore_dropout_apply(context, &d) == RNNCORE_ERROR_OVERFLOW);
}

int main(void)
{
    CHECK(rnncore_context_create(NULL, &context) == RNNCORE_OK);
    test_optimizer();
    test_norm();
    test_embedding();
    test_dense();
    test_loss();
    test_dropout();
    rnncore_context_destroy(context);
    return check_report();
}
