/* test_login_auth.c: AuthMethod and CHAP in a login, said right and wrong. */
#include "iscsi/login_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/credentials.h"
#include "dialogue.h"
#include "iscsi/text.h"
#include "lists.h"
#include "small_catalog.h"
#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define OPEN         I_AM "TargetName=" NAME "open;"
#define BOTH_WAYS    I_AM "TargetName=" NAME "both-ways;"
#define DISCOVERY    I_AM "SessionType=Discovery;"

/* The challenge in the last response. */
static struct chap_challenge
challenged(const struct dialogue *d)
{
    char *copy = strdup(answered(d)), bytes[4096];
    struct chap_challenge c = {0};
    struct text_list list;
    uint64_t number;
    size_t length;

    list_parse(copy, bytes, &list);
    free(copy);
    ck_assert_int_eq(text_number(text_value(&list, "CHAP_A"), &number), 0);
    c.algorithm = (uint8_t)number;
    ck_assert_int_eq(text_number(text_value(&list, "CHAP_I"), &number), 0);
    ck_assert_uint_le(number, 255);
    c.identifier = (uint8_t)number;
    ck_assert_int_eq(text_binary(text_value(&list, "CHAP_C"), c.bytes, sizeof c.bytes, &length),
                     0);
    c.length = (uint16_t)length;
    ck_assert_uint_eq(list.count, 3);
    return c;
}

/* "0x…" of the response to C. */
static const char *
response_text(const struct chap_challenge *c, const char *secret)
{
    static char text[2 + 2 * CHAP_RESPONSE_MAX + 1];
    struct chap_response r;

    ck_assert_int_eq(chap_respond(c, secret, &r), 0);
    strcpy(text, "0x");
    for (size_t i = 0; i < r.length; i++)
        sprintf(text + 2 + 2 * i, "%02x", r.bytes[i]);
    return text;
}

/* The keys of a right response to C, with MORE behind them. */
static const char *
right(const struct chap_challenge *c, const char *more)
{
    static char text[4000];

    snprintf(text, sizeof text, "CHAP_N=" SMALL_USER ";CHAP_R=%s;%s",
             response_text(c, SMALL_SECRET), more);
    return text;
}

/* Up to the challenge: names and AuthMethod in FIRST, then CHAP_A. */
static struct chap_challenge
begin(struct dialogue *d, const char *first, const char *algorithms)
{
    char text[64];

    ck_assert_int_eq(say(d, small_catalog_locked(), STAGES(0, 0), first), LOGIN_CONTINUE);
    ck_assert_ptr_nonnull(strstr(answered(d), "AuthMethod=CHAP;"));
    snprintf(text, sizeof text, "CHAP_A=%s;", algorithms);
    ck_assert_int_eq(say(d, small_catalog_locked(), STAGES(0, 0), text), LOGIN_CONTINUE);
    return challenged(d);
}

static void
assert_refused(struct dialogue *d, enum login_status status)
{
    ck_assert_int_eq(d->verdict, LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, status);
    ck_assert_uint_eq(d->response.length, 0);
    ck_assert_ptr_nonnull(d->login.problem);
}

static const struct {
    const char *first, *algorithms;
    uint8_t algorithm;
    uint16_t length;
} proofs[] = {
    {OPEN "AuthMethod=CHAP,None;", "5", 5, 16},
    {OPEN "AuthMethod=None,CHAP;", "6,5", 6, 20},
    {OPEN "AuthMethod=CHAP;", "7", 7, 32},
    {OPEN "AuthMethod=KRB5,CHAP;", "8", 8, 32},
    {BOTH_WAYS "AuthMethod=CHAP;", "5,6,7,8", 7, 32},
    {DISCOVERY "AuthMethod=CHAP;", "5", 5, 16},
};

