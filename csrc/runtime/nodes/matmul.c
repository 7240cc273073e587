/* Products of two arrays, matrix by matrix. */
#include <string.h>

#include "cells/affine.h"
#include "runtime/nodes/nodes.h"

enum { TRANSPOSED };

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_array *a = call->in[0], *b = call->in[1];
    const int turned = call->node->attributes[TRANSPOSED] != 0;
    rnncore_array *y = call->out[0];
    int fits = rnncore_same_shape(call) == RNNCORE_OK && rnncore_is_float(call, 1) &&
               a->rank == b->rank && a->lead == b->lead && a->rank >= a->lead + 2;
    for (int32_t axis = 0; fits && axis < a->rank - 2; axis++) {
        fits = rnncore_may_equal(a->size[axis], b->size[axis]);
        y->size[axis] = a->size[axis] < 0 ? b->size[axis] : a->size[axis];
    }
    if (!fits || !rnncore_may_equal(a->size[a->rank - 1], b->size[b->rank - (turned ? 1 : 2)])) {
        return RNNCORE_ERROR_SHAPE;
    }
    y->size[y->rank - 1] = b->size[b->rank - (turned ? 2 : 1)];
    return RNNCORE_OK;
}

/* The product of the last two axes, of which one thread does some matrices. */
typedef struct product {
    const rnncore_node_call *call;
    int64_t rows, depth, units;
    size_t element, bytes; /* of the scratch of one thread */
} product;

/* The packed matrix of a thread and what its rows need. */
static void *take(const product *p, rnncore_affine *affine, rnncore_arena *arena)
{
    rnncore_affine_take(affine, p->call->context, p->call->node->dtype, 1, p->depth, p->units, 0,
                        arena);
    return rnncore_arena_take(arena, (int64_t)rnncore_affine_scratch(affine), 1);
}

static rnncore_status product_of(const rnncore_node_call *call, product *p)
{
    const rnncore_array *a = call->in[0], *y = call->out[0];
    rnncore_affine affine;
    rnncore_arena arena = {NULL, 0, 0};
    *p = (product){.call = call,
                   .rows = a->size[a->rank - 2],
                   .depth = a->size[a->rank - 1],
                   .units = y->size[y->rank - 1],
                   .element = rnncore_type_bytes(a->type)};
    if (p->depth > 0 && p->units > 0) {
        take(p, &affine, &arena);
    }
    return rnncore_arena_size(&arena, &p->bytes);
}

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    product p;
    const rnncore_status status = product_of(call, &p);
    const size_t threads = (size_t)rnncore_pool_size(call->context->pool);
    return status == RNNCORE_OK && __builtin_mul_overflow(p.bytes, threads, bytes)
               ? RNNCORE_ERROR_OVERFLOW
               : status;
}

static void multiply(void *arg, int64_t task, int worker)
{
    const product *p = arg;
    const rnncore_node_call *call = p->call;
    const size_t a = (size_t)(p->rows * p->depth) * p->element;
    const size_t b = (size_t)(p->depth * p->units) * p->element;
    const size_t y = (size_t)(p->rows * p->units) * p->element;
    const int turned = call->node->attributes[TRANSPOSED] != 0;
    rnncore_affine affine;
    rnncore_arena arena = {(char *)call->scratch + (size_t)worker * p->bytes, 0, 0};
    void *rows = take(p, &affine, &arena);
    rnncore_affine_pack(&affine, (const char *)call->in[1]->data + (size_t)task * b,
                        turned ? 1 : p->units, turned ? p->depth : 1, NULL);
    rnncore_affine_rows(&affine, p->rows, (const char *)call->in[0]->data + (size_t)task * a,
                        p->depth, (char *)call->out[0]->data + (size_t)task * y, rows);
}

static rnncore_status run(const rnncore_node_call *call)
{
    product p;
    const rnncore_array *y = call->out[0];
    const rnncore_status status = product_of(call, &p);
    const int64_t numbers = rnncore_numbers(y);
    if (status == RNNCORE_OK && p.depth == 0) {
        memset(y->data, 0, (size_t)numbers * p.element); /* sums of nothing */
    } else if (status == RNNCORE_OK && numbers > 0) {
        const double flops = 2.0 * (double)numbers * (double)p.depth;
        rnncore_pool_run(rnncore_affine_pool(call->context, flops),
                         rnncore_sizes(y, 0, y->rank - 2), multiply, &p);
    }
    return status;
}

/* Not of the steps of a stream, as each needs all of the others. */
static int streams(const rnncore_node_call *call)
{
    return call->in[0]->rank > 3 && rnncore_is_streamed(call->in[0]) &&
           rnncore_is_streamed(call->in[1]);
}

const rnncore_node_kind rnncore_matmul_kind = {.name = "matmul",
                                               .least_inputs = 2,
                                               .most_inputs = 2,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .shape = shape,
                                               .scratch = scratch,
                                               .run = run,
                                               .streams = streams};
