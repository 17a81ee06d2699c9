/* test_bytes.c: integers in buffers, digests, buffers, counters. */
#include <string.h>

#include "core/bytes.h"
#include "core/counters.h"
#include "core/crc32c.h"
#include "core/iobuf.h"
#include "core/latency.h"
#include "suites.h"

START_TEST(what_is_put_big_endian_is_got_back)
{
    static const uint8_t wire[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t out[8] = {0};

    ck_assert_uint_eq(get_be16(wire), 0x0123);
    ck_assert_uint_eq(get_be24(wire), 0x012345);
    ck_assert_uint_eq(get_be32(wire + 4), 0x89abcdef);
    ck_assert_uint_eq(get_be48(wire), 0x0123456789abull);
    ck_assert_uint_eq(get_be64(wire), 0x0123456789abcdefull);
    put_be64(out, 0x0123456789abcdefull);
    ck_assert_mem_eq(out, wire, 8);
    put_be48(out + 2, 0x0123456789abull);
    put_be24(out, 0xfffefd);
    ck_assert_mem_eq(out, "\xff\xfe\xfd\x23\x45\x67\x89\xab", 8);
}
END_TEST

/* RFC 7143 appendix A.4 (as RFC 3720 B.4), in the byte order of the wire. */
static const struct {
    uint8_t first;
    int8_t step;
    uint32_t crc;
} vectors[] = {
    {0x00, 0, 0x8a9136aa},  /* 32 bytes of zeroes */
    {0xff, 0, 0x62a8ab43},  /* 32 bytes of ones */
    {0x00, 1, 0x46dd794e},  /* 00 to 1f */
    {0x1f, -1, 0x113fdb5c}, /* 1f to 00 */
};

START_TEST(crc32c_gives_the_values_of_the_standard_in_any_pieces)
{
    uint8_t data[32];

    for (int i = 0; i < 32; i++)
        data[i] = (uint8_t)(vectors[_i].first + i * vectors[_i].step);
    for (size_t cut = 0; cut <= sizeof data; cut++)
        ck_assert_uint_eq(crc32c(crc32c(0, data, cut), data + cut, sizeof data - cut),
                          vectors[_i].crc);
}
END_TEST

START_TEST(a_buffer_is_aligned_large_enough_and_reused)
{
    static const size_t sizes[] = {0, 1, 4096, 4097, 262144, 1048576, 1048577, 9000001};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct iobuf *b = iobuf_new(sizes[i]), *again;
        uint8_t *data = b->data;

        ck_assert_uint_eq((uintptr_t)data % IOBUF_ALIGNMENT, 0);
        ck_assert_uint_ge(b->capacity, sizes[i]);
        ck_assert_uint_eq(b->length, sizes[i]);
        memset(data, 0xa5, sizes[i]);
        iobuf_ref(b);
        iobuf_unref(b);
        iobuf_unref(b);
        again = iobuf_new(sizes[i]);
        if (sizes[i] <= 1048576)
            ck_assert_ptr_eq(again->data, data);
        iobuf_unref(again);
    }
    iobuf_cache_free();
    ck_assert_ptr_null(iobuf_new(SIZE_MAX));
}
END_TEST

START_TEST(counters_of_all_workers_are_added_up_and_in_flight_is_never_negative)
{
    struct io_counters c[2];
    struct io_totals t = {0};

    memset(c, 0, sizeof c);
    counter_add(&c[0].read_ops, 3);
    counter_add(&c[1].read_ops, 4);
    counter_add(&c[0].started, 5);
    counter_add(&c[0].finished, 2);
    counter_add(&c[1].finished, 1);
    io_counters_sum(c, 2, &t);
    ck_assert_uint_eq(t.read_ops, 7);
    ck_assert_uint_eq(t.in_flight, 3);
}
END_TEST

static const struct {
    uint64_t us;
    unsigned bucket;
} latencies[] = {
    {0, 0},        {1, 0},        {16, 0},          {17, 1},       {32, 1},
    {33, 2},       {1024, 6},     {1025, 7},        {4194304, 18}, {4194305, 19},
    {8388608, 19}, {8388609, 19}, {UINT64_MAX, 19},
};

START_TEST(a_latency_is_in_the_first_bucket_whose_bound_it_does_not_exceed)
{
    unsigned bucket = latency_bucket(latencies[_i].us);

    ck_assert_uint_eq(bucket, latencies[_i].bucket);
    if (bucket < LATENCY_BUCKETS - 1)
        ck_assert_uint_le(latencies[_i].us, latency_bound_us(bucket));
    if (bucket > 0)
        ck_assert_uint_gt(latencies[_i].us, latency_bound_us(bucket - 1));
}
END_TEST

START_TEST(latencies_take_memory_only_where_something_was_counted)
{
    struct io_counters c[2];
    struct latency_totals one = {0}, both = {0};

    memset(c, 0, sizeof c);
    latency_sum(c, 2, &one);
    ck_assert_ptr_null(atomic_load(&c[0].latency));
    latency_count(&c[0], LATENCY_READ, 100);
    latency_count(&c[0], LATENCY_READ, 20);
    ck_assert_ptr_null(atomic_load(&c[1].latency));
    latency_count(&c[1], LATENCY_READ, 120);
    latency_count(&c[1], LATENCY_FLUSH, 5000);
    latency_sum(&c[1], 1, &one);
    latency_sum(c, 2, &both);
    ck_assert_uint_eq(one.counts[LATENCY_READ][3], 1);
    ck_assert_uint_eq(both.counts[LATENCY_READ][3], 2);
    ck_assert_uint_eq(both.counts[LATENCY_READ][1], 1);
    ck_assert_uint_eq(both.time_us[LATENCY_READ], 240);
    latency_add(&both, &one);
    ck_assert_uint_eq(both.counts[LATENCY_FLUSH][9], 2);
    ck_assert_uint_eq(both.time_us[LATENCY_FLUSH], 10000);
    io_counters_done(c, 2);
}
END_TEST

TCase *
bytes_cases(void)
{
    TCase *c = tcase_create("bytes");

    tcase_add_test(c, what_is_put_big_endian_is_got_back);
    tcase_add_loop_test(c, crc32c_gives_the_values_of_the_standard_in_any_pieces, 0,
                        sizeof vectors / sizeof vectors[0]);
    tcase_add_test(c, a_buffer_is_aligned_large_enough_and_reused);
    tcase_add_test(c, counters_of_all_workers_are_added_up_and_in_flight_is_never_negative);
    tcase_add_loop_test(c, a_latency_is_in_the_first_bucket_whose_bound_it_does_not_exceed, 0,
                        sizeof latencies / sizeof latencies[0]);
    tcase_add_test(c, latencies_take_memory_only_where_something_was_counted);
    return c;
}
