/* Masks: which steps of each row are real. Those of lengths know them, so that nodes which change
 * the number of steps can pass them on. */
#include <math.h>
#include <string.h>

#include "runtime/kinds.h"
#include "runtime/nodes/nodes.h"

static int is_mask(const rnncore_array *x)
{
    return x != NULL && x->type == RNNCORE_MASK;
}

static int is_present(const rnncore_array *mask)
{
    return mask != NULL && !mask->absent;
}

/* A mask of the first `rank` axes of x. */
static void mask_of(const rnncore_array *x, int32_t rank, rnncore_array *mask)
{
    *mask = *x;
    mask->data = NULL;
    mask->lengths = NULL;
    mask->type = RNNCORE_MASK;
    mask->rank = rank;
}

static void take_lengths(rnncore_array *mask, const int64_t *lengths)
{
    uint8_t *bits = mask->data;
    mask->lengths = lengths;
    mask->absent = 0;
    for (int64_t row = 0; row < mask->size[0]; row++, bits += mask->size[1]) {
        for (int64_t t = 0; t < mask->size[1]; t++) {
            bits[t] = t < lengths[row];
        }
    }
}

/* The lengths of another mask, which may be gone before this one. */
static void copy_lengths(rnncore_array *mask, const rnncore_array *other)
{
    mask->lengths = NULL;
    if (other->lengths != NULL) {
        int64_t *lengths = rnncore_lengths_behind(mask);
        memcpy(lengths, other->lengths, (size_t)mask->size[0] * sizeof *lengths);
        mask->lengths = lengths;
    }
}

/* Without a mask; with the other's bits, lengths and all. */
static void take_mask(rnncore_array *mask, const rnncore_array *other)
{
    mask->absent = !is_present(other);
    mask->lengths = NULL;
    if (!mask->absent) {
        copy_lengths(mask, other);
        memcpy(mask->data, other->data, (size_t)rnncore_numbers(mask));
    }
}

/* What `bits` leaves of a mask that came in: that mask itself if it leaves out nothing more. */
static void narrow(rnncore_array *bits, const rnncore_array *mask)
{
    const int64_t n = rnncore_numbers(bits);
    uint8_t *real = bits->data;
    int more = 0;
    bits->absent = 0;
    bits->lengths = NULL;
    if (!is_present(mask)) {
        return;
    }
    const uint8_t *given = mask->data;
    for (int64_t i = 0; i < n; i++) {
        more |= given[i] && !real[i];
        real[i] = real[i] && given[i];
    }
    if (!more) {
        copy_lengths(bits, mask);
    }
}

/* ---- lengths ---- */

static rnncore_status lengths_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    if (x->rank < 2 || is_mask(x)) { /* whose lengths may be gone before these */
        return RNNCORE_ERROR_SHAPE;
    }
    mask_of(x, 2, call->out[0]);
    return RNNCORE_OK;
}

