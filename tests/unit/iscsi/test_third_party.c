/* test_third_party.c: tasks that another session's doing ends: who hears of it and how, and
 * when the doer is told. SAM-5 sections 5.3.1 and 5.14. */
#include <string.h>

#include "fixture.h"
#include "iscsi/session.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"
#include "suites.h"

/* SCSI's side of struct scsi_transport's abort(): a command that waits for it. */
#include "iscsi/session_private.h"
#include "iscsi/task.h"

static uint8_t block[512] = {0xaa};
static unsigned aborts_done;
static const struct it_nexus *second_nexus;

static void
setup(void)
{
    fixture_open();
    fixture_publish(&two_luns);
    fixture_login(&one, 0, 1, "");
    expect_sense(&one, test_unit_ready(&one, pdu_lun_from_number(1)), 6, 0x2900);
    fixture_login(&two, 1, 2, "");
    expect_sense(&two, test_unit_ready(&two, pdu_lun_from_number(1)), 6, 0x2900);
    fixture_hold();
    second_nexus = &two.session->it_nexus;
    aborts_done = 0;
}

/* What a session has open at LUN 0: a write in the store, one that waits for its data, one that
 * waits for these, and one at LUN 1 that runs. */
struct work {
    uint32_t runs, collects, waits, elsewhere;
    struct pdu_r2t r2t;
};

static struct work
start_work(struct fake_initiator *f, unsigned worker)
{
    struct fake_command c = fake_write(0, 0, 1), wants = fake_write(0, 8, 1);
    struct fake_command d = fake_write(pdu_lun_from_number(1), 0, 1);
    struct fake_pdu *p;
    struct work w;

    c.data = d.data = block;
    c.length = d.length = sizeof block;
    fixture_enter(worker);
    w.runs = fake_command(f, &c);
    w.collects = fake_command(f, &wants);
    c.attributes = 2; /* ORDERED */
    w.waits = fake_command(f, &c);
    w.elsewhere = fake_command(f, &d);
    fixture_settle();
    p = expect(f, PDU_R2T);
    pdu_r2t_get(p->header, &w.r2t);
    fake_pdu_free(p);
    return w;
}

static void
send_data(struct fake_initiator *f, const struct work *w)
{
    fake_data_out(f, w->collects, w->r2t.transfer_tag, 0, 0, block, sizeof block, true);
}

static void
release(unsigned disk, unsigned worker)
{
    fixture_release(disk, 0, worker);
}

static void
set_tas(bool on)
{
    lun_set_modes(fixture_lun(0), LUN_TAS, on ? LUN_TAS : 0);
}

START_TEST(a_lun_reset_is_told_to_others_by_task_aborted_where_tas_says_so)
{
    struct work mine, theirs;
    uint32_t tmf;

    set_tas(true);
    mine = start_work(&one, 0);
    theirs = start_work(&two, 1);
    fixture_enter(0);
    tmf = fake_management(&one, TMF_LUN_RESET, 0, PDU_NO_TAG, 0);
    expect_nothing(&one);
    release(0, 0);
    expect_nothing(&one);

    fixture_enter(1);
    expect_status(&two, theirs.waits, SCSI_TASK_ABORTED); /* it held nothing up */
    expect_nothing(&two);                                 /* the data is under way */
    send_data(&two, &theirs);
    expect_status(&two, theirs.collects, SCSI_TASK_ABORTED);
    release(0, 1);
    expect_status(&two, theirs.runs, SCSI_TASK_ABORTED);
    expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2903);
    fixture_release(1, 1, 1);
    expect_status(&two, theirs.elsewhere, SCSI_GOOD);
    expect_nothing(&two);

    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE); /* own tasks are not answered */
    release(1, 0);
    expect_status(&one, mine.elsewhere, SCSI_GOOD);
    expect_nothing(&one);
}
END_TEST

START_TEST(who_does_not_send_the_data_of_an_aborted_write_holds_nobody_up)
{
    uint32_t tmf;

    set_tas(true);
    start_work(&two, 1);
    fixture_enter(0);
    tmf = fake_management(&one, TMF_LUN_RESET, 0, PDU_NO_TAG, 0);
    fixture_settle();
    release(0, 1);
    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE);
    release(1, 1);
}
END_TEST

