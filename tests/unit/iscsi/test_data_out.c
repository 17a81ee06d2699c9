/* test_data_out.c: what a write's data may look like, and which R2Ts ask for it. */
#include <check.h>

#include "iscsi/data_out.h"
#include "suites.h"

static const struct data_out_limits modern = {
    .first_burst = 4096, .max_burst = 8192, .max_outstanding_r2t = 2, .immediate_data = true};
static const struct data_out_limits strict = {
    .first_burst = 4096, .max_burst = 8192, .max_outstanding_r2t = 1, .initial_r2t = true};

static const struct {
    const struct data_out_limits *limits;
    uint32_t expected, immediate;
    bool is_final;
    enum data_out_verdict verdict;
} starts[] = {
    {&modern, 4096, 4096, true, DATA_OUT_MORE},
    {&modern, 65536, 4096, false, DATA_OUT_MORE},
    {&modern, 65536, 0, true, DATA_OUT_MORE},
    {&modern, 65536, 4097, true, DATA_OUT_TOO_LONG},
    {&modern, 512, 513, true, DATA_OUT_TOO_LONG},
    {&strict, 65536, 0, true, DATA_OUT_MORE},
    {&strict, 65536, 1, true, DATA_OUT_UNEXPECTED},
    {&strict, 65536, 0, false, DATA_OUT_UNEXPECTED},
};

START_TEST(a_command_may_bring_what_was_negotiated)
{
    struct data_out d;

    ck_assert_int_eq(data_out_init(&d, starts[_i].limits, starts[_i].expected,
                                   starts[_i].immediate, starts[_i].is_final),
                     starts[_i].verdict);
}
END_TEST

START_TEST(immediate_data_alone_can_be_all)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;

    data_out_init(&d, &modern, 4096, 4096, true);
    data_out_want(&d, 4096);
    ck_assert(data_out_is_complete(&d));
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(tag, 1);
}
END_TEST

START_TEST(no_r2t_goes_out_before_unsolicited_data_has_ended)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 7;

    data_out_init(&d, &modern, 10000, 1024, false);
    data_out_want(&d, 10000);
    ck_assert_uint_eq(data_out_room(&d), 10000);
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_check(&d, DATA_OUT_NO_TAG, 0, 1024, 2048), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_take(&d, 2048, false), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_check(&d, DATA_OUT_NO_TAG, 1, 3072, 1025), DATA_OUT_TOO_LONG);
    ck_assert_int_eq(data_out_check(&d, DATA_OUT_NO_TAG, 1, 3072, 1024), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_take(&d, 1024, true), DATA_OUT_SEQUENCE);

    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(r2t.tag, 7);
    ck_assert_uint_eq(r2t.r2t_sn, 0);
    ck_assert_uint_eq(r2t.offset, 4096);
    ck_assert_uint_eq(r2t.length, 10000 - 4096);
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_check(&d, 7, 0, 4096, 5904), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_take(&d, 5904, true), DATA_OUT_COMPLETE);
    ck_assert(data_out_is_complete(&d));
}
END_TEST

START_TEST(r2ts_keep_to_burst_and_number)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;

    data_out_init(&d, &modern, 20000, 0, true);
    data_out_want(&d, 20000);
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(r2t.length, 8192);
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(r2t.offset, 8192);
    ck_assert_uint_eq(r2t.tag, 2);
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t)); /* MaxOutstandingR2T */

    ck_assert_int_eq(data_out_check(&d, 2, 0, 8192, 10), DATA_OUT_BAD_TAG); /* not its turn */
    ck_assert_int_eq(data_out_take(&d, 8192, true), DATA_OUT_SEQUENCE);
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(r2t.r2t_sn, 2);
    ck_assert_uint_eq(r2t.length, 20000 - 16384);
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_take(&d, 8192, true), DATA_OUT_SEQUENCE);
    ck_assert(!data_out_is_complete(&d));
    ck_assert_int_eq(data_out_take(&d, 3616, false), DATA_OUT_MORE);
    ck_assert(!data_out_is_complete(&d)); /* its F bit is missing */
    ck_assert_int_eq(data_out_check(&d, 3, 1, 20000, 0), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_take(&d, 0, true), DATA_OUT_COMPLETE);
    ck_assert_uint_eq(tag, 4);
}
END_TEST

