/* test_login.c: one login, said right and wrong. */
#include "iscsi/login.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "dialogue.h"
#include "small_catalog.h"
#include "suites.h"

#define TO_OPEN  I_AM "TargetName=" NAME "open;"
#define DECLARED "TargetPortalGroupTag=1;TargetAlias=A disk;"
#define LENGTH   "MaxRecvDataSegmentLength=262144;"

START_TEST(a_login_goes_through_all_stages)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(0, 1),
                         TO_OPEN
                         "InitiatorAlias=host;SessionType=Normal;AuthMethod=CHAP,None;"),
                     LOGIN_CONTINUE);
    ck_assert_str_eq(answered(d), DECLARED "AuthMethod=None;");
    ck_assert(d->answer.transit);
    ck_assert_uint_eq(d->answer.current_stage, STAGE_SECURITY);
    ck_assert_uint_eq(d->answer.next_stage, STAGE_OPERATIONAL);
    ck_assert_uint_eq(d->answer.isid, 0x00023d000001);
    ck_assert_uint_eq(d->answer.tsih, 0);
    ck_assert_uint_eq(d->answer.task_tag, 0x12345678);
    ck_assert_uint_eq(d->answer.status, LOGIN_SUCCESS);
    ck_assert_uint_eq(pdu_statsn(d->response.header), 500);
    ck_assert_uint_eq(pdu_exp_cmdsn(d->response.header), 100);

    ck_assert_int_eq(say(d, small_catalog(), STAGES(1, 0), "HeaderDigest=CRC32C,None;"),
                     LOGIN_CONTINUE);
    ck_assert_str_eq(answered(d), LENGTH "HeaderDigest=CRC32C;");
    ck_assert(!d->answer.transit);
    ck_assert_uint_eq(pdu_statsn(d->response.header), 501);

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), "InitialR2T=No;"), LOGIN_READY);
    ck_assert_str_eq(d->login.initiator, NAME "one");
    ck_assert_str_eq(d->login.initiator_alias, "host");
    ck_assert_str_eq(d->login.target->name, NAME "open");
    ck_assert(!d->login.is_discovery);
    ck_assert_uint_eq(d->login.isid, 0x00023d000001);
    ck_assert_uint_eq(d->login.cid, 9);
    ck_assert(d->login.negotiation.params.header_digest);

    login_accept(&d->login, 0x0203, 32, &d->response);
    take_answer(d);
    ck_assert_str_eq(answered(d), "InitialR2T=No;");
    ck_assert(d->answer.transit);
    ck_assert_uint_eq(d->answer.current_stage, STAGE_OPERATIONAL);
    ck_assert_uint_eq(d->answer.next_stage, STAGE_FULL_FEATURE);
    ck_assert_uint_eq(d->answer.tsih, 0x0203);
    ck_assert_uint_eq(pdu_statsn(d->response.header), 502);
    ck_assert_uint_eq(pdu_exp_cmdsn(d->response.header), 100);
    ck_assert_uint_eq(pdu_max_cmdsn(d->response.header), 131);
    ck_assert_uint_eq(d->login.statsn, 503);
    dialogue_free(d);
}
END_TEST

