/* A template: dtypes.inc.h says what it is included with. */

/* Few rows, step after step: the gate equations of some units beside the product of the next.
 *
 * The product of a few rows waits for its weights, the gate equations wait for each other in long
 * chains. A core that runs one after the other idles in both, and it looks ahead too little to
 * mix them by itself. So the gate equations of the vectors that were multiplied last come in parts
 * (activations.h), and the next product advances by some columns after each. The last ones of a
 * step run beside the first product of the next step, before it comes to the columns of their
 * units. Sums and gate equations are those of run_step, to the bit. */

/* Sums of a row: of all gates of a group of blocks. And the depth up to which one row gains: beyond
 * it the gate equations are few beside the weights, which several panels at a time read faster. */
enum { FN(WAITING_ROW) = 12 * VLEN, FN(BESIDE_DEPTH) = 224 };

/* Four vectors of columns of one row. */
typedef struct FN(four) {
    VEC v0, v1, v2, v3;
} FN(four);

/* A product of up to three rows with four vectors of columns, under way: a and b stand at its next
 * column, `left` columns are still to come. */
typedef struct FN(product_ahead) {
    const REAL *a, *b0, *b1, *b2, *b3;
    int64_t lda, next, left; /* from column to column of b */
    FN(four) row0, row1, row2;
} FN(product_ahead);

/* Gate equations that are due: of `blocks` blocks of units from `block` on. The sums of a row stand
 * block by block from `sums` on, rows WAITING_ROW apart. The other pointers are of the first row.
 */
typedef struct FN(due) {
    const REAL *h_in, *c_in, *sums;
    REAL *gates, *h_out, *c_out;
    int64_t block, blocks;
} FN(due);

RNNCORE_INLINE void FN(add_column)(FN(four) * sums, REAL a, const FN(four) * b)
{
    const VEC all = V(set1)(a);
    sums->v0 = V(fma)(all, b->v0, sums->v0);
    sums->v1 = V(fma)(all, b->v1, sums->v1);
    sums->v2 = V(fma)(all, b->v2, sums->v2);
    sums->v3 = V(fma)(all, b->v3, sums->v3);
}

RNNCORE_INLINE void FN(advance)(const int rows, FN(product_ahead) * p, int64_t columns)
{
    p->left -= columns;
    /* A pointer for each vector: Clang makes nothing good of offsets (one row: 1.12 of GCC's time).
     */
    RNNCORE_UNROLL_BY_2
    for (; columns > 0; columns--) {
        const FN(four) b = {V(load)(p->b0), V(load)(p->b1), V(load)(p->b2), V(load)(p->b3)};
        FN(add_column)(&p->row0, p->a[0], &b);
        if (rows > 1) {
            FN(add_column)(&p->row1, p->a[p->lda], &b);
        }
        if (rows > 2) {
            FN(add_column)(&p->row2, p->a[2 * p->lda], &b);
        }
        p->a++;
        p->b0 += p->next;
        p->b1 += p->next;
        p->b2 += p->next;
        p->b3 += p->next;
    }
}

RNNCORE_INLINE void FN(store_gru)(REAL *gates, int64_t pad, VEC n, VEC z, VEC reset, VEC q)
{
    V(store)(gates, n);
    V(store)(gates + pad, z);
    V(store)(gates + 2 * pad, reset);
    V(store)(gates + 3 * pad, q);
}

RNNCORE_INLINE void FN(store_four)(REAL *to, const FN(four) * sums)
{
    V(store)(to, sums->v0);
    V(store)(to + VLEN, sums->v1);
    V(store)(to + 2 * VLEN, sums->v2);
    V(store)(to + 3 * VLEN, sums->v3);
}

