/* test_short_memory.c: answers that cannot be sent for want of memory. */
#include <string.h>

#include "fixture.h"
#include "iscsi/session.h"
#include "short_memory.h"
#include "suites.h"

static void
teardown(void)
{
    short_memory_ends();
    fixture_close();
}

static void
read_in_pieces(void)
{
    struct fake_command c = fake_read(0, 0, 4);

    fake_command(&one, &c);
}

static void
write_without_data(void)
{
    struct fake_command c = fake_write(0, 0, 4);

    fake_command(&one, &c);
}

static void
unknown_command(void)
{
    fake_command(&one, &(struct fake_command){.cdb = {0xff}});
}

static void
repeated_tag(void)
{
    one.next_tag--;
    write_without_data();
}

static void
reset(void)
{
    fake_management(&one, TMF_TARGET_COLD_RESET, 0, PDU_NO_TAG, 0);
}

static void
abort_all(void)
{
    fake_management(&one, TMF_ABORT_TASK_SET, 0, PDU_NO_TAG, 0);
}

static void
nop(void)
{
    fake_nop(&one, "echo", 4);
}

static void
text(void)
{
    fake_text(&one, PDU_NO_TAG, true, false, "SendTargets=", 13);
}

static void
logout(void)
{
    fake_logout(&one, LOGOUT_CLOSE_SESSION, 1);
}

static void
surplus_data(void)
{
    static const uint8_t data[512];

    fake_data_out(&one, one.next_tag - 1, 0x1234, 0, 0, data, sizeof data, true);
}

static const struct {
    void (*ask)(void);
    unsigned answers; /* PDUs */
} requests[] = {
    {read_in_pieces, 4},
    {write_without_data, 1},
    {unknown_command, 1},
    {repeated_tag, 1},
    {reset, 1},
    {abort_all, 1},
    {nop, 1},
    {text, 1},
    {logout, 1},
    {surplus_data, 1},
};

/* A write waits for its data meanwhile, and a read is with the disk: the end of the session has
 * something to do. */
static void
begin_commands(void)
{
    struct fake_command c = fake_read(0, 0, 4);

    fixture_login(&one, 0, 1, "MaxRecvDataSegmentLength=512\0");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    write_without_data();
    fake_pdu_free(expect(&one, PDU_R2T));
}

START_TEST(a_session_that_cannot_answer_ends_and_its_commands_once)
{
    for (unsigned sent = 0; sent < requests[_i].answers; sent++) {
        begin_commands();
        short_memory_begins(sent);
        requests[_i].ask();
        fake_store_hold(fixture_store(0), false);
        fixture_settle();
        ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
        ck_assert(!session_wants_input(one.session));
        test_unit_ready(&one, 0); /* not looked at any more */
        session_tick(one.session, 2000);
        ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
        short_memory_ends();
        fake_disconnect(&one);
        one = (struct fake_initiator){0};
        fixture_settle();
        ck_assert_uint_eq(session_count(), 0);
    }
}
END_TEST

START_TEST(a_login_that_cannot_be_answered_ends_the_connection)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;

    fixture_enter(0);
    fake_connect(&one, 1000);
    short_memory_begins(0);
    ck_assert_int_eq(fake_login(&one, 1, keys, sizeof keys), -1);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
    short_memory_ends();
    fake_disconnect(&one);
    fixture_login(&two, 0, 1, ""); /* it stands in nobody's way */
}
END_TEST

TCase *
short_memory_cases(void)
{
    TCase *tcase = tcase_create("short_memory");

    tcase_add_checked_fixture(tcase, fixture_open, teardown);
    tcase_add_loop_test(tcase, a_session_that_cannot_answer_ends_and_its_commands_once, 0,
                        sizeof requests / sizeof *requests);
    tcase_add_test(tcase, a_login_that_cannot_be_answered_ends_the_connection);
    return tcase;
}
