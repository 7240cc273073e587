/* A template: dtypes.inc.h says what it is included with. */

/* An activation and its derivative by its output. In the fused form of the gate equations the kind
 * is a constant, so that only tanh or sigmoid remains of the switch; in the generic form it comes
 * with the step, and tanh and sigmoid are calls, which keeps the code small. */

static __attribute__((noinline)) void FN(call_sigmoid)(VEC *x)
{
    *x = V(sigmoid)(*x);
}

static __attribute__((noinline)) void FN(call_tanh)(VEC *x)
{
    *x = V(tanh)(*x);
}

/* f(x); NaN stays. */
RNNCORE_INLINE VEC FN(activate)(const int generic, const int kind, VEC x)
{
    switch (kind) {
    case RNNCORE_RELU:
        return V(select)((MASK)(x < V(zero)()), V(zero)(), x);
    case RNNCORE_LINEAR:
        return x;
    case RNNCORE_HARD_SIGMOID:
        return V(min)(V(set1)(6), V(max)(V(zero)(), x + V(set1)(3))) / V(set1)(6);
    case RNNCORE_SIGMOID:
        if (!generic) {
            return V(sigmoid)(x);
        }
        FN(call_sigmoid)(&x);
        return x;
    default:
        if (!generic) {
            return V(tanh)(x);
        }
        FN(call_tanh)(&x);
        return x;
    }
}

/* dy * f'(x), from y = f(x). */
RNNCORE_INLINE VEC FN(times_slope)(const int kind, VEC dy, VEC y)
{
    const VEC one = V(set1)(1);
    switch (kind) {
    case RNNCORE_RELU:
        return V(select)((MASK)(y > V(zero)()), dy, V(zero)());
    case RNNCORE_LINEAR:
        return dy;
    case RNNCORE_HARD_SIGMOID:
        return V(select)((MASK)(y > V(zero)()) & (MASK)(y < one), dy / V(set1)(6), V(zero)());
    case RNNCORE_SIGMOID:
        return dy * y * (one - y);
    default:
        return dy * (one - y * y);
    }
}
