/* test_full_feature.c: order of commands, rejects, NOP, text, logout, and what breaks a
 * connection. */
#include <string.h>

#include "core/bytes.h"
#include "fixture.h"
#include "iscsi/session.h"
#include "suites.h"

START_TEST(a_nop_is_echoed_up_to_the_peers_segment)
{
    uint8_t data[600];
    struct fake_pdu *p;
    uint32_t tag;

    fill_pattern(data, sizeof data, 5);
    fixture_login(&one, 0, 1, "MaxRecvDataSegmentLength=512\0");
    tag = fake_nop(&one, data, 101);
    p = expect(&one, PDU_NOP_IN);
    ck_assert_uint_eq(pdu_task_tag(p->header), tag);
    ck_assert_uint_eq(get_be32(p->header + 20), PDU_NO_TAG);
    ck_assert_uint_eq(p->length, 101);
    ck_assert_mem_eq(p->data, data, 101);
    fake_pdu_free(p);

    fake_nop(&one, data, sizeof data);
    p = expect(&one, PDU_NOP_IN);
    ck_assert_uint_eq(p->length, 512);
    fake_pdu_free(p);
    fake_nop(&one, NULL, 0);
    p = expect(&one, PDU_NOP_IN);
    ck_assert_uint_eq(p->length, 0);
    ck_assert_uint_eq(pdu_exp_cmdsn(p->header), one.cmdsn);
    ck_assert_uint_eq(pdu_max_cmdsn(p->header), one.cmdsn + 31);
    fake_pdu_free(p);
}
END_TEST

static const struct {
    uint8_t opcode, ahs, reason;
    uint32_t data;
    bool closes;
} rejects[] = {
    {0x1c, 0, REJECT_NOT_SUPPORTED, 0, false},          /* vendor specific */
    {0x0b, 0, REJECT_NOT_SUPPORTED, 12, false},         /* no such opcode, with data */
    {PDU_NOP_IN, 0, REJECT_PROTOCOL_ERROR, 0, false},   /* only a target says this */
    {PDU_SNACK, 0, REJECT_SNACK, 0, false},             /* ErrorRecoveryLevel is 0 */
    {PDU_DATA_OUT, 2, REJECT_PROTOCOL_ERROR, 0, false}, /* AHS where none may be */
    {PDU_SNACK, 0, REJECT_PROTOCOL_ERROR, 8, false},    /* data where none may be */
    {PDU_LOGIN_REQUEST | 0x40, 0, REJECT_PROTOCOL_ERROR, 0, true},
};

START_TEST(what_does_not_belong_here_is_rejected_with_its_header)
{
    uint8_t bytes[PDU_HEADER_SIZE + 8 + 12] = {0};
    size_t n = PDU_HEADER_SIZE + rejects[_i].ahs * 4u + rejects[_i].data;

    fixture_login(&one, 0, 1, "");
    bytes[0] = rejects[_i].opcode;
    bytes[1] = 0x80;
    bytes[4] = rejects[_i].ahs;
    put_be24(bytes + 5, rejects[_i].data);
    put_be32(bytes + 16, 0xabcd);
    put_be32(bytes + 24, one.cmdsn);
    fake_send_bytes(&one, bytes, n);
    expect_reject(&one, rejects[_i].reason, bytes);
    if (rejects[_i].closes) {
        ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
        return;
    }
    expect_status(&one, test_unit_ready(&one, 0), 0); /* and life goes on */
}
END_TEST

START_TEST(a_tag_that_is_in_use_is_rejected)
{
    struct fake_command c = fake_read(0, 0, 1);
    uint32_t tag;
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    tag = fake_command(&one, &c);
    one.next_tag = tag;
    fake_command(&one, &c);
    expect_reject(&one, REJECT_TASK_IN_PROGRESS, NULL);
    fake_store_hold(fixture_store(0), false);
    p = expect(&one, PDU_DATA_IN);
    ck_assert_uint_eq(pdu_max_cmdsn(p->header),
                      one.cmdsn + 31); /* both places are free again */
    fake_pdu_free(p);
}
END_TEST

