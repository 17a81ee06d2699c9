/* test_mode_select.c: MODE SELECT, and what its modes do. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

#define TUR        "00 00 00 00 00 00"
#define WRITE_ONE  "2a 00 00000000 00 0001 00"
#define WRITE_FUA  "2a 08 00000000 00 0001 00"
#define FROM_START (LUN_WRITE_CACHE | LUN_UNMAP) /* the modes of fixture_open() */

/* SELECT(6) of LENGTH bytes, with PF. */
#define SELECT_6(length)  "15 10 00 00 " length " 00"
#define SELECT_10(length) "55 10 00 00 00 00 00 " length " 00"

#define HEAD_6           0, 0, 0, 0
#define HEAD_6_BLOCK     0, 0, 0x90, 8
#define HEAD_10          0, 0, 0, 0, 0, 0, 0, 0
#define HEAD_10_BLOCK    0, 0, 0, 0, 0, 0, 0, 8
#define HEAD_10_LONG     0, 0, 0, 0, 1, 0, 0, 16
#define BLOCK_SHORT      0, 0, 0x10, 0, 0, 0, 2, 0
#define BLOCK_LONG       0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 2, 0
#define CACHING(wce)     0x08, 18, wce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define CONTROL(d, s, t) 0x0a, 10, 0x20 | (d), 0x10, s, t, 0, 0, 0, 0, 0, 0
#define EXCEPTIONS       0x1c, 10, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0

#define LBP_WITH(enabled)                                                                      \
    0x5c, 2, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, enabled, 1, 0, 0, 0, 0, 0, 0, 0x80, 1, \
        0, 0, 0, 0, 0, 1
#define LBP LBP_WITH(0)

