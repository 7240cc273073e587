/* A template: dtypes.inc.h says what it is included with. */

/* out (m, panels*nv vectors) = a (m, K) B, with B packed in `panels` panels of nv vectors.
 *   a[r, s*segment_stride + k] stands at a + r*lda + s*segment_stride + k*ka, K = segments*depth */

typedef struct FN(operand) {
    int64_t lda, ka, segments, segment_stride, depth;
} FN(operand);

typedef void (*FN(tile_fn))(const FN(operand) * op, const REAL *a, const REAL *b, REAL *out,
                            int64_t ldo);

#define TILE_(rows, panels, width) FN(tile_##rows##_##panels##_##width)
#define TILE(rows, panels, width) TILE_(rows, panels, width)

#define ROWS 1
#include "kernels/tiles.inc.h"
#define ROWS 2
#include "kernels/tiles.inc.h"
#define ROWS 3
#include "kernels/tiles.inc.h"
#define ROWS 4
#include "kernels/tiles.inc.h"
#define ROWS 5
#include "kernels/tiles.inc.h"
#define ROWS 6
#include "kernels/tiles.inc.h"

/* Few rows leave registers free: they take several panels at once, for independent FMA chains. */
enum { FN(MAX_PANELS) = 4 };
static const int FN(panels_at_once)[ROW_TILE] = {4, 3, 2, 1, 1, 1};
static const FN(tile_fn) FN(tiles)[ROW_TILE][FN(MAX_PANELS)] = {
    {TILE(1, 1, PANEL), TILE(1, 2, PANEL), TILE(1, 3, PANEL), TILE(1, 4, PANEL)},
    {TILE(2, 1, PANEL), TILE(2, 2, PANEL), TILE(2, 3, PANEL), NULL},
    {TILE(3, 1, PANEL), TILE(3, 2, PANEL), NULL, NULL},
    {TILE(4, 1, PANEL), NULL, NULL, NULL},
    {TILE(5, 1, PANEL), NULL, NULL, NULL},
    {TILE(6, 1, PANEL), NULL, NULL, NULL},
};
static const FN(tile_fn) FN(tiles_single)[ROW_TILE] = {
    TILE(1, 1, 1), TILE(2, 1, 1), TILE(3, 1, 1), TILE(4, 1, 1), TILE(5, 1, 1), TILE(6, 1, 1),
};

/* out (m, last - first vectors) = a B for the vectors [first, last) of a packed matrix of
 * `vectors` vectors: panels first, then the vectors that fill no panel, one by one. */
RNNCORE_INLINE void FN(multiply)(int m, const FN(operand) * op, const REAL *a, const REAL *packed,
                                 int64_t vectors, int64_t first, int64_t last, REAL *out,
                                 int64_t ldo)
{
    const int64_t vector_size = op->segments * op->depth * VLEN;
    const int64_t in_panels = vectors / PANEL * PANEL;
    const int at_once = FN(panels_at_once)[m - 1];
    int64_t v = first;
    while (v + PANEL <= last && v < in_panels) {
        int64_t panels = (last < in_panels ? last - v : in_panels - v) / PANEL;
        if (panels > at_once) {
            panels = at_once;
        }
        FN(tiles)
        [m - 1][panels - 1](op, a, packed + v *vector_size, out + (v - first) *VLEN, ldo);
        v += panels * PANEL;
    }
    for (; v < last; v++) {
        FN(tiles_single)[m - 1](op, a, packed + v * vector_size, out + (v - first) * VLEN, ldo);
    }
}

/* Sums of products as the gate equations read them: row r, block of units b and gate g stand at
 * at + r*row + b*block + g*gate. */
typedef struct FN(sums) {
    const REAL *at;
    int64_t row, block, gate;
} FN(sums);

/* Of a matrix that is not packed: rows that pass at a time, and vectors of each. With their factors
 * and sums these fill 12 of 16 registers; SSE2 wants two for each vector. */
enum { FN(ROWS_A_PASS) = 8, FN(STRIPE) = RNNCORE_VECTOR_BYTES == 16 ? 2 : 4 };