START_TEST(without_tas_a_reset_is_its_own_news)
{
    struct work theirs = start_work(&two, 1);
    uint32_t tmf;

    fixture_enter(0);
    tmf = fake_management(&one, TMF_LUN_RESET, 0, PDU_NO_TAG, 0);
    fixture_settle();
    release(0, 1);
    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE);
    fixture_enter(1);
    expect_nothing(&two);
    expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2903);
    expect_status(&two, test_unit_ready(&two, 0), SCSI_GOOD); /* no 2Fh 00h beside it */
    release(1, 1);
    expect_status(&two, theirs.elsewhere, SCSI_GOOD);
}
END_TEST

/* PREEMPT AND ABORT, as far as the transport sees it. */

static bool
covers_second(const struct scsi_abort *abort, const struct nexus *nexus)
{
    (void)abort;
    return nexus->it == second_nexus;
}

static bool
covers_all(const struct scsi_abort *abort, const struct nexus *nexus)
{
    (void)abort, (void)nexus;
    return true;
}

static void
count_done(struct scsi_abort *abort)
{
    (void)abort;
    aborts_done++;
}

static void
ask(struct scsi_abort *abort, bool (*covers)(const struct scsi_abort *, const struct nexus *))
{
    *abort = (struct scsi_abort){.lun = fixture_lun(0),
                                 .by = &one.session->it_nexus,
                                 .covers = covers,
                                 .done = count_done};
    fixture_enter(0);
    ck_assert_int_eq(one.session->it_nexus.transport->abort(abort), 0);
    ck_assert_uint_eq(aborts_done, 0);
    fixture_settle();
}

START_TEST(scsi_is_told_when_the_commands_of_a_nexus_have_let_go)
{
    struct work mine = start_work(&one, 0), theirs = start_work(&two, 1);
    struct scsi_abort abort;

    set_tas(_i);
    ask(&abort, covers_second);
    ck_assert_uint_eq(aborts_done, 0);
    fixture_release(0, 1, 1);
    ck_assert_uint_eq(aborts_done, 1);
    fixture_enter(1);
    if (_i) {
        expect_status(&two, theirs.waits, SCSI_TASK_ABORTED);
        expect_status(&two, theirs.runs, SCSI_TASK_ABORTED);
        send_data(&two, &theirs);
        expect_status(&two, theirs.collects, SCSI_TASK_ABORTED);
    } else {
        send_data(&two, &theirs); /* late */
        expect_sense(&two, test_unit_ready(&two, 0), 6, 0x2f00);
    }
    expect_status(&two, test_unit_ready(&two, 0), SCSI_GOOD);
    fixture_release(1, 1, 1);
    expect_status(&two, theirs.elsewhere, SCSI_GOOD);
    ck_assert_uint_eq(fake_store_records(fixture_store(0)), 2); /* the two that ran */

    /* Nothing has happened to the first one. */
    release(0, 0);
    expect_status(&one, mine.runs, SCSI_GOOD);
    send_data(&one, &mine);
    release(0, 0);
    expect_status(&one, mine.collects, SCSI_GOOD);
    release(0, 0);
    expect_status(&one, mine.waits, SCSI_GOOD);
    release(1, 0);
    expect_status(&one, mine.elsewhere, SCSI_GOOD);
}
END_TEST

START_TEST(an_abort_that_finds_nothing_is_done_and_tells_nobody)
{
    struct scsi_abort abort;

    ask(&abort, covers_all);
    ck_assert_uint_eq(aborts_done, 1);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    fixture_enter(1);
    expect_status(&two, test_unit_ready(&two, 0), SCSI_GOOD);
}
END_TEST

