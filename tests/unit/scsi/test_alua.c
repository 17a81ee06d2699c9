/* test_alua.c: target port groups: reported, set, and what their states stop. */
#include <string.h>

#include "fixture.h"
#include "scsi/alua.h"
#include "suites.h"

#define REPORT      "a3 0a 0000 0000 000000ff 00 00"
#define REPORT_LONG "a3 2a 0000 0000 000000ff 00 00"
#define SET(length) "a4 0a 0000 0000 000000" length " 00 00"
#define TUR         "00 00 00 00 00 00"

static struct target_port_group groups[2];

/* Two groups; the fixture's nexus came through number 1, OTHER through number 2. */
static void
open_groups(struct fixture *f, struct it_nexus *it, struct nexus **other)
{
    groups[0] = (struct target_port_group){.tag = 1};
    groups[1] =
        (struct target_port_group){.tag = 2, .state = PORT_NON_OPTIMIZED, .is_preferred = true};
    fixture_open(f);
    f->it.target_port_group = 1;
    f->it.port_groups = groups;
    f->it.port_group_count = 2;
    *it = f->it;
    it->target_port_group = 2;
    *other = nexus_new(f->lun, it, false, NULL);
    ck_assert_ptr_nonnull(*other);
    ck_assert_int_eq(nexus_take_attention(*other), ATTENTION_POWER_ON);
}

static void
close_groups(struct fixture *f, struct nexus *other)
{
    nexus_free(other);
    fixture_close(f);
}

static void
set(struct call *c, struct fixture *f, const char *cdb, const char *list, size_t length)
{
    call_init(c, f, cdb);
    call_run(c, f, list, length);
}

static const struct {
    const char *cdb, *outcome, *field;
    uint8_t length, data[32];
} reports[] = {
    {REPORT, "GOOD", "none", 28, {0, 0, 0,    24,   0, 0x8f, 0, 1, 0, 0, 0, 1, 0, 0,
                                  0, 1, 0x81, 0x8f, 0, 2,    0, 0, 0, 1, 0, 0, 0, 2}},
    {REPORT_LONG, "GOOD", "none", 32, {0, 0, 0, 28, 0x10, 0, 0, 0, 0, 0x8f, 0,
                                       1, 0, 0, 0,  1,    0, 0, 0, 1, 0x81, 0x8f,
                                       0, 2, 0, 0,  0,    1, 0, 0, 0, 2}},
    {"a3 0a 0000 0000 00000006 00 00", "GOOD", "none", 6, {0, 0, 0, 24, 0, 0x8f}},
    {"a3 0a 0000 0000 00000000 00 00", "GOOD", "none", 0, {0}},
    {"a3 4a 0000 0000 000000ff 00 00", "5/24/00", "cdb 1.7", 0, {0}},
};

START_TEST(each_group_is_reported_with_its_state)
{
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;
    struct call c;

    open_groups(&f, &it, &other);
    run(&c, &f, reports[_i].cdb);
    assert_outcome(&c, reports[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), reports[_i].field);
    ck_assert_uint_eq(c.cmd.in_length, reports[_i].length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, reports[_i].data, c.cmd.in_length);
    call_end(&c);
    close_groups(&f, other);
}
END_TEST

static const struct {
    const char *cdb;
    uint8_t length, list[16];
    const char *outcome, *field;
} bad_sets[] = {
    {SET("01"), 1, {0}, "5/1a/00", "none"},
    {SET("03"), 3, {0}, "5/1a/00", "none"},
    {SET("05"), 5, {0}, "5/1a/00", "none"},
    {SET("07"), 7, {0}, "5/1a/00", "none"},
    {SET("08"), 4, {0}, "5/1a/00", "none"}, /* less than was announced */
    {"a4 0a 0000 0000 00010004 00 00", 0, {0}, "5/1a/00", "none"},
    {"a4 0a 0000 0000 00000408 00 00", 0, {0}, "5/1a/00", "none"},
    {SET("08"), 8, {0, 0, 0, 0, 4, 0, 0, 1}, "5/26/00", "list 4.3"},
    {SET("08"), 8, {0, 0, 0, 0, 0xf, 0, 0, 1}, "5/26/00", "list 4.3"},
    {SET("08"), 8, {0, 0, 0, 0, 2, 0, 0, 3}, "5/26/00", "list 6"},
    {SET("0c"), 12, {0, 0, 0, 0, 2, 0, 0, 1, 2, 0, 0, 0}, "5/26/00", "list 10"},
    {SET("0c"), 12, {0, 0, 0, 0, 2, 0, 0, 1, 5, 0, 0, 2}, "5/26/00", "list 8.3"},
};

START_TEST(a_list_that_is_wrong_anywhere_changes_nothing)
{
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;
    struct call c;

    open_groups(&f, &it, &other);
    set(&c, &f, bad_sets[_i].cdb, (const char *)bad_sets[_i].list, bad_sets[_i].length);
    assert_outcome(&c, bad_sets[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), bad_sets[_i].field);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    ck_assert_int_eq(alua_state(f.lun, &groups[0]), PORT_OPTIMIZED);
    ck_assert_int_eq(alua_state(f.lun, &groups[1]), PORT_NON_OPTIMIZED);
    close_groups(&f, other);
}
END_TEST

