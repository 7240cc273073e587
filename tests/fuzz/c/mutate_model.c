/* Mutations of model files that keep what a blind one destroys at once: the magic, the counts and
 * sizes of the header, the numbers of values and tensors. A file is taken apart into its records,
 * these are changed, and it is put together again; sometimes bytes are changed anywhere. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/node.h"
#include "runtime/program.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed);

enum { MOST = 32, MOST_OPERANDS = 12, MOST_TENSOR = 2048, FRONT = 64 };

typedef struct tensor {
    rnncore_program_tensor record;
    size_t bytes;
    uint8_t data[MOST_TENSOR];
} tensor;

typedef struct node {
    rnncore_program_node record;
    int32_t operand[MOST_OPERANDS]; /* inputs, then tensors */
} node;

typedef struct program {
    rnncore_program_header header;
    rnncore_program_input input[MOST];
    rnncore_program_output output[MOST];
    tensor tensor[MOST];
    node node[MOST];
    int32_t inputs, outputs, tensors, nodes;
} program;

/* ---- chance ---------------------------------------------------------------------------------- */

static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 17;
    chance_state ^= chance_state << 5;
    return below == 0 ? 0 : chance_state % below;
}

static void begin(unsigned seed)
{
    chance_state = seed * 2654435761u + 1;
    chance_state += chance_state == 0;
}

static int64_t number(void)
{
    static const int64_t odd[] = {-1,        0,         1,         2,         3,         4,
                                  -2,        7,         8,         9,         10,        16,
                                  63,        64,        65,        255,       INT32_MAX, INT32_MIN,
                                  INT64_MAX, INT64_MIN, 1LL << 32, 1LL << 62, -(1 << 16)};
    return chance(8) == 0 ? odd[chance(sizeof odd / sizeof odd[0])] : (int64_t)chance(7) - 1;
}

static void change_number(int64_t *n)
{
    switch (chance(4)) {
    case 0:
        *n = (int64_t)((uint64_t)*n + 1);
        break;
    case 1:
        *n = (int64_t)((uint64_t)*n - 1);
        break;
    default:
        *n = number();
    }
}

/* ---- taking apart ---------------------------------------------------------------------------- */

typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

/* The next `size` bytes; 0 if there are not so many. */
static int get(bytes *from, void *to, size_t size)
{
    if ((size_t)(from->end - from->at) < size) {
        return 0;
    }
    memcpy(to, from->at, size);
    from->at += size;
    return 1;
}

static int get_tensor_data(const uint8_t *start, size_t size, tensor *t)
{
    size_t numbers = 1;
    if (t->record.rank < 0 || t->record.rank > 8) {
        return 0;
    }
    for (int32_t axis = 0; axis < t->record.rank; axis++) {
        if (t->record.shape[axis] < 0 || t->record.shape[axis] > MOST_TENSOR) {
            return 0;
        }
        numbers *= (size_t)t->record.shape[axis];
        if (numbers > MOST_TENSOR) {
            return 0;
        }
    }
    t->bytes = numbers * rnncore_type_bytes(t->record.type);
    if (t->bytes > MOST_TENSOR || t->record.offset > size || size - t->record.offset < t->bytes) {
        return 0;
    }
    memcpy(t->data, start + t->record.offset, t->bytes);
    return 1;
}

static int take_apart(const uint8_t *data, size_t size, program *p)
{
    uint64_t json;
    bytes from = {data, data + size};
    if (!get(&from, &json, sizeof json) || json > size - sizeof json) {
        return 0;
    }
    from.at += json;
    const uint8_t *start = from.at;
    const rnncore_program_header *h = &p->header;
    if (!get(&from, &p->header, sizeof p->header) || h->inputs > MOST || h->outputs > MOST ||
        h->tensors > MOST || h->nodes > MOST || h->operands > MOST * MOST_OPERANDS) {
        return 0;
    }
    p->inputs = (int32_t)h->inputs;
    p->outputs = (int32_t)h->outputs;
    p->tensors = (int32_t)h->tensors;
    p->nodes = (int32_t)h->nodes;
    if (!get(&from, p->input, h->inputs * sizeof *p->input) ||
        !get(&from, p->output, h->outputs * sizeof *p->output)) {
        return 0;
    }
    for (int32_t i = 0; i < p->tensors; i++) {
        if (!get(&from, &p->tensor[i].record, sizeof p->tensor[i].record) ||
            !get_tensor_data(start, (size_t)(from.end - start), &p->tensor[i])) {
            return 0;
        }
    }
    for (int32_t i = 0; i < p->nodes; i++) {
        if (!get(&from, &p->node[i].record, sizeof p->node[i].record)) {
            return 0;
        }
    }
    int32_t operands[MOST * MOST_OPERANDS];
    if (!get(&from, operands, h->operands * sizeof *operands)) {
        return 0;
    }
    for (int32_t i = 0; i < p->nodes; i++) {
        const rnncore_program_node *n = &p->node[i].record;
        if (n->inputs < 0 || n->tensors < 0 || n->outputs < 0 ||
            n->outputs > RNNCORE_NODE_OUTPUTS + 1 || n->inputs > MOST_OPERANDS ||
            n->tensors > MOST_OPERANDS - n->inputs || n->operand > h->operands ||
            (uint32_t)(n->inputs + n->tensors) > h->operands - n->operand) {
            return 0;
        }
        memcpy(p->node[i].operand, operands + n->operand,
               (size_t)(n->inputs + n->tensors) * sizeof *operands);
    }
    return 1;
}

