/* Packing: the columns of a matrix, unit block by unit block with its gates side by side, in panels
 * of PANEL vectors (row after row within a panel), then single vectors. */

/* Rows [k0, k1) of vector v. */
RNNCORE_INLINE void FN(pack_vector)(const REAL *b, int64_t rb, int64_t cb, int64_t depth,
                                    int64_t units, int gates, int64_t v, int64_t in_panels,
                                    int64_t k0, int64_t k1, REAL *packed)
{
    const int64_t unit = v / gates * VLEN;
    const REAL *from = b + ((v % gates) * units + unit) * cb + k0 * rb;
    const int lanes = units - unit < VLEN ? (int)(units - unit) : VLEN;
    const int64_t width = v < in_panels ? PANEL * VLEN : VLEN;
    const int64_t panel = v < in_panels ? v / PANEL * PANEL : v;
    REAL *to = packed + panel * depth * VLEN + (v - panel) * VLEN + k0 * width;
    for (int64_t k = k0; k < k1; k++, from += rb, to += width) {
        if (lanes == VLEN && cb == 1) {
            V(store)(to, V(load)(from));
            continue;
        }
        int l = 0;
        for (; l < lanes; l++) {
            to[l] = from[l * cb];
        }
        for (; l < VLEN; l++) {
            to[l] = 0;
        }
    }
}

/* A few rows of all vectors at a time where the rows of the matrix are contiguous: its lines are
 * read once. Columns that are contiguous are read from end to end instead. */
static void FN(pack)(const void *matrix, int64_t rb, int64_t cb, int64_t depth, int64_t units,
                     int gates, void *packed)
{
    const int64_t vectors = (units + VLEN - 1) / VLEN * gates;
    const int64_t in_panels = vectors / PANEL * PANEL;
    const int64_t rows = cb == 1 ? 16 : depth;
    for (int64_t k0 = 0; k0 < depth; k0 += rows) {
        const int64_t k1 = depth - k0 < rows ? depth : k0 + rows;
        for (int64_t v = 0; v < vectors; v++) {
            FN(pack_vector)(matrix, rb, cb, depth, units, gates, v, in_panels, k0, k1, packed);
        }
    }
}