/* Logins of one request that are ready at once. */
static const struct {
    int byte1;
    const char *text, *answer;
    bool is_discovery;
} short_logins[] = {
    {T | STAGES(0, 3), TO_OPEN, DECLARED, false},
    {T | STAGES(1, 3), TO_OPEN, DECLARED LENGTH, false},
    {T | STAGES(1, 3), TO_OPEN "TargetAlias=Mine;TargetAddress=here;",
     DECLARED LENGTH "TargetAddress=Reject;", false},
    {T | STAGES(1, 3), TO_OPEN "MaxRecvDataSegmentLength=65536;MaxConnections=8;",
     DECLARED LENGTH "MaxConnections=1;", false},
    {T | STAGES(1, 3), I_AM "TargetName=IQN.2026-01.EXAMPLE:Open;", DECLARED LENGTH, false},
    {T | STAGES(1, 3), I_AM "SessionType=Discovery;", LENGTH, true},
    {T | STAGES(0, 3), I_AM "SessionType=Discovery;AuthMethod=None;", "AuthMethod=None;", true},
    {T | STAGES(1, 3), I_AM "SessionType=Discovery;MaxBurstLength=512;",
     LENGTH "MaxBurstLength=Irrelevant;", true},
    {T | STAGES(1, 3), I_AM "SessionType=Discovery;TargetName=" NAME "unknown;", LENGTH, true},
    {T | STAGES(1, 3), "InitiatorName=" NAME "friend;TargetName=" NAME "private;",
     "TargetPortalGroupTag=1;" LENGTH, false},
    {T | STAGES(1, 3), "InitiatorName=IQN.2026-01.Example:FRIEND;TargetName=" NAME "private;",
     "TargetPortalGroupTag=1;" LENGTH, false},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "strict;HeaderDigest=CRC32C;DataDigest=CRC32C;",
     "TargetPortalGroupTag=1;" LENGTH "HeaderDigest=CRC32C;DataDigest=CRC32C;", false},
};

START_TEST(stages_may_be_skipped)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), short_logins[_i].byte1, short_logins[_i].text),
                     LOGIN_READY);
    ck_assert(d->login.is_discovery == short_logins[_i].is_discovery);
    ck_assert((d->login.target == NULL) == short_logins[_i].is_discovery);
    login_accept(&d->login, 1, 1, &d->response);
    ck_assert_str_eq(answered(d), short_logins[_i].answer);
    dialogue_free(d);
}
END_TEST

/* First requests that are refused, each with its status. */
static const struct {
    int byte1;
    const char *text;
    enum login_status status;
} refusals[] = {
    /* Names */
    {T | STAGES(1, 3), "TargetName=" NAME "open;", LOGIN_MISSING_PARAMETER},
    {T | STAGES(1, 3), "", LOGIN_MISSING_PARAMETER},
    {T | STAGES(1, 3), I_AM, LOGIN_MISSING_PARAMETER},
    {T | STAGES(1, 3), "InitiatorName=;TargetName=" NAME "open;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), "InitiatorName=a b;TargetName=" NAME "open;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), "InitiatorName=a,i;TargetName=" NAME "open;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), "InitiatorName=a\n;TargetName=" NAME "open;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "unknown;", LOGIN_TARGET_NOT_FOUND},
    {T | STAGES(1, 3), I_AM "TargetName=;", LOGIN_TARGET_NOT_FOUND},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "elsewhere;", LOGIN_TARGET_NOT_FOUND},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "private;", LOGIN_FORBIDDEN},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "off;", LOGIN_SERVICE_UNAVAILABLE},
    {T | STAGES(1, 3), TO_OPEN "SessionType=Boot;", LOGIN_SESSION_TYPE_NOT_SUPPORTED},
    {T | STAGES(1, 3), TO_OPEN "SessionType=;", LOGIN_SESSION_TYPE_NOT_SUPPORTED},
    /* Authentication */
    {T | STAGES(0, 1), TO_OPEN "AuthMethod=CHAP;", LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(0, 1), TO_OPEN "AuthMethod=;", LOGIN_AUTHENTICATION_FAILED},
    {T | STAGES(0, 1), TO_OPEN "AuthMethod=none;", LOGIN_AUTHENTICATION_FAILED},
    /* Stages */
    {T | STAGES(0, 0), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 2), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 0), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 1), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | STAGES(2, 3), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | STAGES(3, 3), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {STAGES(3, 0), TO_OPEN, LOGIN_INITIATOR_ERROR},
    {T | C | STAGES(1, 3), TO_OPEN, LOGIN_INITIATOR_ERROR},
    /* Keys */
    {T | STAGES(0, 1), TO_OPEN "MaxBurstLength=512;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "AuthMethod=None;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "SendTargets=All;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "MaxRecvDataSegmentLength=1;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "MaxBurstLength", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "MaxBurstLength;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), TO_OPEN "MaxBurstLength=512;MaxBurstLength=512;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(1, 3), I_AM "TargetName=" NAME "strict;HeaderDigest=None;",
     LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 3), I_AM "TargetName=" NAME "strict;", LOGIN_INITIATOR_ERROR},
};

