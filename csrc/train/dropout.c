/* Dropout: the same call forwards and backwards. */
#include "core/options.h"
#include "train/blocks.h"

enum { DROPOUT_BLOCK = 1 << 15 };

static const int64_t MOST_ELEMENTS = INT64_C(1) << 33; /* two for each 32-bit counter */

rnncore_status rnncore_dropout_apply(rnncore_context *context, const rnncore_dropout *d)
{
    if (context == NULL || !rnncore_is_known(d, sizeof *d) || d->n < 0 ||
        !(d->rate >= 0 && d->rate <= 1) || (d->n > 0 && (d->x == NULL || d->y == NULL))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (d->n > MOST_ELEMENTS) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    const rnncore_training_kernels *kernels = rnncore_training_kernels_of(context, d->dtype);
    if (kernels == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_for_ranges(context, d->n, DROPOUT_BLOCK, kernels->dropout, d);
    return RNNCORE_OK;
}
