/* Packing: the columns of a matrix, unit block by unit block with its gates side by side, in panels
 * of PANEL vectors (row after row within a panel), then single vectors. */

static void FN(pack)(const void *matrix, int64_t rb, int64_t cb, int64_t depth, int64_t units,
                     int gates, void *packed)
{
    const REAL *b = matrix;
    const int64_t vectors = (units + VLEN - 1) / VLEN * gates;
    const int64_t in_panels = vectors / PANEL * PANEL;
    for (int64_t v = 0; v < vectors; v++) {
        const int64_t unit = v / gates * VLEN;
        const REAL *from = b + ((v % gates) * units + unit) * cb;
        const int lanes = units - unit < VLEN ? (int)(units - unit) : VLEN;
        const int64_t width = v < in_panels ? PANEL * VLEN : VLEN;
        const int64_t panel = v < in_panels ? v / PANEL * PANEL : v;
        REAL *to = (REAL *)packed + panel * depth * VLEN + (v - panel) * VLEN;
        for (int64_t k = 0; k < depth; k++, from += rb, to += width) {
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
}
