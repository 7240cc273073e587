/* The kernels of one ISA as a const table of functions. The same source (csrc/kernels/kernels.c)
 * is compiled once for each ISA; cells and products reach it only through this table. */
#ifndef RNNCORE_KERNEL_TABLE_H
#define RNNCORE_KERNEL_TABLE_H

#include "rnncore.h"

/* What a step does with the product of its operand and the packed matrix. */
typedef enum rnncore_op {
    RNNCORE_OP_STORE, /* out = bias + a B */
    RNNCORE_OP_RNN_FORWARD,
    RNNCORE_OP_RNN_BACKWARD,
    RNNCORE_OP_LSTM_FORWARD,
    RNNCORE_OP_LSTM_BACKWARD,
    RNNCORE_OP_GRU_FORWARD, /* reset_after */
    RNNCORE_OP_GRU_BACKWARD,
    RNNCORE_OP_GRU1_GATES,     /* reset before: z, r and r*h' ... */
    RNNCORE_OP_GRU1_CANDIDATE, /* ... then n and h */
    RNNCORE_OP_GRU1_BACKWARD_GATES,
    RNNCORE_OP_GRU1_BACKWARD_RESET
} rnncore_op;

/* Vectors of columns that stand together in the packed matrix: the gates of one block of units. */
int rnncore_op_gates(rnncore_op op);

/* One multiplication of rows by a packed matrix with the gate equations on its result.
 * Rows are those of the blocks [b, min(b + row_block, row_end)) for b = row_begin, row_begin +
 * row_stride, ...; columns are unit groups [group_begin, group_end). All buffers hold the layer's
 * dtype; row buffers are 64-byte aligned with `padded` (a multiple of the vector length) columns a
 * gate, and row r stands at `base + r * ld`. */
typedef struct rnncore_step {
    rnncore_op op;
    int32_t generic; /* 0: tanh and sigmoid; 1: the two rnncore_activation that follow */
    int32_t activation, gate_activation;
    int32_t store_tape; /* forward: keep the activated gates in `gates` */
    int32_t reverse;    /* walk the groups downwards: the last ones are still in cache */
    int64_t row_begin, row_end, row_block, row_stride;
    int64_t a_skipped; /* between two blocks a has so many rows more */
    int64_t row_low;   /* rows below it are left out */
    int64_t group_begin, group_end, group_blocks;
    int64_t units;   /* columns of one gate that mean something (H, or N for STORE) */
    int64_t vectors; /* vectors of columns in the packed matrix */
    /* the product: sum over `segments` of a[row, s*segment_stride + k] * B[s*depth + k, :] */
    const void *a;
    int64_t lda, segments, segment_stride, depth;
    const void *packed;
    const void *sums; /* the product itself, of the one row row_begin, with gates sums_gate apart */
    int64_t sums_gate; /* and readable to the end of the last vector; NULL: not given */
    const void *bias;  /* STORE: per column; GRU_FORWARD: recurrent bias of n; or NULL */
    void *out;         /* STORE */
    int64_t ldo;
    void *gates; /* pre-activations in, activated gates or their gradients out */
    int64_t ldg, padded;
    const void *h_in, *c_in;
    void *h_out, *c_out;
    int64_t ldh;    /* of h_in, c_in, h_out, c_out, dy, carry, dc */
    const void *dy; /* NULL: zeros */
    void *carry;    /* dL/dh that does not pass through the product */
    int32_t add_carry;
    void *dc;
    const void *mask; /* STORE: what the product is multiplied by; NULL: ones */
    int64_t ldm;
    /* forward, few rows: so many steps one after another, each from the states that the step
     * before it wrote; and from one step to the next in gates, h_out and c_out. 0 is 1. */
    int64_t steps, gates_step, h_step, c_step;
} rnncore_step;

/* A matrix to pack: row k of unit u of a gate stands at matrix[k*rb + (gate*units + u)*cb]. Its
 * vectors take a block of units each, filled up with zeros: block by block with the gates side by
 * side, or with `order` gate by gate, the first one order[0]. */
typedef struct rnncore_packing {
    const void *matrix;
    int64_t rb, cb, depth, units;
    int gates;
    const int *order;
} rnncore_packing;

typedef void rnncore_step_fn(const rnncore_step *step);

typedef struct rnncore_kernels {
    int64_t vector_length; /* elements in a vector */
    int64_t panel_vectors; /* vectors in a packed panel */
    int64_t row_tile;      /* rows that one pass over a panel serves */
    int64_t rows_in_steps; /* rows for which a step takes `steps`, where it is not generic */
    void (*pack)(const rnncore_packing *packing, void *packed);
    rnncore_step_fn *step; /* STORE and the forward ops */
    /* step->steps steps of one row, with the projection of each: `project` is that of the first
     * one, with lda from one to the next, and step->gates has room for two. op is a forward one
     * that is one product, not generic. Outputs go to y, y_step apart; NULL: not wanted. For up to
     * row_vectors vectors, and weights that stay in L1. NULL where nothing is gained. */
    int64_t row_vectors;
    void (*row_steps)(const rnncore_step *project, const rnncore_step *step, void *y,
                      int64_t y_step);
    /* A single step likewise, for weights that stay in L2. step->reverse, by turns, begins with
     * what is still in L1. NULL: it was left out. */
    void (*row_step)(const rnncore_step *project, const rnncore_step *step, void *y);
    /* out[j] = sum over k of a[k] * b[k*ldb + j], j < n; with the bits of a step's product */
    void (*row_product)(const void *a, int64_t depth, const void *b, int64_t ldb, int64_t n,
                        void *out);
    /* y = f(z) for rows of `columns` numbers, those of z ldz apart; y may be z. activation: an
     * rnncore_activation, DEFAULT is LINEAR */
    void (*activate)(int32_t activation, int64_t rows, int64_t columns, const void *z, int64_t ldz,
                     void *y);
    void (*exp)(int64_t n, const void *x, void *y);
    void (*sigmoid)(int64_t n, const void *x, void *y);
    void (*tanh)(int64_t n, const void *x, void *y);
    /* For benchmarks: `fma_flops` operations an iteration in independent chains; `bytes` (a
     * multiple of 512) read from memory that is aligned to 64 bytes. The results only keep the work
     * alive. */
    int64_t fma_flops;
    double (*fma_loop)(int64_t iterations);
    double (*read_loop)(const void *p, int64_t bytes, int64_t repeats);
} rnncore_kernels;

/* Unit groups of the packed matrix: how many, and how many unit blocks (vectors of units) each. */
int64_t rnncore_group_blocks(const rnncore_kernels *kernels, int gates);
int64_t rnncore_group_count(const rnncore_kernels *kernels, int64_t units, int gates);
int64_t rnncore_padded(const rnncore_kernels *kernels, int64_t units);

/* The table of an ISA for a dtype, or NULL where it was not built or no such dtype is. */
const rnncore_kernels *rnncore_kernel_table(rnncore_isa isa, rnncore_dtype dtype);

/* Best ISA that is built and runs here and is not above `max_isa` (-1: no limit). */
rnncore_isa rnncore_choose_isa(int32_t max_isa);

#endif
