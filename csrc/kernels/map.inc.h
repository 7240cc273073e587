/* A template: dtypes.inc.h says what it is included with. */

/* A vector of the next VLEN numbers, or of the `n` that are left. */
RNNCORE_INLINE VEC FN(load_some)(const REAL *x, int64_t n)
{
    return n >= VLEN ? V(load)(x) : V(load_partial)(x, (int)n);
}

RNNCORE_INLINE void FN(store_some)(REAL *x, VEC value, int64_t n)
{
    if (n >= VLEN) {
        V(store)(x, value);
    } else {
        V(store_partial)(x, value, (int)n);
    }
}

/* y = f(x) for n numbers; y may be x. */
RNNCORE_INLINE void FN(map)(VEC (*f)(VEC), int64_t n, const REAL *x, REAL *y)
{
    for (int64_t i = 0; i < n; i += VLEN) {
        FN(store_some)(y + i, f(FN(load_some)(x + i, n - i)), n - i);
    }
}
