/*
 * exp, sigmoid and tanh of a vector, float32 and float64: no branches, no tables, no libm; every
 * lane is computed alone. At most 2 ulp from the true value where that is a normal number, and
 * less than FLT_MIN (DBL_MIN) from it elsewhere, with denormals flushed or not. NaN gives NaN;
 * infinities give the limits; tanh is odd to the bit, -0 included.
 *
 * exp and sigmoid split x = n ln2 + r with n = rint(x / ln2), |r| <= ln2/2:
 *
 *     e^x = s (1 + r + r^2 P(r)),  s = 2^n            sigmoid(x) = e^x / (e^x + 1)
 *
 * tanh splits |x| = n ln2/2 + h, so that e^2|x| = s e^2h, and takes the exponential of h as a
 * quotient too, (1 + T) / (1 - T) with the odd function T = tanh(h) = h + h^3 Q(h^2):
 *
 *     tanh|x| = (e^2|x| - 1) / (e^2|x| + 1) = N / (N + 2 (1 - T)),  N = (s - 1) + (s + 1) T
 *
 * With n = 0 that is T itself, which keeps the relative accuracy down to the denormals. Where n = 1
 * begins, N must not be much smaller than its terms: n is floor(2|x|/ln2 + 3/16), not rint.
 *
 * Rounding to n is an addition: `shift` is 1.5 * 2^k plus a bias, k such that the last place of
 * the sum is 1 (for the floor: 1/8, and the three last bits are cleared), so n + bias stands in the
 * low bits and a left shift moves it into the exponent field, which makes s. The bounds of x come
 * first, in an order of min and max that keeps NaN.
 *
 * P and Q are minimax polynomials of the relative error of e^r and of T, by the Remez exchange in
 * 60 digits; for Q each coefficient in turn was rounded to its dtype and the higher ones were
 * fitted again. Relative error in float32 and float64: e^r 4.0e-9 and 1.1e-17, T 7.5e-9 and
 * 2.7e-17.
 */
#ifndef RNNCORE_KERNELS_ACTIVATIONS_H
#define RNNCORE_KERNELS_ACTIVATIONS_H

#include "kernels/vec.h"

typedef uint32_t vu32 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef uint64_t vu64 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));

/* ln2 in two parts; the first is short, so that n times it is exact without FMA too. */
#define RNNCORE_LN2_HI_F32 0x1.62e4p-1f
#define RNNCORE_LN2_LO_F32 0x1.7f7d1cp-20f
#define RNNCORE_LN2_HI_F64 0x1.62e42fefa38p-1
#define RNNCORE_LN2_LO_F64 0x1.ef35793c7673p-45

/*
 * sigmoid computes (k e^x) / (k e^x + k). For negative x the denominator is close to k and the
 * numerator close to k times the result; with k = 1 both are often just above a power of two,
 * where one rounding is worth most, while the result is just below one: up to 2.4 ulp.
 * Its P has the factor k in it, and was fitted with a double weight where r < 0, where the
 * roundings leave less room.
 */
#define RNNCORE_SIGMOID_K 1.5f

/* ---- float32 ---- */

/*
 * e^x. The scale is applied as two halves, 2^floor(n/2) * 2^ceil(n/2), which are normal numbers
 * for every n; so the product overflows to infinity and underflows gradually by itself.
 */
RNNCORE_INLINE vf32 vf32_exp(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p23f + 254.0f);
    x = vf32_max(vf32_set1(-105.0f), vf32_min(vf32_set1(89.0f), x));
    const vf32 t = vf32_fma(x, vf32_set1(0x1.715476p0f), shift);
    const vf32 n = t - shift;
    const vu32 both = (vu32)t;
    const vu32 half = both >> 1;
    const vf32 high = vf32_fma(n, vf32_set1(-RNNCORE_LN2_HI_F32), x);
    const vf32 r = vf32_fma(n, vf32_set1(-RNNCORE_LN2_LO_F32), high);

    const vf32 r2 = r * r;
    const vf32 p01 = vf32_fma(vf32_set1(0x1.555492p-3f), r, vf32_set1(0x1.fffffcp-2f));
    const vf32 p23 = vf32_fma(vf32_set1(0x1.1239e4p-7f), r, vf32_set1(0x1.5558f2p-5f));
    const vf32 p24 = vf32_fma(vf32_set1(0x1.6a2434p-10f), r2, p23);
    const vf32 p = vf32_fma(p24, r2, p01);
    const vf32 er = vf32_fma(p, r2, r) + 1.0f;
    return er * (vf32)(half << 23) * (vf32)((both - half) << 23);
}

