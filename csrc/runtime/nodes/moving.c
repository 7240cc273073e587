/* Nodes that move numbers: axes in another order, parts of an axis, arrays side by side. */
#include <string.h>

#include "runtime/nodes/nodes.h"

/* ---- copies -------------------------------------------------------------------------------- */

/* A block of numbers with its own stride, in numbers, for each axis on both sides. */
typedef struct block {
    int32_t rank;
    size_t element;
    int64_t size[RNNCORE_AXES], from[RNNCORE_AXES], to[RNNCORE_AXES];
} block;

static void add_axis(block *b, int64_t size, int64_t from, int64_t to)
{
    b->size[b->rank] = size;
    b->from[b->rank] = from;
    b->to[b->rank++] = to;
}

static void copy_last(const block *b, const char *from, char *to)
{
    const int32_t axis = b->rank - 1;
    const ptrdiff_t element = (ptrdiff_t)b->element;
    const ptrdiff_t from_step = (ptrdiff_t)b->from[axis] * element;
    const ptrdiff_t to_step = (ptrdiff_t)b->to[axis] * element;
    if (from_step == element && to_step == element) {
        memcpy(to, from, (size_t)b->size[axis] * b->element);
        return;
    }
    for (int64_t i = 0; i < b->size[axis]; i++, from += from_step, to += to_step) {
        if (element == 4) { /* of a known size it is one load and one store */
            memcpy(to, from, 4);
        } else {
            memcpy(to, from, 8);
        }
    }
}

/* Copies the block, of which no axis but the last may be empty, from the places `from` and `to`,
 * counted in numbers, of the arrays. */
static rnncore_status copy(const block *b, const rnncore_array *x, int64_t from, rnncore_array *y,
                           int64_t to)
{
    const ptrdiff_t element = (ptrdiff_t)b->element;
    int64_t at[RNNCORE_AXES] = {0};
    for (;;) {
        copy_last(b, (const char *)x->data + (ptrdiff_t)from * element,
                  (char *)y->data + (ptrdiff_t)to * element);
        int32_t axis = b->rank - 2;
        for (; axis >= 0 && at[axis] == b->size[axis] - 1; axis--) { /* back to its start */
            from -= at[axis] * b->from[axis];
            to -= at[axis] * b->to[axis];
            at[axis] = 0;
        }
        if (axis < 0) {
            return RNNCORE_OK;
        }
        at[axis]++;
        from += b->from[axis];
        to += b->to[axis];
    }
}

/* ---- shapes -------------------------------------------------------------------------------- */

/* The output like the first input, which is no mask. */
static rnncore_status like_input(const rnncore_node_call *call)
{
    *call->out[0] = *call->in[0];
    call->out[0]->data = NULL;
    call->out[0]->lengths = NULL;
    return call->in[0]->type == RNNCORE_MASK ? RNNCORE_ERROR_SHAPE : RNNCORE_OK;
}

/* The place of the axis that attribute 0 names; -1: there is none. */
static int32_t place_of(const rnncore_node_call *call)
{
    return rnncore_axis(call->in[0], call->node->attributes[0]);
}

/* The numbers of one place along that axis. */
static int64_t inner_of(const rnncore_array *x, int32_t place)
{
    return rnncore_sizes(x, place + 1, x->rank);
}

/* Not along the steps of a stream. */
static int streams(const rnncore_node_call *call)
{
    return place_of(call) > 1;
}

static int is_count(int64_t value)
{
    return value >= 0 && value <= INT32_MAX;
}

/* ---- axes in another order ----------------------------------------------------------------- */

static rnncore_status permute_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t count = node->attributes[0], *axes = node->attributes + 1;
    uint32_t seen = 0;
    if (count < 0 || count >= RNNCORE_AXES) {
        return RNNCORE_ERROR_MODEL;
    }
    for (int64_t i = 0; i < count; i++) {
        if (axes[i] < 0 || axes[i] >= count || (seen >> axes[i] & 1)) {
            return RNNCORE_ERROR_MODEL;
        }
        seen |= (uint32_t)1 << axes[i];
    }
    return RNNCORE_OK;
}

static rnncore_status permute_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int64_t *axes = call->node->attributes + 1;
    if (like_input(call) != RNNCORE_OK || x->rank - x->lead != call->node->attributes[0]) {
        return RNNCORE_ERROR_SHAPE;
    }
    for (int32_t i = x->lead; i < x->rank; i++) {
        call->out[0]->size[i] = x->size[x->lead + axes[i - x->lead]];
    }
    return RNNCORE_OK;
}

static rnncore_status permute_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    rnncore_array *y = call->out[0];
    block b = {.element = rnncore_type_bytes(x->type)};
    if (rnncore_numbers(x) == 0) {
        return RNNCORE_OK;
    }
    for (int32_t i = 0; i < x->rank; i++) {
        const int64_t axis = i < x->lead ? i : x->lead + call->node->attributes[1 + i - x->lead];
        add_axis(&b, y->size[i], inner_of(x, (int32_t)axis), inner_of(y, i));
    }
    return copy(&b, x, 0, y, 0);
}

