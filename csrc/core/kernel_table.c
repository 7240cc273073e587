#include "core/kernel_table.h"

#include "core/cpu_features.h"

#define TABLE rnncore_kernels
#define LOOKUP rnncore_kernel_table
#include "core/table.inc.h"

rnncore_isa rnncore_choose_isa(int32_t max_isa)
{
    const rnncore_isa best = rnncore_cpu_best_isa();
    const int32_t limit = max_isa >= 0 && max_isa < (int32_t)best ? max_isa : (int32_t)best;
    for (int32_t isa = limit; isa >= 0; isa--) {
        if (rnncore_kernel_table((rnncore_isa)isa, RNNCORE_FLOAT32) != NULL) {
            return (rnncore_isa)isa;
        }
    }
    return (rnncore_isa)limit;
}

int rnncore_op_gates(rnncore_op op)
{
    switch (op) {
    case RNNCORE_OP_LSTM_FORWARD:
        return 4;
    case RNNCORE_OP_GRU_FORWARD:
        return 3;
    case RNNCORE_OP_GRU1_GATES:
        return 2;
    default:
        return 1;
    }
}

/* The least number of unit blocks whose gates fill whole panels (of 2 or 4 vectors). */
int64_t rnncore_group_blocks(const rnncore_kernels *kernels, int gates)
{
    int64_t blocks = 1;
    while (blocks * gates % kernels->panel_vectors != 0) {
        blocks *= 2;
    }
    return blocks;
}

int64_t rnncore_group_count(const rnncore_kernels *kernels, int64_t units, int gates)
{
    const int64_t width = rnncore_group_blocks(kernels, gates) * kernels->vector_length;
    return (units + width - 1) / width;
}

int64_t rnncore_padded(const rnncore_kernels *kernels, int64_t units)
{
    const int64_t vlen = kernels->vector_length;
    return (units + vlen - 1) / vlen * vlen;
}
