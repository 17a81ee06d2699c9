/* near.h: which known name was probably meant by one that is not known. Pure; any thread. */
#ifndef CATALOG_NEAR_H
#define CATALOG_NEAR_H

#include <stdbool.h>

/*
 * How many single letters must be put in, taken out, replaced or swapped with their neighbour
 * to turn A into B; a large number for names longer than 64 bytes.
 */
unsigned near_distance(const char *a, const char *b);

/* Whether WANTED may well be a slip for KNOWN: a third of its letters, but at most three. */
bool near_enough(const char *wanted, const char *known);

#endif
