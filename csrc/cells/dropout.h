/* Recurrent dropout: the state before a step is multiplied by a mask, apart for each gate, where it
 * meets U. So each gate has an operand of its own, and its part of dh' a factor of its own: the
 * products run gate by gate, and the equations of the cell on their sums as in unpacked.h. */
#ifndef RNNCORE_CELLS_DROPOUT_H
#define RNNCORE_CELLS_DROPOUT_H

#include "cells/cell.h"

/* Takes what a call needs besides: the masks, the masked states of all steps, and sums. */
void rnncore_dropout_take(rnncore_run *run, rnncore_arena *arena);

/* Copies a mask (G, B, H) into the order of compact rows. */
void rnncore_dropout_begin(const rnncore_run *run, const char *recurrent_mask);

/* A forward step makes the masked states that its rows read; in a backward step the mask of gate s,
 * counted from step->mask, multiplies the product of segment s. */
void rnncore_dropout_step(const rnncore_run *run, const rnncore_step *step);

#endif
