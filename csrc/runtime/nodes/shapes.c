/* Nodes that give their input other axes; its numbers stay where they are. */
#include "runtime/nodes/nodes.h"

static rnncore_status copy_axes(const rnncore_node_call *call)
{
    *call->out[0] = *call->in[0];
    call->out[0]->data = NULL;
    call->out[0]->lengths = NULL;
    return RNNCORE_OK;
}

static rnncore_status fold_shape(const rnncore_node_call *call)
{
    copy_axes(call);
    call->out[0]->lead++;
    return call->out[0]->lead <= call->out[0]->rank ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static rnncore_status unfold_shape(const rnncore_node_call *call)
{
    copy_axes(call);
    call->out[0]->lead--;
    return call->out[0]->lead >= 1 ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

const rnncore_node_kind rnncore_fold_kind = {.name = "fold",
                                             .least_inputs = 1,
                                             .most_inputs = 1,
                                             .least_outputs = 1,
                                             .most_outputs = 1,
                                             .is_view = 1,
                                             .shape = fold_shape,
                                             .streams = rnncore_each_step};

const rnncore_node_kind rnncore_unfold_kind = {.name = "unfold",
                                               .least_inputs = 1,
                                               .most_inputs = 1,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .is_view = 1,
                                               .shape = unfold_shape,
                                               .streams = rnncore_each_step};

/* ---- other axes behind the rows ---- */

/* Sizes of at least 1, of which one may be -1 for what is left. */
static rnncore_status reshape_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t count = node->attributes[0];
    int64_t known = 1;
    int32_t left = 0;
    if (count < 0 || count >= RNNCORE_AXES) {
        return RNNCORE_ERROR_MODEL;
    }
    for (int64_t i = 1; i <= count; i++) {
        const int64_t size = node->attributes[i];
        left += size == -1;
        known = rnncore_size_product(known, size == -1 ? 1 : size);
    }
    return known > 0 && left <= 1 ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status reshape_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    rnncore_array *y = call->out[0];
    const int64_t *a = call->node->attributes;
    const int64_t total = rnncore_sizes(x, x->lead, x->rank);
    int64_t known = 1;
    copy_axes(call);
    if (x->type == RNNCORE_MASK || x->lead + a[0] > RNNCORE_AXES) {
        return RNNCORE_ERROR_SHAPE;
    }
    y->rank = x->lead + (int32_t)a[0];
    for (int64_t i = 0; i < a[0]; i++) {
        known *= a[1 + i] > 0 ? a[1 + i] : 1;
    }
    int left = 0;
    for (int32_t i = x->lead; i < y->rank; i++) {
        y->size[i] = a[1 + i - x->lead];
        if (y->size[i] < 0) {
            left = 1;
            y->size[i] = total < 0 ? RNNCORE_UNKNOWN : total / known;
        }
    }
    return total < 0 || (left ? total % known == 0 : total == known) ? RNNCORE_OK
                                                                     : RNNCORE_ERROR_SHAPE;
}

/* The steps stay what they are if they are what is left, and each has as many numbers as before. */
static int reshape_streams(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0], *y = call->out[0];
    return call->node->attributes[0] > 0 && call->node->attributes[1] == -1 &&
           rnncore_sizes(x, 2, x->rank) == rnncore_sizes(y, 2, y->rank);
}

const rnncore_node_kind rnncore_reshape_kind = {.name = "reshape",
                                                .least_inputs = 1,
                                                .most_inputs = 1,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .is_view = 1,
                                                .make = reshape_make,
                                                .shape = reshape_shape,
                                                .streams = reshape_streams};

static rnncore_status expand_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    rnncore_array *y = call->out[0];
    const int64_t place = call->node->attributes[0];
    copy_axes(call);
    if (x->type == RNNCORE_MASK || x->rank >= RNNCORE_AXES || place < 0 ||
        place > x->rank - x->lead) {
        return RNNCORE_ERROR_SHAPE;
    }
    for (int32_t i = y->rank++; i > x->lead + place; i--) {
        y->size[i] = y->size[i - 1];
    }
    y->size[x->lead + place] = 1;
    return RNNCORE_OK;
}

static int expand_streams(const rnncore_node_call *call)
{
    return call->node->attributes[0] > 0;
}

const rnncore_node_kind rnncore_expand_kind = {.name = "expand",
                                               .least_inputs = 1,
                                               .most_inputs = 1,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .is_view = 1,
                                               .shape = expand_shape,
                                               .streams = expand_streams};
