#include "train/blocks.h"

#define TABLE rnncore_training_kernels
#define LOOKUP rnncore_training_table
#include "core/table.inc.h"

typedef struct block_job {
    rnncore_block_fn fn;
    void *arg;
    int64_t n, size;
} block_job;

static void block_task(void *arg, int64_t task, int worker)
{
    (void)worker;
    const block_job *job = arg;
    const int64_t begin = task * job->size;
    const int64_t end = job->n - begin < job->size ? job->n : begin + job->size;
    job->fn(job->arg, task, begin, end);
}

void rnncore_for_blocks(rnncore_context *context, int64_t n, int64_t size, rnncore_block_fn fn,
                        void *arg)
{
    block_job job = {fn, arg, n, size};
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    rnncore_pool_run(context->pool, n / size + (n % size != 0), block_task, &job);
    rnncore_fp_flush_leave(mode);
}

typedef struct range_job {
    rnncore_range_fn *kernel;
    const void *options;
} range_job;

static void range_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    (void)block;
    const range_job *job = arg;
    job->kernel(job->options, begin, end);
}

void rnncore_for_ranges(rnncore_context *context, int64_t n, int64_t size, rnncore_range_fn *kernel,
                        const void *options)
{
    range_job job = {kernel, options};
    rnncore_for_blocks(context, n, size, range_block, &job);
}

const rnncore_training_kernels *rnncore_training_kernels_of(const rnncore_context *context,
                                                            int32_t dtype)
{
    return rnncore_training_table(context->isa, (rnncore_dtype)dtype);
}
