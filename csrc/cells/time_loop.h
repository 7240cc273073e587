/* How the steps of a call are divided among threads, and walked chunk by chunk. */
#ifndef RNNCORE_CELLS_TIME_LOOP_H
#define RNNCORE_CELLS_TIME_LOOP_H

#include "cells/cell.h"

/* Sets the division of a run. The bits do not depend on it:
 *   - batches of many rows: shares of the rows, each of which a thread takes through all steps;
 *   - few rows and many units: parts of the unit groups of each step, with a barrier behind it (not
 *     with recurrent dropout, whose steps are several products);
 *   - few rows, few units and many inputs: parts of the projection only;
 *   - small work: the calling thread alone. */
void rnncore_divide(rnncore_run *run);

/* The most steps of a dense batch that are not worth a second thread. */
int64_t rnncore_steps_alone(const rnncore_run *run);

/* The most shares that a batch of these rows is divided in, whatever its steps. */
int64_t rnncore_most_shares(const rnncore_run *run);

/* Rows of a buffer that holds a chunk of each share; -1: too many. */
int64_t rnncore_buffer_rows(const rnncore_run *run);

/* What a pass does beside its steps. Each function gets the run of the rows that it is to treat. */
typedef struct rnncore_pass {
    int backward; /* from the last step to the first */
    rnncore_phase_of_step *step;
    /* before the first step; backwards NULL where nothing is to do, and so below */
    void (*begin)(const rnncore_run *run, void *arg);
    /* before the steps of a chunk, for its steps [k0, k1) or some of them */
    void (*before)(const rnncore_run *run, int64_t k0, int64_t k1, void *arg);
    /* after the steps [k0, k1) of a chunk */
    void (*after)(const rnncore_run *run, int64_t k0, int64_t k1, void *arg);
    void (*end)(const rnncore_run *run, void *arg);
    void *arg;
} rnncore_pass;

/* Runs all steps: one parallel section whatever their number. */
void rnncore_time_loop(const rnncore_run *run, const rnncore_pass *pass);

/* Threads worth using for this many floating-point operations in one parallel section. */
int rnncore_threads_for(const rnncore_run *run, double flops);

#endif
