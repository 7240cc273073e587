/* Threads, and how they wait for each other. */
#ifndef RNNCORE_CORE_PLATFORM_THREADS_H
#define RNNCORE_CORE_PLATFORM_THREADS_H

#include <stdatomic.h>
#include <stdint.h>

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

#endif
