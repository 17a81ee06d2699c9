/* answer.c: what the target says, checked. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/load/complain.h"
#include "bench/load/session.h"
#include "bench/load/work.h"
#include "core/bytes.h"

#define CHECK_CONDITION 0x02
#define UNIT_ATTENTION  0x06
#define RETRIES_MAX     8 /* of one command */

/* Asynchronous events after which the session cannot be used (RFC 7143 section 11.9.1). */
#define ASYNC_LOGOUT      1
#define ASYNC_ALL_DROPPED 3

static struct slot *
slot_of(struct session *s, uint32_t task_tag)
{
    uint32_t i = task_tag & 0xffff;

    if (i < s->run->settings->depth && s->slots != NULL && s->slots[i].is_busy &&
        s->slots[i].task_tag == task_tag)
        return &s->slots[i];
    complain("session %u: an answer for task %08x, which there is not", s->id, task_tag);
    return NULL;
}

static void
finish(struct session *s, struct slot *slot, bool is_good)
{
    struct counts *c = s->counts;
    uint64_t now = s->now;

    work_done(s, slot, is_good);
    slot->is_busy = false;
    s->free_slots[s->free_count++] = (uint16_t)(slot - s->slots);
    if (!is_good || now < atomic_load_explicit(&s->run->start_ns, memory_order_relaxed))
        return;
    if (now >= atomic_load_explicit(&s->run->end_ns, memory_order_relaxed) &&
        !mode_has_an_end(s->run->settings->mode))
        return;
    c->commands++;
    c->bytes += slot->length;
    histogram_add(&c->latency, now - slot->started_ns);
}

static bool
is_unit_attention(const struct session *s, const uint8_t *bhs)
{
    const uint8_t *sense = s->sense + 2; /* after its length */
    uint32_t length = get_be24(bhs + FIELD_DATA_LENGTH);
    uint8_t key;

    if ((bhs[0] & PDU_OPCODE_MASK) != PDU_RESPONSE || bhs[FIELD_RESPONSE] != 0 ||
        bhs[FIELD_STATUS] != CHECK_CONDITION || length < 5 || length > SENSE_MAX)
        return false;
    key = (sense[0] & 0x7f) >= 0x72 ? sense[1] : sense[2]; /* descriptor or fixed format */
    return (key & 0x0f) == UNIT_ATTENTION;
}

static void
complain_of_status(const struct session *s, const struct slot *slot, const uint8_t *bhs)
{
    uint32_t length = get_be24(bhs + FIELD_DATA_LENGTH);
    bool has_sense = length >= 16 && length <= SENSE_MAX && s->sense != NULL;
    const uint8_t *sense = has_sense ? s->sense + 2 : NULL;

    complain("session %u: %s of %u bytes at LBA %llu of LUN %u: status %02x%s", s->id,
             slot->is_write ? "write" : "read", slot->length, (unsigned long long)slot->lba,
             slot->lun, bhs[FIELD_STATUS], has_sense ? ":" : "");
    if (has_sense && (sense[0] & 0x7f) < 0x72)
        complain("    sense key %x, additional sense %02x/%02x", sense[2] & 0x0f, sense[12],
                 sense[13]);
    else if (has_sense)
        complain("    sense key %x, additional sense %02x/%02x", sense[1] & 0x0f, sense[2],
                 sense[3]);
}

/* Whether a command that is over was GOOD and whole, and brought what it should. */
static bool
judge(struct session *s, const struct slot *slot, const uint8_t *bhs)
{
    uint32_t residual = get_be32(bhs + FIELD_RESIDUAL);

    if ((bhs[0] & PDU_OPCODE_MASK) == PDU_RESPONSE && bhs[FIELD_RESPONSE] != 0)
        complain("session %u: response code %02x", s->id, bhs[FIELD_RESPONSE]);
    else if (bhs[FIELD_STATUS] != 0)
        complain_of_status(s, slot, bhs);
    else if (bhs[1] & (RESIDUAL_OVERFLOW | RESIDUAL_UNDER) || residual != 0)
        complain("session %u: flags %02x and a residual count of %u", s->id, bhs[1], residual);
    else if (!slot->is_write && slot->received != slot->length)
        complain("session %u: %u bytes came of %u", s->id, slot->received, slot->length);
    else if (slot->is_write || work_is_right(s, slot))
        return true;
    s->counts->errors++;
    return false;
}

/* The end of a command, in a SCSI Response or in the last Data-In. */
static int
command_ended(struct session *s, const uint8_t *bhs)
{
    struct slot *slot = slot_of(s, get_be32(bhs + FIELD_TASK_TAG));

    if (slot == NULL)
        return -1;
    s->expstatsn = get_be32(bhs + FIELD_STATSN) + 1;
    if (is_unit_attention(s, bhs) && slot->retries < RETRIES_MAX) {
        s->counts->unit_attentions++;
        return session_retry(s, slot);
    }
    finish(s, slot, judge(s, slot, bhs));
    return 0;
}

static int
data_in_header(struct session *s, const uint8_t *bhs, uint32_t length, uint8_t **into)
{
    struct slot *slot = slot_of(s, get_be32(bhs + FIELD_TASK_TAG));
    uint32_t offset = get_be32(bhs + FIELD_OFFSET);

    if (slot == NULL)
        return -1;
    if (slot->is_write || offset != slot->received || length > slot->length - offset) {
        complain("session %u: %u bytes of data for offset %u, where %u of %u have come", s->id,
                 length, offset, slot->received, slot->length);
        return -1;
    }
    if (slot->data != NULL)
        *into = slot->data + offset;
    slot->received += length;
    return 0;
}

