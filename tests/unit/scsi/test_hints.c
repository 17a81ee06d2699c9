/* test_hints.c: PRE-FETCH, GET LBA STATUS, READ DEFECT DATA. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

static const struct {
    const char *cdb, *outcome, *field, *asked;
} prefetches[] = {
    {"34 00 00000002 00 0003 00", "GOOD", "none", "PREFETCH 1024+1536"},
    {"34 02 00000002 00 0003 00", "GOOD", "none", "PREFETCH 1024+1536"}, /* IMMED */
    {"90 00 0000000000000002 00000003 00 00", "GOOD", "none", "PREFETCH 1024+1536"},
    {"90 02 0000000000000002 00000003 00 00", "GOOD", "none", "PREFETCH 1024+1536"},
    /* a length of 0: to the end, as far as one command goes */
    {"34 00 00007fff 00 0000 00", "GOOD", "none", "PREFETCH 16776704+512"},
    {"90 00 0000000000004000 00000000 00 00", "GOOD", "none", "PREFETCH 8388608+8388608"},
    {"90 00 0000000000000000 00000000 00 00", "GOOD", "none", "PREFETCH 0+8388608"},
    {"90 00 0000000000000000 00004000 00 00", "GOOD", "none", "PREFETCH 0+8388608"},
    {"90 00 0000000000000000 00004001 00 00", "5/24/00", "cdb 10", ""},
    {"34 00 00000000 00 4001 00", "5/24/00", "cdb 7", ""},
    {"90 00 0000000000000000 ffffffff 00 00", "5/24/00", "cdb 10", ""},
    {"34 00 00007fff 00 0002 00", "5/21/00", "none", ""},
    {"34 00 00008000 00 0000 00", "5/21/00", "none", ""},
    {"90 00 ffffffffffffffff 00000001 00 00", "5/21/00", "none", ""},
};

START_TEST(prefetch_asks_the_store_for_its_blocks_or_says_why_not)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL, (struct lun_attributes){.block_size = BLOCK}, 1 << 15);
    run(&c, &f, prefetches[_i].cdb);
    assert_outcome(&c, prefetches[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), prefetches[_i].field);
    ck_assert_str_eq(asked(&f, 0), prefetches[_i].asked);
    ck_assert_str_eq(asked(&f, 1), "");
    ck_assert_uint_eq(c.cmd.in_length, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(without_a_cache_prefetch_fetches_nothing_and_checks_the_same)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL & ~(unsigned)STORE_CAN_PREFETCH,
                    (struct lun_attributes){.block_size = BLOCK}, 1 << 15);
    run(&c, &f, prefetches[_i].cdb);
    assert_outcome(&c, prefetches[_i].outcome);
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

START_TEST(a_prefetch_that_fails_is_a_read_error)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_fail(f.store, STORE_PREFETCH, 1, EIO);
    run(&c, &f, "34 00 00000002 00 0003 00");
    assert_outcome(&c, "3/11/00");
    ck_assert_int_eq(information(&c), 2);
    fixture_close(&f);
}
END_TEST

/* GET LBA STATUS of a unit of 64 blocks, of which those named are allocated: the descriptors as
 * "first+count m" (mapped) or "d" (deallocated). */
static const struct {
    struct {
        unsigned first, count;
    } allocated[3];
    const char *cdb, *descriptors;
} statuses[] = {
    {{{0}}, "9e 12 0000000000000000 00001000 00 00", "0+64 d"},
    {{{0, 64}}, "9e 12 0000000000000000 00001000 00 00", "0+64 m"},
    {{{0, 8}, {16, 8}, {60, 4}},
     "9e 12 0000000000000000 00001000 00 00",
     "0+8 m, 8+8 d, 16+8 m, 24+36 d, 60+4 m"},
    {{{0, 8}, {16, 8}, {60, 4}},
     "9e 12 0000000000000011 00001000 00 00",
     "17+7 m, 24+36 d, 60+4 m"},
    {{{0, 8}, {16, 8}, {60, 4}}, "9e 12 000000000000003f 00001000 00 00", "63+1 m"},
    /* as many as the initiator takes: here two, one, and one though there is no room for it */
    {{{0, 8}, {16, 8}, {60, 4}}, "9e 12 0000000000000000 00000028 00 00", "0+8 m, 8+8 d"},
    {{{0, 8}, {16, 8}, {60, 4}}, "9e 12 0000000000000000 00000027 00 00", "0+8 m"},
    {{{0, 8}, {16, 8}, {60, 4}}, "9e 12 0000000000000000 00000018 00 00", "0+8 m"},
};

static const char *
descriptors(const struct call *c)
{
    static char text[256];
    const uint8_t *d = c->cmd.in->data, *end = d + c->cmd.in_length;
    size_t n = 0;

    ck_assert_uint_eq(get_be32(d), c->cmd.in_length - 4);
    ck_assert_uint_eq(get_be32(d + 4), 0);
    text[0] = '\0';
    for (d += 8; d < end; d += 16) {
        ck_assert_uint_eq(d[13] | d[14] | d[15], 0);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u+%u %s", n > 0 ? ", " : "",
                              (unsigned)get_be64(d), get_be32(d + 8),
                              d[12] == 0   ? "m"
                              : d[12] == 1 ? "d"
                                           : "?");
    }
    return text;
}

