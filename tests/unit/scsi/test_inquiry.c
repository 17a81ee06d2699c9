/* test_inquiry.c: standard INQUIRY data and the vital product data pages. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "scsi/commands.h"
#include "suites.h"

#define NO_UNMAP (FAKE_STORE_ALL & ~(unsigned)STORE_CAN_UNMAP)

START_TEST(standard_data_says_who_and_what_it_is)
{
    struct fixture f;
    struct call c;
    const uint8_t *d;

    fixture_open(&f);
    run(&c, &f, "12 00 00 00 ff 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 96);
    d = c.cmd.in->data;
    ck_assert_mem_eq(d, ((uint8_t[]){0, 0, 6, 2, 91, 0x38, 0, 2}), 8);
    ck_assert_mem_eq(d + 8, "VENDOR  disk one        0.1 ", 28);
    ck_assert_mem_eq(d + 58, "\x00\xa0\x09\x60\x04\x60\x04\xc0\x00\x00", 10);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field;
    uint64_t in_length;
} inquiries[] = {
    {"12 00 00 00 00 00", "GOOD", "none", 0},
    {"12 00 00 00 05 00", "GOOD", "none", 5},
    {"12 00 00 00 24 00", "GOOD", "none", 36},
    {"12 00 00 ff ff 00", "GOOD", "none", 96},
    {"12 00 80 00 ff 00", "5/24/00", "cdb 2", 0},
    {"12 02 00 00 ff 00", "5/24/00", "cdb 1.1", 0},
    {"12 01 81 00 ff 00", "5/24/00", "cdb 2", 0},
    {"12 01 ff 00 ff 00", "5/24/00", "cdb 2", 0},
    {"12 01 80 00 ff 00", "GOOD", "none", 20},
    {"12 01 80 00 04 00", "GOOD", "none", 4},
    {"12 01 80 00 00 00", "GOOD", "none", 0},
    {"12 01 b0 00 ff 00", "GOOD", "none", 64},
    {"12 01 b1 00 ff 00", "GOOD", "none", 64},
    {"12 01 b2 00 ff 00", "GOOD", "none", 8},
};

START_TEST(inquiry_answers_within_the_allocation_length_or_says_why_not)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, inquiries[_i].cdb);
    assert_outcome(&c, inquiries[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), inquiries[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, inquiries[_i].in_length);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* Runs INQUIRY for a page; its data is in c->cmd.in. */
static const uint8_t *
page(struct call *c, struct fixture *f, uint8_t code)
{
    call_init(c, f, "12 01 00 ff ff 00");
    c->cmd.cdb[2] = code;
    call_run(c, f, NULL, 0);
    assert_outcome(c, "GOOD");
    ck_assert_uint_eq(c->cmd.in->data[0], 0);
    ck_assert_uint_eq(c->cmd.in->data[1], code);
    ck_assert_uint_eq(get_be16(c->cmd.in->data + 2) + 4u, c->cmd.in_length);
    return c->cmd.in->data;
}

static const struct {
    unsigned capabilities;
    bool unmap;
    uint8_t count, codes[16];
} page_lists[] = {
    {FAKE_STORE_ALL, true, 9, {0x00, 0x80, 0x83, 0x86, 0x87, 0x8f, 0xb0, 0xb1, 0xb2}},
    {FAKE_STORE_ALL, false, 8, {0x00, 0x80, 0x83, 0x86, 0x87, 0x8f, 0xb0, 0xb1}},
    {NO_UNMAP, true, 8, {0x00, 0x80, 0x83, 0x86, 0x87, 0x8f, 0xb0, 0xb1}},
};

static const struct {
    const char *page;
    uint8_t length, data[16];
} short_pages[] = {
    /* HEADSUP, ORDSUP, SIMPSUP; V_SUP; sense data of 252 bytes */
    {"86", 64, {0x00, 0x86, 0x00, 0x3c, 0x00, 0x07, 0x01, 0, 0, 0, 0, 0, 0, 252}},
    /* all pages shared */
    {"87", 8, {0x00, 0x87, 0x00, 0x04, 0x3f, 0xff, 0x00, 0x00}},
};

