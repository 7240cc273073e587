#include "core/cpu_features.h"
#include "core/platform.h"
#include "core/platform_libraries.h"

#include <stdint.h>
#include <string.h>

#include "check.h"
#include "core/cgroups.h"

static void test_names(void)
{
    CHECK(strcmp(rnncore_isa_name(RNNCORE_ISA_AVX512), "avx512") == 0);
    CHECK(rnncore_isa_name((rnncore_isa)5) == NULL);
}

static void test_detection(void)
{
    rnncore_isa best = rnncore_cpu_best_isa();
#if defined(__aarch64__)
    CHECK(best == RNNCORE_ISA_NEON);
#else
    /* The compiler's own detection is a second opinion. */
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#if defined(RNNCORE_WIDE_TEST) && RNNCORE_WIDE_TEST
    avx512 = avx2;
#endif
    CHECK(best == (avx512 ? RNNCORE_ISA_AVX512 : avx2 ? RNNCORE_ISA_AVX2 : RNNCORE_ISA_BASELINE));
#endif
    printf("best ISA: %s, usable CPUs: %d\n", rnncore_isa_name(best), rnncore_usable_cpus());
}

static void test_flush_to_zero(void)
{
    volatile float small = 1e-38f, factor = 0.125f;
    CHECK(!rnncore_fp_flushes(rnncore_fp_get()));
    CHECK(small * factor > 0.0f);
#if defined(__x86_64__) || defined(__aarch64__)
    rnncore_fp_state before = rnncore_fp_flush_enter();
    volatile float product = small * factor;
    int flushes = rnncore_fp_flushes(rnncore_fp_get());
    rnncore_fp_state inner = rnncore_fp_flush_enter(); /* a call within a call */
    rnncore_fp_flush_leave(inner);
    int still = rnncore_fp_flushes(rnncore_fp_get());
    rnncore_fp_flush_leave(before);
    CHECK(product == 0.0f);
    CHECK(flushes && still);
#endif
    CHECK(!rnncore_fp_flushes(rnncore_fp_get()));
    CHECK(small * factor > 0.0f);
}

static void test_memory(void)
{
    for (size_t bytes = 0; bytes < 300; bytes += 7) {
        char *block = rnncore_aligned_alloc(bytes, 1);
        if (CHECK(block != NULL)) {
            CHECK((uintptr_t)block % RNNCORE_ALIGNMENT == 0);
            memset(block, 1, bytes);
        }
        rnncore_aligned_free(block);
    }
    rnncore_aligned_free(NULL);
    CHECK(rnncore_aligned_alloc(SIZE_MAX, 2) == NULL);
    CHECK(rnncore_aligned_alloc(SIZE_MAX / 4 + 1, 4) == NULL);
    CHECK(rnncore_aligned_alloc(SIZE_MAX, 1) == NULL);
}

static void test_clock_and_libraries(void)
{
    uint64_t before = rnncore_clock_ns();
    for (int i = 0; i < 1000; i++) {
        rnncore_cpu_relax();
    }
    CHECK(rnncore_clock_ns() >= before);
    CHECK(rnncore_dl_open("no-such-library-anywhere.so") == NULL);
#if defined(__linux__)
    void *library = rnncore_dl_open("libc.so.6");
    if (library) { /* a libc other than glibc has another name */
        CHECK(rnncore_dl_sym(library, "strlen") != NULL);
        CHECK(rnncore_dl_sym(library, "rnncore_no_such_symbol") == NULL);
        rnncore_dl_close(library);
    }
#endif
}

int main(void)
{
    test_names();
    test_detection();
    test_flush_to_zero();
    test_memory();
    test_clock_and_libraries();
    return check_report();
}
