/* The model of denoise.c inside of the program, and its stream in memory that is there from the
 * start: for devices without files. The array is what
 *
 *     rnncore export-c model.rnnc -o model.c --name model_data
 *
 * wrote. Samples of one number on stdin, as denoise.c reads them. C99. */
#include "model.h"

#include <rnncore_model.h>
#include <stdio.h>

enum { STREAM_BYTES = 1 << 16 }; /* rnncore_stream_size says how many it takes */

static union {
    char bytes[STREAM_BYTES + 64];
    double aligned;
} memory;

static int failed(const char *why)
{
    fprintf(stderr, "embedded: %s\n", why);
    return 1;
}

int main(void)
{
    rnncore_context *context = NULL;
    rnncore_model *model = NULL;
    rnncore_stream *stream = NULL;
    char message[256];
    rnncore_status status = rnncore_context_create(NULL, &context);
    if (status != RNNCORE_OK) {
        return failed(rnncore_status_string(status));
    }
    if (rnncore_model_from_memory(context, model_data, model_data_size, &model, message,
                                  sizeof message) != RNNCORE_OK) {
        return failed(message);
    }
    if (rnncore_model_dtype(model) != RNNCORE_FLOAT32 || rnncore_model_input_size(model) != 1 ||
        rnncore_model_output_size(model) != 1) {
        return failed("expected a model of one number a step, in float32");
    }
    char *start = memory.bytes + (64 - (uintptr_t)memory.bytes % 64) % 64;
    status = rnncore_stream_create(model, 1, start, STREAM_BYTES, &stream);
    if (status != RNNCORE_OK) {
        return failed(rnncore_status_string(status));
    }
    float x, y;
    while (scanf("%f", &x) == 1) {
        status = rnncore_stream_step(stream, &x, &y);
        if (status != RNNCORE_OK) {
            return failed(rnncore_status_string(status));
        }
        printf("%.9g\n", (double)y);
    }
    rnncore_stream_destroy(stream);
    rnncore_model_destroy(model);
    rnncore_context_destroy(context);
    return 0;
}
