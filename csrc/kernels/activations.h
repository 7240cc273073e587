/*
 * exp, sigmoid and tanh of a vector, float32 and float64: no branches, no tables, no libm; every
 * lane is computed alone. At most 2 ulp from the true value where that is a normal number, and
 * less than FLT_MIN (DBL_MIN) from it elsewhere, with denormals flushed or not. NaN gives NaN;
 * infinities give the limits; tanh is odd to the bit, -0 included.
 *
 * All three split the exponent, x = n*ln2 + r with n = rint(x/ln2). Adding `shift`, 1.5 * 2^23
 * (2^52) plus a bias, does the rounding: one unit in the last place of that sum is 1, so n stands
 * in its low bits, and a left shift into the exponent field turns n + 127 (1023) into the scale
 * s = 2^n. The bounds of x come first, in an order of min and max that keeps NaN.
 *
 * exp is s * (1 + r + r^2 P(r)).
 *
 * sigmoid and tanh have a division anyway, so they take e^r as a quotient too, of the odd function
 * T = tanh(r/2) = r/2 + (r/2)^3 Q((r/2)^2), which needs a third of the coefficients that e^r does:
 *
 *     e^r = (1 + T) / (1 - T)
 *     sigmoid(x) = 1 / (1 + e^-x)         = (1 + T) / ((1 + T) + s (1 - T)),  -x = n ln2 - r
 *     tanh(x) = (e^2x - 1) / (e^2x + 1)   = ((s-1) + (s+1) T) / ((s+1) + (s-1) T)
 *
 * With n = 0 the last is T itself, so tanh keeps its relative accuracy down to the denormals.
 *
 * P and Q are minimax polynomials of the relative error of e^r and T over |r| <= ln2/2, by the
 * Remez exchange in 60 digits; for Q each coefficient in turn was rounded to its dtype and the
 * higher ones were fitted again. Error: e^r 3.8e-9 and 1.1e-17, T 5.5e-8 and 4.1e-18. (The T of
 * float32 has 1 ulp of slack only where n = 0, where tanh(x) = T costs no other rounding;
 * elsewhere |T| <= 0.17 is added to 1.)
 */
#ifndef RNNCORE_KERNELS_ACTIVATIONS_H
#define RNNCORE_KERNELS_ACTIVATIONS_H

#include "vec.h"

typedef uint32_t vu32 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef uint64_t vu64 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));

/* ---- float32 ---- */

/*
 * e^x. The scale is applied as two halves, 2^floor(n/2) * 2^ceil(n/2), which are normal numbers
 * for every n; so the product overflows to infinity and underflows gradually by itself.
 */
RNNCORE_INLINE vf32 vf32_exp(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p23f + 254.0f);
    x = vf32_max(vf32_set1(-105.0f), vf32_min(vf32_set1(89.0f), x));
    const vf32 t = vf32_fma(x, vf32_set1(1.44269502f), shift);
    const vf32 n = t - shift;
    const vu32 both = (vu32)t;
    const vu32 half = both >> 1;
    /* ln2 in two parts; the first has 15 bits, so that n times it is exact without FMA too */
    vf32 r = vf32_fma(n, vf32_set1(-0x1.62e4p-1f), x);
    r = vf32_fma(n, vf32_set1(-1.42860677e-6f), r);

    const vf32 r2 = r * r;
    const vf32 p01 = vf32_fma(vf32_set1(0x1.555492p-3f), r, vf32_set1(0x1.fffffcp-2f));
    const vf32 p23 = vf32_fma(vf32_set1(0x1.1239e4p-7f), r, vf32_set1(0x1.5558f2p-5f));
    const vf32 p234 = vf32_fma(vf32_set1(0x1.6a2434p-10f), r2, p23);
    const vf32 p = vf32_fma(p234, r2, p01);
    const vf32 er = vf32_fma(p, r2, r) + 1.0f;
    return er * (vf32)(half << 23) * (vf32)((both - half) << 23);
}

/* 1 / (1 + e^-x). Below -88.4 the scale is infinite and the quotient 0. */
RNNCORE_INLINE vf32 vf32_sigmoid(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p23f + 127.0f);
    x = vf32_max(vf32_set1(-89.0f), vf32_min(vf32_set1(88.0f), x));
    const vf32 t = vf32_fma(x, vf32_set1(-1.44269502f), shift);
    const vf32 n = t - shift;
    const vf32 s = (vf32)((vu32)t << 23);
    vf32 r = vf32_fma(n, vf32_set1(0x1.62e4p-1f), x);
    r = vf32_fma(n, vf32_set1(1.42860677e-6f), r);

    /* w = 2 T: the halves of r/2 are in the coefficients, Q_k / 4^(k+1) */
    const vf32 r2 = r * r;
    const vf32 q = vf32_fma(vf32_set1(0x1.0c816ap-7f), r2, vf32_set1(-0x1.554feep-4f));
    const vf32 w = vf32_fma(r2 * r, q, r);
    const vf32 up = w + 2.0f;
    return up / vf32_fma(s, 2.0f - w, up);
}

