/* test_task_mgmt.c: aborts and resets answer only when nothing can touch the data any more. */
#include <string.h>

#include "core/bytes.h"
#include "fixture.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "suites.h"

#define NO_TAG PDU_NO_TAG

static uint8_t block[512] = {0xaa};

static void
setup(void)
{
    fixture_open();
    fixture_publish(&two_luns);
    fixture_login(&one, 0, 1, "");
    expect_sense(&one, test_unit_ready(&one, pdu_lun_from_number(1)), 6, 0x2900);
}

/* A write of one block that the store holds back. */
static uint32_t
held_write(struct fake_initiator *f, unsigned worker, uint16_t lun)
{
    struct fake_command c = fake_write(pdu_lun_from_number(lun), lun, 1);
    uint32_t tag;

    c.data = block;
    c.length = sizeof block;
    fixture_enter(worker);
    tag = fake_command(f, &c);
    fixture_settle();
    return tag;
}

START_TEST(abort_task_answers_when_the_store_has_let_go)
{
    uint32_t cmdsn = one.cmdsn, tag, tmf;

    fixture_hold();
    tag = held_write(&one, 0, 0);
    tmf = fake_management(&one, TMF_ABORT_TASK, 0, tag, cmdsn);
    expect_nothing(&one);
    fixture_release(0, 0, 0);
    expect_management(&one, tmf, TMF_COMPLETE);
    expect_nothing(&one); /* no status for what was aborted */
    /* Its place in the window is free again. */
    uint32_t next = test_unit_ready(&one, 0);
    struct fake_pdu *p = expect(&one, PDU_SCSI_RESPONSE);
    ck_assert_uint_eq(pdu_task_tag(p->header), next);
    ck_assert_uint_eq(pdu_max_cmdsn(p->header), one.cmdsn + 31);
    fake_pdu_free(p);
}
END_TEST

START_TEST(two_aborts_of_one_task_are_both_answered)
{
    uint32_t cmdsn = one.cmdsn, tag, first, second;

    fixture_hold();
    tag = held_write(&one, 0, 0);
    first = fake_management(&one, TMF_ABORT_TASK, 0, tag, cmdsn);
    second = fake_management(&one, TMF_ABORT_TASK_SET, 0, NO_TAG, 0);
    expect_nothing(&one);
    fixture_release(0, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct fake_pdu *p = expect(&one, PDU_TASK_MANAGEMENT_RESPONSE);

        ck_assert(pdu_task_tag(p->header) == first || pdu_task_tag(p->header) == second);
        ck_assert_uint_eq(p->header[2], TMF_COMPLETE);
        fake_pdu_free(p);
    }
    expect_nothing(&one);
}
END_TEST

START_TEST(a_write_that_waits_for_data_is_aborted_at_once_and_its_data_passes_by)
{
    static uint8_t data[8192];
    struct fake_command c = fake_write(0, 0, 16);
    uint32_t cmdsn = one.cmdsn, tag = fake_command(&one, &c);
    struct fake_pdu *p = expect(&one, PDU_R2T);
    struct pdu_r2t r;

    pdu_r2t_get(p->header, &r);
    fake_pdu_free(p);
    expect_management(&one, fake_management(&one, TMF_ABORT_TASK, 0, tag, cmdsn), TMF_COMPLETE);
    fake_data_out(&one, tag, r.transfer_tag, 0, 0, data, sizeof data, true);
    expect_nothing(&one);
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 0);
}
END_TEST

static const struct {
    uint32_t tag;
    int32_t ref_offset; /* of RefCmdSN from the CmdSN of the request */
    uint8_t answer;
} unknown[] = {
    {999, -1, TMF_NO_TASK},  /* came, and was answered */
    {999, 0, TMF_NO_TASK},   /* not before the request */
    {999, 5, TMF_NO_TASK},   /* after it */
    {999, -70, TMF_NO_TASK}, /* outside the window */
};

