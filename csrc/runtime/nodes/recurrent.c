/* The recurrent layers: a whole sequence from given states, or the next steps of a stream. */
#include <string.h>

#include "cells/forward.h"
#include "cells/stepper.h"
#include "runtime/kinds.h"
#include "runtime/nodes/nodes.h"

enum { CELL, ACTIVATION, GATE_ACTIVATION, RESET_AFTER, GO_BACKWARDS, SEQUENCES, ZERO_MASKED };
enum { X, MASK, H, C };

static void destroy(void *made)
{
    rnncore_weights_destroy(made);
}

static int is_flag(int64_t value, int64_t most)
{
    return value >= 0 && value <= most;
}

/* Whether the sizes of the weights fit each other, and the bias them. */
static int weights_fit(const rnncore_node *node, int64_t gates)
{
    const rnncore_tensor *u = &node->tensor[1];
    if (!rnncore_tensor_is(node, 0, 2, -1, -1, 0) || !rnncore_tensor_is(node, 1, 2, -1, -1, 0) ||
        u->size[0] < 1 || u->size[0] > INT32_MAX || u->size[1] != gates * u->size[0] ||
        node->tensor[0].size[0] < 1 || node->tensor[0].size[1] != u->size[1]) {
        return 0;
    }
    if (!rnncore_has_tensor(node, 2)) {
        return 1;
    }
    const int two_rows = node->attributes[CELL] == RNNCORE_GRU && node->attributes[RESET_AFTER];
    return two_rows ? rnncore_tensor_is(node, 2, 2, 2, u->size[1], 0)
                    : rnncore_tensor_is(node, 2, 1, u->size[1], 0, 0);
}

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    static const int64_t gates[] = {[RNNCORE_RNN] = 1, [RNNCORE_LSTM] = 4, [RNNCORE_GRU] = 3};
    const int64_t *a = node->attributes;
    if (!is_flag(a[CELL], RNNCORE_GRU) || !is_flag(a[ACTIVATION], RNNCORE_HARD_SIGMOID) ||
        !is_flag(a[GATE_ACTIVATION], RNNCORE_HARD_SIGMOID) || !is_flag(a[RESET_AFTER], 1) ||
        !is_flag(a[GO_BACKWARDS], 1) || !is_flag(a[SEQUENCES], 2) || !is_flag(a[ZERO_MASKED], 1) ||
        !weights_fit(node, gates[a[CELL]]) || node->outputs > (a[CELL] == RNNCORE_LSTM ? 3 : 2) ||
        node->inputs > (a[CELL] == RNNCORE_LSTM ? 4 : 3)) {
        return RNNCORE_ERROR_MODEL;
    }
    const rnncore_layer layer = {.struct_size = sizeof layer,
                                 .cell = (int32_t)a[CELL],
                                 .dtype = (int32_t)node->dtype,
                                 .input_size = node->tensor[0].size[0],
                                 .hidden_size = node->tensor[1].size[0],
                                 .activation = (int32_t)a[ACTIVATION],
                                 .recurrent_activation = (int32_t)a[GATE_ACTIVATION],
                                 .reset_after = (int32_t)a[RESET_AFTER]};
    rnncore_weights *weights = NULL;
    rnncore_status status =
        rnncore_weights_create(context, &layer, node->tensor[0].data, node->tensor[1].data,
                               node->tensor[2].data, &weights);
    node->made = weights;
    return status == RNNCORE_ERROR_INVALID_ARGUMENT ? RNNCORE_ERROR_MODEL : status;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Whether the first axes of two arrays may have the same sizes. */