RNNCORE_INLINE vf32 vf32_tanh(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p23f + 127.0f);
    const vf32 a = vf32_min(vf32_set1(10.0f), vf32_abs(x));
    const vf32 t = vf32_fma(a, vf32_set1(2.88539004f), shift);
    const vf32 n = t - shift;
    const vf32 s = (vf32)((vu32)t << 23);
    const vf32 h = vf32_fma(n, vf32_set1(-0.346573591f), a); /* r/2; tanh is flat where n > 1 */

    const vf32 h2 = h * h;
    const vf32 q = vf32_fma(vf32_set1(0x1.0c816ap-3f), h2, vf32_set1(-0x1.554feep-2f));
    const vf32 T = vf32_fma(h2 * h, q, h);
    const vf32 below = s - 1.0f;
    const vf32 above = s + 1.0f;
    const vf32 y = vf32_fma(above, T, below) / vf32_fma(below, T, above);
    return vf32_from_bits(vf32_bits(y) | vf32_sign(x));
}

/* ---- float64: the same, with longer polynomials ---- */

RNNCORE_INLINE vf64 vf64_exp(vf64 x)
{
    const vf64 shift = vf64_set1(0x1.8p52 + 2046.0);
    x = vf64_max(vf64_set1(-746.0), vf64_min(vf64_set1(710.0), x));
    const vf64 t = vf64_fma(x, vf64_set1(1.4426950408889634), shift);
    const vf64 n = t - shift;
    const vu64 both = (vu64)t;
    const vu64 half = both >> 1;
    vf64 r = vf64_fma(n, vf64_set1(-0x1.62e42fefa38p-1), x);
    r = vf64_fma(n, vf64_set1(-0x1.ef35793c7673p-45), r);

    const vf64 r2 = r * r;
    const vf64 r4 = r2 * r2;
    const vf64 p01 = vf64_fma(vf64_set1(0x1.55555555554fap-3), r, vf64_set1(0x1.000000000000ap-1));
    const vf64 p23 = vf64_fma(vf64_set1(0x1.1111111127be7p-7), r, vf64_set1(0x1.555555555087dp-5));
    const vf64 p45 =
        vf64_fma(vf64_set1(0x1.a01a012a5689dp-13), r, vf64_set1(0x1.6c16c18429f02p-10));
    const vf64 p67 =
        vf64_fma(vf64_set1(0x1.71df25558243ap-19), r, vf64_set1(0x1.a0199a0cbb62bp-16));
    const vf64 p89 =
        vf64_fma(vf64_set1(0x1.ad7f6984cea6cp-26), r, vf64_set1(0x1.28ad72861acbep-22));
    const vf64 p03 = vf64_fma(p23, r2, p01);
    const vf64 p47 = vf64_fma(p67, r2, p45);
    const vf64 p49 = vf64_fma(p89, r4, p47);
    const vf64 p = vf64_fma(p49, r4, p03);
    const vf64 er = vf64_fma(p, r2, r) + 1.0;
    return er * (vf64)(half << 52) * (vf64)((both - half) << 52);
}

/* (tanh(h) - h) / h^3 as a polynomial of h2 = h^2, |h| <= ln2/4. */
RNNCORE_INLINE vf64 vf64_tanh_tail(vf64 h2)
{
    const vf64 h4 = h2 * h2;
    const vf64 q01 =
        vf64_fma(vf64_set1(0x1.11111110e0cf7p-3), h2, vf64_set1(-0x1.55555555554bdp-2));
    const vf64 q23 =
        vf64_fma(vf64_set1(0x1.664eca1500c47p-6), h2, vf64_set1(-0x1.ba1ba1173f12ap-5));
    const vf64 q45 =
        vf64_fma(vf64_set1(0x1.c38653387daf8p-9), h2, vf64_set1(-0x1.223c82474dd33p-7));
    const vf64 q25 = vf64_fma(q45, h4, q23);
    return vf64_fma(q25, h4, q01);
}

RNNCORE_INLINE vf64 vf64_sigmoid(vf64 x)
{
    const vf64 shift = vf64_set1(0x1.8p52 + 1023.0);
    x = vf64_max(vf64_set1(-710.0), vf64_min(vf64_set1(709.0), x));
    const vf64 t = vf64_fma(x, vf64_set1(-1.4426950408889634), shift);
    const vf64 n = t - shift;
    const vf64 s = (vf64)((vu64)t << 52);
    /* half of x + n*ln2; halving is exact */
    vf64 h = vf64_fma(n, vf64_set1(0x1.62e42fefa38p-2), x * 0.5);
    h = vf64_fma(n, vf64_set1(0x1.ef35793c7673p-46), h);

    const vf64 h2 = h * h;
    const vf64 T = vf64_fma(h2 * h, vf64_tanh_tail(h2), h);
    const vf64 up = T + 1.0;
    return up / vf64_fma(s, 1.0 - T, up);
}

RNNCORE_INLINE vf64 vf64_tanh(vf64 x)
{
    const vf64 shift = vf64_set1(0x1.8p52 + 1023.0);
    const vf64 a = vf64_min(vf64_set1(20.0), vf64_abs(x));
    const vf64 t = vf64_fma(a, vf64_set1(2.8853900817779268), shift);
    const vf64 n = t - shift;
    const vf64 s = (vf64)((vu64)t << 52);
    const vf64 h = vf64_fma(n, vf64_set1(-0.34657359027997264), a);

    const vf64 h2 = h * h;
    const vf64 T = vf64_fma(h2 * h, vf64_tanh_tail(h2), h);
    const vf64 below = s - 1.0;
    const vf64 above = s + 1.0;
    const vf64 y = vf64_fma(above, T, below) / vf64_fma(below, T, above);
    return vf64_from_bits(vf64_bits(y) | vf64_sign(x));
}

#endif
