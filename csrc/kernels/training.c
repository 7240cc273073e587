/* The kernels of a training step beside the recurrence, in float32 and float64: one ISA, compiled
 * with RNNCORE_ISA and RNNCORE_VECTOR_BYTES. Loops whose elements do not depend on each other are
 * plain ones that the compiler turns into vectors; sums have a fixed order of their own. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/training_table.h"
#include "kernels/vec.h"

#include "kernels/activations.h"
#include "kernels/checksum.h"
#include "kernels/random.h"

#define TEMPLATE "kernels/training_real.inc.h"
#include "kernels/dtypes.inc.h"
