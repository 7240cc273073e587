#include "direct.h"

#include <string.h>

#include "time_loop.h"

/* Columns of one task where a product is worth two threads: whole cache lines. */
enum { SLICE = 256 };

int64_t rnncore_direct_sums(const rnncore_weights *weights)
{
    return weights->gates * weights->hidden + weights->kernels->vector_length;
}

typedef struct row_product {
    const rnncore_run *run;
    const char *a, *b;
    int64_t depth, ldb, columns;
} row_product;

static void multiply_slice(void *arg, int64_t task, int worker)
{
    (void)worker;
    const row_product *p = arg;
    const rnncore_weights *w = p->run->weights;
    const int64_t begin = task * SLICE;
    const int64_t columns = p->columns - begin < SLICE ? p->columns - begin : SLICE;
    w->kernels->row_product(p->a, p->depth, p->b + (size_t)begin * w->element, p->ldb, columns,
                            p->run->sums + (size_t)begin * w->element);
}

/* run->sums = a (depth) times `columns` columns of a matrix with G*H columns. */
static void multiply(const rnncore_run *run, const void *a, int64_t depth, const void *b,
                     int64_t columns)
{
    const rnncore_weights *w = run->weights;
    const row_product p = {run, a, b, depth, w->gates * w->hidden, columns};
    if (rnncore_threads_for(run, 2 * depth * columns) > 1) {
        rnncore_pool_run(run->context->pool, (columns + SLICE - 1) / SLICE, multiply_slice,
                         (void *)(uintptr_t)&p);
    } else {
        w->kernels->row_product(a, depth, b, p.ldb, columns, run->sums);
    }
}

void rnncore_direct_project(const rnncore_run *run, const rnncore_view *x, int64_t first,
                            int64_t last)
{
    const rnncore_weights *w = run->weights;
    const size_t row = (size_t)(run->slots * w->padded) * w->element;
    char *gates = run->gates + (size_t)(first - run->base) * row;
    for (int64_t r = first; r < last; r++, gates += row) {
        rnncore_gather(&run->plan, x, r, r + 1, run->x, w->input);
        multiply(run, run->x, w->input, w->raw_kernel, w->gates * w->hidden);
        for (int64_t s = 0; s < w->gates; s++) {
            const size_t slot = (size_t)(s * w->padded) * w->element;
            const size_t gate = (size_t)(w->cell->slot_gate[s] * w->hidden) * w->element;
            const rnncore_step step = {.op = RNNCORE_OP_STORE,
                                       .row_end = 1,
                                       .units = w->hidden,
                                       .sums = run->sums + gate,
                                       .bias = (const char *)w->bias + slot,
                                       .out = gates + slot};
            w->kernels->step(&step);
        }
    }
}

void rnncore_direct_step(const rnncore_run *run, const rnncore_step *step)
{
    const rnncore_weights *w = run->weights;
    for (int64_t row = step->row_begin; row < step->row_end; row++) {
        rnncore_step one = *step;
        const char *a = (const char *)step->a + (size_t)(row * step->lda) * w->element;
        multiply(run, a, step->depth, step->packed, rnncore_op_gates(step->op) * w->hidden);
        one.row_begin = row;
        one.row_end = row + 1;
        one.sums = run->sums;
        one.sums_gate = w->hidden;
        w->kernels->step(&one);
    }
}
