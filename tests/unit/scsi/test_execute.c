/* test_execute.c: order of the checks, unit attentions, no logical unit, aborts, counters. */
#include <errno.h>
#include <string.h>

#include "core/latency.h"
#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

#define TUR         "00 00 00 00 00 00"
#define INQUIRY     "12 00 00 00 ff 00"
#define REPORT_LUNS "a0 00 00 00 00 00 00 00 00 ff 00 00"
#define SENSE_FIXED "03 00 00 00 ff 00"
#define READ_ONE    "28 00 00000000 00 0001 00"
#define WRITE_ONE   "2a 00 00000000 00 0001 00"

/* Each row has all that is wrong in the rows below it too; the first wins. */
enum fault {
    NO_UNIT = 1 << 0,
    RESET = 1 << 1,
    RESERVED = 1 << 2,
    ATTENTION = 1 << 3,
    STANDBY = 1 << 4,
    STOPPED = 1 << 5,
    READ_ONLY = 1 << 6,
    FROM_RESET = ~NO_UNIT,
    FROM_RESERVED = FROM_RESET & ~RESET,
    FROM_ATTENTION = FROM_RESERVED & ~RESERVED,
    FROM_STANDBY = FROM_ATTENTION & ~ATTENTION,
    FROM_STOPPED = FROM_STANDBY & ~STANDBY,
};
#define ALL_WRONG "2a e0 ffffffff 00 ffff 04"
#define OUTSIDE   "2a 00 ffffffff 00 0001 00"

static const struct {
    int faults;
    const char *cdb, *outcome;
} order[] = {
    {~0, "ff 00", "5/25/00"},
    {FROM_RESET, "ff 00", "6/29/02"},
    {FROM_RESET, ALL_WRONG, "6/29/02"},
    {FROM_RESERVED, ALL_WRONG, "CONFLICT"},
    {FROM_RESERVED, "ff 00", "6/3f/0e"},
    {FROM_ATTENTION, ALL_WRONG, "6/3f/0e"},
    {FROM_STANDBY, ALL_WRONG, "2/04/0b"},
    {FROM_STANDBY, "ff 00", "5/20/00"},
    {FROM_STOPPED, ALL_WRONG, "5/24/00"},
    {FROM_STOPPED, OUTSIDE, "2/04/02"},
    {READ_ONLY, OUTSIDE, "7/27/00"},
    {0, OUTSIDE, "5/21/00"},
    {0, WRITE_ONE, "GOOD"},
};

START_TEST(of_several_faults_the_first_in_order_is_reported)
{
    const int faults = order[_i].faults;
    struct fixture f;
    struct call c;

    fixture_open(&f);
    if (faults & RESET)
        nexus_raise(f.nexus, ATTENTION_BUS_RESET);
    if (faults & RESERVED)
        nexus_set_access(f.nexus, VERDICT_OF_RESERVATIONS, VERDICT_NO_WRITE);
    if (faults & ATTENTION)
        nexus_raise(f.nexus, ATTENTION_LUNS_CHANGED);
    if (faults & STANDBY)
        nexus_set_access(f.nexus, VERDICT_OF_PORT, VERDICT_STANDBY);
    atomic_store(&f.lun->stopped, (faults & STOPPED) != 0);
    f.nexus->read_only = faults & READ_ONLY;
    call_init(&c, &f, order[_i].cdb);
    if (faults & NO_UNIT)
        c.cmd.nexus = NULL;
    call_run(&c, &f, (uint8_t[BLOCK]){0}, BLOCK);
    assert_outcome(&c, order[_i].outcome);
    ck_assert_uint_eq(fake_store_records(f.store),
                      strcmp(order[_i].outcome, "GOOD") == 0 ? 1 : 0);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *then; /* what TEST UNIT READY says afterwards */
} attentions[] = {
    {TUR, "6/29/00", "GOOD"},         {READ_ONE, "6/29/00", "GOOD"},
    {"ff 00", "6/29/00", "GOOD"},     {"5a 00 3f 00 00 00 00 00 ff 00", "6/29/00", "GOOD"},
    {INQUIRY, "GOOD", "6/29/00"},     {"12 01 83 00 ff 00", "GOOD", "6/29/00"},
    {REPORT_LUNS, "GOOD", "6/29/00"}, {SENSE_FIXED, "GOOD", "GOOD"}, /* tells it in its data */
};

