/* test_task.c: commands of all kinds: residuals, refusals, data that comes wrongly, limits. */
#include <string.h>

#include "core/bytes.h"
#include "fixture.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"
#include "suites.h"

#define UNSOLICITED \
    "InitialR2T=No\0FirstBurstLength=4096\0MaxBurstLength=8192\0MaxOutstandingR2T=2\0"

static void
setup(void)
{
    fixture_open();
    fixture_login(&one, 0, 1, UNSOLICITED);
}

static struct pdu_r2t
expect_r2t(uint32_t tag)
{
    struct fake_pdu *p = expect(&one, PDU_R2T);
    struct pdu_r2t r;

    pdu_r2t_get(p->header, &r);
    ck_assert_uint_eq(r.task_tag, tag);
    fake_pdu_free(p);
    return r;
}

/* What the last PDU of a command says of its residual. */
struct outcome {
    uint8_t status;
    bool overflow, underflow;
    uint32_t residual, received;
};

static struct outcome
outcome_of(uint32_t tag)
{
    struct outcome o = {0};

    for (;;) {
        struct fake_pdu *p = NULL;

        fixture_settle();
        p = fake_receive(&one);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq(pdu_task_tag(p->header), tag);
        if (pdu_opcode(p->header) == PDU_DATA_IN) {
            struct pdu_data_in d;

            pdu_data_in_get(p->header, &d);
            o.received += (uint32_t)p->length;
            if (d.has_status) {
                one.exp_statsn++;
                o = (struct outcome){d.status, d.overflow, d.underflow, d.residual, o.received};
                fake_pdu_free(p);
                return o;
            }
            ck_assert(!d.overflow && !d.underflow);
        } else {
            struct pdu_scsi_response r;

            ck_assert_uint_eq(pdu_opcode(p->header), PDU_SCSI_RESPONSE);
            pdu_scsi_response_get(p->header, &r);
            one.exp_statsn++;
            o = (struct outcome){r.status, r.overflow, r.underflow, r.residual, o.received};
            fake_pdu_free(p);
            return o;
        }
        fake_pdu_free(p);
    }
}

static const struct {
    uint8_t opcode;
    uint16_t blocks;
    bool is_read, is_write;
    uint32_t expected, immediate;
    struct outcome outcome;
} residuals[] = {
    {0x28, 2, true, false, 1024, 0, {0, false, false, 0, 1024}},
    {0x28, 2, true, false, 512, 0, {0, true, false, 512, 512}},
    {0x28, 2, true, false, 1000, 0, {0, true, false, 24, 1000}},
    {0x28, 2, true, false, 4096, 0, {0, false, true, 3072, 1024}},
    {0x28, 2, true, false, 0, 0, {0, true, false, 1024, 0}},
    {0x28, 2, false, false, 0, 0, {0, true, false, 1024, 0}},
    {0x28, 0, true, false, 512, 0, {0, false, true, 512, 0}},
    {0x28, 0, false, false, 0, 0, {0, false, false, 0, 0}},
    {0x2a, 2, false, true, 1024, 1024, {0, false, false, 0, 0}},
    {0x2a, 1, false, true, 1024, 1024, {0, false, true, 512, 0}},
    {0x00, 0, true, false, 512, 0, {0, false, true, 512, 0}},
    {0x00, 0, false, true, 512, 512, {0, false, true, 512, 0}},
};

START_TEST(residuals_say_what_was_more_or_less_than_expected)
{
    static uint8_t data[4096];
    struct fake_command c = {.is_read = residuals[_i].is_read,
                             .is_write = residuals[_i].is_write,
                             .expected = residuals[_i].expected,
                             .cdb = {residuals[_i].opcode},
                             .data = data,
                             .length = residuals[_i].immediate};
    struct outcome o;

    if (residuals[_i].opcode != 0)
        put_be16(c.cdb + 7, residuals[_i].blocks);
    o = outcome_of(fake_command(&one, &c));
    ck_assert_uint_eq(o.status, residuals[_i].outcome.status);
    ck_assert_int_eq(o.overflow, residuals[_i].outcome.overflow);
    ck_assert_int_eq(o.underflow, residuals[_i].outcome.underflow);
    ck_assert_uint_eq(o.residual, residuals[_i].outcome.residual);
    ck_assert_uint_eq(o.received, residuals[_i].outcome.received);
    expect_nothing(&one);
}
END_TEST

