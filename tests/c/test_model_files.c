/* Model files that are damaged or hostile: a status, a sentence, and nothing else. */
#include "rnncore_model.h"

#include <stddef.h>

#include "check.h"
#include "model_file.h"

static rnncore_context *context;

/* What a file of these bytes gives. On failure there is a sentence, and no model. */
static rnncore_status open_bytes(const void *data, size_t size)
{
    char message[200] = "";
    rnncore_model *const untouched = (rnncore_model *)(uintptr_t)&message;
    rnncore_model *model = untouched;
    const rnncore_status status =
        rnncore_model_from_memory(context, data, size, &model, message, sizeof message);
    if (status == RNNCORE_OK) {
        CHECK(model != untouched && message[0] == 0);
        rnncore_model_destroy(model);
    } else {
        CHECK(model == untouched);
        CHECK(strlen(message) > 10);
    }
    return status;
}

static rnncore_status open_file(const model_file *file)
{
    file_image image = file_bytes(file);
    const rnncore_status status = open_bytes(image.data, image.size);
    free(image.data);
    return status;
}

/* Opens `file` with one thing changed: it is refused. */
#define REFUSED(file, change)                                                                      \
    do {                                                                                           \
        model_file changed = (file);                                                               \
        change;                                                                                    \
        CHECK(open_file(&changed) == RNNCORE_ERROR_MODEL);                                         \
    } while (0)

/* In a block of its own, so that a sanitizer sees what reads beyond it. */
static rnncore_status open_copy(const unsigned char *data, size_t size)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    const rnncore_status status = open_bytes(copy, size);
    free(copy);
    return status;
}

static void test_good_files(void)
{
    const model_file files[] = {file_lstm(0), file_lstm(1), file_tokens(), file_two()};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        CHECK(open_file(&files[i]) == RNNCORE_OK);
    }
}

static void test_every_length(void)
{
    const model_file file = file_lstm(1);
    file_image image = file_bytes(&file);
    for (size_t size = 0; size < image.size; size++) {
        CHECK(open_copy(image.data, size) == RNNCORE_ERROR_MODEL);
    }
    unsigned char *longer = calloc(image.size + 1, 1);
    memcpy(longer, image.data, image.size);
    CHECK(open_bytes(longer, image.size + 1) == RNNCORE_ERROR_MODEL);
    free(longer);
    free(image.data);
}

/* The bytes of a file may stand anywhere. */
static void test_every_alignment(void)
{
    const model_file file = file_lstm(0);
    file_image image = file_bytes(&file);
    unsigned char *block = malloc(image.size + 8);
    for (size_t at = 0; at < 8; at++) {
        memcpy(block + at, image.data, image.size);
        CHECK(open_bytes(block + at, image.size) == RNNCORE_OK);
    }
    free(block);
    free(image.data);
}

/* Every byte of the program becomes another one: whatever that makes, nothing breaks. */
static void test_every_byte(void)
{
    static const unsigned char others[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const model_file files[] = {file_lstm(1), file_tokens(), file_two()};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        file_image image = file_bytes(&files[i]);
        for (size_t at = 0; at < sizeof(uint64_t) + JSON + files[i].header.program_bytes; at++) {
            const unsigned char before = image.data[at];
            for (size_t j = 0; j < sizeof others; j++) {
                image.data[at] = others[j];
                const rnncore_status status = open_bytes(image.data, image.size);
                CHECK(status == RNNCORE_OK || status == RNNCORE_ERROR_MODEL ||
                      status == RNNCORE_ERROR_UNSUPPORTED);
            }
            image.data[at] = before;
        }
        free(image.data);
    }
}

static void test_json_length(void)
{
    static const uint64_t lengths[] = {0, 1, JSON - 1, JSON + 1, 1 << 20, INT64_MAX, UINT64_MAX};
    const model_file file = file_lstm(1);
    file_image image = file_bytes(&file);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memcpy(image.data, &lengths[i], sizeof lengths[i]);
        CHECK(open_bytes(image.data, image.size) == RNNCORE_ERROR_MODEL);
    }
    free(image.data);
}

