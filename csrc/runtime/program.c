/* From the bytes of a file to a model. Nothing that the file states is trusted before it is
 * checked, and nothing is read that may lie behind its end. */
#include "runtime/program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells/cell.h"
#include "core/platform.h"
#include "runtime/kinds.h"
#include "runtime/model.h"
#include "runtime/single.h"

typedef struct reader {
    rnncore_model *model;
    const char *program; /* and what stands behind it */
    size_t bytes;        /* from there to the end of the file */
    rnncore_program_header header;
    const char *inputs, *outputs, *tensors, *nodes, *operands, *text;
    char *message;
    size_t message_size;
    rnncore_weights *lent; /* for all nodes, in place of tensors; or NULL */
} reader;

static rnncore_status fail(const reader *r, rnncore_status status, const char *format, ...)
{
    if (r->message != NULL && r->message_size > 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(r->message, r->message_size, format, arguments);
        va_end(arguments);
    }
    return status;
}

static rnncore_status damaged(const reader *r, const char *what)
{
    return fail(r, RNNCORE_ERROR_MODEL,
                "expected a model for this version of rnncore, got a different or damaged file: %s",
                what);
}

static void *zeros(int64_t count, size_t size)
{
    return calloc(count > 0 ? (size_t)count : 1, size);
}

/* ---- where everything stands --------------------------------------------------------------- */

/* A safetensors file begins with the length of its JSON header; the first tensor follows that. */
static rnncore_status find_program(reader *r, const char *data, size_t size)
{
    uint64_t json;
    if (size < sizeof json) {
        return damaged(r, "it is too short");
    }
    memcpy(&json, data, sizeof json);
    if (json > size - sizeof json || size - sizeof json - json < sizeof r->header) {
        return damaged(r, "it is cut off");
    }
    r->program = data + sizeof json + json;
    r->bytes = size - sizeof json - (size_t)json;
    memcpy(&r->header, r->program, sizeof r->header);
    if (memcmp(r->header.magic, RNNCORE_PROGRAM_MAGIC, sizeof r->header.magic) != 0) {
        return damaged(r, "it holds no program; save(path, runtime=True) writes one");
    }
    if (r->header.version != RNNCORE_PROGRAM_VERSION || r->header.reserved != 0) {
        return damaged(r, "its program has another version");
    }
    if (r->header.dtype > RNNCORE_FLOAT64) {
        return damaged(r, "its program has an unknown dtype");
    }
    if (r->header.data_bytes != r->bytes) {
        return damaged(r, "it has another size than it states");
    }
    return RNNCORE_OK;
}

static const char *section(const reader *r, size_t *at, uint32_t count, size_t size)
{
    const char *start = r->program + *at;
    *at += ((size_t)count * size + 7) & ~(size_t)7; /* fits: counts are bounded */
    return start;
}

static rnncore_status find_sections(reader *r)
{
    const rnncore_program_header *h = &r->header;
    const uint32_t counts[] = {h->inputs, h->outputs, h->tensors, h->nodes};
    for (int i = 0; i < 4; i++) {
        if (counts[i] > RNNCORE_PROGRAM_MOST) {
            return damaged(r, "its program is too long");
        }
    }
    if (h->inputs == 0 || h->outputs == 0 || h->operands > 1 << 24 || h->text_bytes > 1 << 24) {
        return damaged(r, "the counts in its program make no sense");
    }
    size_t at = sizeof *h;
    r->inputs = section(r, &at, h->inputs, sizeof(rnncore_program_input));
    r->outputs = section(r, &at, h->outputs, sizeof(rnncore_program_output));
    r->tensors = section(r, &at, h->tensors, sizeof(rnncore_program_tensor));
    r->nodes = section(r, &at, h->nodes, sizeof(rnncore_program_node));
    r->operands = section(r, &at, h->operands, sizeof(int32_t));
    r->text = section(r, &at, h->text_bytes, 1);
    if (((at + 63) & ~(size_t)63) != h->program_bytes || h->program_bytes > r->bytes) {
        return damaged(r, "its program has another size than it states");
    }
    if (h->text_bytes == 0 || r->text[h->text_bytes - 1] != 0) {
        return damaged(r, "its names have no end");
    }
    return RNNCORE_OK;
}

