/* pattern.c: blocks that know who they are. */
#include "bench/load/pattern.h"

#include <string.h>

#include "core/bytes.h"

#define GOLDEN 0x9e3779b97f4a7c15ull /* 2^64 divided by the golden ratio: steps that spread */

/* Every bit of the result depends on every bit of X. */
static inline uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static inline uint64_t
word(uint64_t lba, uint64_t generation, uint32_t i)
{
    if (i == 0)
        return lba;
    if (i == 1)
        return generation;
    return mix(lba * GOLDEN + generation) + i * GOLDEN;
}

void
pattern_fill(uint8_t *block, uint32_t block_size, uint64_t lba, uint64_t generation)
{
    for (uint32_t i = 0; i < block_size / 8; i++)
        put_be64(block + (size_t)i * 8, word(lba, generation, i));
}

uint32_t
pattern_check(const uint8_t *block, uint32_t block_size, uint64_t lba, uint64_t generation)
{
    uint8_t right[8];
    uint32_t wrong;

    for (uint32_t i = 0; i < block_size / 8; i++) {
        put_be64(right, word(lba, generation, i));
        if (memcmp(block + (size_t)i * 8, right, 8) == 0)
            continue;
        for (wrong = i * 8; block[wrong] == right[wrong - i * 8];)
            wrong++;
        return wrong;
    }
    return block_size;
}

void
pattern_name(const uint8_t *block, uint64_t *lba, uint64_t *generation)
{
    *lba = get_be64(block);
    *generation = get_be64(block + 8);
}
