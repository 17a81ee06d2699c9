/* test_task_set.c: who runs when, first as a table, then with commands. */
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "scsi/task_set.h"
#include "suites.h"

#define TUR       "00 00 00 00 00 00"
#define READ_ONE  "28 00 00000000 00 0001 00"
#define WRITE_ONE "2a 00 00000000 00 0001 00"

/*
 * Events: s, o, h: a SIMPLE, ORDERED or HEAD OF QUEUE command comes (numbered from 0); -N:
 * number N leaves. What they enable: the numbers, "." for none.
 */
static const struct {
    const char *events, *enables;
} scripts[] = {
    {"s s s -1 -0 -2", "0 1 2 . . ."},
    /* ORDERED: all that came before, then it alone, then all that came after. */
    {"o s s -0", "0 . . 12"},
    {"s s o s s -0 -1 -2", "0 1 . . . . 2 34"},
    {"s s o s s -1 -0 -2", "0 1 . . . . 2 34"},
    {"o o s o s -0 -1 -2 -3", "0 . . . . 1 2 3 4"},
    {"s o o -0 -1 -2 s", "0 . . 1 2 . 3"},
    /* HEAD OF QUEUE: at once; what comes later or waits waits for it. */
    {"s h -0 -1", "0 1 . ."},
    {"h s -0", "0 . 1"},
    {"s h s -0 -1", "0 1 . . 2"},
    {"h h s -0 -1", "0 1 . . 2"},
    {"s o h s -0 -2 -1", "0 . 2 . . 1 3"},
    {"o s h -0 -2", "0 . 2 . 1"},
    {"o s h -2 -0", "0 . 2 . 1"},
    {"h o s -0 -1", "0 . . 1 2"},
    {"o h o -0 -1 -2", "0 1 . . 2 ."},
    /* Who waits may leave. */
    {"s o s -1", "0 . . 2"},
    {"s o s o -1 -2", "0 . . . 2 ."},
    {"s o s o -2 -0 -1", "0 . . . . 1 3"},
    {"h s s -1 -0", "0 . . . 2"},
    {"s o o s -2 -1", "0 . . . . 3"},
};

START_TEST(commands_run_in_the_order_of_their_attributes)
{
    static const char letters[] = "soh";
    struct scsi_cmd cmds[10] = {0}, *cmd;
    const char *event = scripts[_i].events;
    char enables[64] = "", *at = enables;
    struct task_set set;
    unsigned n = 0;

    task_set_init(&set);
    for (; event != NULL; event = strchr(event, ' ')) {
        char *before = at;

        event += *event == ' ';
        if (*event != '-') {
            cmds[n].attribute = (enum task_attribute)(strchr(letters, *event) - letters);
            if (task_set_enter(&set, &cmds[n]))
                *at++ = (char)('0' + n);
            n++;
        } else {
            task_set_leave(&set, &cmds[event[1] - '0']);
            while ((cmd = task_set_next(&set)) != NULL)
                *at++ = (char)('0' + (cmd - cmds));
        }
        if (at == before)
            *at++ = '.';
        *at++ = ' ';
    }
    at[-1] = '\0';
    ck_assert_str_eq(enables, scripts[_i].enables);
}
END_TEST

static struct fixture f;
static struct call *last_started;
static enum scsi_progress last_progress;

static void
note_start(struct scsi_cmd *cmd, enum scsi_progress progress)
{
    last_started = (struct call *)cmd;
    last_progress = progress;
}

static void
init(struct call *c, const char *cdb, enum task_attribute attribute)
{
    call_init(c, &f, cdb);
    c->cmd.attribute = attribute;
    c->cmd.started = note_start;
}

static void
setup(void)
{
    fixture_open(&f);
    last_started = NULL;
}

static void
teardown(void)
{
    fixture_close(&f);
}