START_TEST(an_attention_is_told_once_by_the_right_commands)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    nexus_raise(f.nexus, ATTENTION_POWER_ON);
    run(&c, &f, attentions[_i].cdb);
    assert_outcome(&c, attentions[_i].outcome);
    call_end(&c);
    run(&c, &f, TUR);
    assert_outcome(&c, attentions[_i].then);
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(counter_get(&f.session.errors), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(attentions_are_told_one_by_one_in_order)
{
    static const char *const told[] = {
        "6/29/00", "6/29/02", "6/29/03", "6/2f/00", "6/28/00", "6/2a/03", "6/2a/04", "6/2a/05",
        "6/2a/01", "6/2a/06", "6/2a/09", "6/3f/03", "6/3f/0e", "6/38/07", "6/38/07", "GOOD"};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (int i = 0; i < ATTENTIONS; i++)
        nexus_raise(f.nexus, (enum unit_attention)i);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        run(&c, &f, TUR);
        assert_outcome(&c, told[i]);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(whoever_reads_the_list_of_luns_knows_that_it_changed)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    nexus_raise(f.nexus, ATTENTION_LUNS_CHANGED);
    call_init(&c, &f, REPORT_LUNS);
    c.cmd.nexus = NULL; /* asked at a LUN without a unit: the session knows all the same */
    call_run(&c, &f, NULL, 0);
    assert_outcome(&c, "GOOD");
    call_end(&c);
    run(&c, &f, TUR);
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome;
    uint8_t in_length, first[14];
} without_unit[] = {
    {INQUIRY, "GOOD", 96, {0x7f, 0, 6, 2, 91, 0, 0, 2, ' ', ' ', ' ', ' ', ' ', ' '}},
    {"12 01 00 00 ff 00", "GOOD", 5, {0x7f, 0, 0, 1, 0}},
    {"12 01 83 00 ff 00", "5/24/00", 0, {0}},
    {REPORT_LUNS, "GOOD", 32, {0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {SENSE_FIXED, "GOOD", 18, {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x25, 0}},
    {"03 01 00 00 ff 00", "GOOD", 8, {0x72, 5, 0x25, 0, 0, 0, 0, 0}},
    {TUR, "5/25/00", 0, {0}},
    {READ_ONE, "5/25/00", 0, {0}},
    {WRITE_ONE, "5/25/00", 0, {0}},
    {"a3 0c 00 00 0000 0000ffff 00 00", "5/25/00", 0, {0}},
    {"9e 10 0000000000000000 000000ff 00 00", "5/25/00", 0, {0}},
    {"ff 00", "5/25/00", 0, {0}},
};

START_TEST(without_a_unit_only_three_commands_have_an_answer)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, without_unit[_i].cdb);
    c.cmd.nexus = NULL;
    call_run(&c, &f, NULL, 0);
    assert_outcome(&c, without_unit[_i].outcome);
    ck_assert_uint_eq(c.cmd.in_length, without_unit[_i].in_length);
    if (c.cmd.in_length > 0)
        ck_assert_mem_eq(c.cmd.in->data, without_unit[_i].first,
                         c.cmd.in_length < 14 ? c.cmd.in_length : 14);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* A unit whose store could not be opened is there, but not ready. */
static const struct {
    const char *cdb, *outcome;
} without_store[] = {
    {TUR, "2/04/03"},
    {READ_ONE, "2/04/03"},
    {WRITE_ONE, "2/04/03"},
    {"25 00 00000000 0000 00 00", "2/04/03"},
    {"9e 10 0000000000000000 000000ff 00 00", "2/04/03"},
    {"35 00 00000000 00 0000 00", "2/04/03"},
    {"42 00 00000000 00 0018 00", "2/04/03"},
    {"1b 00 00 00 01 00", "2/04/03"},
    {INQUIRY, "GOOD"},
    {"12 01 00 00 ff 00", "GOOD"},
    {"12 01 80 00 ff 00", "GOOD"},
    {"12 01 83 00 ff 00", "GOOD"},
    {"12 01 b0 00 ff 00", "GOOD"},
    {"12 01 b1 00 ff 00", "GOOD"},
    {"12 01 b2 00 ff 00", "GOOD"},
    {"1a 00 3f 00 ff 00", "GOOD"},
    {REPORT_LUNS, "GOOD"},
    {"a3 0c 00 00 0000 0000ffff 00 00", "GOOD"},
    {SENSE_FIXED, "GOOD"},
};

START_TEST(a_unit_without_a_store_is_not_ready_but_says_who_it_is)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    f.lun->store = NULL;
    run(&c, &f, without_store[_i].cdb);
    assert_outcome(&c, without_store[_i].outcome);
    if (strcmp(without_store[_i].cdb, SENSE_FIXED) == 0)
        ck_assert_uint_eq(c.cmd.in->data[2], 2);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(an_aborted_command_moves_no_data_but_is_done)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, WRITE_ONE);
    ck_assert_int_eq(scsi_start(&c.cmd), SCSI_WANTS_DATA);
    c.cmd.out = iobuf_new(BLOCK);
    c.cmd.aborted = true;
    scsi_continue(&c.cmd);
    turn_until_done(&c, &f);
    assert_outcome(&c, "ABORTED");
    ck_assert_uint_eq(fake_store_records(f.store), 0);

    fake_store_hold(f.store, true);
    call_init(&c, &f, READ_ONE);
    call_start(&c, NULL, 0);
    worker_turn(f.worker, false);
    ck_assert_int_eq(c.done, 0);
    c.cmd.aborted = true;
    fake_store_release(f.store, 0, 0);
    turn_until_done(&c, &f);
    assert_outcome(&c, "ABORTED");
    ck_assert_uint_eq(c.cmd.in_length, 0);
    ck_assert_ptr_null(c.cmd.in);
    fixture_close(&f);
}
END_TEST

