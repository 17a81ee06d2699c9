/* exchange.c: PDUs that are waited for. */
#include "bench/load/exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/load/complain.h"
#include "bench/load/pdu.h"
#include "bench/load/session.h"
#include "core/bytes.h"
#include "core/crc32c.h"

#define PROBE_TAG      0x7ffffff0u
#define PROBE_ATTEMPTS 64 /* unit attentions that one unit may have to tell */

static void
put_digest(uint8_t *p, uint32_t crc)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(crc >> 8 * i);
}

static int
send_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int
receive_all(int fd, uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(fd, bytes, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        bytes += got;
        n -= (size_t)got;
    }
    return 0;
}

int
message_send(struct session *s, struct message *m)
{
    uint8_t out[sizeof m->header + sizeof m->data + 12];
    size_t n = BHS_LENGTH, padded = (m->length + 3) & ~3u;

    put_be24(m->header + FIELD_DATA_LENGTH, m->length);
    memcpy(out, m->header, BHS_LENGTH);
    if (s->stream.header_digest) {
        put_digest(out + n, crc32c(0, out, BHS_LENGTH));
        n += 4;
    }
    memset(out + n, 0, padded);
    memcpy(out + n, m->data, m->length);
    if (s->stream.data_digest && m->length > 0) {
        put_digest(out + n + padded, crc32c(0, out + n, padded));
        n += 4;
    }
    return send_all(s->fd, out, n + padded);
}

/* The stream takes one PDU and puts it into a message. */
struct taking {
    struct message *message;
    bool is_whole;
};

static int
taking_header(void *arg, const uint8_t *bhs, uint32_t length, uint8_t **into)
{
    struct taking *t = arg;

    if (length > sizeof t->message->data) {
        complain("a data segment of %u bytes was not asked for", length);
        return -1;
    }
    memcpy(t->message->header, bhs, BHS_LENGTH);
    t->message->length = length;
    *into = t->message->data;
    return 0;
}

static int
taking_whole(void *arg, const uint8_t *bhs)
{
    struct taking *t = arg;

    (void)bhs;
    t->is_whole = true;
    return 0;
}

static int
receive_one(struct session *s, struct message *m)
{
    static const struct stream_handler handler = {taking_header, taking_whole};
    struct taking taking = {m, false};
    struct stream stream;
    uint8_t piece[4096];

    stream_init(&stream, &handler, &taking);
    stream.header_digest = s->stream.header_digest;
    stream.data_digest = s->stream.data_digest;
    while (!taking.is_whole) {
        size_t n = stream_wants(&stream);

        if (n > sizeof piece)
            n = sizeof piece;
        if (receive_all(s->fd, piece, n) < 0)
            return -1;
        if (stream_feed(&stream, piece, n) < 0) {
            complain("%s", stream.error != NULL ? stream.error : "unusable answer");
            return -1;
        }
    }
    return 0;
}

static int
answer_ping(struct session *s, const struct message *ping)
{
    struct message pong = {.length = 0};

    pong.header[0] = PDU_IMMEDIATE | PDU_NOP_OUT;
    pong.header[1] = PDU_FINAL;
    memcpy(pong.header + FIELD_LUN, ping->header + FIELD_LUN, 8);
    put_be32(pong.header + FIELD_TASK_TAG, NO_TAG);
    memcpy(pong.header + FIELD_TRANSFER_TAG, ping->header + FIELD_TRANSFER_TAG, 4);
    put_be32(pong.header + FIELD_CMDSN, s->cmdsn);
    put_be32(pong.header + FIELD_EXPSTATSN, s->expstatsn);
    return message_send(s, &pong);
}

int
message_receive(struct session *s, struct message *m)
{
    for (;;) {
        if (receive_one(s, m) < 0)
            return -1;
        switch (m->header[0] & PDU_OPCODE_MASK) {
        case PDU_NOP_IN:
            if (get_be32(m->header + FIELD_TRANSFER_TAG) != NO_TAG && answer_ping(s, m) < 0)
                return -1;
            break;
        case PDU_ASYNC:
            s->expstatsn = get_be32(m->header + FIELD_STATSN) + 1;
            break;
        default:
            return 0;
        }
    }
}

