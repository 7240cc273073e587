/* Which kernel table this CPU and its operating system can run. */
#ifndef RNNCORE_CORE_CPU_FEATURES_H
#define RNNCORE_CORE_CPU_FEATURES_H

#include "rnncore.h"

/* The best ISA that runs here: the CPU has it and the operating system saves its registers.
 * A build with RNNCORE_WIDE_TEST=1 compiles the AVX-512 table from AVX2 code, to test its wider
 * vectors anywhere; in it RNNCORE_ISA_AVX512 needs no more than RNNCORE_ISA_AVX2. */
rnncore_isa rnncore_cpu_best_isa(void);

/* Whether `isa` runs here (1 or 0). The baseline always does. */
int rnncore_cpu_runs_isa(rnncore_isa isa);

/* The reverse of rnncore_isa_name ("baseline", "avx2", "avx512", "neon"): writes *isa and returns
 * 1, or returns 0 for any other name. */
int rnncore_isa_from_name(const char *name, rnncore_isa *isa);

#endif
