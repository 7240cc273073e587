/* Carving of one block of memory into 64-byte aligned buffers. The same code asks for the size
 * (base NULL: nothing is handed out, only counted) and takes the buffers. */
#ifndef RNNCORE_CORE_ARENA_H
#define RNNCORE_CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "rnncore.h"

/* For fuzzing under ASan: bytes behind each buffer that nothing may touch. */
#ifdef RNNCORE_RED_ZONES
#include <sanitizer/asan_interface.h>
enum { RNNCORE_RED_ZONE = 64 };
#else
enum { RNNCORE_RED_ZONE = 0 };
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#endif

typedef struct rnncore_arena {
    char *base;
    size_t used;
    int overflow; /* a size did not fit size_t: `used` means nothing */
} rnncore_arena;

/* count * size bytes; NULL while sizes are only counted. */
static inline void *rnncore_arena_take(rnncore_arena *arena, int64_t count, size_t size)
{
    size_t bytes, used;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) ||
        __builtin_add_overflow(bytes, (size_t)(63 + RNNCORE_RED_ZONE), &used) ||
        __builtin_add_overflow(arena->used, used & ~(size_t)63, &used) || used > PTRDIFF_MAX) {
        arena->overflow = 1;
        return NULL;
    }
    char *block = arena->base == NULL ? NULL : arena->base + arena->used;
    if (block != NULL) {
        ASAN_POISON_MEMORY_REGION(block + bytes, used - arena->used - bytes);
    }
    arena->used = used;
    return block;
}

/* From counting to handing out, from `memory` of that many bytes. */
static inline rnncore_status rnncore_arena_place(rnncore_arena *arena, void *memory, size_t bytes)
{
    if (arena->overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    if (arena->used > bytes || (arena->used > 0 && memory == NULL) || (uintptr_t)memory % 64 != 0) {
        return RNNCORE_ERROR_WORKSPACE;
    }
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    *arena = (rnncore_arena){memory, 0, 0};
    return RNNCORE_OK;
}

/* How much was counted. */
static inline rnncore_status rnncore_arena_size(const rnncore_arena *arena, size_t *bytes)
{
    if (arena->overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    *bytes = arena->used;
    return RNNCORE_OK;
}

/* a * b as a count for the function above; -1 (which it reports) when it does not fit. */
static inline int64_t rnncore_count(int64_t a, int64_t b)
{
    int64_t product;
    return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product) ? -1 : product;
}

#endif
