/* test_medium.c: a medium that can be ejected, and who keeps it from that. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

#define TUR     "00 00 00 00 00 00"
#define STOP    "1b 00 00 00 00 00"
#define START   "1b 00 00 00 01 00"
#define EJECT   "1b 00 00 00 02 00"
#define LOAD    "1b 00 00 00 03 00"
#define PREVENT "1e 00 00 00 01 00"
#define ALLOW   "1e 00 00 00 00 00"

static void
open_removable(struct fixture *f)
{
    fixture_open(f);
    lun_set_modes(f->lun, LUN_REMOVABLE, LUN_REMOVABLE);
}

/* A second initiator without attentions. */
static struct nexus *
open_other(struct fixture *f)
{
    struct nexus *other = fixture_nexus(f, false);

    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    return other;
}

/* Runs CDB as NEXUS; its outcome. */
static const char *
run_as(struct fixture *f, struct nexus *nexus, const char *cdb)
{
    struct call c;

    call_init(&c, f, cdb);
    c.cmd.nexus = nexus;
    call_run(&c, f, NULL, 0);
    call_end(&c);
    return outcome(&c);
}

static const struct {
    const char *commands[8], *outcomes[8]; /* one after the other, up to NULL */
} stories[] = {
    {{EJECT, TUR, LOAD, TUR}, {"GOOD", "2/3a/02", "GOOD", "GOOD"}},
    {{"1b 01 00 00 02 00", TUR, "1b 01 00 00 03 00", TUR}, {"GOOD", "2/3a/02", "GOOD", "GOOD"}},
    {{EJECT, EJECT, LOAD, LOAD, TUR}, {"GOOD", "GOOD", "GOOD", "GOOD", "GOOD"}},
    {{EJECT, START, TUR}, {"GOOD", "2/3a/02", "2/3a/02"}}, /* starting loads nothing */
    {{EJECT, "28 00 00000000 00 0001 00", "25 00", "35 00"},
     {"GOOD", "2/3a/02", "2/3a/02", "2/3a/02"}},
    {{STOP, TUR, START, TUR},
     {"GOOD", "GOOD", "GOOD", "GOOD"}}, /* not ejected: it stays ready */
    /* in all power conditions it is active, and START and LOEJ are not looked at */
    {{"1b 01 00 00 12 00", TUR, "1b 00 00 0f f3 00", TUR}, {"GOOD", "GOOD", "GOOD", "GOOD"}},
    {{PREVENT, EJECT, TUR, ALLOW, EJECT, TUR},
     {"GOOD", "5/53/02", "GOOD", "GOOD", "GOOD", "2/3a/02"}},
    {{EJECT, PREVENT, LOAD, TUR, ALLOW, LOAD, TUR},
     {"GOOD", "GOOD", "5/53/02", "2/3a/02", "GOOD", "GOOD", "GOOD"}},
    {{PREVENT, PREVENT, ALLOW, EJECT},
     {"GOOD", "GOOD", "GOOD", "GOOD"}}, /* it is not counted */
    {{"1e 00 00 00 02 00", "1e 00 00 00 03 00", EJECT}, {"5/24/00", "5/24/00", "GOOD"}},
};

START_TEST(a_medium_goes_and_comes_as_it_is_told)
{
    struct fixture f;

    open_removable(&f);
    for (size_t i = 0; stories[_i].commands[i] != NULL; i++)
        ck_assert_msg(
            strcmp(run_as(&f, f.nexus, stories[_i].commands[i]), stories[_i].outcomes[i]) == 0,
            "%zu: %s", i, stories[_i].commands[i]);
    fixture_close(&f);
}
END_TEST

START_TEST(a_refused_prevention_says_where_it_is_wrong)
{
    struct fixture f;
    struct call c;

    open_removable(&f);
    run(&c, &f, "1e 00 00 00 02 00");
    ck_assert_str_eq(field_pointer(&c), "cdb 4.1");
    fixture_close(&f);
}
END_TEST