/*
 * sigmoid and tanh come in three parts of about the same length, so that a step can do something
 * else between them (beside.inc.h): reduce splits x, polynomial makes e^r or T of r, quotient
 * divides. What is under way between two parts:
 */
typedef struct vf32_parts {
    vf32 s, r;
    vf32 high, low; /* of the reduced x; for tanh: x itself, and nothing */
} vf32_parts;

/* Below -87.7, where the result is denormal, the scale is 0. */
RNNCORE_INLINE vf32_parts vf32_sigmoid_reduce(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p23f + 127.0f);
    x = vf32_max(vf32_set1(-88.0f), vf32_min(vf32_set1(60.0f), x));
    const vf32 t = vf32_fma(x, vf32_set1(0x1.715476p0f), shift);
    const vf32 n = t - shift;
    const vf32 s = (vf32)((vu32)t << 23);
    const vf32 high = vf32_fma(n, vf32_set1(-RNNCORE_LN2_HI_F32), x);
    const vf32 low = n * (-RNNCORE_LN2_LO_F32 * RNNCORE_SIGMOID_K);
    const vf32 r = vf32_fma(n, vf32_set1(-RNNCORE_LN2_LO_F32), high);
    return (vf32_parts){s, r, high, low};
}

/* What r loses to the low part of n*ln2 is added behind the polynomial, so that e^r has one
 * rounding of weight. */
RNNCORE_INLINE vf32_parts vf32_sigmoid_polynomial(vf32_parts of)
{
    const float k = RNNCORE_SIGMOID_K;
    const vf32 r = of.r, r2 = r * r;
    const vf32 p01 = vf32_fma(vf32_set1(0x1.fffee4p-3f), r, vf32_set1(0x1.7ffff8p-1f));
    const vf32 p23 = vf32_fma(vf32_set1(0x1.9b5108p-7f), r, vf32_set1(0x1.0006b4p-4f));
    const vf32 p24 = vf32_fma(vf32_set1(0x1.0c9bd2p-9f), r2, p23);
    const vf32 tail = vf32_fma(r2 * r2, p24, vf32_fma(r2, p01, of.low));
    of.r = vf32_fma(of.high, vf32_set1(k), tail) + k;
    return of;
}

RNNCORE_INLINE vf32 vf32_sigmoid_quotient(vf32_parts of)
{
    return of.r * of.s / vf32_fma(of.r, of.s, vf32_set1(RNNCORE_SIGMOID_K));
}

RNNCORE_INLINE vf32_parts vf32_tanh_reduce(vf32 x)
{
    const vf32 shift = vf32_set1(0x1.8p20f + 127.0f);
    const vf32 a = vf32_min(vf32_set1(10.0f), vf32_abs(x));
    const vf32 t8 = vf32_fma(a, vf32_set1(0x1.715476p1f), shift + 0.125f);
    const vi32 t = (vi32)t8 & -8;
    const vf32 n = (vf32)t - shift;
    const vf32 s = (vf32)((vu32)t << 20);
    const vf32 h = vf32_fma(n, vf32_set1(-0x1.62e43p-2f), a);
    return (vf32_parts){s, h, x, x};
}

RNNCORE_INLINE vf32_parts vf32_tanh_polynomial(vf32_parts of)
{
    const vf32 h = of.r, h2 = h * h;
    const vf32 q12 = vf32_fma(vf32_set1(-0x1.9ffd2p-5f), h2, vf32_set1(0x1.10c56ap-3f));
    const vf32 q = vf32_fma(q12, h2, vf32_set1(-0x1.5554d8p-2f));
    of.r = vf32_fma(h2 * h, q, h);
    return of;
}

