/* What the division of a call among threads takes: memory, and parallel sections. */
#include "check.h"
#include "problem.h"

enum { INPUTS = 3, MAX_ROWS = 2000 };

/* An LSTM and a batch of zeros, with lengths that fall from `steps` to 0, or all of them `steps`.
 */
typedef struct call {
    rnncore_context *context;
    rnncore_weights *weights;
    rnncore_batch batch;
    int64_t lengths[MAX_ROWS];
    float *x;
} call;

static void begin(call *c, int threads, int64_t rows, int64_t steps, int64_t units, int ragged)
{
    const rnncore_layer layer = {.struct_size = sizeof layer,
                                 .cell = RNNCORE_LSTM,
                                 .dtype = RNNCORE_FLOAT32,
                                 .input_size = INPUTS,
                                 .hidden_size = units};
    float *zeros = calloc((size_t)(units * 4 * units), sizeof *zeros);
    c->context = make_context(threads, -1);
    CHECK(rnncore_weights_create(c->context, &layer, zeros, zeros, zeros, &c->weights) ==
          RNNCORE_OK);
    free(zeros);
    c->x = calloc((size_t)(rows * steps * INPUTS), sizeof *c->x);
    for (int64_t j = 0; j < rows; j++) {
        c->lengths[j] = steps * (rows - 1 - j) / rows;
    }
    c->batch = (rnncore_batch){.struct_size = sizeof c->batch,
                               .steps = steps,
                               .batch = rows,
                               .x = c->x,
                               .x_stride_batch = steps * INPUTS,
                               .x_stride_time = INPUTS,
                               .x_stride_feature = 1,
                               .lengths = ragged ? c->lengths : NULL};
}

static void end(call *c)
{
    rnncore_weights_destroy(c->weights);
    rnncore_context_destroy(c->context);
    free(c->x);
}

static size_t workspace(int threads, int ragged)
{
    call c;
    size_t bytes = 0;
    begin(&c, threads, MAX_ROWS, 6, 32, ragged);
    CHECK(rnncore_forward_workspace_size(c.context, c.weights, &c.batch, &bytes) == RNNCORE_OK);
    end(&c);
    return bytes;
}

/* A thread takes a chunk more, not room for the whole batch. */
static void test_memory(int ragged)
{
    const size_t chunk = 512 * 7 * 32 * sizeof(float); /* rows of x, gates and h, rounded up */
    const size_t one = workspace(1, ragged);
    for (int threads = 2; threads <= 16; threads *= 2) {
        CHECK(workspace(threads, ragged) <= one + (size_t)threads * chunk);
    }
}

static void test_sections(int64_t rows, int64_t units, int64_t steps, int ragged)
{
    call c;
    size_t bytes = 0;
    begin(&c, 4, rows, steps, units, ragged);
    CHECK(rnncore_forward_workspace_size(c.context, c.weights, &c.batch, &bytes) == RNNCORE_OK);
    void *memory = aligned_block(bytes);
    CHECK(rnncore_context_sections(c.context) == 0);
    CHECK(rnncore_forward(c.context, c.weights, &c.batch, memory, bytes) == RNNCORE_OK);
    CHECK(rnncore_context_sections(c.context) == 1);
    free(memory);
    end(&c);
}

int main(void)
{
    for (int ragged = 0; ragged < 2; ragged++) {
        test_memory(ragged);
        for (int64_t steps = 20; steps <= 200; steps *= 10) {
            test_sections(40, 64, steps, ragged);
            test_sections(2, 300, steps, ragged);
        }
    }
    return check_report();
}
