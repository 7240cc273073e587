/* Attention: means of values, weighted by how well their keys match a query. */
#include <string.h>

#include "cells/affine.h"
#include "runtime/kinds.h"
#include "runtime/nodes/reals.h"

#define TEMPLATE "runtime/nodes/attention.inc.h"
#include "kernels/dtypes.inc.h"

enum { SCORES, CAUSAL };                            /* attributes */
enum { QUERY, VALUE, KEY, MASK_QUERY, MASK_VALUE }; /* inputs */
enum { SCALE, WEIGHT };                             /* tensors */
/* Queries whose scores wait for the softmax, and keys whose sums wait for tanh: still in L1. */
enum { QUERIES_AT_ONCE = 24, KEYS_AT_ONCE = 16 };

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t scores = node->attributes[SCORES];
    const int32_t rank = scores == RNNCORE_SCORES_ADDITIVE ? 1 : 0;
    const int fits =
        scores >= RNNCORE_SCORES_DOT && scores <= RNNCORE_SCORES_ADDITIVE &&
        (!rnncore_has_tensor(node, SCALE) || rnncore_tensor_is(node, SCALE, rank, -1, 0, 0)) &&
        (!rnncore_has_tensor(node, WEIGHT) ||
         (scores == RNNCORE_SCORES_CONCAT && rnncore_tensor_is(node, WEIGHT, 0, 0, 0, 0)));
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Whether an input is an array of as many rows as the queries, and of `more` axes behind them. */
static int has_rows(const rnncore_node_call *call, int input, int32_t type, int32_t more)
{
    const rnncore_array *x = call->in[input], *q = call->in[QUERY];
    int fits = x->type == type && x->lead == q->lead && x->rank == q->lead + more;
    for (int32_t axis = 0; fits && axis < q->lead; axis++) {
        fits = rnncore_may_equal(x->size[axis], q->size[axis]);
    }
    return fits;
}