/* ---- putting together ------------------------------------------------------------------------ */

/* Appends bytes and zeros up to a multiple of `step`; *at grows even where there is no room. */
static void put(uint8_t *out, size_t most, size_t *at, const void *from, size_t size, size_t step)
{
    const size_t end = (*at + size + step - 1) / step * step;
    if (end <= most) {
        memset(out + *at, 0, end - *at);
        if (size > 0) {
            memcpy(out + *at, from, size);
        }
    }
    *at = end;
}

/* Returns the size; 0 if it does not fit. */
static size_t put_together(program *p, uint8_t *out, size_t most)
{
    uint8_t front[FRONT] = {FRONT - 8, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    memset(front + 10, ' ', sizeof front - 10);
    int32_t operands[MOST * MOST_OPERANDS];
    uint32_t count = 0;
    for (int32_t i = 0; i < p->nodes; i++) {
        node *n = &p->node[i];
        const uint32_t some = (uint32_t)(n->record.inputs + n->record.tensors);
        n->record.operand = count;
        memcpy(operands + count, n->operand, some * sizeof *operands);
        count += some;
    }
    rnncore_program_header *h = &p->header;
    h->inputs = (uint32_t)p->inputs;
    h->outputs = (uint32_t)p->outputs;
    h->tensors = (uint32_t)p->tensors;
    h->nodes = (uint32_t)p->nodes;
    h->operands = count;
    h->text_bytes = 4;
    size_t at = FRONT + sizeof *h + h->inputs * sizeof *p->input + h->outputs * sizeof *p->output +
                h->tensors * sizeof p->tensor->record + h->nodes * sizeof p->node->record +
                (count + 1) / 2 * 8 + 8;
    h->program_bytes = (at + 63) / 64 * 64 - FRONT;
    at = h->program_bytes;
    for (int32_t i = 0; i < p->tensors; i++) {
        p->tensor[i].record.offset = at;
        at += p->tensor[i].bytes;
    }
    h->data_bytes = at;
    at = 0;
    put(out, most, &at, front, sizeof front, 1);
    put(out, most, &at, h, sizeof *h, 1);
    put(out, most, &at, p->input, h->inputs * sizeof *p->input, 1);
    put(out, most, &at, p->output, h->outputs * sizeof *p->output, 1);
    for (int32_t i = 0; i < p->tensors; i++) {
        put(out, most, &at, &p->tensor[i].record, sizeof p->tensor[i].record, 1);
    }
    for (int32_t i = 0; i < p->nodes; i++) {
        put(out, most, &at, &p->node[i].record, sizeof p->node[i].record, 1);
    }
    put(out, most, &at, operands, count * sizeof *operands, 8);
    put(out, most, &at, "x\0y", 4, 64);
    for (int32_t i = 0; i < p->tensors; i++) {
        put(out, most, &at, p->tensor[i].data, p->tensor[i].bytes, 1);
    }
    return at <= most ? at : 0;
}

/* ---- mutations ------------------------------------------------------------------------------- */

static int32_t values_before(const program *p, int32_t i)
{
    int32_t count = p->inputs;
    for (int32_t j = 0; j < i; j++) {
        count += p->node[j].record.outputs;
    }
    return count;
}

/* Values from `first` on move by so many; those that vanish become the one before them. What is no
 * value stays what it is. */
static void move_value(int32_t *value, int32_t first, int32_t by)
{
    if (*value >= first && *value <= MOST * (RNNCORE_NODE_OUTPUTS + 2)) {
        *value = *value + by >= first ? *value + by : first - 1;
    }
}

static void renumber(program *p, int32_t first, int32_t by)
{
    for (int32_t i = 0; i < p->nodes; i++) {
        for (int32_t j = 0; j < p->node[i].record.inputs; j++) {
            move_value(&p->node[i].operand[j], first, by);
        }
    }
    for (int32_t i = 0; i < p->outputs; i++) {
        move_value(&p->output[i].value, first, by);
        move_value(&p->output[i].mask, first, by);
    }
}

static void insert_node(program *p, const node *new, int32_t at)
{
    if (p->nodes < MOST) {
        renumber(p, values_before(p, at), new->record.outputs);
        memmove(&p->node[at + 1], &p->node[at], (size_t)(p->nodes - at) * sizeof *p->node);
        p->node[at] = *new;
        p->nodes++;
    }
}

static void remove_node(program *p, int32_t i)
{
    const int32_t first = values_before(p, i), outputs = p->node[i].record.outputs;
    memmove(&p->node[i], &p->node[i + 1], (size_t)(p->nodes - i - 1) * sizeof *p->node);
    p->nodes--;
    renumber(p, first, -outputs);
}

/* A value that node i can read, most often a late one. */
static int32_t some_value(const program *p, int32_t i)
{
    const uint32_t before = (uint32_t)values_before(p, i);
    if (chance(12) == 0) {
        return -1;
    }
    return (int32_t)(before - 1 -
                     (chance(2) == 0 ? chance(before < 3 ? before : 3) : chance(before)));
}

static void change_operands(program *p, int32_t i)
{
    node *n = &p->node[i];
    const uint32_t count = (uint32_t)(n->record.inputs + n->record.tensors);
    if (chance(4) == 0 && count < MOST_OPERANDS) { /* one more */
        if (chance(2) == 0) {
            memmove(n->operand + n->record.inputs + 1, n->operand + n->record.inputs,
                    (size_t)n->record.tensors * sizeof *n->operand);
            n->operand[n->record.inputs++] = some_value(p, i);
        } else {
            n->operand[count] = (int32_t)chance((uint32_t)p->tensors + 1) - 1;
            n->record.tensors++;
        }
    } else if (chance(8) == 0 && count > 0) { /* one less */
        *(n->record.tensors > 0 ? &n->record.tensors : &n->record.inputs) -= 1;
    } else if (count > 0) {
        const uint32_t j = chance(count);
        n->operand[j] = j < (uint32_t)n->record.inputs
                            ? some_value(p, i)
                            : (int32_t)chance((uint32_t)p->tensors + 1) - 1;
    }
}

static void change_node(program *p)
{
    static const double odd[] = {0, 1, -1, 0.5, 1e300, -1e-300, 1e308 * 10};
    if (p->nodes == 0) {
        return;
    }
    const int32_t i = (int32_t)chance((uint32_t)p->nodes);
    node copy = p->node[i], *n = &p->node[i];
    switch (chance(12)) {
    case 0: /* any kind of those that there may be */
        n->record.kind = (int32_t)chance(48);
        break;
    case 1:
        n->record.numbers[chance(3)] = odd[chance(sizeof odd / sizeof odd[0])];
        break;
    case 2:
        remove_node(p, i);
        break;
    case 3: { /* a copy, somewhere behind the original, of what stands just before */
        const int32_t at = i + 1 + (int32_t)chance((uint32_t)(p->nodes - i));
        for (int32_t j = 0; j < copy.record.inputs && chance(2) == 0; j++) {
            copy.operand[j] = some_value(p, at);
        }
        insert_node(p, &copy, at);
        break;
    }
    case 4: { /* between what stood before it and those that read it */
        copy.record.kind = (int32_t)chance(48);
        copy.record.inputs = copy.record.outputs = 1;
        copy.record.tensors = 0;
        copy.operand[0] = values_before(p, i + 1) - 1;
        insert_node(p, &copy, i + 1);
        break;
    }
    case 5:
        if (chance(8) == 0) {
            renumber(p, values_before(p, i + 1), 1);
            n->record.outputs += n->record.outputs <= RNNCORE_NODE_OUTPUTS;
        }
        break;
    case 6:
    case 7:
    case 8:
        change_operands(p, i);
        break;
    default:
        change_number(&n->record.attributes[chance(chance(3) == 0 ? 12 : 6)]);
    }
}

static void change_input(program *p)
{
    rnncore_program_input *x = &p->input[chance((uint32_t)p->inputs)];
    switch (chance(6)) {
    case 0:
        x->type = (int32_t)chance(4);
        break;
    case 1:
        x->rank = (int32_t)chance(9);
        break;
    case 2:
        if (p->inputs < MOST && chance(2) == 0) {
            renumber(p, p->inputs, 1);
            p->input[p->inputs++] = *x;
        } else if (p->inputs > 1) {
            p->inputs--;
            renumber(p, p->inputs, -1);
        }
        break;
    default:
        change_number(&x->shape[chance(4)]);
    }
}

static void change_output(program *p)
{
    rnncore_program_output *y = &p->output[chance((uint32_t)p->outputs)];
    switch (chance(3)) {
    case 0:
        y->mask = some_value(p, p->nodes);
        break;
    case 1:
        if (p->outputs < MOST && chance(2) == 0) {
            p->output[p->outputs] = *y;
            p->output[p->outputs++].value = some_value(p, p->nodes);
        } else {
            p->outputs = 1;
        }
        break;
    default:
        y->value = some_value(p, p->nodes);
    }
}

/* Gives a tensor as many bytes as its shape says, where that is a size to try. */
static void fit_data(tensor *t)
{
    size_t numbers = 1;
    for (int32_t axis = 0; axis < t->record.rank; axis++) {
        const int64_t size = t->record.shape[axis];
        if (size < 0 || size > MOST_TENSOR || numbers * (size_t)size > MOST_TENSOR / 8) {
            return;
        }
        numbers *= (size_t)size;
    }
    const size_t wanted = numbers * rnncore_type_bytes(t->record.type);
    for (; t->bytes < wanted; t->bytes++) {
        t->data[t->bytes] = t->bytes % 4 == 3 ? 62 : (uint8_t)chance(256);
    }
    t->bytes = wanted;
}

static void change_tensor(program *p)
{
    if (p->tensors == 0) {
        return;
    }
    tensor *t = &p->tensor[chance((uint32_t)p->tensors)];
    switch (chance(6)) {
    case 0:
        t->record.type = (int32_t)chance(4);
        fit_data(t);
        break;
    case 1:
        t->record.rank = (int32_t)chance(4);
        fit_data(t);
        break;
    case 2:
        if (p->tensors < MOST) {
            p->tensor[p->tensors++] = *t;
        }
        break;
    case 3:
        t->data[chance((uint32_t)t->bytes)] = (uint8_t)chance(256);
        break;
    default:
        change_number(&t->record.shape[chance(3)]);
        fit_data(t);
    }
}

/* All numbers in the other type. */
static void change_dtype(program *p)
{
    const int32_t from = (int32_t)p->header.dtype, to = 1 - from;
    p->header.dtype = (uint32_t)to;
    for (int32_t i = 0; i < p->inputs; i++) {
        p->input[i].type = p->input[i].type == from ? to : p->input[i].type;
    }
    for (int32_t i = 0; i < p->tensors; i++) {
        p->tensor[i].record.type = p->tensor[i].record.type == from ? to : p->tensor[i].record.type;
        fit_data(&p->tensor[i]);
    }
}

static void mutate(program *p)
{
    switch (chance(16)) {
    case 0:
    case 1:
        change_input(p);
        break;
    case 2:
    case 3:
        change_output(p);
        break;
    case 4:
    case 5:
        change_tensor(p);
        break;
    case 6:
        change_dtype(p);
        break;
    default:
        change_node(p);
    }
}

static int is_whole(const program *p)
{
    return p->inputs > 0 && p->outputs > 0 && p->header.dtype <= 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static program p;
    begin(seed);
    if (chance(16) == 0 || !take_apart(data, size, &p) || !is_whole(&p)) {
        return LLVMFuzzerMutate(data, size, most);
    }
    for (uint32_t count = 1 + chance(4); count > 0; count--) {
        mutate(&p);
    }
    const size_t made = put_together(&p, data, most);
    return made > 0 ? made : size;
}

/* The nodes of the second program behind those of the first, with values of the first as inputs,
 * and its outputs. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed)
{
    static program p, q;
    int32_t number_of[MOST + MOST * (RNNCORE_NODE_OUTPUTS + 1)];
    begin(seed);
    if (!take_apart(a, a_size, &p) || !take_apart(b, b_size, &q) || !is_whole(&p) ||
        !is_whole(&q) || p.nodes + q.nodes > MOST || p.tensors + q.tensors > MOST) {
        return 0;
    }
    int32_t known = 0, next = values_before(&p, p.nodes);
    for (; known < q.inputs; known++) {
        number_of[known] = some_value(&p, p.nodes);
    }
    for (int32_t i = 0; i < q.nodes; i++) {
        node n = q.node[i];
        for (int32_t j = 0; j < n.record.inputs; j++) {
            const int32_t value = n.operand[j];
            n.operand[j] = value < 0 || value >= known ? -1 : number_of[value];
        }
        for (int32_t j = 0; j < n.record.tensors; j++) {
            n.operand[n.record.inputs + j] += n.operand[n.record.inputs + j] < 0 ? 0 : p.tensors;
        }
        for (int32_t j = 0; j < n.record.outputs; j++) {
            number_of[known++] = next++;
        }
        p.node[p.nodes++] = n;
    }
    for (int32_t i = 0; i < q.tensors; i++) {
        p.tensor[p.tensors++] = q.tensor[i];
    }
    p.output[0].value = next - 1;
    return put_together(&p, out, most);
}