static int same_sizes(const rnncore_array *a, const rnncore_array *b, int32_t axes)
{
    int same = 1;
    for (int32_t axis = 0; axis < axes; axis++) {
        same &= rnncore_may_equal(a->size[axis], b->size[axis]);
    }
    return same;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_weights *w = call->node->made;
    const rnncore_array *x = call->in[X], *mask = call->in[MASK];
    rnncore_array *y = call->out[0];
    if (!rnncore_is_float(call, X) || x->rank != x->lead + 2 ||
        !rnncore_may_equal(x->size[x->rank - 1], w->input)) {
        return RNNCORE_ERROR_SHAPE;
    }
    if (mask != NULL && (mask->type != RNNCORE_MASK || mask->rank != x->rank - 1 ||
                         !same_sizes(mask, x, mask->rank))) {
        return RNNCORE_ERROR_SHAPE;
    }
    for (int32_t i = H; i < call->node->inputs; i++) {
        const rnncore_array *state = call->in[i];
        if (state != NULL && (!rnncore_is_float(call, i) || state->rank != x->rank - 1 ||
                              !same_sizes(state, x, x->lead) ||
                              !rnncore_may_equal(state->size[state->rank - 1], w->hidden))) {
            return RNNCORE_ERROR_SHAPE;
        }
    }
    for (int32_t i = call->node->outputs - 1; i >= 0; i--) {
        rnncore_array *out = call->out[i];
        *out = (rnncore_array){.type = x->type, .rank = x->rank - 1, .lead = x->lead};
        memcpy(out->size, x->size, (size_t)x->lead * sizeof *x->size);
        out->size[x->lead] = w->hidden;
    }
    if (rnncore_is_streamed(x)) { /* what a whole sequence gives is there after each step */
        for (int32_t i = 0; i < call->node->outputs; i++) {
            rnncore_array *out = call->out[i];
            *out = (rnncore_array){.type = x->type, .rank = 3, .lead = 2};
            memcpy(out->size, x->size, 2 * sizeof *x->size);
            out->size[2] = w->hidden;
        }
        y->lead = call->node->attributes[SEQUENCES] ? 1 : 2;
    } else if (call->node->attributes[SEQUENCES]) {
        y->size[x->lead] = x->size[x->lead];
        y->size[y->rank++] = w->hidden;
    }
    return RNNCORE_OK;
}

/* ---- whole sequences ------------------------------------------------------------------------- */

/* The batch of a call; pointers to what is not there yet are NULL. */
static rnncore_batch batch_of(const rnncore_node_call *call)
{
    const rnncore_weights *w = call->node->made;
    const rnncore_array *x = call->in[X];
    const int64_t steps = x->size[x->lead];
    return (rnncore_batch){.struct_size = sizeof(rnncore_batch),
                           .steps = steps,
                           .batch = rnncore_rows(x),
                           .x = x->data,
                           .x_stride_batch = steps * w->input,
                           .x_stride_time = w->input,
                           .x_stride_feature = 1,
                           .y_stride_batch = steps * w->hidden,
                           .y_stride_time = w->hidden,
                           .y_stride_feature = 1,
                           .go_backwards = call->node->attributes[GO_BACKWARDS] != 0,
                           .zero_masked = call->node->attributes[ZERO_MASKED] != 0};
}

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    static const char any;
    const rnncore_batch batch = batch_of(call);
    if (call->in[MASK] != NULL) {
        return rnncore_forward_most_workspace(call->context, call->node->made, batch.batch,
                                              batch.steps, bytes);
    }
    rnncore_batch dense = batch;
    dense.x = &any;
    return rnncore_forward_workspace_size(call->context, call->node->made, &dense, bytes);
}

/* As in Keras fully masked rows give zeros whatever the states, and with zero_masked rows whose
 * last step is masked. */
static void clear_masked(const rnncore_node_call *call, const rnncore_batch *batch)
{
    const rnncore_weights *w = call->node->made;
    const size_t row = (size_t)w->hidden * w->element;
    const uint8_t *bits = call->in[MASK]->data;
    for (int64_t b = 0; b < batch->batch; b++, bits += batch->steps) {
        const int64_t last = batch->go_backwards ? 0 : batch->steps - 1;
        const int real = batch->zero_masked ? batch->steps > 0 && bits[last]
                                            : memchr(bits, 1, (size_t)batch->steps) != NULL;
        if (!real) {
            memset((char *)call->out[0]->data + (size_t)b * row, 0, row);
        }
    }
}

