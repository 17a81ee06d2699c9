/*
 * iobuf.h: page-aligned data buffers, from a cache per thread.
 *
 * A buffer is counted: a command holds one reference and each queued PDU that points into it
 * another. References are plain integers: a buffer belongs to one worker, and helper
 * threads only read or write its bytes while the worker holds it for them.
 */
#ifndef CORE_IOBUF_H
#define CORE_IOBUF_H

#include <stddef.h>
#include <stdint.h>

#define IOBUF_ALIGNMENT 4096

struct iobuf {
    uint8_t *data;   /* aligned to IOBUF_ALIGNMENT */
    size_t length;   /* bytes in use; the owner sets it */
    size_t capacity; /* at least what was asked for */
    unsigned refs;
};

/* At least SIZE bytes (0 gives a buffer too), contents undefined, `length` = SIZE, one
 * reference. NULL where memory is short. Any thread. */
struct iobuf *iobuf_new(size_t size);
struct iobuf *iobuf_ref(struct iobuf *b);
void iobuf_unref(struct iobuf *b); /* accepts NULL; on the thread that made it */

/* Gives back what this thread keeps for reuse: at the end of a thread, in tests. */
void iobuf_cache_free(void);

#endif
