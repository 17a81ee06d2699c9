/*
 * pdu_writer.h: the queue of PDUs that a connection is sending.
 *
 * A PDU is complete when it is added: the owner has put all numbers into the header, the writer
 * sets DataSegmentLength, padding and digests. Entries come from a free list of this
 * thread, so in the steady state nothing is allocated. A queue belongs to one worker.
 */
#ifndef ISCSI_PDU_WRITER_H
#define ISCSI_PDU_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "iscsi/pdu.h"

struct iobuf;
struct outgoing_pdu;

struct pdu_writer {
    /* Private. */
    STAILQ_HEAD(, outgoing_pdu) queue;
    size_t sent;   /* bytes of the first one that have left */
    size_t queued; /* bytes that have not left */
    bool header_digest, data_digest;
};

/* In pairs, on the same thread. Done forgets what is queued; the last one of a thread also
 * gives the free list back. */
void pdu_writer_init(struct pdu_writer *w);
void pdu_writer_done(struct pdu_writer *w);

/* For PDUs that are added from now on. */
void pdu_writer_set_digests(struct pdu_writer *w, bool header_digest, bool data_digest);

/*
 * Each returns 0 or -ENOMEM, with nothing queued. HEADER is copied. LENGTH is at most
 * PDU_DATA_MAX and may be 0.
 */
int pdu_writer_add(struct pdu_writer *w, const uint8_t *header);

/* DATA is copied: for sense data, text and the like. */
int pdu_writer_add_copy(struct pdu_writer *w, const uint8_t *header, const void *data,
                        size_t length);

/* LENGTH bytes from OFFSET of BUF are sent from where they are; takes a reference of its own,
 * until they have left. They must not change any more. */
int pdu_writer_add_iobuf(struct pdu_writer *w, const uint8_t *header, struct iobuf *buf,
                         size_t offset, size_t length);

/* Bytes that have not left yet; 0: the queue is empty. */
size_t pdu_writer_queued(const struct pdu_writer *w);

/* Up to MAX iovecs of what has not left, in order; returns how many. Valid until the next call
 * that changes W. */
int pdu_writer_iovecs(const struct pdu_writer *w, struct iovec *iov, int max);

/* The first N bytes, at most pdu_writer_queued(), have left. */
void pdu_writer_sent(struct pdu_writer *w, size_t n);

#endif
