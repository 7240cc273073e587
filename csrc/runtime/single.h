/* What Python asks of models and nodes beside rnncore_model.h. */
#ifndef RNNCORE_RUNTIME_SINGLE_H
#define RNNCORE_RUNTIME_SINGLE_H

#include "runtime/node.h"

/* Whether in a stream output i is one of each step, not one of the steps so far. */
int32_t rnncore_model_output_streams(const rnncore_model *model, int32_t i);

/* The first node of a model that cannot stream which does not take its steps as they come, or -1:
 * it is the inputs or the outputs that do not. */
int32_t rnncore_model_blocking_node(const rnncore_model *model);

/* A model of one recurrent layer, which gives h of every step. The weights outlive it. */
rnncore_status rnncore_model_of_weights(rnncore_context *context, const rnncore_weights *weights,
                                        rnncore_model **out);

/* A node that runs by itself: `call` with its inputs set, and the outputs for their shapes. Made
 * from *node, whose `kind` is NULL, with the number of its kind; tensors are copied or packed.
 * Leaves nothing behind when it fails. */
rnncore_status rnncore_single_begin(rnncore_context *context, rnncore_node *node, int32_t kind,
                                    rnncore_node_call *call, size_t *scratch);

/* Runs it, unless it is a view, and frees what was made. */
rnncore_status rnncore_single_end(rnncore_node_call *call, rnncore_node *node);

#endif
