#include "cells/products.h"

#include <string.h>

#include "cells/time_loop.h"
#include "core/product.h"

/* Rows of dx in one task, and columns of a weight gradient: enough for BLAS to run well. Slices are
 * the same for any number of threads, as bits depend on them. */
enum { DX_ROWS = 256, MIN_COLUMNS = 256, MAX_SLICES = 8, FLOPS_PER_SLICE = 16000000 };

/* A weight gradient C = A^T B over all compact rows, in slices of columns. */
typedef struct weight_product {
    const char *a, *b;
    char *c;
    int64_t m, n, lda, ldb, ldc;
    int64_t slices, width;
} weight_product;

typedef struct products {
    const rnncore_run *run;
    const rnncore_gradients *gradients;
    const rnncore_product_scratch *scratch;
    rnncore_multiplier with;
    rnncore_view dx;
    weight_product weights[8]; /* dW and dU, at most one for each gate */
    int64_t count;
    int64_t weight_tasks, dx_tasks;
} products;

void rnncore_products_take(const rnncore_run *run, rnncore_product_scratch *scratch,
                           rnncore_arena *arena)
{
    const rnncore_weights *w = run->weights;
    const int64_t rows = run->plan.rows < DX_ROWS ? run->plan.rows : DX_ROWS;
    rnncore_arena one = {NULL, 0, 0};
    rnncore_arena_take(&one, run->backward_kernels->product_scratch, 1);
    scratch->dx_rows = one.used;
    rnncore_arena_take(&one, rnncore_count(rows, w->input), w->element);
    scratch->per_thread = one.used;
    scratch->memory = rnncore_arena_take(
        arena, one.overflow ? -1 : rnncore_pool_size(run->context->pool), one.used);
}

static char *scratch_of(const products *p, int worker)
{
    return p->scratch->memory + (size_t)worker * p->scratch->per_thread;
}

static void add_product(products *p, const char *a, int64_t lda, int64_t m, int slot, int gate,
                        int gates, void *gradient)
{
    const rnncore_run *run = p->run;
    const rnncore_weights *w = run->weights;
    weight_product *product = &p->weights[p->count++];
    product->a = a;
    product->lda = lda;
    product->m = m;
    product->n = gates * w->hidden;
    product->b = run->gates + (size_t)(slot * w->padded) * w->element;
    product->ldb = run->slots * w->padded;
    product->c = (char *)gradient + (size_t)(gate * w->hidden) * w->element;
    product->ldc = w->gates * w->hidden;
    int64_t slices = 2 * m * product->n * run->plan.rows / FLOPS_PER_SLICE;
    int64_t most = product->n / MIN_COLUMNS < MAX_SLICES ? product->n / MIN_COLUMNS : MAX_SLICES;
    if (most == 1) {
        most = 2; /* narrower, but a second thread has something to do */
    }
    slices = slices > most ? most : slices;
    slices = slices < 1 ? 1 : slices;
    product->width = (product->n + slices - 1) / slices;
    product->slices = (product->n + product->width - 1) / product->width;
    p->weight_tasks += product->slices;
}

/* One product for each run of gates that stand side by side in the tape and in the gradient. */
static void add_gates(products *p, const char *a, int64_t lda, int64_t m, const int *slots,
                      int gates, void *gradient)
{
    const rnncore_weights *w = p->run->weights;
    for (int g = 0, end; g < gates; g = end) {
        end = g + 1;
        while (end < gates && w->padded == w->hidden && slots[end] == slots[end - 1] + 1) {
            end++;
        }
        add_product(p, a, lda, m, slots[g], g, end - g, gradient);
    }
}

/* States before each step: rows of the tape, side by side where rows ended. */
static const char *previous_states(const rnncore_run *run)
{
    const rnncore_plan *plan = &run->plan;
    const size_t row = (size_t)run->weights->padded * run->weights->element;
    if (!plan->dense) {
        for (int64_t k = 0; k < plan->longest; k++) {
            memmove(run->h + (size_t)plan->offset[k] * row, rnncore_state_at(run, run->h, k - 1),
                    (size_t)plan->running[k] * row);
        }
    }
    return run->h;
}

/* With recurrent dropout the operand of each gate is the state times its mask. */
static void add_masked_gates(products *p, const int *slots, int gates)
{
    const rnncore_weights *w = p->run->weights;
    for (int g = 0; g < gates; g++) {
        add_product(p, p->run->masked + (size_t)(g * w->padded) * w->element, w->gates * w->padded,
                    w->hidden, slots[g], g, 1, p->gradients->drecurrent_kernel);
    }
}

