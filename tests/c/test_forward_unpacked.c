/* The forward pass with weights that are used once: the bits of a packed one, and bad arguments. */
#include "rnncore.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "problem.h"

/* A copy that ends where its block ends and begins `shift` numbers after its start. */
static char *shifted_block(const problem *p, int array, int64_t shift)
{
    const size_t element = element_size(p), before = (size_t)shift * element;
    const size_t bytes = (size_t)p->count[array] * element;
    char *block = aligned_block(before + bytes);
    memcpy(block + before, p->arrays[array], bytes);
    return block;
}

/* With weights that stand `shift` numbers after an aligned place. */
static rnncore_status run_once(rnncore_context *context, problem *p, const void *bias,
                               int64_t shift)
{
    size_t bytes = 0;
    rnncore_status status =
        rnncore_forward_unpacked_workspace_size(context, &p->layer, &p->batch, &bytes);
    if (status != RNNCORE_OK) {
        return status;
    }
    for (int a = Y; a <= C; a++) {
        memset(p->arrays[a], 0xff, element_size(p) * (size_t)p->count[a]);
    }
    void *workspace = aligned_block(bytes);
    char *kernel = shifted_block(p, KERNEL, shift);
    char *recurrent = shifted_block(p, RECURRENT, shift);
    const size_t before = (size_t)shift * element_size(p);
    status = rnncore_forward_unpacked(context, &p->layer, kernel + before, recurrent + before, bias,
                                      &p->batch, workspace, bytes);
    free(kernel);
    free(recurrent);
    free(workspace);
    return status;
}

/* p holds what inference with packed weights gave; q what one call gave. */
static void compare(rnncore_context *context, problem *p, problem *q, int with_bias, int64_t shift)
{
    rnncore_weights *weights = NULL;
    p->layer.training = q->layer.training = 0;
    CHECK(rnncore_weights_create(context, &p->layer, p->arrays[KERNEL], p->arrays[RECURRENT],
                                 with_bias ? p->arrays[BIAS] : NULL, &weights) == RNNCORE_OK);
    CHECK(run_forward(context, weights, p) == RNNCORE_OK);
    CHECK(run_once(context, q, with_bias ? q->arrays[BIAS] : NULL, shift) == RNNCORE_OK);
    for (int a = Y; a <= C; a++) {
        CHECK(memcmp(p->arrays[a], q->arrays[a], element_size(p) * (size_t)p->count[a]) == 0);
    }
    rnncore_weights_destroy(weights);
}

static void test_bits(rnncore_context *context)
{
    static const int64_t rows[][2] = {{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 1},
                                      {3, 1}, {4, 1}, {2, 2}, {7, 5}, {0, 3}};
    static const int64_t units[] = {1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 33, 64};
    int64_t round = 0;
    for (int v = 0; v < VARIANTS; v++) {
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
            for (size_t u = 0; u < sizeof units / sizeof units[0]; u++, round++) {
                const rnncore_dtype dtype = round % 2 ? RNNCORE_FLOAT32 : RNNCORE_FLOAT64;
                const enum rows kind = (enum rows)(round / 2 % 3);
                problem *two[2];
                for (int i = 0; i < 2; i++) {
                    two[i] = problem_make(&variants[v], dtype, rows[r][0], rows[r][1],
                                          1 + round % 5, units[u], kind, round % 4 == 0);
                }
                compare(context, two[0], two[1], round % 3 != 0, round % 17);
                problem_free(two[0]);
                problem_free(two[1]);
            }
        }
    }
}

static void test_bad_arguments(rnncore_context *context)
{
    problem *p = problem_make(&variants[0], RNNCORE_FLOAT32, 3, 4, 2, 5, LENGTHS, 0);
    const rnncore_layer training = p->layer;
    rnncore_layer layer = p->layer;
    layer.training = 0;
    size_t bytes = 4711;
    CHECK(rnncore_forward_unpacked_workspace_size(context, &training, &p->batch, &bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked_workspace_size(NULL, &layer, &p->batch, &bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked_workspace_size(context, NULL, &p->batch, &bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked_workspace_size(context, &layer, NULL, &bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked_workspace_size(context, &layer, &p->batch, NULL) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    static const int64_t sizes[] = {INT64_MAX, INT64_MAX / 64, (int64_t)1 << 56};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        rnncore_layer huge = layer;
        huge.hidden_size = sizes[i];
        CHECK(rnncore_forward_unpacked_workspace_size(context, &huge, &p->batch, &bytes) ==
              RNNCORE_ERROR_OVERFLOW);
        huge.hidden_size = 5;
        huge.input_size = sizes[i];
        CHECK(rnncore_forward_unpacked_workspace_size(context, &huge, &p->batch, &bytes) ==
              RNNCORE_ERROR_OVERFLOW);
    }
    CHECK(bytes == 4711);

    CHECK(rnncore_forward_unpacked_workspace_size(context, &layer, &p->batch, &bytes) ==
          RNNCORE_OK);
    char *workspace = aligned_block(bytes + 64);
    const void *kernel = p->arrays[KERNEL], *recurrent = p->arrays[RECURRENT];
    const rnncore_batch *batch = &p->batch;
    CHECK(rnncore_forward_unpacked(context, &layer, NULL, recurrent, NULL, batch, workspace,
                                   bytes) == RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked(context, &layer, kernel, NULL, NULL, batch, workspace, bytes) ==
          RNNCORE_ERROR_INVALID_ARGUMENT);
    CHECK(rnncore_forward_unpacked(context, &layer, kernel, recurrent, NULL, batch, NULL, bytes) ==
          RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward_unpacked(context, &layer, kernel, recurrent, NULL, batch, workspace,
                                   bytes - 1) == RNNCORE_ERROR_WORKSPACE);
    CHECK(rnncore_forward_unpacked(context, &layer, kernel, recurrent, NULL, batch, workspace + 4,
                                   bytes) == RNNCORE_ERROR_WORKSPACE);
    CHECK(isnan(get(p, Y, 0)) && isnan(get(p, H, 0)) && isnan(get(p, C, 0)));
    CHECK(rnncore_forward_unpacked(context, &layer, kernel, recurrent, NULL, batch, workspace,
                                   bytes) == RNNCORE_OK);
    free(workspace);
    problem_free(p);
}

int main(void)
{
    static const int32_t isas[] = {OTHER_ISA, -1};
    for (int i = 0; i < 2; i++) {
        rnncore_context *context = make_context(2, isas[i]);
        test_bits(context);
        test_bad_arguments(context);
        rnncore_context_destroy(context);
    }
    return check_report();
}
