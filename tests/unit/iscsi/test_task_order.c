/* test_task_order.c: task attributes on the wire: commands that wait for others, their data
 * meanwhile, and their end. */
#include <string.h>

#include "fixture.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "suites.h"

enum { UNTAGGED = 0, SIMPLE, ORDERED, HEAD_OF_QUEUE, ACA };

#define LENGTH 8192u

static uint8_t first[LENGTH], second[LENGTH];
static struct store *store;

static void
setup(void)
{
    fixture_open();
    fixture_login(&one, 0, 1,
                  "InitialR2T=No\0FirstBurstLength=4096\0MaxBurstLength=8192\0"
                  "MaxRecvDataSegmentLength=8192\0");
    store = fixture_store(0);
    fill_pattern(first, sizeof first, 1);
    fill_pattern(second, sizeof second, 2);
    fake_store_hold(store, true);
}

/* A write of one block at LBA with all its data. */
static uint32_t
write_block(uint32_t lba, uint8_t attributes, const uint8_t *data)
{
    struct fake_command c = fake_write(0, lba, 1);
    uint32_t tag;

    c.attributes = attributes;
    c.data = data;
    c.length = 512;
    tag = fake_command(&one, &c);
    fixture_settle();
    return tag;
}

static void
release(void)
{
    fake_store_release(store, 0, 0);
    fixture_settle();
}

START_TEST(ordered_commands_wait_and_are_waited_for)
{
    uint32_t before = write_block(0, SIMPLE, first);
    uint32_t also_before = write_block(1, UNTAGGED, first);
    uint32_t ordered = write_block(2, ORDERED, first);
    uint32_t after = write_block(3, SIMPLE, first);
    uint32_t also_after = write_block(4, SIMPLE, first);

    ck_assert_uint_eq(fake_store_held(store), 2);
    fake_store_release(store, 1, 0);
    expect_status(&one, also_before, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_held(store), 1);
    release();
    expect_status(&one, before, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_held(store), 1);
    release();
    expect_status(&one, ordered, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_held(store), 2);
    fake_store_release(store, 1, 0);
    expect_status(&one, also_after, SCSI_GOOD);
    release();
    expect_status(&one, after, SCSI_GOOD);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_mem_eq(fake_store_bytes(store) + i * 512, first, 512);
}
END_TEST

START_TEST(head_of_queue_overtakes_what_waits)
{
    uint32_t before = write_block(0, SIMPLE, first);
    uint32_t ordered = write_block(1, ORDERED, first);
    uint32_t head = write_block(2, HEAD_OF_QUEUE, first);

    ck_assert_uint_eq(fake_store_held(store), 2);
    fake_store_release(store, 1, 0);
    expect_status(&one, head, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_held(store), 1);
    release();
    expect_status(&one, before, SCSI_GOOD);
    release();
    expect_status(&one, ordered, SCSI_GOOD);
}
END_TEST

START_TEST(attributes_that_there_are_not_are_refused_and_the_data_passes_by)
{
    struct fake_command c = fake_write(0, 0, 16);
    uint32_t tag;

    c.attributes = (uint8_t)_i;
    c.data = first;
    c.length = 2048;
    c.is_not_final = true;
    tag = fake_command(&one, &c);
    expect_nothing(&one);
    fake_data_out(&one, tag, PDU_NO_TAG, 0, 2048, first, 2048, true);
    expect_sense(&one, tag, 5, 0x4900);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    ck_assert_uint_eq(fake_store_records(store), 0);
}
END_TEST

/* An ORDERED write of LENGTH bytes at LBA 100 of which the first 4096 have come, that waits. */
static uint32_t
dormant_write(void)
{
    struct fake_command c = fake_write(0, 100, LENGTH / 512);
    uint32_t tag;

    c.attributes = ORDERED;
    c.data = second;
    c.length = 2048;
    c.is_not_final = true;
    tag = fake_command(&one, &c);
    fake_data_out(&one, tag, PDU_NO_TAG, 0, 2048, second + 2048, 2048, true);
    return tag;
}

START_TEST(a_write_that_waits_takes_its_data_unasked_and_asks_for_the_rest_later)
{
    uint32_t before = write_block(0, SIMPLE, first), tag = dormant_write();
    struct fake_pdu *p;
    struct pdu_r2t r;

    expect_nothing(&one);
    release();
    p = expect(&one, PDU_R2T);
    pdu_r2t_get(p->header, &r);
    fake_pdu_free(p);
    expect_status(&one, before, SCSI_GOOD);
    ck_assert_uint_eq(r.buffer_offset, 4096);
    ck_assert_uint_eq(r.desired_length, 4096);
    fake_data_out(&one, tag, r.transfer_tag, 0, 4096, second + 4096, 4096, true);
    fixture_settle();
    release();
    expect_status(&one, tag, SCSI_GOOD);
    ck_assert_mem_eq(fake_store_bytes(store) + 100 * 512, second, LENGTH);
}
END_TEST

