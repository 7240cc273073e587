/* A template: dtypes.inc.h says what it is included with. */

/* Steps of one row of a layer so small that its weights stay in L1: nothing waits for memory, and a
 * step takes as long as its chain of operations from state to state. Everything that is not on that
 * chain runs beside it: the projection x W + b of a step beside the gate equations of the step
 * before. Sums and gate equations are those of the step, to the bit: W and U are products of their
 * own, the bias is added to that of W. */

/* Sums of one step wait all at once. */
enum { FN(ROW_VECTORS) = 24 };

/* Two products side by side: the chains of one alone, four vectors, keep half of the units busy. */
RNNCORE_INLINE void FN(advance_both)(FN(product_ahead) * p, FN(product_ahead) * q)
{
    for (int64_t n = p->left < q->left ? p->left : q->left; n > 0; n--) {
        FN(advance)(1, p, 1);
        FN(advance)(1, q, 1);
    }
    FN(advance)(1, p, p->left);
    FN(advance)(1, q, q->left);
}

/* gates = sums + bias, of n vectors from v on */
RNNCORE_INLINE void FN(store_projected)(const rnncore_step *project, const FN(four) * sums,
                                        int64_t v, int64_t n, REAL *gates)
{
    const REAL *bias = (const REAL *)project->bias + v * VLEN;
    gates += v * VLEN;
    V(store)(gates, sums->v0 + V(load)(bias));
    if (n > 1) {
        V(store)(gates + VLEN, sums->v1 + V(load)(bias + VLEN));
    }
    if (n > 2) {
        V(store)(gates + 2 * VLEN, sums->v2 + V(load)(bias + 2 * VLEN));
    }
    if (n > 3) {
        V(store)(gates + 3 * VLEN, sums->v3 + V(load)(bias + 3 * VLEN));
    }
}

/* The first step has nothing to stand beside: its products with W and U pass together. */
RNNCORE_INLINE void FN(first_products)(const rnncore_step *project, const rnncore_step *s,
                                       REAL *gates, REAL *sums)
{
    for (int64_t v = 0, n; v < s->vectors; v += n) {
        FN(product_ahead) p, q;
        n = FN(begin_product)(project, project->a, 0, v, s->vectors, &p);
        FN(begin_product)(s, s->h_in, 0, v, s->vectors, &q);
        FN(advance_both)(&p, &q);
        FN(store_projected)(project, &p.row0, v, n, gates);
        FN(store_four)(sums + v * VLEN, &q.row0);
    }
}

/* sums = h U */
RNNCORE_INLINE void FN(multiply_state)(const rnncore_step *s, const REAL *h, REAL *sums)
{
    for (int64_t v = 0; v < s->vectors;) {
        FN(product_ahead) p, q;
        const int64_t n = FN(begin_product)(s, h, 0, v, s->vectors, &p);
        if (v + n >= s->vectors) {
            FN(advance)(1, &p, p.left);
            FN(store_four)(sums + v * VLEN, &p.row0);
            return;
        }
        const int64_t m = FN(begin_product)(s, h, 0, v + n, s->vectors, &q);
        FN(advance_both)(&p, &q);
        FN(store_four)(sums + v * VLEN, &p.row0);
        FN(store_four)(sums + (v + n) * VLEN, &q.row0);
        v += n + m;
    }
}

RNNCORE_INLINE void FN(store_outputs)(const rnncore_step *s, const FN(due) * due, REAL *y)
{
    for (int64_t b = 0; b < due->blocks; b++) {
        const int64_t unit = (due->block + b) * VLEN, left = s->units - unit;
        const VEC h = V(load)(due->h_out + unit);
        if (left >= VLEN) {
            V(store)(y + unit, h);
        } else {
            V(store_partial)(y + unit, h, (int)left);
        }
    }
}

/* The gate equations of a step, `at_once` blocks of units after another, and beside them what the
 * inputs x of the next step add to `next`; x NULL: there is none. */
RNNCORE_INLINE void FN(finish_row)(const rnncore_op op, const int gates, const int64_t at_once,
                                   const rnncore_step *project, const rnncore_step *s,
                                   FN(due) * due, const REAL *x, REAL *next, REAL *y)
{
    const int64_t blocks = s->vectors / gates;
    const REAL *sums = due->sums;
    int64_t v = x == NULL ? s->vectors : 0;
    for (due->block = 0; due->block < blocks; due->block += at_once) {
        FN(product_ahead) p;
        const int64_t left = blocks - due->block, free = v < s->vectors ? project->depth : 0;
        const int64_t n = FN(begin_product)(project, x, 0, free > 0 ? v : 0, s->vectors, &p);
        due->blocks = left < at_once ? left : at_once;
        due->sums = sums + due->block * gates * VLEN;
        FN(gates_beside)(1, op, s, due, &p, free);
        if (free > 0) {
            FN(advance)(1, &p, p.left);
            FN(store_projected)(project, &p.row0, v, n, next);
            v += n;
        }
        if (y != NULL) {
            FN(store_outputs)(s, due, y);
        }
    }
    for (int64_t n; v < s->vectors; v += n) {
        FN(product_ahead) p;
        n = FN(begin_product)(project, x, 0, v, s->vectors, &p);
        FN(advance)(1, &p, p.left);
        FN(store_projected)(project, &p.row0, v, n, next);
    }
}

RNNCORE_INLINE void FN(steps_of_row)(const rnncore_op op, const int gates, const int64_t at_once,
                                     const rnncore_step *project, const rnncore_step *s, REAL *y,
                                     int64_t y_step)
{
    REAL sums[FN(ROW_VECTORS) * VLEN + 3 * VLEN] __attribute__((aligned(64)));
    REAL *const row = s->gates, *const other = row + s->vectors * VLEN;
    const REAL *x = project->a;
    FN(due) due = {.h_in = s->h_in, .c_in = s->c_in, .gates = row, .h_out = s->h_out};
    due.c_out = s->c_out;
    FN(first_products)(project, s, row, sums);
    for (int64_t step = 1; step <= s->steps; step++) {
        REAL *next = due.gates == row ? other : row;
        x = step < s->steps ? x + project->lda : NULL;
        due.sums = sums;
        FN(finish_row)(op, gates, at_once, project, s, &due, x, next, y);
        if (x == NULL) {
            return;
        }
        FN(multiply_state)(s, due.h_out, sums);
        due.gates = next;
        due.h_in = due.h_out;
        due.h_out += s->h_step;
        due.c_in = due.c_out;
        y = y == NULL ? NULL : y + y_step;
    }
}

static void FN(row_steps)(const rnncore_step *project, const rnncore_step *s, void *y,
                          int64_t y_step)
{
    switch (s->op) {
    case RNNCORE_OP_LSTM_FORWARD:
        FN(steps_of_row)(RNNCORE_OP_LSTM_FORWARD, 4, 1, project, s, y, y_step);
        break;
    case RNNCORE_OP_GRU_FORWARD:
        FN(steps_of_row)(RNNCORE_OP_GRU_FORWARD, 3, 2, project, s, y, y_step);
        break;
    default:
        FN(steps_of_row)(RNNCORE_OP_RNN_FORWARD, 1, 4, project, s, y, y_step);
    }
}
