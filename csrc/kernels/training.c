/* The kernels of a training step beside the recurrence, in float32 and float64: one ISA, compiled
 * with RNNCORE_ISA and RNNCORE_VECTOR_BYTES. Loops whose elements do not depend on each other are
 * plain ones that the compiler turns into vectors; sums have a fixed order of their own. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../core/training_table.h"
#include "vec.h"

#include "activations.h"
#include "random.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)

#define REAL float
#define VEC vf32
#define VLEN RNNCORE_VLEN_F32
#define FN(name) CONCAT(name, _f32)
#define V(name) CONCAT(vf32_, name)
#define SQRT sqrtf
#include "training_real.h"
#undef REAL
#undef VEC
#undef VLEN
#undef FN
#undef V
#undef SQRT

#define REAL double
#define VEC vf64
#define VLEN RNNCORE_VLEN_F64
#define FN(name) CONCAT(name, _f64)
#define V(name) CONCAT(vf64_, name)
#define SQRT sqrt
#include "training_real.h"
