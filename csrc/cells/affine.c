#include "cells/affine.h"

#include <string.h>

/* Rows of the products that wait for their activation: some tiles, still in L1 or L2. And the rows
 * of a task for a thread, with the work below which one thread does it all. */
enum { WAITING_ROWS = 24, TASK_ROWS = 192, SMALL_FLOPS = 1 << 21 };

void rnncore_affine_take(rnncore_affine *a, const rnncore_context *context, rnncore_dtype dtype,
                         int64_t segments, int64_t depth, int64_t units, int has_bias,
                         rnncore_arena *arena)
{
    memset(a, 0, sizeof *a);
    a->kernels = rnncore_kernel_table(context->isa, dtype);
    a->element = dtype == RNNCORE_FLOAT32 ? sizeof(float) : sizeof(double);
    a->segments = segments;
    a->depth = a->segment_stride = depth;
    a->units = units;
    a->padded = units > INT64_MAX / 64 ? -1 : rnncore_padded(a->kernels, units);
    const int64_t numbers = rnncore_count(rnncore_count(segments, depth), a->padded);
    a->packed = rnncore_arena_take(arena, numbers, a->element);
    if (has_bias) {
        a->bias = rnncore_arena_take(arena, a->padded, a->element);
    }
}

void rnncore_affine_pack(const rnncore_affine *a, const void *matrix, int64_t rb, int64_t cb,
                         const void *bias)
{
    const rnncore_packing packing = {matrix, rb, cb, a->segments * a->depth, a->units, 1, NULL};
    a->kernels->pack(&packing, a->packed);
    if (a->bias != NULL) {
        const size_t used = (size_t)a->units * a->element;
        memcpy(a->bias, bias, used);
        memset((char *)a->bias + used, 0, (size_t)a->padded * a->element - used);
    }
}

size_t rnncore_affine_scratch(const rnncore_affine *a)
{
    return ((size_t)(WAITING_ROWS * a->padded) * a->element + 63) & ~(size_t)63;
}

static void multiply(const rnncore_affine *a, int64_t rows, const void *x, int64_t ldx, void *out)
{
    const rnncore_step step = {.op = RNNCORE_OP_STORE,
                               .row_end = rows,
                               .row_block = rows,
                               .row_stride = rows,
                               .group_end = rnncore_group_count(a->kernels, a->units, 1),
                               .group_blocks = rnncore_group_blocks(a->kernels, 1),
                               .units = a->units,
                               .vectors = a->padded / a->kernels->vector_length,
                               .a = x,
                               .lda = ldx,
                               .segments = a->segments,
                               .segment_stride = a->segment_stride,
                               .depth = a->depth,
                               .packed = a->packed,
                               .bias = a->bias,
                               .out = out,
                               .ldo = a->padded};
    a->kernels->step(&step);
}

void rnncore_affine_rows(const rnncore_affine *a, int64_t rows, const void *x, int64_t ldx, void *y,
                         void *scratch)
{
    const size_t x_row = (size_t)ldx * a->element, y_row = (size_t)a->units * a->element;
    const int in_place = a->padded == a->units; /* else the last vector reaches beyond the row */
    for (int64_t done = 0, some; done < rows; done += some) {
        some = rows - done < WAITING_ROWS ? rows - done : WAITING_ROWS;
        char *to = (char *)y + (size_t)done * y_row;
        void *z = in_place ? to : scratch;
        multiply(a, some, (const char *)x + (size_t)done * x_row, ldx, z);
        a->kernels->activate(a->activation, some, a->units, z, a->padded, to);
    }
}

typedef struct affine_run {
    const rnncore_affine *affine;
    int64_t rows, ldx;
    const char *x;
    char *y, *scratch;
} affine_run;

static void run_task(void *arg, int64_t task, int worker)
{
    const affine_run *run = arg;
    const rnncore_affine *a = run->affine;
    const int64_t first = task * TASK_ROWS, left = run->rows - first;
    rnncore_affine_rows(a, left < TASK_ROWS ? left : TASK_ROWS,
                        run->x + (size_t)(first * run->ldx) * a->element, run->ldx,
                        run->y + (size_t)(first * a->units) * a->element,
                        run->scratch + (size_t)worker * rnncore_affine_scratch(a));
}

rnncore_pool *rnncore_affine_pool(const rnncore_context *context, double flops)
{
    return flops < SMALL_FLOPS ? NULL : context->pool;
}

void rnncore_affine_run(const rnncore_affine *a, rnncore_context *context, int64_t rows,
                        const void *x, int64_t ldx, void *y, void *scratch)
{
    affine_run run = {a, rows, ldx, x, y, scratch};
    const double flops = 2.0 * (double)rows * (double)(a->segments * a->depth) * (double)a->units;
    rnncore_pool_run(rnncore_affine_pool(context, flops), (rows + TASK_ROWS - 1) / TASK_ROWS,
                     run_task, &run);
}
