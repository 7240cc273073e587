#include "cells/time_loop.h"

/* The gates of one chunk, in bytes for each share: still in L2 when the steps read them; and
 * compact rows of a chunk for each share, enough to keep the projection busy. */
enum { CHUNK_BYTES = 256 << 10, CHUNK_ROWS_MIN = 128, CHUNK_ROWS_MAX = 512 };

/* Work of a thread that pays for one barrier (measured in flops). */
enum { FLOPS_PER_BARRIER = 150000 };

/* And for the projection of a chunk alone, whose steps one thread then runs: it waits for the
 * others and reads what they wrote. */
enum { FLOPS_PER_PROJECTION = 10000000 };

/* Fewest rows a thread: below, dividing the units keeps the tiles fuller. */
enum { ROWS_PER_THREAD = 4 };

static int threads_worth(const rnncore_run *run, double flops, double each)
{
    const int size = rnncore_pool_useful(run->context->pool);
    const double worth = flops / each;
    return worth < 1 ? 1 : worth < size ? (int)worth : size;
}

int rnncore_threads_for(const rnncore_run *run, double flops)
{
    return threads_worth(run, flops, RNNCORE_FLOPS_PER_THREAD);
}

static int64_t chunk_rows(const rnncore_run *run)
{
    const int64_t row = rnncore_count(run->slots, run->weights->padded); /* -1: too many */
    int64_t wanted = CHUNK_BYTES / (int64_t)run->weights->element / row;
    if (wanted < CHUNK_ROWS_MIN) {
        wanted = CHUNK_ROWS_MIN;
    } else if (wanted > CHUNK_ROWS_MAX) {
        wanted = CHUNK_ROWS_MAX;
    }
    return wanted < run->plan.rows ? wanted : run->plan.rows;
}

int64_t rnncore_buffer_rows(const rnncore_run *run)
{
    int64_t rows;
    const int64_t chunks = run->shares * run->chunk_rows;
    return __builtin_add_overflow(chunks, run->plan.batch, &rows) ? -1 : rows;
}

/* Operations that a step costs for each row, with the state and with the inputs. In double: a size
 * is asked for before it is known to fit. */
static double step_flops(const rnncore_weights *w)
{
    return 2.0 * (double)w->gates * (double)w->hidden * (double)w->hidden;
}

static double projection_flops(const rnncore_weights *w)
{
    return 2.0 * (double)w->gates * (double)w->hidden * (double)w->input;
}

int64_t rnncore_steps_alone(const rnncore_run *run)
{
    const rnncore_weights *w = run->weights;
    if (rnncore_pool_useful(run->context->pool) == 1) {
        return INT64_MAX;
    }
    const double step = (double)run->plan.batch * (step_flops(w) + projection_flops(w));
    return (int64_t)((2.0 * RNNCORE_FLOPS_PER_THREAD - 1) / step);
}

int64_t rnncore_most_shares(const rnncore_run *run)
{
    const int64_t threads = rnncore_pool_size(run->context->pool);
    const int64_t most = run->plan.batch / ROWS_PER_THREAD;
    return most < 1 ? 1 : most < threads ? most : threads;
}

void rnncore_divide(rnncore_run *run)
{
    const rnncore_weights *w = run->weights;
    const rnncore_plan *plan = &run->plan;
    const double step = step_flops(w), projection = projection_flops(w);
    const double rows = (double)plan->rows;
    const int threads = rnncore_threads_for(run, rows * (step + projection));
    const int64_t most = plan->batch / ROWS_PER_THREAD;
    run->shares = run->parts = run->step_parts = 1;
    run->chunk_rows = chunk_rows(run);
    if (run->unpacked) {
        return; /* a few rows, whose products are divided each by itself */
    }
    if (most >= threads) {
        run->shares = threads;
    } else if (!w->layer.recurrent_dropout &&
               rows * step >= (double)FLOPS_PER_BARRIER * threads * (double)plan->longest) {
        run->parts = run->step_parts = threads;
    } else if (most > 1) {
        run->shares = most;
    } else {
        run->parts = threads_worth(run, projection * (double)run->chunk_rows, FLOPS_PER_PROJECTION);
    }
}

