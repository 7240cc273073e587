/* Arrays of numbers, token ids or masks, as the nodes of a program read and write them. */
#ifndef RNNCORE_RUNTIME_ARRAY_H
#define RNNCORE_RUNTIME_ARRAY_H

#include "rnncore_model.h"

enum { RNNCORE_AXES = 10, RNNCORE_MASK = 3, RNNCORE_UNKNOWN = -1 };

/* A C-contiguous array. Its first `lead` axes count as one batch of rows: axis a of a node is
 * size[lead + a], or from the end size[rank + a] if a is negative. Before a call knows them, sizes
 * may be RNNCORE_UNKNOWN. */
typedef struct rnncore_array {
    void *data;
    const int64_t *lengths; /* of a mask of as many first steps, or of an input; else NULL */
    int32_t type;           /* rnncore_dtype, RNNCORE_INT32, or RNNCORE_MASK: a byte, 1 if real */
    int32_t absent;         /* a mask under which everything is real; nothing is in `data` */
    int32_t rank, lead;
    int32_t streamed; /* axis 1 is the steps of a stream, of which a call brings some */
    int64_t size[RNNCORE_AXES];
} rnncore_array;

static inline size_t rnncore_type_bytes(int32_t type)
{
    return type == RNNCORE_FLOAT64 ? 8 : type == RNNCORE_MASK ? 1 : 4;
}

/* a * b of sizes that may be unknown; RNNCORE_UNKNOWN also where it does not fit. */
static inline int64_t rnncore_size_product(int64_t a, int64_t b)
{
    int64_t product;
    if (a == 0 || b == 0) {
        return 0;
    }
    return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product) ? RNNCORE_UNKNOWN : product;
}

/* Product of the sizes of the axes [begin, end). */
static inline int64_t rnncore_sizes(const rnncore_array *x, int32_t begin, int32_t end)
{
    int64_t product = 1;
    for (int32_t i = begin; i < end; i++) {
        product = rnncore_size_product(product, x->size[i]);
    }
    return product;
}

/* Rows of the batch, numbers of one row, numbers in all. */
static inline int64_t rnncore_rows(const rnncore_array *x)
{
    return rnncore_sizes(x, 0, x->lead);
}

static inline int64_t rnncore_row_size(const rnncore_array *x)
{
    return rnncore_sizes(x, x->lead, x->rank);
}

static inline int64_t rnncore_numbers(const rnncore_array *x)
{
    return rnncore_sizes(x, 0, x->rank);
}

/* Room for lengths that a node computes, behind the bits of a mask: one for each of its rows. */
static inline int64_t *rnncore_lengths_behind(const rnncore_array *mask)
{
    const size_t bits = ((size_t)rnncore_numbers(mask) + 7) & ~(size_t)7;
    return (int64_t *)(void *)((char *)mask->data + bits);
}

/* The bytes that the data of an array take; RNNCORE_UNKNOWN where they do not fit. */
static inline int64_t rnncore_array_bytes(const rnncore_array *x)
{
    int64_t bytes = rnncore_size_product(rnncore_numbers(x), (int64_t)rnncore_type_bytes(x->type));
    if (x->type == RNNCORE_MASK && bytes >= 0 &&
        __builtin_add_overflow(bytes, 8 * x->size[0] + 8, &bytes)) {
        return RNNCORE_UNKNOWN;
    }
    return bytes;
}

/* The place in `size` of axis a of a node; -1: there is none. */
static inline int32_t rnncore_axis(const rnncore_array *x, int64_t a)
{
    if (a >= x->rank || a < -x->rank) {
        return -1;
    }
    const int64_t place = a < 0 ? x->rank + a : x->lead + a;
    return place >= x->lead && place < x->rank ? (int32_t)place : -1;
}

/* Whether the sizes may be the same. */
static inline int rnncore_may_equal(int64_t a, int64_t b)
{
    return a == b || a < 0 || b < 0;
}

#endif