static rnncore_status lengths_run(const rnncore_node_call *call)
{
    if (call->in[0]->lengths == NULL) {
        call->out[0]->absent = 1;
    } else {
        take_lengths(call->out[0], call->in[0]->lengths);
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_lengths_kind = {.name = "lengths",
                                                .least_inputs = 1,
                                                .most_inputs = 1,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .shape = lengths_shape,
                                                .run = lengths_run,
                                                .streams = rnncore_each_step};

/* ---- ids that are not zero, steps that are not all one number ---- */

static int mask_fits(const rnncore_array *mask, const rnncore_array *out)
{
    if (mask == NULL) {
        return 1;
    }
    int fits = is_mask(mask) && mask->rank == out->rank;
    for (int32_t axis = 0; fits && axis < out->rank; axis++) {
        fits = rnncore_may_equal(mask->size[axis], out->size[axis]);
    }
    return fits;
}

static rnncore_status not_zero_shape(const rnncore_node_call *call)
{
    const rnncore_array *ids = call->in[0];
    mask_of(ids, ids->rank, call->out[0]);
    return ids->type == RNNCORE_INT32 && mask_fits(call->in[1], call->out[0]) ? RNNCORE_OK
                                                                              : RNNCORE_ERROR_SHAPE;
}

static rnncore_status not_zero_run(const rnncore_node_call *call)
{
    const int32_t *ids = call->in[0]->data;
    const int64_t n = rnncore_numbers(call->in[0]);
    uint8_t *real = call->out[0]->data;
    for (int64_t i = 0; i < n; i++) {
        real[i] = ids[i] != 0;
    }
    narrow(call->out[0], call->in[1]);
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_not_zero_kind = {.name = "not_zero",
                                                 .least_inputs = 1,
                                                 .most_inputs = 2,
                                                 .least_outputs = 1,
                                                 .most_outputs = 1,
                                                 .shape = not_zero_shape,
                                                 .run = not_zero_run,
                                                 .streams = rnncore_each_step};

static rnncore_status not_equal_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    if (!rnncore_is_float(call, 0) || x->rank <= x->lead) {
        return RNNCORE_ERROR_SHAPE;
    }
    mask_of(x, x->rank - 1, call->out[0]);
    return mask_fits(call->in[1], call->out[0]) ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

/* Compared in the dtype of x: 0.1 in float32 is not 0.1 in float64. */
static rnncore_status not_equal_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int64_t features = x->size[x->rank - 1], n = rnncore_numbers(call->out[0]);
    const double value = call->node->numbers[0];
    const float *x32 = x->data;
    const double *x64 = x->data;
    uint8_t *real = call->out[0]->data;
    for (int64_t i = 0; i < n; i++) {
        real[i] = 0;
        for (int64_t j = i * features; j < (i + 1) * features; j++) {
            const double one = x->type == RNNCORE_FLOAT32 ? (double)x32[j] : x64[j];
            const double other = x->type == RNNCORE_FLOAT32 ? (double)(float)value : value;
            real[i] |= isnan(other) ? !isnan(one) : one != other;
        }
    }
    narrow(call->out[0], call->in[1]);
    return RNNCORE_OK;
}

static int not_equal_streams(const rnncore_node_call *call)
{
    return call->in[0]->rank > 2;
}

const rnncore_node_kind rnncore_not_equal_kind = {.name = "not_equal",
                                                  .least_inputs = 1,
                                                  .most_inputs = 2,
                                                  .least_outputs = 1,
                                                  .most_outputs = 1,
                                                  .shape = not_equal_shape,
                                                  .run = not_equal_run,
                                                  .streams = not_equal_streams};

/* ---- lengths behind a layer that changes the number of steps ---- */

enum { MOST_TIMES = 1 << 20 }; /* so that no number of steps overflows */

static rnncore_status window_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t *a = node->attributes;
    const int fits = a[0] >= 0 && a[0] <= MOST_TIMES && a[1] >= -INT32_MAX && a[1] <= INT32_MAX &&
                     a[2] >= 1 && a[2] <= INT32_MAX;
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status window_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0], *mask = call->in[1];
    if (x->rank <= x->lead || !is_mask(mask) || mask->lead != x->lead || mask->rank <= mask->lead) {
        return RNNCORE_ERROR_SHAPE;
    }
    mask_of(x, x->lead + 1, call->out[0]);
    return rnncore_may_equal(x->size[0], mask->size[0]) ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static int64_t windows(const int64_t *a, int64_t steps, int64_t most)
{
    const int64_t last = a[0] * steps - a[1];
    const int64_t count = last < 0 ? 0 : last / a[2] + 1;
    return count < most ? count : most;
}

static rnncore_status window_run(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    const rnncore_array *mask = call->in[1];
    out->absent = !is_present(mask) || mask->lengths == NULL;
    if (!out->absent) {
        int64_t *lengths = rnncore_lengths_behind(out);
        for (int64_t row = 0; row < out->size[0]; row++) {
            lengths[row] = windows(call->node->attributes, mask->lengths[row], out->size[1]);
        }
        take_lengths(out, lengths);
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_window_lengths_kind = {.name = "window_lengths",
                                                       .least_inputs = 2,
                                                       .most_inputs = 2,
                                                       .least_outputs = 1,
                                                       .most_outputs = 1,
                                                       .make = window_make,
                                                       .shape = window_shape,
                                                       .run = window_run,
                                                       .streams = rnncore_each_step};

/* ---- several masks ---- */

/* in: masks for EVERY and ANY, pairs of an array and its mask for STEPS. */
static rnncore_status join_make(rnncore_node *node, rnncore_context *context)
{
    (void)context;
    const int64_t joint = node->attributes[0];
    const int fits = node->inputs > 0 && joint >= RNNCORE_JOINT_EVERY &&
                     joint <= RNNCORE_JOINT_LENGTHS &&
                     (joint != RNNCORE_JOINT_STEPS || node->inputs % 2 == 0);
    return fits ? RNNCORE_OK : RNNCORE_ERROR_MODEL;
}

static rnncore_status join_steps_shape(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    for (int32_t i = 0; i < call->node->inputs; i += 2) {
        const rnncore_array *x = call->in[i], *mask = call->in[i + 1];
        rnncore_array steps;
        if (x == NULL || x->rank <= x->lead || (mask != NULL && !is_mask(mask))) {
            return RNNCORE_ERROR_SHAPE;
        }
        mask_of(x, x->lead + 1, &steps);
        if (i == 0) {
            *out = steps;
            out->size[out->lead] = 0;
        }
        int64_t *size = &out->size[out->lead];
        if (*size < 0 || steps.size[steps.lead] < 0) {
            *size = RNNCORE_UNKNOWN;
        } else if (__builtin_add_overflow(*size, steps.size[steps.lead], size)) {
            return RNNCORE_ERROR_OVERFLOW;
        }
        if (steps.lead != out->lead || !mask_fits(mask, &steps)) {
            return RNNCORE_ERROR_SHAPE;
        }
        for (int32_t axis = 0; axis < out->lead; axis++) {
            if (!rnncore_may_equal(steps.size[axis], out->size[axis])) {
                return RNNCORE_ERROR_SHAPE;
            }
        }
    }
    return RNNCORE_OK;
}

/* Steps are broadcast: rows are as long as the longest. */
static rnncore_status join_shape(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    if (call->node->attributes[0] == RNNCORE_JOINT_STEPS) {
        return join_steps_shape(call);
    }
    for (int32_t i = 0; i < call->node->inputs; i++) {
        const rnncore_array *mask = call->in[i];
        if (mask == NULL) {
            continue;
        }
        if (!is_mask(mask) || mask->rank < 2) {
            return RNNCORE_ERROR_SHAPE;
        }
        if (out->rank == 0) {
            mask_of(mask, mask->rank, out);
        }
        for (int32_t axis = 0; axis < out->rank; axis++) {
            if (mask->rank != out->rank ||
                (!rnncore_may_equal(mask->size[axis], out->size[axis]) &&
                 (axis != 1 || (mask->size[1] != 1 && out->size[1] != 1)))) {
                return RNNCORE_ERROR_SHAPE;
            }
        }
        if (mask->size[1] != 1 && (mask->size[1] >= 0 || out->size[1] == 1)) {
            out->size[1] = mask->size[1];
        }
    }
    return out->rank > 0 ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static void join_steps(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    out->absent = 1;
    out->lengths = NULL;
    int64_t before = 0;
    for (int32_t i = 0; i < call->node->inputs; i += 2) {
        out->absent &= !is_present(call->in[i + 1]);
    }
    for (int32_t i = 0; i < call->node->inputs && !out->absent; i += 2) {
        const int64_t steps = call->in[i]->size[out->lead], all = out->size[out->lead];
        for (int64_t row = 0; row < rnncore_rows(out); row++) {
            uint8_t *to = (uint8_t *)out->data + row * all + before;
            if (is_present(call->in[i + 1])) {
                memcpy(to, (uint8_t *)call->in[i + 1]->data + row * steps, (size_t)steps);
            } else {
                memset(to, 1, (size_t)steps);
            }
        }
        before += steps;
    }
}

/* Whether all that are present have lengths; how many there are. */
static int32_t count_masks(const rnncore_node_call *call, int *have_lengths)
{
    int32_t present = 0;
    *have_lengths = 1;
    for (int32_t i = 0; i < call->node->inputs; i++) {
        if (is_present(call->in[i])) {
            present++;
            *have_lengths &= call->in[i]->lengths != NULL;
        }
    }
    return present;
}

static void join_lengths(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    int64_t *longest = rnncore_lengths_behind(out);
    memset(longest, 0, (size_t)out->size[0] * sizeof *longest);
    for (int32_t i = 0; i < call->node->inputs; i++) {
        for (int64_t row = 0; is_present(call->in[i]) && row < out->size[0]; row++) {
            const int64_t length = call->in[i]->lengths[row];
            longest[row] = length > longest[row] ? length : longest[row];
        }
    }
    for (int64_t row = 0; row < out->size[0]; row++) { /* one step may have been made none */
        longest[row] = longest[row] < out->size[1] ? longest[row] : out->size[1];
    }
    take_lengths(out, longest);
}

static void join_bits(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    const int64_t inner = rnncore_sizes(out, 2, out->rank);
    uint8_t *bits = out->data;
    memset(bits, 0, (size_t)rnncore_numbers(out));
    for (int32_t i = 0; i < call->node->inputs; i++) {
        const rnncore_array *mask = call->in[i];
        for (int64_t row = 0; is_present(mask) && row < out->size[0]; row++) {
            for (int64_t t = 0; t < out->size[1]; t++) {
                const int64_t from = row * mask->size[1] + (mask->size[1] == 1 ? 0 : t);
                for (int64_t j = 0; j < inner; j++) {
                    bits[(row * out->size[1] + t) * inner + j] |=
                        ((const uint8_t *)mask->data)[from * inner + j];
                }
            }
        }
    }
}

static rnncore_status join_run(const rnncore_node_call *call)
{
    rnncore_array *out = call->out[0];
    int have_lengths;
    if (call->node->attributes[0] == RNNCORE_JOINT_STEPS) {
        join_steps(call);
        return RNNCORE_OK;
    }
    const int32_t present = count_masks(call, &have_lengths);
    out->absent = present == 0;
    out->lengths = NULL;
    if (present > 0 && have_lengths) {
        join_lengths(call);
    } else if (present == call->node->inputs &&
               call->node->attributes[0] != RNNCORE_JOINT_LENGTHS) {
        join_bits(call);
    } else if (call->node->attributes[0] != RNNCORE_JOINT_ANY) {
        out->absent = 1;
    } else if (present > 0) { /* one that is not given leaves nothing out */
        memset(out->data, 1, (size_t)rnncore_numbers(out));
    }
    return RNNCORE_OK;
}

static int join_streams(const rnncore_node_call *call)
{
    return call->node->attributes[0] != RNNCORE_JOINT_STEPS;
}

const rnncore_node_kind rnncore_join_masks_kind = {.name = "join_masks",
                                                   .least_inputs = 0,
                                                   .most_inputs = RNNCORE_NODE_INPUTS,
                                                   .least_outputs = 1,
                                                   .most_outputs = 1,
                                                   .make = join_make,
                                                   .shape = join_shape,
                                                   .run = join_run,
                                                   .streams = join_streams};

/* ---- masks of the inside of steps ---- */

static rnncore_status any_shape(const rnncore_node_call *call)
{
    const rnncore_array *mask = call->in[0];
    const int64_t kept = call->node->attributes[0];
    if (!is_mask(mask) || kept < mask->lead || kept > mask->rank) {
        return RNNCORE_ERROR_SHAPE;
    }
    mask_of(mask, (int32_t)kept, call->out[0]);
    return RNNCORE_OK;
}

static rnncore_status any_run(const rnncore_node_call *call)
{
    const rnncore_array *mask = call->in[0];
    rnncore_array *out = call->out[0];
    const int64_t n = rnncore_numbers(out), inner = rnncore_sizes(mask, out->rank, mask->rank);
    if (out->rank == mask->rank || mask->absent) {
        take_mask(out, mask);
        return RNNCORE_OK;
    }
    out->absent = 0;
    out->lengths = NULL;
    const uint8_t *bits = mask->data;
    for (int64_t i = 0; i < n; i++, bits += inner) {
        ((uint8_t *)out->data)[i] = memchr(bits, 1, (size_t)inner) != NULL;
    }
    return RNNCORE_OK;
}

static int any_streams(const rnncore_node_call *call)
{
    return call->node->attributes[0] >= 2;
}

const rnncore_node_kind rnncore_any_mask_kind = {.name = "any_mask",
                                                 .least_inputs = 1,
                                                 .most_inputs = 1,
                                                 .least_outputs = 1,
                                                 .most_outputs = 1,
                                                 .shape = any_shape,
                                                 .run = any_run,
                                                 .streams = any_streams};

/* ---- numbers in place of what is not real ---- */

/* Sizes of 1 of the mask are broadcast. */
static rnncore_status fill_shape(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0], *mask = call->in[1];
    const rnncore_array *other = call->node->inputs > 2 ? call->in[2] : NULL;
    int fits = rnncore_same_shape(call) == RNNCORE_OK && is_mask(mask) && mask->rank <= x->rank &&
               (other == NULL || (other->type == x->type && other->rank == x->rank));
    for (int32_t axis = 0; fits && axis < x->rank; axis++) {
        fits = (axis >= mask->rank || (axis > 0 && mask->size[axis] == 1) ||
                rnncore_may_equal(mask->size[axis], x->size[axis])) &&
               (other == NULL || rnncore_may_equal(other->size[axis], x->size[axis]));
    }
    return fits ? RNNCORE_OK : RNNCORE_ERROR_SHAPE;
}

static void fill_row(void *y, int64_t n, int32_t type, double value)
{
    for (int64_t i = 0; i < n; i++) {
        if (type == RNNCORE_FLOAT32) {
            ((float *)y)[i] = (float)value;
        } else {
            ((double *)y)[i] = value;
        }
    }
}

/* What the mask says of place i of the first axes of x, as many as it has. */
static int is_real(const rnncore_array *mask, const rnncore_array *x, int64_t i)
{
    int64_t offset = 0, stride = 1;
    for (int32_t axis = mask->rank - 1; axis >= 0; axis--) {
        offset += mask->size[axis] == 1 ? 0 : i % x->size[axis] * stride;
        i /= x->size[axis];
        stride *= mask->size[axis];
    }
    return ((const uint8_t *)mask->data)[offset];
}

static rnncore_status fill_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0], *mask = call->in[1];
    const rnncore_array *other = call->node->inputs > 2 ? call->in[2] : NULL;
    const int64_t n = rnncore_sizes(x, 0, mask->rank),
                  inner = rnncore_sizes(x, mask->rank, x->rank);
    const size_t row = (size_t)inner * rnncore_type_bytes(x->type);
    const int filled = !mask->absent && !(call->node->attributes[0] && mask->lengths == NULL);
    char *y = call->out[0]->data;
    memcpy(y, x->data, (size_t)rnncore_numbers(x) * rnncore_type_bytes(x->type));
    for (int64_t i = 0; filled && i < n; i++) {
        if (is_real(mask, x, i)) {
            continue;
        }
        if (other != NULL) {
            memcpy(y + (size_t)i * row, (const char *)other->data + (size_t)i * row, row);
        } else {
            fill_row(y + (size_t)i * row, inner, x->type, call->node->numbers[0]);
        }
    }
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_fill_kind = {.name = "fill",
                                             .least_inputs = 2,
                                             .most_inputs = 3,
                                             .least_outputs = 1,
                                             .most_outputs = 1,
                                             .shape = fill_shape,
                                             .run = fill_run,
                                             .streams = rnncore_each_step};

/* ---- a mask that came as numbers ---- */

static rnncore_status as_mask_shape(const rnncore_node_call *call)
{
    mask_of(call->in[0], call->in[0]->rank, call->out[0]);
    return is_mask(call->in[0]) ? RNNCORE_ERROR_SHAPE : RNNCORE_OK;
}

static rnncore_status as_mask_run(const rnncore_node_call *call)
{
    const rnncore_array *x = call->in[0];
    const int64_t n = rnncore_numbers(x);
    const int32_t *ids = x->data;
    const float *x32 = x->data;
    const double *x64 = x->data;
    uint8_t *real = call->out[0]->data;
    for (int64_t i = 0; i < n; i++) {
        real[i] = x->type == RNNCORE_INT32     ? ids[i] != 0
                  : x->type == RNNCORE_FLOAT32 ? x32[i] != 0
                                               : x64[i] != 0;
    }
    call->out[0]->absent = 0;
    call->out[0]->lengths = NULL;
    return RNNCORE_OK;
}

const rnncore_node_kind rnncore_as_mask_kind = {.name = "as_mask",
                                                .least_inputs = 1,
                                                .most_inputs = 1,
                                                .least_outputs = 1,
                                                .most_outputs = 1,
                                                .shape = as_mask_shape,
                                                .run = as_mask_run,
                                                .streams = rnncore_each_step};
