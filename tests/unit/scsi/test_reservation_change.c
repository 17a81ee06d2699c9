/* test_reservation_change.c: changes of reservations that take their time: what must be kept,
 * and what must be aborted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initiators.h"
#include "scsi/reservations.h"
#include "suites.h"

/* Done when the test says so. */
static struct lun_save *saving;
static unsigned saves;
static struct scsi_abort *aborting;
static int abort_result;

static void
hold_save(struct lun_save *save)
{
    ck_assert_ptr_null(saving);
    saving = save;
    saves++;
}

static void
end_save(int error)
{
    struct lun_save *save = saving;

    ck_assert_ptr_nonnull(save);
    saving = NULL;
    save->error = error;
    save->done(save);
}

static int
hold_abort(struct scsi_abort *abort)
{
    ck_assert_ptr_null(aborting);
    if (abort_result == 0)
        aborting = abort;
    return abort_result;
}

static const struct scsi_transport transport = {.abort = hold_abort};

static void
open_with_hooks(struct initiators *all)
{
    saving = NULL;
    aborting = NULL;
    saves = 0;
    abort_result = 0;
    initiators_open(all);
    all->f.lun->save = hold_save;
    for (int i = 0; i < INITIATORS; i++)
        all->each[i].it.transport = &transport;
}

/* Starts PERSISTENT RESERVE OUT of WHO. */
static void
begin(struct initiators *all, struct call *c, char who, enum pr_action action, unsigned type,
      uint64_t key, uint64_t new_key, unsigned flags)
{
    uint8_t list[24];
    char cdb[32];

    pr_out_list(list, key, new_key, flags);
    snprintf(cdb, sizeof cdb, "5f %02x %02x 00 00 00 00 00 18 00", action, type);
    call_init(c, &all->f, cdb);
    c->cmd.it_nexus = &initiator(all, who)->it;
    c->cmd.nexus = initiator(all, who)->nexus;
    call_start(c, list, sizeof list);
    worker_turn(all->f.worker, false);
}

static const char *
finish(struct initiators *all, struct call *c)
{
    turn_until_done(c, &all->f);
    return outcome(c);
}

START_TEST(what_must_survive_is_kept_before_it_counts)
{
    struct initiators all;
    struct call c;

    open_with_hooks(&all);
    enrol(&all, 'B', 2);
    ck_assert_uint_eq(saves, 0); /* without APTPL nothing need be kept */
    begin(&all, &c, 'A', PR_REGISTER, 0, 0, 1, WITH_APTPL);
    ck_assert_int_eq(c.done, 0);
    ck_assert_uint_eq(saving->reservations->count, 2);
    ck_assert(saving->reservations->aptpl);
    assert_is(pr_in(&all, 'B', 0, 0xff), "00000001000000080000000000000002");
    end_save(0);
    assert_good(finish(&all, &c));
    /* From now on everything is. */
    begin(&all, &c, 'B', PR_RESERVE, EA, 2, 0, 0);
    assert_is(access_of(&all, 'C'), "RW");
    end_save(0);
    assert_good(finish(&all, &c));
    assert_is(access_of(&all, 'C'), "--");
    /* Also that nothing is to survive any more. */
    begin(&all, &c, 'A', PR_REGISTER, 0, 1, 1, 0);
    ck_assert(!saving->reservations->aptpl);
    end_save(0);
    assert_good(finish(&all, &c));
    assert_good(pr_out_of(&all, 'B', PR_RELEASE, EA, 2, 0, 0));
    ck_assert_uint_eq(saves, 3);
    initiators_close(&all);
}
END_TEST

START_TEST(what_cannot_be_kept_never_was)
{
    struct initiators all;
    struct call c;

    open_with_hooks(&all);
    begin(&all, &c, 'A', PR_REGISTER, 0, 0, 1, WITH_APTPL);
    end_save(0);
    assert_good(finish(&all, &c));
    begin(&all, &c, 'A', PR_RESERVE, EA, 1, 0, 0);
    end_save(-ENOSPC);
    assert_is(finish(&all, &c), "4/44/00");
    assert_is(access_of(&all, 'B'), "RW");
    assert_is(pr_in(&all, 'B', 1, 0xff), "0000000100000000");
    /* A second try. */
    begin(&all, &c, 'A', PR_RESERVE, EA, 1, 0, 0);
    end_save(0);
    assert_good(finish(&all, &c));
    assert_is(access_of(&all, 'B'), "--");
    initiators_close(&all);
}
END_TEST

START_TEST(changes_wait_for_each_other)
{
    struct initiators all;
    struct call a, b, c;

    open_with_hooks(&all);
    begin(&all, &a, 'A', PR_REGISTER, 0, 0, 1, WITH_APTPL);
    begin(&all, &b, 'B', PR_REGISTER, 0, 0, 2, WITH_APTPL);
    begin(&all, &c, 'B', PR_RESERVE, EA, 2, 0, 0);
    ck_assert_uint_eq(saves, 1);
    /* It may turn out either way. */
    assert_is(ask(&all, 'C', "16 00 00 00 00 00"), "BUSY");
    end_save(0);
    assert_good(finish(&all, &a));
    ck_assert_uint_eq(saving->reservations->count, 2);
    end_save(-EIO);
    assert_is(finish(&all, &b), "4/44/00");
    /* Judged by what the one before has left: B is not registered. */
    assert_is(finish(&all, &c), "CONFLICT");
    ck_assert_uint_eq(saves, 2);
    initiators_close(&all);
}
END_TEST