START_TEST(who_knows_the_secret_comes_in)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, proofs[_i].first, proofs[_i].algorithms);

    ck_assert_uint_eq(c.algorithm, proofs[_i].algorithm);
    ck_assert_uint_eq(c.length, proofs[_i].length);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 1), right(&c, "")),
                     LOGIN_CONTINUE);
    ck_assert(d->answer.transit);
    ck_assert_uint_eq(d->response.length, 0);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(1, 3), ""), LOGIN_READY);
    ck_assert(login_is_authenticated(&d->login, small_catalog_locked()));
    ck_assert_str_eq(login_auth_name(&d->login.auth), "chap");
    dialogue_free(d);
}
END_TEST

START_TEST(the_stage_is_left_only_when_all_is_proved)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c;

    /* T at every step, as some initiators have it. */
    ck_assert_int_eq(
        say(d, small_catalog_locked(), T | STAGES(0, 3), OPEN "AuthMethod=CHAP,None;"),
        LOGIN_CONTINUE);
    ck_assert(!d->answer.transit);
    ck_assert_uint_eq(d->answer.next_stage, 0);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 3), "CHAP_A=7;"),
                     LOGIN_CONTINUE);
    ck_assert(!d->answer.transit);
    c = challenged(d);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 3), right(&c, "")),
                     LOGIN_READY);
    dialogue_free(d);
}
END_TEST

START_TEST(names_and_transit_may_come_in_requests_of_their_own)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c;

    ck_assert_int_eq(say(d, small_catalog_locked(), STAGES(0, 0), OPEN), LOGIN_CONTINUE);
    c = begin(d, "AuthMethod=CHAP;", "7");
    ck_assert_int_eq(say(d, small_catalog_locked(), STAGES(0, 0), right(&c, "")),
                     LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog_locked(), STAGES(0, 0), ""), LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 1), ""), LOGIN_CONTINUE);
    ck_assert(d->answer.transit);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(1, 3), ""), LOGIN_READY);
    dialogue_free(d);
}
END_TEST

/* Challenges of the initiator, and how they are written. */
static const struct {
    const char *identifier, *bytes;
    size_t length;
} their_challenges[] = {
    {"0", "0x000102030405060708090a0b0c0d0e0f", 16},
    {"255", "0XFF", 1},
    {"7", "0x123", 2}, /* 01h, 23h */
    {"0x11", "0bZm9vYmFy", 6},
};

START_TEST(the_target_proves_itself_if_asked)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, BOTH_WAYS "AuthMethod=CHAP;", "8"), theirs;
    char more[128], expected[256];
    uint64_t identifier;
    size_t length;

    theirs.algorithm = 8;
    ck_assert_int_eq(text_number(their_challenges[_i].identifier, &identifier), 0);
    theirs.identifier = (uint8_t)identifier;
    ck_assert_int_eq(text_binary(their_challenges[_i].bytes, theirs.bytes, 1024, &length), 0);
    ck_assert_uint_eq(length, their_challenges[_i].length);
    theirs.length = (uint16_t)length;
    snprintf(more, sizeof more, "CHAP_I=%s;CHAP_C=%s;", their_challenges[_i].identifier,
             their_challenges[_i].bytes);
    ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 1), right(&c, more)),
                     LOGIN_CONTINUE);
    snprintf(expected, sizeof expected, "CHAP_N=" SMALL_MUTUAL_USER ";CHAP_R=%s;",
             response_text(&theirs, SMALL_MUTUAL_SECRET));
    ck_assert_str_eq(answered(d), expected);
    ck_assert(d->answer.transit);
    ck_assert_str_eq(login_auth_name(&d->login.auth), "mutual_chap");
    dialogue_free(d);
}
END_TEST

