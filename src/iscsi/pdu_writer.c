/* pdu_writer.c: PDUs into iovecs. */
#include "iscsi/pdu_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "core/iobuf.h"

/* Data up to this length is copied into the entry: fixed format sense with its length, and the
 * header that a Reject returns. */
#define INLINE_DATA 64

/* Free entries that a thread keeps: a deep queue's worth on each of several connections. */
#define CACHE_MAX 2048

/*
 * Sent in three runs: `front` (header, its digest, and inline data with what follows it),
 * the data in `buf`, and `tail` (its padding and digest).
 */
struct outgoing_pdu {
    STAILQ_ENTRY(outgoing_pdu) link;
    struct iobuf *buf; /* counted; NULL: all is in front */
    const uint8_t *data;
    uint32_t data_length; /* of what is in buf */
    uint8_t front_length, tail_length;
    uint8_t tail[2 * PDU_DIGEST_SIZE];
    uint8_t front[PDU_HEADER_SIZE + PDU_DIGEST_SIZE + INLINE_DATA + PDU_DIGEST_SIZE];
};

STAILQ_HEAD(outgoing_list, outgoing_pdu);

/* One per thread, so that it needs no lock; freed with the last writer, so that the thread
 * needs no hook for its end. */
static _Thread_local struct {
    struct outgoing_list list;
    unsigned count;
    unsigned writers;
} cache;

static struct outgoing_pdu *
entry_new(void)
{
    struct outgoing_pdu *p;

    if (cache.count == 0)
        return malloc(sizeof *p);
    p = STAILQ_FIRST(&cache.list);
    STAILQ_REMOVE_HEAD(&cache.list, link);
    cache.count--;
    return p;
}

static void
entry_free(struct outgoing_pdu *p)
{
    iobuf_unref(p->buf);
    if (cache.count >= CACHE_MAX) {
        free(p);
        return;
    }
    if (cache.count == 0)
        STAILQ_INIT(&cache.list);
    STAILQ_INSERT_HEAD(&cache.list, p, link);
    cache.count++;
}

static void
cache_free(void)
{
    struct outgoing_pdu *p;

    for (; cache.count > 0; cache.count--) {
        p = STAILQ_FIRST(&cache.list);
        STAILQ_REMOVE_HEAD(&cache.list, link);
        free(p);
    }
}

void
pdu_writer_init(struct pdu_writer *w)
{
    memset(w, 0, sizeof *w);
    STAILQ_INIT(&w->queue);
    cache.writers++;
}

static void
drop_first(struct pdu_writer *w)
{
    struct outgoing_pdu *p = STAILQ_FIRST(&w->queue);

    STAILQ_REMOVE_HEAD(&w->queue, link);
    entry_free(p);
}

void
pdu_writer_done(struct pdu_writer *w)
{
    while (!STAILQ_EMPTY(&w->queue))
        drop_first(w);
    w->sent = 0;
    w->queued = 0;
    assert(cache.writers > 0);
    if (--cache.writers == 0)
        cache_free();
}

void
pdu_writer_set_digests(struct pdu_writer *w, bool header_digest, bool data_digest)
{
    w->header_digest = header_digest;
    w->data_digest = data_digest;
}

/* A digest stands on the wire with its lowest byte first. */
static void
put_digest(uint8_t *p, uint32_t crc)
{
    p[0] = (uint8_t)crc;
    p[1] = (uint8_t)(crc >> 8);
    p[2] = (uint8_t)(crc >> 16);
    p[3] = (uint8_t)(crc >> 24);
}

/* Padding and digest of LENGTH > 0 bytes of DATA to AT; returns how many bytes that took. */
static uint8_t
put_trailer(const struct pdu_writer *w, uint8_t *at, const uint8_t *data, size_t length)
{
    size_t padding = pdu_padding(length);

    memset(at, 0, padding);
    if (!w->data_digest)
        return (uint8_t)padding;
    put_digest(at + padding, crc32c(crc32c(0, data, length), at, padding));
    return (uint8_t)(padding + PDU_DIGEST_SIZE);
}

