/* outbox.c: PDUs to a socket. */
#include "bench/load/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/load/pdu.h"
#include "core/bytes.h"
#include "core/crc32c.h"

#define PDU_ROOM   (BHS_LENGTH + 4 + 3 + 4) /* header, its digest, padding, the data's digest */
#define PDU_PIECES 3
#define SEND_MAX   1024 /* pieces: what the kernel takes at once (IOV_MAX) */

int
outbox_init(struct outbox *o, unsigned pdus_max)
{
    memset(o, 0, sizeof *o);
    o->capacity = (size_t)pdus_max * PDU_ROOM;
    o->bytes = malloc(o->capacity);
    o->pieces = calloc((size_t)pdus_max * PDU_PIECES, sizeof *o->pieces);
    o->pdus_max = pdus_max;
    if (o->bytes != NULL && o->pieces != NULL)
        return 0;
    outbox_done(o);
    return -1;
}

void
outbox_done(struct outbox *o)
{
    free(o->bytes);
    free(o->pieces);
    o->bytes = NULL;
    o->pieces = NULL;
}

bool
outbox_has_room(const struct outbox *o, unsigned n)
{
    return o->pdus + n <= o->pdus_max;
}

bool
outbox_is_empty(const struct outbox *o)
{
    return o->first == o->count;
}

uint8_t *
outbox_header(struct outbox *o)
{
    if (!outbox_has_room(o, 1))
        return NULL;
    o->pdus++;
    o->header = o->bytes + o->used;
    o->used += BHS_LENGTH;
    return memset(o->header, 0, BHS_LENGTH);
}

static void
add_piece(struct outbox *o, const uint8_t *base, size_t length)
{
    struct iovec *piece = o->pieces + o->count;

    if (o->count > o->first && (uint8_t *)piece[-1].iov_base + piece[-1].iov_len == base) {
        piece[-1].iov_len += length;
        return;
    }
    piece->iov_base = (void *)(uintptr_t)base;
    piece->iov_len = length;
    o->count++;
}

static void
add_digest(struct outbox *o, uint32_t crc)
{
    for (int i = 0; i < 4; i++)
        o->bytes[o->used++] = (uint8_t)(crc >> 8 * i);
}

void
outbox_add(struct outbox *o, const void *data, uint32_t length)
{
    uint32_t padding = -length & 3, crc;
    uint8_t *tail;

    put_be24(o->header + FIELD_DATA_LENGTH, length);
    if (o->header_digest)
        add_digest(o, crc32c(0, o->header, BHS_LENGTH));
    add_piece(o, o->header, (size_t)(o->bytes + o->used - o->header));
    if (length == 0)
        return;
    add_piece(o, data, length);
    tail = memset(o->bytes + o->used, 0, padding);
    o->used += padding;
    if (o->data_digest) {
        crc = crc32c(0, data, length);
        add_digest(o, crc32c(crc, tail, padding));
    }
    if (o->bytes + o->used > tail)
        add_piece(o, tail, (size_t)(o->bytes + o->used - tail));
}

static void
drop_sent(struct outbox *o, size_t n)
{
    while (n > 0) {
        struct iovec *piece = &o->pieces[o->first];

        if (n < piece->iov_len) {
            piece->iov_base = (uint8_t *)piece->iov_base + n;
            piece->iov_len -= n;
            return;
        }
        n -= piece->iov_len;
        o->first++;
    }
}

void
outbox_clear(struct outbox *o)
{
    o->first = o->count = o->pdus = 0;
    o->used = 0;
}

int
outbox_flush(struct outbox *o, int fd, int flags)
{
    while (o->first < o->count) {
        unsigned n = o->count - o->first;
        struct msghdr message = {.msg_iov = o->pieces + o->first,
                                 .msg_iovlen = n < SEND_MAX ? n : SEND_MAX};
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);

        o->sends++;
        if (sent >= 0)
            drop_sent(o, (size_t)sent);
        else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return -errno;
    }
    outbox_clear(o);
    return 0;
}
