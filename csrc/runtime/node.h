/* The nodes of a program: what one layer computes, or a part of it.
 *
 * A kind of node is a const struct of functions; kinds.c lists them. The same functions run a model
 * and, one node at a time, the layers of Python (single.h). */
#ifndef RNNCORE_RUNTIME_NODE_H
#define RNNCORE_RUNTIME_NODE_H

#include "core/arena.h"
#include "core/context.h"
#include "runtime/array.h"

enum {
    RNNCORE_NODE_ATTRIBUTES = 12,
    RNNCORE_NODE_NUMBERS = 3,
    RNNCORE_NODE_INPUTS = 64,
    RNNCORE_NODE_OUTPUTS = 3,
    RNNCORE_NODE_TENSORS = 4
};

/* Constants of a program, most of them weights; C-contiguous, of any alignment while a node is
 * made, and only then if the kind does not keep them. */
typedef struct rnncore_tensor {
    const void *data; /* NULL: the node has none */
    int32_t type, rank;
    int64_t size[8];
} rnncore_tensor;

typedef struct rnncore_node {
    const struct rnncore_node_kind *kind;
    rnncore_dtype dtype; /* of the program */
    int32_t inputs, outputs, tensors;
    int64_t attributes[RNNCORE_NODE_ATTRIBUTES];
    double numbers[RNNCORE_NODE_NUMBERS];
    rnncore_tensor tensor[RNNCORE_NODE_TENSORS];
    void *made;   /* what kind->make made, or NULL */
    int32_t lent; /* that belongs to another */
} rnncore_node;

/* One run of a node. Inputs that are not given are NULL, and so are masks that are absent. */
typedef struct rnncore_node_call {
    rnncore_context *context;
    const rnncore_node *node;
    const rnncore_array *in[RNNCORE_NODE_INPUTS];
    rnncore_array *out[RNNCORE_NODE_OUTPUTS];
    void *scratch; /* as many bytes as kind->scratch asked for, aligned to 64 */
    void *state;   /* in a stream, of a kind with a state that has a streamed input; else NULL */
} rnncore_node_call;

typedef struct rnncore_node_kind {
    const char *name;
    int32_t least_inputs, most_inputs;
    int32_t least_outputs, most_outputs;
    int32_t least_tensors, most_tensors;
    int32_t keeps_tensors; /* run reads the tensors: they are copied, aligned to 64 */
    int32_t is_view;       /* the output is the memory of the first input; there is no run */
    /* Checks attributes and tensors, which may come from a hostile file, and sets node->made; NULL:
     * nothing to check. RNNCORE_ERROR_MODEL if they make no sense. */
    rnncore_status (*make)(rnncore_node *node, rnncore_context *context);
    void (*destroy)(void *made);
    /* Sets type, rank, lead and sizes of the outputs from those of the inputs, all unset before, or
     * returns RNNCORE_ERROR_SHAPE. Sizes may be unknown. */
    rnncore_status (*shape)(const rnncore_node_call *call);
    /* Bytes of scratch for a run with these sizes, all known; NULL: none. */
    rnncore_status (*scratch)(const rnncore_node_call *call, size_t *bytes);
    rnncore_status (*run)(const rnncore_node_call *call);
    /* Whether it can treat the steps of its streamed inputs (those with lead 1) as they come; NULL:
     * no. One with a state does. */
    int (*streams)(const rnncore_node_call *call);
    /* A state kept from call to call: its bytes for so many rows and at most so many steps a call,
     * aligned to 64 within a stream, and what else NULL leaves out. */
    const struct rnncore_state_kind *state;
} rnncore_node_kind;

typedef struct rnncore_state_kind {
    rnncore_status (*bytes)(const rnncore_node_call *call, int64_t batch, int64_t most_steps,
                            size_t *bytes);
    rnncore_status (*begin)(const rnncore_node_call *call, int64_t batch, int64_t most_steps);
    /* Numbers of the state of a row. */
    int64_t (*size)(const rnncore_node_call *call);
    void (*get)(const rnncore_node_call *call, int64_t row, void *numbers);
    void (*set)(const rnncore_node_call *call, int64_t row, const void *numbers); /* NULL: zeros */
} rnncore_state_kind;

/* The kind with a number of kinds.h, or NULL. */
const rnncore_node_kind *rnncore_find_kind(int32_t number);

/* Checks and makes a node whose other fields are set. */
rnncore_status rnncore_node_make(rnncore_node *node, rnncore_context *context);

/* Frees what belongs to it. */
void rnncore_node_clear(rnncore_node *node);

/* Sets the outputs' types and sizes. In a stream also whether they are streamed;
 * RNNCORE_ERROR_UNSUPPORTED where that cannot be. */
rnncore_status rnncore_node_shape(const rnncore_node_call *call);

/* ---- for the kinds ------------------------------------------------------------------------- */

/* Whether an input is streamed and its steps are not rows of the batch already. */
static inline int rnncore_is_streamed(const rnncore_array *x)
{
    return x != NULL && x->streamed && x->lead == 1;
}

/* A shape function for outputs like the first input. */
rnncore_status rnncore_same_shape(const rnncore_node_call *call);

/* For `streams` of kinds that treat each step by itself. */
int rnncore_each_step(const rnncore_node_call *call);

static inline int rnncore_is_float(const rnncore_node_call *call, int input)
{
    const rnncore_array *x = call->in[input];
    return x != NULL && x->type == (int32_t)call->node->dtype;
}

/* Whether a tensor is of the program's dtype and has this shape; a negative size fits any. */
int rnncore_tensor_is(const rnncore_node *node, int tensor, int32_t rank, int64_t a, int64_t b,
                      int64_t c);

static inline int rnncore_has_tensor(const rnncore_node *node, int tensor)
{
    return tensor < node->tensors && node->tensor[tensor].data != NULL;
}

#endif
