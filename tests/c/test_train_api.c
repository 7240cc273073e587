/* Training through the public interface: tapes, gradients against finite differences of the naive
 * loops, and what every call says to bad arguments. */
#include "rnncore_train.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/platform.h"
#include "problem.h"
#include "training.h"

static void test_gradients(rnncore_context *context)
{
    static const int64_t shapes[][4] = {{1, 3, 2, 3}, {4, 5, 2, 5}};
    for (int v = 0; v < VARIANTS; v++) {
        if (has_kinks(&variants[v])) {
            continue; /* see the float test below */
        }
        for (int i = 0; i < 2 * 3 * 2; i++) {
            const int64_t *s = shapes[i / 6];
            problem *p = problem_make(&variants[v], RNNCORE_FLOAT64, s[0], s[1], s[2], s[3],
                                      (enum rows)(i / 2 % 3), i % 2);
            rnncore_weights *weights = make_weights(context, p);
            CHECK(train(context, weights, p) == RNNCORE_OK);
            naive_forward(&p->naive);
            CHECK(agrees(p, Y, 1e-13) && agrees(p, H, 1e-13));
            check_gradient(p, X, DX);
            check_gradient(p, KERNEL, DKERNEL);
            check_gradient(p, RECURRENT, DRECURRENT);
            check_gradient(p, BIAS, DBIAS);
            check_gradient(p, H0, DH0);
            if (p->naive.cell == RNNCORE_LSTM) {
                check_gradient(p, C0, DC0);
            }
            rnncore_weights_destroy(weights);
            problem_free(p);
        }
    }
}

/* What a gradient in float may err by, as backward_tolerance in rnncore.testing derives it. With
 * u = 2^-24, a sum of K products errs by 6 sqrt(K) u of its largest partial sum; a step has sums of
 * at most K = max(I + H, G H) products and 24 more roundings. The steps add up, forwards and once
 * more backwards, and the gradients of the weights end with a sum over all B T row-steps. Relative
 * to the largest entry of the array, since one that nearly cancels has no accuracy of its own. */
static double float_tolerance(const problem *p, int array)
{
    const naive_call *n = &p->naive;
    const double u = ldexp(1, -24);
    const double gates = (double)(naive_gates(n->cell) * n->units);
    const double products = fmax((double)(n->inputs + n->units), gates);
    const double step = 6 * sqrt(products) * u + 24 * u;
    double largest = 0;
    for (int64_t i = 0; i < p->count[array]; i++) {
        largest = fmax(largest, fabs(p->values[array][i]));
    }
    return largest * (2 * (double)n->steps * step + 6 * sqrt((double)(n->batch * n->steps)) * u);
}

/* The gradients in float are those in double up to rounding: the same numbers went in. */
static void test_float_gradients(rnncore_context *context)
{
    for (int v = 0; v < VARIANTS; v++) {
        for (int rows = ALL_STEPS; rows <= MASK; rows++) {
            problem *p =
                problem_make(&variants[v], RNNCORE_FLOAT32, 7, 6, 3, 19, (enum rows)rows, 0);
            problem *q =
                problem_make(&variants[v], RNNCORE_FLOAT64, 7, 6, 3, 19, (enum rows)rows, 0);
            rnncore_weights *single = make_weights(context, p), *twice = make_weights(context, q);
            CHECK(train(context, single, p) == RNNCORE_OK);
            CHECK(train(context, twice, q) == RNNCORE_OK);
            for (int a = DX; a < ARRAYS; a++) {
                if (a == DC0 && p->naive.cell != RNNCORE_LSTM) {
                    continue;
                }
                for (int64_t i = 0; i < p->count[a]; i++) {
                    p->values[a][i] = get(q, a, i);
                }
                CHECK(agrees(p, a, float_tolerance(p, a)));
            }
            rnncore_weights_destroy(single);
            rnncore_weights_destroy(twice);
            problem_free(p);
            problem_free(q);
        }
    }
}

