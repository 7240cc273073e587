/* A few rows times weights as they are: where packing would cost more than the product. */
#ifndef RNNCORE_CELLS_UNPACKED_H
#define RNNCORE_CELLS_UNPACKED_H

#include "cells/cell.h"

/* Row-steps of a call up to which its weights are not packed. */
enum { RNNCORE_UNPACKED_ROWS = 4 };

/* Numbers that the sums of one row take, with room for the last vector. */
int64_t rnncore_unpacked_sums(const rnncore_weights *weights);

/* gates = x W + b for the steps [k0, k1). */
void rnncore_unpacked_project(const rnncore_run *run, const rnncore_view *x, int64_t k0,
                              int64_t k1);

/* A step of the cells, its product made row by row; step->packed is the matrix itself. */
void rnncore_unpacked_step(const rnncore_run *run, const rnncore_step *step);

#endif