/* ---- chunks ---- */

typedef struct time_loop {
    const rnncore_run *run;
    const rnncore_pass *pass;
    int64_t share_cost;
    int64_t chunk; /* steps of a chunk that is divided in parts */
} time_loop;

static void enter_chunk(rnncore_run *run, int64_t k0)
{
    run->dy_first = k0;
    if (!run->training) {
        run->first = k0;
        run->step_rows = rnncore_plan_running(&run->plan, k0);
    }
}

static void run_steps(const rnncore_run *run, const rnncore_pass *pass, int64_t k0, int64_t k1)
{
    const int phases = run->weights->cell->phases;
    int64_t n = 1;
    for (int64_t i = 0; i < k1 - k0; i += n) {
        const int64_t k = pass->backward ? k1 - 1 - i : k0 + i;
        for (int phase = 0; phase < phases; phase++) {
            pass->step(run, k, phase, 0, 1);
        }
        n = pass->backward ? 1 : rnncore_steps_at_once(run, k);
    }
}

/* The steps of one chunk and what surrounds them. */
static void run_chunk(rnncore_run *run, const rnncore_pass *pass, int64_t k0, int64_t k1)
{
    enter_chunk(run, k0);
    run->end = k1;
    pass->before(run, k0, k1, pass->arg);
    run_steps(run, pass, k0, k1);
    if (pass->after != NULL) {
        pass->after(run, k0, k1, pass->arg);
    }
}

/* Steps of a chunk: those forwards from k on. */
static int64_t chunk_steps(const rnncore_run *run, int backward, int64_t k)
{
    const rnncore_plan *plan = &run->plan;
    const int64_t rows = backward ? plan->batch : rnncore_plan_running(plan, k);
    return run->chunk_rows < rows ? 1 : run->chunk_rows / rows;
}

/* ---- shares of the rows ---- */

static void advance(char **buffer, int64_t rows, int64_t columns, size_t element)
{
    if (*buffer != NULL) {
        *buffer += (size_t)(rows * columns) * element;
    }
}

/* The rows [begin, end) as a run of their own. A chunk has memory of its own too, at a distance: a
 * core that reads ahead takes lines that another one writes (16 rows of 64 units: a fifth of the
 * time). On the tape the rows of all shares stand together. */
static rnncore_run take_share(const rnncore_run *run, int64_t begin, int64_t end, int64_t index)
{
    const rnncore_weights *w = run->weights;
    const int64_t chunk = begin + index * run->chunk_rows; /* at least one step of each share */
    const int64_t row = run->training ? begin : chunk, masks = w->gates * w->padded;
    rnncore_run share = *run;
    share.plan = rnncore_plan_share(&run->plan, begin, end);
    share.initial = run->training ? run->plan.whole : share.plan.batch;
    advance(&share.x, row, w->input, w->element);
    advance(&share.gates, row, run->slots * w->padded, w->element);
    advance(&share.h, run->training ? begin : begin + chunk, w->padded, w->element);
    advance(&share.c, begin, w->padded, w->element);
    advance(&share.dy, chunk, w->padded, w->element);
    advance(&share.carry, begin, w->padded, w->element);
    advance(&share.dc, begin, w->padded, w->element);
    if (run->masks != NULL) {
        advance(&share.masks, begin, masks, w->element);
        advance(&share.masked, begin, masks, w->element);
        advance(&share.sums, begin, masks, w->element);
    }
    return share;
}

