/* test_rw.c: READ and WRITE: ranges, flags, residuals, errors. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define MIB (1u << 20)

/* A megabyte of bytes that tell where they are from. */
static const uint8_t *
pattern(void)
{
    static uint8_t bytes[2 * MIB];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i ^ i >> 9);
    return bytes;
}

static const struct {
    const char *cdb, *outcome, *field;
    int64_t information;
    const char *asked;
} reads[] = {
    {"08 000001 02 00", "GOOD", "none", -1, "READ 512+1024"},
    {"08 000001 00 00", "GOOD", "none", -1, "READ 512+131072"}, /* 0 means 256 */
    {"08 000fff 02 00", "5/21/00", "none", 0xfff, ""},
    {"08 e00001 02 00", "GOOD", "none", -1, "READ 512+1024"}, /* reserved bits */
    {"28 00 00000002 00 0003 00", "GOOD", "none", -1, "READ 1024+1536"},
    {"28 00 00000002 00 0000 00", "GOOD", "none", -1, ""},
    {"28 18 00000002 00 0003 00", "GOOD", "none", -1, "READ 1024+1536"},
    {"28 20 00000002 00 0003 00", "5/24/00", "cdb 1.7", -1, ""},
    {"28 e0 00000002 00 0003 00", "5/24/00", "cdb 1.7", -1, ""},
    {"28 00 00000fff 00 0001 00", "GOOD", "none", -1, "READ 2096640+512"},
    {"28 00 00000fff 00 0002 00", "5/21/00", "none", 0xfff, ""},
    {"28 00 00001000 00 0000 00", "5/21/00", "none", 0x1000, ""},
    {"28 00 80000000 00 0001 00", "5/21/00", "none", 0x80000000, ""},
    {"28 00 ffffffff 00 ffff 00", "5/24/00", "cdb 7", -1, ""},
    {"28 00 00000000 00 4001 00", "5/24/00", "cdb 7", -1, ""}, /* over 8 MiB */
    {"28 00 00000000 00 4000 00", "5/21/00", "none", 0, ""},
    {"28 00 00000000 00 0001 04", "5/24/00", "cdb 9.2", -1, ""}, /* NACA */
    {"a8 00 00000002 00000003 00 00", "GOOD", "none", -1, "READ 1024+1536"},
    {"a8 00 00000002 00000000 00 00", "GOOD", "none", -1, ""},
    {"a8 00 00000002 ffffffff 00 00", "5/24/00", "cdb 6", -1, ""},
    {"a8 40 00000002 00000001 00 00", "5/24/00", "cdb 1.7", -1, ""},
    {"88 00 0000000000000002 00000003 00 00", "GOOD", "none", -1, "READ 1024+1536"},
    {"88 00 0000000000000002 00000000 00 00", "GOOD", "none", -1, ""},
    {"88 00 0000000000000002 80000001 00 00", "5/24/00", "cdb 10", -1, ""},
    {"88 00 0000000100000000 00000001 00 00", "5/21/00", "none", -1, ""},
    {"88 00 ffffffffffffffff 00000001 00 00", "5/21/00", "none", -1, ""},
    {"88 00 ffffffffffffffff 00000000 00 00", "5/21/00", "none", -1, ""},
    {"88 00 0080000000000000 00000001 00 00", "5/21/00", "none", -1, ""},
};