/* An entry with header and header digest, not queued yet; NULL where memory is short. */
static struct outgoing_pdu *
entry_with_header(const struct pdu_writer *w, const uint8_t *header, size_t data_length)
{
    struct outgoing_pdu *p = entry_new();

    assert(data_length <= PDU_DATA_MAX);
    if (p == NULL)
        return NULL;
    memcpy(p->front, header, PDU_HEADER_SIZE);
    pdu_put_data_length(p->front, data_length);
    p->front_length = PDU_HEADER_SIZE;
    if (w->header_digest) {
        put_digest(p->front + PDU_HEADER_SIZE, crc32c(0, p->front, PDU_HEADER_SIZE));
        p->front_length += PDU_DIGEST_SIZE;
    }
    p->buf = NULL;
    p->data = NULL;
    p->data_length = 0;
    p->tail_length = 0;
    return p;
}

static size_t
entry_length(const struct outgoing_pdu *p)
{
    return (size_t)p->front_length + p->data_length + p->tail_length;
}

static int
enqueue(struct pdu_writer *w, struct outgoing_pdu *p)
{
    STAILQ_INSERT_TAIL(&w->queue, p, link);
    w->queued += entry_length(p);
    return 0;
}

int
pdu_writer_add(struct pdu_writer *w, const uint8_t *header)
{
    struct outgoing_pdu *p = entry_with_header(w, header, 0);

    return p != NULL ? enqueue(w, p) : -ENOMEM;
}

/* Too much for an entry. */
static int
add_copy_in_iobuf(struct pdu_writer *w, const uint8_t *header, const void *data, size_t length)
{
    struct iobuf *b = iobuf_new(length);
    int result;

    if (b == NULL)
        return -ENOMEM;
    memcpy(b->data, data, length);
    result = pdu_writer_add_iobuf(w, header, b, 0, length);
    iobuf_unref(b);
    return result;
}

int
pdu_writer_add_copy(struct pdu_writer *w, const uint8_t *header, const void *data,
                    size_t length)
{
    struct outgoing_pdu *p;
    uint8_t *at;

    if (length > INLINE_DATA)
        return add_copy_in_iobuf(w, header, data, length);
    p = entry_with_header(w, header, length);
    if (p == NULL)
        return -ENOMEM;
    if (length > 0) {
        at = p->front + p->front_length;
        memcpy(at, data, length);
        p->front_length += (uint8_t)length;
        p->front_length += put_trailer(w, at + length, at, length);
    }
    return enqueue(w, p);
}

int
pdu_writer_add_iobuf(struct pdu_writer *w, const uint8_t *header, struct iobuf *buf,
                     size_t offset, size_t length)
{
    struct outgoing_pdu *p;

    assert(offset <= buf->capacity && length <= buf->capacity - offset);
    p = entry_with_header(w, header, length);
    if (p == NULL)
        return -ENOMEM;
    if (length > 0) {
        p->buf = iobuf_ref(buf);
        p->data = buf->data + offset;
        p->data_length = (uint32_t)length;
        p->tail_length = put_trailer(w, p->tail, p->data, length);
    }
    return enqueue(w, p);
}

size_t
pdu_writer_queued(const struct pdu_writer *w)
{
    return w->queued;
}

/* Adds what is left of a run after *SKIP bytes of it and those before it. */
static int
add_run(struct iovec *iov, const uint8_t *bytes, size_t length, size_t *skip)
{
    size_t skipped = *skip < length ? *skip : length;

    *skip -= skipped;
    if (skipped == length)
        return 0;
    iov->iov_base = (uint8_t *)(uintptr_t)(bytes + skipped); /* sendmsg() only reads */
    iov->iov_len = length - skipped;
    return 1;
}

int
pdu_writer_iovecs(const struct pdu_writer *w, struct iovec *iov, int max)
{
    const struct outgoing_pdu *p;
    size_t skip = w->sent;
    int n = 0;

    STAILQ_FOREACH (p, &w->queue, link) {
        if (n < max)
            n += add_run(&iov[n], p->front, p->front_length, &skip);
        if (n < max)
            n += add_run(&iov[n], p->data, p->data_length, &skip);
        if (n < max)
            n += add_run(&iov[n], p->tail, p->tail_length, &skip);
        if (n == max)
            break;
    }
    return n;
}

void
pdu_writer_sent(struct pdu_writer *w, size_t n)
{
    const struct outgoing_pdu *p;

    assert(n <= w->queued);
    w->queued -= n;
    w->sent += n;
    while ((p = STAILQ_FIRST(&w->queue)) != NULL && w->sent >= entry_length(p)) {
        w->sent -= entry_length(p);
        drop_first(w);
    }
}
