/* Runs a model on a series as it comes: samples on stdin, one line of output for each.
 *
 *     denoise MODEL.rnnc [--time] <series.txt
 *
 * A sample is as many numbers as the model takes a step. With --time the median and the 99th
 * percentile of the time of a step go to stderr. examples/embedding_train.py makes model and
 * series. C99; the clock is POSIX. */
#define _POSIX_C_SOURCE 199309L
#include <rnncore_model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_TIMES = 1 << 16 }; /* the last ones are kept */

typedef struct filter {
    rnncore_context *context;
    rnncore_model *model;
    rnncore_stream *stream;
    float *x, *y;
    int64_t inputs, outputs;
} filter;

/* Returns NULL, or what is wrong. All allocation happens here, none in a step. */
static const char *open_filter(filter *f, const char *path)
{
    static char message[256];
    memset(f, 0, sizeof *f);
    /* One thread: a step of one sequence is short. */
    rnncore_context_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.num_threads = 1;
    options.max_isa = -1;
    rnncore_status status = rnncore_context_create(&options, &f->context);
    if (status != RNNCORE_OK) {
        return rnncore_status_string(status);
    }
    if (rnncore_model_open(f->context, path, &f->model, message, sizeof message) != RNNCORE_OK) {
        return message;
    }
    if (rnncore_model_dtype(f->model) != RNNCORE_FLOAT32) {
        return "expected a model of float32";
    }
    status = rnncore_stream_create(f->model, 1, NULL, 0, &f->stream);
    if (status != RNNCORE_OK) {
        return rnncore_status_string(status);
    }
    f->inputs = rnncore_model_input_size(f->model);
    f->outputs = rnncore_model_output_size(f->model);
    f->x = malloc((size_t)f->inputs * sizeof *f->x);
    f->y = malloc((size_t)f->outputs * sizeof *f->y);
    return f->x != NULL && f->y != NULL ? NULL : "out of memory";
}

static void close_filter(filter *f)
{
    rnncore_stream_destroy(f->stream);
    rnncore_model_destroy(f->model);
    rnncore_context_destroy(f->context);
    free(f->x);
    free(f->y);
}

/* 1: a sample; 0: the end of the series; -1: something else. */
static int read_sample(filter *f)
{
    for (int64_t i = 0; i < f->inputs; i++) {
        const int found = scanf("%f", &f->x[i]);
        if (found != 1) {
            return found == EOF && i == 0 && !ferror(stdin) ? 0 : -1;
        }
    }
    return 1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* Returns how many steps it ran, or -1. */
static long run(filter *f, double *times)
{
    long steps = 0;
    int more;
    while ((more = read_sample(f)) > 0) {
        const double start = now();
        const rnncore_status status = rnncore_stream_step(f->stream, f->x, f->y);
        times[steps++ % MOST_TIMES] = now() - start;
        if (status != RNNCORE_OK) {
            fprintf(stderr, "denoise: %s\n", rnncore_status_string(status));
            return -1;
        }
        for (int64_t i = 0; i < f->outputs; i++) {
            printf(i + 1 < f->outputs ? "%.9g " : "%.9g\n", (double)f->y[i]);
        }
        fflush(stdout); /* whoever waits for the result gets it now */
    }
    if (more < 0) {
        fprintf(stderr, "denoise: sample %ld: expected %ld numbers\n", steps + 1, (long)f->inputs);
        return -1;
    }
    return steps;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(double *times, long steps)
{
    const long kept = steps < MOST_TIMES ? steps : MOST_TIMES;
    if (kept > 0) {
        qsort(times, (size_t)kept, sizeof *times, compare);
        fprintf(stderr, "%ld steps: p50 %.2f us, p99 %.2f us\n", steps, times[kept / 2],
                times[kept * 99 / 100]);
    }
}

int main(int count, char **arguments)
{
    static double times[MOST_TIMES];
    filter f;
    const int timed = count == 3 && strcmp(arguments[2], "--time") == 0;
    if (count != 2 && !timed) {
        fprintf(stderr, "usage: denoise MODEL.rnnc [--time] <series.txt\n");
        return 2;
    }
    const char *wrong = open_filter(&f, arguments[1]);
    if (wrong != NULL) {
        fprintf(stderr, "denoise: %s\n", wrong);
    }
    const long steps = wrong == NULL ? run(&f, times) : -1;
    if (timed) {
        print_times(times, steps);
    }
    close_filter(&f);
    return steps < 0;
}
