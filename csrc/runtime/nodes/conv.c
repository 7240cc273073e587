/* Convolutions over steps: a dense layer applied to windows. A window is rows of x that stand a
 * constant distance apart, so the product reads it where it is, or in a copy with zeros around. */
#include <string.h>

#include "runtime/nodes/nodes.h"
#include "runtime/nodes/packed.h"
#include "runtime/nodes/windows.h"

enum { ACTIVATION, STRIDE, DILATION, PADDING };

static rnncore_windows windows_of(const rnncore_node *node)
{
    const rnncore_packed *packed = node->made;
    return (rnncore_windows){packed->affine.segments, node->attributes[STRIDE],
                             node->attributes[DILATION], node->attributes[PADDING]};
}

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    const int64_t *size = node->tensor[0].size;
    if (!rnncore_tensor_is(node, 0, 3, -1, -1, -1) || size[1] < 1 || size[2] < 1) {
        return RNNCORE_ERROR_MODEL;
    }
    if (rnncore_has_tensor(node, 1) && !rnncore_tensor_is(node, 1, 1, size[2], 0, 0)) {
        return RNNCORE_ERROR_MODEL;
    }
    const rnncore_windows w = {size[0], node->attributes[STRIDE], node->attributes[DILATION],
                               node->attributes[PADDING]};
    if (!rnncore_windows_are_valid(&w) || size[1] > INT32_MAX) {
        return RNNCORE_ERROR_MODEL;
    }
    const rnncore_matrix matrix = {size[0], size[1], size[2], size[2], 1};
    const rnncore_status status =
        rnncore_make_packed(node, context, &matrix, node->attributes[ACTIVATION]);
    if (status == RNNCORE_OK) {
        ((rnncore_packed *)node->made)->affine.segment_stride = w.dilation * size[1];
    }
    return status;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0];
    if (rnncore_same_shape(call) != RNNCORE_OK || x->rank != x->lead + 2 ||
        !rnncore_may_equal(x->size[x->rank - 1], packed->affine.depth)) {
        return RNNCORE_ERROR_SHAPE;
    }
    const int64_t count = rnncore_windows_count(&w, x->size[x->lead]);
    call->out[0]->size[x->lead] = count;
    call->out[0]->size[x->rank - 1] = packed->affine.units;
    return count < RNNCORE_UNKNOWN ? RNNCORE_ERROR_SHAPE : RNNCORE_OK;
}

/* Steps of a row with its zeros around it, as far as windows reach. */
static int64_t padded_steps(const rnncore_windows *w, int64_t count)
{
    const int64_t first = rnncore_size_product(count > 0 ? count - 1 : 0, w->stride);
    return first < 0 ? first : first + rnncore_windows_reach(w);
}

static int64_t padded_numbers(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    const int64_t count = call->out[0]->size[call->out[0]->lead];
    return rnncore_count(padded_steps(&w, count), packed->affine.depth);
}

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    return rnncore_rows_scratch(call, padded_numbers(call), bytes);
}

/* A row with zeros around it, in `room`, or itself where there are none. */
static const char *padded(const rnncore_windows *w, size_t step, const char *x, int64_t steps,
                          int64_t count, char *room)
{
    const int64_t before = rnncore_windows_before(w, steps), all = padded_steps(w, count);
    if (before == 0 && all <= steps) {
        return x;
    }
    const int64_t used = all - before < steps ? all - before : steps;
    memset(room, 0, (size_t)before * step);
    memcpy(room + (size_t)before * step, x, (size_t)used * step);
    memset(room + (size_t)(before + used) * step, 0, (size_t)(all - before - used) * step);
    return room;
}

static void run_row(const rnncore_node_call *call, int64_t row, void *products, void *own)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_affine *affine = &packed->affine;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const int64_t steps = x->size[x->lead], count = y->size[y->lead];
    const size_t step = (size_t)affine->depth * affine->element;
    const char *from = (const char *)x->data + (size_t)(row * steps) * step;
    char *to = (char *)y->data + (size_t)(row * count * affine->units) * affine->element;
    rnncore_affine_run(affine, call->context, count, padded(&w, step, from, steps, count, own),
                       w.stride * affine->depth, to, products);
}

/* ---- streams: the last steps of each row ---- */

static int streams(const rnncore_node_call *call)
{
    return call->node->attributes[STRIDE] == 1 &&
           (call->node->attributes[PADDING] == RNNCORE_PADDING_CAUSAL ||
            windows_of(call->node).size == 1);
}

/* What stands at call->state: for each row room for `room` steps, of which those that it keeps
 * begin at step `first`. There is room for as many new ones again, so that they move to its start
 * only when so many have come. */
typedef struct kept_steps {
    int64_t first, room;
    char *rows;
} kept_steps;

