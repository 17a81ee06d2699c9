/* command.c: commands and their data, to the target. */
#include <string.h>

#include "bench/load/complain.h"
#include "bench/load/session.h"
#include "bench/load/work.h"
#include "core/bytes.h"

#define READ_16  0x88
#define WRITE_16 0x8a

/* A tag says which slot it is, and which use of it, so that a late answer is noticed. */
static void
begin(struct session *s, struct slot *slot, uint64_t now)
{
    unsigned i = (unsigned)(slot - s->slots);

    slot->is_busy = true;
    slot->received = 0;
    slot->started_ns = now;
    if (++slot->uses == 0xffff) /* never NO_TAG */
        slot->uses = 0;
    slot->task_tag = (uint32_t)slot->uses << 16 | i;
}

static uint8_t *
command_header(struct session *s, const struct slot *slot)
{
    uint8_t *h = outbox_header(&s->outbox);

    h[0] = PDU_COMMAND;
    h[1] = PDU_FINAL | COMMAND_SIMPLE;
    lun_put(h + FIELD_LUN, slot->lun);
    put_be32(h + FIELD_TASK_TAG, slot->task_tag);
    put_be32(h + FIELD_EXPECTED_LENGTH, slot->length);
    put_be32(h + FIELD_CMDSN, s->cmdsn++);
    put_be32(h + FIELD_EXPSTATSN, s->expstatsn);
    return h;
}

static void
put_cdb(const struct session *s, const struct slot *slot, uint8_t *cdb)
{
    cdb[0] = slot->is_write ? WRITE_16 : READ_16;
    put_be64(cdb + 2, slot->lba);
    put_be32(cdb + 10, slot->length / s->block_size);
}

static const uint8_t *
data_of(const struct session *s, const struct slot *slot)
{
    return slot->data != NULL ? slot->data : s->run->write_data;
}

/* A Data-Out sequence (RFC 7143 section 11.7). */
static int
add_data_out(struct session *s, const struct slot *slot, uint32_t transfer_tag, uint32_t offset,
             uint32_t length)
{
    for (uint32_t sn = 0; length > 0; sn++) {
        uint32_t n =
            length < s->negotiated.max_recv_data ? length : s->negotiated.max_recv_data;
        uint8_t *h = outbox_header(&s->outbox);

        if (h == NULL) {
            complain("the target asks for the same data again and again");
            return -1;
        }
        h[0] = PDU_DATA_OUT;
        h[1] = n == length ? PDU_FINAL : 0;
        lun_put(h + FIELD_LUN, slot->lun);
        put_be32(h + FIELD_TASK_TAG, slot->task_tag);
        put_be32(h + FIELD_TRANSFER_TAG, transfer_tag);
        put_be32(h + FIELD_EXPSTATSN, s->expstatsn);
        put_be32(h + FIELD_DATASN, sn);
        put_be32(h + FIELD_OFFSET, offset);
        outbox_add(&s->outbox, data_of(s, slot) + offset, n);
        offset += n;
        length -= n;
    }
    return 0;
}

int
session_send_data(struct session *s, struct slot *slot, uint32_t transfer_tag, uint32_t offset,
                  uint32_t length)
{
    return add_data_out(s, slot, transfer_tag, offset, length);
}

static int
add_write(struct session *s, const struct slot *slot)
{
    const struct negotiated *n = &s->negotiated;
    uint32_t first = slot->length < n->first_burst ? slot->length : n->first_burst;
    uint32_t immediate = 0, unsolicited = 0;
    uint8_t *h = command_header(s, slot);

    if (n->immediate_data)
        immediate = first < n->max_recv_data ? first : n->max_recv_data;
    if (!n->initial_r2t)
        unsolicited = first - immediate;
    h[1] |= COMMAND_WRITES;
    if (unsolicited > 0)
        h[1] &= (uint8_t)~PDU_FINAL;
    put_cdb(s, slot, h + FIELD_CDB);
    outbox_add(&s->outbox, data_of(s, slot), immediate);
    return add_data_out(s, slot, NO_TAG, immediate, unsolicited);
}

static void
add_read(struct session *s, const struct slot *slot)
{
    uint8_t *h = command_header(s, slot);

    h[1] |= COMMAND_READS;
    put_cdb(s, slot, h + FIELD_CDB);
    outbox_add(&s->outbox, NULL, 0);
}

static void
add_test_unit_ready(struct session *s, struct slot *slot)
{
    slot->length = 0;
    slot->is_write = false;
    command_header(s, slot); /* its CDB is all zeroes */
    outbox_add(&s->outbox, NULL, 0);
}

static void
add_ping(struct session *s, struct slot *slot)
{
    uint8_t *h = outbox_header(&s->outbox);

    slot->length = 0;
    h[0] = PDU_IMMEDIATE | PDU_NOP_OUT;
    h[1] = PDU_FINAL;
    put_be32(h + FIELD_TASK_TAG, slot->task_tag);
    put_be32(h + FIELD_TRANSFER_TAG, NO_TAG);
    put_be32(h + FIELD_CMDSN, s->cmdsn); /* immediate: the number is not used up */
    put_be32(h + FIELD_EXPSTATSN, s->expstatsn);
    outbox_add(&s->outbox, NULL, 0);
}

static int
add_command(struct session *s, struct slot *slot)
{
    switch (s->run->settings->mode) {
    case MODE_TUR:
        add_test_unit_ready(s, slot);
        return 0;
    case MODE_NOP:
        add_ping(s, slot);
        return 0;
    default:
        if (slot->is_write)
            return add_write(s, slot);
        add_read(s, slot);
        return 0;
    }
}

/* It went out of flight and had its share of the outbox: there is room. */
int
session_retry(struct session *s, struct slot *slot)
{
    begin(s, slot, s->now);
    slot->retries++;
    return add_command(s, slot);
}

static bool
may_begin(const struct session *s)
{
    return s->free_count > 0 && s->commands_left > 0 && !s->is_finished &&
           (int32_t)(s->maxcmdsn - s->cmdsn) >= 0 &&
           outbox_has_room(&s->outbox, s->outbox.pdus_max / 2);
}

int
session_submit(struct session *s, uint64_t now)
{
    bool is_over = now >= atomic_load_explicit(&s->run->end_ns, memory_order_relaxed) ||
                   atomic_load_explicit(&s->run->failed, memory_order_relaxed);
    int error;

    while (may_begin(s)) {
        struct slot *slot = &s->slots[s->free_slots[--s->free_count]];

        if (!work_next(s, slot, is_over)) {
            s->free_count++;
            break;
        }
        begin(s, slot, now);
        slot->retries = 0;
        s->commands_left--;
        if (add_command(s, slot) < 0)
            return -1;
    }
    if (s->commands_left == 0)
        s->is_finished = true;
    error = outbox_flush(&s->outbox, s->fd, 0);
    if (error < 0) {
        complain("session %u: sending: %s", s->id, strerror(-error));
        return -1;
    }
    return 0;
}
