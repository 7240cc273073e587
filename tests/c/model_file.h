/* Model files made in memory, record by record, so that a test can make any of them wrong. */
#ifndef RNNCORE_TESTS_MODEL_FILE_H
#define RNNCORE_TESTS_MODEL_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnncore_model.h"
#include "runtime/kinds.h"
#include "runtime/program.h"

enum { MOST_RECORDS = 8, MOST_OPERANDS = 64, MOST_NUMBERS = 1024, JSON = 56 };

/* What a file says; file_bytes writes it down as it stands here, right or wrong. */
typedef struct model_file {
    rnncore_program_header header; /* counts and sizes are filled in */
    rnncore_program_input input[MOST_RECORDS];
    rnncore_program_output output[MOST_RECORDS];
    rnncore_program_tensor tensor[MOST_RECORDS];
    rnncore_program_node node[MOST_RECORDS];
    int32_t operand[MOST_OPERANDS];
    char text[64];
    float number[MOST_NUMBERS]; /* of all tensors, which the writer places */
    uint32_t numbers;
} model_file;

/* A file in memory, in a block of its size. */
typedef struct file_image {
    unsigned char *data;
    size_t size;
} file_image;

static inline model_file file_begin(void)
{
    model_file file = {.header = {.version = RNNCORE_PROGRAM_VERSION, .dtype = RNNCORE_FLOAT32}};
    memcpy(file.header.magic, RNNCORE_PROGRAM_MAGIC, sizeof file.header.magic);
    return file;
}

/* Returns the offset of the name in the text. */
static inline uint32_t file_name(model_file *file, const char *name)
{
    const uint32_t at = file->header.text_bytes;
    memcpy(file->text + at, name, strlen(name) + 1);
    file->header.text_bytes += (uint32_t)strlen(name) + 1;
    return at;
}

static inline int32_t file_input(model_file *file, const char *name, int32_t type, int32_t rank,
                                 int64_t first, int64_t second)
{
    file->input[file->header.inputs] = (rnncore_program_input){
        .name = file_name(file, name), .type = type, .rank = rank, .shape = {first, second}};
    return (int32_t)file->header.inputs++;
}

static inline void file_output(model_file *file, const char *name, int32_t value, int32_t mask)
{
    file->output[file->header.outputs++] =
        (rnncore_program_output){.name = file_name(file, name), .value = value, .mask = mask};
}

/* A matrix, or with `columns` 0 a vector, of small numbers. */
static inline int32_t file_tensor(model_file *file, int64_t rows, int64_t columns)
{
    file->tensor[file->header.tensors] =
        (rnncore_program_tensor){.rank = columns > 0 ? 2 : 1, .shape = {rows, columns}};
    for (int64_t i = 0; i < rows * (columns > 0 ? columns : 1); i++, file->numbers++) {
        file->number[file->numbers] = (float)(file->numbers * 7 % 11) / 16 - 0.25f;
    }
    return (int32_t)file->header.tensors++;
}

/* Adds a node with these operands, inputs first; returns the record, for its attributes. */
static inline rnncore_program_node *file_node(model_file *file, int32_t kind, int32_t outputs,
                                              int32_t inputs, int32_t tensors,
                                              const int32_t *operands)
{
    rnncore_program_node *node = &file->node[file->header.nodes++];
    *node = (rnncore_program_node){.kind = kind,
                                   .inputs = inputs,
                                   .tensors = tensors,
                                   .outputs = outputs,
                                   .operand = file->header.operands};
    memcpy(file->operand + file->header.operands, operands,
           (size_t)(inputs + tensors) * sizeof *operands);
    file->header.operands += (uint32_t)(inputs + tensors);
    return node;
}

static inline size_t file_put(file_image *image, size_t at, const void *from, size_t size)
{
    memcpy(image->data + at, from, size);
    return at + (size + 7) / 8 * 8;
}

/* Sets the sizes of the header, and places the tensors one behind the other. */
static inline void file_measure(model_file *file)
{
    rnncore_program_header *h = &file->header;
    const size_t records = sizeof *h + h->inputs * sizeof *file->input +
                           h->outputs * sizeof *file->output + h->tensors * sizeof *file->tensor +
                           h->nodes * sizeof *file->node;
    const size_t rest = (h->operands + 1) / 2 * 8 + (h->text_bytes + 7) / 8 * 8;
    h->program_bytes = (records + rest + 63) / 64 * 64;
    h->data_bytes = h->program_bytes;
    for (uint32_t i = 0; i < h->tensors; i++) {
        int64_t numbers = 1;
        for (int32_t axis = 0; axis < file->tensor[i].rank; axis++) {
            numbers *= file->tensor[i].shape[axis];
        }
        file->tensor[i].offset = h->data_bytes;
        h->data_bytes += (uint64_t)numbers * sizeof(float);
    }
}