static int64_t steps_kept(const rnncore_node_call *call)
{
    const rnncore_windows w = windows_of(call->node);
    return rnncore_windows_reach(&w) - 1;
}

static kept_steps take(const rnncore_node_call *call, int64_t batch, int64_t steps,
                       rnncore_arena *arena)
{
    const rnncore_packed *packed = call->node->made;
    const int64_t kept = steps_kept(call);
    kept_steps state = {.room = kept + (kept > steps ? kept : steps)};
    rnncore_arena_take(arena, 1, sizeof state);
    const int64_t numbers = rnncore_count(state.room, packed->affine.depth);
    state.rows = rnncore_arena_take(arena, rnncore_count(batch, numbers), packed->affine.element);
    return state;
}

static rnncore_status state_bytes(const rnncore_node_call *call, int64_t batch, int64_t steps,
                                  size_t *bytes)
{
    rnncore_arena arena = {NULL, 0, 0};
    take(call, batch, steps, &arena);
    return rnncore_arena_size(&arena, bytes);
}

static rnncore_status state_begin(const rnncore_node_call *call, int64_t batch, int64_t steps)
{
    rnncore_arena arena = {call->state, 0, 0};
    *(kept_steps *)call->state = take(call, batch, steps, &arena);
    return RNNCORE_OK;
}

static int64_t state_size(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    return steps_kept(call) * packed->affine.depth;
}

static size_t step_bytes(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    return (size_t)packed->affine.depth * packed->affine.element;
}

/* A step of a row, counted from the first one that it keeps. */
static char *kept_step(const rnncore_node_call *call, int64_t row, int64_t step)
{
    const kept_steps *state = call->state;
    return state->rows + (size_t)(row * state->room + state->first + step) * step_bytes(call);
}

static void state_get(const rnncore_node_call *call, int64_t row, void *numbers)
{
    memcpy(numbers, kept_step(call, row, 0), (size_t)steps_kept(call) * step_bytes(call));
}

static void state_set(const rnncore_node_call *call, int64_t row, const void *numbers)
{
    const size_t bytes = (size_t)steps_kept(call) * step_bytes(call);
    if (numbers == NULL) {
        memset(kept_step(call, row, 0), 0, bytes);
    } else {
        memcpy(kept_step(call, row, 0), numbers, bytes);
    }
}

/* Puts the steps of a call behind those that are kept. */
static void append(const rnncore_node_call *call, int64_t batch, int64_t steps)
{
    kept_steps *state = call->state;
    const int64_t kept = steps_kept(call);
    const size_t bytes = (size_t)steps * step_bytes(call);
    if (state->first + kept + steps > state->room) {
        for (int64_t row = 0; row < batch; row++) {
            char *first = kept_step(call, row, 0);
            memmove(first - (size_t)state->first * step_bytes(call), first,
                    (size_t)kept * step_bytes(call));
        }
        state->first = 0;
    }
    for (int64_t row = 0; row < batch; row++) {
        memcpy(kept_step(call, row, kept), (const char *)call->in[0]->data + (size_t)row * bytes,
               bytes);
    }
}

static void run_steps(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_affine *affine = &packed->affine;
    kept_steps *state = call->state;
    const int64_t batch = call->in[0]->size[0], steps = call->in[0]->size[1];
    const size_t y_row = (size_t)(steps * affine->units) * affine->element;
    char *y = call->out[0]->data;
    append(call, batch, steps);
    if (steps == 1) { /* one product for all rows */
        rnncore_affine_rows(affine, batch, kept_step(call, 0, 0), state->room * affine->depth, y,
                            call->scratch);
    } else {
        for (int64_t row = 0; row < batch; row++) {
            rnncore_affine_rows(affine, steps, kept_step(call, row, 0), affine->depth,
                                y + (size_t)row * y_row, call->scratch);
        }
    }
    state->first += steps;
}

static rnncore_status run(const rnncore_node_call *call)
{
    if (call->state == NULL) {
        rnncore_run_rows(call, call->out[0]->size[call->out[0]->lead], padded_numbers(call),
                         run_row);
    } else {
        run_steps(call);
    }
    return RNNCORE_OK;
}

static const rnncore_state_kind state = {state_bytes, state_begin, state_size, state_get,
                                         state_set};

const rnncore_node_kind rnncore_conv_kind = {.name = "conv",
                                             .least_inputs = 1,
                                             .most_inputs = 1,
                                             .least_outputs = 1,
                                             .most_outputs = 1,
                                             .least_tensors = 1,
                                             .most_tensors = 2,
                                             .make = make,
                                             .destroy = rnncore_destroy_packed,
                                             .shape = shape,
                                             .scratch = scratch,
                                             .run = run,
                                             .streams = streams,
                                             .state = &state};