/* The PDU of a write with LENGTH bytes of immediate data, as bytes. */
static size_t
write_pdu(uint8_t bytes[PDU_HEADER_SIZE + 4096], uint32_t *tag)
{
    struct pdu_scsi_command p = {.is_final = true,
                                 .is_write = true,
                                 .attributes = ORDERED,
                                 .task_tag = one.next_tag++,
                                 .expected_length = 4096,
                                 .cmdsn = one.cmdsn++,
                                 .exp_statsn = one.exp_statsn};
    const struct fake_command c = fake_write(0, 100, 8);

    memcpy(p.cdb, c.cdb, sizeof p.cdb);
    pdu_scsi_command_put(bytes, &p);
    pdu_put_data_length(bytes, 4096);
    memcpy(bytes + PDU_HEADER_SIZE, second, 4096);
    *tag = p.task_tag;
    return PDU_HEADER_SIZE + 4096;
}

static const size_t cuts[] = {47, 48, 49, 512, 4096, PDU_HEADER_SIZE + 4095};

START_TEST(its_turn_may_come_in_the_middle_of_its_data)
{
    uint32_t before = write_block(0, SIMPLE, first), tag;
    uint8_t bytes[PDU_HEADER_SIZE + 4096];
    size_t n = write_pdu(bytes, &tag);

    fake_send_bytes(&one, bytes, cuts[_i]);
    fixture_settle();
    release();
    expect_status(&one, before, SCSI_GOOD);
    expect_nothing(&one);
    fake_send_bytes(&one, bytes + cuts[_i], n - cuts[_i]);
    fixture_settle();
    release();
    expect_status(&one, tag, SCSI_GOOD);
    ck_assert_mem_eq(fake_store_bytes(store) + 100 * 512, second, 4096);
}
END_TEST

START_TEST(a_gap_in_the_data_of_a_write_that_waits_fails_it)
{
    uint32_t before = write_block(0, SIMPLE, first);
    struct fake_command c = fake_write(0, 100, LENGTH / 512);
    uint32_t tag, after;

    c.attributes = ORDERED;
    c.is_not_final = true;
    tag = fake_command(&one, &c);
    after = write_block(1, SIMPLE, first);
    fake_data_out(&one, tag, PDU_NO_TAG, 1, 2048, second, 2048, false);
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(store), 2); /* nothing stands before the last any more */
    fake_data_out(&one, tag, PDU_NO_TAG, 2, 4096, second, 2048, true);
    expect_sense(&one, tag, 0xb, 0x4705);
    release();
    expect_status(&one, before, SCSI_GOOD);
    release();
    expect_status(&one, after, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_records(store), 2);
}
END_TEST

START_TEST(a_command_that_waits_is_aborted_at_once)
{
    uint32_t before = write_block(0, SIMPLE, first), cmdsn = one.cmdsn, tag = dormant_write();
    uint32_t after = write_block(1, SIMPLE, first);

    expect_management(&one, fake_management(&one, TMF_ABORT_TASK, 0, tag, cmdsn), TMF_COMPLETE);
    ck_assert_uint_eq(fake_store_held(store), 2);
    release();
    expect_status(&one, before, SCSI_GOOD);
    release();
    expect_status(&one, after, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_records(store), 2);
    /* Its place in the window is free again. */
    tag = test_unit_ready(&one, 0);
    struct fake_pdu *p = expect(&one, PDU_SCSI_RESPONSE);
    ck_assert_uint_eq(pdu_task_tag(p->header), tag);
    ck_assert_uint_eq(pdu_max_cmdsn(p->header), one.cmdsn + 31);
    fake_pdu_free(p);
}
END_TEST

START_TEST(an_ordered_command_waits_until_the_store_has_let_go_of_what_was_aborted)
{
    uint32_t cmdsn = one.cmdsn, before = write_block(0, SIMPLE, first);
    uint32_t ordered = write_block(1, ORDERED, first);
    uint32_t tmf = fake_management(&one, TMF_ABORT_TASK, 0, before, cmdsn);

    expect_nothing(&one);
    ck_assert_uint_eq(fake_store_held(store), 1);
    release();
    expect_management(&one, tmf, TMF_COMPLETE);
    release();
    expect_status(&one, ordered, SCSI_GOOD);
}
END_TEST

static const uint8_t functions[] = {TMF_ABORT_TASK_SET, TMF_CLEAR_TASK_SET, TMF_LUN_RESET,
                                    TMF_TARGET_WARM_RESET};

