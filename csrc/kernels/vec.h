/*
 * Vectors of RNNCORE_VECTOR_BYTES bytes, written with the vector extensions of GCC and Clang.
 *
 *   vf32, vi32   RNNCORE_VLEN_F32 lanes of float and int32_t
 *   vf64, vi64   RNNCORE_VLEN_F64 lanes of double and int64_t
 *
 * Arithmetic, comparison and bit operators work on the types themselves; a comparison gives lanes
 * of 0 or -1 that vf32_select and vf64_select take (cast it: `(vi32)(a < b)`). The functions below
 * are what the operators lack. Intrinsics stand only where the compiler does not find the
 * instruction, and depend on the ISA flags *and* on the width, so that any width compiles with any
 * flags (64 bytes with AVX2 flags is how the tests check the wide kernels on a narrow machine).
 */
#ifndef RNNCORE_KERNELS_VEC_H
#define RNNCORE_KERNELS_VEC_H

#include <stdint.h>

#ifndef RNNCORE_VECTOR_BYTES
#error "define RNNCORE_VECTOR_BYTES as 16, 32 or 64"
#endif

#if RNNCORE_VECTOR_BYTES == 64 && defined(__AVX512F__)
#define RNNCORE_VEC_AVX512 1
#include <immintrin.h>
#elif RNNCORE_VECTOR_BYTES == 64 && defined(__FMA__)
#define RNNCORE_VEC_HALVES 1 /* a test of the wide kernels without AVX-512 */
#include <immintrin.h>
#elif RNNCORE_VECTOR_BYTES == 32 && defined(__AVX__)
#define RNNCORE_VEC_AVX 1
#include <immintrin.h>
#elif RNNCORE_VECTOR_BYTES == 16 && defined(__SSE2__)
#define RNNCORE_VEC_SSE2 1
#include <emmintrin.h>
#elif RNNCORE_VECTOR_BYTES == 16 && defined(__aarch64__) && defined(__ARM_NEON)
#define RNNCORE_VEC_NEON 1
#include <arm_neon.h>
#elif RNNCORE_VECTOR_BYTES != 16 && RNNCORE_VECTOR_BYTES != 32 && RNNCORE_VECTOR_BYTES != 64
#error "RNNCORE_VECTOR_BYTES: expected 16, 32 or 64"
#endif

/* Every function here is inlined, so the calling convention for wide vectors never matters. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define RNNCORE_INLINE static inline __attribute__((always_inline))
/* What several cells have in common: inlined in each, or there once. */
#if RNNCORE_SMALL
#define RNNCORE_SHARED static __attribute__((noinline))
#else
#define RNNCORE_SHARED RNNCORE_INLINE
#endif

/* Before a loop of at most 32 rounds, a constant number: write all of them out. An array that such
 * loops alone index is a set of registers then. BY_2: two rounds of any number. */
#ifdef __clang__
#define RNNCORE_UNROLL _Pragma("clang loop unroll(full)")
#define RNNCORE_UNROLL_BY_2 _Pragma("clang loop unroll_count(2)")
#else
#define RNNCORE_UNROLL _Pragma("GCC unroll 32")
#define RNNCORE_UNROLL_BY_2 _Pragma("GCC unroll 2")
#endif

#define RNNCORE_VLEN_F32 (RNNCORE_VECTOR_BYTES / 4)
#define RNNCORE_VLEN_F64 (RNNCORE_VECTOR_BYTES / 8)

typedef float vf32 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef double vf64 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef int32_t vi32 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef int64_t vi64 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));

/* The same vectors as they lie in memory: aligned like one element. */
typedef float vf32_unaligned
    __attribute__((vector_size(RNNCORE_VECTOR_BYTES), aligned(4), may_alias));
typedef double vf64_unaligned
    __attribute__((vector_size(RNNCORE_VECTOR_BYTES), aligned(8), may_alias));

/* ---- constants, loads and stores ---- */

RNNCORE_INLINE vf32 vf32_zero(void)
{
    return (vf32){0.0f};
}

RNNCORE_INLINE vf64 vf64_zero(void)
{
    return (vf64){0.0};
}

/* `x - {0}`, not `{0} + x`: it is the form that keeps the sign of -0. */
RNNCORE_INLINE vf32 vf32_set1(float x)
{
    return x - vf32_zero();
}

RNNCORE_INLINE vf64 vf64_set1(double x)
{
    return x - vf64_zero();
}

RNNCORE_INLINE vi32 vi32_set1(int32_t x)
{
    return x - (vi32){0};
}

RNNCORE_INLINE vi64 vi64_set1(int64_t x)
{
    return x - (vi64){0};
}

RNNCORE_INLINE vf32 vf32_load(const float *p)
{
    return *(const vf32_unaligned *)p;
}

