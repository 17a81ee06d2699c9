/* test_stream.c: PDUs out of bytes, and bytes out of PDUs. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/outbox.h"
#include "bench/load/stream.h"
#include "core/bytes.h"
#include "suites.h"

#define PDUS 5

/* What the handler has seen. */
struct seen {
    uint8_t headers[PDUS][BHS_LENGTH];
    uint8_t data[PDUS][64];
    unsigned begun, whole;
    bool refuses;
};

static int
see_header(void *arg, const uint8_t *bhs, uint32_t length, uint8_t **into)
{
    struct seen *s = arg;

    ck_assert_ptr_null(*into);
    ck_assert_uint_lt(s->begun, PDUS);
    ck_assert_uint_eq(s->begun, s->whole);
    ck_assert_uint_le(length, sizeof s->data[0]);
    memcpy(s->headers[s->begun], bhs, BHS_LENGTH);
    *into = s->data[s->begun++];
    return s->refuses ? -1 : 0;
}

static int
see_whole(void *arg, const uint8_t *bhs)
{
    struct seen *s = arg;

    ck_assert_mem_eq(s->headers[s->whole], bhs, BHS_LENGTH);
    s->whole++;
    return 0;
}

static const struct stream_handler handler = {see_header, see_whole};
static const uint8_t payload[64] = "what is written is read again, whatever the pieces";
static const uint32_t lengths[PDUS] = {0, 1, 64, 7, 0};

static const struct {
    bool header, data;
} digests[] = {{false, false}, {true, false}, {false, true}, {true, true}};
#define DIGESTS (sizeof digests / sizeof digests[0])

/* Sends PDUS of them through an outbox. Returns how many bytes came out. */
static size_t
make_bytes(int how, uint8_t *bytes, size_t room)
{
    struct outbox o;
    int fds[2];
    ssize_t n;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(outbox_init(&o, PDUS), 0);
    o.header_digest = digests[how].header;
    o.data_digest = digests[how].data;
    for (unsigned i = 0; i < PDUS; i++) {
        uint8_t *h = outbox_header(&o);

        put_be32(h + FIELD_TASK_TAG, i);
        outbox_add(&o, payload, lengths[i]);
    }
    ck_assert_ptr_null(outbox_header(&o));
    ck_assert_int_eq(outbox_flush(&o, fds[0], 0), 0);
    ck_assert(outbox_is_empty(&o));
    ck_assert_uint_eq(o.sends, 1);
    n = recv(fds[1], bytes, room, MSG_DONTWAIT);
    ck_assert_int_gt(n, 0);
    outbox_done(&o);
    close(fds[0]);
    close(fds[1]);
    return (size_t)n;
}

static void
open_stream(struct stream *s, int how, struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    stream_init(s, &handler, seen);
    s->header_digest = digests[how].header;
    s->data_digest = digests[how].data;
}

START_TEST(what_an_outbox_sends_is_understood_however_it_is_cut)
{
    uint8_t bytes[1024];
    size_t n = make_bytes(_i, bytes, sizeof bytes);
    struct stream s;
    struct seen seen;

    for (size_t cut = 0; cut <= n; cut++) {
        open_stream(&s, _i, &seen);
        ck_assert_int_eq(stream_feed(&s, bytes, cut), 0);
        ck_assert_int_eq(stream_feed(&s, bytes + cut, n - cut), 0);
        ck_assert_uint_eq(seen.whole, PDUS);
        for (unsigned i = 0; i < PDUS; i++) {
            ck_assert_uint_eq(get_be32(seen.headers[i] + FIELD_TASK_TAG), i);
            ck_assert_uint_eq(get_be24(seen.headers[i] + FIELD_DATA_LENGTH), lengths[i]);
            ck_assert_mem_eq(seen.data[i], payload, lengths[i]);
        }
    }
}
END_TEST