/* clang-format off */
static const struct {
    const char *cdb;
    uint8_t list[64];
    const char *outcome, *field;
    unsigned modes; /* afterwards */
} selects[] = {
    /* what is done */
    {SELECT_6("18"), {HEAD_6, CACHING(0)}, "GOOD", "none", LUN_UNMAP},
    {SELECT_6("18"), {HEAD_6, CACHING(4)}, "GOOD", "none", FROM_START},
    {SELECT_6("10"), {HEAD_6, CONTROL(4, 0, 0)}, "GOOD", "none", FROM_START | LUN_D_SENSE},
    {SELECT_6("10"), {HEAD_6, CONTROL(0, 8, 0)}, "GOOD", "none", FROM_START | LUN_SWP},
    {SELECT_6("10"), {HEAD_6, CONTROL(0, 0, 0x40)}, "GOOD", "none", FROM_START | LUN_TAS},
    {SELECT_6("10"), {HEAD_6, CONTROL(4, 8, 0x40)}, "GOOD", "none",
     FROM_START | LUN_D_SENSE | LUN_SWP | LUN_TAS},
    {SELECT_6("10"), {HEAD_6, 0x80 | 0x0a, 10, 0x20, 0x10, 8}, "GOOD", "none", FROM_START | LUN_SWP}, /* PS */
    {SELECT_6("10"), {HEAD_6, EXCEPTIONS}, "GOOD", "none", FROM_START},
    {SELECT_6("18"), {HEAD_6_BLOCK, BLOCK_SHORT, CONTROL(4, 0, 0)}, "GOOD", "none", FROM_START | LUN_D_SENSE},
    {SELECT_6("24"), {HEAD_6, CACHING(0), CONTROL(0, 8, 0)}, "GOOD", "none", LUN_UNMAP | LUN_SWP},
    {SELECT_6("1c"), {HEAD_6, CONTROL(4, 8, 0), CONTROL(0, 8, 0)}, "GOOD", "none", FROM_START | LUN_SWP},
    {SELECT_6("0c"), {HEAD_6_BLOCK, BLOCK_SHORT}, "GOOD", "none", FROM_START},
    {SELECT_6("0c"), {HEAD_6_BLOCK, 0, 0, 0, 0, 0, 0, 2, 0}, "GOOD", "none", FROM_START},
    {SELECT_6("0c"), {HEAD_6_BLOCK, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}, "GOOD", "none", FROM_START},
    {SELECT_6("04"), {HEAD_6}, "GOOD", "none", FROM_START},
    {SELECT_6("00"), {0}, "GOOD", "none", FROM_START},
    {"15 00 00 00 00 00", {0}, "GOOD", "none", FROM_START},
    {SELECT_10("00 1c"), {HEAD_10, CACHING(0)}, "GOOD", "none", LUN_UNMAP},
    {SELECT_10("00 14"), {HEAD_10, CONTROL(0, 8, 0)}, "GOOD", "none", FROM_START | LUN_SWP},
    {SELECT_10("00 1c"), {HEAD_10_BLOCK, BLOCK_SHORT, CONTROL(0, 8, 0)}, "GOOD", "none", FROM_START | LUN_SWP},
    {SELECT_10("00 24"), {HEAD_10_LONG, BLOCK_LONG, CONTROL(0, 8, 0)}, "GOOD", "none", FROM_START | LUN_SWP},
    {SELECT_6("10"), {HEAD_6, 0x01, 10, 0, 0, 0, 0, 0, 0x80}, "GOOD", "none", FROM_START | LUN_LBPERE},
    {SELECT_6("24"), {HEAD_6, LBP}, "GOOD", "none", FROM_START},
    /* the CDB */
    {"15 00 00 00 10 00", {HEAD_6, CONTROL(4, 0, 0)}, "5/24/00", "cdb 1.4", FROM_START},
    {"15 12 00 00 10 00", {HEAD_6, CONTROL(4, 0, 0)}, "5/24/00", "cdb 1.1", FROM_START},
    {"15 11 00 00 10 00", {HEAD_6, CONTROL(4, 0, 0)}, "5/24/00", "cdb 1.0", FROM_START},
    {"55 00 00 00 00 00 00 00 14 00", {HEAD_10, CONTROL(4, 0, 0)}, "5/24/00", "cdb 1.4", FROM_START},
    /* the header and the block descriptor */
    {SELECT_6("10"), {0, 1, 0, 0, CONTROL(4, 0, 0)}, "5/26/00", "list 1", FROM_START},
    {SELECT_6("10"), {0, 0, 0, 4, CONTROL(4, 0, 0)}, "5/26/00", "list 3", FROM_START},
    {SELECT_6("18"), {0, 0, 0, 16, BLOCK_SHORT, CONTROL(4, 0, 0)}, "5/26/00", "list 3", FROM_START},
    {SELECT_6("18"), {HEAD_6_BLOCK, 0, 0, 0x10, 1, 0, 0, 2, 0, CONTROL(4, 0, 0)}, "5/26/00", "list 4", FROM_START},
    {SELECT_6("18"), {HEAD_6_BLOCK, 0, 0, 0x10, 0, 0, 0, 0x10, 0, CONTROL(4, 0, 0)}, "5/26/00", "list 9", FROM_START},
    {SELECT_10("00 14"), {0, 0, 1, 0, 0, 0, 0, 0, CONTROL(4, 0, 0)}, "5/26/00", "list 2", FROM_START},
    {SELECT_10("00 1c"), {0, 0, 0, 0, 0, 0, 0, 16, BLOCK_SHORT, CONTROL(4, 0, 0)}, "5/26/00", "list 6", FROM_START},
    {SELECT_10("00 1c"), {0, 0, 0, 0, 1, 0, 0, 8, BLOCK_SHORT, CONTROL(4, 0, 0)}, "5/26/00", "list 6", FROM_START},
    {SELECT_10("00 18"), {HEAD_10_LONG, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 4, 0}, "5/26/00", "list 20", FROM_START},
    {SELECT_10("00 18"), {HEAD_10_LONG, 1, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 2, 0}, "5/26/00", "list 8", FROM_START},
    /* pages: none that is good changes anything where another is not */
    {SELECT_6("10"), {HEAD_6, 0x0b, 10}, "5/26/00", "list 4.5", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x00, 10}, "5/26/00", "list 4.5", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x3f, 10}, "5/26/00", "list 4.5", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x4a, 1, 0, 8}, "5/26/00", "list 5", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x4a, 0, 0, 8}, "5/26/00", "list 5", FROM_START},
    {SELECT_6("0f"), {HEAD_6, 0x0a, 9, 0x24, 0x10}, "5/26/00", "list 5", FROM_START},
    {SELECT_6("11"), {HEAD_6, 0x0a, 11, 0x24, 0x10}, "5/26/00", "list 5", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x0a, 10, 0x04, 0x10}, "5/26/00", "list 6", FROM_START}, /* TST */
    {SELECT_6("10"), {HEAD_6, 0x0a, 10, 0x24, 0x00}, "5/26/00", "list 7", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x0a, 10, 0x24, 0x10, 0, 0, 0, 0, 0, 0, 0, 1}, "5/26/00", "list 15", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x1c, 10, 0}, "5/26/00", "list 6", FROM_START},
    {SELECT_6("18"), {HEAD_6, CACHING(5)}, "5/26/00", "list 6", FROM_START}, /* RCD */
    {SELECT_6("24"), {HEAD_6, CACHING(0), 0x0a, 10, 0x24, 0x11}, "5/26/00", "list 27", FROM_START},
    {SELECT_6("24"), {HEAD_6, CONTROL(4, 8, 0), CACHING(2)}, "5/26/00", "list 18", FROM_START},
    {SELECT_10("00 1c"), {HEAD_10_BLOCK, BLOCK_SHORT, 0x0a, 10, 0x24, 0x11}, "5/26/00", "list 19", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x01, 10, 0, 0, 0, 0, 0, 0x81}, "5/26/00", "list 11", FROM_START},
    {SELECT_6("24"), {HEAD_6, LBP_WITH(0x80)}, "5/26/00", "list 20", FROM_START},
    {SELECT_6("24"), {HEAD_6, 0x5c, 2, 0, 29}, "5/26/00", "list 6", FROM_START},
    {SELECT_6("10"), {HEAD_6, 0x5c, 2, 0, 28}, "5/1a/00", "none", FROM_START},
    /* lists that end too early */
    {SELECT_6("03"), {HEAD_6}, "5/1a/00", "none", FROM_START},
    {SELECT_6("0b"), {HEAD_6_BLOCK, BLOCK_SHORT}, "5/1a/00", "none", FROM_START},
    {SELECT_6("11"), {HEAD_6, CONTROL(4, 0, 0), 0x08}, "5/1a/00", "none", FROM_START},
    {SELECT_6("12"), {HEAD_6, CONTROL(4, 0, 0), 0x48, 0}, "5/1a/00", "none", FROM_START},
    {SELECT_10("00 07"), {HEAD_10}, "5/1a/00", "none", FROM_START},
    {SELECT_10("00 09"), {HEAD_10, 0x0a}, "5/1a/00", "none", FROM_START},
};
/* clang-format on */

