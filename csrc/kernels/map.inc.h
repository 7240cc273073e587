/* A template: dtypes.inc.h says what it is included with. */

/* y = f(x) for n numbers; y may be x. */

RNNCORE_INLINE void FN(map)(VEC (*f)(VEC), int64_t n, const REAL *x, REAL *y)
{
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        V(store)(y + i, f(V(load)(x + i)));
    }
    if (i < n) {
        V(store_partial)(y + i, f(V(load_partial)(x + i, (int)(n - i))), (int)(n - i));
    }
}
