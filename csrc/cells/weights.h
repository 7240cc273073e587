/* Packed weights of one layer: everything that forward and backward multiply by. */
#ifndef RNNCORE_CELLS_WEIGHTS_H
#define RNNCORE_CELLS_WEIGHTS_H

#include "core/arena.h"
#include "core/context.h"

struct rnncore_weights {
    rnncore_layer layer; /* with its activations in place of the default */
    const struct rnncore_cell_ops *cell;
    rnncore_isa isa; /* of the kernels */
    const rnncore_kernels *kernels;
    size_t element;        /* bytes of a number */
    int64_t input, hidden; /* I, H */
    int64_t padded;        /* H as a multiple of the vector length */
    int64_t gates;         /* G */
    int64_t tape_slots;    /* slots of `padded` numbers that a row of the tape has */
    rnncore_path path;
    /* Slots of a row of gates, in order, hold x W + b: the gates of slot_gate[]. */
    void *input_packed;   /* W (I, G*padded) in slot order, packed for STORE */
    void *input_rows;     /* the same, row-major and not packed; NULL but in training */
    void *bias;           /* (G*padded), in slot order */
    void *recurrent_bias; /* (padded): the recurrent bias of n, GRU with reset_after */
    void *recurrent;      /* U packed for the step; GRU reset before: Uz and Ur; with recurrent
                             dropout each gate by itself, and so in recurrent_t */
    void *candidate;      /* GRU reset before: Un */
    const void *unpacked_kernel; /* W itself; then recurrent and candidate point into U */
    /* training: the transposes, packed */
    void *recurrent_t, *candidate_t;
    void *memory;   /* one block that holds them all */
    uint64_t stamp; /* when the values were packed: tells them from others at the same address */
};

/* Bytes of one gate of U, packed by itself. */
static inline size_t rnncore_gate_bytes(const rnncore_weights *weights)
{
    return (size_t)(weights->hidden * weights->padded) * weights->element;
}

/* Sets everything but the buffers. */
rnncore_status rnncore_weights_describe(rnncore_weights *weights, const rnncore_context *context,
                                        const rnncore_layer *layer);

/* Takes the buffers of packed weights from the arena. */
void rnncore_weights_take(rnncore_weights *weights, rnncore_arena *arena);

/* Packs the values into the buffers. */
void rnncore_weights_fill(rnncore_weights *weights, const void *kernel,
                          const void *recurrent_kernel, const void *bias);

/* The same for weights that stay unpacked: buffers for the bias only, and pointers to the caller's.
 */
void rnncore_weights_take_unpacked(rnncore_weights *weights, rnncore_arena *arena);
void rnncore_weights_use_unpacked(rnncore_weights *weights, const void *kernel,
                                  const void *recurrent_kernel, const void *bias);

#endif
