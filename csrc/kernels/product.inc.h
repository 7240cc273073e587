/* A template: dtypes.inc.h says what it is included with. */

/* General products for the training step where there is no BLAS, and column sums.
 * Blocks of A and panels of B are packed, so that any strides run at the speed of the tiles. */

enum { FN(PRODUCT_A_TILES) = 16 };
#define PRODUCT_ROWS (FN(PRODUCT_A_TILES) * ROW_TILE)
#define PRODUCT_DEPTH 256

/* Rows of A in tiles of ROW_TILE rows, k after k; missing rows are zero. */
RNNCORE_INLINE void FN(pack_rows)(const REAL *a, int64_t ra, int64_t ca, int64_t rows,
                                  int64_t depth, REAL *packed)
{
    for (int64_t tile = 0; tile < rows; tile += ROW_TILE) {
        const int64_t m = rows - tile < ROW_TILE ? rows - tile : ROW_TILE;
        for (int64_t k = 0; k < depth; k++) {
            const REAL *from = a + tile * ra + k * ca;
            for (int64_t r = 0; r < ROW_TILE; r++) {
                packed[k * ROW_TILE + r] = r < m ? from[r * ra] : 0;
            }
        }
        packed += depth * ROW_TILE;
    }
}

RNNCORE_INLINE void FN(pack_panel)(const REAL *b, int64_t rb, int64_t cb, int64_t columns,
                                   int64_t depth, REAL *packed)
{
    const int width = PANEL * VLEN;
    for (int64_t k = 0; k < depth; k++, b += rb, packed += width) {
        if (columns == width && cb == 1) {
            memcpy(packed, b, sizeof(REAL) * width);
            continue;
        }
        for (int j = 0; j < width; j++) {
            packed[j] = j < columns ? b[j * cb] : 0;
        }
    }
}

RNNCORE_INLINE void FN(add_tile)(const REAL *tile, int m, int64_t columns, int accumulate, REAL *c,
                                 int64_t ldc)
{
    const int width = PANEL * VLEN;
    for (int r = 0; r < m; r++, c += ldc, tile += width) {
        if (columns == width) {
            for (int j = 0; j < width; j += VLEN) {
                const VEC t = V(load)(tile + j);
                V(store)(c + j, accumulate ? V(load)(c + j) + t : t);
            }
        } else {
            for (int64_t j = 0; j < columns; j++) {
                c[j] = accumulate ? c[j] + tile[j] : tile[j];
            }
        }
    }
}

static void FN(product)(const rnncore_product *p)
{
    REAL tile[ROW_TILE * PANEL * VLEN] __attribute__((aligned(64)));
    const int64_t width = PANEL * VLEN;
    REAL *rows_packed = p->scratch;
    REAL *panel = rows_packed + PRODUCT_ROWS * PRODUCT_DEPTH;
    if (p->k == 0 && !p->accumulate) {
        for (int64_t i = 0; i < p->m; i++) {
            memset((REAL *)p->c + i * p->ldc, 0, sizeof(REAL) * (size_t)p->n);
        }
    }
    for (int64_t k0 = 0; k0 < p->k; k0 += PRODUCT_DEPTH) {
        const int64_t depth = p->k - k0 < PRODUCT_DEPTH ? p->k - k0 : PRODUCT_DEPTH;
        const FN(operand) op = {1, ROW_TILE, 1, 0, depth};
        for (int64_t i0 = 0; i0 < p->m; i0 += PRODUCT_ROWS) {
            const int64_t rows = p->m - i0 < PRODUCT_ROWS ? p->m - i0 : PRODUCT_ROWS;
            FN(pack_rows)((const REAL *)p->a + i0 * p->ra + k0 * p->ca, p->ra, p->ca, rows, depth,
                          rows_packed);
            for (int64_t j0 = 0; j0 < p->n; j0 += width) {
                const int64_t columns = p->n - j0 < width ? p->n - j0 : width;
                FN(pack_panel)((const REAL *)p->b + k0 * p->rb + j0 * p->cb, p->rb, p->cb, columns,
                               depth, panel);
                for (int64_t i = 0; i < rows; i += ROW_TILE) {
                    const int m = (int)(rows - i < ROW_TILE ? rows - i : ROW_TILE);
                    FN(tiles)[m - 1][0](&op, rows_packed + i * depth, panel, tile, width);
                    FN(add_tile)(tile, m, columns, p->accumulate || k0 > 0,
                                 (REAL *)p->c + (i0 + i) * p->ldc + j0, p->ldc);
                }
            }
        }
    }
}

/* Rows of one partial sum: the rounding error grows with this plus the number of partial sums,
 * not with all rows. */
#define SUM_ROWS 256
#define SUM_VECTORS 4

/* Sums of SUM_VECTORS vectors of columns over all rows. */
RNNCORE_INLINE void FN(sum_vectors)(const REAL *a, int64_t lda, int64_t rows, REAL *out)
{
    VEC total[SUM_VECTORS];
    RNNCORE_UNROLL
    for (int v = 0; v < SUM_VECTORS; v++) {
        total[v] = V(zero)();
    }
    while (rows > 0) {
        const int64_t end = rows < SUM_ROWS ? rows : SUM_ROWS;
        VEC sum[SUM_VECTORS];
        RNNCORE_UNROLL
        for (int v = 0; v < SUM_VECTORS; v++) {
            sum[v] = V(zero)();
        }
        for (int64_t i = 0; i < end; i++, a += lda) {
            RNNCORE_UNROLL
            for (int v = 0; v < SUM_VECTORS; v++) {
                sum[v] += V(load)(a + v * VLEN);
            }
        }
        RNNCORE_UNROLL
        for (int v = 0; v < SUM_VECTORS; v++) {
            total[v] += sum[v];
        }
        rows -= end;
    }
    RNNCORE_UNROLL
    for (int v = 0; v < SUM_VECTORS; v++) {
        V(store)(out + v * VLEN, total[v]);
    }
}

/* Sums of the next VLEN columns, or of the `n` that are left. */
RNNCORE_INLINE void FN(sum_some)(const REAL *a, int64_t lda, int64_t rows, int64_t n, REAL *out)
{
    VEC total = V(zero)();
    while (rows > 0) {
        const int64_t end = rows < SUM_ROWS ? rows : SUM_ROWS;
        VEC sum = V(zero)();
        for (int64_t i = 0; i < end; i++, a += lda) {
            sum += FN(load_some)(a, n);
        }
        total += sum;
        rows -= end;
    }
    FN(store_some)(out, total, n);
}

static void FN(column_sums)(const void *matrix, int64_t lda, int64_t rows, int64_t n, void *sums)
{
    const REAL *a = matrix;
    REAL *out = sums;
    int64_t j = 0;
    for (; j + SUM_VECTORS * VLEN <= n; j += SUM_VECTORS * VLEN) {
        FN(sum_vectors)(a + j, lda, rows, out + j);
    }
    for (; j < n; j += VLEN) {
        FN(sum_some)(a + j, lda, rows, n - j, out + j);
    }
}

#undef SUM_ROWS
#undef SUM_VECTORS
