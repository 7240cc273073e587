#include "cells/weights.h"

#include <stdlib.h>
#include <string.h>

#include "cells/cell.h"
#include "core/options.h"
#include "core/platform.h"

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
    return cell_ops(layer) != NULL &&
           (layer->dtype == RNNCORE_FLOAT32 || layer->dtype == RNNCORE_FLOAT64) &&
           layer->input_size > 0 && layer->hidden_size > 0 && layer->activation >= 0 &&
           layer->activation <= RNNCORE_HARD_SIGMOID && layer->recurrent_activation >= 0 &&
           layer->recurrent_activation <= RNNCORE_HARD_SIGMOID &&
           (layer->recurrent_activation == 0 || layer->cell != RNNCORE_RNN) &&
           (!layer->recurrent_dropout || layer->training);
}

/* Copies the caller's layer and puts activations in place of the default. */
static rnncore_status read_layer(const rnncore_layer *layer, rnncore_layer *own)
{
    if (!rnncore_is_known(layer, sizeof *layer) || !layer_is_valid(layer)) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    *own = *layer;
    if (own->activation == RNNCORE_ACTIVATION_DEFAULT) {
        own->activation = RNNCORE_TANH;
    }
    if (own->recurrent_activation == RNNCORE_ACTIVATION_DEFAULT) {
        own->recurrent_activation = RNNCORE_SIGMOID;
    }
    return RNNCORE_OK;
}

static rnncore_path path_of(const rnncore_layer *layer)
{
    const int fused = layer->activation == RNNCORE_TANH &&
                      layer->recurrent_activation == RNNCORE_SIGMOID && !layer->recurrent_dropout;
    return fused ? RNNCORE_PATH_FUSED : RNNCORE_PATH_GENERIC;
}

rnncore_status rnncore_kernel_path(const rnncore_layer *layer, rnncore_path *path)
{
    rnncore_layer own;
    if (path == NULL || read_layer(layer, &own) != RNNCORE_OK) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    *path = path_of(&own);
    return RNNCORE_OK;
}