START_TEST(preempt_and_abort_is_answered_when_nothing_of_the_preempted_runs_any_more)
{
    struct initiators all;
    struct call c;

    open_with_hooks(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'B', 2);
    enrol(&all, 'C', 2);
    assert_good(pr_out_of(&all, 'B', PR_RESERVE, WERO, 2, 0, 0));
    nexus_prevent_removal(initiator(&all, 'B')->nexus, true);
    begin(&all, &c, 'A', PR_PREEMPT_AND_ABORT, WERO, 1, 2, 0);
    ck_assert_int_eq(c.done, 0);
    ck_assert(!initiator(&all, 'B')->nexus->prevents_removal);
    ck_assert(c.cmd.is_waiting_for_abort);
    ck_assert_ptr_eq(aborting->lun, all.f.lun);
    for (char who = 'A'; who <= 'D'; who++)
        ck_assert_int_eq(aborting->covers(aborting, initiator(&all, who)->nexus),
                         who == 'B' || who == 'C');
    /* The fence is up before the last command of theirs has ended. */
    assert_is(ask(&all, 'B', TUR), "6/2a/05");
    assert_is(access_of(&all, 'B'), "R-");
    aborting->done(aborting);
    assert_good(finish(&all, &c));
    assert_good(ask(&all, 'B', TUR));
    assert_is(ask(&all, 'C', TUR), "6/2a/05");
    assert_is(access_of(&all, 'A'), "RW");
    aborting = NULL;
    /* Of its own it aborts all but itself. */
    begin(&all, &c, 'A', PR_PREEMPT_AND_ABORT, WE, 1, 1, 0);
    ck_assert(aborting->covers(aborting, initiator(&all, 'A')->nexus));
    ck_assert_ptr_eq(aborting->by, &initiator(&all, 'A')->it);
    aborting->done(aborting);
    assert_good(finish(&all, &c));
    aborting = NULL;
    /* A PREEMPT that is none of that aborts nothing. */
    enrol(&all, 'B', 2);
    assert_good(pr_out_of(&all, 'A', PR_PREEMPT, WE, 1, 2, 0));
    initiators_close(&all);
}
END_TEST

START_TEST(who_cannot_be_sure_of_the_abort_is_not_told_that_it_is_done)
{
    struct initiators all;

    open_with_hooks(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'B', 2);
    abort_result = -ENOMEM;
    assert_is(pr_out_of(&all, 'A', PR_PREEMPT_AND_ABORT, WE, 1, 2, 0), "4/44/00");
    assert_is(ask(&all, 'B', TUR), "6/2a/05");
    initiators_close(&all);
}
END_TEST

START_TEST(what_the_preempted_asked_for_and_still_waits_is_aborted_with_the_rest)
{
    struct initiators all;
    struct call a, b, c, d;

    open_with_hooks(&all);
    enrol(&all, 'B', 2);
    enrol(&all, 'C', 3);
    begin(&all, &a, 'A', PR_REGISTER, 0, 0, 1, WITH_APTPL);
    end_save(0);
    assert_good(finish(&all, &a));
    begin(&all, &a, 'A', PR_PREEMPT_AND_ABORT, WE, 1, 2, 0);
    begin(&all, &b, 'B', PR_REGISTER_AND_IGNORE, 0, 0, 7, 0);
    begin(&all, &c, 'C', PR_REGISTER_AND_IGNORE, 0, 0, 8, 0);
    begin(&all, &d, 'D', PR_REGISTER, 0, 0, 4, 0);
    ck_assert(b.cmd.is_waiting_for_abort); /* or the abort would wait for it, and it for that */
    end_save(0);
    ck_assert_ptr_nonnull(aborting);
    ck_assert_int_eq(b.done, 0);
    aborting->done(aborting);
    assert_good(finish(&all, &a));
    assert_is(finish(&all, &b), "ABORTED");
    end_save(0); /* C has cleared APTPL */
    assert_good(finish(&all, &c));
    assert_good(finish(&all, &d));
    assert_is(pr_in(&all, 'A', 0, 0xff), "0000000600000018"
                                         "0000000000000008"
                                         "0000000000000001"
                                         "0000000000000004");
    initiators_close(&all);
}
END_TEST

TCase *
reservation_change_cases(void)
{
    TCase *t = tcase_create("reservation_change");

    tcase_add_test(t, what_must_survive_is_kept_before_it_counts);
    tcase_add_test(t, what_cannot_be_kept_never_was);
    tcase_add_test(t, changes_wait_for_each_other);
    tcase_add_test(t,
                   preempt_and_abort_is_answered_when_nothing_of_the_preempted_runs_any_more);
    tcase_add_test(t, who_cannot_be_sure_of_the_abort_is_not_told_that_it_is_done);
    tcase_add_test(t, what_the_preempted_asked_for_and_still_waits_is_aborted_with_the_rest);
    return t;
}