/* Outputs have the bits of inference; threads change none, even between forward and backward. */
static void test_bits(void)
{
    rnncore_context *one = make_context(1, -1), *two = make_context(2, -1);
    for (int v = 0; v < VARIANTS; v++) {
        problem *p = problem_make(&variants[v], RNNCORE_FLOAT32, 16, 30, 9, 60, LENGTHS, 0);
        problem *q = problem_make(&variants[v], RNNCORE_FLOAT32, 16, 30, 9, 60, LENGTHS, 0);
        rnncore_weights *weights = make_weights(one, p);
        CHECK(run_forward(one, weights, p) == RNNCORE_OK);
        CHECK(train(one, weights, q) == RNNCORE_OK);
        CHECK(same_bits(p, q, Y) && same_bits(p, q, H));
        CHECK(train(one, weights, p) == RNNCORE_OK);
        for (int i = 0; i < 3; i++) {
            tape t = record(i == 0 ? one : two, weights, q);
            if (i == 0) {
                size_t bytes;
                CHECK(rnncore_tape_size(two, weights, &q->batch, &bytes, &t.workspace_bytes) ==
                      RNNCORE_OK);
                CHECK(bytes == t.bytes);
            }
            CHECK(run_backward(i == 1 ? one : two, weights, q, &t) == RNNCORE_OK);
            for (int a = DX; a < DC0; a++) {
                CHECK(same_bits(p, q, a));
            }
        }
        rnncore_weights_destroy(weights);
        problem_free(p);
        problem_free(q);
    }
    rnncore_context_destroy(one);
    rnncore_context_destroy(two);
}

/* Gradients that are not wanted change no other. */
static void test_gradients_one_by_one(rnncore_context *context)
{
    for (int rows = ALL_STEPS; rows <= MASK; rows++) {
        problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 5, 6, 3, 9, (enum rows)rows, 1);
        problem *q = problem_make(&variants[0], RNNCORE_FLOAT64, 5, 6, 3, 9, (enum rows)rows, 1);
        rnncore_weights *weights = make_weights(context, p);
        CHECK(train(context, weights, p) == RNNCORE_OK);
        for (int wanted = DX; wanted <= ARRAYS; wanted++) { /* at last, none */
            rnncore_gradients g = q->gradients;
            g.dx = wanted == DX ? g.dx : NULL;
            g.dkernel = wanted == DKERNEL ? g.dkernel : NULL;
            g.drecurrent_kernel = wanted == DRECURRENT ? g.drecurrent_kernel : NULL;
            g.dbias = wanted == DBIAS ? g.dbias : NULL;
            g.dinitial_h = wanted == DH0 ? g.dinitial_h : NULL;
            g.dinitial_c = wanted == DC0 ? g.dinitial_c : NULL;
            const rnncore_gradients all = q->gradients;
            q->gradients = g;
            CHECK(train(context, weights, q) == RNNCORE_OK);
            q->gradients = all;
            for (int a = DX; a < ARRAYS; a++) {
                CHECK(a == wanted ? same_bits(p, q, a) : isnan(get(q, a, 0)));
            }
        }
        rnncore_weights_destroy(weights);
        problem_free(p);
        problem_free(q);
    }
}

