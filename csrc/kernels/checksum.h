/* A checksum that tells whether numbers have changed, at the speed at which they are read. Included
 * once for each ISA; the result is only comparable within one. */

typedef uint64_t vu64 __attribute__((vector_size(RNNCORE_VECTOR_BYTES)));
typedef uint64_t vu64_unaligned
    __attribute__((vector_size(RNNCORE_VECTOR_BYTES), aligned(1), may_alias));

enum { CHECKSUM_CHAINS = 4, CHECKSUM_BLOCK = 16 };

/* Each half of a word times the other, and the word itself with its halves swapped. A change of one
 * word always shows; changes of several cancel only if both of these sums do. The key differs from
 * word to word, so that their order counts. */
RNNCORE_INLINE vu64 add_word(vu64 sum, vu64 word, vu64 key)
{
    const vu64 mixed = word ^ key;
    return sum + (mixed & 0xffffffffu) * (mixed >> 32) + ((word << 32) | (word >> 32));
}

/* What earlier words left in high bits reaches low ones. */
RNNCORE_INLINE vu64 scramble(vu64 sum)
{
    sum ^= sum >> 47;
    return (sum & 0xffffffffu) * 0x9e3779b1u + (((sum >> 32) * 0x9e3779b1u) << 32);
}

static uint64_t checksum(size_t bytes, const void *data)
{
    const char *p = data;
    const vu64 step = (vu64){0} + 0x9e3779b97f4a7c15u;
    vu64 sum[CHECKSUM_CHAINS], key = step;
    for (int i = 0; i < CHECKSUM_CHAINS; i++) {
        sum[i] = (vu64){0} + (uint64_t)(bytes + (size_t)i);
    }
    size_t left = bytes;
    for (int block = 0; left >= sizeof sum; left -= sizeof sum, p += sizeof sum, block++) {
        RNNCORE_UNROLL
        for (int i = 0; i < CHECKSUM_CHAINS; i++) {
            sum[i] = add_word(sum[i], *(const vu64_unaligned *)(p + i * (int)sizeof key), key);
            key += step;
        }
        if (block % CHECKSUM_BLOCK == CHECKSUM_BLOCK - 1) {
            RNNCORE_UNROLL
            for (int i = 0; i < CHECKSUM_CHAINS; i++) {
                sum[i] = scramble(sum[i]);
            }
        }
    }
    vu64 rest[CHECKSUM_CHAINS] = {{0}};
    memcpy(rest, p, left);
    uint64_t result = 0;
    for (int i = 0; i < CHECKSUM_CHAINS; i++) {
        sum[i] = scramble(add_word(sum[i], rest[i], key));
        key += step;
        for (size_t lane = 0; lane < sizeof key / sizeof result; lane++) {
            result = (result ^ (result >> 29) ^ sum[i][lane]) * 0x9e3779b97f4a7c15u;
        }
    }
    return result;
}
