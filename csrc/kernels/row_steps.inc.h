/* A template: dtypes.inc.h says what it is included with. */

/* Steps of one row of a small layer, with the projection x W + b of each.
 *
 * While W and U stay in L1, nothing waits for memory, and a step takes as long as its chain of
 * operations from state to state. What is not on that chain runs beside it: the projection of a
 * step beside the gate equations of the step before (steps_of_row). Weights that stay in L2 are
 * read in an order that finds some of them in L1 (step_of_row).
 *
 * Sums and gate equations are those of the step, to the bit: W and U are products of their own, and
 * the bias is added to that of W. */

/* Sums of one step wait all at once. */
enum { FN(ROW_VECTORS) = 24 };

RNNCORE_INLINE void FN(skip)(FN(product_ahead) * p, int64_t columns)
{
    p->left -= columns;
    p->a += columns;
    p->b0 += columns * p->next;
    p->b1 += columns * p->next;
    p->b2 += columns * p->next;
    p->b3 += columns * p->next;
}

/* Whole panels of two products side by side: the chains of one alone, four vectors, keep half of
 * the units busy. */
RNNCORE_INLINE void FN(advance_panels)(FN(product_ahead) * p, FN(product_ahead) * q,
                                       int64_t columns)
{
    const REAL *a = p->a, *c = q->a, *b = p->b0, *d = q->b0;
    FN(four) one = p->row0, two = q->row0;
    RNNCORE_UNROLL_BY_2
    for (int64_t k = 0; k < columns; k++) {
        const FN(four)
            b4 = {V(load)(b), V(load)(b + VLEN), V(load)(b + 2 * VLEN), V(load)(b + 3 * VLEN)};
        const FN(four)
            d4 = {V(load)(d), V(load)(d + VLEN), V(load)(d + 2 * VLEN), V(load)(d + 3 * VLEN)};
        FN(add_column)(&one, a[k], &b4);
        FN(add_column)(&two, c[k], &d4);
        b += PANEL * VLEN;
        d += PANEL * VLEN;
    }
    p->row0 = one;
    q->row0 = two;
    FN(skip)(p, columns);
    FN(skip)(q, columns);
}

RNNCORE_INLINE void FN(advance_both)(FN(product_ahead) * p, FN(product_ahead) * q)
{
    int64_t n = p->left < q->left ? p->left : q->left;
    if (p->next == PANEL * VLEN && q->next == PANEL * VLEN) {
        FN(advance_panels)(p, q, n);
        n = 0;
    }
    for (; n > 0; n--) {
        FN(advance)(1, p, 1);
        FN(advance)(1, q, 1);
    }
    FN(advance)(1, p, p->left);
    FN(advance)(1, q, q->left);
}

/* out = sums, or sums + bias, of n vectors from v on */
RNNCORE_INLINE void FN(store_product)(const REAL *bias, const FN(four) * sums, int64_t v, int64_t n,
                                      REAL *out)
{
    const VEC four[4] = {sums->v0, sums->v1, sums->v2, sums->v3};
    RNNCORE_UNROLL
    for (int i = 0; i < 4; i++) {
        const int64_t at = (v + i) * VLEN;
        if (i < n) {
            V(store)(out + at, bias == NULL ? four[i] : four[i] + V(load)(bias + at));
        }
    }
}

/* Products of a row with panels of U and of W, one after another: sums = h U for the first
 * `recurrent` panels of U, then gates = x W + b for all of W. Downwards means from the last panel
 * on. */
typedef struct FN(row_products) {
    const rnncore_step *project, *s;
    const REAL *h;
    int64_t recurrent, panels; /* and how many there are of each */
    int downwards;
    REAL *gates, *sums;
} FN(row_products);

/* The first vector of the i-th panel of W or U. */
RNNCORE_INLINE int64_t FN(panel_at)(int64_t i, int64_t panels, int downwards)
{
    return (downwards ? panels - 1 - i : i) * PANEL;
}

RNNCORE_INLINE int64_t FN(begin_panel)(const FN(row_products) * all, int64_t i,
                                       FN(product_ahead) * p)
{
    const int of_state = i < all->recurrent;
    const rnncore_step *s = of_state ? all->s : all->project;
    const int64_t panel = of_state ? i : i - all->recurrent;
    return FN(begin_product)(s, of_state ? all->h : all->project->a, 0,
                             FN(panel_at)(panel, all->panels, all->downwards), s->vectors, p);
}

RNNCORE_INLINE void FN(store_panel)(const FN(row_products) * all, int64_t i, int64_t n,
                                    const FN(product_ahead) * p)
{
    if (i < all->recurrent) {
        FN(store_product)(NULL, &p->row0, FN(panel_at)(i, all->panels, all->downwards), n,
                          all->sums);
    } else {
        const int64_t v = FN(panel_at)(i - all->recurrent, all->panels, all->downwards);
        FN(store_product)(all->project->bias, &p->row0, v, n, all->gates);
    }
}