START_TEST(a_read_asks_the_store_for_its_range_or_says_why_not)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    memcpy(fake_store_bytes(f.store), pattern(), BLOCKS * BLOCK);
    run(&c, &f, reads[_i].cdb);
    assert_outcome(&c, reads[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), reads[_i].field);
    ck_assert_int_eq(information(&c), reads[_i].information);
    ck_assert_str_eq(asked(&f, 0), reads[_i].asked);
    ck_assert_str_eq(asked(&f, 1), "");
    if (reads[_i].asked[0] != '\0') {
        const struct fake_record *r = fake_store_record(f.store, 0);
        ck_assert_uint_eq(c.cmd.in_length, r->length);
        ck_assert_mem_eq(c.cmd.in->data, pattern() + r->offset, r->length);
    } else {
        ck_assert_uint_eq(c.cmd.in_length, 0);
        ck_assert_ptr_null(c.cmd.in);
    }
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb;
    unsigned capabilities;
    bool write_cache;
    const char *outcome, *field, *asked[2];
} writes[] = {
    {"0a 000001 02 00", FAKE_STORE_ALL, true, "GOOD", "none", {"WRITE 512+1024", ""}},
    {"0a 000001 00 00", FAKE_STORE_ALL, true, "GOOD", "none", {"WRITE 512+131072", ""}},
    {"2a 00 00000001 00 0002 00", FAKE_STORE_ALL, true, "GOOD", "none", {"WRITE 512+1024", ""}},
    {"2a 00 00000001 00 0000 00", FAKE_STORE_ALL, true, "GOOD", "none", {"", ""}},
    {"2a 08 00000001 00 0002 00",
     FAKE_STORE_ALL,
     true,
     "GOOD",
     "none",
     {"WRITE fua 512+1024", ""}},
    {"2a 08 00000001 00 0002 00", NO_FUA, true, "GOOD", "none", {"WRITE 512+1024", "FLUSH"}},
    {"2a 08 00000001 00 0002 00", NO_FLUSH, true, "GOOD", "none", {"WRITE 512+1024", ""}},
    {"2a 10 00000001 00 0002 00", NO_FUA, true, "GOOD", "none", {"WRITE 512+1024", ""}},
    /* without a volatile cache every write is one with FUA */
    {"0a 000001 02 00", FAKE_STORE_ALL, false, "GOOD", "none", {"WRITE fua 512+1024", ""}},
    {"0a 000001 02 00", NO_FUA, false, "GOOD", "none", {"WRITE 512+1024", "FLUSH"}},
    {"2a 00 00000001 00 0002 00", NO_FUA, false, "GOOD", "none", {"WRITE 512+1024", "FLUSH"}},
    {"2a 20 00000001 00 0002 00", NO_FUA, true, "5/24/00", "cdb 1.7", {"", ""}},
    {"2a 00 00000fff 00 0002 00", NO_FUA, true, "5/21/00", "none", {"", ""}},
    {"2a 00 00000000 00 4001 00", NO_FUA, true, "5/24/00", "cdb 7", {"", ""}},
    {"aa 08 00000001 00000002 00 00",
     NO_FUA,
     true,
     "GOOD",
     "none",
     {"WRITE 512+1024", "FLUSH"}},
    {"aa 00 00000001 ffffffff 00 00", NO_FUA, true, "5/24/00", "cdb 6", {"", ""}},
    {"8a 08 0000000000000001 00000002 00 00",
     FAKE_STORE_ALL,
     true,
     "GOOD",
     "none",
     {"WRITE fua 512+1024", ""}},
    {"8a 00 ffffffffffffffff 00000002 00 00", NO_FUA, true, "5/21/00", "none", {"", ""}},
    {"8a 00 7fffffffffffffff 00004001 00 00", NO_FUA, true, "5/24/00", "cdb 10", {"", ""}},
};

