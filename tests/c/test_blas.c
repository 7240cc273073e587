/* The BLAS wrapper against triple loops. RNNCORE_TEST_BLAS names the library to test with. */
#include "core/blas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/platform_threads.h"

static int failures;

static void expect(int condition, const char *what)
{
    if (!condition) {
        printf("FAILED: %s\n", what);
        ++failures;
    }
}

static double *random_array(size_t count, uint32_t seed)
{
    double *array = malloc((count ? count : 1) * sizeof *array);
    for (size_t i = 0; array && i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        array[i] = (double)(seed >> 8) / (1 << 23) - 1;
    }
    return array;
}

static void one_product(const rnncore_blas *blas, int trans_a, int trans_b, int64_t m, int64_t n,
                        int64_t k)
{
    int64_t lda = (trans_a ? m : k) + 3, ldb = (trans_b ? k : n) + 1, ldc = n + 2;
    int64_t size_a = (trans_a ? k : m) * lda, size_b = (trans_b ? n : k) * ldb, size_c = m * ldc;
    double *a = random_array((size_t)size_a, 1), *b = random_array((size_t)size_b, 2);
    double *c = random_array((size_t)size_c, 3), *want = random_array((size_t)size_c, 3);
    float *af = malloc((size_t)(size_a + 1) * sizeof(float));
    float *bf = malloc((size_t)(size_b + 1) * sizeof(float));
    float *cf = malloc((size_t)(size_c + 1) * sizeof(float));
    if (!a || !b || !c || !want || !af || !bf || !cf) {
        abort();
    }
    for (int64_t i = 0; i < size_a; ++i) {
        af[i] = (float)a[i];
    }
    for (int64_t i = 0; i < size_b; ++i) {
        bf[i] = (float)b[i];
    }
    for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (int64_t p = 0; p < k; ++p) {
                sum +=
                    a[trans_a ? p * lda + i : i * lda + p] * b[trans_b ? j * ldb + p : p * ldb + j];
            }
            want[i * ldc + j] = sum;
            c[i * ldc + j] = NAN;
        }
    }
    for (int64_t i = 0; i < size_c; ++i) {
        cf[i] = (float)c[i];
    }
    expect(rnncore_blas_product(blas, RNNCORE_FLOAT64, trans_a, trans_b, m, n, k, a, lda, b, ldb, c,
                                ldc) == RNNCORE_OK,
           "dgemm returns OK");
    expect(rnncore_blas_product(blas, RNNCORE_FLOAT32, trans_a, trans_b, m, n, k, af, lda, bf, ldb,
                                cf, ldc) == RNNCORE_OK,
           "sgemm returns OK");
    /* Each sum has k terms of at most 1, so it is off by at most (k + 3) k eps. */
    double terms = (double)(k + 3) * (double)(k + 3);
    for (int64_t i = 0; i < size_c; ++i) {
        expect(fabs(c[i] - want[i]) <= 2.3e-16 * terms, "dgemm equals the triple loop");
        expect(fabs(cf[i] - want[i]) <= 1.2e-7 * terms, "sgemm equals the triple loop");
    }
    free(a), free(b), free(c), free(want), free(af), free(bf), free(cf);
}

static void products(const rnncore_blas *blas)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {1, 17, 5}, {7, 1, 9},    {3, 5, 0},
                                       {0, 4, 2}, {4, 0, 2},  {33, 31, 65}, {128, 96, 70}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        for (int trans = 0; trans < 4; ++trans) {
            const int64_t *s = sizes[i];
            one_product(blas, trans & 1, trans >> 1, s[0], s[1], s[2]);
        }
    }
}

static void bad_arguments(const rnncore_blas *blas)
{
    float x[4] = {0};
    int64_t big = (int64_t)INT32_MAX + 1;
    expect(rnncore_blas_product(blas, RNNCORE_FLOAT32, 0, 0, -1, 1, 1, x, 1, x, 1, x, 1) ==
               RNNCORE_ERROR_INVALID_ARGUMENT,
           "a negative size is refused");
    expect(rnncore_blas_product(blas, RNNCORE_FLOAT32, 0, 0, 2, 2, 2, x, 1, x, 2, x, 2) ==
               RNNCORE_ERROR_INVALID_ARGUMENT,
           "a leading dimension below the columns is refused");
    expect(rnncore_blas_product(blas, RNNCORE_FLOAT32, 1, 0, big, 1, 1, x, big, x, 1, x, 1) ==
               RNNCORE_ERROR_OVERFLOW,
           "a size beyond 32 bits is refused");
}

enum { SIDE = 192, REPEATS = 40 };

typedef struct concurrent {
    const rnncore_blas *blas;
    const double *a, *b;
    double *c;
} concurrent;

static void multiply_often(void *argument)
{
    concurrent *work = argument;
    for (int i = 0; i < REPEATS; ++i) {
        rnncore_blas_product(work->blas, RNNCORE_FLOAT64, 0, 0, SIDE, SIDE, SIDE, work->a, SIDE,
                             work->b, SIDE, work->c, SIDE);
    }
}

static void two_threads_at_once(const rnncore_blas *blas)
{
    size_t count = SIDE * SIDE, bytes = count * sizeof(double);
    double *a = random_array(count, 4), *b = random_array(count, 5);
    concurrent work[3];
    for (int i = 0; i < 3; ++i) {
        work[i] = (concurrent){blas, a, b, random_array(count, 6)};
    }
    multiply_often(&work[0]);
    rnncore_thread threads[2];
    for (int i = 0; i < 2; ++i) {
        expect(rnncore_thread_start(&threads[i], multiply_often, &work[1 + i]), "thread starts");
    }
    for (int i = 0; i < 2; ++i) {
        rnncore_thread_join(&threads[i]);
        expect(memcmp(work[0].c, work[1 + i].c, bytes) == 0, "same bits from two threads at once");
    }
    for (int i = 0; i < 3; ++i) {
        free(work[i].c);
    }
    free(a), free(b);
}

int main(void)
{
    rnncore_blas blas = {0};
    float x = 2;
    expect(strcmp(rnncore_blas_description(&blas), "none") == 0, "no BLAS is called none");
    expect(rnncore_blas_product(&blas, RNNCORE_FLOAT32, 0, 0, 1, 1, 1, &x, 1, &x, 1, &x, 1) ==
               RNNCORE_ERROR_UNSUPPORTED,
           "a product without BLAS is refused");
    expect(rnncore_blas_load(&blas, "/nowhere/libnone.so") == RNNCORE_ERROR_BLAS,
           "a library that is not there is refused");
    rnncore_status linked = rnncore_blas_load(&blas, NULL);
    if (linked == RNNCORE_OK) {
        products(&blas);
        bad_arguments(&blas);
        two_threads_at_once(&blas);
        rnncore_blas_unload(&blas);
    }
    expect(linked == RNNCORE_OK || linked == RNNCORE_ERROR_UNSUPPORTED, "NULL is the linked one");

    const char *library = getenv("RNNCORE_TEST_BLAS");
    for (int round = 0; library && round < 2; ++round) { /* it can be opened again */
        expect(rnncore_blas_load(&blas, library) == RNNCORE_OK, "RNNCORE_TEST_BLAS loads");
        printf("%s\n", rnncore_blas_description(&blas));
        products(&blas);
        bad_arguments(&blas);
        two_threads_at_once(&blas);
        rnncore_blas_unload(&blas);
        expect(strcmp(rnncore_blas_description(&blas), "none") == 0, "nothing stays behind");
    }
    if (!library) {
        printf("RNNCORE_TEST_BLAS is not set: no library tested\n");
    }
    return failures != 0;
}
