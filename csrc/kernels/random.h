/* Random bits from a key and a counter, without state: any thread makes any part of the stream.
 *
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"):
 * additions, rotations and exclusive ors of 32-bit words, so every ISA gives the same bits. */
#ifndef RNNCORE_KERNELS_RANDOM_H
#define RNNCORE_KERNELS_RANDOM_H

#include "kernels/vec.h"

#define RNNCORE_RANDOM_BLOCK 64

RNNCORE_INLINE vu32 rnncore_rotate(vu32 x, int bits)
{
    return (x << bits) | (x >> (32 - bits));
}

/* Words 64*block .. 64*block + 63 of the stream (key, call). Counter 32*block + j gives the words
 * j and 32 + j. */
RNNCORE_INLINE void rnncore_random_block(uint64_t key, uint32_t call, uint32_t block,
                                         uint32_t words[RNNCORE_RANDOM_BLOCK])
{
    static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
    const uint32_t keys[3] = {(uint32_t)key, (uint32_t)(key >> 32),
                              (uint32_t)key ^ (uint32_t)(key >> 32) ^ 0x1BD11BDAu};
    for (uint32_t j = 0; j < RNNCORE_RANDOM_BLOCK / 2; j += RNNCORE_VLEN_F32) {
        vu32 a, b = call + keys[1] - (vu32){0};
        for (uint32_t lane = 0; lane < RNNCORE_VLEN_F32; lane++) {
            a[lane] = 32 * block + j + lane;
        }
        a += keys[0];
        for (uint32_t group = 0; group < 5; group++) {
            for (int round = 0; round < 4; round++) {
                a += b;
                b = rnncore_rotate(b, rotations[4 * (group % 2) + round]) ^ a;
            }
            a += keys[(group + 1) % 3];
            b += keys[(group + 2) % 3] + group + 1;
        }
        memcpy(words + j, &a, sizeof a);
        memcpy(words + RNNCORE_RANDOM_BLOCK / 2 + j, &b, sizeof b);
    }
}

#endif
