#include "kernel_table.h"

#include "cpu_features.h"

#define DECLARE(isa)                                                                               \
    extern const rnncore_kernels rnncore_kernels_f32_##isa;                                        \
    extern const rnncore_kernels rnncore_kernels_f64_##isa;

#if defined(RNNCORE_HAVE_X86)
DECLARE(baseline)
DECLARE(avx2)
DECLARE(avx512)
#elif defined(RNNCORE_HAVE_NEON)
DECLARE(neon)
#else
DECLARE(baseline)
#endif

#define PICK(isa)                                                                                  \
    (dtype == RNNCORE_FLOAT32 ? &rnncore_kernels_f32_##isa : &rnncore_kernels_f64_##isa)

const rnncore_kernels *rnncore_kernel_table(rnncore_isa isa, rnncore_dtype dtype)
{
    switch (isa) {
#if defined(RNNCORE_HAVE_X86)
    case RNNCORE_ISA_BASELINE:
        return PICK(baseline);
    case RNNCORE_ISA_AVX2:
        return PICK(avx2);
    case RNNCORE_ISA_AVX512:
        return PICK(avx512);
#elif defined(RNNCORE_HAVE_NEON)
    case RNNCORE_ISA_NEON:
        return PICK(neon);
#else
    case RNNCORE_ISA_BASELINE:
        return PICK(baseline);
#endif
    default:
        return NULL;
    }
}

rnncore_isa rnncore_choose_isa(int32_t max_isa)
{
    const rnncore_isa best = rnncore_cpu_best_isa();
    return max_isa >= 0 && max_isa < (int32_t)best ? (rnncore_isa)max_isa : best;
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
