/* Nodes that work along some axes: of each place on the other axes, the numbers along these. */
#ifndef RNNCORE_RUNTIME_NODES_AXES_H
#define RNNCORE_RUNTIME_NODES_AXES_H

#include "runtime/node.h"

/* Some axes of an array, in their order, with the strides of the array and of its mask. */
typedef struct rnncore_axes {
    int32_t count;
    int32_t has_last; /* whether the last axis of the array is one of them */
    int64_t size[RNNCORE_AXES], stride[RNNCORE_AXES], mask_stride[RNNCORE_AXES];
    int64_t numbers; /* product of the sizes */
} rnncore_axes;

/* Whether attributes[first], a list of axes, makes sense by itself: for `make`. */
int rnncore_axes_are_listed(const rnncore_node *node, int first);

/* Divides the axes of input 0 into those of the list at attributes[first] and the others. 0: there
 * is no such axis, or one is named twice. The strides of the mask (NULL: none) are those of its own
 * axes, which are the first ones of the input; 0 along the others. */
int rnncore_divide_axes(const rnncore_node_call *call, int first, const rnncore_array *mask,
                        rnncore_axes *along, rnncore_axes *others);

/* For `streams`: whether the steps are none of the axes of the list. */
int rnncore_steps_are_apart(const rnncore_node_call *call, int first);

/* Offset of place i, counted in the order of the axes; with the strides of the array or the mask.
 */
int64_t rnncore_axes_offset(const rnncore_axes *axes, int64_t i, const int64_t *stride);

/* Whether a mask fits the first axes of an array. */
int rnncore_mask_fits(const rnncore_array *mask, const rnncore_array *x);

#endif
