#include "runtime/model.h"

#include <string.h>

#include "core/options.h"
#include "core/platform.h"

/* ---- what a model says of itself ----------------------------------------------------------- */

rnncore_dtype rnncore_model_dtype(const rnncore_model *model)
{
    return model == NULL ? RNNCORE_FLOAT32 : model->dtype;
}

int32_t rnncore_model_inputs(const rnncore_model *model)
{
    return model == NULL ? 0 : model->inputs;
}

int32_t rnncore_model_outputs(const rnncore_model *model)
{
    return model == NULL ? 0 : model->outputs;
}

int64_t rnncore_model_input_size(const rnncore_model *model)
{
    if (model == NULL) {
        return 0;
    }
    const rnncore_array *x = &model->known[0];
    return rnncore_sizes(x, rnncore_has_steps(&model->input[0]) ? 2 : 1, x->rank);
}

int32_t rnncore_model_output_per_step(const rnncore_model *model)
{
    if (model == NULL) {
        return 0;
    }
    if (model->can_stream) {
        return model->streamed_per_step[0];
    }
    const rnncore_array *y = &model->known[model->output[0].value];
    return rnncore_has_steps(&model->input[0]) && y->rank > 2 &&
           y->size[1] == model->known[0].size[1];
}

int64_t rnncore_model_output_size(const rnncore_model *model)
{
    if (model == NULL) {
        return 0;
    }
    const rnncore_array *y = &model->known[model->output[0].value];
    return rnncore_sizes(y, rnncore_model_output_per_step(model) ? 2 : 1, y->rank);
}

int32_t rnncore_model_can_stream(const rnncore_model *model)
{
    return model == NULL ? 0 : model->can_stream;
}

static void describe(rnncore_array_info *info, const char *name, const rnncore_array *x)
{
    info->name = name;
    info->type = x->type;
    info->rank = x->rank - 1;
    for (int32_t axis = 0; axis < 8; axis++) {
        info->shape[axis] = axis < info->rank ? x->size[axis + 1] : 0;
    }
}

