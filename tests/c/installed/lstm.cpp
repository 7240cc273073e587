// The same from C++17, with handles that free themselves; all headers of the library.
#include <cmath>
#include <cstdio>
#include <memory>
#include <rnncore.h>
#if __has_include(<rnncore_train.h>)
#include <rnncore_train.h>
#endif
#include <vector>

int main()
{
    rnncore_context *made = nullptr;
    if (rnncore_context_create(nullptr, &made) != RNNCORE_OK) {
        return 1;
    }
    const std::unique_ptr<rnncore_context, decltype(&rnncore_context_destroy)> context(
        made, rnncore_context_destroy);
    rnncore_layer layer{};
    layer.struct_size = sizeof layer;
    layer.cell = RNNCORE_GRU;
    layer.dtype = RNNCORE_FLOAT64;
    layer.input_size = 3;
    layer.hidden_size = 20;
    const std::vector<double> kernel(3 * 60, 0.1), recurrent(20 * 60, 0.05);
    rnncore_weights *packed = nullptr;
    if (rnncore_weights_create(context.get(), &layer, kernel.data(), recurrent.data(), nullptr,
                               &packed) != RNNCORE_OK) {
        return 2;
    }
    const std::unique_ptr<rnncore_weights, decltype(&rnncore_weights_destroy)> weights(
        packed, rnncore_weights_destroy);
    const std::vector<double> x(2 * 3, 1.0);
    std::vector<double> y(2 * 20);
    rnncore_batch batch{};
    batch.struct_size = sizeof batch;
    batch.steps = 1;
    batch.batch = 2;
    batch.x = x.data();
    batch.x_stride_batch = batch.x_stride_time = 3;
    batch.x_stride_feature = 1;
    batch.y = y.data();
    batch.y_stride_batch = batch.y_stride_time = 20;
    batch.y_stride_feature = 1;
    std::size_t bytes = 0;
    if (rnncore_forward_workspace_size(context.get(), packed, &batch, &bytes) != RNNCORE_OK) {
        return 3;
    }
    const std::unique_ptr<void, decltype(&rnncore_free)> workspace(rnncore_alloc(bytes),
                                                                   rnncore_free);
    if (rnncore_forward(context.get(), packed, &batch, workspace.get(), bytes) != RNNCORE_OK) {
        return 4;
    }
    const double z = 1 / (1 + std::exp(-0.3)), expected = (1 - z) * std::tanh(0.3);
    for (const double value : y) {
        if (std::abs(value - expected) > 1e-12) {
            return 5;
        }
    }
    std::printf("rnncore %s\n", rnncore_version());
}
