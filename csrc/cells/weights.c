#include "weights.h"

#include <stdlib.h>
#include <string.h>

#include "../core/arena.h"
#include "../core/platform.h"
#include "cell.h"

static const rnncore_cell_ops *cell_ops(const rnncore_layer *layer)
{
    switch (layer->cell) {
    case RNNCORE_RNN:
        return &rnncore_rnn_ops;
    case RNNCORE_LSTM:
        return &rnncore_lstm_ops;
    case RNNCORE_GRU:
        return layer->reset_after ? &rnncore_gru_ops : &rnncore_gru1_ops;
    default:
        return NULL;
    }
}

static int layer_is_valid(const rnncore_layer *layer)
{
    return layer != NULL && layer->struct_size >= sizeof *layer && cell_ops(layer) != NULL &&
           (layer->dtype == RNNCORE_FLOAT32 || layer->dtype == RNNCORE_FLOAT64) &&
           layer->input_size > 0 && layer->hidden_size > 0 && layer->activation >= RNNCORE_TANH &&
           layer->activation <= RNNCORE_LINEAR &&
           (layer->activation == RNNCORE_TANH || layer->cell == RNNCORE_RNN);
}

/* Hands out the buffers of `weights`; with a NULL base only counts their bytes. */
static void take_buffers(rnncore_weights *w, rnncore_arena *arena)
{
    const int64_t columns = rnncore_count(w->gates, w->padded);
    const int64_t square = rnncore_count(w->hidden, w->padded);
    const int gru1 = w->cell == &rnncore_gru1_ops;
    const int64_t stepped = gru1 ? 2 : w->gates; /* gates that `recurrent` holds */
    w->input_packed = rnncore_arena_take(arena, rnncore_count(w->input, columns), w->element);
    w->bias = rnncore_arena_take(arena, columns, w->element);
    w->recurrent_bias = rnncore_arena_take(arena, w->padded, w->element);
    w->recurrent = rnncore_arena_take(arena, rnncore_count(stepped, square), w->element);
    if (gru1) {
        w->candidate = rnncore_arena_take(arena, square, w->element);
    }
    if (w->layer.training) {
        w->input_rows = rnncore_arena_take(arena, rnncore_count(w->input, columns), w->element);
        w->recurrent_t = rnncore_arena_take(arena, rnncore_count(stepped, square), w->element);
        if (gru1) {
            w->candidate_t = rnncore_arena_take(arena, square, w->element);
        }
    }
}

/* W in slot order, each slot padded with zeros. */
static void permute_input(const rnncore_weights *w, const char *kernel, char *rows)
{
    const size_t used = (size_t)w->hidden * w->element, slot = (size_t)w->padded * w->element;
    for (int64_t i = 0; i < w->input; i++) {
        const char *from = kernel + (size_t)(i * w->gates) * used;
        for (int64_t s = 0; s < w->gates; s++, rows += slot) {
            memcpy(rows, from + (size_t)w->cell->slot_gate[s] * used, used);
            memset(rows + used, 0, slot - used);
        }
    }
}

static void add_values(const rnncore_weights *w, char *to, const char *from)
{
    for (int64_t u = 0; u < w->hidden; u++) {
        if (w->layer.dtype == RNNCORE_FLOAT32) {
            ((float *)to)[u] += ((const float *)from)[u];
        } else {
            ((double *)to)[u] += ((const double *)from)[u];
        }
    }
}

/* The bias of each slot. A GRU with reset_after has a second, recurrent row: for z and r it is
 * simply added, for n it stands inside the product with r. */
static void set_bias(rnncore_weights *w, const char *bias)
{
    const size_t used = (size_t)w->hidden * w->element, slot = (size_t)w->padded * w->element;
    memset(w->bias, 0, (size_t)w->gates * slot);
    memset(w->recurrent_bias, 0, slot);
    if (bias == NULL) {
        return;
    }
    const char *recurrent = bias + (size_t)w->gates * used;
    for (int64_t s = 0; s < w->gates; s++) {
        const size_t gate = (size_t)w->cell->slot_gate[s];
        char *to = (char *)w->bias + (size_t)s * slot;
        memcpy(to, bias + gate * used, used);
        if (w->cell == &rnncore_gru_ops && s != RNNCORE_GRU_SLOT_N) {
            add_values(w, to, recurrent + gate * used);
        }
    }
    if (w->cell == &rnncore_gru_ops) {
        memcpy(w->recurrent_bias, recurrent + 2 * used, used);
    }
}