START_TEST(a_stream_fed_what_it_wants_never_reads_past_a_pdu)
{
    uint8_t bytes[1024];
    size_t n = make_bytes(_i, bytes, sizeof bytes), at = 0;
    struct stream s;
    struct seen seen;

    open_stream(&s, _i, &seen);
    for (unsigned i = 0; i < PDUS; i++)
        while (seen.whole == i) {
            size_t wants = stream_wants(&s);

            ck_assert_uint_gt(wants, 0);
            ck_assert_uint_le(at + wants, n);
            ck_assert_int_eq(stream_feed(&s, bytes + at, wants), 0);
            ck_assert_uint_le(seen.begun, i + 1);
            at += wants;
        }
    ck_assert_uint_eq(at, n);
}
END_TEST

START_TEST(a_changed_bit_is_caught_by_its_digest)
{
    uint8_t bytes[1024];
    size_t n = make_bytes(3, bytes, sizeof bytes);
    struct stream s;
    struct seen seen;

    for (size_t i = 0; i < n; i++) {
        /* Lengths are checked by the header's digest only once the header is there: they are
         * part of it, so no wrong one is ever believed. */
        bytes[i] ^= 0x04;
        open_stream(&s, 3, &seen);
        ck_assert_int_eq(stream_feed(&s, bytes, n), -1);
        ck_assert_ptr_nonnull(s.error);
        bytes[i] ^= 0x04;
    }
}
END_TEST

START_TEST(additional_header_segments_end_the_stream)
{
    uint8_t bhs[BHS_LENGTH] = {[FIELD_AHS_LENGTH] = 1};
    struct stream s;
    struct seen seen;

    open_stream(&s, 0, &seen);
    ck_assert_int_eq(stream_feed(&s, bhs, sizeof bhs), -1);
    ck_assert_ptr_nonnull(s.error);
    ck_assert_uint_eq(seen.begun, 0);
}
END_TEST

START_TEST(what_the_handler_refuses_is_no_error_of_the_bytes)
{
    uint8_t bhs[BHS_LENGTH] = {0};
    struct stream s;
    struct seen seen;

    open_stream(&s, 0, &seen);
    seen.refuses = true;
    ck_assert_int_eq(stream_feed(&s, bhs, sizeof bhs), -1);
    ck_assert_ptr_null(s.error);
    ck_assert_uint_eq(seen.whole, 0);
}
END_TEST

START_TEST(an_outbox_goes_on_where_a_full_socket_stopped_it)
{
    static uint8_t data[1 << 20], got[1 << 16];
    struct outbox o;
    size_t total = 0;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(outbox_init(&o, 2), 0);
    for (int i = 0; i < 2; i++) {
        outbox_header(&o);
        outbox_add(&o, data, sizeof data);
    }
    ck_assert_int_eq(outbox_flush(&o, fds[0], 0), 0);
    ck_assert(!outbox_is_empty(&o));
    while (total < 2 * (sizeof data + BHS_LENGTH)) {
        ssize_t n = recv(fds[1], got, sizeof got, MSG_DONTWAIT);

        if (n > 0)
            total += (size_t)n;
        ck_assert_int_eq(outbox_flush(&o, fds[0], 0), 0);
    }
    ck_assert(outbox_is_empty(&o));
    ck_assert(outbox_has_room(&o, 2));
    close(fds[1]);
    outbox_header(&o);
    outbox_add(&o, NULL, 0);
    ck_assert_int_lt(outbox_flush(&o, fds[0], 0), 0);
    outbox_done(&o);
    close(fds[0]);
}
END_TEST

TCase *
stream_cases(void)
{
    TCase *t = tcase_create("stream");

    tcase_add_loop_test(t, what_an_outbox_sends_is_understood_however_it_is_cut, 0, DIGESTS);
    tcase_add_loop_test(t, a_stream_fed_what_it_wants_never_reads_past_a_pdu, 0, DIGESTS);
    tcase_add_test(t, a_changed_bit_is_caught_by_its_digest);
    tcase_add_test(t, additional_header_segments_end_the_stream);
    tcase_add_test(t, what_the_handler_refuses_is_no_error_of_the_bytes);
    tcase_add_test(t, an_outbox_goes_on_where_a_full_socket_stopped_it);
    return t;
}
