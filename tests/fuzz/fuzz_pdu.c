/*
 * fuzz_pdu.c: any byte stream into PDUs. The first byte chooses digests and the size of chunks;
 * in one piece and in chunks, by copy and directly, the same must come out.
 */
#include <stdlib.h>
#include <string.h>

#include "iscsi/pdu.h"
#include "iscsi/pdu_reader.h"

#define DATA_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What a reading came to. */
struct outcome {
    uint32_t events, hash;
    bool has_ended;
};

static void
note(struct outcome *o, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ ((const uint8_t *)bytes)[i]) * 16777619u;
}

/* Each header as the struct of its opcode, and back. */
static void
parse_header(const uint8_t *header, struct outcome *o)
{
    uint8_t again[PDU_HEADER_SIZE];

    switch (pdu_opcode(header)) {
#define OPCODE(symbol, code, name, layout, properties) \
    case code: {                                       \
        struct pdu_##layout p;                         \
        pdu_##layout##_get(header, &p);                \
        pdu_##layout##_put(again, &p);                 \
        note(o, again, sizeof again);                  \
        break;                                         \
    }
#include "iscsi/opcodes.def"
    default:
        if (pdu_opcode_info(header) != NULL)
            abort();
    }
}

static void
take(struct pdu_reader *r, enum pdu_reader_event event, uint8_t *data, struct outcome *o)
{
    size_t length = pdu_data_length(r->header);

    if (event == READER_MORE)
        return;
    o->events++;
    note(o, &event, sizeof event);
    switch (event) {
    case READER_HEADER:
        note(o, r->header, PDU_HEADER_SIZE);
        note(o, r->ahs, r->ahs_kept);
        parse_header(r->header, o);
        memset(data, 0, DATA_MAX);
        pdu_reader_data_goes_to(r, data, DATA_MAX - (r->header[1] & 0x3f));
        break;
    case READER_PDU:
    case READER_BAD_DATA:
        note(o, data, length < DATA_MAX ? length : DATA_MAX);
        break;
    default:
        o->has_ended = true;
        break;
    }
}

static void
feed(struct pdu_reader *r, const uint8_t *bytes, size_t n, bool directly, uint8_t *data,
     struct outcome *o)
{
    enum pdu_reader_event event = READER_MORE;
    size_t room;
    void *space;

    do {
        room = directly ? pdu_reader_direct_space(r, &space) : 0;
        room = room < n ? room : n;
        if (room > 0) {
            memcpy(space, bytes, room);
            bytes += room;
            n -= room;
            event = pdu_reader_direct_filled(r, room);
        } else {
            event = pdu_reader_feed(r, &bytes, &n);
        }
        take(r, event, data, o);
    } while (!o->has_ended && (event != READER_MORE || n > 0));
}

static struct outcome
read_stream(const uint8_t *bytes, size_t n, uint8_t digests, size_t chunk, bool directly)
{
    struct outcome o = {0};
    struct pdu_reader r;
    uint8_t *data = malloc(DATA_MAX);

    if (data == NULL)
        return o;
    pdu_reader_init(&r, 0);
    pdu_reader_configure(&r, digests & 1, digests & 2, 4000);
    for (size_t at = 0; at < n && !o.has_ended; at += chunk)
        feed(&r, bytes + at, n - at < chunk ? n - at : chunk, directly, data, &o);
    free(data);
    return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct outcome whole, pieces;
    uint8_t first;

    if (n < 2)
        return 0;
    first = *bytes;
    bytes++;
    n--;
    whole = read_stream(bytes, n, first & 3, n, false);
    pieces = read_stream(bytes, n, first & 3, (first >> 3) + 1u, first & 4);
    if (whole.events != pieces.events || whole.hash != pieces.hash)
        abort();
    return 0;
}
