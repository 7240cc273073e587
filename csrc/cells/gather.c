#include "cells/gather.h"

#include <string.h>

static char *at(const rnncore_view *view, int64_t b, int64_t t)
{
    return (char *)view->data +
           (b * view->stride_batch + t * view->stride_time) * (int64_t)view->element;
}

/* n numbers, those on either side so many apart. */
static void copy(const rnncore_view *view, const char *from, int64_t from_stride, char *to,
                 int64_t to_stride)
{
    const int64_t n = view->features;
    if (from_stride == 1 && to_stride == 1) {
        memcpy(to, from, (size_t)n * view->element);
    } else if (view->element == sizeof(float)) {
        for (int64_t i = 0; i < n; i++) {
            ((float *)to)[i * to_stride] = ((const float *)from)[i * from_stride];
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            ((double *)to)[i * to_stride] = ((const double *)from)[i * from_stride];
        }
    }
}

/* A row of features of the view, to and from contiguous ones. */
static void load_row(const rnncore_view *view, const char *from, char *to)
{
    copy(view, from, view->stride_feature, to, 1);
}

static void store_row(const rnncore_view *view, const char *from, char *to)
{
    copy(view, from, 1, to, view->stride_feature);
}

static void add_row(const rnncore_view *view, const char *from, char *to)
{
    const int64_t n = view->features, stride = view->stride_feature;
    if (view->element == sizeof(float)) {
        for (int64_t i = 0; i < n; i++) {
            ((float *)to)[i] += ((const float *)from)[i * stride];
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            ((double *)to)[i] += ((const double *)from)[i * stride];
        }
    }
}

static void clear_row(const rnncore_view *view, char *to)
{
    if (view->stride_feature == 1) {
        memset(to, 0, (size_t)view->features * view->element);
        return;
    }
    for (int64_t i = 0; i < view->features; i++) {
        memset(to + i * view->stride_feature * (int64_t)view->element, 0, view->element);
    }
}

/* The compact step that compact row r belongs to; at or after step k. */
static int64_t step_of(const rnncore_plan *plan, int64_t r, int64_t k)
{
    if (plan->dense) {
        return r / plan->batch;
    }
    while (plan->offset[k + 1] <= r) {
        k++;
    }
    return k;
}

void rnncore_gather_inputs(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                           void *rows, int64_t ld)
{
    const int64_t running = rnncore_plan_running(plan, k);
    char *to = rows;
    for (int64_t j = 0; j < running; j++, to += ld * (int64_t)view->element) {
        load_row(view, at(view, rnncore_plan_row(plan, j), rnncore_plan_time(plan, j, k)), to);
    }
}

void rnncore_scatter_inputs(const rnncore_plan *plan, const rnncore_view *view, int64_t first,
                            int64_t last, const void *rows, int64_t ld)
{
    const char *from = rows;
    for (int64_t r = first, k = 0; r < last; k++) {
        k = step_of(plan, r, k);
        int64_t j = r - rnncore_plan_offset(plan, k);
        const int64_t end = rnncore_plan_running(plan, k);
        for (; j < end && r < last; j++, r++, from += ld * (int64_t)view->element) {
            store_row(view, from,
                      at(view, rnncore_plan_row(plan, j), rnncore_plan_time(plan, j, k)));
        }
    }
}

void rnncore_scatter_outputs(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                             const void *rows, int64_t ld)
{
    const int64_t running = rnncore_plan_running(plan, k);
    const int64_t direction = plan->go_backwards ? -1 : 1;
    const char *from = rows;
    for (int64_t j = 0; j < running; j++, from += ld * (int64_t)view->element) {
        const int64_t until = rnncore_plan_until(plan, j, k);
        const int64_t b = rnncore_plan_row(plan, j);
        for (int64_t t = rnncore_plan_time(plan, j, k); t != until; t += direction) {
            store_row(view, from, at(view, b, t));
        }
    }
}

void rnncore_gather_gradients(const rnncore_plan *plan, const rnncore_view *view, int64_t k,
                              void *rows, int64_t ld)
{
    const int64_t running = rnncore_plan_running(plan, k);
    const int64_t direction = plan->go_backwards ? -1 : 1;
    const size_t used = (size_t)view->features * view->element;
    const size_t padding = (size_t)ld * view->element - used;
    char *to = rows;
    for (int64_t j = 0; j < running; j++, to += ld * (int64_t)view->element) {
        const int64_t until = rnncore_plan_until(plan, j, k);
        const int64_t b = rnncore_plan_row(plan, j);
        int64_t t = rnncore_plan_time(plan, j, k);
        load_row(view, at(view, b, t), to);
        for (t += direction; t != until; t += direction) {
            add_row(view, at(view, b, t), to);
        }
        memset(to + used, 0, padding);
    }
}

void rnncore_clear_padding(const rnncore_plan *plan, const rnncore_view *view, int masked_too)
{
    if (plan->dense) {
        return;
    }
    for (int64_t j = 0; j < plan->batch; j++) {
        const int64_t b = plan->order[j], length = plan->length[j];
        if (plan->real == NULL) {
            for (int64_t t = length; t < plan->steps; t++) {
                clear_row(view, at(view, b, t));
            }
            continue;
        }
        /* In the order of processing: up to the first real step, or between all of them. */
        const int64_t direction = plan->go_backwards ? -1 : 1;
        const int64_t end = plan->go_backwards ? -1 : plan->steps;
        int64_t t = plan->go_backwards ? plan->steps - 1 : 0;
        for (int64_t k = 0; k <= length; k++, t += direction) {
            const int64_t next = k < length ? plan->real[plan->start[j] + k] : end;
            if (k == 0 || masked_too) {
                for (; t != next; t += direction) {
                    clear_row(view, at(view, b, t));
                }
            }
            t = next;
        }
    }
}

void rnncore_gather_states(const rnncore_plan *plan, const void *states, int64_t units,
                           size_t element, void *rows, int64_t ld)
{
    char *to = rows;
    const size_t used = (size_t)units * element, all = (size_t)ld * element;
    for (int64_t j = 0; j < plan->batch; j++, to += all) {
        if (states == NULL) {
            memset(to, 0, all);
            continue;
        }
        memcpy(to, (const char *)states + (size_t)rnncore_plan_row(plan, j) * used, used);
        memset(to + used, 0, all - used);
    }
}

void rnncore_scatter_state(const rnncore_plan *plan, int64_t j, const void *row, int64_t units,
                           size_t element, void *states)
{
    const size_t used = (size_t)units * element;
    memcpy((char *)states + (size_t)rnncore_plan_row(plan, j) * used, row, used);
}
