/* test_pdu_reader.c: a byte stream, cut everywhere, into PDUs. */
#include "iscsi/pdu_reader.h"

#include <string.h>

#include "core/crc32c.h"
#include "suites.h"

/* What a reader said, as letters: H header, P whole, D bad data, X bad header, L too long. */
struct story {
    char events[64];
    size_t count;
    uint8_t data[256]; /* what the last PDU with data brought */
};

static const char letters[] = {
    [READER_HEADER] = 'H',     [READER_PDU] = 'P',      [READER_BAD_DATA] = 'D',
    [READER_BAD_HEADER] = 'X', [READER_TOO_LONG] = 'L',
};

/* A stream being put together. */
struct stream {
    uint8_t bytes[4096];
    size_t length;
    bool header_digest, data_digest;
};

static void
add_bytes(struct stream *s, const void *bytes, size_t n)
{
    memcpy(s->bytes + s->length, bytes, n);
    s->length += n;
}

static void
add_digest(struct stream *s, size_t start)
{
    uint32_t crc = crc32c(0, s->bytes + start, s->length - start);
    const uint8_t digest[] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                              (uint8_t)(crc >> 24)};

    add_bytes(s, digest, sizeof digest);
}

static void
add_pdu(struct stream *s, size_t ahs_words, size_t data_length)
{
    uint8_t header[PDU_HEADER_SIZE] = {PDU_SCSI_COMMAND, 0x80};
    uint8_t ahs[PDU_AHS_MAX], data[256];
    size_t start = s->length;

    for (size_t i = 0; i < sizeof ahs; i++)
        ahs[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i + 1);
    header[4] = (uint8_t)ahs_words;
    pdu_put_data_length(header, data_length);
    add_bytes(s, header, sizeof header);
    add_bytes(s, ahs, ahs_words * 4);
    if (s->header_digest)
        add_digest(s, start);
    start = s->length;
    add_bytes(s, data, data_length);
    add_bytes(s, "\0\0\0", pdu_padding(data_length));
    if (s->data_digest && data_length > 0)
        add_digest(s, start);
}

/* Feeds BYTES; DIRECTLY: data by direct space where there is some. */
static void
feed(struct pdu_reader *r, struct story *story, const uint8_t *bytes, size_t n, bool directly)
{
    enum pdu_reader_event event;
    void *space;
    size_t room;

    for (;;) {
        room = directly ? pdu_reader_direct_space(r, &space) : 0;
        room = room < n ? room : n;
        if (room > 0) {
            memcpy(space, bytes, room);
            bytes += room;
            n -= room;
            event = pdu_reader_direct_filled(r, room);
        } else {
            event = pdu_reader_feed(r, &bytes, &n);
            if (event == READER_MORE)
                return;
        }
        if (event == READER_MORE)
            continue;
        story->events[story->count++] = letters[event];
        if (event == READER_HEADER)
            pdu_reader_data_goes_to(r, story->data, sizeof story->data);
        if (event == READER_BAD_HEADER || event == READER_TOO_LONG)
            return;
    }
}

static void
begin(struct pdu_reader *r, struct story *story, const struct stream *s)
{
    memset(story, 0, sizeof *story);
    pdu_reader_init(r, 256);
    pdu_reader_configure(r, s->header_digest, s->data_digest, 256);
}

static void
make_stream(struct stream *s, int digests)
{
    memset(s, 0, sizeof *s);
    s->header_digest = digests & 1;
    s->data_digest = digests & 2;
    add_pdu(s, 0, 0);
    add_pdu(s, 0, 5);
    add_pdu(s, 2, 0);
    add_pdu(s, 255, 7);
    add_pdu(s, 0, 256);
}

/* Whether the first KEPT of N bytes are 1, 2, 3, … as add_pdu() made them, the others 0. One
 * assertion for all: each one costs a write. */
static bool
is_rising(const uint8_t *bytes, size_t kept, size_t n)
{
    size_t i = 0;

    while (i < n && bytes[i] == (i < kept ? (uint8_t)(i + 1) : 0))
        i++;
    return i == n;
}

START_TEST(a_stream_gives_the_same_pdus_in_chunks_of_any_size)
{
    struct pdu_reader r;
    struct stream s;
    struct story story;

    make_stream(&s, _i & 3);
    for (size_t chunk = 1; chunk <= s.length; chunk++) {
        begin(&r, &story, &s);
        for (size_t at = 0; at < s.length; at += chunk)
            feed(&r, &story, s.bytes + at, at + chunk < s.length ? chunk : s.length - at,
                 _i & 4);
        ck_assert_str_eq(story.events, "HPHPHPHPHP");
        ck_assert(pdu_reader_is_between_pdus(&r));
        ck_assert(is_rising(story.data, 256, 256));
    }
}
END_TEST

