/*
 * outbox.h: PDUs that wait for the socket; all of them go in one sendmsg. One thread.
 *
 * Headers and digests lie one behind the other in one buffer, so that commands without data are
 * a single piece to the kernel. Data is borrowed until it has been sent.
 */
#ifndef BENCH_LOAD_OUTBOX_H
#define BENCH_LOAD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct outbox {
    bool header_digest, data_digest;
    uint64_t sends; /* system calls */
    /* private */
    uint8_t *bytes, *header;
    size_t used, capacity;
    struct iovec *pieces;
    unsigned first, count, pdus, pdus_max;
};

/* Room for PDUS_MAX PDUs. 0, or -1: out of memory. */
int outbox_init(struct outbox *o, unsigned pdus_max);
void outbox_done(struct outbox *o);

/* Whether N more PDUs have room. */
bool outbox_has_room(const struct outbox *o, unsigned n);
bool outbox_is_empty(const struct outbox *o);

/* A header of zeroes to fill in, or NULL: no room. Then outbox_add() with its data. */
uint8_t *outbox_header(struct outbox *o);
void outbox_add(struct outbox *o, const void *data, uint32_t length);

/* Sends what the socket takes, without waiting, with these flags of sendmsg(2) besides. 0, or a
 * negative errno. */
int outbox_flush(struct outbox *o, int fd, int flags);

/* Forgets what is in it. */
void outbox_clear(struct outbox *o);

#endif