/* LSTM (gates_lstm.inc.h): one block of a row at a time. */
RNNCORE_INLINE void FN(lstm_beside)(const int rows, const rnncore_step *s, const FN(due) * due,
                                    FN(product_ahead) * p, int64_t free)
{
    const int64_t pad = s->padded, unit = due->block * VLEN, columns = free / (6 * rows);
    for (int r = 0; r < rows && due->blocks > 0; r++) {
        const REAL *t = due->sums + r * FN(WAITING_ROW);
        REAL *gates = due->gates + r * s->ldg + unit;
        const int64_t state = r * s->ldh + unit;
        V(parts) i = V(sigmoid_reduce)(V(load)(gates) + V(load)(t));
        V(parts) f = V(sigmoid_reduce)(V(load)(gates + pad) + V(load)(t + VLEN));
        V(parts) g = V(tanh_reduce)(V(load)(gates + 2 * pad) + V(load)(t + 2 * VLEN));
        V(parts) o = V(sigmoid_reduce)(V(load)(gates + 3 * pad) + V(load)(t + 3 * VLEN));
        FN(advance)(rows, p, columns);
        i = V(sigmoid_polynomial)(i);
        f = V(sigmoid_polynomial)(f);
        g = V(tanh_polynomial)(g);
        o = V(sigmoid_polynomial)(o);
        FN(advance)(rows, p, columns);
        const VEC of_i = V(sigmoid_quotient)(i), of_f = V(sigmoid_quotient)(f);
        const VEC of_g = V(tanh_quotient)(g), of_o = V(sigmoid_quotient)(o);
        if (s->store_tape) {
            V(store)(gates, of_i);
            V(store)(gates + pad, of_f);
            V(store)(gates + 2 * pad, of_g);
            V(store)(gates + 3 * pad, of_o);
        }
        FN(advance)(rows, p, columns);
        const VEC c = V(fma)(of_f, V(load)(due->c_in + state), of_i * of_g);
        V(store)(due->c_out + state, c);
        V(parts) of_c = V(tanh_reduce)(c);
        FN(advance)(rows, p, columns);
        of_c = V(tanh_polynomial)(of_c);
        FN(advance)(rows, p, columns);
        V(store)(due->h_out + state, of_o * V(tanh_quotient)(of_c));
        FN(advance)(rows, p, columns);
    }
}

/* Where a block of units of a row is; the place-th of those that are due, row by row. */
typedef struct FN(unit_block) {
    const REAL *sums;
    REAL *gates;
    int64_t state, unit;
} FN(unit_block);

RNNCORE_INLINE FN(unit_block) FN(block_due)(const int rows, const rnncore_step *s,
                                            const FN(due) * due, int64_t place, const int gates)
{
    const int64_t row = place % rows, block = place / rows, unit = (due->block + block) * VLEN;
    return (FN(unit_block)){due->sums + row * FN(WAITING_ROW) + block * gates * VLEN,
                            due->gates + row * s->ldg + unit, row * s->ldh + unit, unit};
}

/* GRU with reset_after (gates_gru.inc.h): two blocks at a time, the last one twice where their
 * number is odd. */
RNNCORE_INLINE void FN(gru_beside)(const int rows, const rnncore_step *s, const FN(due) * due,
                                   FN(product_ahead) * p, int64_t free)
{
    const int64_t pad = s->padded, count = due->blocks * rows;
    const int64_t columns = free / (3 * count + 3);
    for (int64_t i = 0; i < count; i += 2) {
        const FN(unit_block) a = FN(block_due)(rows, s, due, i, 3);
        const FN(unit_block) b = FN(block_due)(rows, s, due, i + 1 < count ? i + 1 : i, 3);
        V(parts) az = V(sigmoid_reduce)(V(load)(a.gates + pad) + V(load)(a.sums));
        V(parts) ar = V(sigmoid_reduce)(V(load)(a.gates + 2 * pad) + V(load)(a.sums + VLEN));
        V(parts) bz = V(sigmoid_reduce)(V(load)(b.gates + pad) + V(load)(b.sums));
        V(parts) br = V(sigmoid_reduce)(V(load)(b.gates + 2 * pad) + V(load)(b.sums + VLEN));
        FN(advance)(rows, p, columns);
        az = V(sigmoid_polynomial)(az);
        ar = V(sigmoid_polynomial)(ar);
        bz = V(sigmoid_polynomial)(bz);
        br = V(sigmoid_polynomial)(br);
        FN(advance)(rows, p, columns);
        const VEC a_z = V(sigmoid_quotient)(az), a_r = V(sigmoid_quotient)(ar);
        const VEC b_z = V(sigmoid_quotient)(bz), b_r = V(sigmoid_quotient)(br);
        FN(advance)(rows, p, columns);
        const REAL *bias = s->bias;
        const VEC a_q = V(load)(bias + a.unit) + V(load)(a.sums + 2 * VLEN);
        const VEC b_q = V(load)(bias + b.unit) + V(load)(b.sums + 2 * VLEN);
        V(parts) an = V(tanh_reduce)(V(fma)(a_r, a_q, V(load)(a.gates)));
        V(parts) bn = V(tanh_reduce)(V(fma)(b_r, b_q, V(load)(b.gates)));
        FN(advance)(rows, p, columns);
        an = V(tanh_polynomial)(an);
        bn = V(tanh_polynomial)(bn);
        FN(advance)(rows, p, columns);
        const VEC a_n = V(tanh_quotient)(an), b_n = V(tanh_quotient)(bn);
        V(store)(due->h_out + a.state, V(fma)(a_z, V(load)(due->h_in + a.state) - a_n, a_n));
        V(store)(due->h_out + b.state, V(fma)(b_z, V(load)(due->h_in + b.state) - b_n, b_n));
        if (s->store_tape) {
            FN(store_gru)(a.gates, pad, a_n, a_z, a_r, a_q);
            FN(store_gru)(b.gates, pad, b_n, b_z, b_r, b_q);
        }
        FN(advance)(rows, p, columns);
    }
}

