/* test_space.c: UNMAP and WRITE SAME. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

#define NO_ZERO  (FAKE_STORE_ALL & ~(unsigned)STORE_CAN_ZERO)
#define NO_UNMAP (FAKE_STORE_ALL & ~(unsigned)STORE_CAN_UNMAP)

struct extent {
    uint64_t lba;
    uint32_t count;
};

/* An UNMAP parameter list of N descriptors at DATA; returns its length. */
static size_t
put_list(uint8_t *data, const struct extent *extents, size_t n)
{
    memset(data, 0, 8 + 16 * n);
    put_be16(data, (uint16_t)(6 + 16 * n));
    put_be16(data + 2, (uint16_t)(16 * n));
    for (size_t i = 0; i < n; i++) {
        put_be64(data + 8 + 16 * i, extents[i].lba);
        put_be32(data + 8 + 16 * i + 8, extents[i].count);
    }
    return 8 + 16 * n;
}

static void
init_unmap(struct call *c, struct fixture *f, size_t list_length)
{
    call_init(c, f, "42 00 00000000 00 0000 00");
    put_be16(c->cmd.cdb + 7, (uint16_t)list_length);
}

static const struct {
    struct extent extents[3];
    size_t n;
    const char *outcome, *field;
    int64_t information;
    const char *asked[3];
} lists[] = {
    {{{8, 8}}, 1, "GOOD", "none", -1, {"UNMAP 4096+4096", ""}},
    {{{8, 8}, {0, 1}}, 2, "GOOD", "none", -1, {"UNMAP 4096+4096", "UNMAP 0+512"}},
    {{{8, 8}, {10, 2}, {8, 8}},
     3,
     "GOOD",
     "none",
     -1,
     {"UNMAP 4096+4096", "UNMAP 5120+1024", "UNMAP 4096+4096"}}, /* overlaps are no error */
    {{{8, 0}, {0, 1}, {5, 0}}, 3, "GOOD", "none", -1, {"UNMAP 0+512", ""}},
    {{{0}}, 0, "GOOD", "none", -1, {"", ""}},
    {{{0, BLOCKS}}, 1, "GOOD", "none", -1, {"UNMAP 0+2097152", ""}},
    /* nothing is unmapped where one of them is wrong */
    {{{8, 8}, {BLOCKS - 1, 2}}, 2, "5/21/00", "none", BLOCKS - 1, {"", ""}},
    {{{8, 8}, {BLOCKS, 1}}, 2, "5/21/00", "none", BLOCKS, {"", ""}},
    {{{8, 8}, {BLOCKS, 0}}, 2, "GOOD", "none", -1, {"UNMAP 4096+4096", ""}},
    {{{UINT64_MAX, 0}}, 1, "GOOD", "none", -1, {"", ""}},
    {{{UINT64_MAX, 2}}, 1, "5/21/00", "none", -1, {"", ""}},
    {{{1, 0xffffffff}}, 1, "5/21/00", "none", 1, {"", ""}},
};

START_TEST(unmap_takes_all_of_its_list_or_nothing)
{
    uint8_t data[8 + 3 * 16];
    size_t length = put_list(data, lists[_i].extents, lists[_i].n);
    struct fixture f;
    struct call c;

    fixture_open(&f);
    memset(fake_store_bytes(f.store), 0xee, BLOCKS * BLOCK);
    init_unmap(&c, &f, length);
    call_run(&c, &f, data, length);
    assert_outcome(&c, lists[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), lists[_i].field);
    ck_assert_int_eq(information(&c), lists[_i].information);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(asked(&f, i), lists[_i].asked[i] != NULL ? lists[_i].asked[i] : "");
    fixture_close(&f);
}
END_TEST

/* The list is one of two descriptors, 40 bytes; CDB_LENGTH in the CDB, SENT come, the header
 * says SAID bytes of descriptors. */
