/* A template: dtypes.inc.h says what it is included with. */

/* All kernels of one dtype. */
#include "kernels/multiply.inc.h"

#include "kernels/functions.inc.h"
#include "kernels/gate_functions.inc.h"

#include "kernels/gates_gru.inc.h"
#include "kernels/gates_lstm.inc.h"
#include "kernels/gates_rnn.inc.h"

#if BESIDE_ROWS > 0
#include "kernels/beside.inc.h"

#include "kernels/row_steps.inc.h"
#endif
#include "kernels/machine.inc.h"
#include "kernels/map.inc.h"
#include "kernels/pack.inc.h"
#include "kernels/product.inc.h"
#include "kernels/rows.inc.h"
#include "kernels/step.inc.h"

static void FN(map_exp)(int64_t n, const void *x, void *y)
{
    FN(map)(V(exp), n, x, y);
}

static void FN(map_sigmoid)(int64_t n, const void *x, void *y)
{
    FN(map)(V(sigmoid), n, x, y);
}

static void FN(map_tanh)(int64_t n, const void *x, void *y)
{
    FN(map)(V(tanh), n, x, y);
}

extern const rnncore_kernels CONCAT(FN(rnncore_kernels), CONCAT(_, RNNCORE_ISA));
const rnncore_kernels CONCAT(FN(rnncore_kernels), CONCAT(_, RNNCORE_ISA)) = {
    .vector_length = VLEN,
    .panel_vectors = PANEL,
    .row_tile = ROW_TILE,
    .rows_in_steps = BESIDE_ROWS,
    .pack = FN(pack),
    .step = FN(step),
#if BESIDE_ROWS > 0
    .row_vectors = FN(ROW_VECTORS),
    .row_steps = FN(row_steps),
#if !RNNCORE_SMALL
    .row_step = FN(row_step),
#endif
#endif
    .row_product = FN(row_product),
    .activate = FN(activate_rows),
    .exp = FN(map_exp),
    .sigmoid = FN(map_sigmoid),
    .tanh = FN(map_tanh),
    .fma_flops = 2 * FMA_CHAINS * VLEN,
    .fma_loop = FN(fma_loop),
    .read_loop = FN(read_loop),
};

extern const rnncore_backward_kernels CONCAT(FN(rnncore_backward_kernels), CONCAT(_, RNNCORE_ISA));
const rnncore_backward_kernels CONCAT(FN(rnncore_backward_kernels), CONCAT(_, RNNCORE_ISA)) = {
    .product_scratch = (PRODUCT_ROWS + PANEL * VLEN) * PRODUCT_DEPTH * (int64_t)sizeof(REAL),
    .step = FN(step_back),
    .product = FN(product),
    .column_sums = FN(column_sums),
};

#undef FMA_CHAINS
#undef PRODUCT_ROWS
#undef PRODUCT_DEPTH
