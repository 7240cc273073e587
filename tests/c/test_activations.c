/*
 * exp, sigmoid and tanh of every table of kernels that this CPU runs: the error against the C
 * library in the next wider type, over all exponents, with denormals kept and flushed; special
 * values; and that an element's result depends on nothing but that element.
 */
#include "core/platform.h"
#include "core/testing.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

#define MAX_ULP 2.0
#define CHUNK 4096

static const rnncore_isa all[] = {RNNCORE_ISA_BASELINE, RNNCORE_ISA_AVX2, RNNCORE_ISA_AVX512,
                                  RNNCORE_ISA_NEON};
static const rnncore_function functions[] = {RNNCORE_FUNCTION_EXP, RNNCORE_FUNCTION_SIGMOID,
                                             RNNCORE_FUNCTION_TANH};
static const char *const names[] = {"exp", "sigmoid", "tanh"};

/* ---- the truth ---- */

static double truth_f32(rnncore_function function, float at)
{
    const double x = at;
    switch (function) {
    case RNNCORE_FUNCTION_EXP:
        return exp(x);
    case RNNCORE_FUNCTION_SIGMOID:
        return 1 / (1 + exp(-x));
    default:
        return tanh(x);
    }
}

static long double truth_f64(rnncore_function function, double at)
{
    const long double x = at;
    switch (function) {
    case RNNCORE_FUNCTION_EXP:
        return expl(x);
    case RNNCORE_FUNCTION_SIGMOID:
        return 1 / (1 + expl(-x));
    default:
        return tanhl(x);
    }
}

/* Whether y is right for the truth t, in a format of `digits` bits with these limits. */
static int is_right(long double y, long double t, int digits, long double min, long double max,
                    double *worst)
{
    if (isnan(t)) {
        return isnan(y);
    }
    if (fabsl(t) < min) {
        return fabsl(y - t) < min;
    }
    if (isinf(y)) { /* overflow, up to 2 ulp early */
        return y > 0 && t > max - 2 * ldexpl(max, -digits);
    }
    int exponent;
    frexpl(t, &exponent);
    const double ulp = (double)ldexpl(fabsl(y - t), digits - exponent);
    if (ulp > *worst) {
        *worst = ulp;
    }
    return ulp <= MAX_ULP;
}

static int in_range(rnncore_function function, long double y)
{
    switch (function) {
    case RNNCORE_FUNCTION_EXP:
        return !(y < 0);
    case RNNCORE_FUNCTION_SIGMOID:
        return !(y < 0 || y > 1);
    default:
        return !(y < -1 || y > 1);
    }
}

/* ---- accuracy ---- */

