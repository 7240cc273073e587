/* What a library says that was built without threads or without training. */
#include <string.h>

#include "check.h"
#include "rnncore.h"

static void test_threads(void)
{
    rnncore_context_options options = {sizeof options, 2, -1, NULL};
    rnncore_context *context = NULL;
    const rnncore_status status = rnncore_context_create(&options, &context);
    CHECK(status == (RNNCORE_THREADS ? RNNCORE_OK : RNNCORE_ERROR_UNSUPPORTED));
    CHECK((context != NULL) == RNNCORE_THREADS);
    rnncore_context_destroy(context);
    for (options.num_threads = 0; options.num_threads < 2; options.num_threads++) {
        CHECK(rnncore_context_create(&options, &context) == RNNCORE_OK);
        CHECK(rnncore_context_start_threads(context) == RNNCORE_OK);
        if (!RNNCORE_THREADS || options.num_threads == 1) {
            CHECK(rnncore_context_num_threads(context) == 1);
        }
        rnncore_context_destroy(context);
    }
    options.num_threads = -1;
    CHECK(rnncore_context_create(&options, &context) == RNNCORE_ERROR_INVALID_ARGUMENT);
}

static void test_training(void)
{
    static const float weights[8] = {0};
    rnncore_context *context = NULL;
    CHECK(rnncore_context_create(NULL, &context) == RNNCORE_OK);
    rnncore_layer layer;
    memset(&layer, 0, sizeof layer);
    layer.struct_size = sizeof layer;
    layer.cell = RNNCORE_LSTM;
    layer.input_size = layer.hidden_size = 1;
    for (layer.training = 0; layer.training < 2; layer.training++) {
        rnncore_weights *packed = NULL;
        const rnncore_status status =
            rnncore_weights_create(context, &layer, weights, weights, NULL, &packed);
        const int made = !layer.training || RNNCORE_TRAIN;
        CHECK(status == (made ? RNNCORE_OK : RNNCORE_ERROR_UNSUPPORTED));
        CHECK((packed != NULL) == made);
        rnncore_weights_destroy(packed);
    }
    rnncore_context_destroy(context);
}

int main(void)
{
    test_threads();
    test_training();
    return check_report();
}
