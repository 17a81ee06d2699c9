/* test_cdb.c: ranges in CDBs. */
#include "scsi/cdb.h"
#include "suites.h"

static const struct {
    enum cdb_layout layout;
    uint8_t cdb[SCSI_CDB_MAX];
    struct block_range range;
} ranges[] = {
    {CDB_RANGE_6, {0x08, 0x1f, 0xff, 0xfe, 3}, {.lba = 0x1ffffe, .count = 3}},
    {CDB_RANGE_6, {0x08, 0xe1, 0x02, 0x03, 0}, {.lba = 0x010203, .count = 256}},
    {CDB_RANGE_10,
     {0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff},
     {.lba = 0xffffffff, .count = 0xffff, .fua = true, .dpo = true}},
    {CDB_RANGE_10, {0x28, 0x60, 0, 0, 0, 9, 0x1f, 0, 0}, {.lba = 9, .protect = 3}},
    {CDB_RANGE_12,
     {0xa8, 0x10, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff},
     {.lba = 0x01020304, .count = 0xffffffff, .dpo = true}},
    {CDB_RANGE_16,
     {0x88, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 1},
     {.lba = UINT64_MAX, .count = 0x80000001, .fua = true}},
};

START_TEST(a_range_is_found_where_the_layout_says)
{
    struct block_range r = cdb_range(ranges[_i].layout, ranges[_i].cdb);
    const struct block_range *want = &ranges[_i].range;

    ck_assert_uint_eq(r.lba, want->lba);
    ck_assert_uint_eq(r.count, want->count);
    ck_assert_int_eq(r.fua, want->fua);
    ck_assert_int_eq(r.dpo, want->dpo);
    ck_assert_uint_eq(r.protect, want->protect);
}
END_TEST

static const struct {
    uint8_t opcode, length;
} lengths[] = {{0x00, 6},  {0x1f, 6},  {0x20, 10}, {0x5f, 10}, {0x7f, 0}, {0x80, 16},
               {0x9f, 16}, {0xa0, 12}, {0xbf, 12}, {0xc0, 0},  {0xff, 0}};

START_TEST(the_group_code_says_how_long_a_cdb_is)
{
    ck_assert_uint_eq(cdb_length(lengths[_i].opcode), lengths[_i].length);
}
END_TEST

TCase *
cdb_cases(void)
{
    TCase *t = tcase_create("cdb");

    tcase_add_loop_test(t, a_range_is_found_where_the_layout_says, 0,
                        sizeof ranges / sizeof ranges[0]);
    tcase_add_loop_test(t, the_group_code_says_how_long_a_cdb_is, 0,
                        sizeof lengths / sizeof lengths[0]);
    return t;
}
