/* test_redirect.c: logins that are sent elsewhere. RFC 7143 section 11.13.5. */
#include <stdio.h>
#include <string.h>

#include "dialogue.h"
#include "iscsi/login.h"
#include "small_catalog.h"
#include "suites.h"

#define TO_OPEN      I_AM "TargetName=" NAME "open;"
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* First requests to what has moved. */
static const struct {
    int byte1;
    const char *text;
    enum login_status status;
    const char *answer;
} moves[] = {
    {T | STAGES(0, 1), I_AM "TargetName=" NAME "gone;AuthMethod=None;", LOGIN_MOVED_PERMANENTLY,
     "TargetAddress=[2001:db8::7]:3261;"},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "gone;MaxBurstLength=512;",
     LOGIN_MOVED_PERMANENTLY, "TargetAddress=[2001:db8::7]:3261;"},
    /* Nothing need be proved here: that is for where it is now. */
    {T | STAGES(0, 1), I_AM "TargetName=" NAME "locked;AuthMethod=CHAP;",
     LOGIN_MOVED_TEMPORARILY, "TargetAddress=192.0.2.7:860;"},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "locked;", LOGIN_MOVED_TEMPORARILY,
     "TargetAddress=192.0.2.7:860;"},
    /* The portal group's where the target says nothing. */
    {T | STAGES(1, 3), TO_OPEN, LOGIN_MOVED_TEMPORARILY, "TargetAddress=storage.example:3260;"},
    {T | STAGES(1, 3), "InitiatorName=" NAME "friend;TargetName=" NAME "private;",
     LOGIN_MOVED_PERMANENTLY, "TargetAddress=[2001:db8::7]:3261;"},
    /* Who may not log in is not told either. */
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "private;", LOGIN_FORBIDDEN, ""},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "off;", LOGIN_SERVICE_UNAVAILABLE, ""},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "still;", LOGIN_TARGET_NOT_FOUND, ""},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "unknown;", LOGIN_TARGET_NOT_FOUND, ""},
};

START_TEST(who_may_log_in_is_told_where_the_target_is_now)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog_moved(), moves[_i].byte1, moves[_i].text),
                     LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, moves[_i].status);
    ck_assert_str_eq(answered(d), moves[_i].answer);
    ck_assert(!d->answer.transit);
    ck_assert_uint_eq(d->answer.task_tag, 0x12345678);
    ck_assert_ptr_nonnull(d->login.problem);
    ck_assert_str_ne(login_status_name(moves[_i].status), "unknown");
    dialogue_free(d);
}
END_TEST

/* To "gone", which is at [2001:db8::7]:3261, and "locked", which is at 192.0.2.7:860. */
static const struct {
    const char *local, *target;
    bool stays;
} arrivals[] = {
    {"[2001:db8::7]:3261", "gone", true},
    {"[2001:db8::7]:3260", "gone", false},
    {"[2001:db8::7]:32610", "gone", false},
    {"[2001:db8::70]:3261", "gone", false},
    {"192.0.2.7:3261", "gone", false},
    {"192.0.2.7:860", "locked", true},
    {"192.0.2.7:86", "locked", false},
    {"192.0.2.77:860", "locked", false},
    {"storage.example:3260", "open", false}, /* a name may stand for several */
    {"", "gone", false},
};

START_TEST(who_has_come_where_the_target_is_now_stays)
{
    struct dialogue *d = dialogue_new();
    char keys[200];

    d->login.local = arrivals[_i].local;
    snprintf(keys, sizeof keys, I_AM "TargetName=" NAME "%s;", arrivals[_i].target);
    say(d, small_catalog_moved(), T | STAGES(1, 3), keys);
    ck_assert(login_is_redirected(d->answer.status) != arrivals[_i].stays);
    dialogue_free(d);
}
END_TEST

START_TEST(discovery_and_a_login_that_has_begun_are_not_sent_away)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog_moved(), T | STAGES(1, 3),
                         I_AM "SessionType=Discovery;TargetName=" NAME "gone;"),
                     LOGIN_READY);
    dialogue_free(d);
    d = dialogue_new();
    ck_assert_int_eq(say(d, small_catalog(), STAGES(1, 0), TO_OPEN), LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog_moved(), T | STAGES(1, 3), ""), LOGIN_READY);
    dialogue_free(d);
}
END_TEST

START_TEST(a_second_connection_is_refused_before_it_is_sent_away)
{
    struct dialogue *d = dialogue_new();

    d->request.tsih = 7;
    ck_assert_int_eq(say(d, small_catalog_moved(), T | STAGES(1, 3), TO_OPEN), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_TOO_MANY_CONNECTIONS);
    ck_assert_uint_eq(d->response.length, 0);
    dialogue_free(d);
}
END_TEST

TCase *
redirect_cases(void)
{
    TCase *c = tcase_create("redirect");

    tcase_add_loop_test(c, who_may_log_in_is_told_where_the_target_is_now, 0,
                        sizeof moves / sizeof moves[0]);
    tcase_add_loop_test(c, who_has_come_where_the_target_is_now_stays, 0, COUNT(arrivals));
    tcase_add_test(c, discovery_and_a_login_that_has_begun_are_not_sent_away);
    tcase_add_test(c, a_second_connection_is_refused_before_it_is_sent_away);
    return c;
}
