/* One source for float32 and float64: a template (.inc.h) is included by kernels/dtypes.inc.h once
 * for each, with REAL, the type, and FN(name), a name of its own. */
#ifndef RNNCORE_RUNTIME_NODES_REALS_H
#define RNNCORE_RUNTIME_NODES_REALS_H

#include "runtime/nodes/nodes.h"

/* The function of a template for the dtype of a node. */
#if RNNCORE_DOUBLE
#define RNNCORE_OF(node, name) ((node)->dtype == RNNCORE_FLOAT32 ? name##_f32 : name##_f64)
#else
#define RNNCORE_OF(node, name) name##_f32
#endif

#endif