START_TEST(pages_say_what_is_done_for_tasks_and_modes)
{
    struct fixture f;
    struct call c;
    char cdb[32];

    fixture_open(&f);
    snprintf(cdb, sizeof cdb, "12 01 %s 00 ff 00", short_pages[_i].page);
    run(&c, &f, cdb);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, short_pages[_i].length);
    ck_assert_mem_eq(c.cmd.in->data, short_pages[_i].data,
                     c.cmd.in_length < 16 ? c.cmd.in_length : 16);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(the_list_of_pages_names_those_that_are_there)
{
    struct fixture f;
    struct call c;
    const uint8_t *d;

    fixture_open_as(&f, page_lists[_i].capabilities,
                    (struct lun_attributes){.block_size = BLOCK,
                                            .modes = page_lists[_i].unmap ? LUN_UNMAP : 0},
                    BLOCKS);
    d = page(&c, &f, 0x00);
    ck_assert_uint_eq(d[3], page_lists[_i].count);
    ck_assert_mem_eq(d + 4, page_lists[_i].codes, page_lists[_i].count);
    call_end(&c);
    for (unsigned code = 0; code < 256; code++) {
        bool listed = memchr(page_lists[_i].codes, (int)code, page_lists[_i].count);
        call_init(&c, &f, "12 01 00 00 ff 00");
        c.cmd.cdb[2] = (uint8_t)code;
        call_run(&c, &f, NULL, 0);
        assert_outcome(&c, listed ? "GOOD" : "5/24/00");
        call_end(&c);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(the_serial_number_is_that_of_the_backstore)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    ck_assert_mem_eq(page(&c, &f, 0x80) + 4, "0123456789abcdef", 16);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(designators_name_unit_port_and_device)
{
    static const struct {
        uint8_t header[4];
        const char *bytes;
    } want[] = {
        {{0x02, 0x01, 0, 40}, "VENDOR  disk one        0123456789abcdef"},
        {{0x01, 0x03, 0, 16},
         "\x60\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"},
        {{0x51, 0x94, 0, 4}, "\0\0\0\1"},
        {{0x51, 0x95, 0, 4}, "\0\0\0\1"},
        {{0x53, 0x98, 0, 40}, "iqn.2026-11.org.example:disks,t,0x0001\0\0"},
        {{0x53, 0xa8, 0, 32}, "iqn.2026-11.org.example:disks\0\0\0"},
    };
    struct fixture f;
    struct call c;
    const uint8_t *d, *end;

    fixture_open(&f);
    d = page(&c, &f, 0x83);
    end = d + c.cmd.in_length;
    d += 4;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        ck_assert(d + 4 + want[i].header[3] <= end);
        ck_assert_mem_eq(d, want[i].header, 4);
        ck_assert_mem_eq(d + 4, want[i].bytes, want[i].header[3]);
        d += 4 + want[i].header[3];
    }
    ck_assert_ptr_eq(d, end);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(the_longest_names_fit_into_the_page)
{
    static char name[223 + 1], port[223 + 10 + 1];
    struct fixture f;
    struct call c;
    const uint8_t *d, *end;

    memset(name, 'a', 223);
    memset(port, 'a', 233);
    fixture_open(&f);
    f.it.target_name = name;
    f.it.target_port = port;
    memset(f.lun->identity.serial, 's', 32);
    d = page(&c, &f, 0x83);
    end = d + c.cmd.in_length;
    for (d += 4; d < end; d += 4 + d[3])
        if ((d[1] & 0x0f) == 8) {
            ck_assert_uint_eq(d[3] % 4, 0);
            ck_assert_uint_eq(d[3 + d[3]], 0); /* the last byte */
        }
    ck_assert_ptr_eq(d, end);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    unsigned block_size, physical, capabilities;
    uint32_t granularity, transfer_max, transfer_optimal, unmap_max, descriptors,
        unmap_granularity;
    uint8_t ugavalid;
    uint64_t same_max;
} limits[] = {
    {512, 512, FAKE_STORE_ALL, 1, 16384, 2048, 1 << 20, 256, 8, 0x80, 32768},
    {512, 4096, FAKE_STORE_ALL, 8, 16384, 2048, 1 << 20, 256, 8, 0x80, 32768},
    {4096, 4096, FAKE_STORE_ALL, 1, 2048, 256, 1 << 20, 256, 1, 0x80, 32768},
    {512, 512, NO_UNMAP, 1, 16384, 2048, 0, 0, 0, 0, 32768},
};

START_TEST(block_limits_are_what_one_command_does)
{
    struct fixture f;
    struct call c;
    const uint8_t *d;

    fixture_open_as(
        &f, limits[_i].capabilities,
        (struct lun_attributes){.block_size = limits[_i].block_size, .modes = LUN_UNMAP}, 16);
    f.store->physical_block_size = limits[_i].physical;
    d = page(&c, &f, 0xb0);
    ck_assert_uint_eq(c.cmd.in_length, 64);
    ck_assert_uint_eq(d[4], 0);   /* WSNZ */
    ck_assert_uint_eq(d[5], 255); /* COMPARE AND WRITE: test_atomic.c does as many */
    ck_assert_uint_eq(get_be16(d + 6), limits[_i].granularity);
    ck_assert_uint_eq(get_be32(d + 8), limits[_i].transfer_max);
    ck_assert_uint_eq(get_be32(d + 12), limits[_i].transfer_optimal);
    ck_assert_uint_eq(get_be32(d + 16), limits[_i].transfer_max); /* PRE-FETCH */
    ck_assert_uint_eq(get_be32(d + 20), limits[_i].unmap_max);
    ck_assert_uint_eq(get_be32(d + 24), limits[_i].descriptors);
    ck_assert_uint_eq(get_be32(d + 28), limits[_i].unmap_granularity);
    ck_assert_uint_eq(d[32], limits[_i].ugavalid);
    ck_assert_uint_eq(get_be64(d + 36), limits[_i].same_max);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* Limits of commands in VPD page B0h, and whose they are. */
static const struct {
    unsigned at, bytes;
    uint8_t opcode;
} promises[] = {
    {5, 1, 0x89},                 /* MAXIMUM COMPARE AND WRITE LENGTH */
    {16, 4, 0x34},                /* MAXIMUM PREFETCH LENGTH */
    {16, 4, 0x90}, {20, 4, 0x42}, /* MAXIMUM UNMAP LBA COUNT */
    {24, 4, 0x42}, {36, 8, 0x41}, /* MAXIMUM WRITE SAME LENGTH */
    {36, 8, 0x93}, {44, 4, 0x9c}, /* MAXIMUM ATOMIC TRANSFER LENGTH */
};

static bool
is_any_set(const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (bytes[i] != 0)
            return true;
    return false;
}

/* Every set of what a store may be able to do. */
START_TEST(limits_are_promised_of_those_commands_that_are_there)
{
    static const unsigned optional[] = {STORE_CAN_FUA,      STORE_CAN_UNMAP, STORE_CAN_ZERO,
                                        STORE_CAN_PREFETCH, STORE_CAN_COPY,  STORE_CAN_EXTENT};
    unsigned capabilities = FAKE_STORE_ALL;
    struct fixture f;
    struct call c;

    for (int k = 0; k < ROWS(optional); k++)
        if (_i >> k & 1)
            capabilities &= ~optional[k];
    fixture_open_as(&f, capabilities,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_UNMAP}, 16);
    for (int i = 0; i < ROWS(promises); i++) {
        const struct scsi_command *row = command_find(&promises[i].opcode);
        bool is_there = row != NULL && command_is_offered(row, f.lun);
        const uint8_t *d = page(&c, &f, 0xb0);

        ck_assert_msg(is_any_set(d + promises[i].at, promises[i].bytes) == is_there,
                      "opcode %02xh is %sthere", promises[i].opcode, is_there ? "" : "not ");
        call_end(&c);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(provisioning_and_characteristics_are_honest)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    ck_assert_mem_eq(page(&c, &f, 0xb2) + 4, "\x0b\xe4\x02\x00", 4);
    call_end(&c);
    ck_assert_uint_eq(get_be16(page(&c, &f, 0xb1) + 4), 0); /* rotation: not reported */
    call_end(&c);
    f.store->capabilities |= STORE_IS_VOLATILE;
    ck_assert_uint_eq(get_be16(page(&c, &f, 0xb1) + 4), 1);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

TCase *
inquiry_cases(void)
{
    TCase *t = tcase_create("inquiry");

    tcase_add_test(t, standard_data_says_who_and_what_it_is);
    tcase_add_loop_test(t, inquiry_answers_within_the_allocation_length_or_says_why_not, 0,
                        ROWS(inquiries));
    tcase_add_loop_test(t, pages_say_what_is_done_for_tasks_and_modes, 0,
                        sizeof short_pages / sizeof short_pages[0]);
    tcase_add_loop_test(t, the_list_of_pages_names_those_that_are_there, 0, ROWS(page_lists));
    tcase_add_test(t, the_serial_number_is_that_of_the_backstore);
    tcase_add_test(t, designators_name_unit_port_and_device);
    tcase_add_test(t, the_longest_names_fit_into_the_page);
    tcase_add_loop_test(t, block_limits_are_what_one_command_does, 0, ROWS(limits));
    tcase_add_loop_test(t, limits_are_promised_of_those_commands_that_are_there, 0, 1 << 6);
    tcase_add_test(t, provisioning_and_characteristics_are_honest);
    return t;
}