/* dx through strides: zero where a step is not real, nothing in between the elements. */
static void test_strided_gradients(rnncore_context *context)
{
    enum { B = 4, T = 5, I = 3, N = 6 };
    for (int rows = ALL_STEPS; rows <= MASK; rows++) {
        problem *p = problem_make(&variants[2], RNNCORE_FLOAT64, B, T, I, N, (enum rows)rows, 0);
        rnncore_weights *weights = make_weights(context, p);
        double dx[2 * B * T * I], dy[B * T * N];
        memset(dx, 0xff, sizeof dx);
        CHECK(train(context, weights, p) == RNNCORE_OK);
        for (int64_t i = 0; i < B * T * N; i++) {
            dy[B * T * N - 1 - i] = get(p, DY, i);
        }
        const rnncore_gradients plain = p->gradients;
        p->gradients.dy = dy + B * T * N - 1;
        p->gradients.dy_stride_batch = -T * N;
        p->gradients.dy_stride_time = -N;
        p->gradients.dy_stride_feature = -1;
        p->gradients.dx = dx;
        p->gradients.dx_stride_batch = 2;
        p->gradients.dx_stride_time = 2 * B;
        p->gradients.dx_stride_feature = 2 * B * T;
        double *expected = aligned_block(sizeof(double) * B * T * I);
        memcpy(expected, p->arrays[DX], sizeof(double) * B * T * I);
        CHECK(train(context, weights, p) == RNNCORE_OK);
        for (int64_t i = 0; i < B * T * I; i++) {
            const int64_t b = i / (T * I), t = i / I % T, k = i % I;
            const double value = dx[2 * (b + B * t + B * T * k)];
            CHECK(value == expected[i]);
            CHECK(naive_is_real(&p->naive, b, t) || value == 0);
            CHECK(isnan(dx[2 * i + 1]));
        }
        free(expected);
        p->gradients = plain;
        rnncore_weights_destroy(weights);
        problem_free(p);
    }
}

/* The tape keeps copies of the inputs, the lengths and the mask. */
static void test_the_tape_keeps_copies(rnncore_context *context)
{
    for (int rows = ALL_STEPS; rows <= MASK; rows++) {
        problem *p = problem_make(&variants[1], RNNCORE_FLOAT32, 5, 6, 3, 9, (enum rows)rows, 0);
        problem *q = problem_make(&variants[1], RNNCORE_FLOAT32, 5, 6, 3, 9, (enum rows)rows, 0);
        rnncore_weights *weights = make_weights(context, p);
        CHECK(train(context, weights, p) == RNNCORE_OK);
        tape t = record(context, weights, q);
        for (int a = X; a <= C; a++) {
            memset(q->arrays[a], 0xff, element_size(q) * (size_t)q->count[a]);
        }
        memset(q->lengths, 0xff, sizeof q->lengths);
        memset(q->mask, 0, (size_t)(5 * 6));
        CHECK(run_backward(context, weights, q, &t) == RNNCORE_OK);
        for (int a = DX; a < DC0; a++) {
            CHECK(same_bits(p, q, a));
        }
        rnncore_weights_destroy(weights);
        problem_free(p);
        problem_free(q);
    }
}

/* No real step: the gradients of weights and inputs are zero, those of the state come back. */
static void test_without_steps(rnncore_context *context)
{
    for (int v = 0; v < VARIANTS; v++) {
        for (int64_t steps = 0; steps < 3; steps += 2) {
            problem *p = problem_make(&variants[v], RNNCORE_FLOAT64, 3, steps, 2, 5, MASK, 0);
            rnncore_weights *weights = make_weights(context, p);
            memset(p->mask, 0, (size_t)(3 * steps));
            CHECK(train(context, weights, p) == RNNCORE_OK);
            for (int a = DX; a <= DBIAS; a++) {
                memset(p->values[a], 0, sizeof(double) * (size_t)p->count[a]);
                CHECK(agrees(p, a, 0));
            }
            memcpy(p->values[DH0], p->values[DH], sizeof(double) * (size_t)p->count[DH]);
            CHECK(agrees(p, DH0, 0));
            rnncore_weights_destroy(weights);
            problem_free(p);
        }
    }
}

/* ---- bad arguments ---- */

