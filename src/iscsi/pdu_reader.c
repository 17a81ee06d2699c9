/* pdu_reader.c: a byte stream into PDUs. */
#include "iscsi/pdu_reader.h"

#include <assert.h>
#include <string.h>

#include "core/crc32c.h"

enum {
    READ_HEADER,
    READ_AHS,
    READ_HEADER_DIGEST,
    READ_DATA,
    READ_PADDING,
    READ_DATA_DIGEST,
    READ_END, /* all is in; the owner has not been told */
    READ_PARTS,
    READ_NEVER, /* after READER_BAD_HEADER and READER_TOO_LONG: that again */
};

static uint32_t
part_length(const struct pdu_reader *r, unsigned part)
{
    size_t data = pdu_data_length(r->header);

    switch (part) {
    case READ_HEADER:
        return PDU_HEADER_SIZE;
    case READ_AHS:
        return (uint32_t)pdu_ahs_length(r->header);
    case READ_HEADER_DIGEST:
        return r->header_digest ? PDU_DIGEST_SIZE : 0;
    case READ_DATA:
        return (uint32_t)data;
    case READ_PADDING:
        return (uint32_t)pdu_padding(data);
    case READ_DATA_DIGEST:
        return r->data_digest && data > 0 ? PDU_DIGEST_SIZE : 0;
    default:
        return 0;
    }
}

static void
begin_part(struct pdu_reader *r, unsigned part)
{
    r->part = (uint8_t)part;
    r->have = 0;
    r->need = part_length(r, part);
}

static void
begin_pdu(struct pdu_reader *r)
{
    r->crc = 0;
    r->data = NULL;
    r->room = 0;
    begin_part(r, READ_HEADER);
}

void
pdu_reader_init(struct pdu_reader *r, uint32_t max_data)
{
    memset(r, 0, sizeof *r);
    r->max_data = max_data;
    begin_pdu(r);
}

bool
pdu_reader_is_between_pdus(const struct pdu_reader *r)
{
    return r->part == READ_HEADER && r->have == 0;
}

void
pdu_reader_configure(struct pdu_reader *r, bool header_digest, bool data_digest,
                     uint32_t max_data)
{
    assert(pdu_reader_is_between_pdus(r));
    r->header_digest = header_digest;
    r->data_digest = data_digest;
    r->max_data = max_data;
}

void
pdu_reader_data_goes_to(struct pdu_reader *r, void *buf, size_t room)
{
    r->data = buf;
    r->room = room;
}

void
pdu_reader_drop_data(struct pdu_reader *r)
{
    pdu_reader_data_goes_to(r, NULL, 0);
}

/* Where byte r->have of the current part belongs, and for how many bytes that holds. NULL:
 * nowhere. */
static uint8_t *
destination(struct pdu_reader *r, size_t *room)
{
    uint8_t *start = NULL;
    size_t size = 0;

    switch (r->part) {
    case READ_HEADER:
        start = r->header;
        size = PDU_HEADER_SIZE;
        break;
    case READ_AHS:
        start = r->ahs;
        size = PDU_READER_AHS_KEPT;
        break;
    case READ_HEADER_DIGEST:
    case READ_DATA_DIGEST:
        start = r->digest;
        size = PDU_DIGEST_SIZE;
        break;
    case READ_DATA:
        start = r->data;
        size = r->room;
        break;
    default:
        break;
    }
    *room = start != NULL && size > r->have ? size - r->have : 0;
    return *room > 0 ? start + r->have : NULL;
}

/* N bytes of the current part, which are at BYTES (and, where they are kept, also in their
 * place), are in. */
static void
count_bytes(struct pdu_reader *r, const uint8_t *bytes, size_t n)
{
    bool of_header = r->part <= READ_AHS;
    bool of_data = r->part == READ_DATA || r->part == READ_PADDING;

    if ((of_header && r->header_digest) || (of_data && r->data_digest))
        r->crc = crc32c(r->crc, bytes, n);
    r->have += (uint32_t)n;
}

/* A digest stands on the wire with its lowest byte first. */
static bool
digest_matches(const struct pdu_reader *r)
{
    const uint8_t *d = r->digest;

    return r->crc ==
           ((uint32_t)d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24);
}