START_TEST(a_challenge_of_1024_bytes_is_answered_and_a_longer_one_refused)
{
    for (size_t n = 1024; n <= 1025; n++) {
        struct dialogue *d = dialogue_new();
        struct chap_challenge c = begin(d, BOTH_WAYS "AuthMethod=CHAP;", "7");
        char more[2200] = "CHAP_I=1;CHAP_C=0x";

        memset(more + strlen(more), 'a', 2 * n);
        strcat(more, ";");
        say(d, small_catalog_locked(), T | STAGES(0, 1), right(&c, more));
        if (n == 1024)
            ck_assert_int_eq(d->verdict, LOGIN_CONTINUE);
        else
            assert_refused(d, LOGIN_INITIATOR_ERROR);
        dialogue_free(d);
    }
}
END_TEST

START_TEST(a_reflected_challenge_is_refused)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, BOTH_WAYS "AuthMethod=CHAP;", "7");
    char more[128] = "CHAP_I=1;CHAP_C=0X"; /* whatever its identifier, however written */

    for (size_t i = 0; i < c.length; i++)
        sprintf(more + strlen(more), "%02X", c.bytes[i]);
    strcat(more, ";");
    say(d, small_catalog_locked(), T | STAGES(0, 1), right(&c, more));
    assert_refused(d, LOGIN_AUTHENTICATION_FAILED);
    dialogue_free(d);
}
END_TEST

START_TEST(a_target_without_a_secret_of_its_own_refuses_to_prove_itself)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, OPEN "AuthMethod=CHAP;", "7");

    say(d, small_catalog_locked(), T | STAGES(0, 1), right(&c, "CHAP_I=1;CHAP_C=0x0123;"));
    assert_refused(d, LOGIN_AUTHENTICATION_FAILED);
    dialogue_free(d);
}
END_TEST

/* First requests where CHAP is demanded. */
static const struct {
    int byte1;
    const char *text;
    enum login_status status;
} first_refusals[] = {
    {T | STAGES(0, 1), OPEN "AuthMethod=None;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), OPEN "AuthMethod=None;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), OPEN "AuthMethod=;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), OPEN "AuthMethod=chap;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), OPEN "AuthMethod=CHAPX,KRB5;", LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(0, 1), OPEN, LOGIN_AUTHENTICATION_FAILED}, /* says nothing of it */
    {T | STAGES(0, 3), OPEN, LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(1, 3), OPEN, LOGIN_AUTHENTICATION_FAILED}, /* skips the stage */
    {STAGES(1, 0), OPEN, LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(1, 3), OPEN "AuthMethod=CHAP;", LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(1, 3), DISCOVERY, LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(0, 3), DISCOVERY "AuthMethod=None;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), OPEN "AuthMethod=CHAP;CHAP_A=5;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), OPEN "CHAP_A=5;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), OPEN "CHAP_N=user;CHAP_R=0x00;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), OPEN "CHAP_A=5;", LOGIN_AUTHENTICATION_FAILED},
};

START_TEST(nobody_gets_around_CHAP)
{
    struct dialogue *d = dialogue_new();

    say(d, small_catalog_locked(), first_refusals[_i].byte1, first_refusals[_i].text);
    assert_refused(d, first_refusals[_i].status);
    dialogue_free(d);
}
END_TEST