START_TEST(r2ts_come_two_at_a_time_and_in_order)
{
    static uint8_t data[32768];
    struct fake_command c = fake_write(0, 0, 64);
    struct pdu_r2t first, second;
    uint32_t tag;

    fill_pattern(data, sizeof data, 2);
    tag = fake_command(&one, &c);
    first = expect_r2t(tag);
    second = expect_r2t(tag);
    ck_assert_uint_eq(first.desired_length, 8192);
    ck_assert_uint_eq(second.buffer_offset, 8192);
    ck_assert_uint_ne(first.transfer_tag, second.transfer_tag);
    expect_nothing(&one);
    for (uint32_t i = 0; i < 4; i++) {
        fake_data_out(&one, tag, first.transfer_tag, 0, i * 8192, data + i * 8192, 8192, true);
        first = second;
        if (i < 2) {
            second = expect_r2t(tag);
            ck_assert_uint_eq(second.r2tsn, i + 2);
        }
    }
    expect_status(&one, tag, SCSI_GOOD);
    ck_assert_mem_eq(fake_store_bytes(fixture_store(0)), data, sizeof data);
}
END_TEST

START_TEST(a_command_that_fails_at_once_is_answered_when_its_data_has_come)
{
    static uint8_t data[4096];
    struct fake_command c = fake_write(0, DISK_BLOCKS, 8); /* out of range */
    uint32_t tag;

    c.data = data;
    c.length = 1024;
    c.is_not_final = true;
    tag = fake_command(&one, &c);
    expect_nothing(&one);
    fake_data_out(&one, tag, PDU_NO_TAG, 0, 1024, data, 1024, false);
    expect_nothing(&one);
    fake_data_out(&one, tag, PDU_NO_TAG, 1, 2048, data, 2048, true);
    expect_sense(&one, tag, 5, 0x2100);
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 0);
    /* What comes later still belongs to nobody, and harms nobody. */
    fake_data_out(&one, tag, PDU_NO_TAG, 2, 4096, data, 512, true);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(an_error_of_the_store_is_told_with_the_last_data)
{
    struct fake_command c = fake_read(0, 5, 4);
    struct outcome o;

    fake_store_fail(fixture_store(0), STORE_READ, 1, 5 /* EIO */);
    o = outcome_of(fake_command(&one, &c));
    ck_assert_uint_eq(o.status, SCSI_CHECK_CONDITION);
    ck_assert_uint_eq(o.received, 0);
    ck_assert(o.underflow);
    ck_assert_uint_eq(o.residual, 2048);
}
END_TEST

static const struct {
    bool wrong_tag;
    uint32_t data_sn, offset, length;
    bool is_final;
    uint16_t asc_ascq; /* 0: the connection ends */
} wrongs[] = {
    {false, 1, 0, 8192, true, 0x4705},   /* a DataSN is missing */
    {false, 0, 512, 7680, true, 0x4705}, /* so is an offset */
    {false, 0, 0, 4096, true, 0x0c0d},   /* too little */
    {false, 0, 0, 8196, true, 0},        /* too much */
    {true, 0, 0, 8192, true, 0},         /* nobody asked for it */
};

START_TEST(data_that_comes_wrongly_costs_the_command_or_the_connection)
{
    static uint8_t data[16384];
    struct fake_command c = fake_write(0, 0, 16);
    struct pdu_r2t r;
    uint32_t tag = fake_command(&one, &c);

    r = expect_r2t(tag);
    fake_data_out(&one, tag, r.transfer_tag + wrongs[_i].wrong_tag, wrongs[_i].data_sn,
                  wrongs[_i].offset, data, wrongs[_i].length, wrongs[_i].is_final);
    if (wrongs[_i].asc_ascq != 0) {
        expect_sense(&one, tag, 0xb, wrongs[_i].asc_ascq);
        expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    } else {
        expect_reject(&one, REJECT_PROTOCOL_ERROR, NULL);
        ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    }
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 0);
}
END_TEST

static const struct {
    uint32_t immediate;
    bool is_not_final;
    const char *keys;
    size_t length;
} unexpected[] = {
#define KEYS(text) text, sizeof(text) - 1
    {512, false, KEYS("ImmediateData=No\0")},
    {512, true, KEYS("InitialR2T=Yes\0")},
    {8192, false, KEYS("FirstBurstLength=4096\0")},
};

