/* Rows of a table by their numbers: the embedding, forward and backward. */
#include <string.h>

#include "core/options.h"
#include "train/blocks.h"

enum { GATHER_BLOCK_ELEMENTS = 1 << 16, SCATTER_ELEMENTS = 1 << 16, SCATTER_COLUMNS = 32 };

typedef struct gather_job {
    const char *table;
    const int64_t *ids;
    char *out;
    size_t bytes; /* of a row */
} gather_job;

static void gather_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    (void)block;
    const gather_job *job = arg;
    for (int64_t i = begin; i < end; i++) {
        memcpy(job->out + (size_t)i * job->bytes, job->table + (size_t)job->ids[i] * job->bytes,
               job->bytes);
    }
}

rnncore_status rnncore_gather_rows(rnncore_context *context, int32_t dtype, int64_t columns,
                                   const void *table, int64_t n, const int64_t *ids, void *out)
{
    if (context == NULL || rnncore_training_kernels_of(context, dtype) == NULL || columns < 1 ||
        n < 0 || (n > 0 && (table == NULL || ids == NULL || out == NULL))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    gather_job job = {table, ids, out, (size_t)columns * rnncore_element(dtype)};
    const int64_t rows = GATHER_BLOCK_ELEMENTS / columns;
    rnncore_for_blocks(context, n, rows > 0 ? rows : 1, gather_block, &job);
    return RNNCORE_OK;
}

/* Tasks are stretches of columns, so that every sum is one task's alone. */
rnncore_status rnncore_scatter_add_rows(rnncore_context *context, const rnncore_scatter_add *s)
{
    if (context == NULL || !rnncore_is_known(s, sizeof *s) || s->columns < 1 || s->n < 0 ||
        s->cleared_count < 0 || s->table == NULL ||
        (s->n > 0 && (s->ids == NULL || s->rows == NULL)) ||
        (s->cleared_count > 0 && s->cleared == NULL)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_training_kernels *kernels = rnncore_training_kernels_of(context, s->dtype);
    if (kernels == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const int small = (s->n + s->cleared_count) * s->columns < SCATTER_ELEMENTS;
    rnncore_for_ranges(context, s->columns, small ? s->columns : SCATTER_COLUMNS,
                       kernels->scatter_add, s);
    return RNNCORE_OK;
}