static int permute_streams(const rnncore_node_call *call)
{
    return call->node->attributes[0] > 0 && call->node->attributes[1] == 0;
}

const rnncore_node_kind rnncore_permute_kind = {.name = "permute",
                                                .least_inputs = 1,
                                                .most_inputs = 1,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .make = permute_make,
                                                .shape = permute_shape,
                                                .run = permute_run,
                                                .streams = permute_streams};

/* ---- a part of an axis --------------------------------------------------------------------- */

enum { AXIS, HAS_START, START, HAS_STOP, STOP, STEP, ONE };

static rnncore_status slice_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t *a = node->attributes;
    const int fits =
        a[STEP] != 0 && a[STEP] >= -INT32_MAX && a[STEP] <= INT32_MAX && (!a[ONE] || a[HAS_START]);
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static int64_t clamped(int64_t at, int64_t size, int64_t low, int64_t high)
{
    at += at < 0 ? size : 0;
    return at < low ? low : at > high ? high : at;
}

/* The first place of a slice, and how many; as slice(start, stop, step).indices(size). */
static int64_t slice_of(const int64_t *a, int64_t size, int64_t *start)
{
    const int down = a[STEP] < 0;
    const int64_t low = down ? -1 : 0, high = down ? size - 1 : size;
    const int64_t stop = a[HAS_STOP] ? clamped(a[STOP], size, low, high) : down ? low : high;
    *start = a[HAS_START] ? clamped(a[START], size, low, high) : down ? high : low;
    const int64_t distance = down ? *start - stop : stop - *start;
    return distance > 0 ? (distance - 1) / (down ? -a[STEP] : a[STEP]) + 1 : 0;
}

/* In a stream the last step is there after each step: what it gives is as it came. */
static int is_last_step(const rnncore_node_call *call)
{
    const int64_t *a = call->node->attributes;
    return rnncore_is_streamed(call->in[0]) && place_of(call) == 1 && a[ONE] && a[START] == -1;
}

static rnncore_status slice_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int64_t *a = call->node->attributes;
    const int32_t place = place_of(call);
    rnncore_array *y = call->out[0];
    int64_t start;
    if (like_input(call) != RNNCORE_OK || place < 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    const int64_t size = x->size[place];
    if (is_last_step(call)) {
        y->lead = 2;
        return RNNCORE_OK;
    }
    if (!a[ONE]) {
        y->size[place] = size < 0 ? RNNCORE_UNKNOWN : slice_of(a, size, &start);
        return RNNCORE_OK;
    }
    for (int32_t i = place; i < x->rank - 1; i++) {
        y->size[i] = x->size[i + 1];
    }
    y->size[--y->rank] = 0;
    return size < 0 || (a[START] >= -size && a[START] < size) ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static rnncore_status slice_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int64_t *a = call->node->attributes;
    const int32_t place = place_of(call);
    const int64_t size = x->size[place], inner = inner_of(x, place);
    block b = {.element = rnncore_type_bytes(x->type)};
    if (rnncore_numbers(call->out[0]) == 0) {
        return RNNCORE_OK;
    }
    int64_t start = a[START] + (a[START] < 0 ? size : 0), count = 1;
    if (is_last_step(call)) {
        start = 0;
        count = size;
    } else if (!a[ONE]) {
        count = slice_of(a, size, &start);
    }
    const int64_t step = a[ONE] ? 1 : a[STEP];
    add_axis(&b, rnncore_sizes(x, 0, place), size * inner, count * inner);
    if (step != 1) {
        add_axis(&b, count, step * inner, inner);
    }
    add_axis(&b, step != 1 ? inner : count * inner, 1, 1);
    return copy(&b, x, start * inner, call->out[0], 0);
}

static int slice_streams(const rnncore_node_call *call)
{
    return is_last_step(call) || streams(call);
}

const rnncore_node_kind rnncore_slice_kind = {.name = "slice",
                                              .least_inputs = 1,
                                              .most_inputs = 1,
                                              .least_outputs = 1,
                                              .most_outputs = 1,
                                              .make = slice_make,
                                              .shape = slice_shape,
                                              .run = slice_run,
                                              .streams = slice_streams};

/* ---- zeros before and behind --------------------------------------------------------------- */

static rnncore_status pad_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int fits = is_count(node->attributes[1]) && is_count(node->attributes[2]);
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status pad_shape(const rnncore_node_call *call)
{
    const int32_t place = place_of(call);
    if (like_input(call) != RNNCORE_OK || place < 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    int64_t *size = &call->out[0]->size[place];
    const int64_t more = call->node->attributes[1] + call->node->attributes[2];
    return *size >= 0 && __builtin_add_overflow(*size, more, size) ? RNNCORE_ERROR_OVERFLOW
                                                                   : RNNCORE_OK;
}

static rnncore_status pad_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    rnncore_array *y = call->out[0];
    const int32_t place = place_of(call);
    const int64_t inner = inner_of(x, place), own = x->size[place] * inner;
    block b = {.element = rnncore_type_bytes(x->type)};
    memset(y->data, 0, (size_t)rnncore_numbers(y) * b.element);
    if (rnncore_numbers(x) == 0) {
        return RNNCORE_OK;
    }
    add_axis(&b, rnncore_sizes(x, 0, place), own, y->size[place] * inner);
    add_axis(&b, own, 1, 1);
    return copy(&b, x, 0, y, call->node->attributes[1] * inner);
}

