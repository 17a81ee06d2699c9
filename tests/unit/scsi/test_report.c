/* test_report.c: REPORT LUNS, REQUEST SENSE, REPORT SUPPORTED OPERATION CODES and TASK
 * MANAGEMENT FUNCTIONS. */
#include <string.h>

#include "fixture.h"
#include "scsi/commands.h"
#include "suites.h"

#define NO_UNMAP (FAKE_STORE_ALL & ~(unsigned)STORE_CAN_UNMAP)

static const struct {
    const char *cdb, *outcome, *field;
    uint8_t length, data[32];
} lists[] = {
    {"a0 00 00 00 00 00 00000100 00 00", "GOOD", "none", 32, {0, 0, 0, 24, 0, 0, 0,    0,   0,
                                                              0, 0, 0, 0,  0, 0, 0,    0,   5,
                                                              0, 0, 0, 0,  0, 0, 0x41, 0x2c}},
    {"a0 00 02 00 00 00 ffffffff 00 00", "GOOD", "none", 32, {0, 0, 0, 24, 0, 0, 0,    0,   0,
                                                              0, 0, 0, 0,  0, 0, 0,    0,   5,
                                                              0, 0, 0, 0,  0, 0, 0x41, 0x2c}},
    {"a0 00 01 00 00 00 00000100 00 00", "GOOD", "none", 8, {0}},
    {"a0 00 00 00 00 00 00000008 00 00", "GOOD", "none", 8, {0, 0, 0, 24}},
    {"a0 00 00 00 00 00 0000000a 00 00", "GOOD", "none", 10, {0, 0, 0, 24}},
    {"a0 00 00 00 00 00 00000000 00 00", "GOOD", "none", 0, {0}},
    {"a0 00 03 00 00 00 00000100 00 00", "5/24/00", "cdb 2", 0, {0}},
    {"a0 00 10 00 00 00 00000100 00 00", "GOOD", "none", 8, {0}},
    {"a0 00 11 00 00 00 00000100 00 00", "GOOD", "none", 32, {0, 0, 0, 24, 0, 0, 0,    0,   0,
                                                              0, 0, 0, 0,  0, 0, 0,    0,   5,
                                                              0, 0, 0, 0,  0, 0, 0x41, 0x2c}},
    {"a0 00 12 00 00 00 00000100 00 00", "GOOD", "none", 8, {0}},
    {"a0 00 13 00 00 00 00000100 00 00", "5/24/00", "cdb 2", 0, {0}},
    {"a0 00 0f 00 00 00 00000100 00 00", "5/24/00", "cdb 2", 0, {0}},
    {"a0 00 f8 00 00 00 00000100 00 00", "5/24/00", "cdb 2", 0, {0}}, /* vendor specific */
};

START_TEST(report_luns_lists_what_the_session_sees)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, lists[_i].cdb);
    assert_outcome(&c, lists[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), lists[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, lists[_i].length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, lists[_i].data, c.cmd.in_length);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    bool attention, stopped;
    const char *cdb;
    uint8_t length, data[14];
} senses[] = {
    {false, false, "03 00 00 00 ff 00", 18, {0x70, 0, 0, 0, 0, 0, 0, 10}},
    {false, false, "03 01 00 00 ff 00", 8, {0x72}},
    {true, false, "03 00 00 00 ff 00", 18, {0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 9}},
    {true, true, "03 01 00 00 ff 00", 8, {0x72, 6, 0x2a, 9}},
    {false, true, "03 01 00 00 ff 00", 8, {0x72, 2, 4, 2}},
    {true, false, "03 00 00 00 04 00", 4, {0x70, 0, 6, 0}},
    {true, false, "03 00 00 00 00 00", 0, {0}},
};

START_TEST(request_sense_tells_in_its_data_and_clears)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    if (senses[_i].attention)
        nexus_raise(f.nexus, ATTENTION_CAPACITY_CHANGED);
    atomic_store(&f.lun->stopped, senses[_i].stopped);
    run(&c, &f, senses[_i].cdb);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, senses[_i].length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, senses[_i].data,
                         c.cmd.in_length < 14 ? c.cmd.in_length : 14);
    call_end(&c);
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    fixture_close(&f);
}
END_TEST

/* Walks the list of all commands: every one that is listed runs, every row is listed once. */
static void
walk_all_opcodes(struct fixture *f, bool timeouts, size_t rows)
{
    struct call c;
    const uint8_t *d, *end;
    size_t n = 0;

    run(&c, f,
        timeouts ? "a3 0c 80 00 0000 0000ffff 00 00" : "a3 0c 00 00 0000 0000ffff 00 00");
    assert_outcome(&c, "GOOD");
    d = c.cmd.in->data;
    end = d + c.cmd.in_length;
    ck_assert_uint_eq(get_be32(d) + 4u, c.cmd.in_length);
    for (d += 4; d < end; d += timeouts ? 20 : 8, n++) {
        uint8_t cdb[SCSI_CDB_MAX] = {d[0], d[3]};

        ck_assert_ptr_nonnull(command_find(cdb));
        ck_assert_uint_eq(d[5],
                          (scsi_commands[d[0]].actions != NULL ? 1 : 0) | (timeouts ? 2 : 0));
        ck_assert_uint_eq(get_be16(d + 6), cdb_length(d[0]));
        if (timeouts)
            ck_assert_uint_eq(get_be16(d + 8), 10);
    }
    ck_assert_ptr_eq(d, end);
    ck_assert_uint_eq(n, rows);
    call_end(&c);
}

