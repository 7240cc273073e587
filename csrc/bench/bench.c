/* Times the kernels with no Python in the way: forward, one step a call, and training, per cell.
 *
 *     rnncore_bench [options]      --help lists them
 *
 * One line a measurement: median of the samples in microseconds, quartiles, GFLOP/s of the matrix
 * products (2 flops a multiply-add). Weights are packed once, as a program that embeds rnncore
 * does. Build with -DRNNCORE_BUILD_BENCH=ON. */
#include "core/platform.h"
#include "core/testing.h"
#include "rnncore.h"
#include "rnncore_train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHAPES = 64, MAX_SAMPLES = 2000, MIN_SAMPLES = 7 };

typedef struct shape {
    int64_t steps, batch, inputs, units;
} shape;

typedef struct options {
    const char *cell, *blas;
    rnncore_dtype dtype;
    int32_t threads, max_isa;
    double seconds;
    shape shapes[MAX_SHAPES];
    int shape_count;
} options;

enum { CELLS = 4 };
static const char *const cell_names[CELLS] = {"lstm", "gru", "gru_before", "rnn"};
static const char *const dtype_names[] = {"float32", "float64"};

/* Everything that one measurement calls with. */
typedef struct problem {
    rnncore_context *context;
    rnncore_weights *weights;
    rnncore_batch batch;
    rnncore_gradients gradients;
    void *workspace, *tape, *backward_workspace;
    size_t workspace_bytes, tape_bytes, backward_bytes;
    void *blocks[16]; /* everything that was allocated */
    int block_count;
} problem;

static void die(const char *what, rnncore_status status)
{
    fprintf(stderr, "rnncore_bench: %s: %s\n", what, rnncore_status_string(status));
    exit(1);
}

static void check(rnncore_status status, const char *what)
{
    if (status != RNNCORE_OK) {
        die(what, status);
    }
}

static void *allocate(problem *p, size_t bytes)
{
    void *block = rnncore_aligned_alloc(bytes, 1);
    if (block == NULL) {
        die("memory", RNNCORE_ERROR_OUT_OF_MEMORY);
    }
    memset(block, 0, bytes);
    p->blocks[p->block_count++] = block;
    return block;
}

/* `count` numbers of `dtype`, uniform in (-scale, scale), the same ones every time. */
static void *draw(problem *p, rnncore_dtype dtype, int64_t count, double scale)
{
    void *block = allocate(p, (size_t)count * (dtype == RNNCORE_FLOAT32 ? 4 : 8));
    uint32_t state = 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        const double value = ((double)(state >> 8) / (1 << 23) - 1.0) * scale;
        if (dtype == RNNCORE_FLOAT32) {
            ((float *)block)[i] = (float)value;
        } else {
            ((double *)block)[i] = value;
        }
    }
    return block;
}

static rnncore_layer make_layer(const options *o, const char *cell, const shape *s, int training)
{
    rnncore_layer layer;
    memset(&layer, 0, sizeof(layer));
    layer.struct_size = sizeof(layer);
    layer.cell = strcmp(cell, "lstm") == 0 ? RNNCORE_LSTM
                 : cell[0] == 'g'          ? RNNCORE_GRU
                                           : RNNCORE_RNN;
    layer.dtype = o->dtype;
    layer.input_size = s->inputs;
    layer.hidden_size = s->units;
    layer.reset_after = strcmp(cell, "gru") == 0;
    layer.training = training;
    return layer;
}

static int64_t gates_of(const char *cell)
{
    return strcmp(cell, "lstm") == 0 ? 4 : cell[0] == 'g' ? 3 : 1;
}

static void make_weights(problem *p, const options *o, const char *cell, const shape *s,
                         int training)
{
    const rnncore_layer layer = make_layer(o, cell, s, training);
    const int64_t columns = gates_of(cell) * s->units;
    const double scale = 0.05;
    const void *kernel = draw(p, o->dtype, s->inputs * columns, scale);
    const void *recurrent = draw(p, o->dtype, s->units * columns, scale);
    const void *bias = draw(p, o->dtype, 2 * columns, scale);
    check(rnncore_weights_create(p->context, &layer, kernel, recurrent, bias, &p->weights),
          "weights");
}