/* SimpleRNN (gates_rnn.inc.h), likewise. */
RNNCORE_INLINE void FN(rnn_beside)(const int rows, const rnncore_step *s, const FN(due) * due,
                                   FN(product_ahead) * p, int64_t free)
{
    const int64_t count = due->blocks * rows, columns = free * 2 / (3 * count + 3);
    for (int64_t i = 0; i < count; i += 2) {
        const FN(unit_block) a = FN(block_due)(rows, s, due, i, 1);
        const FN(unit_block) b = FN(block_due)(rows, s, due, i + 1 < count ? i + 1 : i, 1);
        V(parts) ah = V(tanh_reduce)(V(load)(a.gates) + V(load)(a.sums));
        V(parts) bh = V(tanh_reduce)(V(load)(b.gates) + V(load)(b.sums));
        FN(advance)(rows, p, columns);
        ah = V(tanh_polynomial)(ah);
        bh = V(tanh_polynomial)(bh);
        FN(advance)(rows, p, columns);
        V(store)(due->h_out + a.state, V(tanh_quotient)(ah));
        V(store)(due->h_out + b.state, V(tanh_quotient)(bh));
        FN(advance)(rows, p, columns);
    }
}

/* ---- the products, one after another ---- */

/* Begins the product of rows at `a` with the vectors from v on, below `end`, and says how many they
 * are: a panel, or those that stand behind the panels one by one. */
RNNCORE_INLINE int64_t FN(begin_product)(const rnncore_step *s, const REAL *a, int64_t lda,
                                         int64_t v, int64_t end, FN(product_ahead) * p)
{
    const FN(four) zero = {V(zero)(), V(zero)(), V(zero)(), V(zero)()};
    const int64_t vector = s->depth * VLEN;
    const int in_panel = v < s->vectors / PANEL * PANEL;
    const int64_t n = in_panel ? PANEL : end - v, apart = in_panel ? VLEN : vector;
    const REAL *b = (const REAL *)s->packed + v * vector;
    *p = (FN(product_ahead)){.a = a,
                             .b0 = b,
                             .b1 = n > 1 ? b + apart : b,
                             .b2 = n > 2 ? b + 2 * apart : b,
                             .b3 = n > 3 ? b + 3 * apart : b,
                             .lda = lda,
                             .next = in_panel ? PANEL * VLEN : VLEN,
                             .left = s->depth,
                             .row0 = zero,
                             .row1 = zero,
                             .row2 = zero};
    return n;
}

/* The i-th of n groups: from `turn` down to 0, then upwards. Steps take this order and its reverse
 * by turns, so each begins where the one before it ended, with what is still in L1; and at both
 * ends stand groups whose units a product comes to late. */
RNNCORE_INLINE int64_t FN(group_at)(int64_t i, int64_t n)
{
    const int64_t turn = n - 2 < 4 ? n - 2 : 4;
    return i <= turn ? turn - i : i;
}

/* The rows of a step, one of those that follow each other; nothing is due yet. */
RNNCORE_INLINE FN(due) FN(rows_of_step)(const rnncore_step *s, int64_t step, const REAL *sums)
{
    const int64_t row = s->row_begin, state = row * s->ldh;
    FN(due) of = {.sums = sums};
    of.gates = (REAL *)s->gates + step * s->gates_step + row * s->ldg;
    of.h_out = (REAL *)s->h_out + step * s->h_step + state;
    of.h_in = step == 0 ? (const REAL *)s->h_in + state : of.h_out - s->h_step;
    if (s->op == RNNCORE_OP_LSTM_FORWARD) {
        of.c_out = (REAL *)s->c_out + step * s->c_step + state;
        of.c_in = step == 0 ? (const REAL *)s->c_in + state : of.c_out - s->c_step;
    }
    return of;
}

RNNCORE_INLINE void FN(gates_beside)(const int rows, const rnncore_op op, const rnncore_step *s,
                                     const FN(due) * due, FN(product_ahead) * p, int64_t free)
{
    if (op == RNNCORE_OP_LSTM_FORWARD) {
        FN(lstm_beside)(rows, s, due, p, free);
    } else if (op == RNNCORE_OP_GRU_FORWARD) {
        FN(gru_beside)(rows, s, due, p, free);
    } else {
        FN(rnn_beside)(rows, s, due, p, free);
    }
}

