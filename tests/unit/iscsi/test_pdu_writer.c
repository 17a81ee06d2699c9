/* test_pdu_writer.c: PDUs into iovecs, sent in pieces of any size. */
#include "iscsi/pdu_writer.h"

#include <stdlib.h>
#include <string.h>

#include "core/iobuf.h"
#include "iscsi/pdu_reader.h"
#include "suites.h"

static uint8_t pattern[4096];

static void
fill_pattern(void)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + 1);
}

static void
header_numbered(uint8_t *header, uint32_t number)
{
    struct pdu_nop_in nop = {.task_tag = number, .transfer_tag = PDU_NO_TAG};

    pdu_nop_in_put(header, &nop);
}

/* Sends everything, STEP bytes at a time with MAX iovecs, into OUT; returns how many bytes. */
static size_t
drain(struct pdu_writer *w, uint8_t *out, size_t step, int max)
{
    struct iovec iov[8];
    size_t total = 0, sent;
    int n;

    while ((n = pdu_writer_iovecs(w, iov, max)) > 0) {
        sent = 0;
        for (int i = 0; i < n && sent < step; i++) {
            size_t take = iov[i].iov_len < step - sent ? iov[i].iov_len : step - sent;
            ck_assert_uint_gt(iov[i].iov_len, 0);
            memcpy(out + total + sent, iov[i].iov_base, take);
            sent += take;
        }
        pdu_writer_sent(w, sent);
        total += sent;
    }
    return total;
}

/* Reads STREAM back and checks that it holds PDUs numbered from 0, with data of LENGTHS. */
static void
check_stream(const uint8_t *stream, size_t n, bool header_digest, bool data_digest,
             const size_t *lengths, uint32_t count)
{
    struct pdu_reader r;
    uint8_t data[4096];

    pdu_reader_init(&r, sizeof data);
    pdu_reader_configure(&r, header_digest, data_digest, sizeof data);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(pdu_reader_feed(&r, &stream, &n), READER_HEADER);
        ck_assert_uint_eq(pdu_task_tag(r.header), i);
        ck_assert_uint_eq(pdu_data_length(r.header), lengths[i]);
        pdu_reader_data_goes_to(&r, data, sizeof data);
        ck_assert_int_eq(pdu_reader_feed(&r, &stream, &n), READER_PDU);
        if (lengths[i] > 0)
            ck_assert_mem_eq(data, pattern, lengths[i]);
    }
    ck_assert_uint_eq(n, 0);
}

START_TEST(what_is_written_can_be_read_back_however_it_is_sent)
{
    static const size_t lengths[] = {0, 1, 20, 63, 64, 65, 1000, 4, 5, 6, 7, 4096};
    const uint32_t count = sizeof lengths / sizeof lengths[0];
    const bool header_digest = _i & 1, data_digest = _i & 2, by_iobuf = _i & 4;
    struct iobuf *b = iobuf_new(sizeof pattern);
    uint8_t header[PDU_HEADER_SIZE], *out = malloc(16384);
    struct pdu_writer w;
    size_t n;

    fill_pattern();
    memcpy(b->data, pattern, sizeof pattern);
    for (size_t step = 1; step < 6000; step += step < 120 ? 1 : 777) {
        pdu_writer_init(&w);
        pdu_writer_set_digests(&w, header_digest, data_digest);
        for (uint32_t i = 0; i < count; i++) {
            header_numbered(header, i);
            if (by_iobuf)
                ck_assert_int_eq(pdu_writer_add_iobuf(&w, header, b, 0, lengths[i]), 0);
            else
                ck_assert_int_eq(pdu_writer_add_copy(&w, header, pattern, lengths[i]), 0);
        }
        n = pdu_writer_queued(&w);
        ck_assert_uint_eq(drain(&w, out, step, 1 + (int)step % 8), n);
        ck_assert_uint_eq(pdu_writer_queued(&w), 0);
        check_stream(out, n, header_digest, data_digest, lengths, count);
        pdu_writer_done(&w);
    }
    ck_assert_uint_eq(b->refs, 1);
    iobuf_unref(b);
    iobuf_cache_free();
    free(out);
}
END_TEST