static void make_problem(problem *p, rnncore_context *context, const options *o, const char *cell,
                         const shape *s, int training)
{
    memset(p, 0, sizeof(*p));
    p->context = context;
    make_weights(p, o, cell, s, training);
    rnncore_batch *b = &p->batch;
    b->struct_size = sizeof(*b);
    b->steps = s->steps;
    b->batch = s->batch;
    b->x = draw(p, o->dtype, s->steps * s->batch * s->inputs, 1.0); /* time-major */
    b->x_stride_batch = s->inputs;
    b->x_stride_time = s->batch * s->inputs;
    b->x_stride_feature = 1;
    b->y = draw(p, o->dtype, s->steps * s->batch * s->units, 1.0);
    b->y_stride_batch = s->units;
    b->y_stride_time = s->batch * s->units;
    b->y_stride_feature = 1;
    b->final_h = draw(p, o->dtype, s->batch * s->units, 1.0);
    b->final_c = strcmp(cell, "lstm") == 0 ? draw(p, o->dtype, s->batch * s->units, 1.0) : NULL;
    if (!training) {
        check(rnncore_forward_workspace_size(context, p->weights, b, &p->workspace_bytes), "size");
        p->workspace = allocate(p, p->workspace_bytes);
        return;
    }
    const int64_t columns = gates_of(cell) * s->units;
    rnncore_gradients *g = &p->gradients;
    g->struct_size = sizeof(*g);
    g->dy = draw(p, o->dtype, s->steps * s->batch * s->units, 1.0);
    g->dy_stride_batch = b->y_stride_batch;
    g->dy_stride_time = b->y_stride_time;
    g->dy_stride_feature = 1;
    g->dx = draw(p, o->dtype, s->steps * s->batch * s->inputs, 1.0);
    g->dx_stride_batch = b->x_stride_batch;
    g->dx_stride_time = b->x_stride_time;
    g->dx_stride_feature = 1;
    g->dkernel = draw(p, o->dtype, s->inputs * columns, 1.0);
    g->drecurrent_kernel = draw(p, o->dtype, s->units * columns, 1.0);
    g->dbias = draw(p, o->dtype, 2 * columns, 1.0);
    check(rnncore_tape_size(context, p->weights, b, &p->tape_bytes, &p->backward_bytes), "size");
    p->tape = allocate(p, p->tape_bytes);
    p->backward_workspace = allocate(p, p->backward_bytes);
}

static void free_problem(problem *p)
{
    rnncore_weights_destroy(p->weights);
    for (int i = 0; i < p->block_count; i++) {
        rnncore_aligned_free(p->blocks[i]);
    }
}

