/* Windows that slide over steps. */
#ifndef RNNCORE_RUNTIME_NODES_WINDOWS_H
#define RNNCORE_RUNTIME_NODES_WINDOWS_H

#include "runtime/kinds.h"
#include "runtime/node.h"

/* `size` steps, `dilation` apart, every `stride` steps. */
typedef struct rnncore_windows {
    int64_t size, stride, dilation, padding; /* rnncore_padding */
} rnncore_windows;

/* Whether the numbers of a node, from a file, make sense. */
static inline int rnncore_windows_are_valid(const rnncore_windows *w)
{
    return w->size >= 1 && w->size <= INT32_MAX && w->stride >= 1 && w->stride <= INT32_MAX &&
           w->dilation >= 1 && w->dilation <= INT32_MAX && w->size - 1 <= INT32_MAX / w->dilation &&
           w->padding >= RNNCORE_PADDING_VALID && w->padding <= RNNCORE_PADDING_CAUSAL;
}

/* Steps from the first to the last of a window, both included. */
static inline int64_t rnncore_windows_reach(const rnncore_windows *w)
{
    return (w->size - 1) * w->dilation + 1;
}

/* How many there are over so many steps: RNNCORE_UNKNOWN of an unknown number, -2 if none fits. */
static inline int64_t rnncore_windows_count(const rnncore_windows *w, int64_t steps)
{
    const int64_t least = w->padding == RNNCORE_PADDING_VALID ? rnncore_windows_reach(w) : 1;
    return steps < 0 ? RNNCORE_UNKNOWN : steps < least ? -2 : (steps - least) / w->stride + 1;
}

/* Steps of zeros in front of the first step. */
static inline int64_t rnncore_windows_before(const rnncore_windows *w, int64_t steps)
{
    const int64_t reach = rnncore_windows_reach(w);
    if (w->padding != RNNCORE_PADDING_SAME) {
        return w->padding == RNNCORE_PADDING_CAUSAL ? reach - 1 : 0;
    }
    const int64_t total = (steps - 1) / w->stride * w->stride + reach - steps;
    return total > 0 ? total / 2 : 0;
}

#endif