RNNCORE_INLINE vf64 vf64_load(const double *p)
{
    return *(const vf64_unaligned *)p;
}

RNNCORE_INLINE void vf32_store(float *p, vf32 v)
{
    *(vf32_unaligned *)p = v;
}

RNNCORE_INLINE void vf64_store(double *p, vf64 v)
{
    *(vf64_unaligned *)p = v;
}

#if defined(RNNCORE_VEC_AVX)
/* Lanes below n are -1, the others 0: the mask that vmaskmov takes. */
RNNCORE_INLINE __m256i vec_mask_f32(int n)
{
    const vi32 lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return (__m256i)(lane < vi32_set1(n));
}

RNNCORE_INLINE __m256i vec_mask_f64(int n)
{
    const vi64 lane = {0, 1, 2, 3};
    return (__m256i)(lane < vi64_set1(n));
}
#endif

/* The first n lanes from p, zeros in the others; 0 <= n <= VLEN; reads nothing beyond p[n - 1]. */
RNNCORE_INLINE vf32 vf32_load_partial(const float *p, int n)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf32)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
#elif defined(RNNCORE_VEC_AVX)
    return (vf32)_mm256_maskload_ps(p, vec_mask_f32(n));
#else
    float lanes[RNNCORE_VLEN_F32] = {0.0f};
    for (int i = 0; i < n; i++) {
        lanes[i] = p[i];
    }
    return vf32_load(lanes);
#endif
}

RNNCORE_INLINE vf64 vf64_load_partial(const double *p, int n)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf64)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1u), p);
#elif defined(RNNCORE_VEC_AVX)
    return (vf64)_mm256_maskload_pd(p, vec_mask_f64(n));
#else
    double lanes[RNNCORE_VLEN_F64] = {0.0};
    for (int i = 0; i < n; i++) {
        lanes[i] = p[i];
    }
    return vf64_load(lanes);
#endif
}

/* The first n lanes to p; 0 <= n <= VLEN; writes nothing beyond p[n - 1]. */
RNNCORE_INLINE void vf32_store_partial(float *p, vf32 v, int n)
{
#if defined(RNNCORE_VEC_AVX512)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)v);
#elif defined(RNNCORE_VEC_AVX)
    _mm256_maskstore_ps(p, vec_mask_f32(n), (__m256)v);
#else
    float lanes[RNNCORE_VLEN_F32];
    vf32_store(lanes, v);
    for (int i = 0; i < n; i++) {
        p[i] = lanes[i];
    }
#endif
}

RNNCORE_INLINE void vf64_store_partial(double *p, vf64 v, int n)
{
#if defined(RNNCORE_VEC_AVX512)
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1u), (__m512d)v);
#elif defined(RNNCORE_VEC_AVX)
    _mm256_maskstore_pd(p, vec_mask_f64(n), (__m256d)v);
#else
    double lanes[RNNCORE_VLEN_F64];
    vf64_store(lanes, v);
    for (int i = 0; i < n; i++) {
        p[i] = lanes[i];
    }
#endif
}

/* ---- arithmetic ---- */

/*
 * a*b + c: one rounding where the ISA has FMA, two where it has not. Contraction would find most of
 * these too, but in a*b + (c*d) it may fuse either product, and the activations care which.
 */
RNNCORE_INLINE vf32 vf32_fma(vf32 a, vf32 b, vf32 c)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(RNNCORE_VEC_AVX) && defined(__FMA__)
    return (vf32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(RNNCORE_VEC_HALVES)
    typedef union {
        vf32 v;
        __m256 half[2];
    } halves;
    const halves x = {a}, y = {b}, z = {c};
    return (halves){.half = {_mm256_fmadd_ps(x.half[0], y.half[0], z.half[0]),
                             _mm256_fmadd_ps(x.half[1], y.half[1], z.half[1])}}
        .v;
#elif defined(RNNCORE_VEC_NEON)
    return (vf32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

RNNCORE_INLINE vf64 vf64_fma(vf64 a, vf64 b, vf64 c)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(RNNCORE_VEC_AVX) && defined(__FMA__)
    return (vf64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(RNNCORE_VEC_HALVES)
    typedef union {
        vf64 v;
        __m256d half[2];
    } halves;
    const halves x = {a}, y = {b}, z = {c};
    return (halves){.half = {_mm256_fmadd_pd(x.half[0], y.half[0], z.half[0]),
                             _mm256_fmadd_pd(x.half[1], y.half[1], z.half[1])}}
        .v;
#elif defined(RNNCORE_VEC_NEON)
    return (vf64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
    return a * b + c;
#endif
}

/* mask ? a : b, lane by lane; every lane of mask is 0 or -1. */
RNNCORE_INLINE vf32 vf32_select(vi32 mask, vf32 a, vf32 b)
{
#if defined(RNNCORE_VEC_AVX)
    return (vf32)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (vf32)((mask & (vi32)a) | (~mask & (vi32)b));
#endif
}

RNNCORE_INLINE vf64 vf64_select(vi64 mask, vf64 a, vf64 b)
{
#if defined(RNNCORE_VEC_AVX)
    return (vf64)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
#else
    return (vf64)((mask & (vi64)a) | (~mask & (vi64)b));
#endif
}

/* a > b ? a : b, so b where either is NaN: vf32_max(limit, x) keeps a NaN of x. */
RNNCORE_INLINE vf32 vf32_max(vf32 a, vf32 b)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf32)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(RNNCORE_VEC_AVX)
    return (vf32)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(RNNCORE_VEC_SSE2)
    return (vf32)_mm_max_ps((__m128)a, (__m128)b);
#else
    return vf32_select((vi32)(a > b), a, b);
#endif
}

RNNCORE_INLINE vf64 vf64_max(vf64 a, vf64 b)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf64)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(RNNCORE_VEC_AVX)
    return (vf64)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(RNNCORE_VEC_SSE2)
    return (vf64)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return vf64_select((vi64)(a > b), a, b);