static void run_once(problem *p, int training)
{
    if (!training) {
        check(rnncore_forward(p->context, p->weights, &p->batch, p->workspace, p->workspace_bytes),
              "forward");
        return;
    }
    check(rnncore_forward_train(p->context, p->weights, &p->batch, p->tape, p->tape_bytes),
          "forward_train");
    check(rnncore_backward(p->context, p->weights, p->tape, p->tape_bytes, &p->gradients,
                           p->backward_workspace, p->backward_bytes),
          "backward");
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds a call, sorted; returns the number of samples. */
static int time_calls(problem *p, int training, double seconds, double *samples)
{
    uint64_t start = rnncore_clock_ns();
    run_once(p, training);
    run_once(p, training);
    const double estimate = (double)(rnncore_clock_ns() - start) / 2 + 1;
    const int calls = estimate < 5e5 ? (int)(5e5 / estimate) + 1 : 1;
    const uint64_t begin = rnncore_clock_ns();
    int count = 0;
    while (count < MAX_SAMPLES) {
        start = rnncore_clock_ns();
        for (int i = 0; i < calls; i++) {
            run_once(p, training);
        }
        samples[count++] = (double)(rnncore_clock_ns() - start) / calls;
        if (count >= MIN_SAMPLES && (double)(rnncore_clock_ns() - begin) > seconds * 1e9) {
            break;
        }
    }
    qsort(samples, (size_t)count, sizeof(*samples), by_value);
    return count;
}

static void measure(rnncore_context *context, const options *o, const char *cell, const char *mode,
                    shape s)
{
    static double samples[MAX_SAMPLES];
    const int training = strcmp(mode, "train") == 0;
    if (strcmp(mode, "step") == 0) {
        s.steps = s.batch = 1;
    }
    problem p;
    make_problem(&p, context, o, cell, &s, training);
    const int count = time_calls(&p, training, o->seconds, samples);
    free_problem(&p);
    const double median = samples[count / 2];
    const double flops = (training ? 6.0 : 2.0) * (double)(s.steps * s.batch) *
                         (double)(s.inputs + s.units) * (double)(gates_of(cell) * s.units);
    printf("%-10s %-8s T%-5lld B%-4lld I%-5lld H%-5lld %11.2f us  (%.2f to %.2f, %d samples)"
           " %8.1f GFLOP/s\n",
           cell, mode, (long long)s.steps, (long long)s.batch, (long long)s.inputs,
           (long long)s.units, median / 1e3, samples[count / 4] / 1e3,
           samples[count - 1 - count / 4] / 1e3, count, flops / median);
    fflush(stdout);
}

static const char options_text[] =
    "  --cell lstm|gru|gru_before|rnn   default: all\n"
    "  --shape TxBxIxH                  default: a few; may be given several times\n"
    "  --dtype float32|float64          default float32\n"
    "  --threads N                      default 1\n"
    "  --seconds S                      for each line, default 0.5\n"
    "  --blas PATH                      an OpenBLAS for the products of training\n"
    "  --isa baseline|avx2|avx512|neon  the best kernels at most of this kind\n"
    "  --help\n";

static _Noreturn void usage(const char *name, const char *value)
{
    fprintf(stderr, "rnncore_bench: cannot use %s %s; the options are\n%s", name,
            value == NULL ? "without a value" : value, options_text);
    exit(2);
}

/* The index of a value in `names`, which must be there. */
static int find(const char *name, const char *value, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            return i;
        }
    }
    usage(name, value);
    return -1;
}

static double positive(const char *name, const char *value)
{
    char *end;
    const double number = strtod(value, &end);
    if (end == value || *end != '\0' || !(number > 0 && number < 1e6)) {
        usage(name, value);
    }
    return number;
}

static int32_t positive_count(const char *name, const char *value)
{
    const double number = positive(name, value);
    if (number != (double)(int32_t)number) {
        usage(name, value);
    }
    return (int32_t)number;
}

static int32_t find_isa(const char *value)
{
    const rnncore_isa all[] = {RNNCORE_ISA_BASELINE, RNNCORE_ISA_AVX2, RNNCORE_ISA_AVX512,
                               RNNCORE_ISA_NEON};
    const char *names[sizeof(all) / sizeof(all[0])];
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        names[i] = rnncore_isa_name(all[i]);
    }
    return (int32_t)all[find("--isa", value, names, (int)(sizeof(all) / sizeof(all[0])))];
}

static void parse_shape(options *o, const char *text)
{
    long long t, b, i, h;
    if (o->shape_count == MAX_SHAPES || sscanf(text, "%lldx%lldx%lldx%lld", &t, &b, &i, &h) != 4 ||
        t < 1 || b < 1 || i < 1 || h < 1) {
        usage("--shape", text);
    }
    o->shapes[o->shape_count++] = (shape){t, b, i, h};
}