START_TEST(immediate_commands_are_outside_the_window_but_bounded)
{
    struct fake_command c = fake_read(0, 0, 1);
    unsigned taken = 0;
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    c.is_immediate = true;
    for (unsigned i = 0; i < 100; i++)
        fake_command(&one, &c);
    fixture_settle();
    taken = fake_store_held(fixture_store(0));
    ck_assert_uint_gt(taken, 1);
    ck_assert_uint_lt(taken, 100);
    for (unsigned i = taken; i < 100; i++)
        expect_reject(&one, REJECT_IMMEDIATE, NULL);
    fake_store_hold(fixture_store(0), false);
    for (unsigned i = 0; i < taken; i++) {
        p = expect(&one, PDU_DATA_IN);
        ck_assert_uint_eq(pdu_exp_cmdsn(p->header), one.cmdsn);
        fake_pdu_free(p);
    }
}
END_TEST

static const int32_t outside[] = {-1, -100, 32, 1000, INT32_MAX};

START_TEST(a_command_outside_the_window_is_ignored)
{
    uint32_t cmdsn;

    fixture_login(&one, 0, 1, "");
    cmdsn = one.cmdsn;
    one.cmdsn = cmdsn + (uint32_t)outside[_i];
    test_unit_ready(&one, 0);
    one.cmdsn = cmdsn + (uint32_t)outside[_i];
    fake_nop(&one, "x", 1);
    one.cmdsn = cmdsn;
    expect_nothing(&one);
    expect_status(&one, test_unit_ready(&one, 0), 0);
}
END_TEST

START_TEST(commands_ahead_of_their_turn_wait_with_their_data_and_run_in_order)
{
    struct fake_command c = fake_write(0, 3, 4);
    uint8_t data[2048];
    uint32_t cmdsn, first_tag, write_tag, nop_tag;
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "InitialR2T=No\0FirstBurstLength=4096\0");
    fill_pattern(data, sizeof data, 9);
    cmdsn = one.cmdsn;
    one.cmdsn = cmdsn + 2;
    nop_tag = fake_nop(&one, "late", 4);
    one.cmdsn = cmdsn + 1;
    c.data = data;
    c.length = 1024;
    c.is_not_final = true;
    write_tag = fake_command(&one, &c);
    fake_data_out(&one, write_tag, PDU_NO_TAG, 0, 1024, data + 1024, 1024, true);
    fake_command(&one, &c); /* a repetition with another tag: cmdsn + 2 is held already */
    expect_nothing(&one);

    one.cmdsn = cmdsn;
    first_tag = test_unit_ready(&one, 0);
    p = expect(&one, PDU_NOP_IN); /* commands take at least until the end of the turn */
    ck_assert_uint_eq(pdu_task_tag(p->header), nop_tag);
    ck_assert_mem_eq(p->data, "late", 4);
    fake_pdu_free(p);
    expect_status(&one, first_tag, 0);
    expect_status(&one, write_tag, 0);
    ck_assert_mem_eq(fake_store_bytes(fixture_store(0)) + 3 * 512, data, sizeof data);
    one.cmdsn = cmdsn + 3;
    expect_status(&one, test_unit_ready(&one, 0), 0);
}
END_TEST

START_TEST(what_waits_for_its_turn_is_bounded)
{
    static uint8_t data[65536];

    fixture_login(&one, 0, 1, "");
    for (unsigned i = 1; i < 32; i++) {
        struct fake_command c = fake_write(0, 0, 128);

        c.data = data;
        c.length = sizeof data;
        one.cmdsn++;
        fake_command(&one, &c);
        one.cmdsn--;
    }
    /* 31 times 64 KiB is within the bound; the session lives, and dies clean. */
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    expect_nothing(&one);
}
END_TEST

