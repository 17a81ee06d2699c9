/* test_mode.c: MODE SENSE. */
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define CACHING 0x08, 18, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define CONTROL 0x0a, 10, 0x20, 0x10, 0, 0, 0, 0, 0, 0, 0, 0
#define ERRORS  0x01, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define LBP                                                                                    \
    0x5c, 2, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, \
        0, 0, 0, 1
#define IE    0x1c, 10, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define SHORT 0, 0, 0x10, 0, 0, 0, 2, 0 /* block descriptor: 4096 blocks of 512 */
#define LONG  0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 2, 0

/* clang-format off */
static const struct {
    const char *cdb, *outcome, *field;
    uint8_t length, data[96];
} senses[] = {
    {"1a 00 08 00 ff 00", "GOOD", "none", 32, {31, 0, 0x10, 8, SHORT, CACHING}},
    {"1a 08 08 00 ff 00", "GOOD", "none", 24, {23, 0, 0x10, 0, CACHING}},
    {"1a 08 08 ff ff 00", "GOOD", "none", 24, {23, 0, 0x10, 0, CACHING}},
    {"1a 08 88 00 ff 00", "GOOD", "none", 24, {23, 0, 0x10, 0, CACHING}},       /* default */
    {"1a 08 48 00 ff 00", "GOOD", "none", 24, {23, 0, 0x10, 0, 0x08, 18, 0x04}}, /* changeable */
    {"1a 08 0a 00 ff 00", "GOOD", "none", 16, {15, 0, 0x10, 0, CONTROL}},
    {"1a 08 4a 00 ff 00", "GOOD", "none", 16, {15, 0, 0x10, 0, 0x0a, 10, 0x04, 0, 0x08, 0x40}},
    {"1a 08 1c 00 ff 00", "GOOD", "none", 16, {15, 0, 0x10, 0, IE}},
    {"1a 08 01 00 ff 00", "GOOD", "none", 16, {15, 0, 0x10, 0, ERRORS}},
    {"1a 08 41 00 ff 00", "GOOD", "none", 16, {15, 0, 0x10, 0, 0x01, 10, 0, 0, 0, 0, 0, 0x80}},
    {"1a 08 1c 02 ff 00", "GOOD", "none", 36, {35, 0, 0x10, 0, LBP}},
    {"1a 08 5c 02 ff 00", "GOOD", "none", 36, {35, 0, 0x10, 0, 0x5c, 2, 0, 28}},
    {"1a 08 1c ff ff 00", "GOOD", "none", 48, {47, 0, 0x10, 0, IE, LBP}},
    {"1a 08 3f 00 ff 00", "GOOD", "none", 60, {59, 0, 0x10, 0, ERRORS, CACHING, CONTROL, IE}},
    {"1a 08 3f ff ff 00", "GOOD", "none", 92, {91, 0, 0x10, 0, ERRORS, CACHING, CONTROL, IE, LBP}},
    {"1a 00 3f 00 04 00", "GOOD", "none", 4, {67, 0, 0x10, 8}},
    {"1a 00 3f 00 00 00", "GOOD", "none", 0, {0}},
    {"1a 08 c8 00 ff 00", "5/39/00", "none", 0, {0}}, /* saved */
    {"1a 08 ff 00 ff 00", "5/39/00", "none", 0, {0}},
    {"1a 08 07 00 ff 00", "5/24/00", "cdb 2.5", 0, {0}},
    {"1a 08 00 00 ff 00", "5/24/00", "cdb 2.5", 0, {0}},
    {"1a 08 0a 01 ff 00", "5/24/00", "cdb 3", 0, {0}},
    {"1a 08 3f 01 ff 00", "5/24/00", "cdb 3", 0, {0}},
    {"5a 00 08 00 000000 00ff 00", "GOOD", "none", 36, {0, 34, 0, 0x10, 0, 0, 0, 8, SHORT, CACHING}},
    {"5a 10 0a 00 000000 00ff 00", "GOOD", "none", 36, {0, 34, 0, 0x10, 1, 0, 0, 16, LONG, CONTROL}},
    {"5a 18 0a 00 000000 00ff 00", "GOOD", "none", 20, {0, 18, 0, 0x10, 0, 0, 0, 0, CONTROL}},
    {"5a 08 3f ff 000000 ffff 00", "GOOD", "none", 96,
     {0, 94, 0, 0x10, 0, 0, 0, 0, ERRORS, CACHING, CONTROL, IE, LBP}},
    {"5a 08 3f 00 000000 0008 00", "GOOD", "none", 8, {0, 62, 0, 0x10}},
    {"5a 08 c8 00 000000 00ff 00", "5/39/00", "none", 0, {0}},
    {"5a 08 3e 00 000000 00ff 00", "5/24/00", "cdb 2.5", 0, {0}},
};
/* clang-format on */