START_TEST(a_nexus_that_was_fenced_off_while_its_data_came_changes_nothing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, WRITE_ONE);
    ck_assert_int_eq(scsi_start(&c.cmd), SCSI_WANTS_DATA);
    c.cmd.out = iobuf_new(BLOCK);
    nexus_set_access(f.nexus, VERDICT_OF_RESERVATIONS, VERDICT_NO_WRITE);
    scsi_continue(&c.cmd);
    turn_until_done(&c, &f);
    assert_outcome(&c, "CONFLICT");
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(a_command_whose_data_never_comes_is_given_up)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, WRITE_ONE);
    ck_assert_int_eq(scsi_start(&c.cmd), SCSI_WANTS_DATA);
    c.cmd.out = iobuf_new(BLOCK);
    scsi_give_up(&c.cmd);
    ck_assert_ptr_null(c.cmd.out);
    worker_turn(f.worker, false);
    ck_assert_int_eq(c.done, 0);
    ck_assert_uint_eq(counter_get(&f.session.started), 1);
    ck_assert_uint_eq(counter_get(&f.session.finished), 1);
    ck_assert_uint_eq(counter_get(&f.session.write_ops), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(commands_are_counted_by_kind_for_session_and_export)
{
    static const char *const commands[] = {
        READ_ONE,
        "28 00 00000000 00 0003 00",
        WRITE_ONE,
        "35 00 00000000 00 0000 00",
        "93 09 0000000000000000 00000004 00 00",
        TUR,
        "ff 00",
        "28 00 ffffffff 00 0001 00",
    };
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        call_init(&c, &f, commands[i]);
        call_run(&c, &f, (uint8_t[BLOCK]){0}, BLOCK);
        call_end(&c);
    }
    for (struct io_counters *n = &f.session;; n = &f.export) {
        ck_assert_uint_eq(counter_get(&n->started), 8);
        ck_assert_uint_eq(counter_get(&n->finished), 8);
        ck_assert_uint_eq(counter_get(&n->read_ops), 3);
        ck_assert_uint_eq(counter_get(&n->read_bytes), 4 * BLOCK);
        ck_assert_uint_eq(counter_get(&n->write_ops), 2);
        ck_assert_uint_eq(counter_get(&n->write_bytes), 5 * BLOCK);
        ck_assert_uint_eq(counter_get(&n->flush_ops), 1);
        ck_assert_uint_eq(counter_get(&n->other_ops), 2);
        ck_assert_uint_eq(counter_get(&n->errors), 2);
        if (n == &f.export)
            break;
    }
    fixture_close(&f);
}
END_TEST

static uint64_t
commands_timed(struct io_counters *counters, enum latency_kind kind)
{
    struct latency_totals latency = {0};
    uint64_t commands = 0;

    latency_sum(counters, 1, &latency);
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        commands += latency.counts[kind][i];
    return commands;
}

