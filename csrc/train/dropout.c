/* Dropout: the same call forwards and backwards. */
#include "blocks.h"

enum { DROPOUT_BLOCK = 1 << 15 };

static const int64_t MOST_ELEMENTS = INT64_C(1) << 33; /* two for each 32-bit counter */

typedef struct dropout_job {
    const rnncore_training_kernels *kernels;
    const rnncore_dropout *dropout;
} dropout_job;

static void dropout_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    (void)block;
    const dropout_job *job = arg;
    job->kernels->dropout(job->dropout, begin, end);
}

rnncore_status rnncore_dropout_apply(rnncore_context *context, const rnncore_dropout *d)
{
    if (context == NULL || d == NULL || d->struct_size < sizeof *d || d->n < 0 ||
        !(d->rate >= 0 && d->rate <= 1) || (d->n > 0 && (d->x == NULL || d->y == NULL))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (d->n > MOST_ELEMENTS) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    dropout_job job = {rnncore_training_kernels_of(context, d->dtype), d};
    if (job.kernels == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_for_blocks(context, d->n, DROPOUT_BLOCK, dropout_block, &job);
    return RNNCORE_OK;
}
