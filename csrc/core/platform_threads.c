#if defined(__linux__)
#define _GNU_SOURCE /* sched_getcpu, syscall */
#endif

#include "core/platform_threads.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <process.h>
#include <windows.h>
#else
#include <signal.h>
#endif
#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Kernels keep no more than a few tiles on the stack. */
#define STACK_BYTES ((size_t)1 << 20)

/* ---- threads ---- */

#if defined(_WIN32)

static unsigned __stdcall thread_main(void *pointer)
{
    rnncore_thread *thread = pointer;
    thread->fn(thread->arg);
    return 0;
}

int rnncore_thread_start(rnncore_thread *thread, void (*fn)(void *arg), void *arg)
{
    thread->fn = fn;
    thread->arg = arg;
    thread->handle = (void *)_beginthreadex(NULL, (unsigned)STACK_BYTES, thread_main, thread,
                                            STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    return thread->handle != NULL;
}

void rnncore_thread_join(rnncore_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
}

#else

static void *thread_main(void *pointer)
{
    rnncore_thread *thread = pointer;
#if defined(__linux__)
    prctl(PR_SET_NAME, "rnncore");
#elif defined(__APPLE__)
    pthread_setname_np("rnncore");
#endif
    thread->fn(thread->arg);
    return NULL;
}

/* The program's handlers run on the program's threads; only a fault stays with who caused it. */
static void block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

int rnncore_thread_start(rnncore_thread *thread, void (*fn)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    sigset_t before;
    int failed;

    thread->fn = fn;
    thread->arg = arg;
    if (pthread_attr_init(&attributes)) {
        return 0;
    }
    block_signals(&before); /* a thread inherits the mask */
    failed = pthread_attr_setstacksize(&attributes, STACK_BYTES) ||
             pthread_create(&thread->handle, &attributes, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return !failed;
}

void rnncore_thread_join(rnncore_thread *thread)
{
    pthread_join(thread->handle, NULL);
}

#endif

int rnncore_current_cpu(void)
{
#if defined(_WIN32)
    return (int)GetCurrentProcessorNumber();
#elif defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

/* ---- waiting ---- */

#if defined(RNNCORE_WAIT_PORTABLE)

int rnncore_word_init(rnncore_word *word, uint32_t value)
{
    atomic_init(&word->value, value);
    if (pthread_mutex_init(&word->mutex, NULL)) {
        return 0;
    }
    if (pthread_cond_init(&word->changed, NULL)) {
        pthread_mutex_destroy(&word->mutex);
        return 0;
    }
    return 1;
}

void rnncore_word_destroy(rnncore_word *word)
{
    pthread_cond_destroy(&word->changed);
    pthread_mutex_destroy(&word->mutex);
}

void rnncore_word_wait(rnncore_word *word, uint32_t expected)
{
    pthread_mutex_lock(&word->mutex);
    while (atomic_load(&word->value) == expected) {
        pthread_cond_wait(&word->changed, &word->mutex);
    }
    pthread_mutex_unlock(&word->mutex);
}

void rnncore_word_wake(rnncore_word *word)
{
    /* Under the mutex: a waiter has either seen the new value or is already waiting. */
    pthread_mutex_lock(&word->mutex);
    pthread_cond_signal(&word->changed);
    pthread_mutex_unlock(&word->mutex);
}

#else

int rnncore_word_init(rnncore_word *word, uint32_t value)
{
    atomic_init(&word->value, value);
    return 1;
}

void rnncore_word_destroy(rnncore_word *word)
{
    (void)word;
}

void rnncore_word_wait(rnncore_word *word, uint32_t expected)
{
#if defined(_WIN32)
    WaitOnAddress((volatile VOID *)&word->value, &expected, sizeof expected, INFINITE);
#else
    syscall(SYS_futex, &word->value, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
#endif
}

void rnncore_word_wake(rnncore_word *word)
{
#if defined(_WIN32)
    WakeByAddressSingle((PVOID)&word->value);
#else
    syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
#endif
}

#endif
