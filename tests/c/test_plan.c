/* Shares of the rows of a batch: all rows, each once, none dearer than said, and no cheaper way. */
#include "cells/plan.h"
#include "check.h"

#include <stdlib.h>

enum { ROWS = 23, STEPS = 30 };

static uint32_t seed = 5;

static int64_t random_below(int64_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (int64_t)(seed >> 8) % limit;
}

static int falling(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* A plan whose rows have these lengths; it needs no more for shares. */
static rnncore_plan make_plan(int64_t *length, int64_t rows)
{
    rnncore_plan plan = {.batch = rows, .whole = rows, .steps = STEPS, .length = length};
    qsort(length, (size_t)rows, sizeof *length, falling);
    for (int64_t j = 0; j < rows; j++) {
        plan.rows += length[j];
    }
    plan.longest = rows > 0 ? length[0] : 0;
    return plan;
}

/* How many shares of at most that cost the rows take; checks that they hold every row. */
static int64_t count_shares(const rnncore_plan *plan, int64_t cost)
{
    int64_t shares = 0;
    for (int64_t begin = 0, end; begin < plan->batch; begin = end, shares++) {
        end = rnncore_plan_share_end(plan, begin, cost);
        CHECK(end > begin && end <= plan->batch);
        const rnncore_plan share = rnncore_plan_share(plan, begin, end);
        CHECK(share.batch == end - begin && share.longest == plan->length[begin]);
        CHECK(rnncore_plan_length(&share, 0) == plan->length[begin]);
    }
    return shares;
}

static void test_shares(int64_t rows, int64_t shares)
{
    int64_t length[ROWS];
    for (int64_t j = 0; j < rows; j++) {
        length[j] = random_below(STEPS + 1);
    }
    const rnncore_plan plan = make_plan(length, rows);
    const int64_t cost = rnncore_plan_share_cost(&plan, shares);
    CHECK(count_shares(&plan, cost) <= shares);
    if (cost > 0 && rows > shares) {
        CHECK(count_shares(&plan, cost - 1) > shares);
    }
}

static void test_running(void)
{
    int64_t length[] = {4, 4, 2, 1, 0}, running[] = {4, 3, 2, 2, 0}, offset[] = {0, 4, 7, 9, 11};
    rnncore_plan plan = make_plan(length, 5);
    plan.running = running;
    plan.offset = offset;
    const rnncore_plan upper = rnncore_plan_share(&plan, 0, 2);
    const rnncore_plan lower = rnncore_plan_share(&plan, 2, 5);
    const int64_t of_upper[] = {2, 2, 2, 2, 0}, of_lower[] = {2, 1, 0, 0, 0};
    for (int64_t k = 0; k < 5; k++) {
        CHECK(rnncore_plan_running(&upper, k) == of_upper[k]);
        CHECK(rnncore_plan_running(&lower, k) == of_lower[k]);
        CHECK(rnncore_plan_offset(&lower, k) == offset[k]);
    }
}

static void test_dense(void)
{
    const rnncore_plan plan = {
        .batch = 7, .whole = 7, .steps = 5, .rows = 35, .longest = 5, .dense = 1};
    const int64_t cost = rnncore_plan_share_cost(&plan, 2);
    const int64_t end = rnncore_plan_share_end(&plan, 0, cost);
    CHECK(end == 4 && rnncore_plan_share_end(&plan, end, cost) == 7);
    const rnncore_plan share = rnncore_plan_share(&plan, 4, 7);
    CHECK(rnncore_plan_row(&share, 2) == 6 && rnncore_plan_offset(&share, 3) == 21);
    CHECK(rnncore_plan_running(&share, 4) == 3 && rnncore_plan_running(&share, 5) == 0);
}

int main(void)
{
    for (int64_t rows = 0; rows <= ROWS; rows++) {
        for (int64_t shares = 1; shares <= 9; shares++) {
            test_shares(rows, shares);
        }
    }
    test_running();
    test_dense();
    return check_report();
}
