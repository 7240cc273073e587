/* The kernels of one ISA, in float32 and float64. Compiled once for each ISA with RNNCORE_ISA (its
 * name) and RNNCORE_VECTOR_BYTES; everything is static but the tables at the end.
 *
 * How a step works: the packed matrix stands in panels of PANEL vectors of columns. A tile of up
 * to ROW_TILE rows times one panel stays in registers over the whole depth; the tiles of one block
 * of units (all its gates) go to a small buffer in L1 and the gate equations run on that buffer, or
 * with few rows beside the next tile (beside.inc.h).
 * Every sum runs over k in order in one accumulator, so a row's bits depend neither on the other
 * rows nor on how rows and columns are divided among threads. */
#include <string.h>

#include "core/backward_table.h"
#include "kernels/vec.h"

#include "kernels/activations.h"

/* How many registers hold sums: 24 of 32, or 12 of 16. */
#if RNNCORE_VECTOR_BYTES == 64 || defined(__aarch64__)
#define PANEL 4
#else
#define PANEL 2
#endif
#define ROW_TILE 6

/* Rows whose gate equations run beside the next product (beside.inc.h). More keep both units busy
 * with their product alone; 16 registers are too few for both. The bits are those of run_step
 * because the multiply-add is an instruction of its own there, not one that the compiler finds. */
#if RNNCORE_VECTOR_BYTES == 64 && RNNCORE_SMALL
#define BESIDE_ROWS 1
#elif RNNCORE_VECTOR_BYTES == 64
#define BESIDE_ROWS 3
#else
#define BESIDE_ROWS 0
#endif

#define TEMPLATE "kernels/real.inc.h"
#include "kernels/dtypes.inc.h"
