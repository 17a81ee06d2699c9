/* test_pdu.c: headers as bytes and as structs. */
#include "iscsi/pdu.h"

#include <string.h>

#include "suites.h"

/* SCSI Command, READ(10), as RFC 7143 section 11.3 draws it. */
static const uint8_t read_command[PDU_HEADER_SIZE] = {
    0x01, 0xc1, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0a, 0x0b, 0x0c, 0x0d, 0x00, 0x00, 0x10, 0x00,
    0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x09, 0x28, 0x00, 0x00, 0x00,
    0x00, 0x10, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

START_TEST(a_scsi_command_is_read_field_by_field)
{
    struct pdu_scsi_command c;

    pdu_scsi_command_get(read_command, &c);
    ck_assert(c.is_final && c.is_read && !c.is_write && !c.immediate);
    ck_assert_uint_eq(c.attributes, 1);
    ck_assert_int_eq(pdu_lun_number(c.lun), 5);
    ck_assert_uint_eq(c.task_tag, 0x0a0b0c0d);
    ck_assert_uint_eq(c.expected_length, 4096);
    ck_assert_uint_eq(c.cmdsn, 7);
    ck_assert_uint_eq(c.exp_statsn, 9);
    ck_assert_uint_eq(c.cdb[0], 0x28);
    ck_assert_uint_eq(c.cdb[8], 0x08);
}
END_TEST

START_TEST(a_login_request_is_read_field_by_field)
{
    uint8_t h[PDU_HEADER_SIZE] = {0x43, 0x87, 0,    0, 0, 0, 1, 2,
                                  0x00, 0x02, 0x3d, 1, 2, 3, 0, 4};
    struct pdu_login_request l;

    put_be16(h + 20, 6);
    pdu_login_request_get(h, &l);
    ck_assert(l.immediate && l.transit && !l.is_continued);
    ck_assert_uint_eq(l.current_stage, 1);
    ck_assert_uint_eq(l.next_stage, 3);
    ck_assert_uint_eq(l.isid, 0x00023d010203);
    ck_assert_uint_eq(l.tsih, 4);
    ck_assert_uint_eq(l.cid, 6);
    ck_assert_uint_eq(pdu_data_length(h), 258);
}
END_TEST

START_TEST(a_data_in_with_status_is_written_as_drawn)
{
    static const uint8_t expected[PDU_HEADER_SIZE] = {
        0x25, 0x83, 0,    2,    0,    0,    0,    0,    0, 5, 0,    0, 0, 0, 0,    0,
        0x0a, 0x0b, 0x0c, 0x0d, 0xff, 0xff, 0xff, 0xff, 0, 0, 0,    9, 0, 0, 0,    0x20,
        0,    0,    0,    0x3f, 0,    0,    0,    0x03, 0, 0, 0x20, 0, 0, 0, 0x01, 0,
    };
    struct pdu_data_in d = {
        .is_final = true,
        .underflow = true,
        .has_status = true,
        .status = 2,
        .lun = pdu_lun_from_number(5),
        .task_tag = 0x0a0b0c0d,
        .transfer_tag = PDU_NO_TAG,
        .datasn = 3,
        .buffer_offset = 0x2000,
        .residual = 0x100,
    };
    uint8_t h[PDU_HEADER_SIZE];

    memset(h, 0xee, sizeof h);
    pdu_data_in_put(h, &d);
    pdu_put_numbers(h, 9, 0x20, 0x3f);
    ck_assert_mem_eq(h, expected, sizeof h);
    ck_assert_uint_eq(pdu_statsn(h), 9);
    ck_assert_uint_eq(pdu_exp_cmdsn(h), 0x20);
    ck_assert_uint_eq(pdu_max_cmdsn(h), 0x3f);
}
END_TEST

START_TEST(a_reject_has_its_reserved_tag_set_to_ones)
{
    struct pdu_reject r = {.reason = REJECT_PROTOCOL_ERROR};
    uint8_t h[PDU_HEADER_SIZE];

    pdu_reject_put(h, &r);
    ck_assert_uint_eq(h[0], 0x3f);
    ck_assert_uint_eq(h[1], 0x80);
    ck_assert_uint_eq(h[2], 4);
    ck_assert_uint_eq(pdu_task_tag(h), PDU_NO_TAG);
}
END_TEST

/* Each layout's way there and back: what `put` has written once, `get` and `put` keep. */
#define OPCODE(symbol, code, name, layout, properties)                                      \
    static void there_and_back_##symbol(const uint8_t *from, uint8_t *once, uint8_t *twice) \
    {                                                                                       \
        struct pdu_##layout p;                                                              \
        pdu_##layout##_get(from, &p);                                                       \
        pdu_##layout##_put(once, &p);                                                       \
        pdu_##layout##_get(once, &p);                                                       \
        pdu_##layout##_put(twice, &p);                                                      \
    }
#include "iscsi/opcodes.def"

static const struct {
    uint8_t code;
    void (*there_and_back)(const uint8_t *from, uint8_t *once, uint8_t *twice);
} layouts[] = {
#define OPCODE(symbol, code, name, layout, properties) {code, there_and_back_##symbol},
#include "iscsi/opcodes.def"
};

START_TEST(every_layout_survives_the_way_there_and_back)
{
    uint8_t from[PDU_HEADER_SIZE], once[PDU_HEADER_SIZE], twice[PDU_HEADER_SIZE];

    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(0x11 * (i % 15 + 1));
    layouts[_i].there_and_back(from, once, twice);
    ck_assert_mem_eq(once, twice, sizeof once);
    ck_assert_uint_eq(pdu_opcode(once), layouts[_i].code);
    ck_assert_ptr_nonnull(pdu_opcode_info(once));
    ck_assert_str_ne(pdu_name(once), "unknown opcode");
    ck_assert_uint_eq(pdu_data_length(once), 0);
}
END_TEST

START_TEST(every_layout_keeps_each_bit_that_it_has)
{
    uint8_t from[PDU_HEADER_SIZE] = {0}, once[PDU_HEADER_SIZE], twice[PDU_HEADER_SIZE];
    uint8_t none[PDU_HEADER_SIZE];
    unsigned kept = 0;

    layouts[_i].there_and_back(from, none, twice);
    for (size_t bit = 8; bit < 8 * sizeof from; bit++) {
        memset(from, 0, sizeof from);
        from[bit / 8] = (uint8_t)(1u << bit % 8);
        layouts[_i].there_and_back(from, once, twice);
        for (size_t i = 1; i < sizeof once; i++)
            if (once[i] != none[i] && once[i] != (none[i] | from[i]))
                ck_abort_msg("bit %zu has moved to byte %zu", bit, i);
        kept += memcmp(once, none, sizeof once) != 0;
    }
    ck_assert_uint_ge(kept, 8); /* each has at least a reason or a tag */
}
END_TEST

START_TEST(opcodes_that_no_standard_has_are_unknown)
{
    const uint8_t codes[] = {0x07, 0x0f, 0x1c, 0x27, 0x30, 0x3e};

    for (size_t i = 0; i < sizeof codes; i++) {
        ck_assert_ptr_null(pdu_opcode_info(&codes[i]));
        ck_assert_str_eq(pdu_name(&codes[i]), "unknown opcode");
    }
}
END_TEST

START_TEST(the_bit_for_immediate_delivery_is_no_part_of_the_opcode)
{
    const uint8_t nop[] = {0x40};

    ck_assert_uint_eq(pdu_opcode(nop), PDU_NOP_OUT);
    ck_assert(pdu_is_immediate(nop));
    ck_assert(pdu_opcode_info(nop)->properties & PDU_MAY_BE_IMMEDIATE);
}
END_TEST

static const struct {
    uint64_t lun;
    int number;
} luns[] = {
    {0, 0},
    {0x0005000000000000, 5},
    {0x00ff000000000000, 255},
    {0x4005000000000000, 5},
    {0x4100000000000000, 256},
    {0x7fff000000000000, 16383},
    {0x0105000000000000, -1}, /* bus 1 */
    {0x8005000000000000, -1}, /* logical unit addressing */
    {0xc101000000000000, -1}, /* well-known */
    {0x0005000100000000, -1}, /* two levels */
    {0x0000000000000001, -1},
};

START_TEST(luns_of_one_level_have_a_number)
{
    int number = pdu_lun_number(luns[_i].lun);

    ck_assert_int_eq(number, luns[_i].number);
    if (number >= 0)
        ck_assert_int_eq(pdu_lun_number(pdu_lun_from_number((uint16_t)number)), number);
}
END_TEST

TCase *
pdu_cases(void)
{
    TCase *c = tcase_create("pdu");

    tcase_add_test(c, a_scsi_command_is_read_field_by_field);
    tcase_add_test(c, a_login_request_is_read_field_by_field);
    tcase_add_test(c, a_data_in_with_status_is_written_as_drawn);
    tcase_add_test(c, a_reject_has_its_reserved_tag_set_to_ones);
    tcase_add_loop_test(c, every_layout_survives_the_way_there_and_back, 0,
                        (int)(sizeof layouts / sizeof layouts[0]));
    tcase_add_loop_test(c, every_layout_keeps_each_bit_that_it_has, 0,
                        (int)(sizeof layouts / sizeof layouts[0]));
    tcase_add_test(c, opcodes_that_no_standard_has_are_unknown);
    tcase_add_test(c, the_bit_for_immediate_delivery_is_no_part_of_the_opcode);
    tcase_add_loop_test(c, luns_of_one_level_have_a_number, 0,
                        (int)(sizeof luns / sizeof luns[0]));
    return c;
}
