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

static rnncore_status scratch(const rnncore_node_call *call, size_t *bytes)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_packed_scratch(call, bytes);
    rnncore_arena_take(&arena, (int64_t)*bytes, 1);
    const int64_t steps = padded_steps(&w, call->out[0]->size[call->out[0]->lead]);
    rnncore_arena_take(&arena, rnncore_count(steps, packed->affine.depth), packed->affine.element);
    return rnncore_arena_size(&arena, bytes);
}

/* A row with zeros around it in the scratch, or itself where there are none. */
static const char *padded(const rnncore_node_call *call, const rnncore_windows *w, const char *x,
                          int64_t steps, int64_t count)
{
    const rnncore_packed *packed = call->node->made;
    const size_t step = (size_t)packed->affine.depth * packed->affine.element;
    const int64_t before = rnncore_windows_before(w, steps), all = padded_steps(w, count);
    if (before == 0 && all <= steps) {
        return x;
    }
    size_t products;
    rnncore_packed_scratch(call, &products);
    char *row = (char *)call->scratch + products;
    const int64_t used = all - before < steps ? all - before : steps;
    memset(row, 0, (size_t)before * step);
    memcpy(row + (size_t)before * step, x, (size_t)used * step);
    memset(row + (size_t)(before + used) * step, 0, (size_t)(all - before - used) * step);
    return row;
}

static void run_rows(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_affine *affine = &packed->affine;
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const int64_t steps = x->size[x->lead], count = y->size[y->lead], rows = rnncore_rows(x);
    const size_t x_row = (size_t)(steps * affine->depth) * affine->element;
    const size_t y_row = (size_t)(count * affine->units) * affine->element;
    for (int64_t row = 0; row < rows; row++) {
        const char *from = (const char *)x->data + (size_t)row * x_row;
        rnncore_affine_run(affine, call->context, count, padded(call, &w, from, steps, count),
                           w.stride * affine->depth, (char *)y->data + (size_t)row * y_row,
                           call->scratch);
    }
}

/* ---- streams: the last steps of each row ---- */

static int streams(const rnncore_node_call *call)
{
    return call->node->attributes[STRIDE] == 1 &&
           (call->node->attributes[PADDING] == RNNCORE_PADDING_CAUSAL ||
            windows_of(call->node).size == 1);
}

static int64_t state_size(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    return rnncore_size_product(rnncore_windows_reach(&w) - 1, packed->affine.depth);
}

/* For each row the steps that it keeps, and behind them room for new ones. */
static rnncore_status state_bytes(const rnncore_node_call *call, int64_t batch, int64_t steps,
                                  size_t *bytes)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_windows w = windows_of(call->node);
    rnncore_arena arena = {NULL, 0, 0};
    const int64_t row = rnncore_count(rnncore_windows_reach(&w) - 1 + steps, packed->affine.depth);
    rnncore_arena_take(&arena, 1, sizeof steps);
    rnncore_arena_take(&arena, rnncore_count(batch, row), packed->affine.element);
    return rnncore_arena_size(&arena, bytes);
}

static rnncore_status state_begin(const rnncore_node_call *call, int64_t batch, int64_t steps)
{
    (void)batch;
    *(int64_t *)call->state = steps;
    return RNNCORE_OK;
}

static char *kept_row(const rnncore_node_call *call, int64_t row)
{
    const rnncore_packed *packed = call->node->made;
    const int64_t most = *(const int64_t *)call->state;
    const int64_t numbers = state_size(call) + most * packed->affine.depth;
    return (char *)call->state + 64 + (size_t)(row * numbers) * packed->affine.element;
}

static void state_get(const rnncore_node_call *call, int64_t row, void *numbers)
{
    const rnncore_packed *packed = call->node->made;
    const size_t bytes = (size_t)state_size(call) * packed->affine.element;
    memcpy(numbers, kept_row(call, row), bytes);
}

static void state_set(const rnncore_node_call *call, int64_t row, const void *numbers)
{
    const rnncore_packed *packed = call->node->made;
    const size_t bytes = (size_t)state_size(call) * packed->affine.element;
    if (numbers == NULL) {
        memset(kept_row(call, row), 0, bytes);
    } else {
        memcpy(kept_row(call, row), numbers, bytes);
    }
}

static void run_steps(const rnncore_node_call *call)
{
    const rnncore_packed *packed = call->node->made;
    const rnncore_affine *affine = &packed->affine;
    const int64_t batch = call->in[0]->size[0], steps = call->in[0]->size[1];
    const size_t kept = (size_t)state_size(call) * affine->element;
    const size_t x_row = (size_t)(steps * affine->depth) * affine->element;
    const size_t y_row = (size_t)(steps * affine->units) * affine->element;
    for (int64_t b = 0; b < batch; b++) {
        char *row = kept_row(call, b);
        memcpy(row + kept, (const char *)call->in[0]->data + (size_t)b * x_row, x_row);
        rnncore_affine_rows(affine, steps, row, affine->depth,
                            (char *)call->out[0]->data + (size_t)b * y_row, call->scratch);
        memmove(row, row + x_row, kept);
    }
}

static rnncore_status run(const rnncore_node_call *call)
{
    if (call->state == NULL) {
        run_rows(call);
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