RNNCORE_INLINE vf32 vf32_tanh_quotient(vf32_parts of)
{
    const vf32 s = of.s, T = of.r;
    const vf32 num = vf32_fma(s + 1.0f, T, s - 1.0f);
    const vf32 y = num / (num + vf32_fma(T, vf32_set1(-2.0f), vf32_set1(2.0f)));
    return vf32_from_bits(vf32_bits(y) | vf32_sign(of.high));
}

RNNCORE_INLINE vf32 vf32_sigmoid(vf32 x)
{
    return vf32_sigmoid_quotient(vf32_sigmoid_polynomial(vf32_sigmoid_reduce(x)));
}

RNNCORE_INLINE vf32 vf32_tanh(vf32 x)
{
    return vf32_tanh_quotient(vf32_tanh_polynomial(vf32_tanh_reduce(x)));
}

/* ---- float64: the same, with longer polynomials ---- */

/* c[0] + c[1] r + ... + c[9] r^9 with r2 = r^2. */
RNNCORE_INLINE vf64 vf64_polynomial(const double c[10], vf64 r, vf64 r2)
{
    const vf64 r4 = r2 * r2;
    const vf64 p01 = vf64_fma(vf64_set1(c[1]), r, vf64_set1(c[0]));
    const vf64 p23 = vf64_fma(vf64_set1(c[3]), r, vf64_set1(c[2]));
    const vf64 p45 = vf64_fma(vf64_set1(c[5]), r, vf64_set1(c[4]));
    const vf64 p67 = vf64_fma(vf64_set1(c[7]), r, vf64_set1(c[6]));
    const vf64 p89 = vf64_fma(vf64_set1(c[9]), r, vf64_set1(c[8]));
    const vf64 p03 = vf64_fma(p23, r2, p01);
    const vf64 p47 = vf64_fma(p67, r2, p45);
    const vf64 p49 = vf64_fma(p89, r4, p47);
    return vf64_fma(p49, r4, p03);
}

RNNCORE_INLINE vf64 vf64_exp(vf64 x)
{
    static const double p[10] = {
        0x1.000000000000ap-1,  0x1.55555555554fap-3,  0x1.555555555087dp-5,  0x1.1111111127be7p-7,
        0x1.6c16c18429f02p-10, 0x1.a01a012a5689dp-13, 0x1.a0199a0cbb62bp-16, 0x1.71df25558243ap-19,
        0x1.28ad72861acbep-22, 0x1.ad7f6984cea6cp-26};
    const vf64 shift = vf64_set1(0x1.8p52 + 2046.0);
    x = vf64_max(vf64_set1(-746.0), vf64_min(vf64_set1(710.0), x));
    const vf64 t = vf64_fma(x, vf64_set1(0x1.71547652b82fep0), shift);
    const vf64 n = t - shift;
    const vu64 both = (vu64)t;
    const vu64 half = both >> 1;
    const vf64 high = vf64_fma(n, vf64_set1(-RNNCORE_LN2_HI_F64), x);
    const vf64 r = vf64_fma(n, vf64_set1(-RNNCORE_LN2_LO_F64), high);

    const vf64 r2 = r * r;
    const vf64 er = vf64_fma(vf64_polynomial(p, r, r2), r2, r) + 1.0;
    return er * (vf64)(half << 52) * (vf64)((both - half) << 52);
}

typedef struct vf64_parts {
    vf64 s, r;
    vf64 high, low;
} vf64_parts;

RNNCORE_INLINE vf64_parts vf64_sigmoid_reduce(vf64 x)
{
    const vf64 shift = vf64_set1(0x1.8p52 + 1023.0);
    x = vf64_max(vf64_set1(-709.0), vf64_min(vf64_set1(60.0), x));
    const vf64 t = vf64_fma(x, vf64_set1(0x1.71547652b82fep0), shift);
    const vf64 n = t - shift;
    const vf64 s = (vf64)((vu64)t << 52);
    const vf64 high = vf64_fma(n, vf64_set1(-RNNCORE_LN2_HI_F64), x);
    const vf64 low = n * (-RNNCORE_LN2_LO_F64 * (double)RNNCORE_SIGMOID_K);
    const vf64 r = vf64_fma(n, vf64_set1(-RNNCORE_LN2_LO_F64), high);
    return (vf64_parts){s, r, high, low};
}

