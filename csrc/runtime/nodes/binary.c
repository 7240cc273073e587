/* Two arrays, or an array and a constant, number by number. */
#include <string.h>

#include "runtime/kinds.h"
#include "runtime/nodes/reals.h"

/* The axes of the result but those of size 1, those that stand side by side in both operands
 * joined, and the strides of the operands along them: 0 where one is repeated, else 1 along the
 * last. */
typedef struct broadcast {
    int32_t rank;
    int64_t size[RNNCORE_AXES], a[RNNCORE_AXES], b[RNNCORE_AXES];
} broadcast;

#define TEMPLATE "runtime/nodes/binary.inc.h"
#include "kernels/dtypes.inc.h"

/* The second operand: an input, or a tensor as an array without rows. */
static int take_second(const rnncore_node_call *call, rnncore_array *b)
{
    const rnncore_tensor *t = &call->node->tensor[0];
    if (call->node->inputs > 1 && call->in[1] != NULL) {
        *b = *call->in[1];
        return 1;
    }
    *b = (rnncore_array){
        .data = (void *)(uintptr_t)t->data, .type = t->type, .rank = t->rank, .lead = 0};
    memcpy(b->size, t->size, (size_t)t->rank * sizeof *t->size);
    return t->data != NULL;
}

/* The size of x on an axis of a result of `rank` axes whose first `lead` are rows: 1 where it has
 * no such axis. */
static int64_t size_on(const rnncore_array *x, int32_t axis, int32_t rank)
{
    if (axis < x->lead) {
        return x->size[axis];
    }
    const int32_t own = axis - (rank - x->rank);
    return own >= x->lead ? x->size[own] : 1;
}

static int64_t stride_on(const rnncore_array *x, int32_t axis, int32_t rank)
{
    const int32_t own = axis < x->lead ? axis : axis - (rank - x->rank);
    if (own < 0 || (axis >= x->lead && own < x->lead) || x->size[own] == 1) {
        return 0;
    }
    return rnncore_sizes(x, own + 1, x->rank);
}

/* NumPy's rule, for sizes that may be unknown. */
static int64_t joint_size(int64_t a, int64_t b, int *fits)
{
    *fits &= a == 1 || b == 1 || rnncore_may_equal(a, b);
    return a == 1 || (a < 0 && b > 1) ? b : a;
}

static rnncore_status shape(const rnncore_node_call *call)
{
    const rnncore_array *a = call->in[0];
    rnncore_array *y = call->out[0], b;
    const int has_second = take_second(call, &b);
    /* A constant has no rows; its axes are the last ones, and there may be none behind the batch.
     */
    const int32_t beyond = b.lead == 0 ? a->lead + b.rank : b.rank;
    int fits = has_second && a->type == (int32_t)call->node->dtype && b.type == a->type &&
               (b.lead == 0 || b.lead == a->lead) && beyond <= RNNCORE_AXES;
    *y = (rnncore_array){.type = a->type, .lead = a->lead};
    y->rank = a->rank > beyond ? a->rank : beyond;
    for (int32_t axis = 0; fits && axis < y->rank; axis++) {
        if (axis < y->lead) {
            fits = b.lead == 0 || rnncore_may_equal(a->size[axis], b.size[axis]);
            y->size[axis] = a->size[axis] < 0 && b.lead > 0 ? b.size[axis] : a->size[axis];
        } else {
            y->size[axis] =
                joint_size(size_on(a, axis, y->rank), size_on(&b, axis, y->rank), &fits);
        }
    }
    return fits ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

/* Joins axes that both operands walk through without a gap. */
static broadcast broadcast_of(const rnncore_array *a, const rnncore_array *b,
                              const rnncore_array *y)
{
    broadcast all = {.rank = 1, .size = {1}};
    for (int32_t axis = 0; axis < y->rank; axis++) {
        const int64_t size = y->size[axis];
        const int64_t of_a = stride_on(a, axis, y->rank), of_b = stride_on(b, axis, y->rank);
        int32_t last = all.rank - 1;
        if (size == 1) {
            continue;
        }
        const int joined = all.a[last] == of_a * size && all.b[last] == of_b * size;
        if (!joined && all.size[last] != 1) {
            all.size[last = all.rank++] = 1;
        }
        all.size[last] *= size;
        all.a[last] = of_a;
        all.b[last] = of_b;
    }
    return all;
}

static rnncore_status run(const rnncore_node_call *call)
{
    const rnncore_array *a = call->in[0];
    rnncore_array second;
    take_second(call, &second);
    const rnncore_array *b = &second;
    if (call->node->attributes[1]) {
        b = a;
        a = &second;
    }
    const broadcast all = broadcast_of(a, b, call->out[0]);
    if (rnncore_numbers(call->out[0]) == 0) {
        return RNNCORE_OK;
    }
    RNNCORE_OF(call->node, binary)
    (call->node->attributes[0], &all, a->data, b->data, call->out[0]->data);
    return RNNCORE_OK;
}

static rnncore_status make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t *a = node->attributes;
    const int fits = a[0] >= RNNCORE_OPERATION_ADD && a[0] <= RNNCORE_OPERATION_FIRST &&
                     a[1] >= 0 && a[1] <= 1 && node->tensor[0].rank < RNNCORE_AXES;
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

/* Both walk through the steps, and a constant does not change with them. */
static int streams(const rnncore_node_call *call)
{
    rnncore_array b;
    take_second(call, &b);
    const int32_t rank = call->out[0]->rank;
    if (b.lead == 0) {
        return call->in[0]->rank == rank && size_on(&b, 1, rank) == 1;
    }
    return call->in[0]->rank == rank && b.rank == rank && call->in[0]->streamed && b.streamed;
}

const rnncore_node_kind rnncore_binary_kind = {.name = "binary",
                                               .least_inputs = 1,
                                               .most_inputs = 2,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .most_tensors = 1,
                                               .keeps_tensors = 1,
                                               .make = make,
                                               .shape = shape,
                                               .run = run,
                                               .streams = streams};
