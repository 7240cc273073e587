/* The loss of a batch and its gradient. */
#include "core/options.h"
#include "train/blocks.h"

enum { LOSS_ELEMENTS = 1 << 14, LOSS_TASKS = 64 };

typedef struct loss_job {
    const rnncore_training_kernels *kernels;
    const rnncore_loss *loss;
    double sums[LOSS_TASKS];
} loss_job;

static void loss_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    loss_job *job = arg;
    job->sums[block] = job->kernels->loss(job->loss, begin, end);
}

static int is_valid(const rnncore_loss *l)
{
    if (!rnncore_is_known(l, sizeof *l) || l->rows < 0 || l->columns < 1 || l->y == NULL ||
        l->kind < RNNCORE_LOSS_SQUARED || l->kind > RNNCORE_LOSS_SOFTMAX ||
        (l->weights != NULL && l->rows_per_weight < 1)) {
        return 0;
    }
    const int by_label = l->labels != NULL;
    return by_label != (l->targets != NULL) && (!by_label || l->kind == RNNCORE_LOSS_SOFTMAX);
}

rnncore_status rnncore_loss_value(rnncore_context *context, const rnncore_loss *loss, double *value)
{
    if (context == NULL || value == NULL || !is_valid(loss)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    loss_job job = {rnncore_training_kernels_of(context, loss->dtype), loss, {0}};
    if (job.kernels == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    int64_t size = (LOSS_ELEMENTS + loss->columns - 1) / loss->columns;
    while (loss->rows / size >= LOSS_TASKS) {
        size *= 2;
    }
    rnncore_for_blocks(context, loss->rows, size, loss_block, &job);
    double sum = 0;
    for (int64_t i = 0; i * size < loss->rows; i++) {
        sum += job.sums[i];
    }
    *value = sum * loss->scale;
    return RNNCORE_OK;
}