void rnncore_weights_take(rnncore_weights *w, rnncore_arena *arena)
{
    const int64_t columns = rnncore_count(w->gates, w->padded);
    const int64_t square = rnncore_count(w->hidden, w->padded);
    const int gru1 = w->cell == &rnncore_gru1_ops;
    const int64_t stepped = gru1 ? 2 : w->gates; /* gates that `recurrent` holds */
    rnncore_weights_take_unpacked(w, arena);
    w->input_packed = rnncore_arena_take(arena, rnncore_count(w->input, columns), w->element);
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

void rnncore_weights_take_unpacked(rnncore_weights *w, rnncore_arena *arena)
{
    w->bias = rnncore_arena_take(arena, rnncore_count(w->gates, w->padded), w->element);
    w->recurrent_bias = rnncore_arena_take(arena, w->padded, w->element);
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

void rnncore_weights_use_unpacked(rnncore_weights *w, const void *kernel,
                                  const void *recurrent_kernel, const void *bias)
{
    w->unpacked_kernel = kernel;
    w->recurrent = (void *)(uintptr_t)recurrent_kernel;
    if (w->cell == &rnncore_gru1_ops) {
        w->candidate = (char *)w->recurrent + (size_t)(2 * w->hidden) * w->element;
    }
    set_bias(w, bias);
}

/* Each gate of U and its transpose by itself: with recurrent dropout each has an operand of its own
 * and, backwards, a factor of its own. */
static void pack_gates(rnncore_weights *w, const char *recurrent, int gates)
{
    const rnncore_kernels *k = w->kernels;
    const int64_t ld = w->gates * w->hidden;
    for (int g = 0; g < gates; g++, recurrent += (size_t)w->hidden * w->element) {
        const size_t at = (size_t)g * rnncore_gate_bytes(w);
        k->pack(&(rnncore_packing){recurrent, ld, 1, w->hidden, w->hidden, 1, NULL},
                (char *)w->recurrent + at);
        k->pack(&(rnncore_packing){recurrent, 1, ld, w->hidden, w->hidden, 1, NULL},
                (char *)w->recurrent_t + at);
    }
}

void rnncore_weights_fill(rnncore_weights *w, const void *kernel, const void *recurrent_kernel,
                          const void *bias)
{
    const rnncore_kernels *k = w->kernels;
    const int64_t ld = w->gates * w->hidden, h = w->hidden;
    const int stepped = w->cell == &rnncore_gru1_ops ? 2 : (int)w->gates;
    const char *recurrent = recurrent_kernel;
    if (w->input_rows != NULL) {
        permute_input(w, kernel, w->input_rows);
    }
    k->pack(&(rnncore_packing){kernel, ld, 1, w->input, h, (int)w->gates, w->cell->slot_gate},
            w->input_packed);
    set_bias(w, bias);
    if (w->layer.recurrent_dropout) {
        pack_gates(w, recurrent, stepped);
    } else {
        k->pack(&(rnncore_packing){recurrent, ld, 1, h, h, stepped, NULL}, w->recurrent);
    }
    if (w->candidate != NULL) {
        const char *candidate = recurrent + (size_t)(2 * h) * w->element;
        k->pack(&(rnncore_packing){candidate, ld, 1, h, h, 1, NULL}, w->candidate);
        if (w->candidate_t != NULL) {
            k->pack(&(rnncore_packing){candidate, 1, ld, h, h, 1, NULL}, w->candidate_t);
        }
    }
    if (w->layer.training && !w->layer.recurrent_dropout) {
        k->pack(&(rnncore_packing){recurrent, 1, ld, stepped * h, h, 1, NULL}, w->recurrent_t);
    }
}

rnncore_status rnncore_weights_update(rnncore_weights *weights, const void *kernel,
                                      const void *recurrent_kernel, const void *bias)
{
    if (weights == NULL || kernel == NULL || recurrent_kernel == NULL) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_weights_fill(weights, kernel, recurrent_kernel, bias);
    weights->stamp = rnncore_clock_ns();
    return RNNCORE_OK;
}

rnncore_status rnncore_weights_describe(rnncore_weights *w, const rnncore_context *context,
                                        const rnncore_layer *layer)
{
    memset(w, 0, sizeof *w);
    if (context == NULL || read_layer(layer, &w->layer) != RNNCORE_OK) {
        return RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    if (w->layer.training && !RNNCORE_TRAIN) {
        return RNNCORE_ERROR_UNSUPPORTED;
    }
    layer = &w->layer;
    if (layer->hidden_size > INT64_MAX / 64 || layer->input_size > INT64_MAX / 64) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    w->cell = cell_ops(layer);
    w->path = path_of(layer);
    w->isa = context->isa;
    w->kernels = rnncore_kernel_table(w->isa, (rnncore_dtype)layer->dtype);
    if (w->kernels == NULL) {
        return RNNCORE_ERROR_UNSUPPORTED; /* a dtype that was left out */
    }
    w->element = layer->dtype == RNNCORE_FLOAT32 ? sizeof(float) : sizeof(double);
    w->input = layer->input_size;
    w->hidden = layer->hidden_size;
    w->padded = rnncore_padded(w->kernels, w->hidden);
    w->gates = w->cell->gates;
    w->tape_slots = w->cell->tape_slots;
    return RNNCORE_OK;
}

rnncore_status rnncore_weights_create(const rnncore_context *context, const rnncore_layer *layer,
                                      const void *kernel, const void *recurrent_kernel,
                                      const void *bias, rnncore_weights **out)
{
    rnncore_weights described;
    rnncore_arena arena = {NULL, 0, 0};
    rnncore_status status = rnncore_weights_describe(&described, context, layer);
    if (status != RNNCORE_OK || out == NULL) {
        return status != RNNCORE_OK ? status : RNNCORE_ERROR_INVALID_ARGUMENT;
    }
    rnncore_weights_take(&described, &arena);
    if (arena.overflow) {
        return RNNCORE_ERROR_OVERFLOW;
    }
    rnncore_weights *w = malloc(sizeof *w);
    void *memory = rnncore_aligned_alloc(arena.used, 1);
    if (w == NULL || memory == NULL) {
        free(w);
        rnncore_aligned_free(memory);
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    *w = described;
    w->memory = memory;
    arena = (rnncore_arena){memory, 0, 0};
    rnncore_weights_take(w, &arena);
    status = rnncore_weights_update(w, kernel, recurrent_kernel, bias);
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
