/* A template: dtypes.inc.h says what it is included with. */

/* One step: the product of the rows of `s` with the packed matrix, unit group by unit group, each
 * followed by the gate equations on the sums that were computed. */

/* Sums wait in L1 until there are enough of them: the gate equations are long chains of operations,
 * and only many of them side by side keep the units busy. */
enum { FN(WAITING_VECTORS) = 128, FN(WAITING_BLOCKS) = 16 };

/* out = bias + a B, or mask * (a B), added to out with add_carry */
RNNCORE_INLINE void FN(store_tile)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                   int64_t blocks, const FN(sums) * sums)
{
    const REAL *bias = s->bias, *mask = s->mask;
    for (int r = 0; r < m; r++) {
        REAL *out = (REAL *)s->out + (row + r) * s->ldo + block * VLEN;
        for (int64_t b = 0; b < blocks; b++) {
            VEC t = V(load)(sums->at + r * sums->row + b * sums->block);
            if (mask != NULL) {
                t *= V(load)(mask + (row + r) * s->ldm + (block + b) * VLEN);
            }
            if (bias != NULL) {
                t += V(load)(bias + (block + b) * VLEN);
            }
            if (s->add_carry) {
                t += V(load)(out + b * VLEN);
            }
            V(store)(out + b * VLEN, t);
        }
    }
}

