/* The order of work of a batch: rows sorted by their number of real steps, longest first, and of
 * each row only its real steps. Compact step k runs over the rows [0, running(k)); compact row
 * (k, j) stands at offset(k) + j in every buffer that holds all steps. A dense batch (all steps
 * real) needs no tables. A plan may be that of a share: some rows of the batch, side by side in
 * this order. */
#ifndef RNNCORE_CELLS_PLAN_H
#define RNNCORE_CELLS_PLAN_H

#include "core/arena.h"
#include "rnncore.h"

typedef struct rnncore_plan {
    int64_t batch, steps; /* B (of a share: its rows), T */
    int64_t whole;        /* B of the whole batch */
    int64_t below;        /* rows of the batch before those of the share */
    int64_t rows;         /* sum of the real steps of all rows of the batch */
    int64_t longest;      /* number of compact steps */
    int32_t dense, go_backwards;
    int32_t zero_masked; /* the output of a real step shows at no other time */
    int64_t *order;      /* (B) compact row j is row order[j] of the batch */
    int64_t *length;     /* (B) real steps of compact row j, falling */
    int64_t *running;    /* (T + 1) rows of the batch that are still running at step k */
    int64_t *offset;     /* (T + 1) */
    int64_t *start;      /* mask only, (B): real steps of row j stand at real[start[j] + k] */
    int32_t *real;       /* mask only, (rows): time of each real step in the order of processing */
} rnncore_plan;

/* Checks the batch's sizes and lengths, says whether it is dense and how many rows it has. Tables
 * are not made yet. */
rnncore_status rnncore_plan_count(const rnncore_batch *batch, rnncore_plan *plan);

/* Takes the tables from the arena and, unless it only counts, fills them. */
void rnncore_plan_build(const rnncore_batch *batch, rnncore_plan *plan, rnncore_arena *arena);

static inline int64_t rnncore_plan_row(const rnncore_plan *plan, int64_t j)
{
    return plan->dense ? plan->below + j : plan->order[j];
}

static inline int64_t rnncore_plan_length(const rnncore_plan *plan, int64_t j)
{
    return plan->dense ? plan->steps : plan->length[j];
}

static inline int64_t rnncore_plan_running(const rnncore_plan *plan, int64_t k)
{
    if (plan->dense) {
        return k < plan->steps ? plan->batch : 0;
    }
    const int64_t running = plan->running[k] - plan->below;
    return running < 0 ? 0 : running < plan->batch ? running : plan->batch;
}

/* Rows of the whole batch in the steps before k. */
static inline int64_t rnncore_plan_offset(const rnncore_plan *plan, int64_t k)
{
    return plan->dense ? k * plan->whole : plan->offset[k];
}

/* Time of the k-th real step of compact row j, in the order of processing. */
static inline int64_t rnncore_plan_time(const rnncore_plan *plan, int64_t j, int64_t k)
{
    if (plan->real != NULL) {
        return plan->real[plan->start[j] + k];
    }
    return plan->go_backwards ? rnncore_plan_length(plan, j) - 1 - k : k;
}

/* One past (in the order of processing) the last time at which the output of that step shows. */
static inline int64_t rnncore_plan_until(const rnncore_plan *plan, int64_t j, int64_t k)
{
    const int64_t direction = plan->go_backwards ? -1 : 1;
    if (plan->real == NULL || plan->zero_masked) {
        return rnncore_plan_time(plan, j, k) + direction;
    }
    if (k + 1 < plan->length[j]) {
        return plan->real[plan->start[j] + k + 1];
    }
    return plan->go_backwards ? -1 : plan->steps;
}

/* The rows [begin, end) of a plan as a plan of their own. */
rnncore_plan rnncore_plan_share(const rnncore_plan *plan, int64_t begin, int64_t end);

/* The first row behind the share that begins at `begin` and costs at most `cost`: see
 * rnncore_plan_cost. A share has at least one row. */
int64_t rnncore_plan_share_end(const rnncore_plan *plan, int64_t begin, int64_t cost);

/* The least cost that each of so many shares need not exceed, in steps of one row. */
int64_t rnncore_plan_share_cost(const rnncore_plan *plan, int64_t shares);

#endif