START_TEST(how_long_commands_take_is_counted_by_kind_for_session_and_export)
{
    static const char *const commands[] = {
        READ_ONE, READ_ONE, WRITE_ONE, "35 00 00000000 00 0000 00", TUR, "ff 00",
    };
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        call_init(&c, &f, commands[i]);
        call_run(&c, &f, (uint8_t[BLOCK]){0}, BLOCK);
        call_end(&c);
    }
    for (struct io_counters *n = &f.session;; n = &f.export) {
        ck_assert_uint_eq(commands_timed(n, LATENCY_READ), 2);
        ck_assert_uint_eq(commands_timed(n, LATENCY_WRITE), 1);
        ck_assert_uint_eq(commands_timed(n, LATENCY_FLUSH), 1);
        ck_assert_uint_eq(commands_timed(n, LATENCY_OTHER), 2);
        if (n == &f.export)
            break;
    }
    fixture_close(&f);
}
END_TEST

START_TEST(failures_are_counted_by_sense_key_and_refusals_by_status_for_the_export)
{
    struct refusal_totals totals = {0};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, "ff 00");
    call_end(&c);
    run(&c, &f, "28 00 ffffffff 00 0001 00");
    call_end(&c);
    fake_store_fail(f.store, STORE_READ, 1, EIO);
    run(&c, &f, READ_ONE);
    call_end(&c);
    nexus_raise(f.nexus, ATTENTION_MODE_CHANGED);
    run(&c, &f, READ_ONE);
    assert_outcome(&c, "6/2a/01");
    call_end(&c);
    nexus_count_refusal(f.nexus, SCSI_TASK_SET_FULL);
    nexus_count_refusal(f.nexus, SCSI_RESERVATION_CONFLICT);
    nexus_count_refusal(f.nexus, SCSI_TASK_ABORTED);
    refusals_sum(&f.export, 1, &totals);
    ck_assert_uint_eq(totals.by_sense_key[5], 2);
    ck_assert_uint_eq(totals.by_sense_key[3], 1);
    ck_assert_uint_eq(totals.by_sense_key[6], 0);
    ck_assert_uint_eq(counter_get(&f.export.errors), 3);
    ck_assert_uint_eq(totals.task_set_full, 1);
    ck_assert_uint_eq(totals.reservation_conflict, 1);
    ck_assert_uint_eq(totals.busy, 0);
    ck_assert_ptr_null(atomic_load(&f.session.refusals));
    fixture_close(&f);
}
END_TEST

START_TEST(counters_may_be_missing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    f.it.counters = f.nexus->counters = NULL;
    run(&c, &f, READ_ONE);
    assert_outcome(&c, "GOOD");
    call_end(&c);
    run(&c, &f, "ff 00");
    assert_outcome(&c, "5/20/00");
    fixture_close(&f);
}
END_TEST

START_TEST(a_command_has_a_name_for_the_log)
{
    static const char *const names[][2] = {
        {READ_ONE, "READ(10)"},
        {"9e 10 00", "READ CAPACITY(16)"},
        {"9e 1f 00", "unknown opcode"},
        {"ff 00", "unknown opcode"},
    };
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        call_init(&c, &f, names[i][0]);
        ck_assert_str_eq(scsi_command_name(&c.cmd), names[i][1]);
    }
    fixture_close(&f);
}
END_TEST

TCase *
execute_cases(void)
{
    TCase *t = tcase_create("execute");

    tcase_add_loop_test(t, of_several_faults_the_first_in_order_is_reported, 0, ROWS(order));
    tcase_add_loop_test(t, an_attention_is_told_once_by_the_right_commands, 0,
                        ROWS(attentions));
    tcase_add_test(t, attentions_are_told_one_by_one_in_order);
    tcase_add_test(t, whoever_reads_the_list_of_luns_knows_that_it_changed);
    tcase_add_loop_test(t, without_a_unit_only_three_commands_have_an_answer, 0,
                        ROWS(without_unit));
    tcase_add_loop_test(t, a_unit_without_a_store_is_not_ready_but_says_who_it_is, 0,
                        ROWS(without_store));
    tcase_add_test(t, an_aborted_command_moves_no_data_but_is_done);
    tcase_add_test(t, a_nexus_that_was_fenced_off_while_its_data_came_changes_nothing);
    tcase_add_test(t, a_command_whose_data_never_comes_is_given_up);
    tcase_add_test(t, commands_are_counted_by_kind_for_session_and_export);
    tcase_add_test(t, how_long_commands_take_is_counted_by_kind_for_session_and_export);
    tcase_add_test(t, failures_are_counted_by_sense_key_and_refusals_by_status_for_the_export);
    tcase_add_test(t, counters_may_be_missing);
    tcase_add_test(t, a_command_has_a_name_for_the_log);
    return t;
}
