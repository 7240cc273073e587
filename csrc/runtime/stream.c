/* Streams: the program of a model on the next steps of a batch of sequences. Everything that a step
 * needs is laid out when a stream is made. */
#include <string.h>

#include "core/platform.h"
#include "runtime/model.h"

/* Steps that one pass through the layers takes at most: their values stay in L1 or L2. */
enum { MOST_STEPS = 32, MOST_ROWS = 64 };

struct rnncore_stream {
    rnncore_layout layout;
    int64_t batch, most_steps;
    int64_t steps; /* that the shapes of all values stand for now */
    int64_t state_size;
    size_t *x_step, *y_step;  /* bytes of one row's step of each input and output */
    char *x_rows, *y_rows;    /* the steps of a pass, of all rows of a sequence */
    char **rows;              /* of each output, one step of rows that may be left out */
    char *kept;               /* and their states */
    rnncore_node_call *calls; /* of all nodes */
    void *memory;             /* to free, unless it is the caller's */
};

static int64_t steps_at_once(int64_t batch)
{
    const int64_t steps = batch > 0 ? MOST_ROWS / batch : MOST_STEPS;
    return steps < 1 ? 1 : steps > MOST_STEPS ? MOST_STEPS : steps;
}

static int has_state(const rnncore_node_call *call)
{
    int streamed = 0;
    for (int32_t i = 0; i < call->node->inputs; i++) {
        streamed |= rnncore_is_streamed(call->in[i]);
    }
    return streamed && call->node->kind->state != NULL;
}

static void take_tables(rnncore_stream *s, rnncore_arena *arena)
{
    const rnncore_model *m = s->layout.model;
    rnncore_arena_take(arena, 1, sizeof *s);
    s->layout.values = rnncore_arena_take(arena, m->values, sizeof *s->layout.values);
    s->layout.slot_bytes = rnncore_arena_take(arena, m->slots, sizeof *s->layout.slot_bytes);
    s->calls = rnncore_arena_take(arena, m->nodes, sizeof *s->calls);
    s->x_step = rnncore_arena_take(arena, m->inputs, sizeof *s->x_step);
    s->y_step = rnncore_arena_take(arena, m->outputs, sizeof *s->y_step);
    s->rows = rnncore_arena_take(arena, m->outputs, sizeof *s->rows);
}

static size_t step_bytes(const rnncore_array *x)
{
    return (size_t)rnncore_sizes(x, 2, x->rank) * rnncore_type_bytes(x->type);
}

/* Takes the states of all nodes; `calls` are set where the arena hands out memory. */
static rnncore_status take_states(rnncore_stream *s, rnncore_array *values, rnncore_arena *arena)
{
    const rnncore_model *m = s->layout.model;
    rnncore_status status = RNNCORE_OK;
    s->state_size = 0;
    for (int32_t i = 0; i < m->nodes && status == RNNCORE_OK; i++) {
        rnncore_node_call call = rnncore_call_of(m, i, values);
        if (has_state(&call)) {
            const rnncore_state_kind *kind = call.node->kind->state;
            size_t bytes = 0;
            status = kind->bytes(&call, s->batch, s->most_steps, &bytes);
            if (bytes > INT64_MAX) {
                return RNNCORE_ERROR_OVERFLOW;
            }
            call.state = rnncore_arena_take(arena, (int64_t)bytes, 1);
            s->state_size += kind->size(&call);
        }
        if (arena->base != NULL && status == RNNCORE_OK) {
            call.scratch = s->layout.scratch;
            s->calls[i] = call;
            if (call.state != NULL) {
                status = call.node->kind->state->begin(&call, s->batch, s->most_steps);
            }
        }
    }
    return status;
}

