/* test_compare.c: VERIFY, WRITE AND VERIFY. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

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

static const struct {
    const char *cdb;
    unsigned capabilities;
    const char *outcome, *field, *asked[4];
} write_verifies[] = {
    {"2e 00 00000002 00 0003 00",
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"WRITE fua 1024+1536", "READ 1024+1536", "", ""}},
    {"2e 02 00000002 00 0003 00",
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"WRITE fua 1024+1536", "READ 1024+1536", "", ""}},
    {"2e 10 00000002 00 0003 00",
     NO_FUA,
     "GOOD",
     "none",
     {"WRITE 1024+1536", "FLUSH", "READ 1024+1536", ""}},
    {"ae 02 00000002 00000003 00 00",
     NO_FUA,
     "GOOD",
     "none",
     {"WRITE 1024+1536", "FLUSH", "READ 1024+1536", ""}},
    {"8e 02 0000000000000000 00000280 00 00",
     NO_FLUSH,
     "GOOD",
     "none",
     {"WRITE 0+327680", "READ 0+262144", "READ 262144+65536", ""}},
    {"2e 02 00000002 00 0000 00", FAKE_STORE_ALL, "GOOD", "none", {"", "", "", ""}},
    {"2e 04 00000002 00 0001 00", FAKE_STORE_ALL, "5/24/00", "cdb 1.2", {"", "", "", ""}},
    {"ae 06 00000002 00000001 00 00", FAKE_STORE_ALL, "5/24/00", "cdb 1.2", {"", "", "", ""}},
    {"8e 20 0000000000000002 00000001 00 00",
     FAKE_STORE_ALL,
     "5/24/00",
     "cdb 1.7",
     {"", "", "", ""}},
    {"2e 00 00000000 00 4001 00", FAKE_STORE_ALL, "5/24/00", "cdb 7", {"", "", "", ""}},
    {"ae 00 00000000 00800001 00 00", FAKE_STORE_ALL, "5/24/00", "cdb 6", {"", "", "", ""}},
    {"8e 00 0000000000000fff 00000002 00 00",
     FAKE_STORE_ALL,
     "5/21/00",
     "none",
     {"", "", "", ""}},
};

START_TEST(write_and_verify_reads_back_what_it_has_made_stable)
{
    static uint8_t out[BLOCKS * BLOCK];
    struct fixture f;
    struct call c;

    memset(out, 'v', sizeof out);
    fixture_open_as(&f, write_verifies[_i].capabilities,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    BLOCKS);
    call_init(&c, &f, write_verifies[_i].cdb);
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, write_verifies[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), write_verifies[_i].field);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(asked(&f, i), write_verifies[_i].asked[i]);
    if (fake_store_records(f.store) > 0) {
        const struct fake_record *r = fake_store_record(f.store, 0);
        ck_assert_mem_eq(fake_store_bytes(f.store) + r->offset, out, r->length);
        ck_assert_uint_eq(counter_get(&f.session.write_bytes), r->length);
    }
    fixture_close(&f);
}
END_TEST

/* Bytes of the medium that do not become what was written. */
static const struct {
    const char *cdb, *outcome;
    uint64_t byte;
    int64_t information;
} lies[] = {
    {"2e 02 00000002 00 0003 00", "e/1d/00", 1024, 0},
    {"2e 02 00000002 00 0003 00", "e/1d/00", 2559, 1535},
    {"ae 02 00000002 00000003 00 00", "e/1d/00", 1536, 512},
    {"8e 02 0000000000000000 00000400 00 00", "e/1d/00", 300000, 300000},
    {"2e 00 00000002 00 0003 00", "3/0c/00", 1024, 2},
    {"2e 00 00000002 00 0003 00", "3/0c/00", 2559, 4},
    {"8e 00 0000000000000000 00000400 00 00", "3/0c/00", 300000, 585},
};