static void run_share(void *arg, int64_t task, int worker)
{
    (void)worker;
    const time_loop *loop = arg;
    const rnncore_pass *pass = loop->pass;
    int64_t begin = 0, end = 0;
    for (int64_t i = 0; i <= task && end < loop->run->plan.batch; i++) {
        begin = end;
        end = rnncore_plan_share_end(&loop->run->plan, begin, loop->share_cost);
        if (i < task && end == loop->run->plan.batch) {
            return; /* fewer shares are enough */
        }
    }
    rnncore_run run = take_share(loop->run, begin, end, task);
    const int64_t longest = run.plan.longest;
    pass->begin(&run, pass->arg);
    for (int64_t done = 0, steps; done < longest; done += steps) {
        steps = chunk_steps(&run, pass->backward, done);
        steps = steps < longest - done ? steps : longest - done;
        const int64_t k0 = pass->backward ? longest - done - steps : done;
        run_chunk(&run, pass, k0, k0 + steps);
    }
    if (pass->end != NULL) {
        pass->end(&run, pass->arg);
    }
}

/* ---- parts of each chunk ---- */

/* How many phases the steps of a chunk are. */
static int64_t step_phases(const rnncore_run *run, int64_t steps)
{
    return run->step_parts > 1 ? steps * run->weights->cell->phases : 1;
}

/* Chunk after chunk: a phase before its steps, then theirs. */
static void run_part(void *arg, int64_t phase, int part, int parts)
{
    const time_loop *loop = arg;
    const rnncore_pass *pass = loop->pass;
    const int64_t longest = loop->run->plan.longest, steps = loop->chunk;
    const int64_t each = 1 + step_phases(loop->run, steps);
    const int64_t done = phase / each * steps, sub = phase % each - 1;
    const int64_t n = steps < longest - done ? steps : longest - done;
    const int64_t k0 = pass->backward ? longest - done - n : done;
    rnncore_run run = *loop->run;
    if (sub < 0) {
        if (part == 0 && done > 0 && pass->after != NULL) {
            enter_chunk(&run, k0 - steps);
            pass->after(&run, k0 - steps, k0, pass->arg);
        }
        enter_chunk(&run, k0);
        pass->before(&run, k0 + n * part / parts, k0 + n * (part + 1) / parts, pass->arg);
        return;
    }
    enter_chunk(&run, k0);
    if (run.step_parts > 1) {
        const int64_t phases = run.weights->cell->phases, i = sub / phases;
        pass->step(&run, pass->backward ? k0 + n - 1 - i : k0 + i, (int)(sub % phases), part,
                   parts);
    } else if (part == 0) {
        run.end = k0 + n;
        run_steps(&run, pass, k0, k0 + n);
    }
}

static void run_parts(time_loop *loop)
{
    const rnncore_pass *pass = loop->pass;
    rnncore_run run = *loop->run;
    const int64_t longest = run.plan.longest;
    loop->chunk = run.chunk_rows < run.plan.batch ? 1 : run.chunk_rows / run.plan.batch;
    const int64_t last = (longest - 1) / loop->chunk; /* chunk */
    const int64_t k0 = last * loop->chunk;
    pass->begin(&run, pass->arg);
    rnncore_pool_phases(run.context->pool,
                        last * (1 + step_phases(&run, loop->chunk)) + 1 +
                            step_phases(&run, longest - k0),
                        run.parts, run_part, loop);
    if (pass->after != NULL) {
        enter_chunk(&run, k0);
        pass->after(&run, k0, longest, pass->arg);
    }
    if (pass->end != NULL) {
        pass->end(&run, pass->arg);
    }
}

void rnncore_time_loop(const rnncore_run *run, const rnncore_pass *pass)
{
    time_loop loop = {run, pass, 0, 0};
    if (pass->backward ? run->step_parts > 1 : run->parts > 1) {
        run_parts(&loop);
        return;
    }
    loop.share_cost = rnncore_plan_share_cost(&run->plan, run->shares);
    rnncore_pool_run(run->context->pool, run->shares, run_share, &loop);
}