/* The gate equations of a direction, a constant: the other one's are not compiled into it. */
RNNCORE_INLINE void FN(finish)(const rnncore_step *s, int64_t row, int m, int64_t block,
                               int64_t blocks, const FN(sums) * sums, const int backward,
                               const int generic)
{
    if (s->op == RNNCORE_OP_STORE) {
        FN(store_tile)(s, row, m, block, blocks, sums);
    } else if (backward) {
        switch (s->op) {
        case RNNCORE_OP_RNN_BACKWARD:
            FN(rnn_backward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_LSTM_BACKWARD:
            FN(lstm_backward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU_BACKWARD:
            FN(gru_backward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU1_BACKWARD_GATES:
            FN(gru1_backward_gates)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU1_BACKWARD_RESET:
            FN(gru1_backward_reset)(s, row, m, block, blocks, sums, generic);
            break;
        default:
            break;
        }
    } else {
        switch (s->op) {
        case RNNCORE_OP_RNN_FORWARD:
            FN(rnn_forward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_LSTM_FORWARD:
            FN(lstm_forward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU_FORWARD:
            FN(gru_forward)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU1_GATES:
            FN(gru1_gates)(s, row, m, block, blocks, sums, generic);
            break;
        case RNNCORE_OP_GRU1_CANDIDATE:
            FN(gru1_candidate)(s, row, m, block, blocks, sums, generic);
            break;
        default:
            break;
        }
    }
}

static __attribute__((noinline)) void FN(finish_generic)(const rnncore_step *s, int64_t row, int m,
                                                         int64_t block, int64_t blocks,
                                                         const FN(sums) * sums)
{
    FN(finish)(s, row, m, block, blocks, sums, 0, 1);
}

static __attribute__((noinline)) void FN(finish_generic_back)(const rnncore_step *s, int64_t row,
                                                              int m, int64_t block, int64_t blocks,
                                                              const FN(sums) * sums)
{
    FN(finish)(s, row, m, block, blocks, sums, 1, 1);
}

RNNCORE_INLINE void FN(finish_tile)(const rnncore_step *s, int64_t row, int m, int64_t block,
                                    int64_t blocks, const FN(sums) * sums, const int backward,
                                    const int generic)
{
    if (!generic) {
        FN(finish)(s, row, m, block, blocks, sums, backward, 0);
    } else if (backward) {
        FN(finish_generic_back)(s, row, m, block, blocks, sums);
    } else {
        FN(finish_generic)(s, row, m, block, blocks, sums);
    }
}

/* Few rows take several groups at a time: for the panels that their tile multiplies together, and
 * for enough sums. One row waits for its weights, and the gate equations of one span fill that
 * time. Many rows keep to one group, whose panels then stay in L1. */
RNNCORE_INLINE int64_t FN(groups_at_once)(int64_t rows, int64_t group_blocks, int64_t group_vectors)
{
    if (rows <= 0 || rows > ROW_TILE) {
        return 1;
    }
    const int64_t panels = group_vectors / PANEL;
    const int64_t span = (FN(panels_at_once)[rows - 1] + panels - 1) / panels;
    const int64_t enough = rows == 1 ? 1 : FN(WAITING_BLOCKS) / (rows * group_blocks);
    const int64_t room = FN(WAITING_VECTORS) / (rows * group_vectors);
    const int64_t wanted = span < enough ? enough : span;
    return wanted < room ? wanted : room;
}

RNNCORE_INLINE void FN(run_step)(const rnncore_step *s, const int backward, const int generic)
{
    if (s->sums != NULL) {
        const FN(sums) given = {s->sums, 0, VLEN, s->sums_gate};
        FN(finish_tile)(s, s->row_begin, 1, 0, (s->units + VLEN - 1) / VLEN, &given, backward,
                        generic);
        return;
    }
    REAL waiting[FN(WAITING_VECTORS) * VLEN] __attribute__((aligned(64)));
    const int gates = rnncore_op_gates(s->op);
    const int64_t group_vectors = s->group_blocks * gates;
    const FN(operand) op = {s->lda, 1, s->segments, s->segment_stride, s->depth};
    const int64_t rows = s->row_end - s->row_begin;
    const int64_t groups = s->group_end - s->group_begin;
    const int64_t span = FN(groups_at_once)(rows, s->group_blocks, group_vectors);
    const int64_t spans = (groups + span - 1) / span;
    const int64_t most = FN(WAITING_VECTORS) / (span * group_vectors);
    for (int64_t i = 0; i < spans; i++) {
        const int64_t group = s->group_begin + (s->reverse ? spans - 1 - i : i) * span;
        const int64_t first = group * group_vectors;
        int64_t last = (group + span < s->group_end ? group + span : s->group_end) * group_vectors;
        if (last > s->vectors) {
            last = s->vectors;
        }
        const int64_t ldt = (last - first) * VLEN;
        const FN(sums) sums = {waiting, ldt, gates * VLEN, VLEN};
        const REAL *a = s->a;
        for (int64_t block = s->row_begin; block < s->row_end; block += s->row_stride) {
            const int64_t end =
                block + s->row_block < s->row_end ? block + s->row_block : s->row_end;
            int64_t row = block > s->row_low ? block : s->row_low;
            int64_t tiles = (end - row + ROW_TILE - 1) / ROW_TILE;
            int ready = 0;
            for (; row < end; tiles--) {
                const int m = (int)((end - row + tiles - 1) / tiles);
                FN(multiply)(m, &op, a + row * s->lda, s->packed, s->vectors, first, last,
                             waiting + ready * ldt, ldt);
                row += m;
                ready += m;
                if (row == end || ready + ROW_TILE > most) {
                    FN(finish_tile)(s, row - ready, ready, first / gates, (last - first) / gates,
                                    &sums, backward, generic);
                    ready = 0;
                }
            }
            a += s->a_skipped * s->lda;
        }
    }
}

static __attribute__((noinline)) void FN(step_generic)(const rnncore_step *s)
{
    FN(run_step)(s, 0, 1);
}

static __attribute__((noinline)) void FN(step_generic_back)(const rnncore_step *s)
{
    FN(run_step)(s, 1, 1);
}

static void FN(one_step)(const rnncore_step *s)
{
    if (s->generic) {
        FN(step_generic)(s);
    } else {
        FN(run_step)(s, 0, 0);
    }
}

static void FN(step_back)(const rnncore_step *s)
{
    if (s->generic) {
        FN(step_generic_back)(s);
    } else {
        FN(run_step)(s, 1, 0);
    }
}

static void FN(step)(const rnncore_step *s)
{
#if BESIDE_ROWS > 0
    const FN(beside_fn) beside = FN(find_beside)(s);
    if (beside != NULL) {
        beside(s);
        return;
    }
#endif
    FN(one_step)(s);
    if (s->steps > 1) {
        rnncore_step next = *s;
        for (int64_t i = 1; i < s->steps; i++) {
            next.reverse = !next.reverse;
            next.a = next.h_in = next.h_out;
            next.lda = next.ldh;
            next.c_in = next.c_out;
            next.gates = (REAL *)next.gates + s->gates_step;
            next.h_out = (REAL *)next.h_out + s->h_step;
            if (next.c_out != NULL) {
                next.c_out = (REAL *)next.c_out + s->c_step;
            }
            FN(one_step)(&next);
        }
    }
}