START_TEST(all_commands_are_reported_and_no_others)
{
    struct fixture f;
    size_t rows = 0, without_unmap = 0;

    for (unsigned i = 0; i < 256; i++) {
        const struct scsi_command *row = &scsi_commands[i], *actions = row->actions;

        for (row = actions != NULL ? actions : row; row->name != NULL; row++) {
            rows++;
            without_unmap += !(row->needs & STORE_CAN_UNMAP);
            if (actions == NULL)
                break;
        }
    }
    ck_assert_uint_lt(without_unmap, rows);
    fixture_open(&f);
    lun_set_modes(f.lun, LUN_REMOVABLE, LUN_REMOVABLE);
    walk_all_opcodes(&f, false, rows);
    walk_all_opcodes(&f, true, rows);
    lun_set_modes(f.lun, LUN_UNMAP, 0);
    walk_all_opcodes(&f, true, without_unmap);
    lun_set_modes(f.lun, LUN_REMOVABLE, 0);
    walk_all_opcodes(&f, true, without_unmap - 1);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field;
    uint8_t length, data[20];
} ones[] = {
    /* option 1: an opcode without service actions */
    {"a3 0c 01 12 0000 000000ff 00 00",
     "GOOD",
     "none",
     10,
     {0, 3, 0, 6, 0x12, 0x03, 0xff, 0xff, 0xff, 0x04}},
    {"a3 0c 01 28 0000 000000ff 00 00",
     "GOOD",
     "none",
     14,
     {0, 3, 0, 10, 0x28, 0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x04}},
    {"a3 0c 81 12 0000 000000ff 00 00",
     "GOOD",
     "none",
     22,
     {0, 0x83, 0, 6, 0x12, 0x03, 0xff, 0xff, 0xff, 0x04, 0, 10, 0, 0}},
    {"a3 0c 01 12 0000 00000002 00 00", "GOOD", "none", 2, {0, 3}},
    {"a3 0c 01 ff 0000 000000ff 00 00", "GOOD", "none", 4, {0, 1, 0, 0}},
    {"a3 0c 81 ff 0000 000000ff 00 00", "GOOD", "none", 4, {0, 1, 0, 0}},
    {"a3 0c 01 9e 0000 000000ff 00 00", "5/24/00", "cdb 3", 0, {0}},
    /* option 2: one with */
    {"a3 0c 02 9e 0010 000000ff 00 00", "GOOD", "none", 20, {0,    3,    0,    16, 0x9e,
                                                             0x10, 0,    0,    0,  0,
                                                             0,    0,    0,    0,  0xff,
                                                             0xff, 0xff, 0xff, 0,  4}},
    {"a3 0c 02 9e 0011 000000ff 00 00", "GOOD", "none", 4, {0, 1}},
    {"a3 0c 02 9e 0110 000000ff 00 00", "GOOD", "none", 4, {0, 1}},
    {"a3 0c 02 12 0000 000000ff 00 00", "5/24/00", "cdb 3", 0, {0}},
    /* option 3: either */
    {"a3 0c 03 9e 0010 000000ff 00 00", "GOOD", "none", 20, {0, 3, 0, 16, 0x9e, 0x10}},
    {"a3 0c 03 12 0000 000000ff 00 00",
     "GOOD",
     "none",
     10,
     {0, 3, 0, 6, 0x12, 0x03, 0xff, 0xff, 0xff, 0x04}},
    {"a3 0c 03 12 0001 000000ff 00 00", "GOOD", "none", 4, {0, 1}},
    {"a3 0c 03 ff 0000 000000ff 00 00", "GOOD", "none", 4, {0, 1}},
    {"a3 0c 04 12 0000 000000ff 00 00", "5/24/00", "cdb 2.2", 0, {0}},
    {"a3 0c 07 12 0000 000000ff 00 00", "5/24/00", "cdb 2.2", 0, {0}},
};

START_TEST(one_command_is_reported_with_its_usage_map)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, ones[_i].cdb);
    assert_outcome(&c, ones[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), ones[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, ones[_i].length);
    if (c.cmd.in_length > 0 && c.cmd.in_length <= 14)
        ck_assert_mem_eq(c.cmd.in->data, ones[_i].data, c.cmd.in_length);
    else if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, ones[_i].data, 6);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(what_is_not_offered_is_reported_as_not_supported)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_UNMAP,
                    (struct lun_attributes){.block_size = BLOCK, .modes = LUN_UNMAP}, BLOCKS);
    run(&c, &f, "a3 0c 01 42 0000 000000ff 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 4);
    ck_assert_uint_eq(c.cmd.in->data[1], 1);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb;
    uint8_t length, data[4];
} functions[] = {
    {"a3 0d 00 00 00 00 000000ff 00 00", 4, {0xda, 0, 0, 0}},
    {"a3 0d 80 00 00 00 000000ff 00 00", 16, {0xda, 0, 0, 12}},
    {"a3 0d 80 00 00 00 00000004 00 00", 4, {0xda, 0, 0, 12}},
};

START_TEST(task_management_functions_are_those_of_the_transport)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, functions[_i].cdb);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, functions[_i].length);
    ck_assert_mem_eq(c.cmd.in->data, functions[_i].data, 4);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

TCase *
report_cases(void)
{
    TCase *t = tcase_create("report");

    tcase_add_loop_test(t, report_luns_lists_what_the_session_sees, 0, ROWS(lists));
    tcase_add_loop_test(t, request_sense_tells_in_its_data_and_clears, 0, ROWS(senses));
    tcase_add_test(t, all_commands_are_reported_and_no_others);
    tcase_add_loop_test(t, one_command_is_reported_with_its_usage_map, 0, ROWS(ones));
    tcase_add_test(t, what_is_not_offered_is_reported_as_not_supported);
    tcase_add_loop_test(t, task_management_functions_are_those_of_the_transport, 0,
                        ROWS(functions));
    return t;
}