START_TEST(a_list_is_done_whole_or_refused_with_the_field_that_is_wrong)
{
    bool changes = selects[_i].modes != FROM_START;
    struct nexus *other;
    struct fixture f;
    struct call c;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    call_init(&c, &f, selects[_i].cdb);
    call_run(&c, &f, selects[_i].list, sizeof selects[_i].list);
    assert_outcome(&c, selects[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), selects[_i].field);
    ck_assert_uint_eq(atomic_load(&f.lun->modes), selects[_i].modes);
    ck_assert_int_eq(nexus_take_attention(other), changes ? ATTENTION_MODE_CHANGED : -1);
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

/* Every list that is done, as a whole and as its CDB says, cut at every byte. */
START_TEST(a_list_that_is_cut_changes_nothing)
{
    static const uint8_t list[] = {HEAD_10_LONG, BLOCK_LONG, CACHING(0), CONTROL(4, 8, 0x40)};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t n = 1; n < sizeof list; n++) {
        bool ends_well = n == 8 + 16 || n == 8 + 16 + 20; /* before a page */

        call_init(&c, &f, SELECT_10("00 00"));
        put_be16(c.cmd.cdb + 7, (uint16_t)n);
        call_run(&c, &f, list, n);
        assert_outcome(&c, ends_well ? "GOOD" : "5/1a/00");
        if (!ends_well)
            ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
        lun_set_modes(f.lun, FROM_START, FROM_START);

        call_init(&c, &f, SELECT_10("00 38")); /* less comes than it says */
        c.cmd.expected_out = n;
        call_run(&c, &f, list, n);
        assert_outcome(&c, "5/1a/00");
        ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    }
    call_init(&c, &f, SELECT_10("00 38"));
    call_run(&c, &f, list, sizeof list);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), LUN_UNMAP | LUN_SWP | LUN_D_SENSE | LUN_TAS);
    fixture_close(&f);
}
END_TEST