START_TEST(the_whole_task_set_goes_and_nothing_of_it_begins)
{
    uint32_t tmf;

    write_block(0, SIMPLE, first);
    dormant_write();
    write_block(1, SIMPLE, first);
    write_block(2, ORDERED, first);
    write_block(3, SIMPLE, first);
    tmf = fake_management(&one, functions[_i], 0, PDU_NO_TAG, 0);
    expect_nothing(&one);
    ck_assert_uint_eq(fake_store_held(store), 1);
    release();
    expect_management(&one, tmf, TMF_COMPLETE);
    expect_nothing(&one);
    ck_assert_uint_eq(fake_store_records(store), 1);
    fake_store_hold(store, false);
    if (functions[_i] == TMF_LUN_RESET || functions[_i] == TMF_TARGET_WARM_RESET)
        expect_sense(&one, test_unit_ready(&one, 0), 6,
                     functions[_i] == TMF_LUN_RESET ? 0x2903 : 0x2902);
    expect_status(&one, write_block(0, ORDERED, second), SCSI_GOOD);
}
END_TEST

/* How a whole task set goes. */
enum { BY_FUNCTION, BY_DISCONNECTION, BY_DROP };

START_TEST(what_waits_does_not_begin_when_all_of_it_goes)
{
    uint32_t before = write_block(0, SIMPLE, first);
    struct fake_command head = fake_write(0, 8, 1);
    struct fake_pdu *p;

    write_block(1, ORDERED, first);
    head.attributes = HEAD_OF_QUEUE;
    head.is_not_final = true; /* its data does not come: the older one waits for it */
    fake_command(&one, &head);
    fixture_settle();
    release();
    expect_status(&one, before, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_held(store), 0);
    if (_i == BY_FUNCTION) {
        expect_management(&one, fake_management(&one, TMF_ABORT_TASK_SET, 0, PDU_NO_TAG, 0),
                          TMF_COMPLETE);
    } else if (_i == BY_DISCONNECTION) {
        fake_disconnect(&one);
    } else {
        sessions_stop();
        session_tick(one.session, 1000000);
        while ((p = fake_receive(&one)) != NULL) {
            ck_assert_uint_ne(pdu_opcode(p->header), PDU_R2T);
            fake_pdu_free(p);
        }
    }
    fixture_settle();
    ck_assert_uint_eq(fake_store_records(store), 1);
}
END_TEST

START_TEST(a_session_that_ends_takes_what_waits_with_it)
{
    write_block(0, SIMPLE, first);
    dormant_write();
    write_block(1, HEAD_OF_QUEUE, first);
    write_block(2, SIMPLE, first);
    if (_i == 0)
        fake_disconnect(&one);
    else
        fake_logout(&one, LOGOUT_CLOSE_SESSION, 1);
    fixture_settle();
    ck_assert_uint_eq(session_count(), 1);
    ck_assert_uint_eq(fake_store_held(store), 2);
    release();
    release();
    if (_i == 1)
        fake_pdu_free(expect(&one, PDU_LOGOUT_RESPONSE));
    fake_disconnect(&one);
    ck_assert_uint_eq(session_count(), 0);
    ck_assert_uint_eq(fake_store_records(store), 2);
}
END_TEST

START_TEST(what_waits_counts_as_memory_that_the_session_occupies)
{
    struct fake_command c = fake_write(0, 0, 1);
    uint32_t tag;

    write_block(0, SIMPLE, first);
    c.attributes = ORDERED;
    c.expected = 40 << 20; /* it may claim more than it moves */
    fake_command(&one, &c);
    tag = fake_command(&one, &c);
    expect_status(&one, tag, SCSI_TASK_SET_FULL);
}
END_TEST

TCase *
task_order_cases(void)
{
    TCase *tcase = tcase_create("task_order");

    tcase_add_checked_fixture(tcase, setup, fixture_close);
    tcase_add_test(tcase, ordered_commands_wait_and_are_waited_for);
    tcase_add_test(tcase, head_of_queue_overtakes_what_waits);
    tcase_add_loop_test(tcase, attributes_that_there_are_not_are_refused_and_the_data_passes_by,
                        ACA, 8);
    tcase_add_test(tcase,
                   a_write_that_waits_takes_its_data_unasked_and_asks_for_the_rest_later);
    tcase_add_loop_test(tcase, its_turn_may_come_in_the_middle_of_its_data, 0,
                        sizeof cuts / sizeof *cuts);
    tcase_add_test(tcase, a_gap_in_the_data_of_a_write_that_waits_fails_it);
    tcase_add_test(tcase, a_command_that_waits_is_aborted_at_once);
    tcase_add_test(tcase,
                   an_ordered_command_waits_until_the_store_has_let_go_of_what_was_aborted);
    tcase_add_loop_test(tcase, the_whole_task_set_goes_and_nothing_of_it_begins, 0,
                        sizeof functions);
    tcase_add_loop_test(tcase, what_waits_does_not_begin_when_all_of_it_goes, BY_FUNCTION,
                        BY_DROP + 1);
    tcase_add_loop_test(tcase, a_session_that_ends_takes_what_waits_with_it, 0, 2);
    tcase_add_test(tcase, what_waits_counts_as_memory_that_the_session_occupies);
    return tcase;
}