/* Two panels at a time. */
RNNCORE_SHARED void FN(multiply_row)(const FN(row_products) * all, int64_t count)
{
    for (int64_t i = 0; i < count; i += 2) {
        FN(product_ahead) p, q;
        const int64_t n = FN(begin_panel)(all, i, &p);
        if (i + 1 < count) {
            const int64_t m = FN(begin_panel)(all, i + 1, &q);
            FN(advance_both)(&p, &q);
            FN(store_panel)(all, i + 1, m, &q);
        } else {
            FN(advance)(1, &p, p.left);
        }
        FN(store_panel)(all, i, n, &p);
    }
}

RNNCORE_SHARED void FN(store_outputs)(const rnncore_step *s, const FN(due) * due, REAL *y)
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

/* next = x W + b, of the vectors from v on */
RNNCORE_SHARED void FN(project_rest)(const rnncore_step *project, const rnncore_step *s,
                                     const REAL *x, int64_t v, REAL *next)
{
    for (int64_t n; v < s->vectors; v += n) {
        FN(product_ahead) p;
        n = FN(begin_product)(project, x, 0, v, s->vectors, &p);
        FN(advance)(1, &p, p.left);
        FN(store_product)(project->bias, &p.row0, v, n, next);
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
            FN(store_product)(project->bias, &p.row0, v, n, next);
            v += n;
        }
        if (y != NULL) {
            FN(store_outputs)(s, due, y);
        }
    }
    FN(project_rest)(project, s, x, v, next);
}

RNNCORE_INLINE void FN(steps_of_row)(const rnncore_op op, const int gates, const int64_t at_once,
                                     const rnncore_step *project, const rnncore_step *s, REAL *y,
                                     int64_t y_step)
{
    REAL sums[FN(ROW_VECTORS) * VLEN] __attribute__((aligned(64)));
    REAL *const row = s->gates, *const other = row + s->vectors * VLEN;
    const int64_t panels = (s->vectors + PANEL - 1) / PANEL;
    const REAL *x = project->a;
    FN(due) due = {.h_in = s->h_in, .c_in = s->c_in, .gates = row, .h_out = s->h_out};
    due.c_out = s->c_out;
    FN(row_products) products = {project, s, s->h_in, panels, panels, 0, row, sums};
    FN(multiply_row)(&products, 2 * panels);
    for (int64_t step = 1; step <= s->steps; step++) {
        REAL *next = due.gates == row ? other : row;
        x = step < s->steps ? x + project->lda : NULL;
        due.sums = sums;
        FN(finish_row)(op, gates, at_once, project, s, &due, x, next, y);
        if (x == NULL) {
            return;
        }
        products.h = due.h_out;
        FN(multiply_row)(&products, panels);
        due.gates = next;
        due.h_in = due.h_out;
        due.h_out += s->h_step;
        due.c_in = due.c_out;
        y = y == NULL ? NULL : y + y_step;
    }
}

#if !RNNCORE_SMALL
/* One step of a layer whose weights stay in L2. Half of U, what the step before read last, is still
 * in L1: it comes first, beside W; then the other half, beside the gate equations of the first. */
RNNCORE_INLINE void FN(step_of_row)(const rnncore_op op, const int gates, const int64_t at_once,
                                    const rnncore_step *project, const rnncore_step *s, REAL *y)
{
    REAL sums[FN(ROW_VECTORS) * VLEN] __attribute__((aligned(64)));
    const int64_t panels = (s->vectors + PANEL - 1) / PANEL, blocks = s->vectors / gates;
    FN(due) due = {.h_in = s->h_in, .c_in = s->c_in, .gates = s->gates, .h_out = s->h_out};
    due.c_out = s->c_out;
    int64_t i = panels / 2, done = 0;
    const FN(row_products) products = {project, s, s->h_in, i, panels, s->reverse, s->gates, sums};
    FN(multiply_row)(&products, i + panels);
    for (; done < blocks; i++) {
        FN(product_ahead) p;
        const int64_t v = FN(panel_at)(i < panels ? i : 0, panels, s->reverse);
        const int64_t n = FN(begin_product)(s, s->h_in, 0, v, s->vectors, &p);
        const int64_t known = i >= panels ? s->vectors : s->reverse ? s->vectors - v - n : v;
        due.blocks = known / gates - done < at_once ? known / gates - done : at_once;
        due.block = s->reverse ? blocks - done - due.blocks : done;
        due.sums = sums + due.block * gates * VLEN;
        done += due.blocks;
        p.left = i < panels ? s->depth : 0;
        FN(gates_beside)(1, op, s, &due, &p, p.left);
        if (i < panels) {
            FN(advance)(1, &p, p.left);
            FN(store_product)(NULL, &p.row0, v, n, sums);
        }
        if (y != NULL) {
            FN(store_outputs)(s, &due, y);
        }
    }
}

static void FN(row_step)(const rnncore_step *project, const rnncore_step *s, void *y)
{
    switch (s->op) {
    case RNNCORE_OP_LSTM_FORWARD:
        FN(step_of_row)(RNNCORE_OP_LSTM_FORWARD, 4, 1, project, s, y);
        break;
    case RNNCORE_OP_GRU_FORWARD:
        FN(step_of_row)(RNNCORE_OP_GRU_FORWARD, 3, 2, project, s, y);
        break;
    default:
        FN(step_of_row)(RNNCORE_OP_RNN_FORWARD, 1, 4, project, s, y);
    }
}
#endif

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