static void test_bad_tapes(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    rnncore_weights *weights = make_weights(context, p), *inference;
    p->layer.training = 0;
    inference = make_weights(context, p);
    size_t bytes = 4711, more = 4711;
    const rnncore_batch good = p->batch;
    CHECK(rnncore_tape_size(context, inference, &good, &bytes, &more) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_tape_size(NULL, weights, &good, &bytes, &more) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_tape_size(context, NULL, &good, &bytes, &more) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_tape_size(context, weights, NULL, &bytes, &more) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_tape_size(context, weights, &good, NULL, &more) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    p->batch.lengths = (const int64_t[]){5, 0, 0};
    CHECK(rnncore_tape_size(context, weights, &p->batch, &bytes, &more) == RNNCORE_ERROR_LENGTHS);
    p->batch = good;
    p->batch.lengths = NULL;
    p->batch.steps = INT32_MAX;
    p->batch.batch = INT64_MAX / INT32_MAX;
    CHECK(rnncore_tape_size(context, weights, &p->batch, &bytes, &more) == RNNCORE_ERROR_OVERFLOW);
    CHECK(bytes == 4711 && more == 4711);

    CHECK(rnncore_tape_size(context, weights, &good, &bytes, NULL) == RNNCORE_OK);
    char *memory = aligned_block(bytes + 64);
    CHECK(rnncore_forward_train(context, weights, &good, NULL, bytes) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward_train(context, weights, &good, memory, bytes - 1) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward_train(context, weights, &good, memory + 16, bytes + 48) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward_train(context, inference, &good, memory, bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(isnan(get(p, Y, 0)));
    free(memory);
    rnncore_weights_destroy(inference);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

static void test_tape_states(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    rnncore_weights *weights = make_weights(context, p), *others = make_weights(context, p);
    tape t = record(context, weights, p);
    char *workspace = aligned_block(t.workspace_bytes + 64);
    char *blank = aligned_block(t.bytes + 64);
    rnncore_gradients bad = p->gradients;
    const size_t size = t.workspace_bytes;
#define BACKWARD(c, w, memory, bytes, gradients, work, work_bytes, status)                         \
    CHECK(rnncore_backward(c, w, memory, bytes, gradients, work, work_bytes) == (status))
    memset(blank, 0, t.bytes);
    BACKWARD(context, weights, blank, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_TAPE_STATE); /* no forward pass yet */
    BACKWARD(NULL, weights, t.memory, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT);
    BACKWARD(context, NULL, t.memory, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT);
    BACKWARD(context, weights, NULL, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT);
    BACKWARD(context, weights, t.memory, t.bytes, NULL, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT);
    BACKWARD(context, others, t.memory, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT); /* not the weights of its forward pass */
    bad.struct_size = 0;
    BACKWARD(context, weights, t.memory, t.bytes, &bad, workspace, size,
             RNNCORE_ERROR_INVALID_ARGUMENT);
    BACKWARD(context, weights, t.memory, 8, &p->gradients, workspace, size,
             RNNCORE_ERROR_WORKSPACE);
    BACKWARD(context, weights, blank + 8, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_WORKSPACE);
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, NULL, size,
             RNNCORE_ERROR_WORKSPACE);
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, workspace, size - 1,
             RNNCORE_ERROR_WORKSPACE);
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, workspace + 8, size,
             RNNCORE_ERROR_WORKSPACE);
    for (int a = DX; a < ARRAYS; a++) {
        CHECK(isnan(get(p, a, 0))); /* none of these has written anything ... */
    }
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, workspace, size, RNNCORE_OK);
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, workspace, size,
             RNNCORE_ERROR_TAPE_STATE); /* ... or used the tape; now it is */
    CHECK(rnncore_forward_train(context, weights, &p->batch, t.memory, t.bytes) == RNNCORE_OK);
    BACKWARD(context, weights, t.memory, t.bytes, &p->gradients, workspace, size, RNNCORE_OK);
#undef BACKWARD
    free(blank);
    free(workspace);
    free(t.memory);
    rnncore_weights_destroy(weights);
    rnncore_weights_destroy(others);
    problem_free(p);
}

