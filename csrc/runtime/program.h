/* The program of a model file, as it stands in the file: little-endian, each record at a multiple
 * of 8 bytes from the start, which is at a multiple of 64 from the start of the file.
 *
 * The sections follow the header in the order of its counts: inputs, outputs, tensors, nodes,
 * operands (int32), text (names, each ended by a zero byte); zeros up to `program_bytes`. Values
 * are numbered: the inputs, then the outputs of each node. The operands of a node are its inputs,
 * as values that were written before, then its tensors; -1 where it has none. docs/model-files.md
 * says the same to those who write files. */
#ifndef RNNCORE_RUNTIME_PROGRAM_H
#define RNNCORE_RUNTIME_PROGRAM_H

#include <stdint.h>

#define RNNCORE_PROGRAM_MAGIC "RNNCPROG"

enum { RNNCORE_PROGRAM_VERSION = 1, RNNCORE_PROGRAM_MOST = 1 << 16 };

typedef struct rnncore_program_header {
    char magic[8];
    uint32_t version; /* of the format; kinds of nodes may be added without a new one */
    uint32_t dtype;   /* rnncore_dtype */
    uint64_t program_bytes;
    uint64_t data_bytes; /* from the start of the program to the end of the file */
    uint32_t inputs, outputs, tensors, nodes, operands, text_bytes;
    uint64_t reserved; /* 0 */
} rnncore_program_header;

typedef struct rnncore_program_input {
    uint32_t name; /* offset in the text */
    int32_t type;  /* rnncore_dtype or RNNCORE_INT32 */
    int32_t rank;  /* without the batch */
    int32_t reserved;
    int64_t shape[8]; /* at least 1, but for one that may be -1 */
} rnncore_program_input;

typedef struct rnncore_program_output {
    uint32_t name;
    int32_t value;
    int32_t mask; /* the value that is its mask, or -1 */
    int32_t reserved;
} rnncore_program_output;

typedef struct rnncore_program_tensor {
    uint64_t offset; /* from the start of the program; none overlaps the one before it */
    int32_t type;
    int32_t rank;
    int64_t shape[8]; /* at least 1 */
} rnncore_program_tensor;

typedef struct rnncore_program_node {
    int32_t kind; /* rnncore_kind */
    int32_t inputs, tensors, outputs;
    uint32_t operand; /* the first one */
    int32_t reserved;
    int64_t attributes[12];
    double numbers[3];
} rnncore_program_node;

#endif