static const struct {
    uint32_t tag, data_sn, offset, length;
    enum data_out_verdict verdict;
} headers[] = {
    {1, 0, 0, 512, DATA_OUT_MORE},      {1, 0, 0, 8192, DATA_OUT_MORE},
    {1, 0, 0, 8193, DATA_OUT_TOO_LONG}, {1, 1, 0, 512, DATA_OUT_BAD_SN},
    {1, 0, 512, 512, DATA_OUT_BAD_SN},  {1, 0, 0xfffffe00, 512, DATA_OUT_BAD_SN},
    {3, 0, 0, 512, DATA_OUT_BAD_TAG},   {DATA_OUT_NO_TAG, 0, 0, 512, DATA_OUT_BAD_TAG},
};

START_TEST(a_data_out_must_be_the_one_that_was_asked_for)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;

    data_out_init(&d, &strict, 20000, 0, true);
    data_out_want(&d, 20000);
    ck_assert_int_eq(data_out_check(&d, 1, 0, 0, 512), DATA_OUT_BAD_TAG); /* no R2T yet */
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_check(&d, headers[_i].tag, headers[_i].data_sn,
                                    headers[_i].offset, headers[_i].length),
                     headers[_i].verdict);
}
END_TEST

START_TEST(a_sequence_that_ends_early_fails_the_task_and_the_rest_is_awaited)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;

    data_out_init(&d, &modern, 30000, 0, true);
    data_out_want(&d, 30000);
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_take(&d, 512, true), DATA_OUT_BAD_AMOUNT);
    data_out_stop(&d);
    ck_assert(!data_out_is_complete(&d)); /* the second R2T is out */
    ck_assert(!data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_int_eq(data_out_check(&d, 2, 55, 1, 99999), DATA_OUT_MORE);
    ck_assert_int_eq(data_out_take(&d, 8192, true), DATA_OUT_COMPLETE);
    ck_assert(data_out_is_complete(&d));
}
END_TEST

START_TEST(a_command_that_wants_less_is_asked_for_less)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;

    data_out_init(&d, &modern, 20000, 0, true);
    data_out_want(&d, 512);
    ck_assert(data_out_next_r2t(&d, &tag, &r2t));
    ck_assert_uint_eq(r2t.length, 512);

    /* Unasked data may still be more than that, and needs room. */
    data_out_init(&d, &modern, 20000, 1024, false);
    data_out_want(&d, 512);
    ck_assert_uint_eq(data_out_room(&d), 4096);
    ck_assert(!data_out_is_complete(&d));
    ck_assert_int_eq(data_out_take(&d, 3072, true), DATA_OUT_COMPLETE);
}
END_TEST

START_TEST(tags_skip_the_value_that_means_none)
{
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 0xfffffffe;

    data_out_init(&d, &modern, 20000, 0, true);
    data_out_want(&d, 20000);
    while (data_out_next_r2t(&d, &tag, &r2t))
        ck_assert_uint_lt(r2t.tag, 16);
    ck_assert_uint_eq(tag, 4);
}
END_TEST

START_TEST(the_largest_transfer_is_asked_for_to_its_end)
{
    static const struct data_out_limits limits = {
        .first_burst = 65536, .max_burst = 16777215, .max_outstanding_r2t = 1};
    struct data_out d;
    struct data_out_r2t r2t;
    uint32_t tag = 1;
    uint64_t sum = 0;

    data_out_init(&d, &limits, 0xffffffff, 0, true);
    data_out_want(&d, 0xffffffff);
    while (data_out_next_r2t(&d, &tag, &r2t)) {
        ck_assert_uint_eq(r2t.offset, sum);
        sum += r2t.length;
        ck_assert_int_eq(data_out_check(&d, r2t.tag, 0, r2t.offset, r2t.length), DATA_OUT_MORE);
        data_out_take(&d, r2t.length, true);
    }
    ck_assert_uint_eq(sum, 0xffffffff);
    ck_assert(data_out_is_complete(&d));
}
END_TEST

TCase *
data_out_cases(void)
{
    TCase *tcase = tcase_create("data_out");

    tcase_add_loop_test(tcase, a_command_may_bring_what_was_negotiated, 0,
                        sizeof starts / sizeof *starts);
    tcase_add_test(tcase, immediate_data_alone_can_be_all);
    tcase_add_test(tcase, no_r2t_goes_out_before_unsolicited_data_has_ended);
    tcase_add_test(tcase, r2ts_keep_to_burst_and_number);
    tcase_add_loop_test(tcase, a_data_out_must_be_the_one_that_was_asked_for, 0,
                        sizeof headers / sizeof *headers);
    tcase_add_test(tcase, a_sequence_that_ends_early_fails_the_task_and_the_rest_is_awaited);
    tcase_add_test(tcase, a_command_that_wants_less_is_asked_for_less);
    tcase_add_test(tcase, tags_skip_the_value_that_means_none);
    tcase_add_test(tcase, the_largest_transfer_is_asked_for_to_its_end);
    return tcase;
}