static const struct {
    uint16_t cdb_length, sent, said;
    const char *outcome;
    unsigned unmapped;
} cuts[] = {
    {40, 40, 32, "GOOD", 2},    {0, 40, 32, "GOOD", 0},    {40, 40, 16, "GOOD", 1},
    {40, 40, 0, "GOOD", 0},     {40, 40, 31, "GOOD", 1},   {40, 40, 0xffff, "GOOD", 2},
    {39, 39, 32, "GOOD", 1},    {24, 24, 32, "GOOD", 1},   {23, 23, 32, "GOOD", 0},
    {8, 8, 32, "GOOD", 0},      {7, 7, 32, "5/1a/00", 0},  {1, 1, 32, "5/1a/00", 0},
    {40, 39, 32, "5/1a/00", 0}, {40, 0, 32, "5/1a/00", 0}, {8, 7, 0, "5/1a/00", 0},
};

START_TEST(an_unmap_list_that_is_cut_off_does_no_harm)
{
    static const struct extent extents[] = {{8, 8}, {0, 1}};
    uint8_t data[40];
    struct fixture f;
    struct call c;

    put_list(data, extents, 2);
    put_be16(data + 2, cuts[_i].said);
    fixture_open(&f);
    init_unmap(&c, &f, cuts[_i].cdb_length);
    call_run(&c, &f, data, cuts[_i].sent);
    assert_outcome(&c, cuts[_i].outcome);
    ck_assert_uint_eq(fake_store_records(f.store), cuts[_i].unmapped);
    fixture_close(&f);
}
END_TEST

START_TEST(an_unmap_list_may_be_cut_at_every_byte)
{
    static const struct extent extents[] = {{8, 8}, {0, 1}, {20, 1}};
    uint8_t data[56];
    struct fixture f;
    struct call c;

    put_list(data, extents, 3);
    fixture_open(&f);
    for (size_t length = 0; length <= sizeof data; length++) {
        fake_store_forget(f.store);
        init_unmap(&c, &f, length);
        call_run(&c, &f, data, length);
        assert_outcome(&c, length > 0 && length < 8 ? "5/1a/00" : "GOOD");
        ck_assert_uint_eq(fake_store_records(f.store), length < 8 ? 0 : (length - 8) / 16);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(no_more_descriptors_than_the_block_limits_say)
{
    static struct extent extents[257];
    static uint8_t data[8 + 16 * 257];
    struct fixture f;
    struct call c;

    for (unsigned i = 0; i < 257; i++)
        extents[i] = (struct extent){i, 1};
    fixture_open(&f);
    init_unmap(&c, &f, put_list(data, extents, 257));
    call_run(&c, &f, data, sizeof data);
    assert_outcome(&c, "5/26/00");
    ck_assert_str_eq(field_pointer(&c), "list 2");
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    init_unmap(&c, &f, put_list(data, extents, 256));
    call_run(&c, &f, data, sizeof data);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(fake_store_records(f.store), 256);
    ck_assert_uint_eq(counter_get(&f.export.unmap_ops), 2);
    ck_assert_uint_eq(counter_get(&f.export.unmap_bytes), 256 * BLOCK);
    fixture_close(&f);
}
END_TEST

START_TEST(no_more_blocks_than_the_block_limits_say)
{
    static const struct extent extents[] = {{0, 1 << 19}, {0, 1 << 19}, {0, 1}};
    uint8_t data[56];
    struct fixture f;
    struct call c;

    fixture_open(&f);
    atomic_store(&f.store->size, UINT64_C(8) << 30);
    fake_store_hold(f.store, true); /* there is no memory behind it */
    init_unmap(&c, &f, put_list(data, extents, 3));
    call_run(&c, &f, data, sizeof data);
    assert_outcome(&c, "5/26/00");
    ck_assert_str_eq(field_pointer(&c), "list 48");
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(an_unmap_of_4_GiB_is_not_cut_off)
{
    static const struct extent extents[] = {{1 << 20, 1 << 20}};
    uint8_t data[24];
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = 4096, .modes = LUN_UNMAP}, 1);
    atomic_store(&f.store->size, UINT64_C(8) << 30);
    fake_store_hold(f.store, true); /* there is no memory behind it */
    init_unmap(&c, &f, put_list(data, extents, 1));
    call_start(&c, data, sizeof data);
    ck_assert_str_eq(asked(&f, 0), "UNMAP fua 4294967296+4294967296");
    fake_store_hold(f.store, false);
    turn_until_done(&c, &f);
    fixture_close(&f);
}
END_TEST

START_TEST(unmap_refuses_to_anchor)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, "42 01 00000000 00 0018 00");
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 1.0");
    fixture_close(&f);
}
END_TEST

