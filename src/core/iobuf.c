/* iobuf.c: page-aligned buffers from a cache per thread. */
#include "core/iobuf.h"

#include <stdlib.h>
#include <sys/queue.h>

/* Size classes are powers of two; what is larger than the last one goes back to the system at
 * once. */
#define CLASS_MIN_SHIFT 12        /* 4 KiB */
#define CLASSES         9         /* up to 1 MiB */
#define CACHED_MAX      (4 << 20) /* bytes that a thread keeps for reuse */

struct cached {
    struct iobuf buf;
    LIST_ENTRY(cached) link;
};
LIST_HEAD(cached_list, cached);

/* Each thread's own: a buffer is made, used and freed by one worker, so no lock is needed. */
static _Thread_local struct cached_list cache[CLASSES];
static _Thread_local size_t cached_bytes;

static unsigned
class_of(size_t size)
{
    unsigned class = 0;

    while (class < CLASSES && ((size_t)1 << (class + CLASS_MIN_SHIFT)) < size)
        class ++;
    return class;
}

static void
free_whole(struct cached *c)
{
    free(c->buf.data);
    free(c);
}

static struct cached *
allocate(size_t capacity)
{
    struct cached *c = malloc(sizeof *c);

    if (c == NULL)
        return NULL;
    c->buf.data = aligned_alloc(IOBUF_ALIGNMENT, capacity);
    if (c->buf.data == NULL) {
        free(c);
        return NULL;
    }
    c->buf.capacity = capacity;
    return c;
}

struct iobuf *
iobuf_new(size_t size)
{
    unsigned class = class_of(size);
    struct cached *c;

    if (size > SIZE_MAX - IOBUF_ALIGNMENT)
        return NULL;
    if (class < CLASSES && !LIST_EMPTY(&cache[class])) {
        c = LIST_FIRST(&cache[class]);
        LIST_REMOVE(c, link);
        cached_bytes -= c->buf.capacity;
    } else {
        c = allocate(class < CLASSES
                         ? (size_t)1 << (class + CLASS_MIN_SHIFT)
                         : (size + IOBUF_ALIGNMENT - 1) & ~(size_t)(IOBUF_ALIGNMENT - 1));
        if (c == NULL)
            return NULL;
    }
    c->buf.length = size;
    c->buf.refs = 1;
    return &c->buf;
}

struct iobuf *
iobuf_ref(struct iobuf *b)
{
    b->refs++;
    return b;
}

void
iobuf_unref(struct iobuf *b)
{
    struct cached *c = (struct cached *)b; /* buf is its first member */
    unsigned class;

    if (b == NULL || --b->refs > 0)
        return;
    class = class_of(b->capacity);
    if (class >= CLASSES || cached_bytes + b->capacity > CACHED_MAX) {
        free_whole(c);
        return;
    }
    LIST_INSERT_HEAD(&cache[class], c, link);
    cached_bytes += b->capacity;
}

void
iobuf_cache_free(void)
{
    for (unsigned class = 0; class < CLASSES; class ++) {
        while (!LIST_EMPTY(&cache[class])) {
            struct cached *c = LIST_FIRST(&cache[class]);
            LIST_REMOVE(c, link);
            free_whole(c);
        }
    }
    cached_bytes = 0;
}