/* Counts that are too many, so many that sizes would overflow, or not there. */
static void test_counts(void)
{
    static const uint32_t wrong[] = {77, 1 << 16, (1 << 16) + 1, 1 << 24, INT32_MAX, UINT32_MAX};
    static const size_t places[] = {
        offsetof(rnncore_program_header, inputs),   offsetof(rnncore_program_header, outputs),
        offsetof(rnncore_program_header, tensors),  offsetof(rnncore_program_header, nodes),
        offsetof(rnncore_program_header, operands), offsetof(rnncore_program_header, text_bytes)};
    const model_file file = file_lstm(1);
    file_image image = file_bytes(&file);
    unsigned char *header = image.data + sizeof(uint64_t) + JSON;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t before;
        memcpy(&before, header + places[i], sizeof before);
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++) {
            memcpy(header + places[i], &wrong[j], sizeof wrong[j]);
            CHECK(open_bytes(image.data, image.size) == RNNCORE_ERROR_MODEL);
        }
        memset(header + places[i], 0, sizeof before);
        CHECK(open_bytes(image.data, image.size) == RNNCORE_ERROR_MODEL);
        memcpy(header + places[i], &before, sizeof before);
    }
    CHECK(open_bytes(image.data, image.size) == RNNCORE_OK);
    free(image.data);
}

static void test_header(void)
{
    const model_file file = file_lstm(1);
    REFUSED(file, changed.header.magic[7] = 'g');
    REFUSED(file, changed.header.version = 0);
    REFUSED(file, changed.header.version = 2);
    REFUSED(file, changed.header.version = UINT32_MAX);
    model_file other = file; /* one without float64 says so before it looks at the tensors */
    other.header.dtype = RNNCORE_FLOAT64;
    const rnncore_status status = open_file(&other);
    CHECK(status == RNNCORE_ERROR_MODEL || status == RNNCORE_ERROR_UNSUPPORTED);
    REFUSED(file, changed.header.dtype = RNNCORE_INT32);
    REFUSED(file, changed.header.dtype = UINT32_MAX);
    REFUSED(file, changed.header.reserved = 1);
    REFUSED(file, changed.header.data_bytes++);
    REFUSED(file, changed.header.data_bytes = UINT64_MAX);
    REFUSED(file, changed.header.data_bytes = 0);
    file_image image = file_bytes(&file);
    static const uint64_t sizes[] = {0, 64, UINT64_MAX, UINT64_MAX - 63};
    unsigned char *program_bytes =
        image.data + sizeof(uint64_t) + JSON + offsetof(rnncore_program_header, program_bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memcpy(program_bytes, &sizes[i], sizeof sizes[i]);
        CHECK(open_bytes(image.data, image.size) == RNNCORE_ERROR_MODEL);
    }
    free(image.data);
}

static void test_inputs_and_outputs(void)
{
    const model_file file = file_lstm(1);
    const uint32_t text = file.header.text_bytes;
    REFUSED(file, changed.input[0].name = text);
    REFUSED(file, changed.input[0].name = UINT32_MAX);
    REFUSED(file, changed.input[0].type = RNNCORE_FLOAT64);
    REFUSED(file, changed.input[0].type = RNNCORE_INT32); /* an LSTM takes numbers */
    REFUSED(file, changed.input[0].type = 3);
    REFUSED(file, changed.input[0].type = -1);
    REFUSED(file, changed.input[0].rank = -1);
    REFUSED(file, changed.input[0].rank = 1);
    REFUSED(file, changed.input[0].rank = 9);
    REFUSED(file, changed.input[0].rank = INT32_MAX);
    REFUSED(file, changed.input[0].reserved = 1);
    REFUSED(file, changed.input[0].shape[0] = 0);
    REFUSED(file, changed.input[0].shape[0] = -2);
    REFUSED(file, changed.input[0].shape[0] = INT64_MAX);
    REFUSED(file, changed.input[0].shape[0] = (int64_t)INT32_MAX + 1);
    REFUSED(file, changed.input[0].shape[1] = -1); /* the second of unknown size */
    REFUSED(file, changed.input[0].shape[1] = 3);
    REFUSED(file, changed.output[0].name = text);
    REFUSED(file, changed.output[0].value = -1);
    REFUSED(file, changed.output[0].value = 4);
    REFUSED(file, changed.output[0].value = INT32_MAX);
    REFUSED(file, changed.output[0].value = 1); /* a mask */
    REFUSED(file, changed.output[0].mask = -2);
    REFUSED(file, changed.output[0].mask = 4);
    REFUSED(file, changed.output[0].mask = 2); /* no mask */
    REFUSED(file, changed.output[0].reserved = 1);
    REFUSED(file, changed.text[text - 1] = 'z'); /* no end */
    model_file other = file;
    other.output[0].value = 0; /* the input as it is */
    CHECK(open_file(&other) == RNNCORE_OK);
}