START_TEST(data_that_was_not_agreed_on_fails_the_command)
{
    static uint8_t data[8192];
    struct fake_command c = fake_write(0, 0, 16);

    fake_disconnect(&one);
    fixture_login_with(&one, 0, 1, unexpected[_i].keys, unexpected[_i].length);
    c.data = data;
    c.length = unexpected[_i].immediate;
    c.is_not_final = unexpected[_i].is_not_final;
    expect_sense(&one, fake_command(&one, &c), 0xb, 0x0c0c);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(what_the_transport_refuses_has_sense_data_in_the_format_of_the_unit)
{
    static uint8_t data[512];
    struct fake_command c = fake_write(0, 0, 1);
    struct fake_pdu *p;

    fake_disconnect(&one);
    fixture_login(&one, 0, 1, "ImmediateData=No\0");
    lun_set_modes(fixture_lun(0), LUN_D_SENSE, LUN_D_SENSE);
    c.data = data;
    c.length = sizeof data;
    (void)fake_command(&one, &c);
    fixture_settle();
    p = expect(&one, PDU_SCSI_RESPONSE);
    ck_assert_uint_eq(p->length, 2 + 8);
    ck_assert_mem_eq(p->data, "\x00\x08\x72\x0b\x0c\x0c", 6);
    fake_pdu_free(p);
}
END_TEST

START_TEST(more_commands_than_the_disk_takes_of_a_session_find_the_task_set_full)
{
    struct fake_command c = {
        .is_read = true, .expected = 512, .cdb = {0x28, 0, 0, 0, 0, 0, 0, 0, 1}};
    uint32_t tags[3];

    atomic_store(&fixture_lun(0)->queue_depth, 2);
    fake_store_hold(fixture_store(0), true);
    for (int i = 0; i < 3; i++)
        tags[i] = fake_command(&one, &c);
    expect_status(&one, tags[2], SCSI_TASK_SET_FULL);
    fake_store_hold(fixture_store(0), false);
    ck_assert_uint_eq(outcome_of(tags[0]).status, SCSI_GOOD);
    ck_assert_uint_eq(outcome_of(tags[1]).status, SCSI_GOOD);
    ck_assert_uint_eq(outcome_of(fake_command(&one, &c)).status, SCSI_GOOD);
}
END_TEST

static const uint64_t no_luns[] = {
    0x0001000000000000, /* not in the map */
    0x0100000000000000, /* bus 1 */
    0x4001000000000000, /* flat, not in the map */
    0xc101000000000000, /* well known */
    0x0000000100000000, /* second level */
};

START_TEST(what_names_no_lun_is_answered_as_such)
{
    static uint8_t data[512];
    struct fake_command c = fake_write(no_luns[_i], 0, 1);
    struct outcome o;

    expect_sense(&one, test_unit_ready(&one, no_luns[_i]), 5, 0x2500);
    c.data = data;
    c.length = sizeof data;
    expect_sense(&one, fake_command(&one, &c), 5, 0x2500);
    /* INQUIRY is answered by whoever is asked. */
    c = (struct fake_command){
        .lun = no_luns[_i], .is_read = true, .expected = 36, .cdb = {0x12, 0, 0, 0, 36}};
    o = outcome_of(fake_command(&one, &c));
    ck_assert_uint_eq(o.status, SCSI_GOOD);
    ck_assert_uint_eq(o.received, 36);
}
END_TEST

START_TEST(lun_0_is_found_in_both_ways_of_writing_it)
{
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    expect_status(&one, test_unit_ready(&one, UINT64_C(0x4000) << 48), SCSI_GOOD);
}
END_TEST

static const struct {
    uint8_t type;
    uint16_t asc_ascq;
} ahs[] = {{1, 0x2000}, {2, 0x0e03}, {9, 0x0e03}};

START_TEST(additional_headers_are_refused_and_the_data_passes_by)
{
    uint8_t bytes[PDU_HEADER_SIZE + 8 + 512] = {0};
    struct pdu_scsi_command p = {.is_final = true,
                                 .is_write = true,
                                 .task_tag = 0x77,
                                 .expected_length = 512,
                                 .cmdsn = one.cmdsn++,
                                 .cdb = {0x2a, 0, 0, 0, 0, 0, 0, 0, 1}};

    pdu_scsi_command_put(bytes, &p);
    bytes[4] = 2;
    put_be24(bytes + 5, 512);
    put_be16(bytes + PDU_HEADER_SIZE, 5);
    bytes[PDU_HEADER_SIZE + 2] = ahs[_i].type;
    fake_send_bytes(&one, bytes, sizeof bytes);
    expect_sense(&one, 0x77, 5, ahs[_i].asc_ascq);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(a_command_that_reads_and_writes_is_refused)
{
    struct fake_command c = fake_read(0, 0, 1);

    c.is_write = true;
    expect_sense(&one, fake_command(&one, &c), 5, 0x0e03);
}
END_TEST

START_TEST(a_session_that_occupies_too_much_memory_is_told_to_wait)
{
    struct fake_command c = fake_read(0, 0, 8192); /* 4 MiB */
    unsigned taken = 0;
    uint32_t tags[20];

    fake_store_hold(fixture_store(0), true);
    for (unsigned i = 0; i < 20; i++)
        tags[i] = fake_command(&one, &c);
    fixture_settle();
    taken = fake_store_held(fixture_store(0));
    ck_assert_uint_eq(taken, 16);
    for (unsigned i = taken; i < 20; i++)
        expect_status(&one, tags[i], SCSI_TASK_SET_FULL);
    fake_store_hold(fixture_store(0), false);
    for (unsigned i = 0; i < taken; i++)
        ck_assert_uint_eq(outcome_of(tags[i]).received, 4u << 20);
    ck_assert_uint_eq(outcome_of(fake_command(&one, &c)).received, 4u << 20);
}
END_TEST

START_TEST(what_a_command_takes_beside_its_data_counts_too)
{
    const struct fake_command verify = {.cdb = {0x2f, 0, 0, 0, 0, 0, 0, 0x20, 0, 0}};
    struct fake_command c = fake_read(0, 0, 8192); /* 4 MiB */
    uint32_t last = 0;

    fake_store_hold(fixture_store(0), true);
    for (unsigned i = 0; i < 15; i++)
        fake_command(&one, &c);
    for (unsigned i = 0; i < 17; i++) /* 256 KiB each, though they expect none */
        last = fake_command(&one, &verify);
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(fixture_store(0)), 31);
    expect_status(&one, last, SCSI_TASK_SET_FULL);
    fake_store_hold(fixture_store(0), false);
}
END_TEST

START_TEST(an_expected_length_that_lies_is_no_reason_to_refuse)
{
    struct fake_command c = fake_read(0, 0, 1);
    struct outcome o;

    c.expected = UINT32_MAX;
    o = outcome_of(fake_command(&one, &c));
    ck_assert_uint_eq(o.status, SCSI_GOOD);
    ck_assert_uint_eq(o.received, 512);
    ck_assert_uint_eq(o.residual, UINT32_MAX - 512);
}
END_TEST

START_TEST(a_connection_that_breaks_in_the_middle_of_data_loses_only_itself)
{
    static uint8_t data[4096];
    struct fake_command c = fake_write(0, 0, 16);
    uint8_t header[PDU_HEADER_SIZE];
    uint32_t tag = fake_command(&one, &c);
    struct pdu_r2t r = expect_r2t(tag);
    const struct pdu_data_out p = {
        .is_final = true, .task_tag = tag, .transfer_tag = r.transfer_tag};

    pdu_data_out_put(header, &p);
    pdu_put_data_length(header, 8192);
    fake_send_bytes(&one, header, sizeof header);
    one.uses_direct = true;
    fake_send_bytes(&one, data, sizeof data); /* half of it */
    fake_disconnect(&one);
    ck_assert_uint_eq(session_count(), 0);
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 0);
}
END_TEST

