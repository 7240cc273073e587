/* One source for float32 and float64: a template (.inc.h) is included by kernels/dtypes.inc.h once
 * for each, with REAL, the type, and FN(name), a name of its own. */
#ifndef RNNCORE_RUNTIME_NODES_REALS_H
#define RNNCORE_RUNTIME_NODES_REALS_H

#include <math.h>

#include "runtime/nodes/nodes.h"

/* The function of a template for the dtype of a node. */
#if RNNCORE_DOUBLE
#define RNNCORE_OF(node, name) ((node)->dtype == RNNCORE_FLOAT32 ? name##_f32 : name##_f64)
#else
#define RNNCORE_OF(node, name) name##_f32
#endif

/* Sums along a run of numbers have so many parts, which vectorize; see sums.inc.h. */
enum { RNNCORE_LANES = 8 };

static inline double rnncore_sum_lanes(const double *acc)
{
    return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]));
}

/* NaN if one is. */
static inline double rnncore_largest_lane(const double *acc)
{
    double largest = acc[0];
    for (int k = 1; k < RNNCORE_LANES; k++) {
        largest = acc[k] > largest || acc[k] != acc[k] ? acc[k] : largest;
    }
    return largest;
}

#endif