START_TEST(a_refusal_says_why)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), refusals[_i].byte1, refusals[_i].text),
                     LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, refusals[_i].status);
    ck_assert_uint_eq(d->login.status, refusals[_i].status);
    ck_assert_ptr_nonnull(d->login.problem);
    ck_assert(!d->answer.transit);
    ck_assert_uint_eq(d->answer.task_tag, 0x12345678);
    ck_assert_uint_eq(d->response.length, 0);
    dialogue_free(d);
}
END_TEST

START_TEST(every_status_has_a_name)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        ck_assert_str_ne(login_status_name(refusals[i].status), "unknown");
    ck_assert_str_eq(login_status_name(LOGIN_OUT_OF_RESOURCES), "out of resources");
    ck_assert_str_eq(login_status_name((enum login_status)0x0999), "unknown");
}
END_TEST

START_TEST(only_version_0_is_spoken)
{
    struct dialogue *d = dialogue_new();

    d->request.version_max = d->request.version_min = 1;
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), TO_OPEN), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_UNSUPPORTED_VERSION);
    ck_assert_uint_eq(d->answer.version_max, 0);
    dialogue_free(d);

    d = dialogue_new();
    d->request.version_max = 2; /* from 0 to 2 */
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), TO_OPEN), LOGIN_READY);
    dialogue_free(d);
}
END_TEST

START_TEST(a_request_that_is_not_immediate_is_refused)
{
    struct dialogue *d = dialogue_new();

    d->request.immediate = false;
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), TO_OPEN), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_INITIATOR_ERROR);
    dialogue_free(d);
}
END_TEST

/* TSIH 7 is a session's, which has connection 5; ours is 9. */
static const struct {
    uint16_t tsih;
    const char *text;
    enum login_status status;
} tsihs[] = {
    {7, TO_OPEN, LOGIN_TOO_MANY_CONNECTIONS},
    {8, TO_OPEN, LOGIN_NO_SUCH_SESSION},
    {7, I_AM "SessionType=Discovery;", LOGIN_TOO_MANY_CONNECTIONS},
    {8, I_AM "SessionType=Discovery;", LOGIN_NO_SUCH_SESSION},
};

START_TEST(a_session_has_one_connection)
{
    struct dialogue *d = dialogue_new();

    d->request.tsih = tsihs[_i].tsih;
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), tsihs[_i].text), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, tsihs[_i].status);
    dialogue_free(d);
}
END_TEST

START_TEST(the_connection_of_a_session_is_reinstated_with_what_was_agreed_for_the_session)
{
    struct dialogue *d = dialogue_new();
    const struct params *p = &d->login.negotiation.params;

    d->request.tsih = 7;
    d->request.cid = 5;
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(0, 1), TO_OPEN), LOGIN_CONTINUE);
    ck_assert_uint_eq(d->answer.tsih, 7);
    ck_assert_int_eq(
        say(d, small_catalog(), T | STAGES(1, 3), "MaxRecvDataSegmentLength=2048;"),
        LOGIN_READY);
    ck_assert(d->login.reinstates);
    ck_assert_uint_eq(p->max_burst_length, 4096);
    ck_assert_uint_eq(p->first_burst_length, 2048);
    ck_assert_uint_eq(p->max_outstanding_r2t, 3);
    ck_assert(!p->initial_r2t && !p->immediate_data);
    ck_assert_uint_eq(p->default_time2wait, 9);
    ck_assert(!p->header_digest); /* the connection's: by default */
    ck_assert_uint_eq(p->max_send_data_segment_length, 2048);
    dialogue_free(d);
}
END_TEST

