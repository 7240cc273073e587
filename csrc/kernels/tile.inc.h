/* A template: tiles.inc.h says what it is included with. */

/* out (ROWS, PANELS*WIDTH vectors) = a B. A template, not a function of three numbers: Clang
 * optimises a function alone before it is inlined, and would settle for loops over sums in memory.
 *
 * Sums stay in registers over the whole depth. Of the two factors of a step the one with fewer
 * vectors waits in registers too, and the other passes by. */
static void TILE(ROWS, PANELS, WIDTH)(const FN(operand) * op, const REAL *a, const REAL *b,
                                      REAL *out, int64_t ldo)
{
    enum { VECTORS = PANELS * WIDTH };
    const int64_t depth = op->depth, ka = op->ka;
    const int64_t panel_size = op->segments * depth * WIDTH * VLEN;
    const REAL *rows[ROWS];
    VEC sums[ROWS][VECTORS];
    RNNCORE_UNROLL
    for (int r = 0; r < ROWS; r++) {
        rows[r] = a + r * op->lda;
        __asm__("" : "+r"(rows[r])); /* else Clang adds up the address of each row at each step */
        RNNCORE_UNROLL
        for (int v = 0; v < VECTORS; v++) {
            sums[r][v] = V(zero)();
        }
    }
    for (int64_t s = 0; s < op->segments; s++) {
        int64_t column = s * op->segment_stride;
#ifndef __clang__ /* in a loop of single steps GCC reads b again from memory for every row */
#pragma GCC unroll 2
#endif
        for (int64_t k = 0; k < depth; k++, column += ka, b += WIDTH * VLEN) {
#if ROWS < PANELS * WIDTH
            VEC av[ROWS];
            RNNCORE_UNROLL
            for (int r = 0; r < ROWS; r++) {
                av[r] = V(set1)(rows[r][column]);
            }
            RNNCORE_UNROLL
            for (int v = 0; v < VECTORS; v++) {
                const VEC bv = V(load)(b + v / WIDTH * panel_size + v % WIDTH * VLEN);
                RNNCORE_UNROLL
                for (int r = 0; r < ROWS; r++) {
                    sums[r][v] = V(fma)(av[r], bv, sums[r][v]);
                }
            }
#else
            VEC bv[VECTORS];
            RNNCORE_UNROLL
            for (int v = 0; v < VECTORS; v++) {
                bv[v] = V(load)(b + v / WIDTH * panel_size + v % WIDTH * VLEN);
            }
            RNNCORE_UNROLL
            for (int r = 0; r < ROWS; r++) {
                const VEC av = V(set1)(rows[r][column]);
                RNNCORE_UNROLL
                for (int v = 0; v < VECTORS; v++) {
                    sums[r][v] = V(fma)(av, bv[v], sums[r][v]);
                }
            }
#endif
        }
    }
    RNNCORE_UNROLL
    for (int r = 0; r < ROWS; r++) {
        RNNCORE_UNROLL
        for (int v = 0; v < VECTORS; v++) {
            V(store)(out + r * ldo + v * VLEN, sums[r][v]);
        }
    }
}
#undef PANELS