static int
answer_header(void *arg, const uint8_t *bhs, uint32_t length, uint8_t **into)
{
    struct session *s = arg;
    uint32_t maxcmdsn = get_be32(bhs + FIELD_MAXCMDSN);

    if ((int32_t)(maxcmdsn - s->maxcmdsn) > 0)
        s->maxcmdsn = maxcmdsn;
    switch (bhs[0] & PDU_OPCODE_MASK) {
    case PDU_DATA_IN:
        return data_in_header(s, bhs, length, into);
    case PDU_RESPONSE:
        if (length <= SENSE_MAX)
            *into = s->sense;
        return 0;
    default:
        return 0;
    }
}

static int
r2t(struct session *s, const uint8_t *bhs)
{
    struct slot *slot = slot_of(s, get_be32(bhs + FIELD_TASK_TAG));
    uint32_t offset = get_be32(bhs + FIELD_OFFSET), length = get_be32(bhs + FIELD_R2T_LENGTH);

    if (slot == NULL)
        return -1;
    if (!slot->is_write || length == 0 || offset > slot->length ||
        length > slot->length - offset || length > s->negotiated.max_burst) {
        complain("session %u: an R2T for %u bytes from %u on", s->id, length, offset);
        return -1;
    }
    return session_send_data(s, slot, get_be32(bhs + FIELD_TRANSFER_TAG), offset, length);
}

static int
pong(struct session *s, const uint8_t *ping)
{
    uint8_t *h = outbox_header(&s->outbox);

    if (h == NULL) {
        complain("session %u: the target sends pings and reads no answers", s->id);
        return -1;
    }
    h[0] = PDU_IMMEDIATE | PDU_NOP_OUT;
    h[1] = PDU_FINAL;
    memcpy(h + FIELD_LUN, ping + FIELD_LUN, 8);
    put_be32(h + FIELD_TASK_TAG, NO_TAG);
    memcpy(h + FIELD_TRANSFER_TAG, ping + FIELD_TRANSFER_TAG, 4);
    put_be32(h + FIELD_CMDSN, s->cmdsn);
    put_be32(h + FIELD_EXPSTATSN, s->expstatsn);
    outbox_add(&s->outbox, NULL, 0);
    s->counts->pings++;
    return 0;
}

static int
nop_in(struct session *s, const uint8_t *bhs)
{
    struct slot *slot;

    if (get_be32(bhs + FIELD_TRANSFER_TAG) != NO_TAG)
        return pong(s, bhs);
    if (get_be32(bhs + FIELD_TASK_TAG) == NO_TAG) /* only tells its numbers */
        return 0;
    slot = slot_of(s, get_be32(bhs + FIELD_TASK_TAG));
    if (slot == NULL)
        return -1;
    s->expstatsn = get_be32(bhs + FIELD_STATSN) + 1;
    finish(s, slot, true);
    return 0;
}

static int
async_message(struct session *s, const uint8_t *bhs)
{
    uint8_t event = bhs[FIELD_ASYNC_EVENT];

    s->expstatsn = get_be32(bhs + FIELD_STATSN) + 1;
    s->counts->async_messages++;
    if (event < ASYNC_LOGOUT || event > ASYNC_ALL_DROPPED)
        return 0;
    complain("session %u: the target ends the session (asynchronous event %u)", s->id, event);
    return -1;
}

static int
answer_whole(void *arg, const uint8_t *bhs)
{
    struct session *s = arg;

    switch (bhs[0] & PDU_OPCODE_MASK) {
    case PDU_DATA_IN:
        return bhs[1] & DATA_IN_STATUS ? command_ended(s, bhs) : 0;
    case PDU_RESPONSE:
        return command_ended(s, bhs);
    case PDU_R2T:
        return r2t(s, bhs);
    case PDU_NOP_IN:
        return nop_in(s, bhs);
    case PDU_ASYNC:
        return async_message(s, bhs);
    case PDU_REJECT:
        complain("session %u: rejected, reason %02x", s->id, bhs[FIELD_RESPONSE]);
        return -1;
    default:
        complain("session %u: opcode %02x", s->id, bhs[0] & PDU_OPCODE_MASK);
        return -1;
    }
}

const struct stream_handler session_answers = {answer_header, answer_whole};

/* One receive: 1 where there may be more at once, 0 where there is not, -1. */
static int
receive_once(struct session *s, uint8_t *buffer, int flags)
{
    size_t room = s->run->settings->receive_buffer;
    ssize_t n = recv(s->fd, buffer, room, flags);

    s->counts->receives++;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        complain("session %u: %s", s->id,
                 n < 0 ? strerror(errno) : "the target has closed the connection");
        return -1;
    }
    s->now = now_ns();
    if (stream_feed(&s->stream, buffer, (size_t)n) < 0) {
        if (s->stream.error != NULL)
            complain("session %u: %s", s->id, s->stream.error);
        return -1;
    }
    if (session_submit(s, s->now) < 0)
        return -1;
    return (size_t)n == room;
}

int
session_receive(struct session *s, uint8_t *buffer, bool wait)
{
    int more = receive_once(s, buffer, wait ? 0 : MSG_DONTWAIT);

    while (more > 0)
        more = receive_once(s, buffer, MSG_DONTWAIT);
    return more;
}