START_TEST(a_task_that_is_not_there_is_told_so)
{
    uint32_t tmf = fake_management(&one, TMF_ABORT_TASK, 0, unknown[_i].tag,
                                   one.cmdsn + (uint32_t)unknown[_i].ref_offset);

    expect_management(&one, tmf, unknown[_i].answer);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

/* Sends an immediate ABORT TASK: CmdSN is not taken. */
static uint32_t
abort_immediately(uint32_t referenced_tag, uint32_t referenced_cmdsn)
{
    const struct pdu_task_management p = {.immediate = true,
                                          .function = TMF_ABORT_TASK,
                                          .task_tag = one.next_tag++,
                                          .referenced_task_tag = referenced_tag,
                                          .cmdsn = one.cmdsn,
                                          .referenced_cmdsn = referenced_cmdsn};
    uint8_t header[PDU_HEADER_SIZE];

    pdu_task_management_put(header, &p);
    fake_send(&one, header, NULL, 0);
    return p.task_tag;
}

START_TEST(a_command_that_was_never_sent_can_be_taken_back)
{
    uint32_t missing = one.cmdsn++, late, tmf;

    late = test_unit_ready(&one, 0); /* waits for the missing one */
    expect_nothing(&one);
    tmf = abort_immediately(12345, missing);
    expect_management(&one, tmf, TMF_COMPLETE);
    expect_status(&one, late, SCSI_GOOD);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(a_command_that_waits_for_its_turn_can_be_taken_back)
{
    struct fake_command c = fake_write(0, 0, 1);
    uint32_t missing = one.cmdsn++, tag, tmf;

    c.data = block;
    c.length = sizeof block;
    tag = fake_command(&one, &c);
    tmf = abort_immediately(tag, one.cmdsn - 1);
    expect_management(&one, tmf, TMF_COMPLETE);
    one.cmdsn = missing;
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    one.cmdsn = missing + 2;
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 0);
}
END_TEST

static const struct {
    uint8_t function;
    bool reaches_lun_1;
} ahead[] = {
    {TMF_ABORT_TASK_SET, false},
    {TMF_CLEAR_TASK_SET, false},
    {TMF_LUN_RESET, false},
    {TMF_TARGET_WARM_RESET, true},
};

START_TEST(commands_that_wait_for_their_turn_are_forgotten_too)
{
    uint32_t missing = one.cmdsn++, tmf, later;
    struct fake_command c = fake_write(0, 0, 1);
    struct pdu_task_management p = {.immediate = true, .function = ahead[_i].function};
    struct fake_command d = fake_write(pdu_lun_from_number(1), 0, 1);
    uint8_t header[PDU_HEADER_SIZE];
    struct fake_pdu *answer;
    unsigned answers = 0;
    bool is_answered = false;

    c.data = d.data = block;
    c.length = d.length = sizeof block;
    fake_command(&one, &c);
    fake_command(&one, &d);
    p.task_tag = tmf = one.next_tag++;
    p.referenced_task_tag = NO_TAG;
    p.cmdsn = one.cmdsn;
    p.exp_statsn = one.exp_statsn;
    pdu_task_management_put(header, &p);
    fake_send(&one, header, NULL, 0);
    c = fake_write(0, 1, 1);
    c.data = block;
    c.length = sizeof block;
    later = fake_command(&one, &c); /* behind the request: not its concern */
    expect_management(&one, tmf, TMF_COMPLETE);

    one.cmdsn = missing;
    fake_nop(&one, NULL, 0);
    fake_pdu_free(expect(&one, PDU_NOP_IN));
    fixture_settle();
    for (; (answer = fake_receive(&one)) != NULL; answers++) {
        is_answered = is_answered || pdu_task_tag(answer->header) == later;
        fake_pdu_free(answer);
    }
    ck_assert(is_answered);
    ck_assert_uint_eq(answers, ahead[_i].reaches_lun_1 ? 1 : 2);
    ck_assert_uint_eq(fake_store_bytes(fixture_store(0))[0], 0);
    ck_assert_uint_eq(fake_store_records(fixture_store(1)), ahead[_i].reaches_lun_1 ? 0 : 1);
}
END_TEST

START_TEST(abort_task_set_leaves_other_luns_alone)
{
    uint32_t mine, other, tmf;

    fixture_hold();
    mine = held_write(&one, 0, 0);
    other = held_write(&one, 0, 1);
    tmf = fake_management(&one, TMF_ABORT_TASK_SET, 0, NO_TAG, 0);
    (void)mine;
    expect_nothing(&one);
    fixture_release(0, 0, 0);
    expect_management(&one, tmf, TMF_COMPLETE);
    fixture_release(1, 0, 0);
    expect_status(&one, other, SCSI_GOOD);
}
END_TEST

static const uint8_t of_the_session[] = {TMF_ABORT_TASK_SET, TMF_CLEAR_TASK_SET};

/* TST is 001b: each nexus has a task set of its own. Both sessions are on one worker. */
START_TEST(a_task_set_is_its_sessions_own)
{
    uint32_t theirs, tmf;

    fixture_login(&two, 0, 2, "");
    fixture_hold();
    held_write(&one, 0, 0);
    theirs = held_write(&two, 0, 0);
    tmf = fake_management(&one, of_the_session[_i], 0, NO_TAG, 0);
    expect_nothing(&one);
    fixture_release(0, 0, 0);
    expect_management(&one, tmf, TMF_COMPLETE);
    fixture_release(0, 0, 0);
    expect_status(&two, theirs, SCSI_GOOD);
    expect_status(&two, test_unit_ready(&two, 0), SCSI_GOOD); /* and no unit attention */
    expect_nothing(&one);
}
END_TEST

START_TEST(a_lun_reset_waits_for_the_other_sessions_on_the_other_worker)
{
    uint32_t tmf, elsewhere;

    fixture_login(&two, 1, 2, "");
    expect_sense(&two, test_unit_ready(&two, pdu_lun_from_number(1)), 6, 0x2900);
    fixture_hold();
    held_write(&one, 0, 0);
    held_write(&two, 1, 0);
    elsewhere = held_write(&two, 1, 1);
    fixture_enter(0);
    tmf = fake_management(&one, TMF_LUN_RESET, 0, NO_TAG, 0);
    expect_nothing(&one);
    fixture_release(0, 0, 0);
    expect_nothing(&one); /* that was our own; the other's is still there */
    fixture_release(0, 0, 1);
    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x2903);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);

    fixture_enter(1);
    expect_nothing(&two); /* TAS is 0 */
    expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2903);
    expect_status(&two, test_unit_ready(&two, 0), SCSI_GOOD);
    fixture_enter(1);
    fake_store_release(fixture_store(1), 0, 0);
    expect_status(&two, elsewhere, SCSI_GOOD);
}
END_TEST