START_TEST(write_and_verify_never_answers_good_with_the_data_dropped)
{
    static uint8_t out[BLOCKS * BLOCK];
    struct fixture f;
    struct call c;

    memset(out, 'v', sizeof out);
    fixture_open(&f);
    fake_store_hold(f.store, true);
    call_init(&c, &f, lies[_i].cdb);
    call_start(&c, out, sizeof out);
    fake_store_release(f.store, 0, 0); /* the write */
    fake_store_bytes(f.store)[lies[_i].byte] ^= 0x40;
    fake_store_hold(f.store, false);
    turn_until_done(&c, &f);
    assert_outcome(&c, lies[_i].outcome);
    ck_assert_int_eq(information(&c), lies[_i].information);
    fixture_close(&f);
}
END_TEST

START_TEST(write_and_verify_is_good_only_when_each_of_its_steps_was)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA, (struct lun_attributes){.block_size = BLOCK}, BLOCKS);
    fake_store_fail(f.store, store_failures[_i].op, 1, store_failures[_i].error);
    call_init(&c, &f, "2e 00 00000007 00 0001 00");
    call_run(&c, &f, (uint8_t[512]){0}, 512);
    assert_outcome(&c, store_failures[_i].outcome);
    fixture_close(&f);
}
END_TEST

/* Of two blocks, that many bytes come: as by WRITE. */
static const struct {
    uint64_t expected;
    const char *asked[2];
} short_verifies[] = {
    {0, {"", ""}},
    {511, {"", ""}},
    {512, {"WRITE fua 1024+512", "READ 1024+512"}},
    {1023, {"WRITE fua 1024+512", "READ 1024+512"}},
    {1024, {"WRITE fua 1024+1024", "READ 1024+1024"}},
    {5000, {"WRITE fua 1024+1024", "READ 1024+1024"}},
};

START_TEST(of_a_write_and_verify_with_too_little_data_the_whole_blocks_are_written)
{
    static uint8_t out[5000];
    struct fixture f;
    struct call c;

    memset(out, 'v', sizeof out);
    fixture_open(&f);
    call_init(&c, &f, "2e 02 00000002 00 0002 00");
    c.cmd.expected_out = short_verifies[_i].expected;
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.out_length, 1024);
    ck_assert_str_eq(asked(&f, 0), short_verifies[_i].asked[0]);
    ck_assert_str_eq(asked(&f, 1), short_verifies[_i].asked[1]);
    fixture_close(&f);
}
END_TEST

START_TEST(verify_past_the_end_is_never_good)
{
    static const char *const cdbs[] = {
        "2f 00 00001000 00 0001 00",
        "2f 00 00000fff 00 0002 00",
        "2f 06 00000fff 00 0002 00",
        "2f 02 00001000 00 0000 00",
        "af 00 00000001 ffffffff 00 00",
        "af 06 00000000 00001001 00 00",
        "8f 00 0000000000001000 00000000 00 00",
        "8f 00 ffffffffffffffff 00000001 00 00",
        "8f 00 0000000000000001 ffffffff 00 00",
    };
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, cdbs[_i]);
    assert_outcome(&c, "5/21/00");
    ck_assert_str_eq(asked(&f, 0), "");
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
    tcase_add_loop_test(t, write_and_verify_reads_back_what_it_has_made_stable, 0,
                        ROWS(write_verifies));
    tcase_add_loop_test(t, write_and_verify_never_answers_good_with_the_data_dropped, 0,
                        ROWS(lies));
    tcase_add_loop_test(t, write_and_verify_is_good_only_when_each_of_its_steps_was, 0,
                        STORE_FAILURES);
    tcase_add_loop_test(t,
                        of_a_write_and_verify_with_too_little_data_the_whole_blocks_are_written,
                        0, ROWS(short_verifies));
    tcase_add_loop_test(t, verify_past_the_end_is_never_good, 0, 9);
    return t;
}