TCase *
task_cases(void)
{
    TCase *tcase = tcase_create("task");

    tcase_add_checked_fixture(tcase, setup, fixture_close);
    tcase_add_loop_test(tcase, residuals_say_what_was_more_or_less_than_expected, 0,
                        sizeof residuals / sizeof *residuals);
    tcase_add_test(tcase, r2ts_come_two_at_a_time_and_in_order);
    tcase_add_test(tcase, a_command_that_fails_at_once_is_answered_when_its_data_has_come);
    tcase_add_test(tcase, an_error_of_the_store_is_told_with_the_last_data);
    tcase_add_loop_test(tcase, data_that_comes_wrongly_costs_the_command_or_the_connection, 0,
                        sizeof wrongs / sizeof *wrongs);
    tcase_add_loop_test(tcase, data_that_was_not_agreed_on_fails_the_command, 0,
                        sizeof unexpected / sizeof *unexpected);
    tcase_add_test(tcase, what_the_transport_refuses_has_sense_data_in_the_format_of_the_unit);
    tcase_add_test(tcase,
                   more_commands_than_the_disk_takes_of_a_session_find_the_task_set_full);
    tcase_add_loop_test(tcase, what_names_no_lun_is_answered_as_such, 0,
                        sizeof no_luns / sizeof *no_luns);
    tcase_add_test(tcase, lun_0_is_found_in_both_ways_of_writing_it);
    tcase_add_loop_test(tcase, additional_headers_are_refused_and_the_data_passes_by, 0,
                        sizeof ahs / sizeof *ahs);
    tcase_add_test(tcase, a_command_that_reads_and_writes_is_refused);
    tcase_add_test(tcase, a_session_that_occupies_too_much_memory_is_told_to_wait);
    tcase_add_test(tcase, what_a_command_takes_beside_its_data_counts_too);
    tcase_add_test(tcase, an_expected_length_that_lies_is_no_reason_to_refuse);
    tcase_add_test(tcase, a_connection_that_breaks_in_the_middle_of_data_loses_only_itself);
    return tcase;
}