START_TEST(a_buffer_is_held_until_its_last_byte_has_left)
{
    struct iobuf *b = iobuf_new(100);
    uint8_t header[PDU_HEADER_SIZE];
    struct pdu_writer w;

    memset(b->data, 0, 100);
    header_numbered(header, 0);
    pdu_writer_init(&w);
    ck_assert_int_eq(pdu_writer_add_iobuf(&w, header, b, 10, 30), 0);
    ck_assert_uint_eq(b->refs, 2);
    ck_assert_uint_eq(pdu_writer_queued(&w), PDU_HEADER_SIZE + 32);
    pdu_writer_sent(&w, PDU_HEADER_SIZE + 31);
    ck_assert_uint_eq(b->refs, 2);
    pdu_writer_sent(&w, 1);
    ck_assert_uint_eq(b->refs, 1);
    pdu_writer_done(&w);
    iobuf_unref(b);
    iobuf_cache_free();
}
END_TEST

START_TEST(what_was_not_sent_is_given_back_at_the_end)
{
    struct iobuf *b = iobuf_new(100);
    uint8_t header[PDU_HEADER_SIZE];
    struct pdu_writer w;

    memset(b->data, 0, 100);
    header_numbered(header, 0);
    pdu_writer_init(&w);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(pdu_writer_add_iobuf(&w, header, b, 0, 100), 0);
    pdu_writer_sent(&w, 60);
    pdu_writer_done(&w);
    ck_assert_uint_eq(b->refs, 1);
    iobuf_unref(b);
    iobuf_cache_free();
}
END_TEST

START_TEST(data_is_sent_from_where_it_is)
{
    struct iobuf *b = iobuf_new(8192);
    uint8_t header[PDU_HEADER_SIZE];
    struct iovec iov[4];
    struct pdu_writer w;

    memset(b->data, 0, 8192);
    header_numbered(header, 0);
    pdu_writer_init(&w);
    ck_assert_int_eq(pdu_writer_add_iobuf(&w, header, b, 4096, 4096), 0);
    ck_assert_int_eq(pdu_writer_iovecs(&w, iov, 4), 2);
    ck_assert_uint_eq(iov[0].iov_len, PDU_HEADER_SIZE);
    ck_assert_ptr_eq(iov[1].iov_base, b->data + 4096);
    ck_assert_uint_eq(iov[1].iov_len, 4096);
    pdu_writer_done(&w);
    iobuf_unref(b);
    iobuf_cache_free();
}
END_TEST

START_TEST(digests_hold_for_what_is_added_after_they_are_set)
{
    uint8_t header[PDU_HEADER_SIZE];
    struct pdu_writer w;

    header_numbered(header, 0);
    pdu_writer_init(&w);
    ck_assert_int_eq(pdu_writer_add_copy(&w, header, "abcd", 4), 0);
    ck_assert_uint_eq(pdu_writer_queued(&w), 52);
    pdu_writer_set_digests(&w, true, true);
    ck_assert_int_eq(pdu_writer_add_copy(&w, header, "abcd", 4), 0);
    ck_assert_uint_eq(pdu_writer_queued(&w), 52 + 60);
    ck_assert_int_eq(pdu_writer_add(&w, header), 0); /* no data, no data digest */
    ck_assert_uint_eq(pdu_writer_queued(&w), 52 + 60 + 52);
    pdu_writer_done(&w);
}
END_TEST

TCase *
pdu_writer_cases(void)
{
    TCase *c = tcase_create("pdu_writer");

    tcase_add_loop_test(c, what_is_written_can_be_read_back_however_it_is_sent, 0, 8);
    tcase_add_test(c, a_buffer_is_held_until_its_last_byte_has_left);
    tcase_add_test(c, what_was_not_sent_is_given_back_at_the_end);
    tcase_add_test(c, data_is_sent_from_where_it_is);
    tcase_add_test(c, digests_hold_for_what_is_added_after_they_are_set);
    return c;
}