/* Second requests, when an algorithm is due. */
static const struct {
    int byte1;
    const char *text;
    enum login_status status;
} second_refusals[] = {
    {STAGES(0, 0), "CHAP_A=4;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), "CHAP_A=;", LOGIN_AUTHENTICATION_FAILED},
    {STAGES(0, 0), "CHAP_A=5,6;", LOGIN_AUTHENTICATION_FAILED}, /* not for this target */
    {STAGES(0, 0), "", LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 1), "", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "AuthMethod=CHAP;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "AuthMethod=None;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "AuthMethod=None;CHAP_A=7;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "CHAP_N=user;CHAP_R=0x00;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "CHAP_A=7;CHAP_N=user;CHAP_R=0x00;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "CHAP_A=7;CHAP_I=1;CHAP_C=0x00;", LOGIN_INITIATOR_ERROR},
    {STAGES(0, 0), "CHAP_A=7;MaxBurstLength=512;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), "", LOGIN_INITIATOR_ERROR}, /* a stage that was not agreed on */
};

START_TEST(the_algorithm_comes_in_its_turn)
{
    struct dialogue *d = dialogue_new();

    say(d, small_catalog_locked(), STAGES(0, 0), BOTH_WAYS "AuthMethod=CHAP;");
    say(d, small_catalog_locked(), second_refusals[_i].byte1, second_refusals[_i].text);
    assert_refused(d, second_refusals[_i].status);
    dialogue_free(d);
}
END_TEST

/* Third requests, when a response is due; %s is the right one. */
static const struct {
    const char *format;
    enum login_status status;
} third_refusals[] = {
    {"CHAP_N=other;CHAP_R=%s;", LOGIN_AUTHENTICATION_FAILED},
    {"CHAP_N=;CHAP_R=%s;", LOGIN_AUTHENTICATION_FAILED},
    {"CHAP_N=user;CHAP_R=%s00;", LOGIN_AUTHENTICATION_FAILED},
    {"CHAP_N=user;CHAP_R=%.64s;", LOGIN_AUTHENTICATION_FAILED}, /* a byte short */
    {"CHAP_N=user;CHAP_R=0x00;", LOGIN_AUTHENTICATION_FAILED},
    {"CHAP_N=user;CHAP_R=%.65s;", LOGIN_AUTHENTICATION_FAILED}, /* a digit short */
    {"CHAP_N=user;CHAP_R=;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=0x;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=text;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=0b%s;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;", LOGIN_INITIATOR_ERROR},
    {"CHAP_R=%s;", LOGIN_INITIATOR_ERROR},
    {"", LOGIN_INITIATOR_ERROR},
    {"CHAP_A=5;", LOGIN_INITIATOR_ERROR}, /* another try */
    {"CHAP_A=7;CHAP_N=user;CHAP_R=%s;", LOGIN_INITIATOR_ERROR},
    {"AuthMethod=None;", LOGIN_INITIATOR_ERROR},
    {"AuthMethod=None;CHAP_N=user;CHAP_R=%s;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=0x00;CHAP_R=%s;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=1;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_C=0x01;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=256;CHAP_C=0x01;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=-1;CHAP_C=0x01;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=1;CHAP_C=;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=1;CHAP_C=0x;", LOGIN_INITIATOR_ERROR},
    {"CHAP_N=user;CHAP_R=%s;CHAP_I=1;CHAP_C=0x01g;", LOGIN_INITIATOR_ERROR},
};

START_TEST(the_response_comes_in_its_turn_and_is_right)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, BOTH_WAYS "AuthMethod=CHAP;", "7");
    char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, third_refusals[_i].format, response_text(&c, SMALL_SECRET));
#pragma GCC diagnostic pop
    say(d, small_catalog_locked(), T | STAGES(0, 1), text);
    assert_refused(d, third_refusals[_i].status);
    dialogue_free(d);
}
END_TEST

START_TEST(the_wrong_secret_is_refused_as_the_wrong_user_is)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, OPEN "AuthMethod=CHAP;", "7");
    struct login_response user;
    const char *problem;
    char text[256];

    snprintf(text, sizeof text, "CHAP_N=nobody;CHAP_R=%s;", response_text(&c, SMALL_SECRET));
    say(d, small_catalog_locked(), T | STAGES(0, 1), text);
    user = d->response;
    problem = d->login.problem;
    dialogue_free(d);

    d = dialogue_new();
    c = begin(d, OPEN "AuthMethod=CHAP;", "7");
    snprintf(text, sizeof text, "CHAP_N=" SMALL_USER ";CHAP_R=%s;",
             response_text(&c, "not the secret"));
    say(d, small_catalog_locked(), T | STAGES(0, 1), text);
    assert_refused(d, LOGIN_AUTHENTICATION_FAILED);
    ck_assert_mem_eq(user.header, d->response.header, sizeof user.header);
    ck_assert_ptr_eq(problem, d->login.problem);
    dialogue_free(d);
}
END_TEST

