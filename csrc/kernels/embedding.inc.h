/* A template: dtypes.inc.h says what it is included with. */

/* The gradient of an embedding: only the rows that a batch uses are touched. */

static void FN(scatter_add)(const void *options, int64_t begin, int64_t end)
{
    const rnncore_scatter_add *s = options;
    REAL *table = s->table;
    const size_t bytes = (size_t)(end - begin) * sizeof(REAL);
    for (int64_t i = 0; i < s->cleared_count; i++) {
        memset(table + s->cleared[i] * s->columns + begin, 0, bytes);
    }
    for (int64_t i = 0; i < s->n; i++) {
        REAL *restrict to = table + s->ids[i] * s->columns;
        const REAL *restrict from = (const REAL *)s->rows + i * s->columns;
        for (int64_t j = begin; j < end; j++) {
            to[j] += from[j];
        }
    }
}