START_TEST(a_warm_reset_reaches_every_lun_of_every_session)
{
    uint32_t tmf;

    fixture_login(&two, 1, 2, "");
    fixture_hold();
    held_write(&one, 0, 1);
    held_write(&two, 1, 0);
    fixture_enter(0);
    tmf = fake_management(&one, TMF_TARGET_WARM_RESET, 0, NO_TAG, 0);
    fixture_settle();
    fixture_release(1, 0, 0);
    expect_nothing(&one);
    fixture_release(0, 0, 1);
    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x2902);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    fixture_enter(1);
    expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2902);
    ck_assert_int_eq(session_end_state(two.session), SESSION_OPEN);
}
END_TEST

START_TEST(a_cold_reset_also_ends_the_connections_after_its_answer)
{
    uint32_t tmf;

    fixture_login(&two, 1, 2, "");
    fixture_enter(0);
    tmf = fake_management(&one, TMF_TARGET_COLD_RESET, 0, NO_TAG, 0);
    fixture_settle();
    expect_management(&one, tmf, TMF_COMPLETE);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    ck_assert_int_eq(session_end_state(two.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

START_TEST(a_reset_whose_session_goes_away_ends_all_the_same)
{
    fixture_login(&two, 1, 2, "");
    fixture_hold();
    held_write(&two, 1, 0);
    fixture_enter(0);
    fake_management(&one, TMF_LUN_RESET, 0, NO_TAG, 0);
    fixture_settle();
    fake_disconnect(&one);
    fixture_settle();
    ck_assert_uint_eq(session_count(), 1); /* the reset needs it */
    fixture_release(0, 0, 1);
    fixture_enter(0);
    ck_assert_uint_eq(session_count(), 0);
    fixture_enter(1);
    expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2903);
}
END_TEST

static const struct {
    uint8_t function;
    uint64_t lun;
    uint8_t answer;
} refused[] = {
    {TMF_CLEAR_ACA, 0, TMF_NOT_SUPPORTED},
    {TMF_TASK_REASSIGN, 0, TMF_NOT_SUPPORTED},
    {0, 0, TMF_NOT_SUPPORTED},
    {9, 0, TMF_NOT_SUPPORTED},
    {127, 0, TMF_NOT_SUPPORTED},
    {TMF_LUN_RESET, UINT64_C(7) << 48, TMF_NO_LUN},
    {TMF_ABORT_TASK_SET, UINT64_C(7) << 48, TMF_NO_LUN},
    {TMF_CLEAR_TASK_SET, 0, TMF_COMPLETE},
};

START_TEST(functions_that_cannot_be_done_say_so)
{
    expect_management(&one,
                      fake_management(&one, refused[_i].function, refused[_i].lun, NO_TAG, 0),
                      refused[_i].answer);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(requests_that_pile_up_are_refused)
{
    unsigned rejected = 0;

    fixture_hold();
    held_write(&one, 0, 0);
    for (unsigned i = 0; i < 40; i++)
        fake_management(&one, TMF_ABORT_TASK_SET, 0, NO_TAG, 0);
    fixture_settle();
    for (struct fake_pdu *p; (p = fake_receive(&one)) != NULL; rejected++) {
        ck_assert_uint_eq(pdu_opcode(p->header), PDU_TASK_MANAGEMENT_RESPONSE);
        ck_assert_uint_eq(p->header[2], TMF_REJECTED);
        one.exp_statsn++;
        fake_pdu_free(p);
    }
    ck_assert_uint_gt(rejected, 0);
    fixture_release(0, 0, 0);
    for (unsigned i = rejected; i < 40; i++) {
        struct fake_pdu *p = expect(&one, PDU_TASK_MANAGEMENT_RESPONSE);

        ck_assert_uint_eq(p->header[2], TMF_COMPLETE);
        fake_pdu_free(p);
    }
    expect_nothing(&one);
}
END_TEST

TCase *
task_mgmt_cases(void)
{
    TCase *tcase = tcase_create("task_mgmt");

    tcase_add_checked_fixture(tcase, setup, fixture_close);
    tcase_add_test(tcase, abort_task_answers_when_the_store_has_let_go);
    tcase_add_test(tcase, two_aborts_of_one_task_are_both_answered);
    tcase_add_test(tcase,
                   a_write_that_waits_for_data_is_aborted_at_once_and_its_data_passes_by);
    tcase_add_loop_test(tcase, a_task_that_is_not_there_is_told_so, 0,
                        sizeof unknown / sizeof *unknown);
    tcase_add_test(tcase, a_command_that_was_never_sent_can_be_taken_back);
    tcase_add_test(tcase, a_command_that_waits_for_its_turn_can_be_taken_back);
    tcase_add_loop_test(tcase, commands_that_wait_for_their_turn_are_forgotten_too, 0,
                        sizeof ahead / sizeof *ahead);
    tcase_add_test(tcase, abort_task_set_leaves_other_luns_alone);
    tcase_add_loop_test(tcase, a_task_set_is_its_sessions_own, 0, sizeof of_the_session);
    tcase_add_test(tcase, a_lun_reset_waits_for_the_other_sessions_on_the_other_worker);
    tcase_add_test(tcase, a_warm_reset_reaches_every_lun_of_every_session);
    tcase_add_test(tcase, a_cold_reset_also_ends_the_connections_after_its_answer);
    tcase_add_test(tcase, a_reset_whose_session_goes_away_ends_all_the_same);
    tcase_add_loop_test(tcase, functions_that_cannot_be_done_say_so, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tcase, requests_that_pile_up_are_refused);
    return tcase;
}
