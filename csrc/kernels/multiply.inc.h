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

/* out[j] = sum over k of a[k] * b[k*ldb + j], j < n: one row times a matrix that is not packed.
 * Eight rows of b pass at a time, each read from end to end; sums run over k in the order of the
 * tiles, so the bits are the same. */
static void FN(row_product)(const void *row, int64_t depth, const void *matrix, int64_t ldb,
                            int64_t n, void *sums)
{
    const REAL *a = row, *b = matrix;
    REAL *out = sums;
    memset(out, 0, sizeof(REAL) * (size_t)n);
    int64_t k = 0;
    for (; k + 8 <= depth; k += 8, b += 8 * ldb) {
        VEC av[8];
        RNNCORE_UNROLL
        for (int i = 0; i < 8; i++) {
            av[i] = V(set1)(a[k + i]);
        }
        int64_t j = 0;
        for (; j + VLEN <= n; j += VLEN) {
            VEC sum = V(load)(out + j);
            RNNCORE_UNROLL
            for (int i = 0; i < 8; i++) {
                sum = V(fma)(av[i], V(load)(b + i * ldb + j), sum);
            }
            V(store)(out + j, sum);
        }
        if (j < n) {
            const int left = (int)(n - j);
            VEC sum = V(load_partial)(out + j, left);
            RNNCORE_UNROLL
            for (int i = 0; i < 8; i++) {
                sum = V(fma)(av[i], V(load_partial)(b + i * ldb + j, left), sum);
            }
            V(store_partial)(out + j, sum, left);
        }
    }
    for (; k < depth; k++, b += ldb) {
        const VEC av = V(set1)(a[k]);
        int64_t j = 0;
        for (; j + VLEN <= n; j += VLEN) {
            V(store)(out + j, V(fma)(av, V(load)(b + j), V(load)(out + j)));
        }
        if (j < n) {
            const int left = (int)(n - j);
            const VEC sum =
                V(fma)(av, V(load_partial)(b + j, left), V(load_partial)(out + j, left));
            V(store_partial)(out + j, sum, left);
        }
    }
}

#undef TILE_
#undef TILE