START_TEST(an_unmap_that_fails_says_so_and_stops)
{
    static const struct extent extents[] = {{8, 8}, {0, 1}, {20, 1}};
    uint8_t data[56];
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fake_store_fail(f.store, STORE_UNMAP, 2, EIO);
    init_unmap(&c, &f, put_list(data, extents, 3));
    call_run(&c, &f, data, sizeof data);
    assert_outcome(&c, "3/0c/00");
    ck_assert_uint_eq(fake_store_records(f.store), 2);
    fixture_close(&f);
}
END_TEST

START_TEST(an_unmap_on_a_unit_without_write_cache_is_stable)
{
    static const struct extent extents[] = {{8, 8}};
    uint8_t data[24];
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_UNMAP}, BLOCKS);
    init_unmap(&c, &f, put_list(data, extents, 1));
    call_run(&c, &f, data, sizeof data);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 1), "FLUSH");
    fixture_close(&f);
}
END_TEST

/* The block that is written is FILL everywhere; the medium was 0xee. */
static const struct {
    const char *cdb;
    uint8_t fill;
    unsigned capabilities;
    const char *outcome, *field, *asked[3];
} sames[] = {
    {"41 00 00000002 00 0003 00", 0, FAKE_STORE_ALL, "GOOD", "none", {"ZERO 1024+1536"}},
    {"41 00 00000002 00 0003 00", 7, FAKE_STORE_ALL, "GOOD", "none", {"WRITE 1024+1536"}},
    {"41 00 00000002 00 0003 00", 0, NO_ZERO, "GOOD", "none", {"WRITE 1024+1536"}},
    {"41 08 00000002 00 0003 00", 0, FAKE_STORE_ALL, "GOOD", "none", {"UNMAP 1024+1536"}},
    {"41 08 00000002 00 0003 00", 7, FAKE_STORE_ALL, "GOOD", "none", {"UNMAP 1024+1536"}},
    {"41 08 00000002 00 0003 00", 0, NO_UNMAP, "5/24/00", "cdb 1.3", {NULL}},
    {"41 00 00000002 00 0003 00", 0, NO_UNMAP, "GOOD", "none", {"ZERO 1024+1536"}},
    {"41 10 00000002 00 0003 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 1.4", {NULL}},
    {"41 04 00000002 00 0003 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 1.2", {NULL}},
    {"41 02 00000002 00 0003 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 1.1", {NULL}},
    {"41 20 00000002 00 0003 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 1.7", {NULL}},
    /* a count of 0: to the end */
    {"41 00 00000ffe 00 0000 00", 0, FAKE_STORE_ALL, "GOOD", "none", {"ZERO 2096128+1024"}},
    {"41 08 00000ffe 00 0000 00", 0, FAKE_STORE_ALL, "GOOD", "none", {"UNMAP 2096128+1024"}},
    {"93 00 0000000000000fff 00000000 00 00",
     7,
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"WRITE 2096640+512"}},
    {"41 00 00001000 00 0000 00", 0, FAKE_STORE_ALL, "5/21/00", "none", {NULL}},
    {"93 00 ffffffffffffffff 00000000 00 00", 0, FAKE_STORE_ALL, "5/21/00", "none", {NULL}},
    {"41 00 00000fff 00 0002 00", 0, FAKE_STORE_ALL, "5/21/00", "none", {NULL}},
    {"93 00 0000000000000000 00000400 00 00",
     7,
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"WRITE 0+262144", "WRITE 262144+262144"}},
    {"93 00 0000000000000001 00000201 00 00",
     7,
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"WRITE 512+262144", "WRITE 262656+512"}},
    {"93 01 0000000000000002 00000003 00 00",
     7,
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"ZERO 1024+1536"}}, /* NDOB */
    {"93 01 0000000000000002 00000003 00 00", 7, NO_ZERO, "GOOD", "none", {"WRITE 1024+1536"}},
    {"93 09 0000000000000002 00000003 00 00",
     7,
     FAKE_STORE_ALL,
     "GOOD",
     "none",
     {"UNMAP 1024+1536"}},
    {"93 09 0000000000000002 00000003 00 00", 7, NO_UNMAP, "5/24/00", "cdb 1.3", {NULL}},
    {"93 00 0000000000000000 00008001 00 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 10", {NULL}},
    {"93 00 0000000000000000 00008000 00 00", 0, FAKE_STORE_ALL, "5/21/00", "none", {NULL}},
    {"93 00 ffffffffffffffff 00000001 00 00", 0, FAKE_STORE_ALL, "5/21/00", "none", {NULL}},
    {"93 00 0000000000000000 ffffffff 00 00", 0, FAKE_STORE_ALL, "5/24/00", "cdb 10", {NULL}},
};

