/* Which kernel table this CPU and its operating system can run. */
#ifndef RNNCORE_CORE_CPU_FEATURES_H
#define RNNCORE_CORE_CPU_FEATURES_H

typedef enum rnncore_isa {
    RNNCORE_ISA_BASELINE = 0, /* what the compiler targets by default */
    RNNCORE_ISA_AVX2 = 1,     /* AVX2 and FMA */
    RNNCORE_ISA_AVX512 = 2,   /* AVX-512 F, DQ, BW and VL */
    RNNCORE_ISA_NEON = 8      /* aarch64 */
} rnncore_isa;

/* The best of them that runs here: the CPU has it and the operating system saves its registers.
 * A build with RNNCORE_WIDE_TEST=1 compiles the AVX-512 table from AVX2 code, to test its wider
 * vectors anywhere; in it RNNCORE_ISA_AVX512 needs no more than RNNCORE_ISA_AVX2. */
rnncore_isa rnncore_cpu_best_isa(void);

/* Whether `isa` runs here (1 or 0). The baseline always does. */
int rnncore_cpu_runs_isa(rnncore_isa isa);

/* "baseline", "avx2", "avx512" or "neon"; NULL for a value that is no rnncore_isa. */
const char *rnncore_isa_name(rnncore_isa isa);

/* The reverse: writes *isa and returns 1, or returns 0 for a name that is none of these. */
int rnncore_isa_from_name(const char *name, rnncore_isa *isa);

#endif
