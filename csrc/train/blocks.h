/* Cutting of a one-dimensional range into tasks of one size, whatever the number of threads. */
#ifndef RNNCORE_TRAIN_BLOCKS_H
#define RNNCORE_TRAIN_BLOCKS_H

#include "core/context.h"
#include "core/platform.h"
#include "core/training_table.h"

typedef void (*rnncore_block_fn)(void *arg, int64_t block, int64_t begin, int64_t end);

/* Calls fn for the blocks [0, size), [size, 2 size), ... of [0, n), on several threads when there
 * are several blocks; denormals are zero inside. */
void rnncore_for_blocks(rnncore_context *context, int64_t n, int64_t size, rnncore_block_fn fn,
                        void *arg);

/* The same for a kernel. */
void rnncore_for_ranges(rnncore_context *context, int64_t n, int64_t size, rnncore_range_fn *kernel,
                        const void *options);

/* The kernels of the context for a dtype, or NULL for a wrong one. */
const rnncore_training_kernels *rnncore_training_kernels_of(const rnncore_context *context,
                                                            int32_t dtype);

static inline size_t rnncore_element(int32_t dtype)
{
    return dtype == RNNCORE_FLOAT32 ? sizeof(float) : sizeof(double);
}

#endif