/* The bytes of a measured file, in which anything may have been changed since but the counts. */
static inline file_image file_bytes(const model_file *file)
{
    const rnncore_program_header *h = &file->header;
    const uint64_t json = JSON;
    file_image image;
    image.size = sizeof json + JSON + h->program_bytes + file->numbers * sizeof *file->number;
    image.data = calloc(image.size, 1);
    memset(image.data + file_put(&image, 0, &json, sizeof json), ' ', JSON);
    size_t at = file_put(&image, sizeof json + JSON, h, sizeof *h);
    at = file_put(&image, at, file->input, h->inputs * sizeof *file->input);
    at = file_put(&image, at, file->output, h->outputs * sizeof *file->output);
    at = file_put(&image, at, file->tensor, h->tensors * sizeof *file->tensor);
    at = file_put(&image, at, file->node, h->nodes * sizeof *file->node);
    at = file_put(&image, at, file->operand, h->operands * sizeof *file->operand);
    file_put(&image, at, file->text, h->text_bytes);
    memcpy(image.data + sizeof json + JSON + h->program_bytes, file->number,
           file->numbers * sizeof *file->number);
    return image;
}

/* A recurrent node on value x with tensors of its own. */
static inline int32_t file_recurrent(model_file *file, int32_t cell, int32_t x, int32_t mask,
                                     int64_t inputs, int64_t units, int sequences, int32_t value)
{
    const int64_t gates = cell == RNNCORE_LSTM ? 4 : cell == RNNCORE_GRU ? 3 : 1;
    const int32_t operands[] = {x, mask, file_tensor(file, inputs, gates * units),
                                file_tensor(file, units, gates * units),
                                file_tensor(file, gates * units, 0)};
    rnncore_program_node *node = file_node(file, RNNCORE_KIND_RECURRENT, 1, 2, 3, operands);
    node->attributes[0] = cell;
    node->attributes[5] = sequences;
    return value;
}

/* x (B, T, 2) with lengths -> LSTM of 3, sequences or the last output -> Dense of 2. Values: 0 x, 1
 * its mask, 2 h, 3 the output. */
static inline model_file file_lstm(int sequences)
{
    model_file file = file_begin();
    const int32_t x = file_input(&file, "x", RNNCORE_FLOAT32, 2, -1, 2);
    file_node(&file, RNNCORE_KIND_LENGTHS, 1, 1, 0, &x);
    const int32_t h = file_recurrent(&file, RNNCORE_LSTM, x, 1, 2, 3, sequences, 2);
    const int32_t operands[] = {h, file_tensor(&file, 3, 2), file_tensor(&file, 2, 0)};
    file_node(&file, RNNCORE_KIND_DENSE, 1, 1, 2, operands)->attributes[0] = RNNCORE_TANH;
    file_output(&file, "y", 3, sequences ? 1 : -1);
    file_measure(&file);
    return file;
}

/* Token ids (B, T) of a vocabulary of 4 -> Embedding of 2 -> GRU of 3, sequences. */
static inline model_file file_tokens(void)
{
    model_file file = file_begin();
    const int32_t ids = file_input(&file, "ids", RNNCORE_INT32, 1, -1, 0);
    const int32_t operands[] = {ids, file_tensor(&file, 4, 2)};
    file_node(&file, RNNCORE_KIND_EMBEDDING, 1, 1, 1, operands);
    file_output(&file, "y", file_recurrent(&file, RNNCORE_GRU, 1, -1, 2, 3, 1, 2), -1);
    file_measure(&file);
    return file;
}

/* Two inputs, x (B, T, 2) and v (B, 2), and two outputs, of a SimpleRNN and a Dense. */
static inline model_file file_two(void)
{
    model_file file = file_begin();
    const int32_t x = file_input(&file, "x", RNNCORE_FLOAT32, 2, -1, 2);
    const int32_t v = file_input(&file, "v", RNNCORE_FLOAT32, 1, 2, 0);
    file_recurrent(&file, RNNCORE_RNN, x, -1, 2, 3, 1, 2);
    const int32_t operands[] = {v, file_tensor(&file, 2, 1)};
    file_node(&file, RNNCORE_KIND_DENSE, 1, 1, 1, operands);
    file_output(&file, "y", 2, -1);
    file_output(&file, "w", 3, -1);
    file_measure(&file);
    return file;
}

/* A context, or the end of the test. */
static inline rnncore_context *file_context(int32_t threads)
{
    rnncore_context *context = NULL;
    const rnncore_context_options options = {
        .struct_size = sizeof options, .num_threads = threads, .max_isa = -1};
    if (rnncore_context_create(&options, &context) != RNNCORE_OK) {
        exit(1);
    }
    return context;
}

static inline rnncore_model *file_open(rnncore_context *context, const model_file *file)
{
    rnncore_model *model = NULL;
    char message[200] = "";
    file_image image = file_bytes(file);
    if (rnncore_model_from_memory(context, image.data, image.size, &model, message,
                                  sizeof message) != RNNCORE_OK) {
        fprintf(stderr, "a good model was refused: %s\n", message);
        exit(1);
    }
    free(image.data);
    return model;
}

#endif
