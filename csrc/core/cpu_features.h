/* Which kernel table this CPU and its operating system can run. */
#ifndef RNNCORE_CORE_CPU_FEATURES_H
#define RNNCORE_CORE_CPU_FEATURES_H

#include "rnncore.h"

/* The best ISA that runs here: the CPU has it and the operating system saves its registers.
 * A build with RNNCORE_WIDE_TEST=1 compiles the AVX-512 table from AVX2 code, to test its wider
 * vectors anywhere; in it RNNCORE_ISA_AVX512 needs no more than RNNCORE_ISA_AVX2. */
rnncore_isa rnncore_cpu_best_isa(void);

#endif
