/* test_buffers.c: the memory that all sessions of a worker may occupy together. */
#include "fixture.h"
#include "iscsi/buffers.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "suites.h"

#define MIB (1u << 20)

static struct fake_initiator greedy, other, elsewhere;
static struct store *store;
static struct fake_command large, small; /* reads of 4 MiB and of 1 MiB */

static void
setup(void)
{
    fixture_open();
    greedy = other = elsewhere = (struct fake_initiator){0};
    buffers_limit(32 * MIB, 2);
    fixture_login(&greedy, 0, 1, "MaxRecvDataSegmentLength=1048576\0");
    fixture_login(&other, 0, 2, "MaxRecvDataSegmentLength=1048576\0");
    fixture_login(&elsewhere, 1, 3, "MaxRecvDataSegmentLength=1048576\0");
    store = fixture_store(0);
    large = fake_read(0, 0, 8192);
    small = fake_read(0, 0, 2048);
    fixture_enter(0);
}

static void
teardown(void)
{
    fixture_enter(0);
    fake_store_hold(store, false);
    fixture_settle();
    fake_disconnect(&greedy);
    fake_disconnect(&other);
    fixture_enter(1);
    fake_disconnect(&elsewhere);
    fixture_close();
    buffers_limit(UINT64_MAX, 1);
}

/* One session takes all that its worker has: 16 MiB. */
static void
take_all(void)
{
    fake_store_hold(store, true);
    for (unsigned i = 0; i < 4; i++)
        fake_command(&greedy, &large);
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(store), 4);
}

static void
take_answers(struct fake_initiator *f)
{
    struct fake_pdu *p;

    fixture_settle();
    while ((p = fake_receive(f)) != NULL) {
        f->exp_statsn += pdu_opcode(p->header) == PDU_DATA_IN && (p->header[1] & 1);
        fake_pdu_free(p);
    }
}

START_TEST(what_a_worker_has_is_not_exceeded)
{
    take_all();
    expect_status(&greedy, fake_command(&greedy, &large), SCSI_TASK_SET_FULL);
    expect_status(&other, fake_command(&other, &large), SCSI_BUSY); /* it has nothing open */
    ck_assert_uint_eq(fake_store_held(store), 4);
    fake_store_release(store, 0, 0);
    take_answers(&greedy);
    fake_command(&other, &large);
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(store), 4);
}
END_TEST

START_TEST(who_occupies_little_is_served_all_the_same)
{
    take_all();
    fake_command(&other, &small);
    expect_status(&other, fake_command(&other, &small), SCSI_TASK_SET_FULL); /* but not more */
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(store), 5);
    for (unsigned i = 0; i < 10; i++)
        expect_status(&other, test_unit_ready(&other, 0), SCSI_GOOD);
}
END_TEST

START_TEST(another_worker_has_its_own_part)
{
    take_all();
    fake_store_hold(store, false); /* the answers lie there */
    fixture_settle();
    fixture_enter(1);
    fake_command(&elsewhere, &large);
    fixture_settle();
    fake_pdu_free(expect(&elsewhere, PDU_DATA_IN));
}
END_TEST

START_TEST(answers_that_are_not_taken_count_until_they_are_or_their_session_ends)
{
    take_all();
    greedy.take = 1; /* slow, so that nothing leaves by itself */
    fake_store_hold(store, false);
    fixture_settle();
    expect_status(&other, fake_command(&other, &large), SCSI_BUSY);
    if (_i == 0)
        take_answers(&greedy);
    else
        fake_disconnect(&greedy);
    fake_command(&other, &large);
    fake_pdu_free(expect(&other, PDU_DATA_IN));
}
END_TEST

START_TEST(a_command_larger_than_all_there_is_runs_when_nothing_else_does)
{
    struct fake_command c = fake_read(0, 0, 8192);

    buffers_limit(2 * MIB, 2);
    fake_command(&greedy, &c);
    fake_pdu_free(expect(&greedy, PDU_DATA_IN));
}
END_TEST

/* Writes of 64 KiB that come before their turn, up to N or until the session ends. */
static unsigned
send_early(struct fake_initiator *f, unsigned n)
{
    static uint8_t data[65536];
    struct fake_command c = fake_write(0, 0, 128);
    unsigned i;

    c.data = data;
    c.length = sizeof data;
    f->cmdsn++;
    for (i = 0; i < n && session_end_state(f->session) == SESSION_OPEN; i++)
        fake_command(f, &c);
    return i;
}

START_TEST(what_comes_before_its_turn_counts_too)
{
    buffers_limit(4 * MIB, 2);
    ck_assert_uint_eq(send_early(&greedy, 20), 20);
    ck_assert_uint_eq(send_early(&other, 20), 16); /* its share, when there is no more */
    ck_assert_int_eq(session_end_state(other.session), SESSION_CLOSE_NOW);
    fake_disconnect(&greedy);
    fake_disconnect(&other);
    fixture_login(&other, 0, 2, "");
    ck_assert_uint_eq(send_early(&other, 20), 20); /* there is room again */
}
END_TEST

TCase *
buffers_cases(void)
{
    TCase *tcase = tcase_create("buffers");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_a_worker_has_is_not_exceeded);
    tcase_add_test(tcase, who_occupies_little_is_served_all_the_same);
    tcase_add_test(tcase, another_worker_has_its_own_part);
    tcase_add_loop_test(
        tcase, answers_that_are_not_taken_count_until_they_are_or_their_session_ends, 0, 2);
    tcase_add_test(tcase, what_comes_before_its_turn_counts_too);
    tcase_add_test(tcase, a_command_larger_than_all_there_is_runs_when_nothing_else_does);
    return tcase;
}