START_TEST(other_pdus_have_no_place_in_a_login)
{
    struct dialogue *d = dialogue_new();
    uint8_t header[PDU_HEADER_SIZE] = {PDU_SCSI_COMMAND, 0x80};

    put_be32(header + 16, 77);
    d->verdict = login_request(&d->login, small_catalog(), header, NULL, 0, &d->response);
    ck_assert_int_eq(d->verdict, LOGIN_REFUSED);
    take_answer(d);
    ck_assert_uint_eq(d->answer.status, LOGIN_INVALID_REQUEST);
    ck_assert_uint_eq(d->answer.task_tag, 77);
    dialogue_free(d);
}
END_TEST

/* Fields that stay the same throughout a login. */
static void
change_isid(struct pdu_login_request *r)
{
    r->isid++;
}
static void
change_tsih(struct pdu_login_request *r)
{
    r->tsih++;
}
static void
change_cid(struct pdu_login_request *r)
{
    r->cid++;
}
static void
change_task_tag(struct pdu_login_request *r)
{
    r->task_tag++;
}
static void
change_version(struct pdu_login_request *r)
{
    r->version_max++;
}
static void (*const changes[])(struct pdu_login_request *) = {
    change_isid, change_tsih, change_cid, change_task_tag, change_version,
};

START_TEST(requests_of_one_login_belong_together)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(0, 1), TO_OPEN), LOGIN_CONTINUE);
    changes[_i](&d->request);
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), ""), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_INITIATOR_ERROR);
    dialogue_free(d);
}
END_TEST

/* A second request, after one that leads to the operational stage (or stays in security). */
static const struct {
    int first, second;
    const char *text;
    enum login_status status;
} seconds[] = {
    {T | STAGES(0, 1), STAGES(1, 0), TO_OPEN "SessionType=Normal;", LOGIN_SUCCESS}, /* again */
    {T | STAGES(0, 1), STAGES(1, 0), "InitiatorName=" NAME "two;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 1), STAGES(1, 0), "TargetName=" NAME "strict;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 1), STAGES(1, 0), "SessionType=Discovery;", LOGIN_INITIATOR_ERROR},
    {T | STAGES(0, 1), STAGES(0, 0), "", LOGIN_INITIATOR_ERROR}, /* stage has changed */
    {STAGES(0, 1), STAGES(1, 0), "", LOGIN_INITIATOR_ERROR},     /* it has not */
    {STAGES(0, 0), STAGES(0, 0), "AuthMethod=None;", LOGIN_INITIATOR_ERROR}, /* twice */
    {T | STAGES(0, 1), STAGES(1, 0), "MaxBurstLength=512;", LOGIN_SUCCESS},
};

START_TEST(a_second_request_goes_on_where_the_first_ended)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), seconds[_i].first, TO_OPEN "AuthMethod=None;"),
                     LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog(), seconds[_i].second, seconds[_i].text),
                     seconds[_i].status == LOGIN_SUCCESS ? LOGIN_CONTINUE : LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, seconds[_i].status);
    dialogue_free(d);
}
END_TEST

START_TEST(a_target_that_leaves_during_a_login_is_not_found)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(0, 1), TO_OPEN), LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog_without_targets(), T | STAGES(1, 3), ""),
                     LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_TARGET_NOT_FOUND);
    dialogue_free(d);
}
END_TEST

START_TEST(a_list_may_come_in_several_requests)
{
    static const char text[] = TO_OPEN "MaxBurstLength=65536;";
    char head[sizeof text];

    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct dialogue *d = dialogue_new();
        memcpy(head, text, cut);
        head[cut] = '\0';
        ck_assert_int_eq(say(d, small_catalog(), C | STAGES(1, 0), head), LOGIN_CONTINUE);
        ck_assert_uint_eq(d->response.length, 0);
        ck_assert(!d->answer.transit);
        ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), text + cut), LOGIN_READY);
        login_accept(&d->login, 1, 1, &d->response);
        ck_assert_str_eq(answered(d), DECLARED LENGTH "MaxBurstLength=65536;");
        dialogue_free(d);
    }
}
END_TEST

