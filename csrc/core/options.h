/* Structs of options that a caller fills in, each with its own size first. */
#ifndef RNNCORE_CORE_OPTIONS_H
#define RNNCORE_CORE_OPTIONS_H

#include <stddef.h>
#include <string.h>

/* Whether `options` are at least the `size` bytes that this version knows, and zero in what a later
 * version may have behind them: a field that is set there would go unheeded. */
static inline int rnncore_is_known(const void *options, size_t size)
{
    enum { MOST = 4096 }; /* no struct is so large: not a size */
    size_t given;
    if (options == NULL) {
        return 0;
    }
    memcpy(&given, options, sizeof given);
    if (given < size || given > MOST) {
        return 0;
    }
    for (; size < given; size++) {
        if (((const char *)options)[size] != 0) {
            return 0;
        }
    }
    return 1;
}

#endif
