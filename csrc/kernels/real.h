/* All kernels of one dtype; included by kernels.c once for each, so it has no include guard. */
#include "multiply.h"

#include "gate_functions.h"

#include "gates_gru.h"
#include "gates_lstm.h"
#include "gates_rnn.h"

#include "machine.h"
#include "pack.h"
#include "product.h"
#include "step.h"

RNNCORE_INLINE void FN(map)(VEC (*f)(VEC), int64_t n, const REAL *x, REAL *y)
{
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        V(store)(y + i, f(V(load)(x + i)));
    }
    if (i < n) {
        V(store_partial)(y + i, f(V(load_partial)(x + i, (int)(n - i))), (int)(n - i));
    }
}

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
    .product_scratch = (PRODUCT_ROWS + PANEL * VLEN) * PRODUCT_DEPTH * (int64_t)sizeof(REAL),
    .pack = FN(pack),
    .step = FN(step),
    .product = FN(product),
    .row_product = FN(row_product),
    .column_sums = FN(column_sums),
    .exp = FN(map_exp),
    .sigmoid = FN(map_sigmoid),
    .tanh = FN(map_tanh),
    .fma_flops = 2 * FMA_CHAINS * VLEN,
    .fma_loop = FN(fma_loop),
    .read_loop = FN(read_loop),
};

#undef FMA_CHAINS
#undef PRODUCT_ROWS
#undef PRODUCT_DEPTH