/* Runs MODE SELECT(6) with the control or caching page. */
static void
select_page(struct call *c, struct fixture *f, const uint8_t *list, size_t length)
{
    call_init(c, f, SELECT_6("00"));
    c->cmd.cdb[4] = (uint8_t)length;
    call_run(c, f, list, length);
}

static const uint8_t without_cache[] = {HEAD_6, CACHING(0)},
                     with_cache[] = {HEAD_6, CACHING(4)},
                     protect[] = {HEAD_6, CONTROL(0, 8, 0)},
                     unprotect[] = {HEAD_6, CONTROL(0, 0, 0)},
                     descriptors[] = {HEAD_6, CONTROL(4, 0, 0)};

START_TEST(the_store_is_flushed_before_the_write_cache_is_off_or_writing_is_protected)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    select_page(&c, &f, without_cache, sizeof without_cache);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 0), "FLUSH");
    select_page(&c, &f, with_cache, sizeof with_cache);
    ck_assert_uint_eq(fake_store_records(f.store), 1);
    select_page(&c, &f, protect, sizeof protect);
    ck_assert_str_eq(asked(&f, 1), "FLUSH");
    select_page(&c, &f, unprotect, sizeof unprotect);
    ck_assert_uint_eq(fake_store_records(f.store), 2);
    fixture_close(&f);
}
END_TEST

START_TEST(a_flush_that_fails_leaves_the_modes_as_they_were)
{
    struct nexus *other;
    struct fixture f;
    struct call c;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    fake_store_fail(f.store, STORE_FLUSH, 1, EIO);
    select_page(&c, &f, without_cache, sizeof without_cache);
    assert_outcome(&c, "3/0c/00");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    fake_store_fail(f.store, STORE_FLUSH, 1, EIO);
    select_page(&c, &f, protect, sizeof protect);
    assert_outcome(&c, "3/0c/00");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(without_write_cache_every_write_is_stable_even_one_that_runs)
{
    struct fixture f;
    struct call running, c;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    call_init(&running, &f, WRITE_ONE);
    call_start(&running, (uint8_t[BLOCK]){1}, BLOCK);
    call_init(&c, &f, SELECT_6("18"));
    call_start(&c, without_cache, sizeof without_cache);
    ck_assert_str_eq(asked(&f, 0), "WRITE 0+512");
    ck_assert_str_eq(asked(&f, 1), "FLUSH");
    fake_store_release(f.store, 1, 0); /* the flush overtakes the write */
    turn_until_done(&c, &f);
    assert_outcome(&c, "GOOD");
    fake_store_release(f.store, 0, 0);
    worker_turn(f.worker, false);
    ck_assert_int_eq(running.done, 0);
    ck_assert_str_eq(asked(&f, 2), "FLUSH");
    fake_store_hold(f.store, false);
    turn_until_done(&running, &f);
    assert_outcome(&running, "GOOD");

    call_init(&c, &f, WRITE_ONE);
    call_run(&c, &f, (uint8_t[BLOCK]){1}, BLOCK);
    ck_assert_str_eq(asked(&f, 3), "WRITE fua 0+512");
    ck_assert_uint_eq(fake_store_records(f.store), 4);
    fixture_close(&f);
}
END_TEST

START_TEST(software_write_protection_keeps_everybody_from_writing_until_it_is_lifted)
{
    struct fixture f;
    struct call early, c;

    fixture_open(&f);
    call_init(&early, &f, WRITE_ONE);
    ck_assert_int_eq(scsi_start(&early.cmd), SCSI_WANTS_DATA);
    select_page(&c, &f, protect, sizeof protect);
    assert_outcome(&c, "GOOD");
    early.cmd.out = iobuf_new(BLOCK); /* its data comes when it is too late */
    scsi_continue(&early.cmd);
    turn_until_done(&early, &f);
    assert_outcome(&early, "7/27/02");
    run(&c, &f, WRITE_FUA);
    assert_outcome(&c, "7/27/02");
    run(&c, &f, "42 00 00000000 00 0018 00");
    assert_outcome(&c, "7/27/02");
    run(&c, &f, "28 00 00000000 00 0001 00");
    assert_outcome(&c, "GOOD");
    call_end(&c);
    run(&c, &f, "1a 08 0a 00 ff 00");
    ck_assert_uint_eq(c.cmd.in->data[2] & 0x80, 0x80); /* WP */
    ck_assert_uint_eq(c.cmd.in->data[8], 0x08);        /* SWP */
    call_end(&c);
    f.nexus->read_only = true;
    run(&c, &f, WRITE_ONE);
    assert_outcome(&c, "7/27/00"); /* lifting it would not help this one */
    f.nexus->read_only = false;
    ck_assert_uint_eq(fake_store_records(f.store), 2); /* a flush, a read */
    select_page(&c, &f, unprotect, sizeof unprotect);
    assert_outcome(&c, "GOOD");
    call_init(&c, &f, WRITE_ONE);
    call_run(&c, &f, (uint8_t[BLOCK]){1}, BLOCK);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

START_TEST(who_may_only_read_changes_no_modes)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    f.nexus->read_only = true;
    select_page(&c, &f, protect, sizeof protect);
    assert_outcome(&c, "7/27/00");
    select_page(&c, &f, unprotect, sizeof unprotect); /* as they are */
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    fixture_close(&f);
}
END_TEST

START_TEST(with_d_sense_all_sense_data_is_in_descriptor_format)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    select_page(&c, &f, descriptors, sizeof descriptors);
    assert_outcome(&c, "GOOD");
    run(&c, &f, "88 00 0000001234567890 00000001 00 00");
    ck_assert_uint_eq(c.cmd.sense_length, 20);
    ck_assert_mem_eq(
        c.cmd.sense,
        "\x72\x05\x21\x00\x00\x00\x00\x0c\x00\x0a\x80\x00\x00\x00\x00\x12\x34\x56\x78\x90", 20);
    run(&c, &f, "28 20 00000000 00 0001 00");
    ck_assert_uint_eq(c.cmd.sense_length, 16);
    ck_assert_mem_eq(c.cmd.sense,
                     "\x72\x05\x24\x00\x00\x00\x00\x08\x02\x06\x00\x00\xcf\x00\x01\x00", 16);
    nexus_raise(f.nexus, ATTENTION_LUNS_CHANGED);
    run(&c, &f, TUR);
    ck_assert_mem_eq(c.cmd.sense, "\x72\x06\x3f\x0e\x00\x00\x00\x00", 8);
    select_page(&c, &f, unprotect, sizeof unprotect);
    run(&c, &f, "28 20 00000000 00 0001 00");
    assert_outcome(&c, "5/24/00");
    ck_assert_uint_eq(c.cmd.sense[0], 0x70);
    fixture_close(&f);
}
END_TEST

