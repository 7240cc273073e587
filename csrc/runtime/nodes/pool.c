/* The largest or the mean of windows of steps. */
#include <math.h>
#include <string.h>

#include "runtime/nodes/axes.h"
#include "runtime/nodes/reals.h"
#include "runtime/nodes/windows.h"

#define TEMPLATE "runtime/nodes/pool.inc.h"
#include "kernels/dtypes.inc.h"

enum { REDUCTION, SIZE, STRIDE, PADDING };

static rnncore_windows windows_of(const rnncore_node *node)
{
    const int64_t *a = node->attributes;
    return (rnncore_windows){a[SIZE], a[STRIDE], 1, a[PADDING]};
}

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const rnncore_windows w = windows_of(node);
    const int64_t reduction = node->attributes[REDUCTION];
    const int fits = rnncore_windows_are_valid(&w) && w.padding != RNNCORE_PADDING_CAUSAL &&
                     (reduction == RNNCORE_REDUCE_MEAN || reduction == RNNCORE_REDUCE_MAX);
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0];
    const rnncore_array *mask = call->node->inputs > 1 ? call->in[1] : NULL;
    if (rnncore_same_shape(call) != RNNCORE_OK || x->rank != x->lead + 2 ||
        (mask != NULL && (mask->rank != 2 || x->lead != 1 || !rnncore_mask_fits(mask, x)))) {
        return RNNCORE_ERROR_SHAPE;
    }
    const int64_t count = rnncore_windows_count(&w, x->size[x->lead]);
    call->out[0]->size[x->lead] = count;
    return count < RNNCORE_UNKNOWN ? RNNCORE_ERROR_SHAPE : RNNCORE_OK;
}

/* The windows of a row of which `real` steps count; zeros behind them. A window has one of these
 * steps at least: padding in front is less than a window. */
static void pool_row(const rnncore_node_call *call, int64_t row, int64_t real, int64_t windows)
{
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const int64_t steps = x->size[x->lead], count = y->size[y->lead];
    const int64_t features = x->size[x->rank - 1], before = rnncore_windows_before(&w, steps);
    const size_t step = (size_t)features * rnncore_type_bytes(x->type);
    const char *from = (const char *)x->data + (size_t)(row * steps) * step;
    char *to = (char *)y->data + (size_t)(row * count) * step;
    for (int64_t i = 0; i < windows; i++, to += step) {
        const int64_t first = i * w.stride - before, end = first + w.size;
        RNNCORE_OF(call->node, pool_window)
        (call->node->attributes[REDUCTION], first > 0 ? first : 0, end < real ? end : real,
         features, from, to);
    }
    memset(to, 0, (size_t)(count - windows) * step);
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_windows w = windows_of(call->node);
    const rnncore_array *x = call->in[0], *y = call->out[0];
    const rnncore_array *mask = call->node->inputs > 1 ? call->in[1] : NULL;
    const int64_t steps = x->size[x->lead], count = y->size[y->lead], rows = rnncore_rows(x);
    const int ends = mask != NULL && !mask->absent && mask->lengths != NULL;
    for (int64_t row = 0; row < rows; row++) {
        const int64_t real = ends ? mask->lengths[row] : steps;
        const int64_t windows = ends ? rnncore_windows_count(&w, real) : count;
        pool_row(call, row, real, windows > 0 ? windows : 0);
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_pool_kind = {.name = "pool",
                                             .least_inputs = 1,
                                             .most_inputs = 2,
                                             .least_outputs = 1,
                                             .most_outputs = 1,
                                             .make = make,
                                             .shape = shape,
                                             .run = run};
