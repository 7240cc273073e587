/* The large products of the backward pass: dW = x^T da, dU = h'^T da, db, dx = da W^T. */
#ifndef RNNCORE_CELLS_PRODUCTS_H
#define RNNCORE_CELLS_PRODUCTS_H

#include "cells/cell.h"
#include "rnncore_train.h"

/* Scratch of each thread. */
typedef struct rnncore_product_scratch {
    char *memory;
    size_t per_thread; /* bytes */
    size_t dx_rows;    /* offset of the rows of dx before they are scattered */
} rnncore_product_scratch;

void rnncore_products_take(const rnncore_run *run, rnncore_product_scratch *scratch,
                           rnncore_arena *arena);

/* All products as one list of tasks. The list depends only on the shape of the call, and every
 * task sums over all rows in one order, so the bits do not depend on the threads. For ragged
 * batches the states of the tape are compacted in place. */
void rnncore_run_products(const rnncore_run *run, const rnncore_gradients *gradients,
                          const rnncore_product_scratch *scratch, const rnncore_blas *blas);

#endif