START_TEST(a_list_cut_at_any_byte_is_refused_or_taken_never_more)
{
    static const char text[] = TO_OPEN "MaxBurstLength=65536;";
    char head[sizeof text];

    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct dialogue *d = dialogue_new();
        bool is_whole = cut > 0 && text[cut - 1] == ';' && cut >= sizeof TO_OPEN - 1;
        memcpy(head, text, cut);
        head[cut] = '\0';
        ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), head),
                         is_whole ? LOGIN_READY : LOGIN_REFUSED);
        dialogue_free(d);
    }
}
END_TEST

START_TEST(a_login_takes_a_bounded_number_of_requests)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), STAGES(0, 0), TO_OPEN), LOGIN_CONTINUE);
    for (int i = 1; i < LOGIN_REQUESTS_MAX; i++)
        ck_assert_int_eq(say(d, small_catalog(), STAGES(0, 0), ""), LOGIN_CONTINUE);
    ck_assert_int_eq(say(d, small_catalog(), STAGES(0, 0), ""), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_INITIATOR_ERROR);
    dialogue_free(d);
}
END_TEST

START_TEST(a_list_of_bounded_length_is_collected)
{
    struct dialogue *d = dialogue_new();
    uint8_t header[PDU_HEADER_SIZE];
    static const char much[LOGIN_DATA_MAX];

    pdu_login_request_put(header, &d->request);
    header[1] = C | STAGES(1, 0);
    for (size_t n = 0; n < TEXT_LIST_MAX; n += sizeof much)
        ck_assert_int_eq(
            login_request(&d->login, small_catalog(), header, much, sizeof much, &d->response),
            LOGIN_CONTINUE);
    ck_assert_int_eq(
        login_request(&d->login, small_catalog(), header, much, sizeof much, &d->response),
        LOGIN_REFUSED);
    take_answer(d);
    ck_assert_uint_eq(d->answer.status, LOGIN_INITIATOR_ERROR);
    dialogue_free(d);
}
END_TEST

/* COUNT keys of 62 letters, each of which is answered by "=NotUnderstood". */
static enum login_verdict
say_unknown_keys(struct dialogue *d, int count)
{
    struct text_output keys;
    uint8_t header[PDU_HEADER_SIZE];
    char key[63];

    text_output_init(&keys, TEXT_LIST_MAX);
    for (int i = 0; i < count; i++) {
        memset(key, 'k', 62);
        key[62] = '\0';
        key[0] = (char)('A' + i / 16);
        key[1] = (char)('A' + i % 16);
        text_put(&keys, key, "");
    }
    pdu_login_request_put(header, &d->request);
    header[1] = STAGES(1, 0);
    d->verdict = login_request(&d->login, small_catalog(), header, keys.bytes, keys.length,
                               &d->response);
    take_answer(d);
    text_output_done(&keys);
    return d->verdict;
}

START_TEST(an_answer_that_would_not_fit_is_refused)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), STAGES(1, 0), TO_OPEN), LOGIN_CONTINUE);
    ck_assert_int_eq(say_unknown_keys(d, 106), LOGIN_CONTINUE); /* 77 bytes each */
    ck_assert_uint_eq(d->response.length, 106 * 77);
    ck_assert_int_eq(say_unknown_keys(d, 107), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_INITIATOR_ERROR);
    dialogue_free(d);
}
END_TEST

