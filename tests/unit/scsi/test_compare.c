/* test_compare.c: VERIFY. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

#define ROWS(table) (int)(sizeof table / sizeof table[0])

/* The medium is zeroes but for one byte, 1, at byte DIRTY (SIZE_MAX: none); Data-Out is zeroes.
 */
static const struct {
    const char *cdb;
    size_t dirty;
    uint64_t out_length;
    const char *outcome;
    int64_t information;
    const char *asked[2];
} verifies[] = {
    /* BYTCHK=00b: read, whatever is there */
    {"2f 00 00000002 00 0003 00", 1024, 0, "GOOD", -1, {"READ 1024+1536", ""}},
    {"af 00 00000002 00000003 00 00", 1024, 0, "GOOD", -1, {"READ 1024+1536", ""}},
    {"8f 00 0000000000000002 00000003 00 00", 1024, 0, "GOOD", -1, {"READ 1024+1536", ""}},
    {"2f 00 00000002 00 0000 00", 1024, 0, "GOOD", -1, {"", ""}},
    {"2f 10 00000000 00 0280 00", 0, 0, "GOOD", -1, {"READ 0+262144", "READ 262144+65536"}},
    {"2f 00 00000000 00 1001 00", 0, 0, "5/21/00", 0, {"", ""}},
    {"2f 00 00001000 00 0001 00", 0, 0, "5/21/00", 0x1000, {"", ""}},
    /* BYTCHK=01b: compare with as much data */
    {"2f 02 00000002 00 0003 00", SIZE_MAX, 1536, "GOOD", -1, {"READ 1024+1536", ""}},
    {"2f 02 00000002 00 0000 00", SIZE_MAX, 0, "GOOD", -1, {"", ""}},
    {"2f 02 00000002 00 0003 00", 1024, 1536, "e/1d/00", 0, {"READ 1024+1536", ""}},
    {"2f 02 00000002 00 0003 00", 2559, 1536, "e/1d/00", 1535, {"READ 1024+1536", ""}},
    {"2f 02 00000002 00 0003 00", 2560, 1536, "GOOD", -1, {"READ 1024+1536", ""}},
    {"2f 02 00000002 00 0003 00", 1023, 1536, "GOOD", -1, {"READ 1024+1536", ""}},
    {"af 02 00000002 00000003 00 00", 1030, 1536, "e/1d/00", 6, {"READ 1024+1536", ""}},
    {"8f 02 0000000000000002 00000003 00 00", 1030, 1536, "e/1d/00", 6, {"READ 1024+1536", ""}},
    {"2f 02 00000000 00 0280 00",
     262145,
     327680,
     "e/1d/00",
     262145,
     {"READ 0+262144", "READ 262144+65536"}},
    {"2f 02 00000000 00 4001 00", 0, 0, "5/24/00", -1, {"", ""}}, /* too much data */
    {"af 02 00000000 ffffffff 00 00", 0, 0, "5/24/00", -1, {"", ""}},
    /* BYTCHK=11b: compare each with one block */
    {"2f 06 00000002 00 0003 00", SIZE_MAX, 512, "GOOD", -1, {"READ 1024+1536", ""}},
    {"2f 06 00000002 00 0003 00", 1024 + 700, 512, "e/1d/00", 700, {"READ 1024+1536", ""}},
    {"2f 06 00000002 00 0000 00", 1024, 0, "GOOD", -1, {"", ""}},
    {"8f 06 0000000000000000 00000400 00 00",
     524287,
     512,
     "e/1d/00",
     524287,
     {"READ 0+262144", "READ 262144+262144"}},
    /* BYTCHK=10b is reserved */
    {"2f 04 00000002 00 0003 00", 0, 0, "5/24/00", -1, {"", ""}},
    {"8f 04 0000000000000002 00000003 00 00", 0, 0, "5/24/00", -1, {"", ""}},
    {"2f 20 00000002 00 0003 00", 0, 0, "5/24/00", -1, {"", ""}},
};

START_TEST(verify_reads_or_compares_and_says_where_it_differs)
{
    static const uint8_t zeroes[2 << 20];
    struct fixture f;
    struct call c;

    fixture_open(&f);
    if (verifies[_i].dirty != SIZE_MAX)
        fake_store_bytes(f.store)[verifies[_i].dirty] = 1;
    call_init(&c, &f, verifies[_i].cdb);
    call_run(&c, &f, zeroes, sizeof zeroes);
    assert_outcome(&c, verifies[_i].outcome);
    ck_assert_uint_eq(c.cmd.out_length, verifies[_i].out_length);
    ck_assert_int_eq(information(&c), verifies[_i].information);
    ck_assert_str_eq(asked(&f, 0), verifies[_i].asked[0]);
    ck_assert_str_eq(asked(&f, 1), verifies[_i].asked[1]);
    ck_assert_str_eq(asked(&f, 2), "");
    ck_assert_uint_eq(c.cmd.in_length, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(verify_with_less_data_than_it_needs_vouches_for_nothing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t length = 0; length < 1024; length += 73) {
        call_init(&c, &f, "2f 02 00000000 00 0002 00");
        call_run(&c, &f, (uint8_t[1024]){0}, length);
        assert_outcome(&c, "5/0e/03");
    }
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

START_TEST(a_block_that_cannot_be_read_is_named)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_fail(f.store, STORE_READ, 2, EIO);
    run(&c, &f, "2f 00 00000001 00 0fff 00");
    assert_outcome(&c, "3/11/00");
    ck_assert_int_eq(information(&c), 513); /* where the second step began */
    fixture_close(&f);
}
END_TEST

START_TEST(an_aborted_verify_stops_at_the_next_step)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    call_init(&c, &f, "2f 00 00000000 00 1000 00");
    call_start(&c, NULL, 0);
    worker_turn(f.worker, false);
    c.cmd.aborted = true;
    fake_store_release(f.store, 0, 0);
    turn_until_done(&c, &f);
    assert_outcome(&c, "ABORTED");
    ck_assert_uint_eq(fake_store_records(f.store), 1);
    fixture_close(&f);
}
END_TEST

TCase *
compare_cases(void)
{
    TCase *t = tcase_create("compare");

    tcase_add_loop_test(t, verify_reads_or_compares_and_says_where_it_differs, 0,
                        ROWS(verifies));
    tcase_add_test(t, verify_with_less_data_than_it_needs_vouches_for_nothing);
    tcase_add_test(t, a_block_that_cannot_be_read_is_named);
    tcase_add_test(t, an_aborted_verify_stops_at_the_next_step);
    return t;
}