START_TEST(a_write_reaches_the_store_and_is_stable_where_asked)
{
    struct fixture f;
    struct call c;
    const struct fake_record *r;

    fixture_open_as(
        &f, writes[_i].capabilities,
        (struct lun_attributes){.block_size = BLOCK,
                                .modes = writes[_i].write_cache ? LUN_WRITE_CACHE : 0},
        BLOCKS);
    call_init(&c, &f, writes[_i].cdb);
    call_run(&c, &f, pattern(), MIB);
    assert_outcome(&c, writes[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), writes[_i].field);
    ck_assert_str_eq(asked(&f, 0), writes[_i].asked[0]);
    ck_assert_str_eq(asked(&f, 1), writes[_i].asked[1]);
    ck_assert_str_eq(asked(&f, 2), "");
    if (writes[_i].asked[0][0] != '\0') {
        r = fake_store_record(f.store, 0);
        ck_assert_mem_eq(fake_store_bytes(f.store) + r->offset, pattern(), r->length);
    }
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* EXPECTED is the Expected Data Transfer Length of the iSCSI command; every WRITE is of two
 * blocks. out_length against EXPECTED gives the residual. */
static const struct {
    uint64_t expected;
    const char *asked;
} residuals[] = {
    {0, ""},
    {1, ""},
    {200, ""},
    {511, ""},
    {512, "WRITE 1024+512"},
    {1023, "WRITE 1024+512"},
    {1024, "WRITE 1024+1024"},
    {1025, "WRITE 1024+1024"},
    {10000, "WRITE 1024+1024"},
};
static const char *const residual_writes[] = {
    "0a 000002 02 00",
    "2a 00 00000002 00 0002 00",
    "aa 00 00000002 00000002 00 00",
    "8a 00 0000000000000002 00000002 00 00",
};
#define RESIDUALS (sizeof residuals / sizeof residuals[0])

START_TEST(of_a_write_with_too_little_data_the_whole_blocks_are_written)
{
    size_t row = (size_t)_i % RESIDUALS;
    struct fixture f;
    struct call c;
    uint64_t written;

    fixture_open(&f);
    call_init(&c, &f, residual_writes[(size_t)_i / RESIDUALS]);
    c.cmd.expected_out = residuals[row].expected;
    call_run(&c, &f, pattern(), MIB);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.out_length, 1024);
    ck_assert_str_eq(asked(&f, 0), residuals[row].asked);
    ck_assert_str_eq(asked(&f, 1), "");
    written = residuals[row].asked[0] != '\0' ? fake_store_record(f.store, 0)->length : 0;
    ck_assert_mem_eq(fake_store_bytes(f.store) + 1024, pattern(), written);
    ck_assert_mem_eq(fake_store_bytes(f.store) + 1024 + written, (uint8_t[2048]){0}, 2048);
    ck_assert_uint_eq(counter_get(&f.session.write_bytes), written);
    fixture_close(&f);
}
END_TEST

static const struct {
    uint64_t expected, moved;
    const char *asked;
} short_reads[] = {
    {0, 0, ""},
    {1, 512, "READ 1024+512"},
    {512, 512, "READ 1024+512"},
    {513, 1024, "READ 1024+1024"},
    {1535, 1536, "READ 1024+1536"},
    {1536, 1536, "READ 1024+1536"},
    {10000, 1536, "READ 1024+1536"},
};

START_TEST(of_a_read_the_blocks_that_are_taken_are_read)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    memcpy(fake_store_bytes(f.store), pattern(), BLOCKS * BLOCK);
    call_init(&c, &f, "28 00 00000002 00 0003 00");
    c.cmd.expected_in = short_reads[_i].expected;
    call_run(&c, &f, NULL, 0);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 1536); /* the residual goes by what the CDB says */
    ck_assert_str_eq(asked(&f, 0), short_reads[_i].asked);
    if (short_reads[_i].moved > 0)
        ck_assert_mem_eq(c.cmd.in->data, pattern() + 1024, short_reads[_i].moved);
    else
        ck_assert_ptr_null(c.cmd.in);
    ck_assert_uint_eq(counter_get(&f.session.read_bytes), short_reads[_i].moved);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb;
    enum store_op op;
    int error;
    const char *outcome;
    int64_t information;
} failures[] = {
    {"28 00 00000007 00 0001 00", STORE_READ, EIO, "3/11/00", 7},
    {"28 00 00000007 00 0001 00", STORE_READ, ENOMEM, "BUSY", -1},
    {"28 00 00000007 00 0001 00", STORE_READ, ENODEV, "2/04/03", -1},
    {"28 00 00000007 00 0001 00", STORE_READ, ETIMEDOUT, "b/08/01", -1},
    {"2a 00 00000007 00 0001 00", STORE_WRITE, EIO, "3/0c/00", 7},
    {"2a 00 00000007 00 0001 00", STORE_WRITE, ENOSPC, "7/27/07", -1},
    {"2a 00 00000007 00 0001 00", STORE_WRITE, EROFS, "7/27/00", -1},
    {"2a 00 00000007 00 0001 00", STORE_WRITE, EINVAL, "4/44/00", -1},
    {"2a 00 00000007 00 0001 00", STORE_WRITE, EAGAIN, "BUSY", -1},
    {"2a 08 00000007 00 0001 00", STORE_FLUSH, EIO, "3/0c/00", 7},
};

