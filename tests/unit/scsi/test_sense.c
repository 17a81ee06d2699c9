/* test_sense.c: bytes of sense data, and what errors of a store mean. */
#include <errno.h>
#include <string.h>

#include "core/bytes.h"
#include "scsi/sense.h"
#include "suites.h"

#define FIELD(w, by, bi)                                   \
    {                                                      \
        .where = SENSE_FIELD_IN_##w, .byte = by, .bit = bi \
    }

static const struct {
    struct sense sense;
    bool descriptor_format;
    uint8_t length;
    uint8_t bytes[32];
} formats[] = {
    {{.condition = SENSE_NO_SENSE}, false, 18, {0x70, 0, 0, 0, 0, 0, 0, 10}},
    {{.condition = SENSE_NO_SENSE}, true, 8, {0x72}},
    {{.condition = SENSE_LUN_NOT_SUPPORTED},
     false,
     18,
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x25, 0}},
    {{.condition = SENSE_CAPACITY_CHANGED}, true, 8, {0x72, 6, 0x2a, 9}},
    {{.condition = SENSE_INVALID_FIELD_IN_CDB, .field = FIELD(CDB, 1, 7)},
     false,
     18,
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0xcf, 0, 1}},
    {{.condition = SENSE_INVALID_FIELD_IN_CDB, .field = FIELD(CDB, 10, -1)},
     true,
     16,
     {0x72, 5, 0x24, 0, 0, 0, 0, 8, 2, 6, 0, 0, 0xc0, 0, 10, 0}},
    {{.condition = SENSE_INVALID_FIELD_IN_LIST, .field = FIELD(LIST, 258, -1)},
     false,
     18,
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x26, 0, 0, 0x80, 1, 2}},
    {{.condition = SENSE_MISCOMPARE, .has_information = true, .information = 0x01020304},
     false,
     18,
     {0xf0, 0, 0xe, 1, 2, 3, 4, 10, 0, 0, 0, 0, 0x1d, 0}},
    /* an address that does not fit into 32 bits is only in descriptor format */
    {{.condition = SENSE_LBA_OUT_OF_RANGE,
      .has_information = true,
      .information = UINT64_C(0x0102030405)},
     false,
     18,
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x21, 0}},
    {{.condition = SENSE_LBA_OUT_OF_RANGE,
      .has_information = true,
      .information = UINT64_C(0x0102030405)},
     true,
     20,
     {0x72, 5, 0x21, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 0, 0, 0, 1, 2, 3, 4, 5}},
    {{.condition = SENSE_MISCOMPARE,
      .has_information = true,
      .information = 3,
      .field = FIELD(LIST, 1, 0)},
     true,
     28,
     {0x72, 0xe, 0x1d, 0, 0, 0, 0, 20, 0, 10, 0x80, 0, 0, 0,
      0,    0,   0,    0, 0, 3, 2, 6,  0, 0,  0x88, 0, 1, 0}},
};

START_TEST(sense_data_has_the_bytes_of_the_standard)
{
    uint8_t bytes[SCSI_SENSE_MAX];
    uint8_t length = sense_write(&formats[_i].sense, formats[_i].descriptor_format, bytes);

    ck_assert_uint_eq(length, formats[_i].length);
    ck_assert_mem_eq(bytes, formats[_i].bytes, length);
}
END_TEST

static const struct {
    int error;
    bool is_read;
    enum sense_condition condition;
} errors[] = {
    {EIO, true, SENSE_UNRECOVERED_READ_ERROR},
    {EIO, false, SENSE_WRITE_ERROR},
    {EILSEQ, true, SENSE_UNRECOVERED_READ_ERROR},
    {ENOSPC, false, SENSE_SPACE_ALLOCATION_FAILED},
    {EDQUOT, false, SENSE_SPACE_ALLOCATION_FAILED},
    {EFBIG, false, SENSE_SPACE_ALLOCATION_FAILED},
    {EROFS, false, SENSE_WRITE_PROTECTED},
    {EACCES, false, SENSE_WRITE_PROTECTED},
    {EPERM, false, SENSE_WRITE_PROTECTED},
    {ENODEV, true, SENSE_NOT_READY_INTERVENTION},
    {ENXIO, false, SENSE_NOT_READY_INTERVENTION},
    {ENOMEDIUM, true, SENSE_NOT_READY_INTERVENTION},
    {ETIMEDOUT, true, SENSE_COMMUNICATION_TIMEOUT},
    {EINVAL, true, SENSE_INTERNAL_TARGET_FAILURE},
    {EOPNOTSUPP, false, SENSE_INTERNAL_TARGET_FAILURE},
};

START_TEST(an_errno_means_the_right_condition)
{
    ck_assert_int_eq(sense_of_errno(errors[_i].error, errors[_i].is_read),
                     errors[_i].condition);
}
END_TEST

START_TEST(each_condition_has_a_text_and_each_attention_is_one)
{
    for (int i = 0; i < SENSE_CONDITIONS; i++)
        ck_assert_uint_gt(strlen(sense_text((enum sense_condition)i)), 5);
    for (int i = 0; i < ATTENTIONS; i++)
        ck_assert_int_eq(sense_key(sense_of_attention((enum unit_attention)i)->condition),
                         SENSE_KEY_UNIT_ATTENTION);
}
END_TEST

TCase *
sense_cases(void)
{
    TCase *t = tcase_create("sense");

    tcase_add_loop_test(t, sense_data_has_the_bytes_of_the_standard, 0,
                        sizeof formats / sizeof formats[0]);
    tcase_add_loop_test(t, an_errno_means_the_right_condition, 0,
                        sizeof errors / sizeof errors[0]);
    tcase_add_test(t, each_condition_has_a_text_and_each_attention_is_one);
    return t;
}