START_TEST(what_is_not_removable_has_no_such_command_and_does_not_say_so)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, PREVENT);
    assert_outcome(&c, "5/20/00");
    run(&c, &f, "12 00 00 00 24 00");
    ck_assert_uint_eq(c.cmd.in->data[1], 0x00);
    call_end(&c);
    lun_set_modes(f.lun, LUN_REMOVABLE, LUN_REMOVABLE);
    run(&c, &f, "12 00 00 00 24 00");
    ck_assert_uint_eq(c.cmd.in->data[1], 0x80); /* RMB */
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(others_hear_of_a_new_medium_and_who_loaded_it_does_not)
{
    struct nexus *other;
    struct fixture f;

    open_removable(&f);
    other = open_other(&f);
    ck_assert_str_eq(run_as(&f, f.nexus, EJECT), "GOOD");
    ck_assert_str_eq(run_as(&f, other, TUR), "2/3a/02");
    ck_assert_str_eq(run_as(&f, f.nexus, LOAD), "GOOD");
    ck_assert_str_eq(run_as(&f, f.nexus, TUR), "GOOD");
    ck_assert_str_eq(run_as(&f, other, TUR), "6/28/00");
    ck_assert_str_eq(run_as(&f, other, TUR), "GOOD");
    ck_assert_str_eq(run_as(&f, f.nexus, LOAD), "GOOD"); /* there is nothing new about it */
    ck_assert_str_eq(run_as(&f, other, TUR), "GOOD");
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(every_nexus_that_prevents_removal_must_allow_it_or_go)
{
    struct nexus *other;
    struct fixture f;

    open_removable(&f);
    other = open_other(&f);
    ck_assert_str_eq(run_as(&f, f.nexus, PREVENT), "GOOD");
    ck_assert_str_eq(run_as(&f, other, PREVENT), "GOOD");
    ck_assert_str_eq(run_as(&f, other, ALLOW), "GOOD");
    ck_assert_str_eq(run_as(&f, other, EJECT), "5/53/02");
    ck_assert_str_eq(run_as(&f, other, PREVENT), "GOOD");
    ck_assert_str_eq(run_as(&f, f.nexus, ALLOW), "GOOD");
    ck_assert_str_eq(run_as(&f, f.nexus, EJECT), "5/53/02");
    nexus_free(other); /* I_T nexus loss */
    ck_assert_str_eq(run_as(&f, f.nexus, EJECT), "GOOD");
    fixture_close(&f);
}
END_TEST

START_TEST(a_reset_allows_removal_again_but_does_not_load)
{
    bool is_target = _i == 1;
    struct fixture f;

    open_removable(&f);
    ck_assert_str_eq(run_as(&f, f.nexus, PREVENT), "GOOD");
    if (is_target)
        lun_bus_reset(f.nexus);
    else
        lun_reset(f.lun);
    ck_assert_str_eq(run_as(&f, f.nexus, TUR), is_target ? "6/29/02" : "6/29/03");
    ck_assert_str_eq(run_as(&f, f.nexus, EJECT), "GOOD");
    if (is_target)
        lun_bus_reset(f.nexus);
    else
        lun_reset(f.lun);
    (void)nexus_take_attention(f.nexus);
    ck_assert_str_eq(run_as(&f, f.nexus, TUR), "2/3a/02");
    fixture_close(&f);
}
END_TEST

START_TEST(a_target_reset_brings_modes_back_and_tells_who_came_by_another_target)
{
    struct nexus *other;
    struct fixture f;

    open_removable(&f);
    other = open_other(&f);
    lun_bus_reset(f.nexus);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    lun_set_modes(f.lun, LUN_SWP, LUN_SWP);
    lun_bus_reset(f.nexus);
    ck_assert(!lun_is(f.lun, LUN_SWP));
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_MODE_CHANGED);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(the_store_is_flushed_before_the_medium_goes_unless_that_is_prevented_meanwhile)
{
    struct nexus *other;
    struct fixture f;
    struct call c;

    open_removable(&f);
    other = open_other(&f);
    fake_store_fail(f.store, STORE_FLUSH, 1, EIO);
    ck_assert_str_eq(run_as(&f, f.nexus, EJECT), "3/0c/00");
    ck_assert_str_eq(run_as(&f, f.nexus, TUR), "GOOD");
    fake_store_hold(f.store, true);
    call_init(&c, &f, EJECT);
    call_start(&c, NULL, 0);
    worker_turn(f.worker, false);
    ck_assert_int_eq(c.done, 0);
    ck_assert_str_eq(run_as(&f, other, PREVENT), "GOOD");
    fake_store_hold(f.store, false);
    turn_until_done(&c, &f);
    assert_outcome(&c, "5/53/02");
    ck_assert_str_eq(run_as(&f, f.nexus, TUR), "GOOD");
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

TCase *
medium_cases(void)
{
    TCase *t = tcase_create("medium");

    tcase_add_loop_test(t, a_medium_goes_and_comes_as_it_is_told, 0, ROWS(stories));
    tcase_add_test(t, a_refused_prevention_says_where_it_is_wrong);
    tcase_add_test(t, what_is_not_removable_has_no_such_command_and_does_not_say_so);
    tcase_add_test(t, others_hear_of_a_new_medium_and_who_loaded_it_does_not);
    tcase_add_test(t, every_nexus_that_prevents_removal_must_allow_it_or_go);
    tcase_add_loop_test(t, a_reset_allows_removal_again_but_does_not_load, 0, 2);
    tcase_add_test(t, a_target_reset_brings_modes_back_and_tells_who_came_by_another_target);
    tcase_add_test(
        t, the_store_is_flushed_before_the_medium_goes_unless_that_is_prevented_meanwhile);
    return t;
}