START_TEST(a_stream_cut_at_any_byte_gives_only_what_is_complete)
{
    struct pdu_reader r;
    struct stream s;
    struct story story, last = {.count = 0};

    make_stream(&s, _i);
    for (size_t cut = 0; cut <= s.length; cut++) {
        begin(&r, &story, &s);
        feed(&r, &story, s.bytes, cut, false);
        ck_assert_uint_ge(story.count, last.count);
        ck_assert_uint_le(story.count, 10);
        ck_assert_mem_eq("HPHPHPHPHP", story.events, story.count);
        last = story;
    }
    ck_assert_uint_eq(last.count, 10);
}
END_TEST

START_TEST(every_byte_that_a_digest_covers_is_guarded_by_it)
{
    struct pdu_reader r;
    struct stream s;
    struct story story;
    /* 48 header, 8 AHS, 4 digest, 5 data, 3 padding, 4 digest */
    const size_t header_end = 60, data_end = 72;

    for (size_t i = 0; i < data_end; i++) {
        memset(&s, 0, sizeof s);
        s.header_digest = s.data_digest = true;
        add_pdu(&s, 2, 5);
        ck_assert_uint_eq(s.length, data_end);
        s.bytes[i] ^= 0x10;
        begin(&r, &story, &s);
        feed(&r, &story, s.bytes, s.length, false);
        if (i >= 4 && i < 8)
            ck_assert_str_ne(story.events, "HP"); /* other lengths: it waits, or sees it */
        else
            ck_assert_str_eq(story.events, i < header_end ? "X" : "HD");
    }
}
END_TEST

START_TEST(after_bad_data_the_next_pdu_is_read)
{
    struct pdu_reader r;
    struct stream s = {.data_digest = true};
    struct story story;

    add_pdu(&s, 0, 6);
    s.bytes[PDU_HEADER_SIZE] ^= 1;
    add_pdu(&s, 0, 6);
    begin(&r, &story, &s);
    feed(&r, &story, s.bytes, s.length, false);
    ck_assert_str_eq(story.events, "HDHP");
}
END_TEST

/* RFC 7143 appendix A.4: "an iSCSI - SCSI Read (10) Command PDU". */
START_TEST(the_header_digest_of_the_standards_read_command_is_taken)
{
    static const uint8_t pdu[] = {
        0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
        0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x56, 0x3a, 0x96, 0xd9,
    };
    struct stream s = {.header_digest = true};
    struct pdu_reader r;
    struct story story;

    add_bytes(&s, pdu, sizeof pdu);
    begin(&r, &story, &s);
    feed(&r, &story, s.bytes, s.length, false);
    ck_assert_str_eq(story.events, "HP");
}
END_TEST

/* Appendix A.4: 32 bytes of zeroes, of ones, rising and falling. */
static const struct {
    int first, step;
    uint8_t digest[4];
} vectors[] = {
    {0x00, 0, {0xaa, 0x36, 0x91, 0x8a}},
    {0xff, 0, {0x43, 0xab, 0xa8, 0x62}},
    {0x00, 1, {0x4e, 0x79, 0xdd, 0x46}},
    {0x1f, -1, {0x5c, 0xdb, 0x3f, 0x11}},
};

START_TEST(the_data_digests_of_the_standard_are_taken)
{
    struct stream s = {.data_digest = true};
    uint8_t header[PDU_HEADER_SIZE] = {PDU_NOP_OUT, 0x80}, data[32];
    struct pdu_reader r;
    struct story story;

    for (int i = 0; i < 32; i++)
        data[i] = (uint8_t)(vectors[_i].first + i * vectors[_i].step);
    pdu_put_data_length(header, sizeof data);
    add_bytes(&s, header, sizeof header);
    add_bytes(&s, data, sizeof data);
    add_bytes(&s, vectors[_i].digest, 4);
    begin(&r, &story, &s);
    feed(&r, &story, s.bytes, s.length, true);
    ck_assert_str_eq(story.events, "HP");
}
END_TEST

START_TEST(a_segment_longer_than_agreed_ends_the_stream_at_its_header)
{
    struct pdu_reader r;
    struct stream s = {0};
    struct story story;

    add_pdu(&s, 0, 12);
    add_pdu(&s, 0, 0);
    begin(&r, &story, &s);
    pdu_reader_configure(&r, false, false, 11);
    feed(&r, &story, s.bytes, s.length, false);
    ck_assert_str_eq(story.events, "L");
    feed(&r, &story, s.bytes, s.length, false);
    ck_assert_str_eq(story.events, "LL");
}
END_TEST