START_TEST(write_same_writes_zeroes_or_unmaps)
{
    struct fixture f;
    struct call c;
    uint8_t block[BLOCK];
    uint8_t want = sames[_i].cdb[4] != '0' ? 0 : sames[_i].fill; /* NDOB or UNMAP */
    unsigned wrong = 0;

    memset(block, sames[_i].fill, sizeof block);
    fixture_open_as(
        &f, sames[_i].capabilities,
        (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE | LUN_UNMAP},
        BLOCKS);
    memset(fake_store_bytes(f.store), 0xee, BLOCKS * BLOCK);
    call_init(&c, &f, sames[_i].cdb);
    call_run(&c, &f, block, sizeof block);
    assert_outcome(&c, sames[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), sames[_i].field);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(asked(&f, i), sames[_i].asked[i] != NULL ? sames[_i].asked[i] : "");
    for (uint64_t lba = 0; lba < BLOCKS; lba++) {
        bool within = c.cmd.status == SCSI_GOOD && lba >= c.cmd.range.lba &&
                      lba < c.cmd.range.lba + c.cmd.range.count;

        memset(block, within ? want : 0xee, sizeof block);
        wrong += memcmp(fake_store_bytes(f.store) + lba * BLOCK, block, BLOCK) != 0;
    }
    ck_assert_uint_eq(wrong, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(each_block_of_write_same_is_the_whole_block)
{
    struct fixture f;
    struct call c;
    uint8_t block[BLOCK] = {0};

    block[BLOCK - 1] = 1; /* zeroes but for the last byte */
    fixture_open(&f);
    call_init(&c, &f, "93 00 0000000000000003 00000002 00 00");
    call_run(&c, &f, block, sizeof block);
    assert_outcome(&c, "GOOD");
    ck_assert_mem_eq(fake_store_bytes(f.store) + 3 * BLOCK, block, BLOCK);
    ck_assert_mem_eq(fake_store_bytes(f.store) + 4 * BLOCK, block, BLOCK);
    ck_assert_uint_eq(counter_get(&f.session.write_bytes), 2 * BLOCK);
    fixture_close(&f);
}
END_TEST

START_TEST(write_same_to_the_end_keeps_to_the_block_limits)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    atomic_store(&f.store->size,
                 ((UINT64_C(1) << 15) + 1) * BLOCK); /* one more than the most */
    fake_store_hold(f.store, true);                  /* there is no memory behind it */
    run(&c, &f, "93 01 0000000000000000 00000000 00 00");
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 10");
    call_init(&c, &f, "93 01 0000000000000001 00000000 00 00");
    call_start(&c, NULL, 0);
    worker_turn(f.worker, false);
    ck_assert_uint_eq(c.cmd.range.count, 1 << 15);
    ck_assert_str_eq(asked(&f, 0), "ZERO 512+8388608");
    fake_store_release(f.store, 0, EIO);
    turn_until_done(&c, &f);
    assert_outcome(&c, "3/0c/00");
    ck_assert_int_eq(information(&c), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(write_same_with_other_than_one_block_writes_nothing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, "41 08 00000000 00 0002 00");
    c.cmd.expected_out = 2 * BLOCK;
    call_run(&c, &f, (uint8_t[BLOCK]){0}, BLOCK);
    assert_outcome(&c, "5/0e/03");
    for (size_t length = 0; length < BLOCK; length += 73) {
        call_init(&c, &f, "41 00 00000000 00 0002 00");
        call_run(&c, &f, (uint8_t[BLOCK]){0}, length);
        assert_outcome(&c, "5/0e/03");
    }
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

START_TEST(write_same_on_a_unit_without_write_cache_is_stable)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA, (struct lun_attributes){.block_size = BLOCK}, BLOCKS);
    run(&c, &f, "93 01 0000000000000000 00000002 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 0), "ZERO 0+1024");
    ck_assert_str_eq(asked(&f, 1), "FLUSH");
    fixture_close(&f);
}
END_TEST

START_TEST(zeroing_goes_in_steps_that_an_abort_can_end)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    1 << 15);
    fake_store_hold(f.store, true);
    call_init(&c, &f, "93 01 0000000000000000 00008000 00 00"); /* 16 MiB */
    call_start(&c, NULL, 0);
    worker_turn(f.worker, false);
    fake_store_release(f.store, 0, 0);
    ck_assert_str_eq(asked(&f, 1), "ZERO 8388608+8388608");
    c.cmd.aborted = true;
    fake_store_release(f.store, 0, 0);
    turn_until_done(&c, &f);
    assert_outcome(&c, "ABORTED");
    fixture_close(&f);
}
END_TEST

