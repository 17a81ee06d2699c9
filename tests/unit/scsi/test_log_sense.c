/* test_log_sense.c: LOG SENSE and its pages. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define MIB (UINT64_C(1) << 20)

/* Page PAGE with current cumulative values, SUBPAGE, PARAMETER POINTER and ALLOCATION LENGTH.
 */
#define SENSE(page, subpage, pointer, length) "4d 00 " page subpage "00" pointer length "00"

/* clang-format off */
static const struct {
    const char *cdb, *outcome, *field;
    uint8_t length, data[40];
} senses[] = {
    {SENSE("40", "00", "0000", "00ff"), "GOOD", "none", 10, {0x00, 0, 0, 6, 0x00, 0x0c, 0x0d, 0x0e, 0x19, 0x2f}},
    {SENSE("40", "ff", "0000", "00ff"), "GOOD", "none", 18,
     {0x40, 0xff, 0, 14, 0x00, 0, 0x00, 0xff, 0x0c, 0, 0x0d, 0, 0x0e, 0, 0x19, 0, 0x2f, 0}},
    {SENSE("4c", "00", "0000", "00ff"), "GOOD", "none", 28,
     {0x8c, 0, 0, 24, 0, 1, 0x03, 8, 0, 0, 0, 5, 2, 0, 0, 0, 0, 2, 0x03, 8, 0, 0, 0, 3, 1, 0, 0, 0}},
    {SENSE("4c", "00", "0002", "00ff"), "GOOD", "none", 16,
     {0x8c, 0, 0, 12, 0, 2, 0x03, 8, 0, 0, 0, 3, 1, 0, 0, 0}},
    {SENSE("4d", "00", "0000", "00ff"), "GOOD", "none", 10, {0x8d, 0, 0, 6, 0, 0, 0x03, 2, 0, 0xff}},
    {SENSE("4e", "00", "0000", "00ff"), "GOOD", "none", 12, {0x8e, 0, 0, 8, 0, 4, 0x03, 4, 0, 0, 0, 0}},
    {SENSE("6f", "00", "0000", "00ff"), "GOOD", "none", 12, {0xaf, 0, 0, 8, 0, 0, 0x03, 4, 0, 0, 0xff, 0}},
    {SENSE("4e", "00", "0004", "0006"), "GOOD", "none", 6, {0x8e, 0, 0, 8, 0, 4}},
    {SENSE("40", "00", "0000", "0000"), "GOOD", "none", 0, {0}},
    {"4d 01 4e 00 00 0000 00ff 00", "5/24/00", "cdb 1.0", 0, {0}}, /* SP */
    {SENSE("0e", "00", "0000", "00ff"), "5/24/00", "cdb 2.7", 0, {0}}, /* PC */
    {SENSE("8e", "00", "0000", "00ff"), "5/24/00", "cdb 2.7", 0, {0}},
    {SENSE("ce", "00", "0000", "00ff"), "5/24/00", "cdb 2.7", 0, {0}},
    {SENSE("41", "00", "0000", "00ff"), "5/24/00", "cdb 2.5", 0, {0}},
    {SENSE("7f", "00", "0000", "00ff"), "5/24/00", "cdb 2.5", 0, {0}},
    {SENSE("4e", "01", "0000", "00ff"), "5/24/00", "cdb 3", 0, {0}},
    {SENSE("4e", "ff", "0000", "00ff"), "5/24/00", "cdb 3", 0, {0}},
    {SENSE("40", "01", "0000", "00ff"), "5/24/00", "cdb 3", 0, {0}},
    {SENSE("4e", "00", "0005", "00ff"), "5/24/00", "cdb 5", 0, {0}},
    {SENSE("4c", "00", "ffff", "00ff"), "5/24/00", "cdb 5", 0, {0}},
    {SENSE("40", "00", "0001", "00ff"), "5/24/00", "cdb 5", 0, {0}},
};
/* clang-format on */

