/* How long a step of a model takes: rnncore_latency MODEL.rnnc [STEPS [BATCH]]
 *
 * Prints the time of a step by itself (median of many batches of steps), of a step within a run of
 * 64, and of STEPS steps that are timed one by one p50, p99, p99.9 and the worst; and how long the
 * machine takes to read as many bytes as the file has weights, from wherever they then are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/platform.h"
#include "core/testing.h"
#include "rnncore_model.h"

enum { RUN = 64, SAMPLES = 401, SAMPLE_NS = 200000 };

typedef struct bench {
    rnncore_context *context;
    rnncore_model *model;
    rnncore_stream *stream;
    char *x, *y;
    int64_t batch;
} bench;

static void check(rnncore_status status, const char *what)
{
    if (status != RNNCORE_OK) {
        fprintf(stderr, "rnncore_latency: %s: %s\n", what, rnncore_status_string(status));
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void step(const bench *b)
{
    check(rnncore_stream_step(b->stream, b->x, b->y), "step");
}

static void run(const bench *b)
{
    check(rnncore_stream_run(b->stream, b->x, RUN, b->y), "run");
}

/* Median nanoseconds of a call, of samples that are long enough for the clock. */
static double median_of(void (*call)(const bench *), const bench *b)
{
    double samples[SAMPLES];
    uint64_t start = rnncore_clock_ns();
    int64_t calls = 0;
    do {
        call(b);
        calls++;
    } while (rnncore_clock_ns() - start < SAMPLE_NS);
    for (int i = 0; i < SAMPLES; i++) {
        start = rnncore_clock_ns();
        for (int64_t j = 0; j < calls; j++) {
            call(b);
        }
        samples[i] = (double)(rnncore_clock_ns() - start) / (double)calls;
    }
    qsort(samples, SAMPLES, sizeof *samples, compare);
    return samples[SAMPLES / 2];
}

static void print_percentiles(const bench *b, int64_t steps)
{
    double *times = malloc((size_t)steps * sizeof *times);
    if (times == NULL) {
        check(RNNCORE_ERROR_OUT_OF_MEMORY, "times");
    }
    for (int64_t i = 0; i < steps; i++) {
        const uint64_t start = rnncore_clock_ns();
        step(b);
        times[i] = (double)(rnncore_clock_ns() - start);
    }
    qsort(times, (size_t)steps, sizeof *times, compare);
    printf("%lld steps, each with the clock: p50 %.0f ns, p99 %.0f, p99.9 %.0f, worst %.0f; "
           "p99.9 / p50 %.1f\n",
           (long long)steps, times[steps / 2], times[steps * 99 / 100], times[steps * 999 / 1000],
           times[steps - 1], times[steps * 999 / 1000] / times[steps / 2]);
    free(times);
}

/* Median nanoseconds to read as many bytes. */
static double read_time(const bench *b, size_t bytes)
{
    double samples[SAMPLES];
    bytes = (bytes + 511) / 512 * 512;
    void *block = rnncore_alloc(bytes);
    if (block == NULL) {
        check(RNNCORE_ERROR_OUT_OF_MEMORY, "read");
    }
    memset(block, 0, bytes);
    const int64_t repeats = 1 + (int64_t)(20e6 / (double)bytes) / 10;
    for (int i = 0; i < SAMPLES; i++) {
        const uint64_t start = rnncore_clock_ns();
        check(rnncore_machine_read(rnncore_context_isa(b->context), block, bytes, repeats), "read");
        samples[i] = (double)(rnncore_clock_ns() - start) / (double)repeats;
    }
    rnncore_free(block);
    qsort(samples, SAMPLES, sizeof *samples, compare);
    return samples[SAMPLES / 2];
}

static long file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
    }
    if (file != NULL) {
        fclose(file);
    }
    return size;
}

int main(int count, char **arguments)
{
    bench b = {.batch = count > 3 ? atoll(arguments[3]) : 1};
    const int64_t steps = count > 2 ? atoll(arguments[2]) : 100000;
    char message[256] = "";
    if (count < 2 || count > 4 || steps < 1 || b.batch < 1) {
        fprintf(stderr, "usage: rnncore_latency MODEL.rnnc [STEPS [BATCH]]\n");
        return 2;
    }
    const rnncore_context_options one = {
        .struct_size = sizeof one, .num_threads = 1, .max_isa = -1};
    check(rnncore_context_create(&one, &b.context), "context");
    if (rnncore_model_open(b.context, arguments[1], &b.model, message, sizeof message) !=
        RNNCORE_OK) {
        fprintf(stderr, "rnncore_latency: %s\n", message);
        return 1;
    }
    check(rnncore_stream_create(b.model, b.batch, NULL, 0, &b.stream), "stream");
    const size_t number = rnncore_model_dtype(b.model) == RNNCORE_FLOAT32 ? 4 : 8;
    const size_t rows = (size_t)(b.batch * RUN) * number;
    b.x = calloc(rows, (size_t)rnncore_model_input_size(b.model));
    b.y = calloc(rows, (size_t)rnncore_model_output_size(b.model));
    if (b.x == NULL || b.y == NULL) {
        check(RNNCORE_ERROR_OUT_OF_MEMORY, "x, y");
    }
    const double alone = median_of(step, &b), within = median_of(run, &b) / RUN;
    const double again = median_of(step, &b);
    printf("a step %.0f ns, in a run of %d %.0f ns; reading the file's bytes %.0f ns\n",
           again < alone ? again : alone, RUN, within,
           read_time(&b, (size_t)file_size(arguments[1])));
    print_percentiles(&b, steps);
    rnncore_stream_destroy(b.stream);
    rnncore_model_destroy(b.model);
    rnncore_context_destroy(b.context);
    free(b.x);
    free(b.y);
    return 0;
}