static void parse(options *o, int count, char **arguments)
{
    static const shape usual[] = {{100, 1, 64, 64}, {100, 1, 256, 256}, {100, 32, 256, 256}};
    *o = (options){.threads = 1, .max_isa = -1, .seconds = 0.5, .dtype = RNNCORE_FLOAT32};
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (strcmp(name, "--help") == 0) {
            printf("Times the kernels; options:\n%s", options_text);
            exit(0);
        } else if (value == NULL) {
            usage(name, value);
        } else if (strcmp(name, "--cell") == 0) {
            o->cell = cell_names[find(name, value, cell_names, CELLS)];
        } else if (strcmp(name, "--shape") == 0) {
            parse_shape(o, value);
        } else if (strcmp(name, "--dtype") == 0) {
            o->dtype = find(name, value, dtype_names, 2) == 0 ? RNNCORE_FLOAT32 : RNNCORE_FLOAT64;
        } else if (strcmp(name, "--threads") == 0) {
            o->threads = positive_count(name, value);
        } else if (strcmp(name, "--seconds") == 0) {
            o->seconds = positive(name, value);
        } else if (strcmp(name, "--blas") == 0) {
            o->blas = value;
        } else if (strcmp(name, "--isa") == 0) {
            o->max_isa = find_isa(value);
        } else {
            usage(name, value);
        }
    }
    if (o->shape_count == 0) {
        memcpy(o->shapes, usual, sizeof(usual));
        o->shape_count = (int)(sizeof(usual) / sizeof(usual[0]));
    }
}

/* The limit of one thread, the best of some samples. */
static double peak_gflops(rnncore_isa isa, rnncore_dtype dtype)
{
    double best = 0;
    for (int i = 0; i < 100; i++) {
        double flops = 0;
        const uint64_t start = rnncore_clock_ns();
        check(rnncore_machine_fma(isa, dtype, 400000, &flops), "peak");
        const double rate = flops / (double)(rnncore_clock_ns() - start + 1);
        best = rate > best ? rate : best;
    }
    return best;
}

/* Whether an earlier shape has the same I and H, which is all that one step depends on. */
static int seen_before(const options *o, int index)
{
    for (int i = 0; i < index; i++) {
        if (o->shapes[i].inputs == o->shapes[index].inputs &&
            o->shapes[i].units == o->shapes[index].units) {
            return 1;
        }
    }
    return 0;
}

int main(int count, char **arguments)
{
    static const char *const modes[] = {"forward", "step", "train"};
    options o;
    parse(&o, count, arguments);
    rnncore_context_options wanted;
    memset(&wanted, 0, sizeof(wanted));
    wanted.struct_size = sizeof(wanted);
    wanted.num_threads = o.threads;
    wanted.max_isa = o.max_isa;
    wanted.blas_library = o.blas;
    rnncore_context *context;
    check(rnncore_context_create(&wanted, &context), "context, with these --isa and --threads");
    const rnncore_isa isa = rnncore_context_isa(context);
    if (o.max_isa >= 0 && (int32_t)isa != o.max_isa) {
        fprintf(stderr, "rnncore_bench: --isa: %s is the best that runs here\n",
                rnncore_isa_name(isa));
        exit(2);
    }
    printf("rnncore %s, %s, %s, %d thread(s), BLAS: %s, FMA peak of one thread %.0f GFLOP/s\n",
           rnncore_version(), rnncore_isa_name(isa),
           o.dtype == RNNCORE_FLOAT32 ? "float32" : "float64", (int)o.threads,
           rnncore_context_blas_description(context), peak_gflops(isa, o.dtype));
    for (int c = 0; c < CELLS; c++) {
        if (o.cell != NULL && strcmp(o.cell, cell_names[c]) != 0) {
            continue;
        }
        for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
            for (int s = 0; s < o.shape_count; s++) {
                if (strcmp(modes[m], "step") == 0 && seen_before(&o, s)) {
                    continue;
                }
                measure(context, &o, cell_names[c], modes[m], o.shapes[s]);
            }
        }
    }
    rnncore_context_destroy(context);
    return 0;
}
