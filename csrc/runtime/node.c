#include "runtime/node.h"

#include <stdint.h>
#include <string.h>

#include "core/platform.h"

static int within(int32_t n, int32_t least, int32_t most)
{
    return n >= least && n <= most;
}

int rnncore_tensor_is(const rnncore_node *node, int tensor, int32_t rank, int64_t a, int64_t b,
                      int64_t c)
{
    const int64_t sizes[] = {a, b, c};
    const rnncore_tensor *t = &node->tensor[tensor];
    if (!rnncore_has_tensor(node, tensor) || t->type != (int32_t)node->dtype || t->rank != rank) {
        return 0;
    }
    for (int32_t i = 0; i < rank; i++) {
        if (!rnncore_may_equal(sizes[i], t->size[i])) {
            return 0;
        }
    }
    return 1;
}

/* Copies of the tensors in place of the caller's. */
static rnncore_status keep_tensors(rnncore_node *node)
{
    for (int32_t i = 0; i < node->tensors; i++) {
        rnncore_tensor *t = &node->tensor[i];
        if (t->data == NULL) {
            continue;
        }
        size_t bytes = rnncore_type_bytes(t->type);
        for (int32_t axis = 0; axis < t->rank; axis++) {
            bytes *= (size_t)t->size[axis];
        }
        void *copy = rnncore_aligned_alloc(bytes, 1);
        if (copy != NULL) {
            memcpy(copy, t->data, bytes);
        }
        t->data = copy;
        if (copy == NULL) {
            for (i++; i < node->tensors; i++) {
                node->tensor[i].data = NULL; /* not ours to free */
            }
            return RNNCORE_ERROR_OUT_OF_MEMORY;
        }
    }
    return RNNCORE_OK;
}

/* Whether the tensors stand where their numbers can be read. */
static int are_aligned(const rnncore_node *node)
{
    uintptr_t misplaced = 0;
    for (int32_t i = 0; i < node->tensors; i++) {
        misplaced |= (uintptr_t)node->tensor[i].data % rnncore_type_bytes(node->tensor[i].type);
    }
    return misplaced == 0;
}

/* Frees the copies if `own`; else they are the caller's. */
static void drop_tensors(rnncore_node *node, int own)
{
    for (int32_t i = 0; i < RNNCORE_NODE_TENSORS; i++) {
        if (own) {
            rnncore_aligned_free((void *)(uintptr_t)node->tensor[i].data);
        }
        node->tensor[i].data = NULL;
    }
}

rnncore_status rnncore_node_make(rnncore_node *node, rnncore_context *context)
{
    const rnncore_node_kind *kind = node->kind;
    rnncore_status status = RNNCORE_ERROR_MODEL;
    if (kind != NULL && within(node->inputs, kind->least_inputs, kind->most_inputs) &&
        within(node->outputs, kind->least_outputs, kind->most_outputs) &&
        within(node->tensors, 0, kind->most_tensors)) {
        status = RNNCORE_OK;
        for (int32_t i = 0; i < kind->least_tensors && status == RNNCORE_OK; i++) {
            status = rnncore_has_tensor(node, i) ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
        }
    }
    const int own = status == RNNCORE_OK && (kind->keeps_tensors || !are_aligned(node));
    if (own) {
        status = keep_tensors(node);
    }
    if (status == RNNCORE_OK && kind->make != NULL) {
        status = kind->make(node, context);
    }
    if (status != RNNCORE_OK || !kind->keeps_tensors) {
        drop_tensors(node, own);
    }
    if (status != RNNCORE_OK) {
        rnncore_node_clear(node);
    }
    return status;
}

void rnncore_node_clear(rnncore_node *node)
{
    if (node->made != NULL && !node->lent) {
        node->kind->destroy(node->made);
    }
    drop_tensors(node, 1);
    node->made = NULL;
}

/* A streamed input makes the outputs streamed. Where its steps are not rows of the batch, the kind
 * must be able to take them as they come, and no other input may be a summary of them. */
static rnncore_status shape_in_stream(const rnncore_node_call *call)
{
    int steps = 0, summaries = 0;
    for (int32_t i = 0; i < call->node->inputs; i++) {
        const rnncore_array *x = call->in[i];
        steps += rnncore_is_streamed(x);
        summaries += x != NULL && x->streamed && x->lead > 1;
    }
    if (steps > 0) {
        const rnncore_node_kind *kind = call->node->kind;
        if (summaries > 0 || kind->streams == NULL || !kind->streams(call)) {
            return RNNCORE_ERROR_UNSUPPORTED;
        }
    }
    for (int32_t i = 0; i < call->node->outputs; i++) {
        rnncore_array *y = call->out[i];
        y->streamed = steps + summaries > 0;
        for (int32_t axis = 0; axis < y->rank && y->streamed; axis++) {
            if (y->size[axis] == 0) {
                return RNNCORE_ERROR_UNSUPPORTED; /* a step of nothing */
            }
        }
    }
    return RNNCORE_OK;
}

/* Whatever the kind: an array of rows of the batch, with sizes whose products fit where no size is
 * zero. */
static rnncore_status check_shape(const rnncore_node_call *call, const rnncore_array *y)
{
    const rnncore_array *x = NULL;
    for (int32_t i = call->node->inputs - 1; i >= 0; i--) {
        x = call->in[i] == NULL ? x : call->in[i];
    }
    if (x == NULL || y->lead < 1 || y->rank < y->lead || y->rank > RNNCORE_AXES ||
        y->size[0] != x->size[0]) {
        return RNNCORE_ERROR_SHAPE;
    }
    int64_t numbers = 8;
    for (int32_t axis = 0; axis < y->rank; axis++) {
        if (y->size[axis] < RNNCORE_UNKNOWN) {
            return RNNCORE_ERROR_SHAPE;
        }
        if (y->size[axis] > 0 && __builtin_mul_overflow(numbers, y->size[axis], &numbers)) {
            return RNNCORE_ERROR_OVERFLOW;
        }
    }
    return RNNCORE_OK;
}

rnncore_status rnncore_node_shape(const rnncore_node_call *call)
{
    for (int32_t i = 0; i < call->node->outputs; i++) {
        memset(call->out[i], 0, sizeof *call->out[i]);
    }
    rnncore_status status = call->node->kind->shape(call);
    for (int32_t i = 0; i < call->node->outputs && status == RNNCORE_OK; i++) {
        status = check_shape(call, call->out[i]);
    }
    return status == RNNCORE_OK ? shape_in_stream(call) : status;
}

rnncore_status rnncore_same_shape(const rnncore_node_call *call)
{
    rnncore_array *y = call->out[0];
    *y = *call->in[0];
    y->data = NULL;
    y->lengths = NULL;
    return rnncore_is_float(call, 0) ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

int rnncore_each_step(const rnncore_node_call *call)
{
    (void)call;
    return 1;
}