START_TEST(default_values_stay_and_a_reset_brings_them_back)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    select_page(&c, &f, without_cache, sizeof without_cache);
    select_page(&c, &f, protect, sizeof protect);
    run(&c, &f, "1a 08 08 00 ff 00");
    ck_assert_uint_eq(c.cmd.in->data[6], 0x00);
    call_end(&c);
    run(&c, &f, "1a 08 88 00 ff 00");
    ck_assert_uint_eq(c.cmd.in->data[6], 0x04);
    call_end(&c);
    run(&c, &f, "1a 08 8a 00 ff 00");
    ck_assert_uint_eq(c.cmd.in->data[8], 0x00);
    call_end(&c);
    lun_reset(f.lun);
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    fixture_close(&f);
}
END_TEST

TCase *
mode_select_cases(void)
{
    TCase *t = tcase_create("mode_select");

    tcase_add_loop_test(t, a_list_is_done_whole_or_refused_with_the_field_that_is_wrong, 0,
                        ROWS(selects));
    tcase_add_test(t, a_list_that_is_cut_changes_nothing);
    tcase_add_test(t,
                   the_store_is_flushed_before_the_write_cache_is_off_or_writing_is_protected);
    tcase_add_test(t, a_flush_that_fails_leaves_the_modes_as_they_were);
    tcase_add_test(t, without_write_cache_every_write_is_stable_even_one_that_runs);
    tcase_add_test(t,
                   software_write_protection_keeps_everybody_from_writing_until_it_is_lifted);
    tcase_add_test(t, who_may_only_read_changes_no_modes);
    tcase_add_test(t, with_d_sense_all_sense_data_is_in_descriptor_format);
    tcase_add_test(t, default_values_stay_and_a_reset_brings_them_back);
    return t;
}