/* Mantissas at an odd stride, so that their low bits vary too. */
static float float_at(uint32_t sign, uint32_t exponent, uint32_t i, uint32_t count)
{
    const uint32_t mantissa = (i * (0x800000u / count) + i * 2654435761u % (0x800000u / count));
    const uint32_t bits = sign << 31 | exponent << 23 | mantissa;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double double_at(uint64_t sign, uint64_t exponent, uint64_t i, uint64_t count)
{
    const uint64_t stride = (UINT64_C(1) << 52) / count;
    const uint64_t mantissa = i * stride + i * UINT64_C(0x9e3779b97f4a7c15) % stride;
    const uint64_t bits = sign << 63 | exponent << 52 | mantissa;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The truth is computed outside of the flushing mode. */
static void map(int flush, rnncore_isa isa, rnncore_dtype dtype, rnncore_function function,
                int64_t n, const void *x, void *y)
{
    rnncore_status status;
    if (flush) {
        const rnncore_fp_state before = rnncore_fp_flush_enter();
        status = rnncore_map(isa, dtype, function, n, x, y);
        rnncore_fp_flush_leave(before);
    } else {
        status = rnncore_map(isa, dtype, function, n, x, y);
    }
    CHECK(status == RNNCORE_OK);
}

static double accuracy_f32(rnncore_isa isa, rnncore_function function, int flush)
{
    static float x[CHUNK], y[CHUNK];
    double worst = 0;
    long wrong = 0;
    for (uint32_t exponent = 0; exponent < 256; exponent++) {
        /* where the functions vary, |x| from 2^-10 to 2^7, more of them */
        const uint32_t count = exponent > 116 && exponent < 134 ? 8 * CHUNK : CHUNK / 8;
        for (uint32_t sign = 0; sign < 2; sign++) {
            for (uint32_t i = 0; i < count; i += CHUNK) {
                const uint32_t n = count < CHUNK ? count : CHUNK;
                for (uint32_t j = 0; j < n; j++) {
                    x[j] = float_at(sign, exponent, i + j, count);
                }
                map(flush, isa, RNNCORE_FLOAT32, function, n, x, y);
                for (uint32_t j = 0; j < n; j++) {
                    wrong +=
                        !is_right(y[j], truth_f32(function, x[j]), FLT_MANT_DIG, FLT_MIN, FLT_MAX,
                                  &worst) ||
                        !in_range(function, y[j]) ||
                        (function == RNNCORE_FUNCTION_TANH && !signbit(y[j]) != !signbit(x[j]));
                }
            }
        }
    }
    CHECK(wrong == 0);
    return worst;
}

static double accuracy_f64(rnncore_isa isa, rnncore_function function, int flush)
{
    static double x[CHUNK], y[CHUNK];
    double worst = 0;
    long wrong = 0;
    for (uint64_t exponent = 0; exponent < 2048; exponent++) {
        const uint64_t count = exponent > 1012 && exponent < 1033 ? 4 * CHUNK : CHUNK / 64;
        for (uint64_t sign = 0; sign < 2; sign++) {
            for (uint64_t i = 0; i < count; i += CHUNK) {
                const uint64_t n = count < CHUNK ? count : CHUNK;
                for (uint64_t j = 0; j < n; j++) {
                    x[j] = double_at(sign, exponent, i + j, count);
                }
                map(flush, isa, RNNCORE_FLOAT64, function, (int64_t)n, x, y);
                for (uint64_t j = 0; j < n; j++) {
                    wrong +=
                        !is_right(y[j], truth_f64(function, x[j]), DBL_MANT_DIG, DBL_MIN, DBL_MAX,
                                  &worst) ||
                        !in_range(function, y[j]) ||
                        (function == RNNCORE_FUNCTION_TANH && !signbit(y[j]) != !signbit(x[j]));
                }
            }
        }
    }
    CHECK(wrong == 0);
    return worst;
}

/* ---- what holds exactly ---- */

static float map_one_f32(rnncore_isa isa, rnncore_function function, float x)
{
    float y = 0;
    CHECK(rnncore_map(isa, RNNCORE_FLOAT32, function, 1, &x, &y) == RNNCORE_OK);
    return y;
}

static double map_one_f64(rnncore_isa isa, rnncore_function function, double x)
{
    double y = 0;
    CHECK(rnncore_map(isa, RNNCORE_FLOAT64, function, 1, &x, &y) == RNNCORE_OK);
    return y;
}

static void test_special_values(rnncore_isa isa)
{
    const struct {
        rnncore_function function;
        double x, y;
    } cases[] = {
        {RNNCORE_FUNCTION_EXP, 0.0, 1.0},           {RNNCORE_FUNCTION_EXP, -0.0, 1.0},
        {RNNCORE_FUNCTION_EXP, INFINITY, INFINITY}, {RNNCORE_FUNCTION_EXP, -INFINITY, 0.0},
        {RNNCORE_FUNCTION_SIGMOID, 0.0, 0.5},       {RNNCORE_FUNCTION_SIGMOID, -0.0, 0.5},
        {RNNCORE_FUNCTION_SIGMOID, INFINITY, 1.0},  {RNNCORE_FUNCTION_SIGMOID, -INFINITY, 0.0},
        {RNNCORE_FUNCTION_TANH, INFINITY, 1.0},     {RNNCORE_FUNCTION_TANH, -INFINITY, -1.0},
        {RNNCORE_FUNCTION_TANH, 0.0, 0.0},          {RNNCORE_FUNCTION_TANH, -0.0, -0.0},
        {RNNCORE_FUNCTION_SIGMOID, 50.0, 1.0},      {RNNCORE_FUNCTION_TANH, -25.0, -1.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const float y32 = map_one_f32(isa, cases[i].function, (float)cases[i].x);
        const double y64 = map_one_f64(isa, cases[i].function, cases[i].x);
        CHECK(y32 == (float)cases[i].y && !signbit(y32) == !signbit(cases[i].y));
        CHECK(y64 == cases[i].y && !signbit(y64) == !signbit(cases[i].y));
    }
    for (size_t f = 0; f < 3; f++) {
        CHECK(isnan(map_one_f32(isa, functions[f], NAN)));
        CHECK(isnan(map_one_f32(isa, functions[f], -NAN)));
        CHECK(isnan(map_one_f64(isa, functions[f], NAN)));
        CHECK(isnan(map_one_f64(isa, functions[f], -NAN)));
    }
}

static void test_tanh_is_odd(rnncore_isa isa)
{
    for (int i = 0; i < 1000; i++) {
        const double x = ldexp(1.0 + i / 1000.0, i % 60 - 50);
        CHECK(map_one_f32(isa, RNNCORE_FUNCTION_TANH, (float)-x) ==
              -map_one_f32(isa, RNNCORE_FUNCTION_TANH, (float)x));
        CHECK(map_one_f64(isa, RNNCORE_FUNCTION_TANH, -x) ==
              -map_one_f64(isa, RNNCORE_FUNCTION_TANH, x));
    }
}

/* Any length gives the bits that one element alone gives, and nothing beyond it is written. */
static void test_elements_are_alone(rnncore_isa isa, rnncore_function function)
{
    enum { LONGEST = 70 };
    float x32[LONGEST], y32[LONGEST + 1], one32[LONGEST];
    double x64[LONGEST], y64[LONGEST + 1], one64[LONGEST];
    for (int i = 0; i < LONGEST; i++) {
        x64[i] = i % 17 == 5 ? NAN : i % 13 == 7 ? INFINITY : 0.37 * (i - 30);
        x32[i] = (float)x64[i];
        one32[i] = map_one_f32(isa, function, x32[i]);
        one64[i] = map_one_f64(isa, function, x64[i]);
    }
    for (int n = 0; n <= LONGEST; n++) {
        for (int i = 0; i <= LONGEST; i++) {
            y32[i] = -7.0f;
            y64[i] = -7.0;
        }
        CHECK(rnncore_map(isa, RNNCORE_FLOAT32, function, n, x32, y32) == RNNCORE_OK);
        CHECK(rnncore_map(isa, RNNCORE_FLOAT64, function, n, x64, y64) == RNNCORE_OK);
        CHECK(y32[n] == -7.0f && y64[n] == -7.0);
        for (int i = 0; i < n; i++) {
            CHECK(y32[i] == one32[i] || (isnan(y32[i]) && isnan(one32[i])));
            CHECK(y64[i] == one64[i] || (isnan(y64[i]) && isnan(one64[i])));
        }
    }
}

static void test_bad_arguments(void)
{
    const float x = 0;
    float y = 3;
    CHECK(rnncore_map((rnncore_isa)77, RNNCORE_FLOAT32, RNNCORE_FUNCTION_EXP, 1, &x, &y) ==
          RNNCORE_ERROR_UNSUPPORTED);
    CHECK(rnncore_map(RNNCORE_ISA_BASELINE, RNNCORE_FLOAT32, (rnncore_function)3, 1, &x, &y) !=
          RNNCORE_OK);
    CHECK(y == 3);
}

/* Every table of kernels that runs here, or the one that the argument names. */
int main(int argc, char **argv)
{
    int ran = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const float x = 0;
        float y;
        if (argc > 1 && strcmp(argv[1], rnncore_isa_name(all[i])) != 0) {
            continue;
        }
        if (rnncore_map(all[i], RNNCORE_FLOAT32, RNNCORE_FUNCTION_EXP, 1, &x, &y) != RNNCORE_OK) {
            continue;
        }
        ran++;
        test_special_values(all[i]);
        test_tanh_is_odd(all[i]);
        for (size_t f = 0; f < 3; f++) {
            test_elements_are_alone(all[i], functions[f]);
            for (int flush = 0; flush < 2; flush++) {
                const double f32 = accuracy_f32(all[i], functions[f], flush);
                /* where long double is no wider there is nothing to judge float64 by */
                const double f64 =
                    LDBL_MANT_DIG > DBL_MANT_DIG ? accuracy_f64(all[i], functions[f], flush) : 0.0;
                printf("%s %s, denormals %s: %.3f ulp float32, %.3f ulp float64\n",
                       rnncore_isa_name(all[i]), names[f], flush ? "flushed" : "kept", f32, f64);
            }
        }
    }
    CHECK(ran > 0);
    test_bad_arguments();
    return check_report();
}