#endif
}

/* a < b ? a : b, so b where either is NaN. */
RNNCORE_INLINE vf32 vf32_min(vf32 a, vf32 b)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf32)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(RNNCORE_VEC_AVX)
    return (vf32)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(RNNCORE_VEC_SSE2)
    return (vf32)_mm_min_ps((__m128)a, (__m128)b);
#else
    return vf32_select((vi32)(a < b), a, b);
#endif
}

RNNCORE_INLINE vf64 vf64_min(vf64 a, vf64 b)
{
#if defined(RNNCORE_VEC_AVX512)
    return (vf64)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(RNNCORE_VEC_AVX)
    return (vf64)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(RNNCORE_VEC_SSE2)
    return (vf64)_mm_min_pd((__m128d)a, (__m128d)b);
#else
    return vf64_select((vi64)(a < b), a, b);
#endif
}

/* The bits of a lane as an integer, and back. */
RNNCORE_INLINE vi32 vf32_bits(vf32 v)
{
    return (vi32)v;
}

RNNCORE_INLINE vi64 vf64_bits(vf64 v)
{
    return (vi64)v;
}

RNNCORE_INLINE vf32 vf32_from_bits(vi32 v)
{
    return (vf32)v;
}

RNNCORE_INLINE vf64 vf64_from_bits(vi64 v)
{
    return (vf64)v;
}

/* |v|; the sign bit of v alone (for `vf32_abs(v) ^ sign`); also right for -0, infinities, NaN. */
RNNCORE_INLINE vf32 vf32_abs(vf32 v)
{
    return (vf32)((vi32)v & INT32_MAX);
}

RNNCORE_INLINE vf64 vf64_abs(vf64 v)
{
    return (vf64)((vi64)v & INT64_MAX);
}

RNNCORE_INLINE vi32 vf32_sign(vf32 v)
{
    return (vi32)v & INT32_MIN;
}

RNNCORE_INLINE vi64 vf64_sign(vf64 v)
{
    return (vi64)v & INT64_MIN;
}

/* ---- sums of the lanes ---- */

/*
 * The order is fixed by the width alone: blocks of 16 bytes are added pairwise (0+2, 1+3, then
 * the two sums), then the lanes of that block likewise.
 */
RNNCORE_INLINE float vf32_hsum(vf32 v)
{
    typedef float quad __attribute__((vector_size(16)));
    union {
        vf32 v;
        quad q[RNNCORE_VECTOR_BYTES / 16];
    } u = {v};
#if RNNCORE_VECTOR_BYTES == 64
    const quad s = (u.q[0] + u.q[2]) + (u.q[1] + u.q[3]);
#elif RNNCORE_VECTOR_BYTES == 32
    const quad s = u.q[0] + u.q[1];
#else
    const quad s = u.q[0];
#endif
    return (s[0] + s[2]) + (s[1] + s[3]);
}

RNNCORE_INLINE double vf64_hsum(vf64 v)
{
    typedef double pair __attribute__((vector_size(16)));
    union {
        vf64 v;
        pair q[RNNCORE_VECTOR_BYTES / 16];
    } u = {v};
#if RNNCORE_VECTOR_BYTES == 64
    const pair s = (u.q[0] + u.q[2]) + (u.q[1] + u.q[3]);
#elif RNNCORE_VECTOR_BYTES == 32
    const pair s = u.q[0] + u.q[1];
#else
    const pair s = u.q[0];
#endif
    return s[0] + s[1];
}

#endif