static enum pdu_reader_event
give_up(struct pdu_reader *r, enum pdu_reader_event event)
{
    r->part = READ_NEVER;
    r->need = event;
    r->have = event;
    return event;
}

/* The header, its additional segments and its digest are in. */
static enum pdu_reader_event
header_complete(struct pdu_reader *r)
{
    if (r->header_digest && !digest_matches(r))
        return give_up(r, READER_BAD_HEADER);
    if (pdu_data_length(r->header) > r->max_data)
        return give_up(r, READER_TOO_LONG);
    r->crc = 0;
    begin_part(r, pdu_data_length(r->header) > 0 ? READ_DATA : READ_END);
    return READER_HEADER;
}

/* Goes on from parts that are complete (or empty) to the next one that needs bytes or to
 * something that is to be told. */
static enum pdu_reader_event
advance(struct pdu_reader *r)
{
    bool is_good;

    while (r->have == r->need) {
        switch (r->part) {
        case READ_NEVER:
            return (enum pdu_reader_event)r->need;
        case READ_HEADER:
            r->ahs_kept = (uint16_t)pdu_ahs_length(r->header);
            if (r->ahs_kept > PDU_READER_AHS_KEPT)
                r->ahs_kept = PDU_READER_AHS_KEPT;
            begin_part(r, READ_AHS);
            break;
        case READ_HEADER_DIGEST:
            return header_complete(r);
        case READ_END:
            is_good = !r->data_digest || pdu_data_length(r->header) == 0 || digest_matches(r);
            begin_pdu(r);
            return is_good ? READER_PDU : READER_BAD_DATA;
        default:
            begin_part(r, r->part + 1u);
            break;
        }
    }
    return READER_MORE;
}

/* The usual header: it lies there as a whole with its digest, and no more belongs to it. */
static bool
is_plain_header(const struct pdu_reader *r, const uint8_t *bytes, size_t n)
{
    size_t size = r->header_digest ? PDU_HEADER_SIZE + PDU_DIGEST_SIZE : PDU_HEADER_SIZE;

    return pdu_reader_is_between_pdus(r) && n >= size && pdu_ahs_length(bytes) == 0;
}

static enum pdu_reader_event
take_plain_header(struct pdu_reader *r, const uint8_t **bytes, size_t *n)
{
    size_t size = PDU_HEADER_SIZE;

    memcpy(r->header, *bytes, PDU_HEADER_SIZE);
    if (r->header_digest) {
        memcpy(r->digest, *bytes + size, PDU_DIGEST_SIZE);
        size += PDU_DIGEST_SIZE;
        r->crc = crc32c(0, r->header, PDU_HEADER_SIZE);
    }
    *bytes += size;
    *n -= size;
    r->ahs_kept = 0;
    return header_complete(r);
}

enum pdu_reader_event
pdu_reader_feed(struct pdu_reader *r, const uint8_t **bytes, size_t *n)
{
    enum pdu_reader_event event;
    uint8_t *to;
    size_t room, take;

    if (is_plain_header(r, *bytes, *n))
        return take_plain_header(r, bytes, n);
    while ((event = advance(r)) == READER_MORE && *n > 0) {
        take = r->need - r->have < *n ? r->need - r->have : *n;
        to = destination(r, &room);
        if (to != NULL)
            memcpy(to, *bytes, take < room ? take : room);
        count_bytes(r, *bytes, take);
        *bytes += take;
        *n -= take;
    }
    return event;
}

size_t
pdu_reader_direct_space(const struct pdu_reader *r, void **space)
{
    size_t left = r->need - r->have;

    if (r->part != READ_DATA || r->data == NULL || r->room <= r->have)
        return 0;
    *space = r->data + r->have;
    return left < r->room - r->have ? left : r->room - r->have;
}

enum pdu_reader_event
pdu_reader_direct_filled(struct pdu_reader *r, size_t n)
{
    void *space = NULL;
    size_t room = pdu_reader_direct_space(r, &space);

    assert(n <= room);
    if (n > 0)
        count_bytes(r, space, n);
    return advance(r);
}