/* Logs in with both digests. */
static void
login_with_digests(void)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET
                               "\0HeaderDigest=CRC32C\0DataDigest=CRC32C\0InitialR2T=No";

    fixture_enter(0);
    fake_connect(&one, 1000);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), 0);
    one.header_digest = one.data_digest = true;
    one.reader.header_digest = one.reader.data_digest = true;
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x2900);
}

START_TEST(a_damaged_header_digest_ends_the_connection_at_once)
{
    login_with_digests();
    one.damages_header = true;
    test_unit_ready(&one, 0);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

START_TEST(damaged_write_data_fails_the_command_and_nothing_is_written)
{
    struct fake_command c = fake_write(0, 0, 4);
    static const uint8_t zeroes[2048];
    uint8_t data[2048];
    uint32_t tag;

    fill_pattern(data, sizeof data, 1);
    login_with_digests();
    c.data = data;
    c.length = _i == 0 ? sizeof data : 1024;
    c.is_not_final = _i == 1;
    one.damages_data = _i == 0;
    tag = fake_command(&one, &c);
    if (_i == 1) {
        one.damages_data = true;
        fake_data_out(&one, tag, PDU_NO_TAG, 0, 1024, data + 1024, 512, false);
        expect_reject(&one, REJECT_DATA_DIGEST_ERROR, NULL);
        expect_nothing(&one); /* the rest is under way */
        fake_data_out(&one, tag, PDU_NO_TAG, 1, 1536, data + 1536, 512, true);
    } else {
        expect_reject(&one, REJECT_DATA_DIGEST_ERROR, NULL);
    }
    expect_sense(&one, tag, 0xb, 0x4705);
    ck_assert_mem_eq(fake_store_bytes(fixture_store(0)), zeroes, sizeof zeroes);
    expect_status(&one, test_unit_ready(&one, 0), 0);
}
END_TEST

START_TEST(a_nop_with_damaged_data_is_rejected_and_the_connection_ends)
{
    login_with_digests();
    one.damages_data = true;
    fake_nop(&one, "abc", 3);
    expect_reject(&one, REJECT_DATA_DIGEST_ERROR, NULL);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

START_TEST(a_data_segment_longer_than_agreed_ends_the_connection)
{
    static uint8_t data[65540];

    fixture_login(&one, 0, 1, "");
    fake_nop(&one, data, sizeof data);
    expect_reject(&one, REJECT_PROTOCOL_ERROR, NULL);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
}
END_TEST

static const struct {
    uint8_t reason;
    uint16_t cid;
    int response; /* -1: rejected */
    bool ends;
} logouts[] = {
    {LOGOUT_CLOSE_SESSION, 9, LOGOUT_CLOSED, true},
    {LOGOUT_CLOSE_CONNECTION, 1, LOGOUT_CLOSED, true},
    {LOGOUT_CLOSE_CONNECTION, 9, LOGOUT_NO_CID, false},
    {LOGOUT_FOR_RECOVERY, 1, LOGOUT_NO_RECOVERY, false},
    {3, 1, -1, false},
};

START_TEST(a_logout_is_answered_by_its_reason)
{
    uint32_t tag;
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "");
    tag = fake_logout(&one, logouts[_i].reason, logouts[_i].cid);
    if (logouts[_i].response < 0) {
        expect_reject(&one, REJECT_INVALID_FIELD, NULL);
    } else {
        p = expect(&one, PDU_LOGOUT_RESPONSE);
        ck_assert_uint_eq(pdu_task_tag(p->header), tag);
        ck_assert_int_eq(p->header[2], logouts[_i].response);
        ck_assert_uint_eq(get_be16(p->header + 40), 2);
        ck_assert_uint_eq(get_be16(p->header + 42), 0); /* nothing is kept */
        fake_pdu_free(p);
    }
    ck_assert_int_eq(session_end_state(one.session),
                     logouts[_i].ends ? SESSION_CLOSE_AFTER_OUTPUT : SESSION_OPEN);
}
END_TEST

START_TEST(a_logout_is_answered_when_no_command_can_touch_the_data_any_more)
{
    struct fake_command c = fake_write(0, 0, 1);
    uint8_t data[512] = {7};
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    c.data = data;
    c.length = sizeof data;
    fake_command(&one, &c);
    fake_logout(&one, LOGOUT_CLOSE_SESSION, 1);
    expect_nothing(&one);
    ck_assert(!session_wants_input(one.session));
    fake_store_hold(fixture_store(0), false);
    fixture_settle();
    p = expect(&one, PDU_LOGOUT_RESPONSE);
    fake_pdu_free(p);
}
END_TEST

START_TEST(send_targets_in_a_session_tells_of_its_own_target)
{
    static const char text[] = "SendTargets=";
    struct fake_pdu *p;

    fixture_login(&one, 0, 1, "");
    fake_text(&one, PDU_NO_TAG, true, false, text, sizeof text);
    p = expect(&one, PDU_TEXT_RESPONSE);
    ck_assert_uint_eq(p->header[1], 0x80);
    ck_assert_uint_eq(get_be32(p->header + 20), PDU_NO_TAG);
    ck_assert_str_eq((char *)p->data, "TargetName=" TARGET);
    fake_pdu_free(p);
}
END_TEST

START_TEST(a_text_may_come_and_go_in_pieces)
{
    static const char text[] = "MaxRecvDataSegmentLength=512\0SendTargets=" TARGET;
    struct fake_pdu *p;
    char answer[1024];
    size_t got = 0;
    uint32_t tag;

    fixture_login(&one, 0, 1, "");
    fake_text(&one, PDU_NO_TAG, false, true, text, 10);
    p = expect(&one, PDU_TEXT_RESPONSE);
    ck_assert_uint_eq(p->header[1], 0);
    ck_assert_uint_eq(p->length, 0);
    tag = get_be32(p->header + 20);
    ck_assert_uint_ne(tag, PDU_NO_TAG);
    fake_pdu_free(p);
    fake_text(&one, tag, true, false, text + 10, sizeof text - 10);
    for (;;) {
        bool is_final;

        p = expect(&one, PDU_TEXT_RESPONSE);
        ck_assert_uint_le(p->length, 512);
        memcpy(answer + got, p->data, p->length);
        got += p->length;
        is_final = p->header[1] & 0x80;
        fake_pdu_free(p);
        if (is_final)
            break;
        fake_text(&one, tag, true, false, NULL, 0);
    }
    ck_assert_uint_gt(got, sizeof "TargetName=" TARGET);
    ck_assert_str_eq(answer, "TargetName=" TARGET);
    fake_nop(&one, text, 0);
    fake_pdu_free(expect(&one, PDU_NOP_IN));
}
END_TEST

static const struct {
    uint32_t transfer_tag;
    bool is_final, is_continued;
    const char *text;
    size_t length;
    uint8_t reason;
} bad_texts[] = {
    {PDU_NO_TAG, true, true, "SendTargets=", 13, REJECT_PROTOCOL_ERROR},
    {12345, true, false, "SendTargets=", 13, REJECT_INVALID_FIELD},
    {PDU_NO_TAG, true, false, "SendTargets", 12, REJECT_PROTOCOL_ERROR},
    {PDU_NO_TAG, true, false, "A=1\0A=1", 8, REJECT_PROTOCOL_ERROR},
};

START_TEST(a_broken_text_is_rejected_and_the_session_goes_on)
{
    fixture_login(&one, 0, 1, "");
    fake_text(&one, bad_texts[_i].transfer_tag, bad_texts[_i].is_final,
              bad_texts[_i].is_continued, bad_texts[_i].text, bad_texts[_i].length);
    expect_reject(&one, bad_texts[_i].reason, NULL);
    expect_status(&one, test_unit_ready(&one, 0), 0);
}
END_TEST

START_TEST(a_text_goes_on_under_its_own_tag_only)
{
    static const char text[] = "SendTargets=" TARGET;
    struct fake_pdu *p;
    uint32_t tag;

    fixture_login(&one, 0, 1, "");
    fake_text(&one, PDU_NO_TAG, false, true, text, 10);
    p = expect(&one, PDU_TEXT_RESPONSE);
    tag = get_be32(p->header + 20);
    fake_pdu_free(p);
    fake_text(&one, tag + 1, true, false, text + 10, sizeof text - 10);
    expect_reject(&one, REJECT_INVALID_FIELD, NULL);
    fake_text(&one, tag, true, false, text + 10, sizeof text - 10); /* it was broken off */
    expect_reject(&one, REJECT_INVALID_FIELD, NULL);
    expect_status(&one, test_unit_ready(&one, 0), 0);
}
END_TEST

START_TEST(a_discovery_session_lists_targets_and_runs_no_commands)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0SessionType=Discovery";
    static const char text[] = "SendTargets=All";
    struct fake_pdu *p;

    fixture_enter(0);
    fake_connect(&one, 1000);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), 0);
    fake_text(&one, PDU_NO_TAG, true, false, text, sizeof text);
    p = expect(&one, PDU_TEXT_RESPONSE);
    ck_assert_str_eq((char *)p->data, "TargetName=" TARGET);
    fake_pdu_free(p);
    for (unsigned i = 0; i < 20; i++) { /* none of them keeps its place in the window */
        test_unit_ready(&one, 0);
        expect_reject(&one, REJECT_PROTOCOL_ERROR, NULL);
    }
    fake_management(&one, TMF_LUN_RESET, 0, PDU_NO_TAG, 0);
    expect_reject(&one, REJECT_PROTOCOL_ERROR, NULL);
    fake_logout(&one, LOGOUT_CLOSE_SESSION, 1);
    p = expect(&one, PDU_LOGOUT_RESPONSE);
    fake_pdu_free(p);
}
END_TEST

