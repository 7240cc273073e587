/* Token ids: rows of a table by their numbers, and the ids as other numbers. */
#include <string.h>

#include "runtime/nodes/nodes.h"

/* ---- embedding ---- */

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    return rnncore_tensor_is(node, 0, 2, -1, -1, 0) && node->tensor[0].size[0] > 0
               ? RNNCORE_OK
               : RNNCORE_ERROR_MODEL;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_array *ids = call->in[0];
    rnncore_array *y = call->out[0];
    if (ids->type != RNNCORE_INT32 || ids->rank >= RNNCORE_AXES) {
        return RNNCORE_ERROR_SHAPE;
    }
    *y = *ids;
    y->data = NULL;
    y->lengths = NULL;
    y->type = (int32_t)call->node->dtype;
    y->size[y->rank++] = call->node->tensor[0].size[1];
    return RNNCORE_OK;
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_tensor *table = &call->node->tensor[0];
    const size_t row = (size_t)table->size[1] * rnncore_type_bytes(table->type);
    const int64_t n = rnncore_numbers(call->in[0]);
    const int32_t *ids = call->in[0]->data;
    char *y = call->out[0]->data;
    for (int64_t i = 0; i < n; i++, y += row) {
        if (ids[i] < 0 || ids[i] >= table->size[0]) {
            return RNNCORE_ERROR_INVALID_ARGUMENT;
        }
        memcpy(y, (const char *)table->data + (size_t)ids[i] * row, row);
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_embedding_kind = {.name = "embedding",
                                                  .least_inputs = 1,
                                                  .most_inputs = 1,
                                                  .least_outputs = 1,
                                                  .most_outputs = 1,
                                                  .least_tensors = 1,
                                                  .most_tensors = 1,
                                                  .keeps_tensors = 1,
                                                  .make = make,
                                                  .shape = shape,
                                                  .run = run,
                                                  .streams = rnncore_each_step};

/* ---- ids as numbers, and numbers as ids ---- */

static rnncore_status convert_shape(const rnncore_node_call *call)
{
    const int to_ids = call->node->attributes[0] != 0;
    rnncore_array *y = call->out[0];
    *y = *call->in[0];
    y->data = NULL;
    y->lengths = NULL;
    y->type = to_ids ? RNNCORE_INT32 : (int32_t)call->node->dtype;
    return (to_ids ? rnncore_is_float(call, 0) : call->in[0]->type == RNNCORE_INT32)
               ? RNNCORE_OK
               : RNNCORE_ERROR_SHAPE;
}

/* -1, which no table has, for what is not within int32. */
static int32_t id_of(double x)
{
    return x > -1 && x < 2147483648.0 ? (int32_t)x : -1;
}

static rnncore_status convert_run(const rnncore_node_call *call)
{
    const int64_t n = rnncore_numbers(call->in[0]);
    const int32_t *ids = call->in[0]->data;
    const float *x32 = call->in[0]->data;
    const double *x64 = call->in[0]->data;
    float *y32 = call->out[0]->data;
    double *y64 = call->out[0]->data;
    int32_t *y = call->out[0]->data;
    for (int64_t i = 0; i < n; i++) {
        if (call->node->attributes[0]) {
            y[i] = id_of(call->node->dtype == RNNCORE_FLOAT32 ? (double)x32[i] : x64[i]);
        } else if (call->node->dtype == RNNCORE_FLOAT32) {
            y32[i] = (float)ids[i];
        } else {
            y64[i] = ids[i];
        }
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_convert_kind = {.name = "convert",
                                                .least_inputs = 1,
                                                .most_inputs = 1,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .shape = convert_shape,
                                                .run = convert_run,
                                                .streams = rnncore_each_step};
