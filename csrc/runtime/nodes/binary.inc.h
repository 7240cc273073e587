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

/* Both are read whatever the value takes: only then it vectorizes. */
#define EACH(value)                                                                                \
    for (int64_t i = 0; i < n; i++) {                                                              \
        const REAL p = a[i], q = b[i];                                                             \
        (void)q;                                                                                   \
        y[i] = (value);                                                                            \
    }                                                                                              \
    return

static void FN(combine)(int64_t operation, int64_t n, const REAL *restrict a,
                        const REAL *restrict b, REAL *restrict y)
{
    switch (operation) {
    case RNNCORE_OPERATION_ADD:
        EACH(p + q);
    case RNNCORE_OPERATION_SUBTRACT:
        EACH(p - q);
    case RNNCORE_OPERATION_MULTIPLY:
        EACH(p * q);
    case RNNCORE_OPERATION_DIVIDE:
        EACH(p / q);
    case RNNCORE_OPERATION_MAXIMUM:
        EACH(FN(larger)(p, q));
    case RNNCORE_OPERATION_MINIMUM:
        EACH(FN(smaller)(p, q));
    case RNNCORE_OPERATION_SLOPE:
        EACH(p > 0 ? p : p * q);
    default: /* FIRST */
        EACH(p);
    }
}

#undef EACH

/* A run of n numbers. Of an operand with a step of 0 the one number is repeated. */
static void FN(combine_run)(int64_t operation, int64_t n, const REAL *a, int64_t a_step,
                            const REAL *b, int64_t b_step, REAL *y)
{
    enum { MOST = 256 };
    REAL repeated[MOST];
    if (a_step == b_step) { /* 1, or a run of one number */
        FN(combine)(operation, n, a, b, y);
        return;
    }
    for (int64_t j = 0; j < n && j < MOST; j++) {
        repeated[j] = a_step == 0 ? *a : *b;
    }
    for (int64_t i = 0; i < n; i += MOST) {
        const int64_t part = n - i < MOST ? n - i : MOST;
        FN(combine)(operation, part, a_step == 0 ? repeated : a + i, b_step == 0 ? repeated : b + i,
                    y + i);
    }
}

/* All runs of the last axis. */
static void FN(binary)(int64_t operation, const broadcast *all, const void *one, const void *other,
                       void *to)
{
    const int32_t last = all->rank - 1;
    const int64_t n = all->size[last];
    const REAL *a = one, *b = other;
    REAL *y = to;
    int64_t place[RNNCORE_AXES] = {0};
    int32_t axis;
    do {
        FN(combine_run)(operation, n, a, all->a[last], b, all->b[last], y);
        y += n;
        for (axis = last - 1; axis >= 0; axis--) {
            a += all->a[axis];
            b += all->b[axis];
            if (++place[axis] < all->size[axis]) {
                break;
            }
            a -= all->a[axis] * place[axis];
            b -= all->b[axis] * place[axis];
            place[axis] = 0;
        }
    } while (axis >= 0);
}