START_TEST(a_dormant_command_is_checked_when_its_turn_has_come)
{
    struct call read, ordered, after;

    fake_store_hold(f.store, true);
    init(&read, READ_ONE, TASK_SIMPLE);
    init(&ordered, TUR, TASK_ORDERED);
    init(&after, TUR, TASK_SIMPLE);
    ck_assert_int_eq(scsi_start(&read.cmd), SCSI_RUNNING);
    ck_assert_int_eq(scsi_start(&ordered.cmd), SCSI_DORMANT);
    ck_assert_int_eq(scsi_start(&after.cmd), SCSI_DORMANT);
    worker_turn(f.worker, false);
    nexus_raise(f.nexus, ATTENTION_MODE_CHANGED); /* after they came, before they run */
    ck_assert_int_eq(ordered.done, 0);
    fake_store_hold(f.store, false);
    turn_until_done(&read, &f);
    turn_until_done(&ordered, &f);
    turn_until_done(&after, &f);
    assert_outcome(&read, "GOOD");
    assert_outcome(&ordered, "6/2a/01");
    assert_outcome(&after, "GOOD");
    call_end(&read);
}
END_TEST

START_TEST(a_dormant_write_takes_the_data_that_came_meanwhile)
{
    struct call read, write;
    struct iobuf *data = iobuf_new(BLOCK);

    memset(data->data, 0x5a, BLOCK);
    fake_store_hold(f.store, true);
    init(&read, READ_ONE, TASK_SIMPLE);
    init(&write, WRITE_ONE, TASK_ORDERED);
    scsi_start(&read.cmd);
    ck_assert_int_eq(scsi_start(&write.cmd), SCSI_DORMANT);
    write.cmd.out = data;
    fake_store_hold(f.store, false);
    turn_until_done(&read, &f);
    ck_assert_ptr_eq(last_started, &write);
    ck_assert_int_eq(last_progress, SCSI_WANTS_DATA);
    ck_assert_uint_eq(write.cmd.out_length, BLOCK);
    scsi_continue(&write.cmd);
    turn_until_done(&write, &f);
    assert_outcome(&write, "GOOD");
    ck_assert_uint_eq(fake_store_bytes(f.store)[BLOCK - 1], 0x5a);
    call_end(&read);
}
END_TEST

START_TEST(a_dormant_command_that_takes_no_data_loses_what_came)
{
    struct call read, tur;

    fake_store_hold(f.store, true);
    init(&read, READ_ONE, TASK_SIMPLE);
    init(&tur, TUR, TASK_ORDERED);
    scsi_start(&read.cmd);
    ck_assert_int_eq(scsi_start(&tur.cmd), SCSI_DORMANT);
    tur.cmd.out = iobuf_new(BLOCK);
    fake_store_hold(f.store, false);
    turn_until_done(&read, &f);
    turn_until_done(&tur, &f); /* looks that `out` is gone */
    assert_outcome(&tur, "GOOD");
    call_end(&read);
}
END_TEST

START_TEST(a_dormant_command_can_be_given_up)
{
    struct call read, ordered, after;

    fake_store_hold(f.store, true);
    init(&read, READ_ONE, TASK_SIMPLE);
    init(&ordered, WRITE_ONE, TASK_ORDERED);
    init(&after, TUR, TASK_SIMPLE);
    scsi_start(&read.cmd);
    scsi_start(&ordered.cmd);
    ck_assert_int_eq(scsi_start(&after.cmd), SCSI_DORMANT);
    ordered.cmd.out = iobuf_new(BLOCK);
    scsi_give_up(&ordered.cmd);
    ck_assert_ptr_eq(last_started, &after); /* nothing stands before it any more */
    turn_until_done(&after, &f);
    assert_outcome(&after, "GOOD");
    fake_store_hold(f.store, false);
    turn_until_done(&read, &f);
    ck_assert_int_eq(ordered.done, 0);
    ck_assert_uint_eq(fake_store_records(f.store), 1);
    call_end(&read);
}
END_TEST

START_TEST(a_write_that_waits_for_its_data_keeps_ordered_commands_waiting)
{
    struct call write, ordered;

    init(&write, WRITE_ONE, TASK_SIMPLE);
    init(&ordered, TUR, TASK_ORDERED);
    ck_assert_int_eq(scsi_start(&write.cmd), SCSI_WANTS_DATA);
    ck_assert_int_eq(scsi_start(&ordered.cmd), SCSI_DORMANT);
    worker_turn(f.worker, false);
    ck_assert_ptr_null(last_started);
    scsi_give_up(&write.cmd);
    ck_assert_ptr_eq(last_started, &ordered);
    turn_until_done(&ordered, &f);
}
END_TEST

