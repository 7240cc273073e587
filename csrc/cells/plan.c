#include "cells/plan.h"

#include <string.h>

#include "core/options.h"

/* What a step of a share costs besides its rows, in rows: it reads the weights. */
enum { READ_ROWS = 2 };

static int64_t real_steps(const rnncore_batch *batch, int64_t row)
{
    if (batch->lengths != NULL) {
        return batch->lengths[row];
    }
    int64_t count = 0;
    const uint8_t *mask = batch->mask + row * batch->steps;
    for (int64_t t = 0; t < batch->steps; t++) {
        count += mask[t] != 0;
    }
    return count;
}

rnncore_status rnncore_plan_count(const rnncore_batch *batch, rnncore_plan *plan)
{
    int64_t cells;
    if (!rnncore_is_known(batch, sizeof *batch) || batch->steps < 0 || batch->batch < 0 ||
        (batch->lengths != NULL && batch->mask != NULL)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (__builtin_mul_overflow(batch->steps, batch->batch, &cells) || batch->steps > INT32_MAX) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    memset(plan, 0, sizeof *plan);
    plan->batch = plan->whole = batch->batch;
    plan->steps = batch->steps;
    plan->go_backwards = batch->go_backwards != 0;
    plan->zero_masked = batch->zero_masked != 0;
    plan->rows = cells;
    if (batch->lengths != NULL || batch->mask != NULL) {
        plan->rows = 0;
        for (int64_t b = 0; b < batch->batch; b++) {
            const int64_t length = real_steps(batch, b);
            if (length < 0 || length > batch->steps) {
                return RNNCORE_ERROR_LENGTHS;
            }
            plan->rows += length;
            plan->longest = length > plan->longest ? length : plan->longest;
        }
    }
    if (plan->rows > 0 && batch->x == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    plan->dense = plan->rows == cells;
    if (plan->dense) {
        plan->longest = batch->batch > 0 ? batch->steps : 0;
    }
    return RNNCORE_OK;
}

/* Counting sort, longest first; rows of one length keep their order. `running` is scratch, and so
 * is `start`: the lengths of masked rows. */
static void sort_rows(const rnncore_batch *batch, rnncore_plan *plan)
{
    int64_t *first = plan->running; /* first[l]: where the next row of length l goes */
    memset(first, 0, sizeof *first * (size_t)(plan->steps + 1));
    for (int64_t b = 0; b < plan->batch; b++) {
        const int64_t length = real_steps(batch, b);
        first[length]++;
        if (plan->start != NULL) {
            plan->start[b] = length;
        }
    }
    int64_t position = 0;
    for (int64_t l = plan->steps; l >= 0; l--) {
        const int64_t count = first[l];
        first[l] = position;
        position += count;
    }
    for (int64_t b = 0; b < plan->batch; b++) {
        const int64_t length = plan->start != NULL ? plan->start[b] : batch->lengths[b];
        const int64_t j = first[length]++;
        plan->order[j] = b;
        plan->length[j] = length;
    }
}

static void list_real_steps(const rnncore_batch *batch, rnncore_plan *plan)
{
    int64_t position = 0;
    for (int64_t j = 0; j < plan->batch; j++) {
        const uint8_t *mask = batch->mask + plan->order[j] * plan->steps;
        plan->start[j] = position;
        for (int64_t i = 0; i < plan->steps; i++) {
            const int64_t t = plan->go_backwards ? plan->steps - 1 - i : i;
            if (mask[t]) {
                plan->real[position++] = (int32_t)t;
            }
        }
    }
}

void rnncore_plan_build(const rnncore_batch *batch, rnncore_plan *plan, rnncore_arena *arena)
{
    if (plan->dense) {
        return;
    }
    plan->order = rnncore_arena_take(arena, plan->batch, sizeof *plan->order);
    plan->length = rnncore_arena_take(arena, plan->batch, sizeof *plan->length);
    plan->running = rnncore_arena_take(arena, plan->steps + 1, sizeof *plan->running);
    plan->offset = rnncore_arena_take(arena, plan->steps + 1, sizeof *plan->offset);
    if (batch->mask != NULL) {
        plan->start = rnncore_arena_take(arena, plan->batch, sizeof *plan->start);
        plan->real = rnncore_arena_take(arena, plan->rows, sizeof *plan->real);
    }
    if (arena->base == NULL) {
        return;
    }
    sort_rows(batch, plan);
    int64_t running = plan->batch, offset = 0;
    for (int64_t k = 0; k <= plan->steps; k++) {
        while (running > 0 && plan->length[running - 1] <= k) {
            running--;
        }
        plan->running[k] = running;
        plan->offset[k] = offset;
        offset += running;
    }
    if (batch->mask != NULL) {
        list_real_steps(batch, plan);
    }
}

rnncore_plan rnncore_plan_share(const rnncore_plan *plan, int64_t begin, int64_t end)
{
    rnncore_plan share = *plan;
    share.batch = end - begin;
    share.below = begin;
    if (!plan->dense) {
        share.order += begin;
        share.length += begin;
        share.longest = end > begin ? plan->length[begin] : 0;
        share.start = plan->start == NULL ? NULL : plan->start + begin;
    }
    return share;
}

int64_t rnncore_plan_share_end(const rnncore_plan *plan, int64_t begin, int64_t cost)
{
    int64_t end = begin, sum = READ_ROWS * rnncore_plan_length(plan, begin);
    do {
        sum += rnncore_plan_length(plan, end++);
    } while (end < plan->batch && sum + rnncore_plan_length(plan, end) <= cost);
    return end;
}

int64_t rnncore_plan_share_cost(const rnncore_plan *plan, int64_t shares)
{
    int64_t low = 0, high = plan->rows + READ_ROWS * plan->longest; /* of one share */
    while (low < high) {
        const int64_t cost = low + (high - low) / 2;
        int64_t end = 0;
        for (int64_t i = 0; i < shares && end < plan->batch; i++) {
            end = rnncore_plan_share_end(plan, end, cost);
        }
        if (end == plan->batch) {
            high = cost;
        } else {
            low = cost + 1;
        }
    }
    return low;
}