START_TEST(the_session_may_refuse_at_the_last_moment)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), TO_OPEN), LOGIN_READY);
    login_refuse(&d->login, NULL, LOGIN_OUT_OF_RESOURCES, &d->response);
    take_answer(d);
    ck_assert_uint_eq(d->answer.status, LOGIN_OUT_OF_RESOURCES);
    ck_assert(!d->answer.transit);
    ck_assert_uint_eq(d->response.length, 0);
    ck_assert_uint_eq(pdu_statsn(d->response.header), 500);
    dialogue_free(d);
}
END_TEST

START_TEST(the_session_may_refuse_before_it_looks_at_a_request)
{
    struct dialogue *d = dialogue_new();
    uint8_t header[PDU_HEADER_SIZE];

    pdu_login_request_put(header, &d->request);
    login_refuse(&d->login, header, LOGIN_SERVICE_UNAVAILABLE, &d->response);
    take_answer(d);
    ck_assert_uint_eq(d->answer.status, LOGIN_SERVICE_UNAVAILABLE);
    ck_assert_uint_eq(d->answer.task_tag, 0x12345678);
    ck_assert_uint_eq(d->answer.isid, 0x00023d000001);
    dialogue_free(d);
}
END_TEST

START_TEST(nothing_may_follow_until_the_last_response_is_out)
{
    struct dialogue *d = dialogue_new();

    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), TO_OPEN), LOGIN_READY);
    ck_assert_int_eq(say(d, small_catalog(), T | STAGES(1, 3), ""), LOGIN_REFUSED);
    ck_assert_uint_eq(d->answer.status, LOGIN_INVALID_REQUEST);
    dialogue_free(d);
}
END_TEST

START_TEST(a_target_is_held_as_long_as_its_login)
{
    struct dialogue *d = dialogue_new();
    struct target *target = catalog_target(small_catalog(), NAME "open");
    unsigned before = atomic_load(&target->refs);

    say(d, small_catalog(), STAGES(0, 0), TO_OPEN);
    say(d, small_catalog(), T | STAGES(0, 3), "");
    ck_assert_uint_eq(atomic_load(&target->refs), before + 1);
    dialogue_free(d);
    ck_assert_uint_eq(atomic_load(&target->refs), before);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

TCase *
login_cases(void)
{
    TCase *c = tcase_create("login");

    tcase_add_test(c, a_login_goes_through_all_stages);
    tcase_add_loop_test(c, stages_may_be_skipped, 0, COUNT(short_logins));
    tcase_add_loop_test(c, a_refusal_says_why, 0, COUNT(refusals));
    tcase_add_test(c, every_status_has_a_name);
    tcase_add_test(c, only_version_0_is_spoken);
    tcase_add_test(c, a_request_that_is_not_immediate_is_refused);
    tcase_add_loop_test(c, a_session_has_one_connection, 0, COUNT(tsihs));
    tcase_add_test(
        c, the_connection_of_a_session_is_reinstated_with_what_was_agreed_for_the_session);
    tcase_add_test(c, other_pdus_have_no_place_in_a_login);
    tcase_add_loop_test(c, requests_of_one_login_belong_together, 0, COUNT(changes));
    tcase_add_loop_test(c, a_second_request_goes_on_where_the_first_ended, 0, COUNT(seconds));
    tcase_add_test(c, a_target_that_leaves_during_a_login_is_not_found);
    tcase_add_test(c, a_list_may_come_in_several_requests);
    tcase_add_test(c, a_list_cut_at_any_byte_is_refused_or_taken_never_more);
    tcase_add_test(c, a_login_takes_a_bounded_number_of_requests);
    tcase_add_test(c, a_list_of_bounded_length_is_collected);
    tcase_add_test(c, an_answer_that_would_not_fit_is_refused);
    tcase_add_test(c, the_session_may_refuse_at_the_last_moment);
    tcase_add_test(c, the_session_may_refuse_before_it_looks_at_a_request);
    tcase_add_test(c, nothing_may_follow_until_the_last_response_is_out);
    tcase_add_test(c, a_target_is_held_as_long_as_its_login);
    return c;
}
