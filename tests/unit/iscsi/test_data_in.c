/* test_data_in.c: reads cut into Data-In PDUs. */
#include <check.h>

#include "iscsi/data_in.h"
#include "suites.h"

#define MAX_PDUS 8

static const struct {
    uint32_t length, max_segment, max_burst;
    unsigned n;
    uint32_t lengths[MAX_PDUS];
    unsigned finals; /* bit per PDU: F */
} cuts[] = {
    {0, 8192, 65536, 0, {0}, 0},
    {1, 8192, 65536, 1, {1}, 1},
    {8192, 8192, 65536, 1, {8192}, 1},
    {8193, 8192, 65536, 2, {8192, 1}, 2},
    {20000, 8192, 65536, 3, {8192, 8192, 3616}, 4},
    {20000, 8192, 8192, 3, {8192, 8192, 3616}, 7},
    {20000, 65536, 8192, 3, {8192, 8192, 3616}, 7},
    {3000, 512, 1024, 6, {512, 512, 512, 512, 512, 440}, 0x2a},
    /* A burst that is no multiple of the segment. */
    {3000, 1024, 1500, 4, {1024, 476, 1024, 476}, 0xa},
    {0xffffffff, 0xffffffff, 0xffffffff, 1, {0xffffffff}, 1},
};

START_TEST(a_read_is_cut_by_segment_and_burst)
{
    struct data_in d;
    struct data_in_pdu pdu;
    uint32_t offset = 0;
    unsigned n = 0;

    data_in_init(&d, cuts[_i].length, cuts[_i].max_segment, cuts[_i].max_burst);
    while (data_in_next(&d, &pdu)) {
        ck_assert_uint_lt(n, cuts[_i].n);
        ck_assert_uint_eq(pdu.data_sn, n);
        ck_assert_uint_eq(pdu.offset, offset);
        ck_assert_uint_eq(pdu.length, cuts[_i].lengths[n]);
        ck_assert_int_eq(pdu.is_final, (cuts[_i].finals >> n & 1) != 0);
        offset += pdu.length;
        n++;
        ck_assert_int_eq(pdu.is_last, n == cuts[_i].n);
    }
    ck_assert_uint_eq(n, cuts[_i].n);
    ck_assert_uint_eq(offset, cuts[_i].length);
}
END_TEST

TCase *
data_in_cases(void)
{
    TCase *tcase = tcase_create("data_in");

    tcase_add_loop_test(tcase, a_read_is_cut_by_segment_and_burst, 0,
                        sizeof cuts / sizeof *cuts);
    return tcase;
}
