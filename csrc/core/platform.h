/* Everything that differs between operating systems: threads, waiting, clocks, memory, libraries.
 *
 * No other file of the library includes a system header beyond the C standard's. */
#ifndef RNNCORE_CORE_PLATFORM_H
#define RNNCORE_CORE_PLATFORM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define RNNCORE_HAVE_MXCSR 1
#include <xmmintrin.h>
#endif

#if !defined(_WIN32)
#include <pthread.h>
#endif

/* Linux and Windows can sleep on a plain integer. Elsewhere, and where RNNCORE_WAIT_PORTABLE asks
 * for it in a test, a mutex and a condition variable stand beside it. */
#if !defined(RNNCORE_WAIT_PORTABLE) && !defined(_WIN32) && !defined(__linux__)
#define RNNCORE_WAIT_PORTABLE 1
#endif

/* ---- threads ---- */

typedef struct rnncore_thread {
#if defined(_WIN32)
    void *handle;
#else
    pthread_t handle;
#endif
    void (*fn)(void *arg);
    void *arg;
} rnncore_thread;

/* Starts fn(arg) on a new thread that receives no asynchronous signals. Returns 1, or 0 when the
 * system refuses. Every started thread must be joined; `thread` must stay where it is till then. */
int rnncore_thread_start(rnncore_thread *thread, void (*fn)(void *arg), void *arg);
void rnncore_thread_join(rnncore_thread *thread);

/* The CPU that the calling thread is on at this moment, or -1 where the system does not tell. */
int rnncore_current_cpu(void);

/* ---- a 32-bit word that threads can sleep on ---- */

typedef struct rnncore_word {
    _Atomic uint32_t value; /* change it freely; then wake whoever may be asleep on the old value */
#if defined(RNNCORE_WAIT_PORTABLE)
    pthread_mutex_t mutex;
    pthread_cond_t changed;
#endif
} rnncore_word;

/* Returns 1, or 0 when the system is out of resources. */
int rnncore_word_init(rnncore_word *word, uint32_t value);
void rnncore_word_destroy(rnncore_word *word);
/* Sleeps while the value is `expected`. May return early: look at the value again. */
void rnncore_word_wait(rnncore_word *word, uint32_t expected);
/* Wakes the sleeper, if there is one. At most one thread may sleep on a word. */
void rnncore_word_wake(rnncore_word *word);

/* ---- time ---- */

/* Nanoseconds of a clock that never goes back; only differences mean something. */
uint64_t rnncore_clock_ns(void);

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

/* ---- libraries loaded at run time ---- */

/* NULL when `path` cannot be loaded. */
void *rnncore_dl_open(const char *path);
/* The address of `name` in `library`, or NULL. */
void *rnncore_dl_sym(void *library, const char *name);
void rnncore_dl_close(void *library);

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
