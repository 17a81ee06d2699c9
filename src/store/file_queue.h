/*
 * file_queue.h: the reads and writes that one worker has given to the kernel, or is about to.
 *
 * What aio.c and uring.c have in common: what comes in during a turn waits until its end, then
 * goes to the kernel in batches; a store has its share of the places and no more; what the
 * kernel refuses, cuts short or would wait for goes on with a helper.
 */
#ifndef STORE_FILE_QUEUE_H
#define STORE_FILE_QUEUE_H

#include "store/file.h"

/* Operations that go to the kernel in one call, at most. */
#define FILE_QUEUE_BATCH 64

struct event;

struct file_queue {
    struct worker *worker;
    unsigned depth;     /* places there are */
    unsigned in_kernel; /* at most DEPTH */
    unsigned admitted;  /* in the kernel or waiting for it: at most DEPTH */
    STAILQ_HEAD(, store_io) waiting;
};

void file_queue_init(struct file_queue *q, struct worker *worker, unsigned depth);

/* Whether IO can be done without a helper; a read or write gets the bounce buffer where it
 * takes one. */
bool file_queue_can_move(struct file_store *f, struct store_io *io);

/* True where there is a place for IO: it waits there for file_queue_submit(). */
bool file_queue_add(struct file_queue *q, struct store_io *io);

/*
 * Gives what waits to the kernel by calls of GIVE, which hands over the N operations at IOS, or
 * the first of them. It tells how many, or gives a negative errno. Calls of it end where the
 * kernel takes no more for now: then once more when something has completed.
 */
void file_queue_submit(struct file_queue *q,
                       long (*give)(struct file_queue *q, struct store_io *const *ios,
                                    unsigned n));

/* IO has come back from the kernel: its place is free. */
void file_queue_returned(struct file_queue *q, struct store_io *io);

/* Ends a read or write for which the kernel gave RESULT, bytes or a negative errno: completes
 * it or has a helper do the rest. */
void file_queue_end_move(struct store_io *io, long result);

/* Where a read or write is from or to: its data, or its bounce buffer. */
uint8_t *file_queue_data(struct store_io *io);

/* The flags of preadv2() and pwritev2() for it. */
int file_queue_rw_flags(const struct store_io *io);

/*
 * An eventfd that calls RANG on WORKER each time it is rung, and need not be read. 0 or a
 * negative errno. _free() accepts what was never made: zeroed memory with the descriptor -1.
 */
struct file_bell {
    int fd;
    struct event *event;
    bool must_read;
    void (*rang)(struct file_bell *bell);
};

int file_bell_make(struct file_bell *bell, struct worker *worker,
                   void (*rang)(struct file_bell *bell));
void file_bell_free(struct file_bell *bell);

#endif