static void
send_text(bool is_immediate)
{
    static const char text[] = "SendTargets=All";
    const struct pdu_text_request p = {.immediate = is_immediate,
                                       .is_final = true,
                                       .task_tag = one.next_tag++,
                                       .transfer_tag = PDU_NO_TAG,
                                       .cmdsn = is_immediate ? one.cmdsn : one.cmdsn++,
                                       .exp_statsn = one.exp_statsn};
    uint8_t header[PDU_HEADER_SIZE];

    pdu_text_request_put(header, &p);
    fake_send(&one, header, text, sizeof text);
}

START_TEST(text_is_refused_while_its_answers_are_not_taken)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0SessionType=Discovery";
    size_t bytes = 0, refused = 0;
    struct fake_pdu *p;

    fixture_enter(0);
    fake_connect(&one, 1000);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), 0);
    for (unsigned i = 0; i < 12000; i++)
        send_text(_i);
    ck_assert(!session_wants_input(one.session));
    while ((p = fake_receive(&one)) != NULL) {
        if (pdu_opcode(p->header) == PDU_TEXT_RESPONSE) {
            ck_assert_uint_eq(refused, 0);
            bytes += PDU_HEADER_SIZE + p->length;
        } else {
            ck_assert_uint_eq(pdu_opcode(p->header), PDU_REJECT);
            ck_assert_uint_eq(p->header[2], _i ? REJECT_IMMEDIATE : REJECT_LONG_OPERATION);
            refused++;
        }
        one.exp_statsn++;
        fake_pdu_free(p);
    }
    ck_assert_uint_le(bytes, (1 << 20) + 1000); /* and the last answer */
    ck_assert_uint_gt(refused, 0);
    send_text(_i); /* and life goes on */
    fake_pdu_free(expect(&one, PDU_TEXT_RESPONSE));
}
END_TEST