static int mask_fits(const rnncore_node_call *call, int input, const rnncore_array *x)
{
    const rnncore_array *mask = input < call->node->inputs ? call->in[input] : NULL;
    return mask == NULL || (has_rows(call, input, RNNCORE_MASK, 1) &&
                            rnncore_may_equal(mask->size[mask->lead], x->size[x->lead]));
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_array *q = call->in[QUERY], *v = call->in[VALUE], *k = call->in[KEY];
    const rnncore_tensor *scale = &call->node->tensor[SCALE];
    const int32_t type = (int32_t)call->node->dtype, steps = q->lead, features = q->lead + 1;
    if (!has_rows(call, QUERY, type, 2) || !has_rows(call, VALUE, type, 2) ||
        !has_rows(call, KEY, type, 2) || !mask_fits(call, MASK_QUERY, q) ||
        !mask_fits(call, MASK_VALUE, v) ||
        !rnncore_may_equal(q->size[features], k->size[features]) || q->size[features] == 0 ||
        v->size[features] == 0 || !rnncore_may_equal(v->size[steps], k->size[steps]) ||
        (rnncore_has_tensor(call->node, SCALE) && scale->rank == 1 &&
         !rnncore_may_equal(q->size[features], scale->size[0]))) {
        return RNNCORE_ERROR_SHAPE;
    }
    for (int32_t i = 0; i < call->node->outputs; i++) {
        *call->out[i] = *q;
        call->out[i]->data = NULL;
        call->out[i]->lengths = NULL;
    }
    call->out[0]->size[features] = v->size[features];
    if (call->node->outputs > 1) {
        call->out[1]->size[features] = k->size[steps] < 0 ? v->size[steps] : k->size[steps];
    }
    return call->node->outputs <= 2 ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

/* ---- one row of the batch ------------------------------------------------------------------- */

typedef struct attention {
    const rnncore_node_call *call;
    const rnncore_kernels *kernels;
    int64_t rows, queries, keys, depth, units;
    size_t element, bytes; /* of the scratch of one thread */
} attention;

/* What a thread needs for a row: the matrices that queries and shares are multiplied by, packed,
 * and what waits. */
typedef struct buffers {
    rnncore_affine keys, values;
    void *rows, *scores, *factors, *bent;
} buffers;

static void take(const attention *a, buffers *b, rnncore_arena *arena)
{
    const rnncore_context *context = a->call->context;
    const rnncore_dtype dtype = a->call->node->dtype;
    size_t rows = 0;
    if (a->call->node->attributes[SCORES] == RNNCORE_SCORES_DOT) {
        rnncore_affine_take(&b->keys, context, dtype, 1, a->depth, a->keys, 0, arena);
        rows = rnncore_affine_scratch(&b->keys);
    } else {
        b->factors = rnncore_arena_take(arena, a->depth, a->element);
        b->bent = rnncore_arena_take(arena, rnncore_count(KEYS_AT_ONCE, a->depth), a->element);
    }
    rnncore_affine_take(&b->values, context, dtype, 1, a->keys, a->units, 0, arena);
    const size_t more = rnncore_affine_scratch(&b->values);
    b->rows = rnncore_arena_take(arena, (int64_t)(rows > more ? rows : more), 1);
    b->scores = rnncore_arena_take(arena, rnncore_count(QUERIES_AT_ONCE, a->keys), a->element);
}

static int is_empty(const attention *a)
{
    return a->rows == 0 || a->queries == 0 || a->keys == 0;
}

static rnncore_status attention_of(const rnncore_node_call *call, attention *a)
{
    const rnncore_array *q = call->in[QUERY], *v = call->in[VALUE];
    buffers unused;
    rnncore_arena arena = {NULL, 0, 0};
    *a = (attention){.call = call,
                     .kernels = rnncore_kernel_table(call->context->isa, call->node->dtype),
                     .rows = rnncore_rows(q),
                     .queries = q->size[q->lead],
                     .keys = v->size[v->lead],
                     .depth = q->size[q->lead + 1],
                     .units = v->size[v->lead + 1],
                     .element = rnncore_type_bytes(q->type)};
    if (!is_empty(a)) {
        take(a, &unused, &arena);
    }
    return rnncore_arena_size(&arena, &a->bytes);
}

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    attention a;
    const rnncore_status status = attention_of(call, &a);
    const size_t threads = (size_t)rnncore_pool_size(call->context->pool);
    return status == RNNCORE_OK && __builtin_mul_overflow(a.bytes, threads, bytes)
               ? RNNCORE_ERROR_OVERFLOW
               : status;
}

/* The numbers of one row of an array, from its matrix `row` and there from line `line` on. */
static char *lines(const rnncore_array *x, int64_t row, int64_t line)
{
    const int64_t size = x->size[x->lead + 1];
    const size_t place = (size_t)((row * x->size[x->lead] + line) * size);
    return (char *)x->data + place * rnncore_type_bytes(x->type);
}

/* The bits of a row of a mask that is there; else NULL. */
static const uint8_t *bits_of(const rnncore_node_call *call, int input, int64_t row)
{
    const rnncore_array *mask = input < call->node->inputs ? call->in[input] : NULL;
    return mask == NULL || mask->absent
               ? NULL
               : (const uint8_t *)mask->data + row * mask->size[mask->lead];
}

/* sum(factors * tanh(scale * (q + k))) of one query and each key. */
static void bend(const attention *a, const buffers *b, const void *q, const char *k, char *scores)
{
    const rnncore_node *node = a->call->node;
    const int concat = node->attributes[SCORES] == RNNCORE_SCORES_CONCAT;
    const void *inner = concat ? node->tensor[SCALE].data : NULL;
    for (int64_t done = 0, some; done < a->keys; done += some) {
        some = a->keys - done < KEYS_AT_ONCE ? a->keys - done : KEYS_AT_ONCE;
        const void *from = k + (size_t)(done * a->depth) * a->element;
        void *to = scores + (size_t)done * a->element;
        RNNCORE_OF(node, add_to_keys)(some, a->depth, q, from, inner, b->bent);
        a->kernels->tanh(some * a->depth, b->bent, b->bent);
        RNNCORE_OF(node, weigh)(some, a->depth, b->bent, b->factors, to);
    }
}

