#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#endif

#include "core/platform.h"

#include "rnncore.h"

#include <stdlib.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <process.h>
#include <windows.h>
#else
#include <dlfcn.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

/* From here on a block begins at a large page and asks for them: their first touch costs one fault
 * instead of 512, and streams of weights need fewer entries of the TLB. */
#define LARGE_BLOCK ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

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

/* ---- libraries ---- */

#if defined(_WIN32)

void *rnncore_dl_open(const char *path)
{
    return (void *)LoadLibraryA(path);
}

void *rnncore_dl_sym(void *library, const char *name)
{
    return (void *)(intptr_t)GetProcAddress((HMODULE)library, name);
}

void rnncore_dl_close(void *library)
{
    FreeLibrary((HMODULE)library);
}

#else

void *rnncore_dl_open(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *rnncore_dl_sym(void *library, const char *name)
{
    return dlsym(library, name);
}

void rnncore_dl_close(void *library)
{
    dlclose(library);
}

#endif
