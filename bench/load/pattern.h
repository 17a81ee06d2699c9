/*
 * pattern.h: what a block holds after its Nth write, so that a block that is read says whether
 * it is the right one and the latest. Pure; any thread.
 */
#ifndef BENCH_LOAD_PATTERN_H
#define BENCH_LOAD_PATTERN_H

#include <stdint.h>

/* Fills a block: its LBA, then GENERATION, then numbers that follow from both. BLOCK_SIZE is a
 * multiple of 8 and at least 16. */
void pattern_fill(uint8_t *block, uint32_t block_size, uint64_t lba, uint64_t generation);

/* The offset of the first wrong byte of a block, BLOCK_SIZE where all are right. */
uint32_t pattern_check(const uint8_t *block, uint32_t block_size, uint64_t lba,
                       uint64_t generation);

/* What the block says of itself, whether or not that is true. */
void pattern_name(const uint8_t *block, uint64_t *lba, uint64_t *generation);

#endif
