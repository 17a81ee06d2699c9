/* test_causer.c: commands that others have to hear of: B and C do, A who sent it does not.
 * Resets are told to everybody: test_lun.c, test_medium.c. */
#include <stdio.h>
#include <string.h>

#include "initiators.h"
#include "rows.h"
#include "suites.h"

enum { STEPS = 6 };

struct step {
    char who; /* 0: there are no more */
    const char *cdb;
    uint8_t list[40];
};

/* clang-format off */
/* PERSISTENT RESERVE OUT with two keys of one digit. */
#define PR(who, action, type, key, other) \
    {who, "5f " action " " type " 0000 00000018 00", {[7] = key, [15] = other}}
#define REGISTER(who, key)      PR(who, "00", "00", 0, key)
#define RESERVE(who, type, key) PR(who, "01", type, key, 0)
#define A_HAS(type)             REGISTER('A', 1), REGISTER('B', 2), RESERVE('A', type, 1)
#define A_B_AND_C               REGISTER('A', 1), REGISTER('B', 2), REGISTER('C', 3)
#define B_HAS(type)             A_B_AND_C, RESERVE('B', type, 2)

#define SELECT_6(sp, length, ...) \
    {'A', "15 1" sp " 00 00 " length " 00", {0, 0, 0, 0, __VA_ARGS__}}
#define SELECT_10(length, ...) \
    {'A', "55 10 00 00 00 00 00 00 " length " 00", {0, 0, 0, 0, 0, 0, 0, 0, __VA_ARGS__}}
#define CACHING(wce)     0x08, 18, wce
#define CONTROL(d, s, t) 0x0a, 10, 0x20 | (d), 0x10, s, t

#define EJECT {'A', "1b 00 00 00 02 00", {0}}
#define LOAD  {'A', "1b 00 00 00 03 00", {0}}

#define MODE_CHANGED            "6/2a/01 "
#define RESERVATIONS_PREEMPTED  "6/2a/03 "
#define RESERVATIONS_RELEASED   "6/2a/04 "
#define REGISTRATIONS_PREEMPTED "6/2a/05 "
#define PORT_STATE_CHANGED      "6/2a/06 "
#define MEDIUM_CHANGED          "6/28/00 "