static void fill(rnncore_weights *w, const char *kernel, const char *recurrent, const char *bias,
                 char *rows)
{
    const rnncore_kernels *k = w->kernels;
    const int64_t ld = w->gates * w->hidden, columns = w->gates * w->padded;
    const int stepped = w->cell == &rnncore_gru1_ops ? 2 : (int)w->gates;
    const char *candidate = recurrent + (size_t)(2 * w->hidden) * w->element;
    permute_input(w, kernel, rows);
    k->pack(rows, columns, 1, w->input, columns, 1, w->input_packed);
    set_bias(w, bias);
    k->pack(recurrent, ld, 1, w->hidden, w->hidden, stepped, w->recurrent);
    if (w->candidate != NULL) {
        k->pack(candidate, ld, 1, w->hidden, w->hidden, 1, w->candidate);
    }
    if (w->layer.training) {
        k->pack(recurrent, 1, ld, stepped * w->hidden, w->hidden, 1, w->recurrent_t);
    }
    if (w->candidate_t != NULL) {
        k->pack(candidate, 1, ld, w->hidden, w->hidden, 1, w->candidate_t);
    }
}

rnncore_status rnncore_weights_update(rnncore_weights *weights, const void *kernel,
                                      const void *recurrent_kernel, const void *bias)
{
    if (weights == NULL || kernel == NULL || recurrent_kernel == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    char *rows = weights->input_rows, *temporary = NULL;
    if (rows == NULL) {
        rows = temporary = rnncore_aligned_alloc(
            (size_t)(weights->input * weights->gates * weights->padded), weights->element);
        if (rows == NULL) {
            return RNNCORE_ERROR_OUT_OF_MEMORY;
        }
    }
    weights->has_bias = bias != NULL;
    fill(weights, kernel, recurrent_kernel, bias, rows);
    rnncore_aligned_free(temporary);
    return RNNCORE_OK;
}

rnncore_status rnncore_weights_create(const rnncore_context *context, const rnncore_layer *layer,
                                      const void *kernel, const void *recurrent_kernel,
                                      const void *bias, rnncore_weights **out)
{
    if (context == NULL || !layer_is_valid(layer) || out == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_weights *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    w->layer = *layer;
    w->cell = cell_ops(layer);
    w->kernels = rnncore_kernel_table(context->isa, (rnncore_dtype)layer->dtype);
    w->element = layer->dtype == RNNCORE_FLOAT32 ? sizeof(float) : sizeof(double);
    w->input = layer->input_size;
    w->hidden = layer->hidden_size;
    w->gates = w->cell->gates;
    w->tape_slots = w->cell->tape_slots;
    rnncore_arena arena = {NULL, 0, w->hidden > INT64_MAX / 64 || w->input > INT64_MAX / 64};
    w->padded = arena.overflow ? 0 : rnncore_padded(w->kernels, w->hidden);
    take_buffers(w, &arena);
    rnncore_status status = arena.overflow ? RNNCORE_ERROR_OVERFLOW : RNNCORE_OK;
    if (status == RNNCORE_OK) {
        w->memory = rnncore_aligned_alloc(arena.used, 1);
        status = w->memory == NULL ? RNNCORE_ERROR_OUT_OF_MEMORY : RNNCORE_OK;
    }
    if (status == RNNCORE_OK) {
        arena = (rnncore_arena){w->memory, 0, 0};
        take_buffers(w, &arena);
        status = rnncore_weights_update(w, kernel, recurrent_kernel, bias);
    }
    if (status != RNNCORE_OK) {
        rnncore_weights_destroy(w);
        return status;
    }
    *out = w;
    return RNNCORE_OK;
}

void rnncore_weights_destroy(rnncore_weights *weights)
{
    if (weights != NULL) {
        rnncore_aligned_free(weights->memory);
        free(weights);
    }
}