START_TEST(lists_of_targets_are_made_at_a_bounded_rate)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0SessionType=Discovery";
    unsigned answers = 0;
    struct fake_pdu *p;

    fixture_enter(0);
    fake_connect(&one, 1000);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), 0);
    for (;;) { /* it takes them all */
        send_text(true);
        p = fake_receive(&one);
        one.exp_statsn++;
        if (pdu_opcode(p->header) != PDU_TEXT_RESPONSE)
            break;
        fake_pdu_free(p);
        ck_assert_uint_lt(++answers, 1 << 20);
    }
    ck_assert_uint_eq(pdu_opcode(p->header), PDU_REJECT);
    fake_pdu_free(p);
    session_tick(one.session, 2000);
    send_text(true);
    fake_pdu_free(expect(&one, PDU_TEXT_RESPONSE));
}
END_TEST

START_TEST(echoes_that_nobody_takes_end_the_connection_at_last)
{
    static uint8_t data[65536];
    unsigned n;

    fixture_login(&one, 0, 1, "MaxRecvDataSegmentLength=65536\0");
    for (n = 0; n < 4096 && session_end_state(one.session) == SESSION_OPEN; n++)
        fake_nop(&one, data, sizeof data);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
    ck_assert_uint_gt(n, (64 << 20) / sizeof data); /* reads may have that much under way */
}
END_TEST