START_TEST(log_sense_has_the_page_asked_for)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_space(f.store, 2 * MIB + 1, 6 * MIB - 1);
    run(&c, &f, senses[_i].cdb);
    assert_outcome(&c, senses[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), senses[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, senses[_i].length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, senses[_i].data, c.cmd.in_length);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(space_is_told_only_where_the_store_knows_it_and_the_unit_is_thin)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    lun_set_modes(f.lun, LUN_UNMAP, 0);
    run(&c, &f, SENSE("4c", "00", "0000", "00ff"));
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 2.5");
    run(&c, &f, SENSE("40", "00", "0000", "00ff"));
    ck_assert_uint_eq(c.cmd.in_length, 9);
    call_end(&c);
    lun_set_modes(f.lun, LUN_UNMAP, LUN_UNMAP);
    run(&c, &f, "12 01 b2 00ff 00");
    ck_assert_uint_eq(c.cmd.in->data[4], 11); /* sets of 2048 blocks, a MiB */
    call_end(&c);
    fake_store_fail(f.store, STORE_SPACE, 1, EIO);
    run(&c, &f, SENSE("4c", "00", "0000", "00ff"));
    ck_assert_int_eq(c.cmd.status, SCSI_CHECK_CONDITION);
    fixture_close(&f);
}
END_TEST

/* Its operator says so while the store is asked. */
START_TEST(of_a_unit_that_is_thin_no_more_no_space_is_told)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    call_init(&c, &f, SENSE("4c", "00", "0000", "00ff"));
    call_start(&c, NULL, 0);
    ck_assert_str_eq(asked(&f, 0), "SPACE");
    lun_set_modes(f.lun, LUN_UNMAP, 0);
    fake_store_hold(f.store, false);
    turn_until_done(&c, &f);
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 2.5");
    fixture_close(&f);
}
END_TEST

START_TEST(statistics_are_those_of_all_initiators_in_blocks_and_microseconds)
{
    struct nexus *other;
    struct fixture f;
    struct call c;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    for (int i = 0; i < 3; i++) {
        call_init(&c, &f, "28 00 00000000 00 0002 00");
        if (i == 1)
            c.cmd.nexus = other;
        call_run(&c, &f, NULL, 0);
        assert_outcome(&c, "GOOD");
        call_end(&c);
    }
    call_init(&c, &f, "2a 00 00000000 00 0001 00");
    call_run(&c, &f, (uint8_t[BLOCK]){1}, BLOCK);
    run(&c, &f, SENSE("59", "00", "0000", "00ff"));
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 4 + 4 + 64 + 4 + 8);
    ck_assert_mem_eq(c.cmd.in->data, "\x99\x00\x00\x50\x00\x01\x03\x40", 8);
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 8), 3);      /* reads */
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 8 + 8), 1);  /* writes */
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 8 + 16), 1); /* blocks received */
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 8 + 24), 6); /* … transmitted */
    ck_assert_mem_eq(c.cmd.in->data + 72, "\x00\x03\x03\x08\x00\x00\x00\x06\x00\x00\x00\x01",
                     12);
    call_end(&c);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(stops_are_counted)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (int i = 0; i < 2; i++) {
        run(&c, &f, "1b 00 00 00 00 00");
        run(&c, &f, "1b 00 00 00 00 00"); /* stopped already */
        run(&c, &f, "1b 00 00 00 01 00");
    }
    run(&c, &f, SENSE("4e", "00", "0000", "00ff"));
    ck_assert_uint_eq(get_be32(c.cmd.in->data + 8), 2);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

TCase *
log_sense_cases(void)
{
    TCase *t = tcase_create("log_sense");

    tcase_add_loop_test(t, log_sense_has_the_page_asked_for, 0, ROWS(senses));
    tcase_add_test(t, space_is_told_only_where_the_store_knows_it_and_the_unit_is_thin);
    tcase_add_test(t, of_a_unit_that_is_thin_no_more_no_space_is_told);
    tcase_add_test(t, statistics_are_those_of_all_initiators_in_blocks_and_microseconds);
    tcase_add_test(t, stops_are_counted);
    return t;
}