START_TEST(lists_that_name_no_group_are_no_error)
{
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;
    struct call c;

    open_groups(&f, &it, &other);
    run(&c, &f, SET("00"));
    assert_outcome(&c, "GOOD");
    ck_assert_int_eq(nexus_take_attention(other), -1);
    set(&c, &f, SET("04"), "\0\0\0\0", 4);
    assert_outcome(&c, "GOOD");
    close_groups(&f, other);
}
END_TEST

START_TEST(a_state_that_is_set_holds_for_all_and_all_others_are_told)
{
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;
    struct call c;

    open_groups(&f, &it, &other);
    set(&c, &f, SET("0c"), "\0\0\0\0\0\0\0\1\2\0\0\2", 12);
    assert_outcome(&c, "GOOD");
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_PORT_STATE_CHANGED);
    run(&c, &f, REPORT);
    ck_assert_uint_eq(c.cmd.in->data[4], PORT_OPTIMIZED);
    ck_assert_uint_eq(c.cmd.in->data[9], 1); /* altered by SET TARGET PORT GROUPS */
    ck_assert_uint_eq(c.cmd.in->data[16], 0x80 | PORT_STANDBY);
    ck_assert_uint_eq(c.cmd.in->data[21], 1);
    call_end(&c);
    run(&c, &f, TUR); /* through group 1 */
    assert_outcome(&c, "GOOD");
    f.nexus->it = &it;
    nexus_free(other);
    other = f.nexus; /* through group 2, for run() */
    call_init(&c, &f, TUR);
    alua_groups_changed(f.nexus);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_PORT_STATE_CHANGED);
    call_run(&c, &f, NULL, 0);
    assert_outcome(&c, "2/04/0b");
    /* The way back stays open. */
    set(&c, &f, SET("08"), "\0\0\0\0\0\0\0\2", 8);
    assert_outcome(&c, "GOOD");
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

static const struct {
    enum port_state state;
    unsigned verdict;
} verdicts[] = {
    {PORT_OPTIMIZED, 0},
    {PORT_NON_OPTIMIZED, 0},
    {PORT_STANDBY, VERDICT_STANDBY},
    {PORT_UNAVAILABLE, VERDICT_UNAVAILABLE},
    {PORT_TRANSITION, VERDICT_TRANSITION},
};

START_TEST(what_the_configuration_says_holds_for_new_and_old_nexuses)
{
    struct nexus *other, *late;
    struct it_nexus it;
    struct fixture f;

    open_groups(&f, &it, &other);
    groups[1].state = verdicts[_i].state;
    late = nexus_new(f.lun, &it, false, NULL);
    ck_assert_uint_eq(atomic_load(&late->verdict), verdicts[_i].verdict | VERDICT_RESET);
    alua_groups_changed(other);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_PORT_STATE_CHANGED);
    ck_assert_uint_eq(atomic_load(&other->verdict), verdicts[_i].verdict);
    ck_assert_uint_eq(atomic_load(&f.nexus->verdict), 0);
    nexus_free(late);
    close_groups(&f, other);
}
END_TEST

START_TEST(the_operators_word_is_the_last)
{
    const struct port_override changes[] = {
        {.tag = 2, .state = PORT_UNAVAILABLE, .configured = PORT_NON_OPTIMIZED}};
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;

    open_groups(&f, &it, &other);
    ck_assert_int_eq(alua_set(f.nexus, changes, 1), 0);
    ck_assert_int_eq(alua_state(f.lun, &groups[1]), PORT_UNAVAILABLE);
    ck_assert(alua_is_overridden(f.lun, &groups[1]));
    groups[1].state = PORT_OPTIMIZED;
    alua_groups_changed(other);
    ck_assert_int_eq(alua_state(f.lun, &groups[1]), PORT_OPTIMIZED);
    ck_assert(!alua_is_overridden(f.lun, &groups[1]));
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_PORT_STATE_CHANGED);
    ck_assert_uint_eq(atomic_load(&other->verdict), 0);
    close_groups(&f, other);
}
END_TEST

START_TEST(no_state_is_set_through_a_port_in_transition)
{
    struct nexus *other;
    struct it_nexus it;
    struct fixture f;
    struct call c;

    open_groups(&f, &it, &other);
    groups[0].state = PORT_TRANSITION;
    alua_groups_changed(f.nexus);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_PORT_STATE_CHANGED);
    set(&c, &f, SET("08"), "\0\0\0\0\0\0\0\1", 8);
    assert_outcome(&c, "2/04/0a");
    run(&c, &f, REPORT);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in->data[4], PORT_TRANSITION);
    call_end(&c);
    close_groups(&f, other);
}
END_TEST

TCase *
alua_cases(void)
{
    TCase *t = tcase_create("alua");

    tcase_add_loop_test(t, each_group_is_reported_with_its_state, 0, ROWS(reports));
    tcase_add_loop_test(t, a_list_that_is_wrong_anywhere_changes_nothing, 0, ROWS(bad_sets));
    tcase_add_test(t, lists_that_name_no_group_are_no_error);
    tcase_add_test(t, a_state_that_is_set_holds_for_all_and_all_others_are_told);
    tcase_add_loop_test(t, what_the_configuration_says_holds_for_new_and_old_nexuses, 0,
                        ROWS(verdicts));
    tcase_add_test(t, the_operators_word_is_the_last);
    tcase_add_test(t, no_state_is_set_through_a_port_in_transition);
    return t;
}