TCase *
space_cases(void)
{
    TCase *t = tcase_create("space");

    tcase_add_loop_test(t, unmap_takes_all_of_its_list_or_nothing, 0, ROWS(lists));
    tcase_add_loop_test(t, an_unmap_list_that_is_cut_off_does_no_harm, 0, ROWS(cuts));
    tcase_add_test(t, an_unmap_list_may_be_cut_at_every_byte);
    tcase_add_test(t, no_more_descriptors_than_the_block_limits_say);
    tcase_add_test(t, no_more_blocks_than_the_block_limits_say);
    tcase_add_test(t, an_unmap_of_4_GiB_is_not_cut_off);
    tcase_add_test(t, unmap_refuses_to_anchor);
    tcase_add_test(t, an_unmap_that_fails_says_so_and_stops);
    tcase_add_test(t, an_unmap_on_a_unit_without_write_cache_is_stable);
    tcase_add_loop_test(t, write_same_writes_zeroes_or_unmaps, 0, ROWS(sames));
    tcase_add_test(t, each_block_of_write_same_is_the_whole_block);
    tcase_add_test(t, write_same_to_the_end_keeps_to_the_block_limits);
    tcase_add_test(t, write_same_with_other_than_one_block_writes_nothing);
    tcase_add_test(t, write_same_on_a_unit_without_write_cache_is_stable);
    tcase_add_test(t, zeroing_goes_in_steps_that_an_abort_can_end);
    return t;
}
