/* A template: dtypes.inc.h says what it is included with. */

/* What the machine can do at most with these vectors: loops that benchmarks time. */

/* As many independent sums as a tile of the step has, so that the latency of FMA is hidden. */
#define FMA_CHAINS (ROW_TILE * PANEL)

static double FN(fma_loop)(int64_t iterations)
{
    VEC sums[FMA_CHAINS];
    RNNCORE_UNROLL
    for (int i = 0; i < FMA_CHAINS; i++) {
        sums[i] = V(set1)((REAL)i);
    }
    const VEC a = V(set1)((REAL)0.5), b = V(set1)((REAL)1.0);
    for (int64_t n = 0; n < iterations; n++) {
        RNNCORE_UNROLL
        for (int i = 0; i < FMA_CHAINS; i++) {
            sums[i] = V(fma)(sums[i], a, b);
        }
    }
    VEC total = V(zero)();
    RNNCORE_UNROLL
    for (int i = 0; i < FMA_CHAINS; i++) {
        total += sums[i];
    }
    return (double)V(hsum)(total);
}

/* Reads `bytes` bytes `repeats` times; the bits of all are folded into the result. */
static double FN(read_loop)(const void *p, int64_t bytes, int64_t repeats)
{
    enum { CHAINS = 8 };
    const int64_t block = CHAINS * RNNCORE_VECTOR_BYTES;
    MASK bits[CHAINS];
    RNNCORE_UNROLL
    for (int i = 0; i < CHAINS; i++) {
        bits[i] = (MASK)V(zero)();
    }
    for (int64_t n = 0; n < repeats; n++) {
        const char *from = p;
        for (int64_t done = 0; done + block <= bytes; done += block, from += block) {
            RNNCORE_UNROLL
            for (int i = 0; i < CHAINS; i++) {
                bits[i] |= (MASK)V(load)((const REAL *)(from + i * RNNCORE_VECTOR_BYTES));
            }
        }
        __asm__ volatile("" ::: "memory"); /* read it again, do not reuse it */
    }
    MASK all = bits[0];
    RNNCORE_UNROLL
    for (int i = 1; i < CHAINS; i++) {
        all |= bits[i];
    }
    return (double)all[0];
}
