#include "training_table.h"

#define DECLARE(isa)                                                                               \
    extern const rnncore_training_kernels rnncore_training_kernels_f32_##isa;                      \
    extern const rnncore_training_kernels rnncore_training_kernels_f64_##isa;

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
    (dtype == RNNCORE_FLOAT32 ? &rnncore_training_kernels_f32_##isa                                \
                              : &rnncore_training_kernels_f64_##isa)

const rnncore_training_kernels *rnncore_training_table(rnncore_isa isa, rnncore_dtype dtype)
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