static void test_tensors(void)
{
    const model_file file = file_lstm(1);
    const uint64_t end = file.header.data_bytes;
    REFUSED(file, changed.tensor[0].type = RNNCORE_FLOAT64);
    REFUSED(file, changed.tensor[0].type = RNNCORE_INT32);
    REFUSED(file, changed.tensor[0].type = 3);
    REFUSED(file, changed.tensor[0].type = -1);
    REFUSED(file, changed.tensor[0].rank = -1);
    REFUSED(file, changed.tensor[0].rank = 1);
    REFUSED(file, changed.tensor[0].rank = 9);
    REFUSED(file, changed.tensor[0].shape[0] = 0);
    REFUSED(file, changed.tensor[0].shape[0] = -1);
    REFUSED(file, changed.tensor[0].shape[0] = 1);
    REFUSED(file, changed.tensor[0].shape[0] = INT64_MAX);
    REFUSED(file, changed.tensor[0].shape[0] = INT64_C(1) << 60); /* * 12 * 4 bytes overflows */
    REFUSED(file, changed.tensor[0].offset = 0);
    REFUSED(file, changed.tensor[0].offset = file.header.program_bytes - 1);
    REFUSED(file, changed.tensor[0].offset = end);
    REFUSED(file, changed.tensor[0].offset = UINT64_MAX);
    REFUSED(file, changed.tensor[1].offset = file.tensor[0].offset); /* one over the other */
    REFUSED(file, changed.tensor[1].offset--);
    REFUSED(file, changed.tensor[4].offset = end - 7); /* of two numbers, which end at `end` */
    REFUSED(file, changed.tensor[4].offset = file.tensor[3].offset);
    /* Those of the LSTM are its operands from 3 on: x, then x and its mask, then tensors. */
    for (int32_t i = 3; i < 6; i++) {
        REFUSED(file, changed.operand[i] = -2);
        REFUSED(file, changed.operand[i] = 5);
        REFUSED(file, changed.operand[i] = INT32_MAX);
        REFUSED(file, changed.operand[i] = 3); /* another one's shape */
    }
    REFUSED(file, changed.operand[3] = -1);
    REFUSED(file, changed.operand[4] = -1);
    model_file other = file;
    other.operand[5] = -1; /* no bias */
    CHECK(open_file(&other) == RNNCORE_OK);
    REFUSED(file, changed.tensor[0].shape[0] = 3; changed.input[0].shape[1] = 3);
}

static void test_nodes(void)
{
    const model_file file = file_lstm(1);
    static const int32_t kinds[] = {0, -1, 47, 99, 1 << 16, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        REFUSED(file, changed.node[1].kind = kinds[i]);
    }
    static const int32_t counts[] = {-1, 5, 65, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        REFUSED(file, changed.node[1].inputs = counts[i]);
        REFUSED(file, changed.node[1].tensors = counts[i]);
        REFUSED(file, changed.node[1].outputs = counts[i]);
    }
    REFUSED(file, changed.node[1].outputs = 0);
    REFUSED(file, changed.node[1].operand = 7);
    REFUSED(file, changed.node[1].operand = UINT32_MAX);
    REFUSED(file, changed.node[1].reserved = 1);
    REFUSED(file, changed.operand[1] = 2); /* reads what it writes, */
    REFUSED(file, changed.operand[1] = 3); /* what a later one writes, */
    REFUSED(file, changed.operand[1] = 4); /* what none does */
    REFUSED(file, changed.operand[1] = -1);
    REFUSED(file, changed.operand[1] = 1); /* a mask */
    REFUSED(file, changed.operand[2] = 0); /* no mask */
    REFUSED(file, changed.operand[2] = 2);
    REFUSED(file, changed.operand[2] = INT32_MIN);
    REFUSED(file, changed.operand[6] = 3);
    static const int64_t attributes[] = {-1, 9, INT64_MAX, INT64_MIN, INT64_C(1) << 32};
    for (int32_t place = 0; place < 7; place++) {
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
            REFUSED(file, changed.node[1].attributes[place] = attributes[i]);
        }
    }
    REFUSED(file, changed.node[2].attributes[0] = -1);
    REFUSED(file, changed.node[2].attributes[0] = INT64_MAX);
}

/* A tensor that two nodes read, and one that no node does, are fine. */
static void test_tensors_shared(void)
{
    model_file file = file_begin();
    const int32_t x = file_input(&file, "x", RNNCORE_FLOAT32, 1, 2, 0);
    const int32_t tensor = file_tensor(&file, 2, 2);
    file_tensor(&file, 3, 0);
    const int32_t first[] = {x, tensor}, second[] = {1, tensor};
    file_node(&file, RNNCORE_KIND_DENSE, 1, 1, 1, first);
    file_node(&file, RNNCORE_KIND_DENSE, 1, 1, 1, second);
    file_output(&file, "y", 2, -1);
    file_measure(&file);
    CHECK(open_file(&file) == RNNCORE_OK);
}