/* Up to so many bytes a matrix is read from L1, with the layer's other matrix beside it. */
enum { FN(NEAR_BYTES) = 24 * 1024 };

/* out[j] += sum over i of a[i] * b[i*ldb + j], for `count` vectors of columns. */
RNNCORE_INLINE void FN(add_vectors)(const int rows, const int count, const VEC *a, const REAL *b,
                                    int64_t ldb, REAL *out)
{
    VEC sums[FN(STRIPE)];
    RNNCORE_UNROLL
    for (int v = 0; v < count; v++) {
        sums[v] = V(load)(out + v * VLEN);
    }
    RNNCORE_UNROLL
    for (int i = 0; i < rows; i++) {
        RNNCORE_UNROLL
        for (int v = 0; v < count; v++) {
            sums[v] = V(fma)(a[i], V(load)(b + i * ldb + v * VLEN), sums[v]);
        }
    }
    RNNCORE_UNROLL
    for (int v = 0; v < count; v++) {
        V(store)(out + v * VLEN, sums[v]);
    }
}

/* The same for n columns, less than a vector. */
RNNCORE_INLINE void FN(add_partial)(const int rows, int n, const VEC *a, const REAL *b, int64_t ldb,
                                    REAL *out)
{
    if (n > 0) {
        VEC sum = V(load_partial)(out, n);
        RNNCORE_UNROLL
        for (int i = 0; i < rows; i++) {
            sum = V(fma)(a[i], V(load_partial)(b + i * ldb, n), sum);
        }
        V(store_partial)(out, sum, n);
    }
}

/* The same for all n columns; the first `head` make the others aligned. */
RNNCORE_INLINE void FN(add_rows)(const int rows, const REAL *a, const REAL *b, int64_t ldb,
                                 int head, int64_t n, REAL *out)
{
    VEC av[FN(ROWS_A_PASS)];
    RNNCORE_UNROLL
    for (int i = 0; i < rows; i++) {
        av[i] = V(set1)(a[i]);
    }
    FN(add_partial)(rows, head, av, b, ldb, out);
    int64_t j = head;
    for (; j + FN(STRIPE) * VLEN <= n; j += FN(STRIPE) * VLEN) {
        FN(add_vectors)(rows, FN(STRIPE), av, b + j, ldb, out + j);
    }
    for (; j + VLEN <= n; j += VLEN) {
        FN(add_vectors)(rows, 1, av, b + j, ldb, out + j);
    }
    FN(add_partial)(rows, (int)(n - j), av, b + j, ldb, out + j);
}

/* out[j] = sum over k of a[k] * b[k*ldb + j], j < n: one row times a matrix that is not packed.
 * Eight rows of b pass at a time, each read from end to end; sums run over k in the order of the
 * tiles, so the bits are the same. */
static void FN(row_product)(const void *row, int64_t depth, const void *matrix, int64_t ldb,
                            int64_t n, void *sums)
{
    const REAL *a = row, *b = matrix;
    /* The caller's matrix stands anywhere, and a wide vector across two cache lines is two reads:
     * dear where they come from L2, and in L1 cheaper than columns that stand alone. */
    const int far = depth * n * (int64_t)sizeof(REAL) > FN(NEAR_BYTES);
    const int64_t past = (int64_t)((uintptr_t)b % RNNCORE_VECTOR_BYTES / sizeof(REAL));
    const int64_t ahead = far && RNNCORE_VECTOR_BYTES > 16 ? (VLEN - past) % VLEN : 0;
    const int head = (int)(ahead < n ? ahead : n);
    memset(sums, 0, sizeof(REAL) * (size_t)n);
    int64_t k = 0;
    for (; k + FN(ROWS_A_PASS) <= depth; k += FN(ROWS_A_PASS)) {
        FN(add_rows)(FN(ROWS_A_PASS), a + k, b + k * ldb, ldb, head, n, sums);
    }
    for (; k < depth; k++) {
        FN(add_rows)(1, a + k, b + k * ldb, ldb, head, n, sums);
    }
}

#undef TILE_
#undef TILE