RNNCORE_INLINE vf64_parts vf64_sigmoid_polynomial(vf64_parts of)
{
    static const double p[10] = {
        0x1.8000000000007p-1, 0x1.ffffffffffebp-3,   0x1.fffffffffae2p-5,   0x1.99999999ef4bdp-7,
        0x1.111111200eb71p-9, 0x1.3813805074e82p-12, 0x1.38133ac91f812p-15, 0x1.1568a10a2a93ap-18,
        0x1.bcf834ed6d16p-22, 0x1.4017a8e101574p-25};
    const double k = RNNCORE_SIGMOID_K;
    const vf64 r2 = of.r * of.r;
    const vf64 tail = vf64_fma(vf64_polynomial(p, of.r, r2), r2, of.low);
    of.r = vf64_fma(of.high, vf64_set1(k), tail) + k;
    return of;
}

RNNCORE_INLINE vf64 vf64_sigmoid_quotient(vf64_parts of)
{
    return of.r * of.s / vf64_fma(of.r, of.s, vf64_set1(RNNCORE_SIGMOID_K));
}

RNNCORE_INLINE vf64_parts vf64_tanh_reduce(vf64 x)
{
    const vf64 shift = vf64_set1(0x1.8p49 + 1023.0);
    const vf64 a = vf64_min(vf64_set1(20.0), vf64_abs(x));
    const vf64 t8 = vf64_fma(a, vf64_set1(0x1.71547652b82fep1), shift + 0.125);
    const vi64 t = (vi64)t8 & -8;
    const vf64 n = (vf64)t - shift;
    const vf64 s = (vf64)((vu64)t << 49);
    const vf64 h = vf64_fma(n, vf64_set1(-0x1.62e42fefa39efp-2), a);
    return (vf64_parts){s, h, x, x};
}

RNNCORE_INLINE vf64_parts vf64_tanh_polynomial(vf64_parts of)
{
    const vf64 h = of.r, h2 = h * h;
    const vf64 h4 = h2 * h2;
    const vf64 q12 =
        vf64_fma(vf64_set1(-0x1.ba1ba13566607p-5), h2, vf64_set1(0x1.11111110c3413p-3));
    const vf64 q34 =
        vf64_fma(vf64_set1(-0x1.22628a65bc020p-7), h2, vf64_set1(0x1.664f12c61c6e1p-6));
    const vf64 q56 =
        vf64_fma(vf64_set1(-0x1.508730ff8c170p-10), h2, vf64_set1(0x1.d40749d4f9deap-9));
    const vf64 q16 = vf64_fma(vf64_fma(q56, h4, q34), h4, q12);
    const vf64 q = vf64_fma(q16, h2, vf64_set1(-0x1.5555555555367p-2));
    of.r = vf64_fma(h2 * h, q, h);
    return of;
}

RNNCORE_INLINE vf64 vf64_tanh_quotient(vf64_parts of)
{
    const vf64 s = of.s, T = of.r;
    const vf64 num = vf64_fma(s + 1.0, T, s - 1.0);
    const vf64 y = num / (num + vf64_fma(T, vf64_set1(-2.0), vf64_set1(2.0)));
    return vf64_from_bits(vf64_bits(y) | vf64_sign(of.high));
}

RNNCORE_INLINE vf64 vf64_sigmoid(vf64 x)
{
    return vf64_sigmoid_quotient(vf64_sigmoid_polynomial(vf64_sigmoid_reduce(x)));
}

RNNCORE_INLINE vf64 vf64_tanh(vf64 x)
{
    return vf64_tanh_quotient(vf64_tanh_polynomial(vf64_tanh_reduce(x)));
}

#endif