START_TEST(digests_are_switched_on_between_two_pdus_of_one_chunk)
{
    struct pdu_reader r;
    struct stream s = {0};
    const uint8_t *bytes = s.bytes;
    size_t n;

    add_pdu(&s, 0, 5);
    s.header_digest = s.data_digest = true;
    add_pdu(&s, 0, 5);
    n = s.length;
    pdu_reader_init(&r, 256);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_HEADER);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_PDU);
    pdu_reader_configure(&r, true, true, 256);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_HEADER);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_PDU);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_MORE);
}
END_TEST

/* How much of 100 bytes is kept. */
static const struct {
    size_t room, kept;
} rooms[] = {{0, 0}, {1, 1}, {99, 99}, {100, 100}, {200, 100}};

START_TEST(data_beyond_the_room_given_is_dropped)
{
    struct pdu_reader r;
    struct stream s = {.data_digest = true};
    uint8_t got[200] = {0};

    add_pdu(&s, 0, 100);
    for (size_t chunk = 1; chunk < s.length; chunk++) {
        size_t left = s.length;
        const uint8_t *bytes = s.bytes;
        bool whole = false;

        memset(got, 0, sizeof got);
        pdu_reader_init(&r, 256);
        pdu_reader_configure(&r, false, true, 256);
        while (left > 0 || !whole) {
            size_t n = left < chunk ? left : chunk;
            size_t before = n;
            enum pdu_reader_event event = pdu_reader_feed(&r, &bytes, &n);
            left -= before - n;
            if (event == READER_HEADER)
                pdu_reader_data_goes_to(&r, got, rooms[_i].room);
            if (event > READER_PDU)
                ck_abort_msg("event %d", event);
            whole = event == READER_PDU;
        }
        ck_assert(is_rising(got, rooms[_i].kept, sizeof got));
    }
}
END_TEST

START_TEST(data_can_be_dropped_on_its_way)
{
    struct pdu_reader r;
    struct stream s = {.data_digest = true};
    const uint8_t *bytes = s.bytes;
    size_t n = PDU_HEADER_SIZE + 10;
    uint8_t got[100] = {0};
    void *space;

    add_pdu(&s, 0, 100);
    pdu_reader_init(&r, 256);
    pdu_reader_configure(&r, false, true, 256);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_HEADER);
    pdu_reader_data_goes_to(&r, got, sizeof got);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_MORE);
    ck_assert_uint_eq(pdu_reader_direct_space(&r, &space), 90);
    ck_assert_ptr_eq(space, got + 10);
    pdu_reader_drop_data(&r);
    ck_assert_uint_eq(pdu_reader_direct_space(&r, &space), 0);
    n = s.length - PDU_HEADER_SIZE - 10;
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_PDU);
    ck_assert_uint_eq(got[9], 10);
    ck_assert_uint_eq(got[10], 0);
}
END_TEST

START_TEST(of_additional_headers_the_first_bytes_are_kept)
{
    struct pdu_reader r;
    struct stream s = {0};
    const uint8_t *bytes = s.bytes;
    size_t n;

    add_pdu(&s, 2, 0);
    add_pdu(&s, 255, 0);
    n = s.length;
    pdu_reader_init(&r, 256);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_HEADER);
    ck_assert_uint_eq(r.ahs_kept, 8);
    ck_assert_uint_eq(r.ahs[7], 0xa7);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_PDU);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_HEADER);
    ck_assert_uint_eq(r.ahs_kept, PDU_READER_AHS_KEPT);
    ck_assert_int_eq(pdu_reader_feed(&r, &bytes, &n), READER_PDU);
    ck_assert_uint_eq(n, 0);
}
END_TEST

TCase *
pdu_reader_cases(void)
{
    TCase *c = tcase_create("pdu_reader");

    tcase_add_loop_test(c, a_stream_gives_the_same_pdus_in_chunks_of_any_size, 0, 8);
    tcase_add_loop_test(c, a_stream_cut_at_any_byte_gives_only_what_is_complete, 0, 4);
    tcase_add_test(c, every_byte_that_a_digest_covers_is_guarded_by_it);
    tcase_add_test(c, after_bad_data_the_next_pdu_is_read);
    tcase_add_test(c, the_header_digest_of_the_standards_read_command_is_taken);
    tcase_add_loop_test(c, the_data_digests_of_the_standard_are_taken, 0, 4);
    tcase_add_test(c, a_segment_longer_than_agreed_ends_the_stream_at_its_header);
    tcase_add_test(c, digests_are_switched_on_between_two_pdus_of_one_chunk);
    tcase_add_loop_test(c, data_beyond_the_room_given_is_dropped, 0,
                        (int)(sizeof rooms / sizeof rooms[0]));
    tcase_add_test(c, data_can_be_dropped_on_its_way);
    tcase_add_test(c, of_additional_headers_the_first_bytes_are_kept);
    return c;
}