static void
take_numbers(struct session *s, const struct message *m)
{
    s->expstatsn = get_be32(m->header + FIELD_STATSN) + 1;
    s->maxcmdsn = get_be32(m->header + FIELD_MAXCMDSN);
}

int
exchange_command(struct session *s, unsigned lun, const uint8_t *cdb, uint32_t expected,
                 struct message *m)
{
    memset(m->header, 0, sizeof m->header);
    m->length = 0;
    m->header[0] = PDU_COMMAND;
    m->header[1] = (uint8_t)(PDU_FINAL | COMMAND_SIMPLE | (expected > 0 ? COMMAND_READS : 0));
    lun_put(m->header + FIELD_LUN, lun);
    put_be32(m->header + FIELD_TASK_TAG, PROBE_TAG);
    put_be32(m->header + FIELD_EXPECTED_LENGTH, expected);
    put_be32(m->header + FIELD_CMDSN, s->cmdsn++);
    put_be32(m->header + FIELD_EXPSTATSN, s->expstatsn);
    memcpy(m->header + FIELD_CDB, cdb, 16);
    if (message_send(s, m) < 0 || message_receive(s, m) < 0)
        return -1;
    switch (m->header[0] & PDU_OPCODE_MASK) {
    case PDU_RESPONSE:
        take_numbers(s, m);
        return m->header[FIELD_RESPONSE] == 0 ? m->header[FIELD_STATUS] : -1;
    case PDU_DATA_IN: /* small answers come in one */
        if (m->header[1] & DATA_IN_STATUS) {
            take_numbers(s, m);
            return m->header[FIELD_STATUS];
        } else { /* the status comes by itself */
            struct message end;

            if (message_receive(s, &end) < 0 ||
                (end.header[0] & PDU_OPCODE_MASK) != PDU_RESPONSE)
                return -1;
            take_numbers(s, &end);
            return end.header[FIELD_RESPONSE] == 0 ? end.header[FIELD_STATUS] : -1;
        }
    default:
        complain("opcode %02x as the answer to a command", m->header[0] & PDU_OPCODE_MASK);
        return -1;
    }
}

static int
wait_until_ready(struct session *s, unsigned lun)
{
    static const uint8_t test_unit_ready[16] = {0};
    struct message m;
    int status = -1;

    for (int i = 0; i < PROBE_ATTEMPTS; i++) {
        status = exchange_command(s, lun, test_unit_ready, 0, &m);
        if (status <= 0)
            break;
    }
    if (status == 0)
        return 0;
    if (status < 0)
        complain("session %u: no answer to TEST UNIT READY of LUN %u", s->id, lun);
    else
        complain("session %u: LUN %u is not ready: status %02x, sense key %x, %02x/%02x", s->id,
                 lun, (unsigned)status, m.length > 4 ? m.data[4] & 15 : 0,
                 m.length > 15 ? m.data[14] : 0, m.length > 15 ? m.data[15] : 0);
    return -1;
}

static int
read_capacity(struct session *s)
{
    static const uint8_t read_capacity_16[16] = {0x9e, 0x10, [13] = 32};
    static const uint8_t read_capacity_10[16] = {0x25};
    unsigned lun = (unsigned)s->run->settings->lun;
    struct message m;

    if (exchange_command(s, lun, read_capacity_16, 32, &m) == 0 && m.length >= 12) {
        s->block_count = get_be64(m.data) + 1;
        s->block_size = get_be32(m.data + 8);
    } else if (exchange_command(s, lun, read_capacity_10, 8, &m) == 0 && m.length == 8) {
        s->block_count = (uint64_t)get_be32(m.data) + 1;
        s->block_size = get_be32(m.data + 4);
    } else {
        complain("session %u: no answer to READ CAPACITY", s->id);
        return -1;
    }
    if (s->block_size < 512 || s->block_size > 65536 || s->block_size % 8 != 0) {
        complain("the unit says its blocks have %u bytes", s->block_size);
        return -1;
    }
    return 0;
}

int
exchange_probe(struct session *s)
{
    const struct settings *settings = s->run->settings;

    for (uint64_t i = 0; i < settings->luns; i++)
        if (wait_until_ready(s, (unsigned)(settings->lun + i)) < 0)
            return -1;
    return read_capacity(s);
}