TCase *
full_feature_cases(void)
{
    TCase *tcase = tcase_create("full_feature");

    tcase_add_checked_fixture(tcase, fixture_open, fixture_close);
    tcase_add_test(tcase, a_nop_is_echoed_up_to_the_peers_segment);
    tcase_add_loop_test(tcase, what_does_not_belong_here_is_rejected_with_its_header, 0,
                        sizeof rejects / sizeof *rejects);
    tcase_add_test(tcase, a_tag_that_is_in_use_is_rejected);
    tcase_add_test(tcase, immediate_commands_are_outside_the_window_but_bounded);
    tcase_add_loop_test(tcase, a_command_outside_the_window_is_ignored, 0,
                        sizeof outside / sizeof *outside);
    tcase_add_test(tcase, commands_ahead_of_their_turn_wait_with_their_data_and_run_in_order);
    tcase_add_test(tcase, what_waits_for_its_turn_is_bounded);
    tcase_add_test(tcase, a_damaged_header_digest_ends_the_connection_at_once);
    tcase_add_loop_test(tcase, damaged_write_data_fails_the_command_and_nothing_is_written, 0,
                        2);
    tcase_add_test(tcase, a_nop_with_damaged_data_is_rejected_and_the_connection_ends);
    tcase_add_test(tcase, a_data_segment_longer_than_agreed_ends_the_connection);
    tcase_add_loop_test(tcase, a_logout_is_answered_by_its_reason, 0,
                        sizeof logouts / sizeof *logouts);
    tcase_add_test(tcase, a_logout_is_answered_when_no_command_can_touch_the_data_any_more);
    tcase_add_test(tcase, send_targets_in_a_session_tells_of_its_own_target);
    tcase_add_test(tcase, a_text_may_come_and_go_in_pieces);
    tcase_add_loop_test(tcase, a_broken_text_is_rejected_and_the_session_goes_on, 0,
                        sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(tcase, a_text_goes_on_under_its_own_tag_only);
    tcase_add_test(tcase, a_discovery_session_lists_targets_and_runs_no_commands);
    tcase_add_loop_test(tcase, text_is_refused_while_its_answers_are_not_taken, 0, 2);
    tcase_add_test(tcase, lists_of_targets_are_made_at_a_bounded_rate);
    tcase_add_test(tcase, echoes_that_nobody_takes_end_the_connection_at_last);
    return tcase;
}
