/* test_session_life.c: time, the end, and who may ask for it. */
#include <jansson.h>

#include "catalog/schema.h"
#include "core/error.h"
#include "fixture.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "suites.h"

START_TEST(who_does_not_log_in_in_time_is_sent_away)
{
    fake_connect(&one, 1000);
    session_tick(one.session, 1000 + SESSION_LOGIN_TIMEOUT_MS - 1);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    one.is_woken = false;
    session_tick(one.session, 1000 + SESSION_LOGIN_TIMEOUT_MS);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
    ck_assert(one.is_woken);
}
END_TEST

START_TEST(a_silent_peer_is_pinged_and_then_given_up)
{
    struct plan plan = usual_plan;
    struct fake_pdu *p;
    struct pdu_nop_in in;

    plan.nop_interval_s = 30;
    plan.nop_timeout_s = 10;
    fixture_publish(&plan);
    fixture_login(&one, 0, 1, "");
    session_tick(one.session, 2000); /* it was heard until now */
    session_tick(one.session, 31000);
    expect_nothing(&one);
    session_tick(one.session, 32000);
    p = expect(&one, PDU_NOP_IN);
    pdu_nop_in_get(p->header, &in);
    ck_assert_uint_eq(in.task_tag, PDU_NO_TAG);
    ck_assert_uint_ne(in.transfer_tag, PDU_NO_TAG);
    fake_pdu_free(p);

    /* An answer gives it another interval. */
    const struct pdu_nop_out out = {.immediate = true,
                                    .task_tag = PDU_NO_TAG,
                                    .transfer_tag = in.transfer_tag,
                                    .cmdsn = one.cmdsn};
    uint8_t header[PDU_HEADER_SIZE];
    pdu_nop_out_put(header, &out);
    fake_send(&one, header, NULL, 0);
    session_tick(one.session, 43000);
    expect_nothing(&one);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);

    session_tick(one.session, 73000);
    fake_pdu_free(expect(&one, PDU_NOP_IN)); /* that it left is no sign of life */
    session_tick(one.session, 82999);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    session_tick(one.session, 83000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

/* What a target has that says nothing of PARAMETER. */
static uint16_t
default_of(const char *parameter)
{
    const json_t *all = json_object_get(schema_component("TargetParameters"), "properties");

    return (uint16_t)json_integer_value(
        json_object_get(json_object_get(all, parameter), "default"));
}

START_TEST(by_default_a_silent_peer_is_pinged_after_30_seconds_and_dropped_after_30_more)
{
    struct plan plan = usual_plan;
    struct error err = {0};
    uint64_t now;

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    plan.nop_interval_s = default_of("nop_interval_s");
    plan.nop_timeout_s = default_of("nop_timeout_s");
    schema_unload();
    fixture_publish(&plan);
    fixture_login(&one, 0, 1, "");
    session_tick(one.session, 2000); /* it was heard until now */
    for (now = 3000; now < 32000; now += 1000)
        session_tick(one.session, now);
    expect_nothing(&one);
    session_tick(one.session, now);
    fake_pdu_free(expect(&one, PDU_NOP_IN));
    for (; now < 62000; now += 1000)
        session_tick(one.session, now);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    ck_assert_uint_eq(registry_count(TARGET), 1);
    expect_nothing(&one);
    session_tick(one.session, now);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
    ck_assert_uint_eq(registry_count(TARGET), 0);
}
END_TEST

START_TEST(a_ping_without_time_limit_is_waited_for_without_end)
{
    struct plan plan = usual_plan;

    plan.nop_interval_s = 30;
    plan.nop_timeout_s = 0;
    fixture_publish(&plan);
    fixture_login(&one, 0, 1, "");
    session_tick(one.session, 2000); /* it was heard until now */
    session_tick(one.session, 32000);
    fake_pdu_free(expect(&one, PDU_NOP_IN));
    session_tick(one.session, 33000);
    session_tick(one.session, 4000000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    expect_nothing(&one); /* one question is enough */
}
END_TEST

static void
login_for_discovery(struct fake_initiator *f)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0SessionType=Discovery";

    fixture_enter(0);
    fake_connect(f, 1000);
    ck_assert_int_eq(fake_login(f, 1, keys, sizeof keys), 0);
}

START_TEST(a_silent_discovery_session_is_sent_away)
{
    login_for_discovery(&one);
    session_tick(one.session, 2000); /* it was heard until now */
    session_tick(one.session, 61999);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    session_tick(one.session, 62000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

START_TEST(a_discovery_session_that_goes_on_and_on_is_sent_away)
{
    login_for_discovery(&one);
    for (uint64_t now = 2000; now < 601000; now += 1000) {
        fake_nop(&one, NULL, 0);
        fake_pdu_free(expect(&one, PDU_NOP_IN));
        session_tick(one.session, now);
        ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    }
    session_tick(one.session, 601000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

START_TEST(sessions_end_with_a_word_when_the_daemon_stops)
{
    struct fake_command c = fake_write(0, 0, 16);
    uint8_t data[8192];
    struct fake_pdu *p;
    struct pdu_async_message a;
    struct pdu_r2t r;
    uint32_t tag;

    fill_pattern(data, sizeof data, 3);
    fixture_login(&one, 0, 1, "");
    fixture_login(&two, 0, 2, "");
    tag = fake_command(&one, &c);
    p = expect(&one, PDU_R2T);
    pdu_r2t_get(p->header, &r);
    fake_pdu_free(p);

    sessions_stop();
    p = expect(&two, PDU_ASYNC_MESSAGE); /* the idle one goes at once */
    pdu_async_message_get(p->header, &a);
    ck_assert_uint_eq(a.event, ASYNC_SESSION_DROPPED);
    fake_pdu_free(p);
    ck_assert_int_eq(session_end_state(two.session), SESSION_CLOSE_AFTER_OUTPUT);

    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    test_unit_ready(&one, 0); /* is not taken any more */
    one.cmdsn--;
    fake_data_out(&one, tag, r.transfer_tag, 0, 0, data, sizeof data, true);
    expect_status(&one, tag, 0);
    ck_assert_mem_eq(fake_store_bytes(fixture_store(0)), data, sizeof data);
    p = expect(&one, PDU_ASYNC_MESSAGE);
    fake_pdu_free(p);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

START_TEST(who_is_at_the_login_when_the_daemon_stops_is_told_so)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;

    fixture_enter(0);
    fake_connect(&one, 1000);
    fake_connect(&two, 1000);
    sessions_stop();
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), 0x0301);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    session_tick(two.session, 2500); /* who says nothing is not waited for */
    ck_assert_int_eq(session_end_state(two.session), SESSION_CLOSE_NOW);
    fake_disconnect(&two);
    fake_connect(&two, 3000); /* out of the backlog, after all */
    ck_assert_int_eq(fake_login(&two, 1, keys, sizeof keys), 0x0301);
}
END_TEST

static void
copy_info(const struct session_info *info, void *arg)
{
    *(struct session_info *)arg = *info;
}

START_TEST(management_sees_a_session)
{
    struct session_info info = {0};

    fixture_login(&one, 0, 0x23d000001, "MaxRecvDataSegmentLength=4096\0InitiatorAlias=me\0");
    registry_visit(copy_info, &info);
    ck_assert_str_eq(info.target, TARGET);
    ck_assert_str_eq(info.initiator, INITIATOR);
    ck_assert_str_eq(info.initiator_alias, "me");
    ck_assert_str_eq(info.remote, "192.0.2.7:48812");
    ck_assert_str_eq(info.state, "full_feature");
    ck_assert_uint_eq(info.isid, 0x23d000001);
    ck_assert_uint_eq(info.tsih, one.tsih);
    ck_assert_uint_eq(info.max_send_data_segment_length, 4096);
    ck_assert_uint_eq(info.max_recv_data_segment_length, 65536);
    ck_assert_uint_eq(info.io.other_ops, 1);
}
END_TEST

/* Asks the only session to go, as session.close does. */
static void
ask(bool logout, uint32_t timeout_ms)
{
    struct session_info info = {0};

    registry_visit(copy_info, &info);
    ck_assert_int_eq(registry_close(info.id, logout, timeout_ms), 0);
    fixture_settle();
}

static struct pdu_async_message
expect_async(struct fake_initiator *f, enum async_event event)
{
    struct fake_pdu *p = expect(f, PDU_ASYNC_MESSAGE);
    struct pdu_async_message a;

    pdu_async_message_get(p->header, &a);
    ck_assert_uint_eq(a.event, event);
    fake_pdu_free(p);
    return a;
}

START_TEST(who_does_not_log_out_when_asked_is_told_and_dropped)
{
    struct pdu_async_message a;

    fixture_login(&one, 0, 1, "DefaultTime2Wait=7\0");
    ask(true, 5000);
    a = expect_async(&one, ASYNC_LOGOUT_REQUESTED);
    ck_assert_uint_eq(a.parameter1, 0);
    ck_assert_uint_eq(a.parameter2, 0);
    ck_assert_uint_eq(a.parameter3, 5);
    expect_status(&one, test_unit_ready(&one, 0), 0); /* until then it is served */
    session_tick(one.session, 6000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    session_tick(one.session, 7000);
    a = expect_async(&one, ASYNC_CONNECTION_DROPPED);
    ck_assert_uint_eq(a.parameter1, 1); /* its CID */
    ck_assert_uint_eq(a.parameter2, 7);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    ck_assert_uint_eq(registry_count(NULL), 0);
    session_tick(one.session, 12000); /* it does not even take that */
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

static uint32_t
log_out(struct fake_initiator *f)
{
    const struct pdu_logout_request p = {
        .reason = LOGOUT_CLOSE_SESSION, .task_tag = f->next_tag++, .cmdsn = f->cmdsn++};
    uint8_t header[PDU_HEADER_SIZE];

    pdu_logout_request_put(header, &p);
    fake_send(f, header, NULL, 0);
    return p.task_tag;
}

/* The answer to the logout TAG, after which the connection ends. */
static void
expect_logged_out(struct fake_initiator *f, uint32_t tag)
{
    struct fake_pdu *p = expect(f, PDU_LOGOUT_RESPONSE);

    ck_assert_uint_eq(pdu_task_tag(p->header), tag);
    ck_assert_uint_eq(p->header[2], LOGOUT_CLOSED);
    fake_pdu_free(p);
    ck_assert_int_eq(session_end_state(f->session), SESSION_CLOSE_AFTER_OUTPUT);
}

START_TEST(who_has_begun_to_log_out_is_given_the_time_its_commands_need)
{
    struct fake_command c = fake_read(0, 0, 1);
    uint32_t tag;

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    fixture_settle();
    ask(true, 5000);
    expect_async(&one, ASYNC_LOGOUT_REQUESTED);
    tag = log_out(&one);
    session_tick(one.session, 20000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    expect_nothing(&one); /* the store has not let go */
    fake_store_release(fixture_store(0), 0, 0);
    expect_logged_out(&one, tag);
    fake_store_hold(fixture_store(0), false);
}
END_TEST

START_TEST(who_is_logging_out_already_is_not_cut_off_by_a_request_to_do_so)
{
    struct fake_command c = fake_read(0, 0, 1);
    uint32_t tag;

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    tag = log_out(&one);
    ask(true, 0);
    session_tick(one.session, 20000);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    expect_nothing(&one);
    fake_store_release(fixture_store(0), 0, 0);
    expect_logged_out(&one, tag);
    fake_store_hold(fixture_store(0), false);
}
END_TEST

START_TEST(who_is_logging_out_can_be_dropped_and_is_told)
{
    struct fake_command c = fake_read(0, 0, 1);

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    log_out(&one);
    ask(false, 0);
    expect_async(&one, ASYNC_SESSION_DROPPED);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    fake_store_hold(fixture_store(0), false);
    expect_nothing(&one); /* no Logout Response behind it */
}
END_TEST

START_TEST(who_is_dropped_is_told_first)
{
    struct pdu_async_message a;

    fixture_login(&one, 0, 1, ""); /* the standard's 20 s were never said to it */
    ask(false, 0);
    a = expect_async(&one, ASYNC_SESSION_DROPPED);
    ck_assert_uint_eq(a.parameter1, 0); /* reserved */
    ck_assert_uint_eq(a.parameter2, 2);
    ck_assert_uint_eq(a.parameter3, 0);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

START_TEST(a_request_to_log_out_can_become_a_drop)
{
    fixture_login(&one, 0, 1, "");
    ask(true, 600000);
    expect_async(&one, ASYNC_LOGOUT_REQUESTED);
    ask(false, 0);
    expect_async(&one, ASYNC_SESSION_DROPPED);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

TCase *
session_life_cases(void)
{
    TCase *tcase = tcase_create("session_life");

    tcase_add_checked_fixture(tcase, fixture_open, fixture_close);
    tcase_add_test(tcase, who_does_not_log_in_in_time_is_sent_away);
    tcase_add_test(tcase, a_silent_peer_is_pinged_and_then_given_up);
    tcase_add_test(
        tcase, by_default_a_silent_peer_is_pinged_after_30_seconds_and_dropped_after_30_more);
    tcase_add_test(tcase, a_ping_without_time_limit_is_waited_for_without_end);
    tcase_add_test(tcase, a_silent_discovery_session_is_sent_away);
    tcase_add_test(tcase, a_discovery_session_that_goes_on_and_on_is_sent_away);
    tcase_add_test(tcase, sessions_end_with_a_word_when_the_daemon_stops);
    tcase_add_test(tcase, who_is_at_the_login_when_the_daemon_stops_is_told_so);
    tcase_add_test(tcase, management_sees_a_session);
    tcase_add_test(tcase, who_does_not_log_out_when_asked_is_told_and_dropped);
    tcase_add_test(tcase, who_has_begun_to_log_out_is_given_the_time_its_commands_need);
    tcase_add_test(tcase, who_is_logging_out_already_is_not_cut_off_by_a_request_to_do_so);
    tcase_add_test(tcase, who_is_logging_out_can_be_dropped_and_is_told);
    tcase_add_test(tcase, who_is_dropped_is_told_first);
    tcase_add_test(tcase, a_request_to_log_out_can_become_a_drop);
    return tcase;
}