static int32_t operand_at(const reader *r, size_t i)
{
    int32_t operand;
    memcpy(&operand, r->operands + i * sizeof operand, sizeof operand);
    return operand;
}

/* ---- inputs and outputs ---------------------------------------------------------------------- */

static rnncore_status read_input(reader *r, int32_t i)
{
    rnncore_program_input *input = &r->model->input[i];
    memcpy(input, r->inputs + (size_t)i * sizeof *input, sizeof *input);
    int unknown = 0,
        fits = input->name < r->header.text_bytes && input->reserved == 0 &&
               (input->type == (int32_t)r->header.dtype || input->type == RNNCORE_INT32) &&
               input->rank >= 0 && input->rank <= 8;
    for (int32_t axis = 0; fits && axis < input->rank; axis++) {
        const int64_t size = input->shape[axis];
        fits = size == -1 || (size >= 1 && size <= INT32_MAX);
        unknown += input->shape[axis] == -1;
    }
    return fits && unknown <= 1 ? RNNCORE_OK : damaged(r, "an input makes no sense");
}

static rnncore_status read_output(reader *r, int32_t i)
{
    rnncore_program_output *output = &r->model->output[i];
    memcpy(output, r->outputs + (size_t)i * sizeof *output, sizeof *output);
    const int fits = output->name < r->header.text_bytes && output->value >= 0 &&
                     output->value < r->model->values && output->mask >= -1 &&
                     output->mask < r->model->values && output->reserved == 0;
    return fits ? RNNCORE_OK : damaged(r, "an output makes no sense");
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* Whether all of them are within the file, one behind the other. */
static rnncore_status check_tensors(const reader *r)
{
    uint64_t end = r->header.program_bytes;
    for (uint32_t i = 0; i < r->header.tensors; i++) {
        rnncore_program_tensor t;
        memcpy(&t, r->tensors + i * sizeof t, sizeof t);
        if (t.type < 0 || t.type > RNNCORE_INT32 || t.rank < 0 || t.rank > 8) {
            return damaged(r, "a tensor has an unknown type");
        }
        uint64_t bytes = rnncore_type_bytes(t.type);
        for (int32_t axis = 0; axis < t.rank; axis++) {
            if (t.shape[axis] < 1 ||
                __builtin_mul_overflow(bytes, (uint64_t)t.shape[axis], &bytes)) {
                return damaged(r, "the shape of a tensor makes no sense");
            }
        }
        if (t.offset < end || t.offset > r->bytes || bytes > r->bytes - t.offset) {
            return damaged(r, "a tensor is not within the file, or overlaps another one");
        }
        end = t.offset + bytes;
    }
    return RNNCORE_OK;
}

static rnncore_status take_tensor(const reader *r, int32_t number, rnncore_tensor *out)
{
    if (number == -1) {
        return RNNCORE_OK;
    }
    if (number < 0 || (uint32_t)number >= r->header.tensors) {
        return damaged(r, "a layer names a tensor that is not there");
    }
    rnncore_program_tensor t;
    memcpy(&t, r->tensors + (size_t)number * sizeof t, sizeof t);
    *out = (rnncore_tensor){r->program + t.offset, t.type, t.rank, {0}};
    memcpy(out->size, t.shape, sizeof t.shape);
    return RNNCORE_OK;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Copies the inputs of node i, which must be values that stand before it. */
static rnncore_status read_operands(reader *r, int32_t i, const rnncore_program_node *record,
                                    const rnncore_node_kind *kind)
{
    rnncore_model *m = r->model;
    for (int32_t j = 0; j < record->inputs; j++) {
        const int32_t value = operand_at(r, record->operand + (size_t)j);
        if (value < (j < kind->least_inputs ? 0 : -1) || value >= m->written[i]) {
            return damaged(r, "a layer reads a value that is not there");
        }
        m->operands[m->first[i] + j] = value;
    }
    return RNNCORE_OK;
}

static rnncore_status read_node(reader *r, int32_t i)
{
    rnncore_model *m = r->model;
    rnncore_node *node = &m->node[i];
    rnncore_program_node record;
    memcpy(&record, r->nodes + (size_t)i * sizeof record, sizeof record);
    const rnncore_node_kind *kind = rnncore_find_kind(record.kind);
    if (kind == NULL) {
        return fail(r, RNNCORE_ERROR_MODEL,
                    "node %d: expected a kind that this version of rnncore knows, got %d", (int)i,
                    (int)record.kind);
    }
    if (record.inputs < 0 || record.inputs > RNNCORE_NODE_INPUTS || record.tensors < 0 ||
        record.tensors > RNNCORE_NODE_TENSORS || record.outputs < 1 ||
        record.outputs > RNNCORE_NODE_OUTPUTS || record.reserved != 0 ||
        record.operand > r->header.operands ||
        (uint32_t)(record.inputs + record.tensors) > r->header.operands - record.operand ||
        m->first[i] + record.inputs > (int64_t)r->header.operands) {
        return damaged(r, "the counts of a layer make no sense");
    }
    *node = (rnncore_node){.kind = kind,
                           .dtype = m->dtype,
                           .inputs = record.inputs,
                           .outputs = record.outputs,
                           .tensors = record.tensors};
    memcpy(node->attributes, record.attributes, sizeof record.attributes);
    memcpy(node->numbers, record.numbers, sizeof record.numbers);
    rnncore_status status = read_operands(r, i, &record, kind);
    for (int32_t j = 0; j < record.tensors && status == RNNCORE_OK; j++) {
        const size_t operand = record.operand + (size_t)(record.inputs + j);
        status = take_tensor(r, operand_at(r, operand), &node->tensor[j]);
    }
    if (status != RNNCORE_OK) {
        memset(node->tensor, 0, sizeof node->tensor); /* the file's, not ours to free */
        return status;
    }
    node->made = r->lent;
    node->lent = r->lent != NULL;
    status = node->lent ? RNNCORE_OK : rnncore_node_make(node, m->context);
    m->first[i + 1] = m->first[i] + record.inputs;
    m->written[i + 1] = m->written[i] + record.outputs;
    return status == RNNCORE_OK
               ? status
               : fail(r, status, "node %d (%s): %s", (int)i, kind->name,
                      status == RNNCORE_ERROR_MODEL ? "its inputs, options or weights make no sense"
                                                    : rnncore_status_string(status));
}

/* ---- what follows from it ------------------------------------------------------------------- */

static rnncore_status know_shapes(reader *r)
{
    rnncore_model *m = r->model;
    rnncore_status status = rnncore_set_inputs(m, m->known, RNNCORE_UNKNOWN, NULL);
    for (int32_t i = 0; i < m->nodes && status == RNNCORE_OK; i++) {
        const rnncore_node_call call = rnncore_call_of(m, i, m->known);
        status = rnncore_node_shape(&call);
        if (status != RNNCORE_OK) {
            return fail(r, RNNCORE_ERROR_MODEL,
                        "node %d (%s): expected inputs of other shapes or types", (int)i,
                        m->node[i].kind->name);
        }
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        const rnncore_array *y = &m->known[m->output[i].value];
        const int32_t mask = m->output[i].mask;
        if (y->type != (int32_t)m->dtype || y->lead != 1 || y->rank > 9 ||
            (mask >= 0 && m->known[mask].type != RNNCORE_MASK)) {
            return damaged(r, "an output is not an array of numbers");
        }
    }
    return status;
}

/* Whether an output of a stream has the shape that it has without one: those who read a model's
 * infos know no other. */
static int is_step_of(const rnncore_array *streamed, const rnncore_array *whole)
{
    const int32_t before = streamed->lead == 1 ? 0 : 1; /* no axis of steps */
    int same = streamed->rank == whole->rank + before;
    for (int32_t axis = 2; axis < streamed->rank && same; axis++) {
        same = streamed->size[axis] == whole->size[axis - before];
    }
    return same;
}

/* Whether it can stream, and then which outputs have one vector a step. */
static void know_streams(rnncore_model *m)
{
    int sequences = 0;
    for (int32_t i = 0; i < m->inputs; i++) {
        const rnncore_program_input *input = &m->input[i];
        const int has_steps = rnncore_has_steps(input);
        sequences += has_steps;
        for (int32_t axis = has_steps; axis < input->rank; axis++) {
            if (input->shape[axis] < 0) {
                return; /* its steps are not what comes first */
            }
        }
    }
    rnncore_set_streamed_inputs(m, m->table, RNNCORE_UNKNOWN, RNNCORE_UNKNOWN);
    if (sequences == 0 || rnncore_set_shapes(m, m->table) != RNNCORE_OK) {
        return;
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        const rnncore_array *y = &m->table[m->output[i].value];
        if (!y->streamed || rnncore_sizes(y, 2, y->rank) < 0 ||
            !is_step_of(y, &m->known[m->output[i].value])) {
            return;
        }
        m->streamed_per_step[i] = y->lead == 1;
    }
    m->can_stream = 1;
}

static void know_vocabularies(rnncore_model *m)
{
    for (int32_t i = 0; i < m->nodes; i++) {
        const int32_t value = m->node[i].inputs > 0 ? m->operands[m->first[i]] : -1;
        if (m->node[i].kind == rnncore_find_kind(RNNCORE_KIND_EMBEDDING) && value >= 0 &&
            value < m->inputs) {
            const int64_t rows = m->node[i].tensor[0].size[0];
            if (m->vocabulary[value] == 0 || rows < m->vocabulary[value]) {
                m->vocabulary[value] = rows;
            }
        }
    }
}

/* The last node that reads each value or a view of it; `end` for results. A view ends with what it
 * is a view of, so that its memory is free no earlier. */
static void find_ends(const rnncore_model *m, int32_t *end, int32_t *owner)
{
    for (int32_t v = 0; v < m->values; v++) {
        end[v] = -1;
        owner[v] = v;
    }
    for (int32_t i = 0; i < m->nodes; i++) {
        if (m->node[i].kind->is_view) {
            owner[m->written[i]] = owner[m->operands[m->first[i]]];
        }
        for (int32_t j = m->first[i]; j < m->first[i + 1]; j++) {
            if (m->operands[j] >= 0) {
                end[owner[m->operands[j]]] = i;
            }
        }
        for (int32_t v = m->written[i]; v < m->written[i + 1]; v++) {
            end[owner[v]] = end[owner[v]] > i ? end[owner[v]] : i;
        }
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        end[owner[m->output[i].value]] = m->nodes;
        if (m->output[i].mask >= 0) {
            end[owner[m->output[i].mask]] = m->nodes;
        }
    }
}

/* Results go straight to the caller's arrays where nothing else stands there. */
static void find_results(rnncore_model *m, const int32_t *owner)
{
    for (int32_t v = 0; v < m->values; v++) {
        m->result[v] = -1;
        m->slot[v] = RNNCORE_NO_SLOT;
    }
    for (int32_t i = 0; i < m->outputs; i++) {
        const int32_t v = m->output[i].value;
        if (v >= m->inputs && owner[v] == v && m->result[v] < 0) {
            m->result[v] = i;
        }
    }
}

/* Puts the slots of one list, if any, in front of another. */
static int32_t prepend(int32_t list, int32_t other, int32_t *next)
{
    while (list >= 0) {
        const int32_t slot = list;
        list = next[slot];
        next[slot] = other;
        other = slot;
    }
    return other;
}

/* Gives each value a slot that is free from the node that writes it to the last that reads it. In
 * lists, each slot with the `next`: those that end with each node, and those that are free. */
static rnncore_status give_slots(rnncore_model *m)
{
    int32_t *block = zeros(3 * (int64_t)m->values + m->nodes + 1, sizeof *block);
    if (block == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    int32_t *end = block, *owner = end + m->values, *next = owner + m->values;
    int32_t *ending = next + m->values, unused = -1;
    find_ends(m, end, owner);
    find_results(m, owner);
    for (int32_t i = 0; i <= m->nodes; i++) {
        ending[i] = -1;
    }
    for (int32_t i = 0; i < m->nodes; i++) {
        unused = i > 0 ? prepend(ending[i - 1], unused, next) : unused;
        for (int32_t v = m->written[i]; v < m->written[i + 1]; v++) {
            if (m->result[v] >= 0 || m->node[i].kind->is_view) {
                continue;
            }
            const int32_t slot = unused >= 0 ? unused : m->slots++;
            unused = unused >= 0 ? next[slot] : -1;
            next[slot] = ending[end[v]];
            ending[end[v]] = slot;
            m->slot[v] = slot;
        }
    }
    free(block);
    return RNNCORE_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static rnncore_status take_memory(reader *r)
{
    rnncore_model *m = r->model;
    const rnncore_program_header *h = &r->header;
    int64_t values = h->inputs;
    for (uint32_t i = 0; i < h->nodes; i++) {
        rnncore_program_node record;
        memcpy(&record, r->nodes + i * sizeof record, sizeof record);
        values += record.outputs > 0 && record.outputs <= RNNCORE_NODE_OUTPUTS ? record.outputs : 0;
    }
    m->values = (int32_t)values;
    m->inputs = (int32_t)h->inputs;
    m->outputs = (int32_t)h->outputs;
    m->text = zeros(h->text_bytes, 1);
    m->input = zeros(m->inputs, sizeof *m->input);
    m->output = zeros(m->outputs, sizeof *m->output);
    m->node = zeros(h->nodes, sizeof *m->node);
    m->operands = zeros(h->operands, sizeof *m->operands);
    m->first = zeros((int64_t)h->nodes + 1, sizeof *m->first);
    m->written = zeros((int64_t)h->nodes + 1, sizeof *m->written);
    m->slot = zeros(values, sizeof *m->slot);
    m->result = zeros(values, sizeof *m->result);
    m->vocabulary = zeros(m->inputs, sizeof *m->vocabulary);
    m->known = zeros(values, sizeof *m->known);
    m->table = zeros(values, sizeof *m->table);
    m->slot_bytes = zeros(values, sizeof *m->slot_bytes);
    m->streamed_per_step = zeros(m->outputs, sizeof *m->streamed_per_step);
    if (m->text == NULL || m->input == NULL || m->output == NULL || m->node == NULL ||
        m->operands == NULL || m->first == NULL || m->written == NULL || m->slot == NULL ||
        m->result == NULL || m->vocabulary == NULL || m->known == NULL || m->table == NULL ||
        m->slot_bytes == NULL || m->streamed_per_step == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    memcpy(m->text, r->text, h->text_bytes);
    m->written[0] = m->inputs;
    return RNNCORE_OK;
}

static rnncore_status read_all(reader *r)
{
    rnncore_model *m = r->model;
    rnncore_status status = check_tensors(r);
    for (int32_t i = 0; i < m->inputs && status == RNNCORE_OK; i++) {
        status = read_input(r, i);
    }
    for (int32_t i = 0; i < (int32_t)r->header.nodes && status == RNNCORE_OK; i++) {
        m->nodes = i + 1; /* also freed if it is only half made */
        status = read_node(r, i);
    }
    for (int32_t i = 0; i < m->outputs && status == RNNCORE_OK; i++) {
        status = read_output(r, i);
    }
    if (status == RNNCORE_OK) {
        status = know_shapes(r);
    }
    if (status == RNNCORE_OK) {
        status = give_slots(m);
    }
    if (status == RNNCORE_OK) {
        know_vocabularies(m);
        know_streams(m);
    }
    return status;
}

static rnncore_status read_model(reader *r, rnncore_context *context, const void *data, size_t size,
                                 rnncore_model **out)
{
    rnncore_status status = find_program(r, data, size);
    if (status == RNNCORE_OK) {
        status = find_sections(r);
    }
    if (status != RNNCORE_OK) {
        return status;
    }
    rnncore_model *m = r->model = zeros(1, sizeof *m);
    if (m == NULL) {
        return fail(r, RNNCORE_ERROR_OUT_OF_MEMORY, "out of memory");
    }
    m->context = context;
    m->dtype = (rnncore_dtype)r->header.dtype;
    status = rnncore_kernel_table(context->isa, m->dtype) == NULL
                 ? fail(r, RNNCORE_ERROR_UNSUPPORTED,
                        "expected a model of float32, got float64, which this build is without")
                 : take_memory(r);
    if (status == RNNCORE_OK) {
        status = read_all(r);
    }
    if (status == RNNCORE_ERROR_OUT_OF_MEMORY) {
        fail(r, status, "out of memory");
    }
    if (status != RNNCORE_OK) {
        rnncore_model_destroy(m);
        return status;
    }
    *out = m;
    return RNNCORE_OK;
}

rnncore_status rnncore_model_from_memory(rnncore_context *context, const void *data, size_t size,
                                         rnncore_model **out, char *message, size_t message_size)
{
    reader r = {.message = message, .message_size = message_size};
    if (context == NULL || data == NULL || out == NULL) {
        return fail(&r, RNNCORE_ERROR_INVALID_ARGUMENT,
                    "expected a context, data and out, got NULL");
    }
    return read_model(&r, context, data, size, out);
}

/* A file with the program of one recurrent layer, but for its weights. */
typedef struct layer_file {
    uint64_t json; /* none */
    rnncore_program_header header;
    rnncore_program_input input;
    rnncore_program_output output;
    rnncore_program_node node;
    int32_t operands[2];
    char text[8];
} layer_file;

rnncore_status rnncore_model_of_weights(rnncore_context *context, const rnncore_weights *weights,
                                        rnncore_model **out)
{
    enum { SIZE = sizeof(layer_file) - sizeof(uint64_t) };
    _Static_assert(SIZE % 64 == 0, "a program ends with zeros up to a multiple of 64");
    const uint32_t dtype = (uint32_t)weights->layer.dtype;
    const layer_file file = {
        .header = {.magic = {'R', 'N', 'N', 'C', 'P', 'R', 'O', 'G'},
                   .version = RNNCORE_PROGRAM_VERSION,
                   .dtype = dtype,
                   .program_bytes = SIZE,
                   .data_bytes = SIZE,
                   .inputs = 1,
                   .outputs = 1,
                   .nodes = 1,
                   .operands = 1,
                   .text_bytes = 4},
        .input = {0, (int32_t)dtype, 2, 0, {-1, weights->input}},
        .output = {2, 1, -1, 0},
        .node = {RNNCORE_KIND_RECURRENT, 1, 0, 1, 0, 0, {0, 0, 0, 0, 0, 1}, {0}},
        .text = "x\0y",
    };
    reader r = {.lent = (rnncore_weights *)(uintptr_t)weights};
    return read_model(&r, context, &file, sizeof file, out);
}

void rnncore_model_destroy(rnncore_model *m)
{
    if (m == NULL) {
        return;
    }
    for (int32_t i = 0; i < m->nodes; i++) {
        rnncore_node_clear(&m->node[i]);
    }
    void *const blocks[] = {m->text,       m->input,
                            m->output,     m->node,
                            m->operands,   m->first,
                            m->written,    m->slot,
                            m->result,     m->vocabulary,
                            m->known,      m->table,
                            m->slot_bytes, m->streamed_per_step};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        free(blocks[i]);
    }
    free(m);
}