START_TEST(a_response_cut_at_any_byte_is_refused)
{
    for (size_t cut = 0;; cut++) {
        struct dialogue *d = dialogue_new();
        struct chap_challenge c = begin(d, BOTH_WAYS "AuthMethod=CHAP;", "7");
        char *text = strdup(right(&c, "CHAP_I=1;CHAP_C=0bZm9vYmFy;"));
        size_t n = strlen(text);
        bool is_one_way;
        if (cut < n) {
            text[cut] = '\0';
            is_one_way = strcmp(text, right(&c, "")) == 0;
            ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 1), text),
                             is_one_way ? LOGIN_CONTINUE : LOGIN_REFUSED);
        }
        free(text);
        dialogue_free(d);
        if (cut >= n)
            break;
    }
}
END_TEST

START_TEST(a_response_may_come_in_two_requests_cut_anywhere)
{
    size_t n = 1;

    for (size_t cut = 0; cut < n; cut++) {
        struct dialogue *d = dialogue_new();
        struct chap_challenge c = begin(d, OPEN "AuthMethod=CHAP;", "5");
        char *text = strdup(right(&c, "")), *head = strndup(text, cut);
        n = strlen(text);
        ck_assert_int_eq(say(d, small_catalog_locked(), C | STAGES(0, 0), head),
                         LOGIN_CONTINUE);
        ck_assert_int_eq(say(d, small_catalog_locked(), T | STAGES(0, 3), text + cut),
                         LOGIN_READY);
        free(head);
        free(text);
        dialogue_free(d);
    }
}
END_TEST

START_TEST(a_key_of_CHAP_has_no_place_where_none_is_demanded)
{
    static const char *const texts[] = {"CHAP_A=5;", "CHAP_N=user;CHAP_R=0x00;", "CHAP_I=1;",
                                        "CHAP_C=0x00;"};

    for (int i = 0; i < COUNT(texts); i++) {
        for (int stage = STAGE_SECURITY; stage <= STAGE_OPERATIONAL; stage++) {
            struct dialogue *d = dialogue_new();
            say(d, small_catalog(), stage == STAGE_SECURITY ? STAGES(0, 0) : T | STAGES(0, 1),
                OPEN "AuthMethod=CHAP,None;");
            ck_assert_int_eq(d->verdict, LOGIN_CONTINUE);
            ck_assert_ptr_nonnull(strstr(answered(d), "AuthMethod=None;"));
            say(d, small_catalog(), STAGES(stage, 0), texts[i]);
            assert_refused(d, LOGIN_INITIATOR_ERROR);
            dialogue_free(d);
        }
    }
}
END_TEST

/* The configuration changes in the middle of a login, after so many requests of one that would
 * be let in. */
static const struct {
    int after;
    bool gets_locked; /* else: is locked, and opens */
    bool is_let_in;
} changes[] = {
    {1, true, false}, {2, true, false}, {1, false, true}, {2, false, true}, {3, false, true},
};

START_TEST(what_is_demanded_at_the_end_of_a_login_counts)
{
    struct dialogue *d = dialogue_new();
    const struct catalog *now =
        changes[_i].gets_locked ? small_catalog() : small_catalog_locked();
    const struct catalog *later =
        changes[_i].gets_locked ? small_catalog_locked() : small_catalog();
    struct chap_challenge c;
    int sent = 0;

#define NOW (sent++ < changes[_i].after ? now : later)
    say(d, NOW, STAGES(0, 0), OPEN "AuthMethod=CHAP,None;");
    if (changes[_i].gets_locked) {
        say(d, NOW, T | STAGES(0, 1), "");
    } else {
        say(d, NOW, STAGES(0, 0), "CHAP_A=7;");
        c = challenged(d);
        say(d, NOW, T | STAGES(0, 1), right(&c, ""));
    }
    if (d->verdict == LOGIN_CONTINUE)
        say(d, NOW, T | STAGES(1, 3), "");
    if (changes[_i].is_let_in)
        ck_assert_int_eq(d->verdict, LOGIN_READY);
    else
        assert_refused(d, LOGIN_AUTHENTICATION_FAILED);
    dialogue_free(d);
}
END_TEST