/* All memory of a stream, with the shapes in `values`. */
static rnncore_status take(rnncore_stream *s, rnncore_array *values, rnncore_arena *arena)
{
    const rnncore_model *m = s->layout.model;
    rnncore_set_streamed_inputs(m, values, s->batch, s->most_steps);
    rnncore_status status = rnncore_set_shapes(m, values);
    if (status == RNNCORE_OK) {
        status = rnncore_take_values(&s->layout, arena);
    }
    if (status == RNNCORE_OK) {
        status = take_states(s, values, arena);
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    s->kept = rnncore_arena_take(arena, rnncore_count(s->batch, s->state_size),
                                 rnncore_type_bytes((int32_t)m->dtype));
    for (int32_t i = 0; i < m->outputs; i++) {
        const size_t bytes = step_bytes(&values[m->output[i].value]);
        char *rows = rnncore_arena_take(arena, s->batch, bytes);
        if (arena->base != NULL) {
            s->rows[i] = rows;
            s->y_step[i] = bytes;
        }
    }
    for (int32_t i = 0; i < m->inputs && arena->base != NULL; i++) {
        s->x_step[i] = step_bytes(&values[i]);
    }
    const int64_t rows = rnncore_count(s->batch, s->most_steps);
    s->x_rows = rnncore_arena_take(arena, rows, step_bytes(&values[0]));
    s->y_rows = rnncore_arena_take(arena, rows, step_bytes(&values[m->output[0].value]));
    return RNNCORE_OK;
}

rnncore_status rnncore_stream_size(const rnncore_model *model, int64_t batch, size_t *bytes)
{
    if (model == NULL || batch < 1 || bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (!model->can_stream) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    rnncore_stream s = {.layout = {.model = model}, .batch = batch};
    rnncore_arena arena = {NULL, 0, 0};
    s.most_steps = steps_at_once(batch);
    take_tables(&s, &arena);
    s.layout.values = rnncore_borrow_table(model, &s.layout.slot_bytes);
    const rnncore_status status = take(&s, s.layout.values, &arena);
    rnncore_return_table(model);
    return status == RNNCORE_OK ? rnncore_arena_size(&arena, bytes) : status;
}

rnncore_status rnncore_stream_create(const rnncore_model *model, int64_t batch, void *memory,
                                     size_t bytes, rnncore_stream **out)
{
    size_t needed;
    rnncore_status status = rnncore_stream_size(model, batch, &needed);
    if (status != RNNCORE_OK || out == NULL) {
        return status == RNNCORE_OK ? RNNCORE_ERROR_INVALID_ARGUMENT : status;
    }
    void *own = NULL;
    if (memory == NULL) {
        bytes = needed;
        memory = own = rnncore_aligned_alloc(needed, 1);
        if (own == NULL) {
            return RNNCORE_ERROR_OUT_OF_MEMORY;
        }
    }
    rnncore_arena arena = {NULL, needed, 0};
    status = rnncore_arena_place(&arena, memory, bytes);
    if (status != RNNCORE_OK) {
        return status;
    }
    memset(memory, 0, needed);
    rnncore_stream *s = memory;
    *s = (rnncore_stream){.layout = {.model = model}, .batch = batch, .memory = own};
    s->most_steps = s->steps = steps_at_once(batch);
    take_tables(s, &arena);
    status = take(s, s->layout.values, &arena);
    if (status == RNNCORE_OK) {
        status = rnncore_stream_reset(s, -1);
    }
    if (status != RNNCORE_OK) {
        rnncore_aligned_free(own);
        return status;
    }
    *out = s;
    return RNNCORE_OK;
}

void rnncore_stream_destroy(rnncore_stream *stream)
{
    if (stream != NULL) {
        rnncore_aligned_free(stream->memory);
    }
}

/* ---- states ---------------------------------------------------------------------------------- */

static int has_row(const rnncore_stream *s, int64_t row)
{
    return s != NULL && row >= 0 && row < s->batch;
}

int64_t rnncore_stream_state_size(const rnncore_stream *stream)
{
    return stream == NULL ? 0 : stream->state_size;
}

static void get_state(const rnncore_stream *s, int64_t row, char *numbers)
{
    const size_t element = rnncore_type_bytes((int32_t)s->layout.model->dtype);
    for (int32_t i = 0; i < s->layout.model->nodes; i++) {
        const rnncore_node_call *call = &s->calls[i];
        if (call->state != NULL) {
            call->node->kind->state->get(call, row, numbers);
            numbers += (size_t)call->node->kind->state->size(call) * element;
        }
    }
}

static void set_state(rnncore_stream *s, int64_t row, const char *numbers)
{
    const size_t element = rnncore_type_bytes((int32_t)s->layout.model->dtype);
    for (int32_t i = 0; i < s->layout.model->nodes; i++) {
        const rnncore_node_call *call = &s->calls[i];
        if (call->state != NULL) {
            call->node->kind->state->set(call, row, numbers);
            if (numbers != NULL) {
                numbers += (size_t)call->node->kind->state->size(call) * element;
            }
        }
    }
}

rnncore_status rnncore_stream_get_state(const rnncore_stream *stream, int64_t row, void *state)
{
    if (!has_row(stream, row) || state == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    get_state(stream, row, state);
    return RNNCORE_OK;
}

rnncore_status rnncore_stream_set_state(rnncore_stream *stream, int64_t row, const void *state)
{
    if (!has_row(stream, row) || state == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    set_state(stream, row, state);
    return RNNCORE_OK;
}

rnncore_status rnncore_stream_reset(rnncore_stream *stream, int64_t row)
{
    if (stream == NULL || (row != -1 && !has_row(stream, row))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    for (int64_t i = row < 0 ? 0 : row; i < (row < 0 ? stream->batch : row + 1); i++) {
        set_state(stream, i, NULL);
    }
    return RNNCORE_OK;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Only the steps differ from call to call, which all streamed values have as their axis 1. */
static void set_steps(rnncore_stream *s, int64_t steps)
{
    for (int32_t v = 0; v < s->layout.model->values && s->steps != steps; v++) {
        rnncore_array *x = &s->layout.values[v];
        if (x->streamed) {
            x->size[1] = steps;
        }
    }
    s->steps = steps;
}

static rnncore_status pass(rnncore_stream *s, int64_t steps, const void *const *x, void *const *y)
{
    const rnncore_layout *layout = &s->layout;
    set_steps(s, steps);
    if (!rnncore_ids_are_known(layout->model, layout->values, x)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    return rnncore_run_nodes(layout, s->calls, x, y);
}

static int is_single(const rnncore_stream *s)
{
    return s != NULL && s->layout.model->inputs == 1 && s->layout.model->outputs == 1;
}

rnncore_status rnncore_stream_step(rnncore_stream *stream, const void *x, void *y)
{
    if (!is_single(stream) || x == NULL || y == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    const rnncore_status status = pass(stream, 1, &x, &y);
    rnncore_fp_flush_leave(mode);
    return status;
}

/* Rows of a sequence stand apart, those of a pass together: copies some steps of all rows. */
static void copy_steps(int64_t batch, size_t bytes, char *to, size_t to_row, const char *from,
                       size_t from_row)
{
    for (int64_t row = 0; row < batch; row++, to += to_row, from += from_row) {
        memcpy(to, from, bytes);
    }
}

/* The steps [done, done + some) of a call; one row needs no copy. */
static rnncore_status run_some(rnncore_stream *s, const char *x, char *y, int64_t steps,
                               int64_t done, int64_t some)
{
    const size_t x_step = s->x_step[0], y_step = s->y_step[0];
    const size_t x_row = (size_t)steps * x_step, y_row = (size_t)steps * y_step;
    x += (size_t)done * x_step;
    y += (size_t)done * y_step;
    if (s->batch == 1) {
        const void *from = x;
        void *to = y;
        return pass(s, some, &from, &to);
    }
    const void *from = s->x_rows;
    void *to = s->y_rows;
    copy_steps(s->batch, (size_t)some * x_step, s->x_rows, (size_t)some * x_step, x, x_row);
    const rnncore_status status = pass(s, some, &from, &to);
    if (status == RNNCORE_OK) {
        copy_steps(s->batch, (size_t)some * y_step, y, y_row, s->y_rows, (size_t)some * y_step);
    }
    return status;
}

rnncore_status rnncore_stream_run(rnncore_stream *stream, const void *x, int64_t steps, void *y)
{
    if (!is_single(stream) || steps < 0 || (steps > 0 && (x == NULL || y == NULL))) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    rnncore_status status = RNNCORE_OK;
    for (int64_t done = 0, some; done < steps && status == RNNCORE_OK; done += some) {
        some = steps - done < stream->most_steps ? steps - done : stream->most_steps;
        status = run_some(stream, x, y, steps, done, some);
    }
    rnncore_fp_flush_leave(mode);
    return status;
}

/* All rows make the step, then those that are not active are as they were. */
static rnncore_status step_active(rnncore_stream *s, const void *const *x, const uint8_t *active,
                                  void *const *y)
{
    const size_t bytes =
        (size_t)s->state_size * rnncore_type_bytes((int32_t)s->layout.model->dtype);
    for (int64_t row = 0; row < s->batch; row++) {
        if (!active[row]) {
            get_state(s, row, s->kept + (size_t)row * bytes);
        }
    }
    const rnncore_status status = pass(s, 1, x, (void *const *)s->rows);
    for (int64_t row = 0; row < s->batch; row++) {
        if (!active[row]) {
            set_state(s, row, s->kept + (size_t)row * bytes);
        }
        for (int32_t i = 0; active[row] && status == RNNCORE_OK && i < s->layout.model->outputs;
             i++) {
            const size_t at = (size_t)row * s->y_step[i];
            memcpy((char *)y[i] + at, s->rows[i] + at, s->y_step[i]);
        }
    }
    return status;
}

rnncore_status rnncore_stream_step_many(rnncore_stream *stream, const void *const *x,
                                        const uint8_t *active, void *const *y)
{
    if (stream == NULL || !rnncore_are_given(x, stream->layout.model->inputs) ||
        !rnncore_are_given((const void *const *)y, stream->layout.model->outputs)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const rnncore_fp_state mode = rnncore_fp_flush_enter();
    const rnncore_status status =
        active == NULL ? pass(stream, 1, x, y) : step_active(stream, x, active, y);
    rnncore_fp_flush_leave(mode);
    return status;
}