/* Neither new values nor another handle, perhaps at the same address, are those of the tape. */
static void test_other_weights(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    rnncore_weights *weights = make_weights(context, p);
    tape t = record(context, weights, p);
    char *workspace = aligned_block(t.workspace_bytes);
    for (int created_anew = 0; created_anew < 2; created_anew++) {
        if (created_anew) {
            rnncore_weights_destroy(weights);
            weights = make_weights(context, p);
        } else {
            CHECK(rnncore_weights_update(weights, p->arrays[KERNEL], p->arrays[RECURRENT],
                                         p->arrays[BIAS]) == RNNCORE_OK);
        }
        CHECK(rnncore_backward(context, weights, t.memory, t.bytes, &p->gradients, workspace,
                               t.workspace_bytes) == RNNCORE_ERROR_INVALID_ARGUMENT);
    }
    CHECK(isnan(get(p, DX, 0)));
    free(workspace);
    free(t.memory);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

/* Structs of a later version: what is behind the fields of this one must be zero. */
static void test_unknown_fields(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT64, 3, 4, 2, 5, LENGTHS, 0);
    struct later_layer {
        rnncore_layer known;
        int64_t unknown;
    } layer = {p->layer, 0};
    struct later_batch {
        rnncore_batch known;
        int64_t unknown;
    } batch = {p->batch, 0};
    struct later_gradients {
        rnncore_gradients known;
        int64_t unknown;
    } gradients = {p->gradients, 0};
    struct later_dropout {
        rnncore_dropout known;
        int64_t unknown;
    } dropout = {{.struct_size = 0}, 0};
    layer.known.struct_size = sizeof layer;
    batch.known.struct_size = sizeof batch;
    gradients.known.struct_size = sizeof gradients;
    dropout.known.struct_size = sizeof dropout;
    rnncore_weights *weights = make_weights(context, p);
    tape t = record(context, weights, p);
    char *workspace = aligned_block(t.workspace_bytes);
    rnncore_path path;
    size_t bytes;
    for (int set = 1; set >= 0; set--) {
        const rnncore_status want = set ? RNNCORE_ERROR_INVALID_ARGUMENT : RNNCORE_OK;
        layer.unknown = batch.unknown = dropout.unknown = gradients.unknown = set;
        CHECK(rnncore_kernel_path(&layer.known, &path) == want);
        CHECK(rnncore_tape_size(context, weights, &batch.known, &bytes, NULL) == want);
        CHECK(rnncore_dropout_apply(context, &dropout.known) == want);
        CHECK(rnncore_backward(context, weights, t.memory, t.bytes, &gradients.known, workspace,
                               t.workspace_bytes) == want);
    }
    layer.known.struct_size = SIZE_MAX; /* nothing that could be read */
    CHECK(rnncore_kernel_path(&layer.known, &path) == RNNCORE_ERROR_INVALID_ARGUMENT);
    free(workspace);
    free(t.memory);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

/* The floating-point mode, without the flags that x86 keeps of every inexact result. */
static rnncore_fp_state mode(void)
{
    return rnncore_fp_get() & ~(rnncore_fp_state)0x3f;
}

/* Whatever the caller's treatment of denormals is, it is the same afterwards. */
static void test_floating_point_mode(rnncore_context *context)
{
    problem *p = problem_make(&variants[1], RNNCORE_FLOAT32, 4, 5, 3, 9, ALL_STEPS, 0);
    rnncore_weights *weights = make_weights(context, p);
    const rnncore_fp_state usual = mode();
    CHECK(train(context, weights, p) == RNNCORE_OK);
    CHECK(mode() == usual && !rnncore_fp_flushes(usual));
    rnncore_fp_flush_enter();
    const rnncore_fp_state flushing = mode();
    CHECK(train(context, weights, p) == RNNCORE_OK);
    CHECK(mode() == flushing && rnncore_fp_flushes(flushing));
    rnncore_fp_flush_leave(usual);
    rnncore_weights_destroy(weights);
    problem_free(p);
}

int main(void)
{
    rnncore_context *context = make_context(2, -1);
    test_gradients(context);
    test_float_gradients(context);
    test_bits();
    test_gradients_one_by_one(context);
    test_strided_gradients(context);
    test_the_tape_keeps_copies(context);
    test_without_steps(context);
    test_bad_tapes(context);
    test_tape_states(context);
    test_other_weights(context);
    test_unknown_fields(context);
    test_floating_point_mode(context);
    rnncore_context_destroy(context);
    return check_report();
}