START_TEST(what_the_store_says_becomes_sense_data)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    BLOCKS);
    fake_store_fail(f.store, failures[_i].op, 1, failures[_i].error);
    call_init(&c, &f, failures[_i].cdb);
    call_run(&c, &f, pattern(), MIB);
    assert_outcome(&c, failures[_i].outcome);
    ck_assert_int_eq(information(&c), failures[_i].information);
    ck_assert_uint_eq(c.cmd.in_length, 0);
    ck_assert_ptr_null(c.cmd.in);
    ck_assert_uint_eq(counter_get(&f.session.errors), c.cmd.status == SCSI_CHECK_CONDITION);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(blocks_of_4096_bytes_are_counted_in_blocks)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = 4096, .modes = LUN_WRITE_CACHE}, 16);
    call_init(&c, &f, "2a 00 00000003 00 0002 00");
    call_run(&c, &f, pattern(), MIB);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 0), "WRITE 12288+8192");
    run(&c, &f, "28 00 00000004 00 0001 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 4096);
    ck_assert_mem_eq(c.cmd.in->data, pattern() + 4096, 4096);
    call_end(&c);
    run(&c, &f, "28 00 00000010 00 0001 00");
    assert_outcome(&c, "5/21/00");
    run(&c, &f, "28 00 00000000 00 0801 00"); /* 8 MiB and a block */
    assert_outcome(&c, "5/24/00");
    fixture_close(&f);
}
END_TEST

START_TEST(the_largest_transfer_works)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    1 << 15);
    run(&c, &f, "88 00 0000000000004000 00004000 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 8 * MIB);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(a_store_that_shrank_before_the_data_came_is_out_of_range)
{
    struct fixture f;
    struct call c;
    struct iobuf *data;

    fixture_open(&f);
    call_init(&c, &f, "2a 00 00000800 00 0001 00");
    ck_assert_int_eq(scsi_start(&c.cmd), SCSI_WANTS_DATA);
    data = iobuf_new(512);
    c.cmd.out = data;
    ck_assert_int_eq(store_resize(f.store, 2048 * BLOCK, NULL), 0);
    scsi_continue(&c.cmd);
    turn_until_done(&c, &f);
    assert_outcome(&c, "5/21/00");
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

TCase *
rw_cases(void)
{
    TCase *t = tcase_create("rw");

    tcase_add_loop_test(t, a_read_asks_the_store_for_its_range_or_says_why_not, 0,
                        sizeof reads / sizeof reads[0]);
    tcase_add_loop_test(t, a_write_reaches_the_store_and_is_stable_where_asked, 0,
                        sizeof writes / sizeof writes[0]);
    tcase_add_loop_test(
        t, of_a_write_with_too_little_data_the_whole_blocks_are_written, 0,
        (int)(RESIDUALS * (sizeof residual_writes / sizeof residual_writes[0])));
    tcase_add_loop_test(t, of_a_read_the_blocks_that_are_taken_are_read, 0,
                        sizeof short_reads / sizeof short_reads[0]);
    tcase_add_loop_test(t, what_the_store_says_becomes_sense_data, 0,
                        sizeof failures / sizeof failures[0]);
    tcase_add_test(t, blocks_of_4096_bytes_are_counted_in_blocks);
    tcase_add_test(t, the_largest_transfer_works);
    tcase_add_test(t, a_store_that_shrank_before_the_data_came_is_out_of_range);
    return t;
}