const rnncore_node_kind rnncore_pad_kind = {.name = "pad",
                                            .least_inputs = 1,
                                            .most_inputs = 1,
                                            .least_outputs = 1,
                                            .most_outputs = 1,
                                            .make = pad_make,
                                            .shape = pad_shape,
                                            .run = pad_run,
                                            .streams = streams};

/* ---- each part of an axis several times ---------------------------------------------------- */

static rnncore_status repeat_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t times = node->attributes[1];
    return is_count(times) && times > 0 ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status repeat_shape(const rnncore_node_call *call)
{
    const int32_t place = place_of(call);
    if (like_input(call) != RNNCORE_OK || place < 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    int64_t *size = &call->out[0]->size[place];
    const int known = *size >= 0;
    *size = rnncore_size_product(*size, call->node->attributes[1]);
    return known && *size < 0 ? RNNCORE_ERROR_OVERFLOW : RNNCORE_OK;
}

static rnncore_status repeat_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int32_t place = place_of(call);
    const int64_t times = call->node->attributes[1], inner = inner_of(x, place);
    block b = {.element = rnncore_type_bytes(x->type)};
    if (rnncore_numbers(x) == 0) {
        return RNNCORE_OK;
    }
    add_axis(&b, rnncore_sizes(x, 0, place + 1), inner, times * inner);
    add_axis(&b, times, 0, inner);
    add_axis(&b, inner, 1, 1);
    return copy(&b, x, 0, call->out[0], 0);
}

const rnncore_node_kind rnncore_repeat_kind = {.name = "repeat",
                                               .least_inputs = 1,
                                               .most_inputs = 1,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .make = repeat_make,
                                               .shape = repeat_shape,
                                               .run = repeat_run,
                                               .streams = streams};

/* ---- one behind the other ------------------------------------------------------------------ */

/* Whether x fits behind the first input: only their sizes at `place` may differ. */
static int fits_behind(const rnncore_array *first, const rnncore_array *x, int32_t place)
{
    int fits = x->type == first->type && x->rank == first->rank && x->lead == first->lead &&
               x->streamed == first->streamed;
    for (int32_t axis = 0; fits && axis < x->rank; axis++) {
        fits = axis == place || rnncore_may_equal(x->size[axis], first->size[axis]);
    }
    return fits;
}

static rnncore_status concat_shape(const rnncore_node_call *call)
{
    const int32_t place = place_of(call);
    if (like_input(call) != RNNCORE_OK || place < 0) {
        return RNNCORE_ERROR_SHAPE;
    }
    rnncore_array *y = call->out[0];
    for (int32_t i = 1; i < call->node->inputs; i++) {
        const rnncore_array *x = call->in[i];
        if (x == NULL || !fits_behind(call->in[0], x, place)) {
            return RNNCORE_ERROR_SHAPE;
        }
        int64_t *size = &y->size[place];
        if (*size < 0 || x->size[place] < 0) {
            *size = RNNCORE_UNKNOWN;
        } else if (__builtin_add_overflow(*size, x->size[place], size)) {
            return RNNCORE_ERROR_OVERFLOW;
        }
        for (int32_t axis = 0; axis < y->rank; axis++) { /* one may know what others do not */
            if (axis != place && y->size[axis] < 0) {
                y->size[axis] = x->size[axis];
            }
        }
    }
    return RNNCORE_OK;
}

static rnncore_status concat_run(const rnncore_node_call *call)
{
    rnncore_array *y = call->out[0];
    const int32_t place = place_of(call);
    const int64_t rows = rnncore_sizes(y, 0, place), inner = inner_of(y, place);
    if (rnncore_numbers(y) == 0) {
        return RNNCORE_OK;
    }
    for (int64_t i = 0, before = 0; i < call->node->inputs; i++) {
        const int64_t own = call->in[i]->size[place] * inner;
        block b = {.element = rnncore_type_bytes(y->type)};
        add_axis(&b, rows, own, y->size[place] * inner);
        add_axis(&b, own, 1, 1);
        copy(&b, call->in[i], 0, y, before);
        before += own;
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_concat_kind = {.name = "concat",
                                               .least_inputs = 1,
                                               .most_inputs = RNNCORE_NODE_INPUTS,
                                               .least_outputs = 1,
                                               .most_outputs = 1,
                                               .shape = concat_shape,
                                               .run = concat_run,
                                               .streams = streams};
