#include "core/cpu_features.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define BIT(n) (1u << (n))

/* Bits of the registers that the operating system saves on a context switch (XCR0). */
#define XCR0_YMM (BIT(1) | BIT(2))
#define XCR0_ZMM (XCR0_YMM | BIT(5) | BIT(6) | BIT(7))

static uint32_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" /* xgetbv */ : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

rnncore_isa rnncore_cpu_best_isa(void)
{
    const uint32_t leaf1 = BIT(12) | BIT(27) | BIT(28);                  /* FMA OSXSAVE AVX */
    const uint32_t leaf7_avx512 = BIT(16) | BIT(17) | BIT(30) | BIT(31); /* F DQ BW VL */
    uint32_t a, b, c, d, xcr0;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & leaf1) != leaf1) {
        return RNNCORE_ISA_BASELINE;
    }
    xcr0 = read_xcr0(); /* only a CPU with OSXSAVE has the instruction */
    if ((xcr0 & XCR0_YMM) != XCR0_YMM || !__get_cpuid_count(7, 0, &a, &b, &c, &d) ||
        !(b & BIT(5))) {
        return RNNCORE_ISA_BASELINE;
    }
#if defined(RNNCORE_WIDE_TEST) && RNNCORE_WIDE_TEST
    (void)leaf7_avx512;
    return RNNCORE_ISA_AVX512;
#else
    if ((xcr0 & XCR0_ZMM) != XCR0_ZMM || (b & leaf7_avx512) != leaf7_avx512) {
        return RNNCORE_ISA_AVX2;
    }
    return RNNCORE_ISA_AVX512;
#endif
}

#else /* aarch64 */

rnncore_isa rnncore_cpu_best_isa(void)
{
    return RNNCORE_ISA_NEON; /* every such CPU has it */
}

#endif

const char *rnncore_isa_name(rnncore_isa isa)
{
    switch (isa) {
    case RNNCORE_ISA_BASELINE:
        return "baseline";
    case RNNCORE_ISA_AVX2:
        return "avx2";
    case RNNCORE_ISA_AVX512:
        return "avx512";
    case RNNCORE_ISA_NEON:
        return "neon";
    }
    return NULL;
}