RNNCORE_INLINE void FN(store_sums)(const int rows, const FN(product_ahead) * p, REAL *to)
{
    FN(store_four)(to, &p->row0);
    if (rows > 1) {
        FN(store_four)(to + FN(WAITING_ROW), &p->row1);
    }
    if (rows > 2) {
        FN(store_four)(to + 2 * FN(WAITING_ROW), &p->row2);
    }
}

RNNCORE_INLINE void FN(steps_beside)(const int rows, const rnncore_op op, const int gates,
                                     const rnncore_step *s)
{
    REAL sums[BESIDE_ROWS * FN(WAITING_ROW)] __attribute__((aligned(64)));
    const int64_t steps = s->steps > 0 ? s->steps : 1;
    const int64_t groups = s->group_end - s->group_begin, group_vectors = s->group_blocks * gates;
    FN(due) due = {.blocks = 0};
    for (int64_t step = 0; step <= steps; step++) {
        const int after = step == steps; /* one round more for the last gate equations */
        FN(due) here = FN(rows_of_step)(s, after ? step - 1 : step, sums);
        for (int64_t i = 0; i < groups; i++) {
            const int64_t at = (s->reverse ^ (step & 1)) ? groups - 1 - i : i;
            const int64_t group = s->group_begin + FN(group_at)(at, groups);
            const int64_t first = group * group_vectors;
            const int64_t end =
                first + group_vectors < s->vectors ? first + group_vectors : s->vectors;
            for (int64_t v = first, n; v < end; v += n) {
                FN(product_ahead) p;
                const REAL *a = step == 0 ? (const REAL *)s->a + s->row_begin * s->lda : here.h_in;
                n = FN(begin_product)(s, a, step == 0 ? s->lda : s->ldh, v, end, &p);
                int64_t free = i == 0 && v == first ? due.block * VLEN : s->depth;
                free = free < s->depth ? free : s->depth;
                p.left = after ? 0 : s->depth;
                FN(gates_beside)(rows, op, s, &due, &p, after ? 0 : free);
                if (after) {
                    return;
                }
                FN(advance)(rows, &p, p.left);
                FN(store_sums)(rows, &p, sums + (v - first) * VLEN);
                due = here;
                due.block = v / gates;
                due.blocks = (v + n) / gates - due.block;
                due.sums = sums + (due.block * gates - first) * VLEN;
            }
        }
    }
}

#define DEFINE_BESIDE(rows)                                                                        \
    static void FN(lstm_beside_##rows)(const rnncore_step *s)                                      \
    {                                                                                              \
        FN(steps_beside)(rows, RNNCORE_OP_LSTM_FORWARD, 4, s);                                     \
    }                                                                                              \
    static void FN(gru_beside_##rows)(const rnncore_step *s)                                       \
    {                                                                                              \
        FN(steps_beside)(rows, RNNCORE_OP_GRU_FORWARD, 3, s);                                      \
    }                                                                                              \
    static void FN(rnn_beside_##rows)(const rnncore_step *s)                                       \
    {                                                                                              \
        FN(steps_beside)(rows, RNNCORE_OP_RNN_FORWARD, 1, s);                                      \
    }

typedef void (*FN(beside_fn))(const rnncore_step *s);
DEFINE_BESIDE(1)
#if BESIDE_ROWS > 1
DEFINE_BESIDE(2)
DEFINE_BESIDE(3)
#define BESIDE(cell) {FN(cell##_1), FN(cell##_2), FN(cell##_3)}
#else
#define BESIDE(cell) {FN(cell##_1)}
#endif
static const FN(beside_fn)
    FN(beside)[3][BESIDE_ROWS] = {BESIDE(lstm_beside), BESIDE(gru_beside), BESIDE(rnn_beside)};
#undef BESIDE
#undef DEFINE_BESIDE

/* The function for a step of few rows, all in one tile; or NULL. */
RNNCORE_INLINE FN(beside_fn) FN(find_beside)(const rnncore_step *s)
{
    const int64_t rows = s->row_end - s->row_begin;
    if (s->generic || s->sums != NULL || rows > BESIDE_ROWS || rows > s->row_block ||
        s->row_low > s->row_begin || (rows == 1 && s->depth > FN(BESIDE_DEPTH))) {
        return NULL;
    }
    switch (s->op) {
    case RNNCORE_OP_LSTM_FORWARD:
        return FN(beside)[0][rows - 1];
    case RNNCORE_OP_GRU_FORWARD:
        return FN(beside)[1][rows - 1];
    case RNNCORE_OP_RNN_FORWARD:
        return FN(beside)[2][rows - 1];
    default:
        return NULL;
    }
}