START_TEST(mode_sense_has_the_pages_asked_for)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
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

static const struct {
    bool write_cache, read_only;
    uint8_t specific, caching;
} attributes[] = {
    {true, false, 0x10, 0x04},
    {false, false, 0x10, 0x00},
    {true, true, 0x90, 0x04},
};

START_TEST(mode_data_follows_the_attributes_of_the_unit)
{
    struct fixture f;
    struct call c;

    fixture_open_as(
        &f, FAKE_STORE_ALL,
        (struct lun_attributes){.block_size = BLOCK,
                                .modes = attributes[_i].write_cache ? LUN_WRITE_CACHE : 0},
        BLOCKS);
    f.nexus->read_only = attributes[_i].read_only;
    run(&c, &f, "1a 08 08 00 ff 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in->data[2], attributes[_i].specific);
    ck_assert_uint_eq(c.cmd.in->data[6], attributes[_i].caching);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(a_short_descriptor_says_so_where_the_unit_is_too_large_for_it)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    atomic_store(&f.store->size, UINT64_C(0x123456789a) * BLOCK);
    run(&c, &f, "5a 00 08 00 00 00 00 00 ff 00");
    ck_assert_mem_eq(c.cmd.in->data + 8, "\xff\xff\xff\xff\x00\x00\x02\x00", 8);
    call_end(&c);
    run(&c, &f, "5a 10 08 00 00 00 00 00 ff 00");
    ck_assert_mem_eq(c.cmd.in->data + 8,
                     "\x00\x00\x00\x12\x34\x56\x78\x9a\x00\x00\x00\x00\x00\x00\x02\x00", 16);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(a_unit_whose_space_is_not_counted_has_no_pages_about_it)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    lun_set_modes(f.lun, LUN_UNMAP, 0);
    run(&c, &f, "1a 08 3f ff ff 00");
    ck_assert_uint_eq(c.cmd.in_length, 4 + 20 + 12 + 12);
    call_end(&c);
    run(&c, &f, "1a 08 01 00 ff 00");
    assert_outcome(&c, "5/24/00");
    run(&c, &f, "1a 08 1c 02 ff 00");
    assert_outcome(&c, "5/24/00");
    fixture_close(&f);
}
END_TEST

START_TEST(the_threshold_of_the_attributes_is_in_its_page)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    atomic_store(&f.lun->space_threshold, (5u << 20) - 1);
    run(&c, &f, "1a 08 1c 02 ff 00");
    ck_assert_mem_eq(c.cmd.in->data + 4 + 16, "\x80\x01\x00\x00\x00\x00\x00\x05", 8);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

TCase *
mode_cases(void)
{
    TCase *t = tcase_create("mode");

    tcase_add_loop_test(t, mode_sense_has_the_pages_asked_for, 0, ROWS(senses));
    tcase_add_loop_test(t, mode_data_follows_the_attributes_of_the_unit, 0, ROWS(attributes));
    tcase_add_test(t, a_short_descriptor_says_so_where_the_unit_is_too_large_for_it);
    tcase_add_test(t, a_unit_whose_space_is_not_counted_has_no_pages_about_it);
    tcase_add_test(t, the_threshold_of_the_attributes_is_in_its_page);
    return t;
}