static void give_outputs(const rnncore_node_call *call, rnncore_batch *batch)
{
    const rnncore_weights *w = call->node->made;
    const int32_t outputs = call->node->outputs;
    batch->final_h = outputs > 1 ? call->out[1]->data : NULL;
    batch->final_c = outputs > 2 ? call->out[2]->data : NULL;
    if (!call->node->attributes[SEQUENCES]) {
        batch->final_h = call->out[0]->data;
        return;
    }
    batch->y = call->out[0]->data;
    if (batch->go_backwards && call->node->attributes[SEQUENCES] == 1 && batch->steps > 0) {
        batch->y = (char *)batch->y + (size_t)((batch->steps - 1) * w->hidden) * w->element;
        batch->y_stride_time = -w->hidden; /* the steps in the order of processing */
    }
}

static rnncore_status run_sequences(const rnncore_node_call *call)
{
    const rnncore_weights *w = call->node->made;
    const rnncore_array *mask = call->in[MASK];
    const int masked = mask != NULL && !mask->absent;
    rnncore_batch batch = batch_of(call);
    size_t bytes;
    if (masked) { /* not its lengths, behind which y would be 0, not that of the last real step */
        batch.mask = mask->data;
    }
    batch.initial_h = call->in[H] == NULL ? NULL : call->in[H]->data;
    batch.initial_c = call->in[C] == NULL ? NULL : call->in[C]->data;
    give_outputs(call, &batch);
    rnncore_status status = scratch(call, &bytes);
    if (status == RNNCORE_OK) {
        status = rnncore_forward(call->context, w, &batch, call->scratch, bytes);
    }
    if (status == RNNCORE_OK && !call->node->attributes[SEQUENCES]) {
        if (call->node->outputs > 1) {
            memcpy(call->out[1]->data, call->out[0]->data,
                   (size_t)(batch.batch * w->hidden) * w->element);
        }
        if (masked) {
            clear_masked(call, &batch);
        }
    }
    return status;
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Backwards it would need the end first; given states belong to the start. */
static int streams(const rnncore_node_call *call)
{
    return !call->node->attributes[GO_BACKWARDS] && call->in[H] == NULL && call->in[C] == NULL;
}

/* What stands at call->state. */
typedef struct stream_state {
    rnncore_stepper stepper;
    char *kept; /* (B, state_size): the states of masked rows, or those that are outputs */
} stream_state;

static int64_t state_size(const rnncore_node_call *call)
{
    const rnncore_weights *w = call->node->made;
    return w->layer.cell == RNNCORE_LSTM ? 2 * w->hidden : w->hidden;
}

static rnncore_status take(const rnncore_node_call *call, int64_t batch, int64_t steps,
                           stream_state *state, void **memory, rnncore_arena *arena)
{
    const rnncore_weights *w = call->node->made;
    size_t bytes;
    const rnncore_status status = rnncore_stepper_size(call->context, w, batch, steps, &bytes);
    if (status != RNNCORE_OK || bytes > INT64_MAX) {
        return status == RNNCORE_OK ? RNNCORE_ERROR_OVERFLOW : status;
    }
    rnncore_arena_take(arena, 1, sizeof *state);
    *memory = rnncore_arena_take(arena, (int64_t)bytes, 1);
    if (call->in[MASK] != NULL || call->node->outputs > 1) {
        state->kept = rnncore_arena_take(arena, rnncore_count(batch, state_size(call)), w->element);
    }
    return RNNCORE_OK;
}

static rnncore_status state_bytes(const rnncore_node_call *call, int64_t batch, int64_t steps,
                                  size_t *bytes)
{
    stream_state state;
    void *memory;
    rnncore_arena arena = {NULL, 0, 0};
    const rnncore_status status = take(call, batch, steps, &state, &memory, &arena);
    return status == RNNCORE_OK ? rnncore_arena_size(&arena, bytes) : status;
}

static rnncore_status state_begin(const rnncore_node_call *call, int64_t batch, int64_t steps)
{
    stream_state *state = call->state;
    void *memory;
    rnncore_arena arena = {call->state, 0, 0};
    const rnncore_status status = take(call, batch, steps, state, &memory, &arena);
    return status == RNNCORE_OK ? rnncore_stepper_create(&state->stepper, call->context,
                                                         call->node->made, batch, steps, memory)
                                : status;
}

static void state_get(const rnncore_node_call *call, int64_t row, void *numbers)
{
    rnncore_stepper_get(&((const stream_state *)call->state)->stepper, row, numbers);
}

static void state_set(const rnncore_node_call *call, int64_t row, const void *numbers)
{
    rnncore_stepper_set(&((stream_state *)call->state)->stepper, row, numbers);
}

/* The steps [first, first + steps) of the call. */
static void advance(const rnncore_node_call *call, int64_t first, int64_t steps)
{
    const rnncore_weights *w = call->node->made;
    const int64_t all = call->in[X]->size[1];
    rnncore_stepper_run(&((stream_state *)call->state)->stepper,
                        (const char *)call->in[X]->data + (size_t)(first * w->input) * w->element,
                        all * w->input, w->input, steps,
                        (char *)call->out[0]->data + (size_t)(first * w->hidden) * w->element,
                        all * w->hidden, w->hidden);
}

/* A step that some rows do not take: their states stay, and their y is that of the step before,
 * which is h, or zero. */
static void advance_masked(const rnncore_node_call *call, int64_t step)
{
    const rnncore_weights *w = call->node->made;
    const stream_state *state = call->state;
    const int64_t steps = call->in[X]->size[1], batch = call->in[X]->size[0];
    const size_t row = (size_t)state_size(call) * w->element, h = (size_t)w->hidden * w->element;
    const uint8_t *real = (const uint8_t *)call->in[MASK]->data + step;
    for (int64_t b = 0; b < batch; b++) {
        if (!real[b * steps]) {
            state_get(call, b, state->kept + (size_t)b * row);
        }
    }
    advance(call, step, 1);
    for (int64_t b = 0; b < batch; b++) {
        char *y = (char *)call->out[0]->data + (size_t)(b * steps + step) * h;
        const char *kept = state->kept + (size_t)b * row;
        if (real[b * steps]) {
            continue;
        }
        state_set(call, b, kept);
        if (call->node->attributes[ZERO_MASKED]) {
            memset(y, 0, h);
        } else {
            memcpy(y, kept, h);
        }
    }
}

/* The states behind a step, for a layer that gives them. */
static void give_states(const rnncore_node_call *call, int64_t step)
{
    const rnncore_weights *w = call->node->made;
    char *numbers = ((const stream_state *)call->state)->kept;
    const int64_t steps = call->in[X]->size[1];
    const size_t h = (size_t)w->hidden * w->element;
    for (int64_t b = 0; b < call->in[X]->size[0]; b++) {
        state_get(call, b, numbers);
        for (int32_t i = 1; i < call->node->outputs; i++) {
            char *to = (char *)call->out[i]->data + (size_t)(b * steps + step) * h;
            memcpy(to, numbers + (size_t)(i - 1) * h, h);
        }
    }
}

static rnncore_status run(const rnncore_node_call *call)
{
    if (call->state == NULL) {
        return run_sequences(call);
    }
    const rnncore_array *mask = call->in[MASK];
    const int masked = mask != NULL && !mask->absent;
    const int64_t steps = call->in[X]->size[1];
    if (!masked && call->node->outputs == 1) {
        advance(call, 0, steps);
        return RNNCORE_OK;
    }
    for (int64_t t = 0; t < steps; t++) {
        if (masked) {
            advance_masked(call, t);
        } else {
            advance(call, t, 1);
        }
        if (call->node->outputs > 1) {
            give_states(call, t);
        }
    }
    return RNNCORE_OK;
}

static const rnncore_state_kind state = {state_bytes, state_begin, state_size, state_get,
                                         state_set};

const rnncore_node_kind rnncore_recurrent_kind = {.name = "recurrent",
                                                  .least_inputs = 1,
                                                  .most_inputs = 4,
                                                  .least_outputs = 1,
                                                  .most_outputs = 3,
                                                  .least_tensors = 2,
                                                  .most_tensors = 3,
                                                  .make = make,
                                                  .destroy = destroy,
                                                  .shape = shape,
                                                  .scratch = scratch,
                                                  .run = run,
                                                  .streams = streams,
                                                  .state = &state};