/* Tensors in a file of float64 that do not stand at a multiple of 8. */
static void test_misaligned_float64(void)
{
    model_file file = file_begin();
    file.header.dtype = RNNCORE_FLOAT64;
    const int32_t x = file_input(&file, "x", RNNCORE_FLOAT64, 1, 1, 0);
    const int32_t operands[] = {x, file_tensor(&file, 1, 2)}; /* two floats: one double */
    file.tensor[0].type = RNNCORE_FLOAT64;
    file.tensor[0].shape[1] = 1;
    file_node(&file, RNNCORE_KIND_DENSE, 1, 1, 1, operands);
    file_output(&file, "y", 1, -1);
    file_measure(&file);
    file.numbers += 1;
    file.header.data_bytes = file.header.program_bytes + file.numbers * sizeof(float);
    for (int i = 0; i < 2; i++, file.tensor[0].offset += 4) {
        const rnncore_status status = open_file(&file);
        CHECK(status == RNNCORE_OK || status == RNNCORE_ERROR_UNSUPPORTED);
    }
}

/* A mask of another input's steps, which may be fewer, is refused when the steps are known. */
static void test_steps_that_do_not_fit(void)
{
    model_file file = file_begin();
    const int32_t x = file_input(&file, "x", RNNCORE_FLOAT32, 2, -1, 2);
    const int32_t other = file_input(&file, "other", RNNCORE_FLOAT32, 2, -1, 2);
    file_node(&file, RNNCORE_KIND_LENGTHS, 1, 1, 0, &other);
    file_output(&file, "y", file_recurrent(&file, RNNCORE_GRU, x, 2, 2, 3, 1, 3), -1);
    file_measure(&file);
    rnncore_model *model = file_open(context, &file);
    const int64_t same[] = {4, 4}, fewer[] = {4, 3};
    size_t bytes;
    CHECK(rnncore_model_workspace_size_many(model, 2, same, &bytes) == RNNCORE_OK);
    CHECK(rnncore_model_workspace_size_many(model, 2, fewer, &bytes) == RNNCORE_ERROR_SHAPE);
    rnncore_model_destroy(model);
}

/* A sentence in little room ends in a zero byte, and nothing behind it is touched. */
static void test_messages(void)
{
    static const char garbage[] = "no model, whatever its length may be, for it says so nowhere";
    char whole[200], cut[200];
    rnncore_model *model = NULL;
    CHECK(rnncore_model_from_memory(context, garbage, sizeof garbage, &model, whole,
                                    sizeof whole) == RNNCORE_ERROR_MODEL);
    for (size_t size = 0; size < sizeof whole; size++) {
        memset(cut, '#', sizeof cut);
        CHECK(rnncore_model_from_memory(context, garbage, sizeof garbage, &model, cut, size) ==
              RNNCORE_ERROR_MODEL);
        CHECK(cut[size] == '#');
        if (size > 0) {
            CHECK(strlen(cut) == (size <= strlen(whole) ? size - 1 : strlen(whole)));
            CHECK(strncmp(cut, whole, strlen(cut)) == 0);
        }
    }
    CHECK(rnncore_model_from_memory(context, garbage, sizeof garbage, &model, NULL, 100) ==
          RNNCORE_ERROR_MODEL);
    CHECK(model == NULL);
}

static void test_paths(void)
{
    static const char path[] = "test_model_files.rnnc";
    const model_file good = file_lstm(1);
    file_image image = file_bytes(&good);
    char message[200] = "";
    rnncore_model *model = NULL;
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(image.data, 1, image.size, file) == image.size);
    fclose(file);
    CHECK(rnncore_model_open(context, path, &model, message, sizeof message) == RNNCORE_OK);
    rnncore_model_destroy(model);
    model = NULL;
    file = fopen(path, "wb");
    fclose(file);
    CHECK(rnncore_model_open(context, path, &model, message, sizeof message) ==
          RNNCORE_ERROR_MODEL);
    CHECK(strlen(message) > 10);
    remove(path);
    CHECK(rnncore_model_open(context, path, &model, message, 6) == RNNCORE_ERROR_FILE);
    CHECK(strlen(message) == 5);
    CHECK(rnncore_model_open(context, ".", &model, NULL, 0) == RNNCORE_ERROR_FILE);
    CHECK(rnncore_model_open(NULL, path, &model, message, sizeof message) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_model_open(context, NULL, &model, message, sizeof message) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_model_open(context, path, NULL, message, sizeof message) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(model == NULL);
    free(image.data);
}

int main(void)
{
    context = file_context(1);
    test_good_files();
    test_every_length();
    test_every_alignment();
    test_every_byte();
    test_json_length();
    test_counts();
    test_header();
    test_inputs_and_outputs();
    test_tensors();
    test_nodes();
    test_tensors_shared();
    test_misaligned_float64();
    test_steps_that_do_not_fit();
    test_messages();
    test_paths();
    rnncore_context_destroy(context);
    return check_report();
}
