/* A model in memory, and where the values of one call stand. */
#ifndef RNNCORE_RUNTIME_MODEL_H
#define RNNCORE_RUNTIME_MODEL_H

#include "runtime/node.h"
#include "runtime/program.h"

/* Values that never share memory have slots of their own; the others take turns in them. */
enum { RNNCORE_NO_SLOT = -1 };

struct rnncore_model {
    rnncore_context *context;
    rnncore_dtype dtype;
    int32_t inputs, outputs, nodes, values, slots;
    char *text; /* the names */
    rnncore_program_input *input;
    rnncore_program_output *output;
    rnncore_node *node;
    int32_t *operands;    /* of all nodes, inputs only: */
    int32_t *first;       /* where those of each node begin, */
    int32_t *written;     /* and the first value that it writes */
    int32_t *slot;        /* of each value, or RNNCORE_NO_SLOT: an input, a view, a result */
    int32_t *result;      /* of each value: the output that it is written to directly, or -1 */
    int64_t *vocabulary;  /* of each input that embeddings read: ids must be below it; or 0 */
    rnncore_array *known; /* the values, with sizes that depend on the call unknown */
    int32_t can_stream;
    int32_t *streamed_per_step; /* of each output, if it can stream */
    rnncore_array *table;       /* for sizes that are asked for, by one thread at a time: */
    int64_t *slot_bytes;
    char busy;
};

/* Where the values of a call stand. */
typedef struct rnncore_layout {
    const rnncore_model *model;
    rnncore_array *values;
    int64_t *slot_bytes;
    void *scratch;
    size_t scratch_bytes;
} rnncore_layout;

/* Whether the first axis behind the batch is steps: of token ids, of features, or of single
 * numbers, such as those of a mask, where it is of any size. */
static inline int rnncore_has_steps(const rnncore_program_input *input)
{
    return input->rank > (input->type == RNNCORE_INT32 ? 0 : 1) ||
           (input->rank == 1 && input->shape[0] < 0);
}

/* A call of node i on these values. */
rnncore_node_call rnncore_call_of(const rnncore_model *model, int32_t i, rnncore_array *values);

/* Sets the arrays of the inputs for a batch of sequences with so many steps each (NULL: unknown).
 * RNNCORE_ERROR_SHAPE if the inputs do not have so many. */
rnncore_status rnncore_set_inputs(const rnncore_model *model, rnncore_array *values, int64_t batch,
                                  const int64_t *steps);

/* The same for so many steps of a stream. */
void rnncore_set_streamed_inputs(const rnncore_model *model, rnncore_array *values, int64_t batch,
                                 int64_t steps);

/* Sets the shapes of all other values. */
rnncore_status rnncore_set_shapes(const rnncore_model *model, rnncore_array *values);

/* Takes the memory of all values whose shapes are set, and of scratch, from the arena. */
rnncore_status rnncore_take_values(rnncore_layout *layout, rnncore_arena *arena);

/* Runs all nodes. x and y: of all inputs and outputs. */
rnncore_status rnncore_run_nodes(const rnncore_layout *layout, rnncore_node_call *calls,
                                 const void *const *x, void *const *y);

/* The tables of a model, for one thread at a time: they are needed for microseconds. */
rnncore_array *rnncore_borrow_table(const rnncore_model *model, int64_t **slot_bytes);
void rnncore_return_table(const rnncore_model *model);

/* Whether `count` pointers are there and none is NULL. */
int rnncore_are_given(const void *const *pointers, int32_t count);

/* Whether the ids of all inputs are within the vocabularies. */
int rnncore_ids_are_known(const rnncore_model *model, const rnncore_array *values,
                          const void *const *x);

#endif
