/* Runs an LSTM of one unit by the installed library and compares it with its equations, written
 * out. C99, and nothing but rnncore.h. */
#include <math.h>
#include <rnncore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5 };

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

int main(void)
{
    static const float kernel[4] = {0.5f, -0.25f, 0.75f, 1.0f}; /* i f g o */
    static const float recurrent[4] = {-0.5f, 0.125f, 0.25f, -1.0f};
    static const float bias[4] = {0.1f, 1.0f, -0.2f, 0.3f};
    static const float x[STEPS] = {1.0f, -2.0f, 0.5f, 3.0f, -1.0f};
    char version[32];
    sprintf(version, "%d.%d.%d", RNNCORE_VERSION_MAJOR, RNNCORE_VERSION_MINOR,
            RNNCORE_VERSION_PATCH);
    expect(strcmp(version, rnncore_version()) == 0, "the header is of the library's version");

    rnncore_context *context = NULL;
    expect(rnncore_context_create(NULL, &context) == RNNCORE_OK, "a context");
    rnncore_layer layer;
    memset(&layer, 0, sizeof layer);
    layer.struct_size = sizeof layer;
    layer.cell = RNNCORE_LSTM;
    layer.dtype = RNNCORE_FLOAT32;
    layer.input_size = layer.hidden_size = 1;
    rnncore_weights *weights = NULL;
    expect(rnncore_weights_create(context, &layer, kernel, recurrent, bias, &weights) == RNNCORE_OK,
           "weights");

    float y[STEPS];
    rnncore_batch batch;
    memset(&batch, 0, sizeof batch);
    batch.struct_size = sizeof batch;
    batch.steps = STEPS;
    batch.batch = 1;
    batch.x = x;
    batch.x_stride_batch = STEPS;
    batch.x_stride_time = batch.x_stride_feature = 1;
    batch.y = y;
    batch.y_stride_batch = STEPS;
    batch.y_stride_time = batch.y_stride_feature = 1;
    size_t bytes = 0;
    expect(rnncore_forward_workspace_size(context, weights, &batch, &bytes) == RNNCORE_OK,
           "a size");
    void *workspace = rnncore_alloc(bytes);
    expect(workspace != NULL, "memory");
    const rnncore_status status = rnncore_forward(context, weights, &batch, workspace, bytes);
    expect(status == RNNCORE_OK, rnncore_status_string(status));

    double h = 0, c = 0;
    for (int t = 0; t < STEPS; t++) {
        double a[4];
        for (int gate = 0; gate < 4; gate++) {
            a[gate] = x[t] * kernel[gate] + h * recurrent[gate] + bias[gate];
        }
        c = sigmoid(a[1]) * c + sigmoid(a[0]) * tanh(a[2]);
        h = sigmoid(a[3]) * tanh(c);
        expect(fabs(y[t] - h) < 1e-6, "the output of a step");
    }
    rnncore_free(workspace);
    rnncore_weights_destroy(weights);
    rnncore_context_destroy(context);
    printf("rnncore %s\n", rnncore_version());
    return 0;
}
