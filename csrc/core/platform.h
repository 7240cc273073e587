/* What differs between operating systems: memory, time and the floating-point mode here, threads
 * and libraries that are loaded at run time in platform_threads.h and platform_libraries.h, so that
 * a program that needs neither need not link with them.
 *
 * No file but platform*.c and platform*.h includes a system header beyond the C standard's. */
#ifndef RNNCORE_CORE_PLATFORM_H
#define RNNCORE_CORE_PLATFORM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define RNNCORE_HAVE_MXCSR 1
#include <xmmintrin.h>
#endif

/* ---- time ---- */

/* Nanoseconds of a clock that never goes back; only differences mean something. */
uint64_t rnncore_clock_ns(void);

/* ---- the CPU ---- */

/* Tells the core that this is a spinning loop. */
static inline void rnncore_cpu_relax(void)
{
#if defined(RNNCORE_HAVE_MXCSR)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* `yield` does nothing on most cores */
#endif
}

/* ---- memory ---- */

#define RNNCORE_ALIGNMENT 64

/* count * size bytes, aligned to RNNCORE_ALIGNMENT and not cleared. NULL when the product overflows
 * or memory is short; a block of no bytes is valid. Release with rnncore_aligned_free (NULL is
 * fine). */
void *rnncore_aligned_alloc(size_t count, size_t size);
void rnncore_aligned_free(void *block);

/* ---- denormals ---- */

typedef uint64_t rnncore_fp_state;

#define RNNCORE_MXCSR_FLUSH 0x8040u            /* FTZ: results, DAZ: operands */
#define RNNCORE_FPCR_FLUSH (UINT64_C(1) << 24) /* FZ: both */

/* The calling thread's floating-point mode. */
static inline rnncore_fp_state rnncore_fp_get(void)
{
#if defined(RNNCORE_HAVE_MXCSR)
    return _mm_getcsr();
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr)::"memory");
    return fpcr;
#endif
}

static inline void rnncore_fp_set(rnncore_fp_state state)
{
#if defined(RNNCORE_HAVE_MXCSR)
    _mm_setcsr((unsigned)state);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(state) : "memory");
#endif
    atomic_signal_fence(memory_order_seq_cst); /* keep loads and stores on their side */
}

/* Whether `state` treats denormals as zero. */
static inline int rnncore_fp_flushes(rnncore_fp_state state)
{
#if defined(RNNCORE_HAVE_MXCSR)
    return (state & RNNCORE_MXCSR_FLUSH) == RNNCORE_MXCSR_FLUSH;
#elif defined(__aarch64__)
    return (state & RNNCORE_FPCR_FLUSH) != 0;
#endif
}

/* Treats denormals as zero from here on; returns the caller's mode for rnncore_fp_flush_leave. */
static inline rnncore_fp_state rnncore_fp_flush_enter(void)
{
    rnncore_fp_state state = rnncore_fp_get();
#if defined(RNNCORE_HAVE_MXCSR)
    rnncore_fp_set(state | RNNCORE_MXCSR_FLUSH);
#elif defined(__aarch64__)
    rnncore_fp_set(state | RNNCORE_FPCR_FLUSH);
#endif
    return state;
}

static inline void rnncore_fp_flush_leave(rnncore_fp_state state)
{
    rnncore_fp_set(state);
}

#endif
