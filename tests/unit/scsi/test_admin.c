/* test_admin.c: READ CAPACITY, START STOP UNIT, SYNCHRONIZE CACHE. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define TUR "00 00 00 00 00 00"

static const struct {
    uint64_t blocks;
    unsigned block_size;
    uint8_t data[8];
} capacities[] = {
    {BLOCKS, 512, {0, 0, 0x0f, 0xff, 0, 0, 2, 0}},
    {1, 4096, {0, 0, 0, 0, 0, 0, 0x10, 0}},
    {UINT64_C(0x100000000), 512, {0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}},
    {UINT64_C(0x100000001), 512, {0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}},
    {UINT64_C(0xffffffffff), 4096, {0xff, 0xff, 0xff, 0xff, 0, 0, 0x10, 0}},
};

START_TEST(read_capacity_10_says_the_last_address_or_that_it_is_too_large)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = capacities[_i].block_size}, 1);
    atomic_store(&f.store->size, capacities[_i].blocks * capacities[_i].block_size);
    run(&c, &f, "25 00 00000000 0000 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 8);
    ck_assert_mem_eq(c.cmd.in->data, capacities[_i].data, 8);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    unsigned physical, capabilities;
    bool unmap;
    const char *cdb;
    uint8_t length, data[32];
} long_capacities[] = {
    {512,
     FAKE_STORE_ALL,
     true,
     "9e 10 0000000000000000 00000020 00 00",
     32,
     {0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0, 0, 2, 0, 0, 0, 0xc0, 0}},
    {4096,
     FAKE_STORE_ALL,
     true,
     "9e 10 0000000000000000 00000020 00 00",
     32,
     {0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0, 0, 2, 0, 0, 3, 0xc0, 0}},
    {4096,
     FAKE_STORE_ALL,
     false,
     "9e 10 0000000000000000 ffffffff 00 00",
     32,
     {0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0, 0, 2, 0, 0, 3, 0, 0}},
    {512,
     STORE_CAN_WRITE,
     true,
     "9e 10 0000000000000000 0000000c 00 00",
     12,
     {0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0, 0, 2, 0}},
    {512, STORE_CAN_WRITE, true, "9e 10 0000000000000000 00000000 00 00", 0, {0}},
};

START_TEST(read_capacity_16_says_what_the_blocks_are_like)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, long_capacities[_i].capabilities,
                    (struct lun_attributes){.block_size = BLOCK,
                                            .modes = long_capacities[_i].unmap ? LUN_UNMAP : 0},
                    BLOCKS);
    f.store->physical_block_size = long_capacities[_i].physical;
    run(&c, &f, long_capacities[_i].cdb);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, long_capacities[_i].length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, long_capacities[_i].data, c.cmd.in_length);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field, *then, *asked;
} starts[] = {
    {"1b 00 00 00 00 00", "GOOD", "none", "2/04/02", "FLUSH"},
    {"1b 01 00 00 00 00", "GOOD", "none", "2/04/02", "FLUSH"},
    {"1b 00 00 00 04 00", "GOOD", "none", "2/04/02", ""}, /* NO_FLUSH */
    {"1b 00 00 00 01 00", "GOOD", "none", "GOOD", ""},
    {"1b 00 00 00 02 00", "5/24/00", "cdb 4.1", "GOOD", ""},
    {"1b 00 00 00 03 00", "5/24/00", "cdb 4.1", "GOOD", ""},
    {"1b 00 00 00 10 00", "5/24/00", "cdb 4.7", "GOOD", ""},
    {"1b 00 00 00 f0 00", "5/24/00", "cdb 4.7", "GOOD", ""},
    {"1b 00 00 01 20 00", "5/24/00", "cdb 3.3", "GOOD", ""},
};

START_TEST(a_stopped_unit_is_not_ready_until_it_is_started)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, starts[_i].cdb);
    assert_outcome(&c, starts[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), starts[_i].field);
    ck_assert_str_eq(asked(&f, 0), starts[_i].asked);
    run(&c, &f, TUR);
    assert_outcome(&c, starts[_i].then);
    run(&c, &f, "1b 00 00 00 01 00");
    assert_outcome(&c, "GOOD");
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

START_TEST(a_stop_whose_flush_fails_does_not_stop)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_fail(f.store, STORE_FLUSH, 1, EIO);
    run(&c, &f, "1b 00 00 00 00 00");
    assert_outcome(&c, "3/0c/00");
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

START_TEST(a_reset_starts_a_stopped_unit)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, "1b 00 00 00 00 00");
    lun_reset(f.lun);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_DEVICE_RESET);
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb;
    unsigned capabilities;
    int error;
    const char *outcome, *asked;
} flushes[] = {
    {"35 00 00000000 00 0000 00", FAKE_STORE_ALL, 0, "GOOD", "FLUSH"},
    {"35 02 00000fff 00 0001 00", FAKE_STORE_ALL, 0, "GOOD", "FLUSH"},
    {"35 00 00000fff 00 0002 00", FAKE_STORE_ALL, 0, "5/21/00", ""},
    {"91 00 0000000000000000 00000000 00 00", FAKE_STORE_ALL, 0, "GOOD", "FLUSH"},
    {"91 02 0000000000000000 00001000 00 00", FAKE_STORE_ALL, 0, "GOOD", "FLUSH"},
    {"91 00 0000000000000001 00001000 00 00", FAKE_STORE_ALL, 0, "5/21/00", ""},
    {"91 00 ffffffffffffffff ffffffff 00 00", FAKE_STORE_ALL, 0, "5/21/00", ""},
    {"35 00 00000000 00 0000 00", FAKE_STORE_ALL, EIO, "3/0c/00", "FLUSH"},
    {"35 00 00000000 00 0000 00", FAKE_STORE_ALL, ENOSPC, "7/27/07", "FLUSH"},
    /* nothing is more stable than what such a store has */
    {"35 00 00000000 00 0000 00", STORE_CAN_WRITE | STORE_IS_VOLATILE, 0, "GOOD", ""},
};

START_TEST(synchronize_cache_answers_after_the_flush)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, flushes[_i].capabilities,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    BLOCKS);
    if (flushes[_i].error != 0)
        fake_store_fail(f.store, STORE_FLUSH, 1, flushes[_i].error);
    fake_store_delay(f.store, 3);
    run(&c, &f, flushes[_i].cdb);
    assert_outcome(&c, flushes[_i].outcome);
    ck_assert_str_eq(asked(&f, 0), flushes[_i].asked);
    ck_assert_str_eq(asked(&f, 1), "");
    fixture_close(&f);
}
END_TEST

TCase *
admin_cases(void)
{
    TCase *t = tcase_create("admin");

    tcase_add_loop_test(t, read_capacity_10_says_the_last_address_or_that_it_is_too_large, 0,
                        ROWS(capacities));
    tcase_add_loop_test(t, read_capacity_16_says_what_the_blocks_are_like, 0,
                        ROWS(long_capacities));
    tcase_add_loop_test(t, a_stopped_unit_is_not_ready_until_it_is_started, 0, ROWS(starts));
    tcase_add_test(t, a_stop_whose_flush_fails_does_not_stop);
    tcase_add_test(t, a_reset_starts_a_stopped_unit);
    tcase_add_loop_test(t, synchronize_cache_answers_after_the_flush, 0, ROWS(flushes));
    return t;
}
