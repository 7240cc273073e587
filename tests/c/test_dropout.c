/* Recurrent dropout: outputs and gradients with a mask for each gate, against the naive loops. */
#include "rnncore_train.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "problem.h"
#include "training.h"

typedef struct masked {
    double *values;
    float *singles;
} masked;

/* Gives the problem a mask of zeros and factors that tell gates, rows and units apart. */
static masked add_mask(problem *p)
{
    const naive_call *n = &p->naive;
    const int64_t count = naive_gates(n->cell) * n->batch * n->units;
    masked m = {aligned_block(sizeof(double) * (size_t)count),
                aligned_block(sizeof(float) * (size_t)count)};
    for (int64_t i = 0; i < count; i++) {
        m.values[i] = i % 5 == 2 ? 0 : 0.25 + (double)(i % 8) / 8;
        m.singles[i] = (float)m.values[i];
    }
    p->naive.recurrent_mask = m.values;
    p->batch.recurrent_mask =
        p->layer.dtype == RNNCORE_FLOAT32 ? (const void *)m.singles : m.values;
    p->layer.recurrent_dropout = 1;
    return m;
}

static void free_mask(masked m)
{
    free(m.values);
    free(m.singles);
}

static void test_gradients(rnncore_context *context)
{
    static const int64_t shapes[][4] = {{1, 3, 2, 3}, {4, 5, 2, 5}};
    for (int v = 0; v < VARIANTS; v++) {
        for (int i = 0; i < 2 * 3 * 2 && !has_kinks(&variants[v]); i++) {
            const int64_t *s = shapes[i / 6];
            problem *p = problem_make(&variants[v], RNNCORE_FLOAT64, s[0], s[1], s[2], s[3],
                                      (enum rows)(i / 2 % 3), i % 2);
            const masked m = add_mask(p);
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
            free_mask(m);
            problem_free(p);
        }
    }
}

/* Threads and a second run change no bit; many rows, so that threads have some each. */
static void test_bits(void)
{
    rnncore_context *one = make_context(1, -1), *two = make_context(2, -1);
    for (int v = 0; v < VARIANTS; v++) {
        problem *p = problem_make(&variants[v], RNNCORE_FLOAT32, 16, 30, 9, 60, LENGTHS, 0);
        problem *q = problem_make(&variants[v], RNNCORE_FLOAT32, 16, 30, 9, 60, LENGTHS, 0);
        const masked m = add_mask(p), k = add_mask(q);
        rnncore_weights *weights = make_weights(one, p);
        CHECK(train(one, weights, p) == RNNCORE_OK);
        naive_forward(&p->naive);
        CHECK(agrees(p, Y, 1e-4));
        for (int i = 0; i < 2; i++) {
            CHECK(train(i == 0 ? one : two, weights, q) == RNNCORE_OK);
            CHECK(same_bits(p, q, Y) && same_bits(p, q, H));
            for (int a = DX; a < DC0; a++) {
                CHECK(same_bits(p, q, a));
            }
        }
        rnncore_weights_destroy(weights);
        free_mask(m);
        free_mask(k);
        problem_free(p);
        problem_free(q);
    }
    rnncore_context_destroy(one);
    rnncore_context_destroy(two);
}

/* Masks belong to training calls of layers made for them, which do not go without. */
static void test_refused(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 3, 4, 2, 5, ALL_STEPS, 0);
    rnncore_weights *plain = make_weights(context, p);
    const masked m = add_mask(p);
    rnncore_weights *weights = make_weights(context, p);
    size_t bytes, scratch;
    CHECK(rnncore_tape_size(context, weights, &p->batch, &bytes, &scratch) == RNNCORE_OK);
    void *memory = aligned_block(bytes);
    CHECK(run_forward(context, weights, p) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(run_forward(context, plain, p) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_train(context, plain, &p->batch, memory, bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    p->batch.recurrent_mask = NULL;
    CHECK(rnncore_forward_train(context, weights, &p->batch, memory, bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(run_forward(context, plain, p) == RNNCORE_OK);
    free(memory);
    free_mask(m);
    rnncore_weights_destroy(weights);
    rnncore_weights_destroy(plain);
    problem_free(p);
}

static rnncore_path path_of(const rnncore_layer *layer)
{
    rnncore_path path = RNNCORE_PATH_GENERIC;
    CHECK(rnncore_kernel_path(layer, &path) == RNNCORE_OK);
    return path;
}

static void test_kernel_path(void)
{
    for (int v = 0; v < VARIANTS; v++) {
        const int fused = cell_activation(&variants[v]) == RNNCORE_TANH &&
                          gate_activation(&variants[v]) == RNNCORE_SIGMOID;
        problem *p = problem_make(&variants[v], RNNCORE_FLOAT32, 1, 1, 1, 1, ALL_STEPS, 0);
        CHECK(path_of(&p->layer) == (fused ? RNNCORE_PATH_FUSED : RNNCORE_PATH_GENERIC));
        p->layer.recurrent_dropout = 1;
        CHECK(path_of(&p->layer) == RNNCORE_PATH_GENERIC);
        p->layer.hidden_size = 0;
        rnncore_path path = RNNCORE_PATH_FUSED;
        CHECK(rnncore_kernel_path(&p->layer, &path) == RNNCORE_ERROR_INVALID_ARGUMENT);
        CHECK(rnncore_kernel_path(NULL, &path) == RNNCORE_ERROR_INVALID_ARGUMENT);
        problem_free(p);
    }
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 1, 1, 1, 1, ALL_STEPS, 0);
    p->layer.recurrent_activation = RNNCORE_SIGMOID; /* the default, by its name */
    p->layer.activation = RNNCORE_ACTIVATION_DEFAULT;
    CHECK(path_of(&p->layer) == RNNCORE_PATH_FUSED);
    CHECK(rnncore_kernel_path(&p->layer, NULL) == RNNCORE_ERROR_INVALID_ARGUMENT);
    problem_free(p);
}

int main(void)
{
    const int32_t isas[] = {-1, OTHER_ISA};
    for (int i = 0; i < 2; i++) {
        rnncore_context *context = make_context(1, isas[i]);
        test_gradients(context);
        test_refused(context);
        rnncore_context_destroy(context);
    }
    test_bits();
    test_kernel_path();
    return check_report();
}
