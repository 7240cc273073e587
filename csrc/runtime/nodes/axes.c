#include "runtime/nodes/axes.h"

int rnncore_axes_are_listed(const rnncore_node *node, int first)
{
    const int64_t *axes = node->attributes + first;
    int fits = axes[0] >= 1 && axes[0] < RNNCORE_NODE_ATTRIBUTES - first;
    for (int64_t i = 1; fits && i <= axes[0]; i++) {
        fits = axes[i] > -RNNCORE_AXES && axes[i] < RNNCORE_AXES;
    }
    return fits;
}

static void add_axis(rnncore_axes *axes, int64_t size, int64_t stride, int64_t mask_stride)
{
    axes->size[axes->count] = size;
    axes->stride[axes->count] = stride;
    axes->mask_stride[axes->count] = mask_stride;
    axes->count++;
    axes->numbers = rnncore_size_product(axes->numbers, size);
}

int rnncore_divide_axes(const rnncore_node_call *call, int first, const rnncore_array *mask,
                        rnncore_axes *along, rnncore_axes *others)
{
    const rnncore_array *x = call->in[0];
    const int64_t *axes = call->node->attributes + first;
    int named[RNNCORE_AXES] = {0};
    for (int64_t i = 1; i <= axes[0]; i++) {
        const int32_t place = rnncore_axis(x, axes[i]);
        if (place < 0 || named[place]) {
            return 0;
        }
        named[place] = 1;
    }
    *along = (rnncore_axes){.numbers = 1, .has_last = named[x->rank - 1]};
    *others = (rnncore_axes){.numbers = 1, .has_last = !named[x->rank - 1]};
    for (int32_t axis = 0; axis < x->rank; axis++) {
        const int64_t own =
            mask != NULL && axis < mask->rank ? rnncore_sizes(mask, axis + 1, mask->rank) : 0;
        add_axis(named[axis] ? along : others, x->size[axis], rnncore_sizes(x, axis + 1, x->rank),
                 own);
    }
    return 1;
}

int rnncore_steps_are_apart(const rnncore_node_call *call, int first)
{
    const int64_t *axes = call->node->attributes + first;
    for (int64_t i = 1; i <= axes[0]; i++) {
        if (rnncore_axis(call->in[0], axes[i]) == 1) {
            return 0;
        }
    }
    return 1;
}

int64_t rnncore_axes_offset(const rnncore_axes *axes, int64_t i, const int64_t *stride)
{
    int64_t offset = 0;
    for (int32_t axis = axes->count - 1; axis >= 0; axis--) {
        offset += i % axes->size[axis] * stride[axis];
        i /= axes->size[axis];
    }
    return offset;
}

int rnncore_mask_fits(const rnncore_array *mask, const rnncore_array *x)
{
    int fits = mask->type == RNNCORE_MASK && mask->rank <= x->rank;
    for (int32_t axis = 0; fits && axis < mask->rank; axis++) {
        fits = rnncore_may_equal(mask->size[axis], x->size[axis]);
    }
    return fits;
}