START_TEST(a_secret_that_changes_in_the_middle_is_good_for_nothing)
{
    struct dialogue *d = dialogue_new();
    struct chap_challenge c = begin(d, DISCOVERY "AuthMethod=CHAP;", "7");
    struct catalog changed = *small_catalog_locked();

    changed.discovery_auth = chap_credentials_new(SMALL_USER, "another secret", NULL, NULL,
                                                  changed.discovery_auth->algorithms);
    say(d, &changed, STAGES(0, 0), right(&c, ""));
    assert_refused(d, LOGIN_AUTHENTICATION_FAILED);
    dialogue_free(d);
    chap_credentials_unref(changed.discovery_auth);
}
END_TEST

START_TEST(a_session_that_waits_is_asked_again)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(0, 3), OPEN "AuthMethod=None;"),
                     LOGIN_READY);
    ck_assert(login_is_authenticated(&d->login, small_catalog()));
    ck_assert(!login_is_authenticated(&d->login, small_catalog_locked()));
    ck_assert(!login_is_authenticated(&d->login, small_catalog_without_targets()));
    ck_assert_str_eq(login_auth_name(&d->login.auth), "none");
    dialogue_free(d);
}
END_TEST

START_TEST(credentials_are_held_as_long_as_their_login)
{
    struct dialogue *d = dialogue_new();
    struct chap_credentials *c =
        catalog_target(small_catalog_locked(), NAME "open")->acls[0].auth;
    unsigned before = atomic_load(&c->refs);

    begin(d, OPEN "AuthMethod=CHAP;", "7");
    ck_assert_uint_eq(atomic_load(&c->refs), before + 1);
    dialogue_free(d);
    ck_assert_uint_eq(atomic_load(&c->refs), before);
}
END_TEST

TCase *
login_auth_cases(void)
{
    TCase *c = tcase_create("login_auth");

    tcase_add_loop_test(c, who_knows_the_secret_comes_in, 0, COUNT(proofs));
    tcase_add_test(c, the_stage_is_left_only_when_all_is_proved);
    tcase_add_test(c, names_and_transit_may_come_in_requests_of_their_own);
    tcase_add_loop_test(c, the_target_proves_itself_if_asked, 0, COUNT(their_challenges));
    tcase_add_test(c, a_challenge_of_1024_bytes_is_answered_and_a_longer_one_refused);
    tcase_add_test(c, a_reflected_challenge_is_refused);
    tcase_add_test(c, a_target_without_a_secret_of_its_own_refuses_to_prove_itself);
    tcase_add_loop_test(c, nobody_gets_around_CHAP, 0, COUNT(first_refusals));
    tcase_add_loop_test(c, the_algorithm_comes_in_its_turn, 0, COUNT(second_refusals));
    tcase_add_loop_test(c, the_response_comes_in_its_turn_and_is_right, 0,
                        COUNT(third_refusals));
    tcase_add_test(c, the_wrong_secret_is_refused_as_the_wrong_user_is);
    tcase_add_test(c, a_response_cut_at_any_byte_is_refused);
    tcase_add_test(c, a_response_may_come_in_two_requests_cut_anywhere);
    tcase_add_test(c, a_key_of_CHAP_has_no_place_where_none_is_demanded);
    tcase_add_loop_test(c, what_is_demanded_at_the_end_of_a_login_counts, 0, COUNT(changes));
    tcase_add_test(c, a_secret_that_changes_in_the_middle_is_good_for_nothing);
    tcase_add_test(c, a_session_that_waits_is_asked_again);
    tcase_add_test(c, credentials_are_held_as_long_as_their_login);
    return c;
}