START_TEST(get_lba_status_says_what_is_allocated)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_UNMAP}, 64);
    for (int i = 0; i < 3; i++)
        fake_store_allocate(f.store, statuses[_i].allocated[i].first * BLOCK,
                            statuses[_i].allocated[i].count * BLOCK, true);
    run(&c, &f, statuses[_i].cdb);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(descriptors(&c), statuses[_i].descriptors);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(get_lba_status_keeps_to_the_allocation_length_and_to_the_medium)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (unsigned length = 0; length <= 24; length++) {
        call_init(&c, &f, "9e 12");
        put_be32(c.cmd.cdb + 10, length);
        call_run(&c, &f, NULL, 0);
        assert_outcome(&c, "GOOD");
        ck_assert_uint_eq(c.cmd.in_length, length);
        if (length >= 4)
            ck_assert_uint_eq(get_be32(c.cmd.in->data), 20);
        call_end(&c);
    }
    run(&c, &f, "9e 12 0000000000001000 00000018 00 00");
    assert_outcome(&c, "5/21/00");
    run(&c, &f, "9e 12 ffffffffffffffff 00000018 00 00");
    assert_outcome(&c, "5/21/00");
    fake_store_fail(f.store, STORE_EXTENT, 1, EIO);
    run(&c, &f, "9e 12 0000000000000005 00000018 00 00");
    assert_outcome(&c, "3/11/00");
    ck_assert_int_eq(information(&c), 5);
    fixture_close(&f);
}
END_TEST

START_TEST(of_a_medium_in_small_pieces_get_lba_status_gives_so_many_descriptors)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (unsigned i = 0; i < BLOCKS; i += 2)
        fake_store_allocate(f.store, i * BLOCK, BLOCK, true);
    run(&c, &f, "9e 12 0000000000000000 ffffffff 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 8 + 128 * 16);
    ck_assert_uint_eq(get_be64(c.cmd.in->data + c.cmd.in_length - 16), 127);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(an_aborted_get_lba_status_stops_at_the_next_step)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_allocate(f.store, 0, BLOCK, true);
    fake_store_hold(f.store, true);
    call_init(&c, &f, "9e 12 0000000000000000 00001000 00 00");
    call_start(&c, NULL, 0);
    scsi_abort_command(&c.cmd);
    fake_store_hold(f.store, false);
    turn_until_done(&c, &f);
    assert_outcome(&c, "ABORTED");
    ck_assert_uint_eq(fake_store_records(f.store), 1);
    fixture_close(&f);
}
END_TEST

static const struct {
    unsigned capabilities, modes;
} fixed[] = {
    {FAKE_STORE_ALL, 0},
    {FAKE_STORE_ALL & ~(unsigned)STORE_CAN_UNMAP, LUN_UNMAP},
    {FAKE_STORE_ALL & ~(unsigned)STORE_CAN_EXTENT, LUN_UNMAP},
};

START_TEST(without_thin_provisioning_there_is_no_get_lba_status)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, fixed[_i].capabilities,
                    (struct lun_attributes){.block_size = BLOCK, .modes = fixed[_i].modes},
                    BLOCKS);
    run(&c, &f, "9e 12 0000000000000000 00001000 00 00");
    assert_outcome(&c, "5/20/00");
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field, *data;
    uint64_t length;
} defects[] = {
    {"37 00 00 00000000 0020 00", "GOOD", "none", "\x00\x00\x00\x00", 4},
    {"37 00 18 00000000 0020 00", "GOOD", "none", "\x00\x18\x00\x00", 4},
    {"37 00 0b 00000000 0004 00", "GOOD", "none", "\x00\x0b\x00\x00", 4},
    {"37 00 15 00000000 0003 00", "GOOD", "none", "\x00\x15\x00", 3},
    {"37 00 10 00000000 0000 00", "GOOD", "none", "", 0},
    {"37 00 1e 00000000 0020 00", "5/24/00", "cdb 2.2", "", 0},
    {"37 00 0f 00000000 0020 00", "5/24/00", "cdb 2.2", "", 0},
    {"b7 00 00000000 00000020 00 00", "GOOD", "none", "\0\0\0\0\0\0\0", 8},
    {"b7 1b 00000000 00000020 00 00", "GOOD", "none", "\0\x1b\0\0\0\0\0", 8},
    {"b7 10 00000000 00000005 00 00", "GOOD", "none", "\0\x10\0\0\0", 5},
    {"b7 17 00000000 00000020 00 00", "5/24/00", "cdb 1.2", "", 0},
    {"b7 18 00000001 00000020 00 00", "5/24/00", "cdb 2", "", 0},
};

START_TEST(lists_of_defects_are_empty_in_each_format)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, defects[_i].cdb);
    assert_outcome(&c, defects[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), defects[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, defects[_i].length);
    if (defects[_i].length > 0)
        ck_assert_mem_eq(c.cmd.in->data, defects[_i].data, defects[_i].length);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

TCase *
hints_cases(void)
{
    TCase *t = tcase_create("hints");

    tcase_add_loop_test(t, prefetch_asks_the_store_for_its_blocks_or_says_why_not, 0,
                        ROWS(prefetches));
    tcase_add_loop_test(t, without_a_cache_prefetch_fetches_nothing_and_checks_the_same, 0,
                        ROWS(prefetches));
    tcase_add_test(t, a_prefetch_that_fails_is_a_read_error);
    tcase_add_loop_test(t, get_lba_status_says_what_is_allocated, 0, ROWS(statuses));
    tcase_add_test(t, get_lba_status_keeps_to_the_allocation_length_and_to_the_medium);
    tcase_add_test(t, of_a_medium_in_small_pieces_get_lba_status_gives_so_many_descriptors);
    tcase_add_test(t, an_aborted_get_lba_status_stops_at_the_next_step);
    tcase_add_loop_test(t, without_thin_provisioning_there_is_no_get_lba_status, 0,
                        ROWS(fixed));
    tcase_add_loop_test(t, lists_of_defects_are_empty_in_each_format, 0, ROWS(defects));
    return t;
}
