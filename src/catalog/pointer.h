/* pointer.h: JSON pointers (RFC 6901) in buffers of a fixed size. Pure; any thread. */
#ifndef CATALOG_POINTER_H
#define CATALOG_POINTER_H

#include <stddef.h>

/* Enough for the longest names that the configuration can have, with every letter escaped. */
#define POINTER_MAX 1200

/*
 * Appends "/" and STEP, with '~' and '/' escaped, to PATH of SIZE bytes; cut where it does not
 * fit. Returns the length PATH had: path[it] = '\0' goes back up.
 */
size_t pointer_enter(char *path, size_t size, const char *step);

#endif
