/* A template: dtypes.inc.h says what it is included with. */

/* y = keep ? x / (1 - rate) : 0; an element is kept when its random word reaches rate * 2^32. */

static void FN(dropout)(const void *options, int64_t begin, int64_t end)
{
    const rnncore_dropout *d = options;
    uint32_t words[RNNCORE_RANDOM_BLOCK];
    const double limit = d->rate * 4294967296.0;
    const uint32_t threshold = limit > 4294967295.0 ? 4294967295u : (uint32_t)limit;
    const REAL scale = (REAL)(d->rate < 1 ? 1 / (1 - d->rate) : 0);
    for (int64_t i = begin; i < end; i += RNNCORE_RANDOM_BLOCK) {
        const REAL *x = (const REAL *)d->x + i;
        REAL *y = (REAL *)d->y + i;
        const int64_t n = end - i < RNNCORE_RANDOM_BLOCK ? end - i : RNNCORE_RANDOM_BLOCK;
        rnncore_random_block(d->key, d->call, (uint32_t)(i / RNNCORE_RANDOM_BLOCK), words);
        for (int64_t j = 0; j < n; j++) {
            const REAL kept = x[j] * scale;
            y[j] = words[j] >= threshold ? kept : 0;
        }
    }
}
