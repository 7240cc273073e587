/* Optimizer steps and norms over stretches of the flat parameters. */
#include <math.h>

#include "core/options.h"
#include "train/blocks.h"

/* Elements of one task: parameters, gradient and state of it fill a good part of L2, and a second
 * thread is worth its wake-up from two of them on. */
enum { UPDATE_BLOCK = 1 << 15, NORM_BLOCK = 1 << 16, NORM_TASKS = 64 };

rnncore_status rnncore_optimizer_step(rnncore_context *context, const rnncore_update *update)
{
    if (context == NULL || !rnncore_is_known(update, sizeof *update) || update->n < 0 ||
        update->optimizer < RNNCORE_SGD || update->optimizer > RNNCORE_ADAM) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const int slots = update->optimizer; /* how many are not optional */
    for (int i = 0; i < slots; i++) {
        if (update->slots[i] == NULL) {
            return RNNCORE_ERROR_INVALID_ARGUMENT;
        }
    }
    const rnncore_training_kernels *kernels = rnncore_training_kernels_of(context, update->dtype);
    if (kernels == NULL || update->param == NULL || update->grad == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_for_ranges(context, update->n, UPDATE_BLOCK, kernels->update, update);
    return RNNCORE_OK;
}

typedef struct norm_job {
    const rnncore_training_kernels *kernels;
    const char *x;
    size_t element;
    double scale;
    double sums[NORM_TASKS];
} norm_job;

static void norm_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    norm_job *job = arg;
    job->sums[block] = job->kernels->sum_of_squares(
        end - begin, job->x + (size_t)begin * job->element, job->scale);
}

static double sum_of_squares(rnncore_context *context, norm_job *job, int64_t n)
{
    int64_t size = NORM_BLOCK;
    while (n / size >= NORM_TASKS) {
        size *= 2;
    }
    double sum = 0;
    rnncore_for_blocks(context, n, size, norm_block, job);
    for (int64_t i = 0; i * size < n; i++) {
        sum += job->sums[i];
    }
    return sum;
}

rnncore_status rnncore_norm(rnncore_context *context, int32_t dtype, int64_t n, const void *x,
                            double *norm)
{
    if (context == NULL || n < 0 || norm == NULL || (n > 0 && x == NULL)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    norm_job job = {rnncore_training_kernels_of(context, dtype), x, rnncore_element(dtype), 1, {0}};
    if (job.kernels == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const double squares = sum_of_squares(context, &job, n);
    *norm = sqrt(squares);
    if (!isfinite(squares)) {
        const double largest = job.kernels->largest(n, x);
        job.scale = 1 / largest;
        *norm = isfinite(largest) ? largest * sqrt(sum_of_squares(context, &job, n)) : largest;
    }
    return RNNCORE_OK;
}

rnncore_status rnncore_checksum(const rnncore_context *context, const void *data, size_t bytes,
                                uint64_t *checksum)
{
    if (context == NULL || (data == NULL && bytes > 0) || checksum == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    *checksum = rnncore_training_kernels_of(context, RNNCORE_FLOAT32)->checksum(bytes, data);
    return RNNCORE_OK;
}