/* The scores of the queries [first, first + some), their softmax, and the means of the values. */
static void attend(const attention *a, const buffers *b, int64_t row, int64_t first, int64_t some)
{
    const rnncore_node_call *call = a->call;
    const rnncore_node *node = call->node;
    const int dot = node->attributes[SCORES] == RNNCORE_SCORES_DOT;
    const void *scale = dot ? node->tensor[SCALE].data : NULL;
    const uint8_t *real = bits_of(call, MASK_VALUE, row);
    const char *q = lines(call->in[QUERY], row, first);
    char *scores = node->outputs > 1 ? lines(call->out[1], row, first) : b->scores;
    if (dot) {
        rnncore_affine_rows(&b->keys, some, q, a->depth, scores, b->rows);
    }
    for (int64_t i = 0; i < some; i++) {
        char *one = scores + (size_t)(i * a->keys) * a->element;
        const int64_t end = node->attributes[CAUSAL] ? first + i + 1 : a->keys;
        if (!dot) {
            bend(a, b, q + (size_t)(i * a->depth) * a->element, lines(call->in[KEY], row, 0), one);
        }
        RNNCORE_OF(node, hide)(a->keys, scale, real, end, one);
    }
    a->kernels->activate(RNNCORE_SOFTMAX, some, a->keys, scores, a->keys, scores);
    rnncore_affine_rows(&b->values, some, scores, a->keys, lines(call->out[0], row, first),
                        b->rows);
}

static void attend_row(void *arg, int64_t row, int worker)
{
    const attention *a = arg;
    const rnncore_node *node = a->call->node;
    const uint8_t *real = bits_of(a->call, MASK_QUERY, row);
    buffers b;
    rnncore_arena arena = {(char *)a->call->scratch + (size_t)worker * a->bytes, 0, 0};
    take(a, &b, &arena);
    rnncore_affine_pack(&b.values, lines(a->call->in[VALUE], row, 0), a->units, 1, NULL);
    if (node->attributes[SCORES] == RNNCORE_SCORES_DOT) {
        rnncore_affine_pack(&b.keys, lines(a->call->in[KEY], row, 0), 1, a->depth, NULL);
    } else {
        const int concat = node->attributes[SCORES] == RNNCORE_SCORES_CONCAT;
        const void *factors = node->tensor[concat ? WEIGHT : SCALE].data;
        RNNCORE_OF(node, take_factors)(a->depth, factors, !concat, b.factors);
    }
    for (int64_t done = 0, some; done < a->queries; done += some) {
        some = a->queries - done < QUERIES_AT_ONCE ? a->queries - done : QUERIES_AT_ONCE;
        attend(a, &b, row, done, some);
    }
    for (int64_t i = 0; real != NULL && i < a->queries; i++) {
        if (!real[i]) {
            memset(lines(a->call->out[0], row, i), 0, (size_t)a->units * a->element);
        }
    }
}

static rnncore_status run(const rnncore_node_call *call)
{
    attention a;
    const rnncore_status status = attention_of(call, &a);
    if (status != RNNCORE_OK) {
        return status;
    }
    if (!is_empty(&a)) {
        const double flops =
            2.0 * (double)a.rows * (double)a.queries * (double)a.keys * (double)(a.depth + a.units);
        rnncore_pool_run(rnncore_affine_pool(call->context, flops), a.rows, attend_row, &a);
        return RNNCORE_OK;
    }
    const rnncore_array *y = call->out[0]; /* means of no values */
    memset(y->data, 0, (size_t)rnncore_numbers(y) * a.element);
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_attention_kind = {.name = "attention",
                                                  .least_inputs = 3,
                                                  .most_inputs = 5,
                                                  .least_outputs = 1,
                                                  .most_outputs = 2,
                                                  .most_tensors = 2,
                                                  .keeps_tensors = 1,
                                                  .make = make,
                                                  .shape = shape,
                                                  .scratch = scratch,
                                                  .run = run};