rnncore_status rnncore_model_input(const rnncore_model *model, int32_t i, rnncore_array_info *info)
{
    if (model == NULL || i < 0 || i >= model->inputs || !rnncore_is_known(info, sizeof *info)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    describe(info, model->text + model->input[i].name, &model->known[i]);
    return RNNCORE_OK;
}

rnncore_array *rnncore_borrow_table(const rnncore_model *model, int64_t **slot_bytes)
{
    char *busy = &((rnncore_model *)(uintptr_t)model)->busy;
    while (__atomic_test_and_set(busy, __ATOMIC_ACQUIRE)) {
        rnncore_cpu_relax();
    }
    *slot_bytes = model->slot_bytes;
    return model->table;
}

void rnncore_return_table(const rnncore_model *model)
{
    __atomic_clear(&((rnncore_model *)(uintptr_t)model)->busy, __ATOMIC_RELEASE);
}

rnncore_status rnncore_model_output(const rnncore_model *model, int32_t i, const int64_t *steps,
                                    rnncore_array_info *info)
{
    if (model == NULL || i < 0 || i >= model->outputs || !rnncore_is_known(info, sizeof *info)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    const int32_t value = model->output[i].value;
    rnncore_array y = model->known[value];
    if (steps != NULL) {
        int64_t *unused;
        rnncore_array *values = rnncore_borrow_table(model, &unused);
        rnncore_status status = rnncore_set_inputs(model, values, 1, steps);
        if (status == RNNCORE_OK) {
            status = rnncore_set_shapes(model, values);
        }
        y = values[value];
        rnncore_return_table(model);
        if (status != RNNCORE_OK) {
            return status;
        }
    }
    describe(info, model->text + model->output[i].name, &y);
    return RNNCORE_OK;
}

/* ---- where the values of a call stand -------------------------------------------------------- */

rnncore_node_call rnncore_call_of(const rnncore_model *model, int32_t i, rnncore_array *values)
{
    const rnncore_node *node = &model->node[i];
    const int32_t *operands = model->operands + model->first[i];
    rnncore_node_call call = {.context = model->context, .node = node};
    for (int32_t j = 0; j < node->inputs; j++) {
        call.in[j] = operands[j] < 0 ? NULL : &values[operands[j]];
    }
    for (int32_t j = 0; j < node->outputs; j++) {
        call.out[j] = &values[model->written[i] + j];
    }
    return call;
}

rnncore_status rnncore_set_inputs(const rnncore_model *model, rnncore_array *values, int64_t batch,
                                  const int64_t *steps)
{
    for (int32_t i = 0; i < model->inputs; i++) {
        const rnncore_program_input *input = &model->input[i];
        rnncore_array *x = &values[i];
        *x = (rnncore_array){.type = input->type, .rank = input->rank + 1, .lead = 1};
        x->size[0] = batch;
        memcpy(x->size + 1, input->shape, (size_t)input->rank * sizeof *x->size);
        if (steps == NULL) {
            continue;
        }
        int64_t expected = rnncore_has_steps(input) ? input->shape[0] : 1;
        for (int32_t axis = 1; axis < x->rank; axis++) {
            if (x->size[axis] < 0) {
                x->size[axis] = expected = steps[i];
            }
        }
        if (steps[i] != expected || steps[i] < 0) {
            return RNNCORE_ERROR_SHAPE;
        }
    }
    return RNNCORE_OK;
}

void rnncore_set_streamed_inputs(const rnncore_model *model, rnncore_array *values, int64_t batch,
                                 int64_t steps)
{
    for (int32_t i = 0; i < model->inputs; i++) {
        const rnncore_program_input *input = &model->input[i];
        const int32_t from =
            rnncore_has_steps(input); /* an input without steps comes with each step */
        rnncore_array *x = &values[i];
        *x = (rnncore_array){.type = input->type, .streamed = 1, .lead = from ? 1 : 2};
        x->rank = input->rank - from + 2;
        x->size[0] = batch;
        x->size[1] = steps;
        memcpy(x->size + 2, input->shape + from, (size_t)(input->rank - from) * sizeof *x->size);
    }
}

rnncore_status rnncore_set_shapes(const rnncore_model *model, rnncore_array *values)
{
    rnncore_status status = RNNCORE_OK;
    for (int32_t i = 0; i < model->nodes && status == RNNCORE_OK; i++) {
        const rnncore_node_call call = rnncore_call_of(model, i, values);
        status = rnncore_node_shape(&call);
    }
    return status;
}

static rnncore_status measure(rnncore_layout *layout)
{
    const rnncore_model *m = layout->model;
    memset(layout->slot_bytes, 0, (size_t)m->slots * sizeof *layout->slot_bytes);
    layout->scratch_bytes = 0;
    for (int32_t v = 0; v < m->values; v++) {
        const int64_t bytes = rnncore_array_bytes(&layout->values[v]);
        if (bytes < 0) {
            return RNNCORE_ERROR_OVERFLOW;
        }
        if (m->slot[v] >= 0 && layout->slot_bytes[m->slot[v]] < bytes) {
            layout->slot_bytes[m->slot[v]] = bytes;
        }
    }
    for (int32_t i = 0; i < m->nodes; i++) {
        size_t bytes = 0;
        if (m->node[i].kind->scratch != NULL) {
            const rnncore_node_call call = rnncore_call_of(m, i, layout->values);
            const rnncore_status status = m->node[i].kind->scratch(&call, &bytes);
            if (status != RNNCORE_OK) {
                return status;
            }
        }
        layout->scratch_bytes = layout->scratch_bytes > bytes ? layout->scratch_bytes : bytes;
    }
    return RNNCORE_OK;
}

rnncore_status rnncore_take_values(rnncore_layout *layout, rnncore_arena *arena)
{
    const rnncore_model *m = layout->model;
    const rnncore_status status = measure(layout);
    if (status != RNNCORE_OK) {
        return status;
    }
    char *base = arena->base;
    for (int32_t slot = 0; slot < m->slots; slot++) { /* from its bytes to its place */
        const int64_t place = (int64_t)arena->used;
        rnncore_arena_take(arena, layout->slot_bytes[slot], 1);
        layout->slot_bytes[slot] = place;
    }
    for (int32_t v = 0; v < m->values && base != NULL; v++) {
        if (m->slot[v] >= 0) {
            layout->values[v].data = base + layout->slot_bytes[m->slot[v]];
        }
    }
    if (layout->scratch_bytes > INT64_MAX) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    layout->scratch = rnncore_arena_take(arena, (int64_t)layout->scratch_bytes, 1);
    return RNNCORE_OK;
}

/* ---- a call ------------------------------------------------------------------------------------
 */

int rnncore_ids_are_known(const rnncore_model *model, const rnncore_array *values,
                          const void *const *x)
{
    for (int32_t i = 0; i < model->inputs; i++) {
        const int64_t numbers = model->vocabulary[i] > 0 ? rnncore_numbers(&values[i]) : 0;
        const int32_t *ids = x[i];
        for (int64_t j = 0; j < numbers; j++) {
            if (ids[j] < 0 || ids[j] >= model->vocabulary[i]) {
                return 0;
            }
        }
    }
    return 1;
}

/* Zeros behind the real steps of each row of a result. */
static void clear_padding(const rnncore_array *y, const rnncore_array *mask)
{
    if (mask->absent || mask->lengths == NULL || y->rank < 2 || y->size[1] != mask->size[1]) {
        return;
    }
    const size_t step = (size_t)rnncore_sizes(y, 2, y->rank) * rnncore_type_bytes(y->type);
    for (int64_t row = 0; row < y->size[0]; row++) {
        const int64_t real = mask->lengths[row], steps = y->size[1];
        memset((char *)y->data + (size_t)(row * steps + real) * step, 0,
               (size_t)(steps - real) * step);
    }
}

static void finish_outputs(const rnncore_layout *layout, void *const *y)
{
    const rnncore_model *m = layout->model;
    for (int32_t i = 0; i < m->outputs; i++) { /* before any is cleared, which views may show */
        const rnncore_array *result = &layout->values[m->output[i].value];
        const size_t bytes = (size_t)rnncore_numbers(result) * rnncore_type_bytes(result->type);
        if (m->result[m->output[i].value] != i && bytes > 0) {
            memcpy(y[i], result->data, bytes);
        }
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        rnncore_array result = layout->values[m->output[i].value];
        result.data = y[i];
        if (m->output[i].mask >= 0) {
            clear_padding(&result, &layout->values[m->output[i].mask]);
        }
    }
}

/* Lengths are those of axis 1 of a mask, as far as it is the same. */
static void view(rnncore_array *out, const rnncore_array *in)
{
    const int same = in->type == RNNCORE_MASK && out->rank == in->rank && in->rank > 1 &&
                     out->size[1] == in->size[1];
    out->data = in->data;
    out->lengths = same ? in->lengths : NULL;
    out->absent = in->absent;
}

/* Whether there is nothing to compute. Its other sizes may be huge: loops over them would not end.
 */
static int is_empty(const rnncore_node_call *call)
{
    int empty = 1;
    for (int32_t i = 0; i < call->node->outputs; i++) {
        empty &= call->out[i]->type != RNNCORE_MASK && rnncore_numbers(call->out[i]) == 0;
    }
    return empty;
}

rnncore_status rnncore_run_nodes(const rnncore_layout *layout, rnncore_node_call *calls,
                                 const void *const *x, void *const *y)
{
    const rnncore_model *m = layout->model;
    rnncore_status status = RNNCORE_OK;
    for (int32_t i = 0; i < m->inputs; i++) {
        layout->values[i].data = (void *)(uintptr_t)x[i];
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        const int32_t v = m->output[i].value;
        if (m->result[v] == i) {
            layout->values[v].data = y[i];
        }
    }
    for (int32_t i = 0; i < m->nodes && status == RNNCORE_OK; i++) {
        const rnncore_node_kind *kind = m->node[i].kind;
        rnncore_node_call own, *call = calls == NULL ? &own : &calls[i];
        if (calls == NULL) {
            own = rnncore_call_of(m, i, layout->values);
            own.scratch = layout->scratch;
        }
        if (kind->is_view) {
            view(call->out[0], call->in[0]);
        } else if (calls != NULL || !is_empty(call)) {
            ASAN_UNPOISON_MEMORY_REGION(layout->scratch, layout->scratch_bytes);
            status = kind->run(call);
        }
    }
    finish_outputs(layout, y);
    return status;
}

/* The shapes of a call, and its memory as far as the arena has it. */
static rnncore_status lay_out(rnncore_layout *layout, int64_t batch, const int64_t *steps,
                              rnncore_arena *arena)
{
    rnncore_status status = rnncore_set_inputs(layout->model, layout->values, batch, steps);
    if (status == RNNCORE_OK) {
        status = rnncore_set_shapes(layout->model, layout->values);
    }
    return status == RNNCORE_OK ? rnncore_take_values(layout, arena) : status;
}

/* The tables of a layout stand at the start of its workspace. */
static void take_tables(rnncore_layout *layout, rnncore_arena *arena)
{
    const rnncore_model *m = layout->model;
    layout->values = rnncore_arena_take(arena, m->values, sizeof *layout->values);
    layout->slot_bytes = rnncore_arena_take(arena, m->slots, sizeof *layout->slot_bytes);
}

rnncore_status rnncore_model_workspace_size_many(const rnncore_model *model, int64_t batch,
                                                 const int64_t *steps, size_t *bytes)
{
    if (model == NULL || batch < 0 || steps == NULL || bytes == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_layout layout = {.model = model};
    rnncore_arena arena = {NULL, 0, 0};
    take_tables(&layout, &arena);
    layout.values = rnncore_borrow_table(model, &layout.slot_bytes);
    const rnncore_status status = lay_out(&layout, batch, steps, &arena);
    rnncore_return_table(model);
    return status == RNNCORE_OK ? rnncore_arena_size(&arena, bytes) : status;
}

int rnncore_are_given(const void *const *pointers, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (pointers == NULL || pointers[i] == NULL) {
            return 0;
        }
    }
    return 1;
}

/* Whether every length is that of a row of its input. */
static rnncore_status set_lengths(const rnncore_layout *layout, const int64_t *const *lengths)
{
    for (int32_t i = 0; i < layout->model->inputs && lengths != NULL; i++) {
        rnncore_array *x = &layout->values[i];
        for (int64_t row = 0; lengths[i] != NULL && row < x->size[0]; row++) {
            if (!rnncore_has_steps(&layout->model->input[i]) || lengths[i][row] < 0 ||
                lengths[i][row] > x->size[1]) {
                return RNNCORE_ERROR_LENGTHS;
            }
        }
        x->lengths = lengths[i];
    }
    return RNNCORE_OK;
}

rnncore_status rnncore_model_run_many(const rnncore_model *model, const void *const *x,
                                      int64_t batch, const int64_t *steps,
                                      const int64_t *const *lengths, void *const *y,
                                      void *workspace, size_t workspace_bytes)
{
    size_t needed;
    rnncore_status status = rnncore_model_workspace_size_many(model, batch, steps, &needed);
    if (status != RNNCORE_OK) {
        return status;
    }
    rnncore_layout layout = {.model = model};
    rnncore_arena arena = {NULL, needed, 0};
    if (!rnncore_are_given(x, model->inputs) ||
        !rnncore_are_given((const void *const *)y, model->outputs)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    status = rnncore_arena_place(&arena, workspace, workspace_bytes);
    if (status != RNNCORE_OK) {
        return status;
    }
    take_tables(&layout, &arena);
    status = lay_out(&layout, batch, steps, &arena);
    if (status == RNNCORE_OK) {
        status = set_lengths(&layout, lengths);
    }
    if (status == RNNCORE_OK && !rnncore_ids_are_known(model, layout.values, x)) {
        status = RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (status == RNNCORE_OK) {
        const rnncore_fp_state mode = rnncore_fp_flush_enter();
        status = rnncore_run_nodes(&layout, NULL, x, y);
        rnncore_fp_flush_leave(mode);
    }
    return status;
}

static int is_single(const rnncore_model *model)
{
    return model != NULL && model->inputs == 1 && model->outputs == 1;
}

rnncore_status rnncore_model_workspace_size(const rnncore_model *model, int64_t batch,
                                            int64_t steps, size_t *bytes)
{
    return is_single(model) ? rnncore_model_workspace_size_many(model, batch, &steps, bytes)
                            : RNNCORE_ERROR_INVALID_ARGUMENT;
}

rnncore_status rnncore_model_run(const rnncore_model *model, const void *x, int64_t batch,
                                 int64_t steps, const int64_t *lengths, void *y, void *workspace,
                                 size_t workspace_bytes)
{
    return is_single(model) ? rnncore_model_run_many(model, &x, batch, &steps, &lengths, &y,
                                                     workspace, workspace_bytes)
                            : RNNCORE_ERROR_INVALID_ARGUMENT;
}
