/* What the nodes with a packed matrix share: node->made is an rnncore_packed with its buffers. */
#ifndef RNNCORE_RUNTIME_NODES_PACKED_H
#define RNNCORE_RUNTIME_NODES_PACKED_H

#include "cells/affine.h"
#include "runtime/node.h"

typedef struct rnncore_packed {
    rnncore_affine affine;
    void *bias; /* that is not added by the product; NULL: none */
} rnncore_packed;

/* How tensor 0 is the matrix: row k (of segments * depth) of column u stands at k*rb + u*cb. */
typedef struct rnncore_matrix {
    int64_t segments, depth, units, rb, cb;
} rnncore_matrix;

/* Packs tensor 0, with tensor 1 as the bias of the units if there is one, and `activation` behind.
 * A bias of fewer numbers, by which the units can be divided, is kept apart. */
rnncore_status rnncore_make_packed(rnncore_node *node, rnncore_context *context,
                                   const rnncore_matrix *matrix, int64_t activation);

void rnncore_destroy_packed(void *made);

/* Scratch of rnncore_affine_run. */
rnncore_status rnncore_packed_scratch(const rnncore_node_call *call, size_t *bytes);

/* Does one row of the batch, with `products` as the scratch of rnncore_affine_run, and room of its
 * own. */
typedef void (*rnncore_row_fn)(const rnncore_node_call *call, int64_t row, void *products,
                               void *own);

/* For kinds whose batches cannot be one product: calls fn for each row of the batch of input 0, on
 * the threads of the context where there are as many rows and that pays; else the threads share the
 * products. A row has `products` rows of those, and room for `numbers` of its own. */
void rnncore_run_rows(const rnncore_node_call *call, int64_t products, int64_t numbers,
                      rnncore_row_fn fn);

/* Scratch of that. */
rnncore_status rnncore_rows_scratch(const rnncore_node_call *call, int64_t numbers, size_t *bytes);

#endif