START_TEST(who_asks_does_not_hear_of_his_own_commands)
{
    struct scsi_abort abort;

    start_work(&one, 0);
    set_tas(_i);
    ask(&abort, covers_all);
    release(0, 0);
    ck_assert_uint_eq(aborts_done, 1);
    expect_nothing(&one);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

START_TEST(commands_that_wait_for_an_abort_do_not_wait_for_each_other)
{
    struct work mine = start_work(&one, 0), theirs = start_work(&two, 1);
    struct task *a = task_find(one.session, mine.runs),
                *b = task_find(two.session, theirs.runs);
    struct scsi_abort first, second;
    uint32_t tmf;

    a->cmd.is_waiting_for_abort = true;
    ask(&first, covers_second); /* counts the other, which does not wait yet */
    ck_assert_uint_eq(aborts_done, 0);
    b->cmd.is_waiting_for_abort = true;
    ask(&second, covers_all); /* passes over both */
    ck_assert_uint_eq(aborts_done, 1);
    tmf = fake_management(&one, TMF_LUN_RESET, 0, PDU_NO_TAG, 0); /* waits for both */
    expect_nothing(&one);
    release(0, 0);
    expect_nothing(&one);
    ck_assert_uint_eq(aborts_done, 1);
    release(0, 1);
    ck_assert_uint_eq(aborts_done, 2);
    fixture_enter(0);
    expect_management(&one, tmf, TMF_COMPLETE);
    release(1, 0);
    release(1, 1);
}
END_TEST

START_TEST(an_abort_goes_on_when_the_sessions_go_away)
{
    struct scsi_abort abort;

    start_work(&two, 1);
    ask(&abort, covers_second);
    fixture_enter(1);
    fake_disconnect(&two);
    fixture_settle();
    ck_assert_uint_eq(aborts_done, 0);
    release(0, 1);
    ck_assert_uint_eq(aborts_done, 1);
    release(1, 1);
    ck_assert_uint_eq(session_count(), 0);
}
END_TEST

START_TEST(commands_at_a_unit_that_the_disk_had_before_are_reached_too)
{
    struct fake_command c = fake_write(pdu_lun_from_number(1), 0, 1);
    struct scsi_abort abort;

    fixture_enter(1);
    fake_disconnect(&two);
    fixture_enter(0);
    fake_disconnect(&one);
    reservations_attach(fixture_lun(1), fixture_lun(0)->reservations);
    fixture_login(&one, 0, 1, "");
    fixture_login(&two, 1, 2, "");
    expect_sense(&two, test_unit_ready(&two, pdu_lun_from_number(1)), 6, 0x2900);
    second_nexus = &two.session->it_nexus;

    c.data = block;
    c.length = sizeof block;
    fake_command(&two, &c);
    fixture_settle();
    if (_i == 0)
        ask(&abort, covers_second);
    else
        fake_management(&two, TMF_LUN_RESET, 0, PDU_NO_TAG, 0);
    fixture_settle();
    ck_assert_uint_eq(aborts_done, 0);
    fixture_enter(1);
    expect_nothing(&two);
    release(1, 1);
    if (_i == 0)
        ck_assert_uint_eq(aborts_done, 1);
    else
        fake_pdu_free(expect(&two, PDU_TASK_MANAGEMENT_RESPONSE));
}
END_TEST

TCase *
third_party_cases(void)
{
    TCase *tcase = tcase_create("third_party");

    tcase_add_checked_fixture(tcase, setup, fixture_close);
    tcase_add_test(tcase, a_lun_reset_is_told_to_others_by_task_aborted_where_tas_says_so);
    tcase_add_test(tcase, who_does_not_send_the_data_of_an_aborted_write_holds_nobody_up);
    tcase_add_test(tcase, without_tas_a_reset_is_its_own_news);
    tcase_add_loop_test(tcase, scsi_is_told_when_the_commands_of_a_nexus_have_let_go, 0, 2);
    tcase_add_test(tcase, an_abort_that_finds_nothing_is_done_and_tells_nobody);
    tcase_add_loop_test(tcase, who_asks_does_not_hear_of_his_own_commands, 0, 2);
    tcase_add_test(tcase, commands_that_wait_for_an_abort_do_not_wait_for_each_other);
    tcase_add_test(tcase, an_abort_goes_on_when_the_sessions_go_away);
    tcase_add_loop_test(tcase, commands_at_a_unit_that_the_disk_had_before_are_reached_too, 0,
                        2);
    return tcase;
}
