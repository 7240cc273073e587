#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity */
#endif

#include "core/platform.h"

#include "rnncore.h"

#include <stdlib.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#else
#include <time.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif

/* From here on a block begins at a large page and asks for them: their first touch costs one fault
 * instead of 512, and streams of weights need fewer entries of the TLB. */
#define LARGE_BLOCK ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

/* ---- CPUs ---- */

#if defined(_WIN32)

int32_t rnncore_schedulable_cpus(void)
{
    DWORD_PTR process = 0, machine = 0;
    int count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &process, &machine)) {
        for (; process; process &= process - 1) {
            count++;
        }
    }
    return count > 0 ? count : 1;
}

#else

int32_t rnncore_schedulable_cpus(void)
{
    long count = 0;
#if defined(__linux__)
    /* The kernel refuses a mask that is smaller than its own. */
    for (int cpus = 1024; cpus <= 1 << 18 && count == 0; cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        if (!set) {
            break;
        }
        if (sched_getaffinity(0, bytes, set) == 0) {
            count = CPU_COUNT_S(bytes, set);
        }
        CPU_FREE(set);
    }
#endif
    if (count < 1) {
        count = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return count > 0 ? (int32_t)count : 1;
}

#endif

/* ---- time ---- */

uint64_t rnncore_clock_ns(void)
{
#if defined(_WIN32)
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    /* Split, because ticks * 1e9 overflows after some hours. */
    uint64_t per_second = (uint64_t)frequency.QuadPart, count = (uint64_t)ticks.QuadPart;
    return count / per_second * UINT64_C(1000000000) +
           count % per_second * UINT64_C(1000000000) / per_second;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
#endif
}

/* ---- memory ---- */

void *rnncore_aligned_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (size != 0 && count > (SIZE_MAX - RNNCORE_ALIGNMENT) / size) {
        return NULL;
    }
    bytes = count * size;
    if (bytes == 0) {
        bytes = RNNCORE_ALIGNMENT;
    }
#if defined(_WIN32)
    return _aligned_malloc(bytes, RNNCORE_ALIGNMENT);
#else
    void *block = NULL;
    const size_t alignment = bytes < LARGE_BLOCK ? RNNCORE_ALIGNMENT : LARGE_PAGE;
    if (posix_memalign(&block, alignment, bytes) != 0) {
        return NULL;
    }
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= LARGE_BLOCK) {
        (void)madvise(block, bytes, MADV_HUGEPAGE); /* advice: without it all is as before */
    }
#endif
    return block;
#endif
}

void rnncore_aligned_free(void *block)
{
#if defined(_WIN32)
    _aligned_free(block);
#else
    free(block);
#endif
}
