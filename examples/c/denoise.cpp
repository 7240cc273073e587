// What denoise.c does, in C++17: handles that free themselves, and errors as exceptions. Several
// steps in one call, where a series is already there.
//
//     denoise_cxx MODEL.rnnc <series.txt
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <rnncore_model.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

template <auto destroy> struct Destroy {
    template <typename T> void operator()(T *handle) const
    {
        destroy(handle);
    }
};

using Context = std::unique_ptr<rnncore_context, Destroy<rnncore_context_destroy>>;
using Model = std::unique_ptr<rnncore_model, Destroy<rnncore_model_destroy>>;
using Stream = std::unique_ptr<rnncore_stream, Destroy<rnncore_stream_destroy>>;

void check(rnncore_status status, const char *message = "")
{
    if (status != RNNCORE_OK) {
        throw std::runtime_error(*message != 0 ? message : rnncore_status_string(status));
    }
}

class Filter
{
  public:
    explicit Filter(const std::string &path)
    {
        rnncore_context *context = nullptr;
        check(rnncore_context_create(nullptr, &context));
        context_.reset(context);
        rnncore_model *model = nullptr;
        char message[256] = "";
        check(rnncore_model_open(context, path.c_str(), &model, message, sizeof message), message);
        model_.reset(model);
        if (rnncore_model_dtype(model) != RNNCORE_FLOAT32) {
            throw std::runtime_error("expected a model of float32");
        }
        rnncore_stream *stream = nullptr;
        check(rnncore_stream_create(model, 1, nullptr, 0, &stream));
        stream_.reset(stream);
    }

    std::vector<float> operator()(const std::vector<float> &x)
    {
        const auto inputs = static_cast<std::size_t>(rnncore_model_input_size(model_.get()));
        if (x.size() % inputs != 0) {
            throw std::runtime_error("expected whole samples");
        }
        const auto steps = x.size() / inputs;
        std::vector<float> y(steps * outputs());
        check(rnncore_stream_run(stream_.get(), x.data(), static_cast<int64_t>(steps), y.data()));
        return y;
    }

    std::size_t outputs() const
    {
        return static_cast<std::size_t>(rnncore_model_output_size(model_.get()));
    }

  private:
    Context context_; // outlives the model, and that the stream: members go in reverse
    Model model_;
    Stream stream_;
};

} // namespace

int main(int count, char **arguments)
try {
    if (count != 2) {
        throw std::runtime_error("usage: denoise_cxx MODEL.rnnc <series.txt");
    }
    Filter filter(arguments[1]);
    const std::vector<float> x{std::istream_iterator<float>(std::cin), {}};
    const std::vector<float> y = filter(x);
    for (std::size_t i = 0; i < y.size(); i++) {
        const bool ends = (i + 1) % filter.outputs() == 0;
        std::printf("%.9g%c", static_cast<double>(y[i]), ends ? '\n' : ' ');
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "denoise_cxx: %s\n", error.what());
    return 1;
}
