/* A template: reals.h says what it is included with. */

/* NaN if one is, as in NumPy. */
static REAL FN(larger)(REAL a, REAL b)
{
    return a > b || a != a ? a : b;
}

static REAL FN(smaller)(REAL a, REAL b)
{
    return a < b || a != a ? a : b;
}

/* A run of n numbers whose operands stand a_step and b_step apart. */
#define LOOP(value)                                                                                \
    if (a_step == 1 && b_step == 1) {                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const REAL p = a[i], q = b[i];                                                         \
            y[i] = (value);                                                                        \
        }                                                                                          \
    } else if (a_step == 1 && b_step == 0) {                                                       \
        const REAL q = b[0];                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const REAL p = a[i];                                                                   \
            y[i] = (value);                                                                        \
        }                                                                                          \
    } else {                                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const REAL p = a[i * a_step], q = b[i * b_step];                                       \
            y[i] = (value);                                                                        \
        }                                                                                          \
    }                                                                                              \
    break

static void FN(combine)(int64_t operation, int64_t n, const REAL *a, int64_t a_step, const REAL *b,
                        int64_t b_step, REAL *y)
{
    switch (operation) {
    case RNNCORE_OPERATION_ADD:
        LOOP(p + q);
    case RNNCORE_OPERATION_SUBTRACT:
        LOOP(p - q);
    case RNNCORE_OPERATION_MULTIPLY:
        LOOP(p * q);
    case RNNCORE_OPERATION_DIVIDE:
        LOOP(p / q);
    case RNNCORE_OPERATION_MAXIMUM:
        LOOP(FN(larger)(p, q));
    case RNNCORE_OPERATION_MINIMUM:
        LOOP(FN(smaller)(p, q));
    default: /* SLOPE */
        LOOP(p > 0 ? p : p * q);
    }
}

#undef LOOP

/* All runs of the last axis. */
static void FN(binary)(int64_t operation, const broadcast *all, const void *one, const void *other,
                       void *to)
{
    const int32_t last = all->rank - 1;
    const int64_t n = all->size[last];
    int64_t runs = 1;
    for (int32_t axis = 0; axis < last; axis++) {
        runs *= all->size[axis];
    }
    for (int64_t i = 0; i < runs && n > 0; i++) {
        const REAL *a = (const REAL *)one + offset_of(all, i, all->a);
        const REAL *b = (const REAL *)other + offset_of(all, i, all->b);
        FN(combine)(operation, n, a, all->a[last], b, all->b[last], (REAL *)to + i * n);
    }
}