/* The last step is the cause. */
static const struct {
    const char *to_b, *to_c;
    struct step steps[STEPS];
} causes[] = {
    /* SPC-4 section 6.11: every changeable bit of every page */
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "10", 0x01, 10, 0, 0, 0, 0, 0, 0x80)}}, /* LBPERE */
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "18", CACHING(0))}},
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "10", CONTROL(4, 0, 0))}},
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "10", CONTROL(0, 8, 0))}},
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "10", CONTROL(0, 0, 0x40))}},
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("1", "10", CONTROL(0, 8, 0))}}, /* SP */
    {MODE_CHANGED, MODE_CHANGED, {SELECT_10("14", CONTROL(4, 8, 0x40))}},
    {MODE_CHANGED, MODE_CHANGED, {SELECT_6("0", "24", CACHING(0), [24] = CONTROL(0, 8, 0))}},
    {"", "", {SELECT_6("0", "18", CACHING(4))}}, /* as it was */
    {"", "", {SELECT_6("1", "18", CACHING(4))}},
    /* SPC-4 section 5.13.11: only registrants are told */
    {"", "", {REGISTER('A', 1)}},
    {"", "", {REGISTER('B', 2), REGISTER('A', 1)}},
    {"", "", {A_HAS("05")}},
    {"", "", {A_HAS("01"), PR('A', "02", "01", 1, 0)}}, /* RELEASE of a type for one alone */
    {"", "", {A_HAS("03"), PR('A', "02", "03", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("05"), PR('A', "02", "05", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("06"), PR('A', "02", "06", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("07"), PR('A', "02", "07", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("08"), PR('A', "02", "08", 1, 0)}},
    {RESERVATIONS_RELEASED, RESERVATIONS_RELEASED,
     {A_HAS("05"), REGISTER('C', 3), PR('A', "02", "05", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("05"), PR('A', "00", "00", 1, 0)}}, /* unregisters */
    {RESERVATIONS_RELEASED, "", {A_HAS("06"), PR('A', "00", "00", 1, 0)}},
    {RESERVATIONS_RELEASED, "", {A_HAS("05"), PR('A', "06", "00", 0, 0)}}, /* … whatever the key */
    {"", "", {A_HAS("01"), PR('A', "00", "00", 1, 0)}},
    {"", "", {A_HAS("07"), PR('A', "00", "00", 1, 0)}}, /* B goes on to have it */
    {"", "", {A_HAS("05"), PR('A', "00", "00", 1, 9)}}, /* another key */
    {"", "", {A_HAS("05"), PR('A', "06", "00", 0, 9)}},
    {RESERVATIONS_PREEMPTED, "", {A_HAS("05"), PR('A', "03", "00", 1, 0)}}, /* CLEAR */
    {RESERVATIONS_PREEMPTED, RESERVATIONS_PREEMPTED, {A_B_AND_C, PR('A', "03", "00", 1, 0)}},
    {REGISTRATIONS_PREEMPTED, "", {A_B_AND_C, PR('A', "04", "00", 1, 2)}}, /* PREEMPT: no holder */
    {REGISTRATIONS_PREEMPTED, "", {A_B_AND_C, PR('A', "05", "00", 1, 2)}},
    {REGISTRATIONS_PREEMPTED, "", {B_HAS("05"), PR('A', "04", "05", 1, 2)}},
    {REGISTRATIONS_PREEMPTED, "", {B_HAS("05"), PR('A', "05", "05", 1, 2)}},
    {"", REGISTRATIONS_PREEMPTED, {B_HAS("05"), PR('A', "04", "05", 1, 3)}},
    {REGISTRATIONS_PREEMPTED, RESERVATIONS_RELEASED, {B_HAS("05"), PR('A', "04", "06", 1, 2)}},
    {REGISTRATIONS_PREEMPTED, RESERVATIONS_RELEASED, {B_HAS("05"), PR('A', "05", "06", 1, 2)}},
    {REGISTRATIONS_PREEMPTED, REGISTRATIONS_PREEMPTED, {B_HAS("07"), PR('A', "04", "07", 1, 0)}},
    {REGISTRATIONS_PREEMPTED, REGISTRATIONS_PREEMPTED, {B_HAS("08"), PR('A', "05", "08", 1, 0)}},
    {"", "", {A_HAS("05"), PR('A', "04", "05", 1, 1)}}, /* preempts nobody but its own */
    {"", "", {{'A', "16 00 00 00 00 00", {0}}, {'A', "17 00 00 00 00 00", {0}}}}, /* RESERVE(6) */
    /* SPC-4 section 6.45 */
    {PORT_STATE_CHANGED, PORT_STATE_CHANGED,
     {{'A', "a4 0a 0000 0000 00000008 00 00", {[4] = PORT_NON_OPTIMIZED, [7] = 1}}}},
    /* SBC-3 section 5.25 */
    {MEDIUM_CHANGED, MEDIUM_CHANGED, {EJECT, LOAD}},
    {MEDIUM_CHANGED, MEDIUM_CHANGED, {EJECT, LOAD, LOAD}},
    {"", "", {LOAD}},
    {"", "", {{'A', "1b 00 00 00 00 00", {0}}, {'A', "1b 00 00 00 01 00", {0}}}},
    /* SBC-3 section 5.24: what it has destroyed is not said by any attention */
    {"", "", {{'A', "48 02 0000000000 0000 00", {0}}}},
};
/* clang-format on */

/* Whatever is pending, in the order in which it is told. */
static const char *
heard(struct initiators *all, char who)
{
    static char text[128];
    const char *outcome;

    text[0] = '\0';
    while (strncmp(outcome = ask(all, who, TUR), "6/", 2) == 0) {
        ck_assert_uint_lt(strlen(text) + 16, sizeof text);
        strcat(strcat(text, outcome), " ");
    }
    assert_good(outcome);
    return text;
}

static void
save_at_once(struct lun_save *save)
{
    save->error = 0;
    save->done(save);
}

static void
open_with_everything(struct initiators *all)
{
    initiators_open(all);
    lun_set_modes(all->f.lun, LUN_REMOVABLE, LUN_REMOVABLE);
    all->f.lun->save = save_at_once;
}

START_TEST(all_but_who_caused_it_are_told)
{
    const struct step *step = causes[_i].steps;
    struct initiators all;
    struct call c;

    open_with_everything(&all);
    for (int n = 0; n < STEPS && step[n].who != 0; n++) {
        assert_good(
            ask_with(&all, step[n].who, step[n].cdb, step[n].list, sizeof step[n].list, &c));
        call_end(&c);
    }
    assert_is(heard(&all, 'B'), causes[_i].to_b);
    assert_is(heard(&all, 'C'), causes[_i].to_c);
    assert_is(heard(&all, 'A'), "");
    initiators_close(&all);
}
END_TEST

/* Those of the causes above. PERSISTENT RESERVE OUT is among the others, too: what makes no
 * difference is not told. */
static bool
is_cause(const struct scsi_command *row)
{
    static const uint8_t opcodes[] = {0x15, 0x1b, 0x55, 0xa4};

    return memchr(opcodes, row->usage[0], sizeof opcodes) != NULL;
}

START_TEST(no_other_command_is_told_to_anybody)
{
    static const uint8_t zeroes[2 * BLOCK];
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows);
    struct initiators all;
    struct call c;

    open_with_everything(&all);
    for (size_t i = 0; i < n; i++) {
        if (is_cause(rows[i]))
            continue;
        call_init(&c, &all.f, TUR);
        c.cmd.it_nexus = &initiator(&all, 'A')->it;
        c.cmd.nexus = initiator(&all, 'A')->nexus;
        make_cdb(rows[i], 0, c.cmd.cdb);
        call_run(&c, &all.f, zeroes, sizeof zeroes);
        call_end(&c);
        for (char who = 'A'; who <= 'C'; who++)
            ck_assert_msg(initiator(&all, who)->nexus->attentions == 0, "%c hears of %s", who,
                          rows[i]->name);
    }
    initiators_close(&all);
}
END_TEST

TCase *
causer_cases(void)
{
    TCase *t = tcase_create("causer");

    tcase_add_loop_test(t, all_but_who_caused_it_are_told, 0,
                        (int)(sizeof causes / sizeof causes[0]));
    tcase_add_test(t, no_other_command_is_told_to_anybody);
    return t;
}
