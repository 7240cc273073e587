/* A template: dtypes.inc.h says what it is included with. */

/* Packing: the columns of a matrix, vector by vector as rnncore_packing says, in panels of PANEL
 * vectors (row after row within a panel), then single vectors. */

/* Rows that are packed at a time where the rows of the matrix are contiguous: the lines of all
 * gates stay in L1 until they are read to their end, also where a power of two lies between them.
 * The next rows are fetched meanwhile: weights are read once a call, so mostly from memory. */
enum { FN(PACK_ROWS) = 4 };

/* Rows [k0, k1) of `width` vectors that stand side by side, from `lanes` columns each. */
RNNCORE_INLINE void FN(pack_vectors)(const rnncore_packing *p, const int width,
                                     const REAL *const *from, const int *lanes, int64_t k0,
                                     int64_t k1, REAL *to)
{
    int whole = p->cb == 1;
    for (int i = 0; i < width; i++) {
        whole &= lanes[i] == VLEN;
    }
    if (whole) {
        for (int64_t k = k0; k < k1; k++, to += width * VLEN) {
            for (int i = 0; i < width; i++) {
                const REAL *row = from[i] + k * p->rb;
                __builtin_prefetch(row + FN(PACK_ROWS) * p->rb, 0, 2);
                V(store)(to + i * VLEN, V(load)(row));
            }
        }
        return;
    }
    for (int64_t k = k0; k < k1; k++, to += width * VLEN) {
        for (int i = 0; i < width; i++) {
            for (int l = 0; l < VLEN; l++) {
                to[i * VLEN + l] = l < lanes[i] ? from[i][k * p->rb + l * p->cb] : 0;
            }
        }
    }
}

/* All vectors of rows [k0, k1). */
RNNCORE_INLINE void FN(pack_rows_of)(const rnncore_packing *p, int64_t k0, int64_t k1, REAL *packed)
{
    const int64_t blocks = (p->units + VLEN - 1) / VLEN;
    const int64_t vectors = blocks * p->gates, in_panels = vectors / PANEL * PANEL;
    int64_t block = 0, at = 0; /* at: of the gates of a block, or in the order of gates */
    for (int64_t v = 0; v < vectors;) {
        const int width = v < in_panels ? PANEL : 1;
        const REAL *from[PANEL];
        int lanes[PANEL];
        for (int i = 0; i < width; i++) {
            const int64_t gate = p->order == NULL ? at : p->order[at], unit = block * VLEN;
            from[i] = (const REAL *)p->matrix + (gate * p->units + unit) * p->cb;
            lanes[i] = p->units - unit < VLEN ? (int)(p->units - unit) : VLEN;
            if (p->order == NULL) {
                at = at + 1 < p->gates ? at + 1 : 0;
                block += at == 0;
            } else {
                block = block + 1 < blocks ? block + 1 : 0;
                at += block == 0;
            }
        }
        REAL *to = packed + v * p->depth * VLEN + k0 * width * VLEN;
        if (width == PANEL) {
            FN(pack_vectors)(p, PANEL, from, lanes, k0, k1, to);
        } else {
            FN(pack_vectors)(p, 1, from, lanes, k0, k1, to);
        }
        v += width;
    }
}

/* Columns that are contiguous are read from end to end. */
static void FN(pack)(const rnncore_packing *p, void *packed)
{
    const int64_t rows = p->cb == 1 ? FN(PACK_ROWS) : p->depth;
    for (int64_t k = 0; k < p->depth; k += rows) {
        FN(pack_rows_of)(p, k, p->depth - k < rows ? p->depth : k + rows, packed);
    }
}