static void add_weight_products(products *p)
{
    const rnncore_run *run = p->run;
    const rnncore_weights *w = run->weights;
    int slots[4];
    if (p->gradients->dkernel != NULL) {
        for (int s = 0; s < w->gates; s++) {
            slots[w->cell->slot_gate[s]] = s;
        }
        add_gates(p, run->x, w->input, w->input, slots, (int)w->gates, p->gradients->dkernel);
    }
    if (p->gradients->drecurrent_kernel != NULL) {
        const int gru1 = w->cell == &rnncore_gru1_ops;
        const int same = gru1 ? 2 : (int)w->gates; /* gates whose operand is h' */
        for (int g = 0; g < w->gates; g++) {
            slots[g] = run->backward->recurrent_slot(g);
        }
        if (run->masks != NULL) {
            add_masked_gates(p, slots, same);
        } else {
            add_gates(p, previous_states(run), w->padded, w->hidden, slots, same,
                      p->gradients->drecurrent_kernel);
        }
        if (gru1) {
            const size_t reset_h = (size_t)(RNNCORE_GRU_SLOT_Q * w->padded) * w->element;
            add_product(p, run->gates + reset_h, run->slots * w->padded, w->hidden, slots[2], 2, 1,
                        p->gradients->drecurrent_kernel);
        }
    }
}

static void column_sums(const rnncore_run *run, int slot, void *out)
{
    const rnncore_weights *w = run->weights;
    run->backward_kernels->column_sums(run->gates + (size_t)(slot * w->padded) * w->element,
                                       run->slots * w->padded, run->plan.rows, w->hidden, out);
}

/* One row of the bias gradient: the sums of a gate over all compact rows. */
static void bias_gate(const products *p, int64_t task)
{
    const rnncore_weights *w = p->run->weights;
    const int gate = (int)(task % w->gates);
    int slot = 0;
    if (task < w->gates) {
        while (w->cell->slot_gate[slot] != gate) {
            slot++;
        }
    } else {
        slot = p->run->backward->recurrent_slot(gate); /* the recurrent bias of a GRU */
    }
    column_sums(p->run, slot,
                (char *)p->gradients->dbias + (size_t)(task * w->hidden) * w->element);
}

static void dx_slice(const products *p, int64_t task, int worker)
{
    const rnncore_run *run = p->run;
    const rnncore_weights *w = run->weights;
    const int64_t first = task * DX_ROWS, rows = run->plan.rows;
    const int64_t last = first + DX_ROWS < rows ? first + DX_ROWS : rows;
    const int64_t columns = w->gates * w->padded;
    char *scratch = scratch_of(p, worker), *out = scratch + p->scratch->dx_rows;
    rnncore_multiply(&p->with, 0, 1, last - first, w->input, columns,
                     run->gates + (size_t)(first * run->slots * w->padded) * w->element,
                     run->slots * w->padded, w->input_rows, columns, out, w->input, scratch);
    rnncore_scatter_inputs(&run->plan, &p->dx, first, last, out, w->input);
}

static void products_task(void *arg, int64_t task, int worker)
{
    const products *p = arg;
    if (task >= p->weight_tasks + p->dx_tasks) {
        bias_gate(p, task - p->weight_tasks - p->dx_tasks);
        return;
    }
    if (task >= p->weight_tasks) { /* these are longer, and so come first */
        dx_slice(p, task - p->weight_tasks, worker);
        return;
    }
    const weight_product *product = p->weights;
    for (; task >= product->slices; product++) {
        task -= product->slices;
    }
    const size_t element = p->run->weights->element;
    const int64_t column = task * product->width;
    const int64_t width =
        product->n - column < product->width ? product->n - column : product->width;
    rnncore_multiply(&p->with, 1, 0, product->m, width, p->run->plan.rows, product->a, product->lda,
                     product->b + (size_t)column * element, product->ldb,
                     product->c + (size_t)column * element, product->ldc, scratch_of(p, worker));
}

void rnncore_run_products(const rnncore_run *run, const rnncore_gradients *gradients,
                          const rnncore_product_scratch *scratch, const rnncore_blas *blas)
{
    const rnncore_weights *w = run->weights;
    products p = {.run = run,
                  .gradients = gradients,
                  .scratch = scratch,
                  .with = {blas, run->backward_kernels, (rnncore_dtype)w->layer.dtype}};
    add_weight_products(&p);
    if (gradients->dx != NULL) {
        p.dx = (rnncore_view){gradients->dx,
                              gradients->dx_stride_batch,
                              gradients->dx_stride_time,
                              gradients->dx_stride_feature,
                              w->input,
                              w->element};
        p.dx_tasks = (run->plan.rows + DX_ROWS - 1) / DX_ROWS;
        rnncore_clear_padding(&run->plan, &p.dx, 1);
    }
    int64_t bias_tasks = 0;
    if (gradients->dbias != NULL) {
        bias_tasks = w->cell == &rnncore_gru_ops ? 2 * w->gates : w->gates;
    }
    const double flops =
        2.0 * (double)(run->plan.rows * w->gates * w->hidden) * (double)(2 * w->input + w->hidden);
    rnncore_pool *pool = rnncore_threads_for(run, flops) > 1 ? run->context->pool : NULL;
    rnncore_pool_run(pool, p.weight_tasks + p.dx_tasks + bias_tasks, products_task, &p);
}