START_TEST(another_nexus_has_a_task_set_of_its_own)
{
    struct nexus *other = fixture_nexus(&f, false);
    struct call ordered, theirs;

    nexus_take_attention(other);
    fake_store_hold(f.store, true);
    init(&ordered, READ_ONE, TASK_ORDERED);
    init(&theirs, TUR, TASK_SIMPLE);
    theirs.cmd.nexus = other;
    scsi_start(&ordered.cmd);
    ck_assert_int_eq(scsi_start(&theirs.cmd), SCSI_RUNNING);
    turn_until_done(&theirs, &f);
    assert_outcome(&theirs, "GOOD");
    fake_store_hold(f.store, false);
    turn_until_done(&ordered, &f);
    call_end(&ordered);
    nexus_free(other);
}
END_TEST

#define CHAIN 4096

static struct call chain[CHAIN];
static unsigned chain_ended;

static void
end_link(struct scsi_cmd *cmd)
{
    ck_assert_ptr_eq((struct call *)cmd, &chain[chain_ended]);
    chain[chain_ended++].done++;
}

START_TEST(a_long_chain_of_ordered_commands_runs_link_by_link)
{
    for (unsigned i = 0; i < CHAIN; i++) {
        init(&chain[i], i % 2 ? READ_ONE : TUR, TASK_ORDERED);
        chain[i].cmd.done = end_link;
        ck_assert_int_eq(scsi_start(&chain[i].cmd), i > 0 ? SCSI_DORMANT : SCSI_RUNNING);
    }
    turn_until_done(&chain[CHAIN - 1], &f);
    for (unsigned i = 0; i < CHAIN; i++) {
        assert_outcome(&chain[i], "GOOD");
        call_end(&chain[i]);
    }
}
END_TEST

START_TEST(a_nexus_that_has_more_open_than_the_unit_allows_is_told_so)
{
    struct call reads[3], more;

    atomic_store(&f.lun->queue_depth, 3);
    fake_store_hold(f.store, true);
    for (unsigned i = 0; i < 3; i++) {
        init(&reads[i], READ_ONE, i == 1 ? TASK_ORDERED : TASK_SIMPLE); /* dormant ones count */
        scsi_start(&reads[i].cmd);
    }
    for (unsigned i = 0; i < 3; i++) {
        init(&more, TUR, (enum task_attribute)i);
        ck_assert_int_eq(scsi_start(&more.cmd), SCSI_RUNNING);
        turn_until_done(&more, &f);
        ck_assert_int_eq(more.cmd.status, SCSI_TASK_SET_FULL);
    }
    fake_store_hold(f.store, false);
    for (unsigned i = 0; i < 3; i++) {
        turn_until_done(&reads[i], &f);
        assert_outcome(&reads[i], "GOOD");
        call_end(&reads[i]);
    }
    run(&more, &f, TUR);
    assert_outcome(&more, "GOOD");
}
END_TEST

TCase *
task_set_cases(void)
{
    TCase *tcase = tcase_create("task_set");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, commands_run_in_the_order_of_their_attributes, 0,
                        sizeof scripts / sizeof *scripts);
    tcase_add_test(tcase, a_dormant_command_is_checked_when_its_turn_has_come);
    tcase_add_test(tcase, a_dormant_write_takes_the_data_that_came_meanwhile);
    tcase_add_test(tcase, a_dormant_command_that_takes_no_data_loses_what_came);
    tcase_add_test(tcase, a_dormant_command_can_be_given_up);
    tcase_add_test(tcase, a_write_that_waits_for_its_data_keeps_ordered_commands_waiting);
    tcase_add_test(tcase, another_nexus_has_a_task_set_of_its_own);
    tcase_add_test(tcase, a_long_chain_of_ordered_commands_runs_link_by_link);
    tcase_add_test(tcase, a_nexus_that_has_more_open_than_the_unit_allows_is_told_so);
    return tcase;
}
