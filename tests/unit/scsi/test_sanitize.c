/* test_sanitize.c: SANITIZE, and what else works meanwhile and afterwards. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "scsi/commands.h"
#include "scsi/sanitize.h"
#include "suites.h"

#define OVERWRITE   "48 01 0000000000"
#define BLOCK_ERASE "48 02 0000000000 0000 00"
#define ERASE_IMMED "48 82 0000000000 0000 00"
#define ERASE_AUSE  "48 22 0000000000 0000 00"
#define EXIT        "48 1f 0000000000 0000 00"

static void
turn_until_idle(struct fixture *f)
{
    while (atomic_load(&f->lun->sanitize.state) == SANITIZE_RUNNING)
        worker_turn(f->worker, true);
}

/* An overwrite with COUNT_BYTE and the N bytes at PATTERN. */
static void
init_overwrite(struct call *c, struct fixture *f, uint8_t list[4], unsigned count_byte,
               size_t n)
{
    call_init(c, f, OVERWRITE);
    put_be16(c->cmd.cdb + 7, (uint16_t)(4 + n));
    list[0] = (uint8_t)count_byte;
    list[1] = 0;
    put_be16(list + 2, (uint16_t)n);
}

static void
overwrite(struct call *c, struct fixture *f, unsigned count_byte, const void *pattern, size_t n)
{
    uint8_t list[4 + BLOCK];

    memcpy(list + 4, pattern, n);
    init_overwrite(c, f, list, count_byte, n);
    call_start(c, list, 4 + n);
    while (c->done == 0)
        worker_turn(f->worker, true);
    worker_turn(f->worker, false);
}

static const struct {
    unsigned count_byte;
    size_t length;
    const char *pattern;
    unsigned passes;
    uint8_t first_pass; /* its first byte */
} overwrites[] = {
    {0x01, 4, "abcd", 1, 'a'},         {0x03, 3, "abc", 3, 'a'}, {0x81, 1, "a", 1, 'a'},
    {0x82, 1, "a", 2, (uint8_t) ~'a'}, {0x83, 1, "a", 3, 'a'},
};

START_TEST(an_overwrite_writes_the_pattern_over_everything_in_every_pass)
{
    const char *pattern = overwrites[_i].pattern;
    size_t n = overwrites[_i].length;
    unsigned writes = 0, flushes = 0;
    char block[BLOCK];
    struct fixture f;
    struct call c;

    fixture_open(&f);
    memset(fake_store_bytes(f.store), 0x55, BLOCK * BLOCKS);
    overwrite(&c, &f, overwrites[_i].count_byte, pattern, n);
    assert_outcome(&c, "GOOD");
    for (size_t at = 0; at < BLOCK; at++)
        block[at] = pattern[at % n];
    for (size_t i = 0; i < BLOCKS; i++)
        ck_assert_mem_eq(fake_store_bytes(f.store) + i * BLOCK, block, BLOCK);
    for (unsigned i = 0; i < fake_store_records(f.store); i++) {
        writes += fake_store_record(f.store, i)->op == STORE_WRITE;
        flushes += fake_store_record(f.store, i)->op == STORE_FLUSH;
    }
    ck_assert_uint_eq(writes, overwrites[_i].passes * (BLOCK * BLOCKS >> 20));
    ck_assert_uint_eq(flushes, overwrites[_i].passes); /* each reaches the medium */
    ck_assert_uint_eq(fake_store_record(f.store, 0)->first[0], overwrites[_i].first_pass);
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

START_TEST(a_block_erase_unmaps_everything_and_makes_that_stable)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    memset(fake_store_bytes(f.store), 0x55, BLOCK * BLOCKS);
    call_init(&c, &f, BLOCK_ERASE);
    call_start(&c, NULL, 0);
    while (c.done == 0)
        worker_turn(f.worker, true);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 0), "UNMAP 0+2097152");
    ck_assert_str_eq(asked(&f, 1), "FLUSH");
    ck_assert_uint_eq(fake_store_records(f.store), 2);
    ck_assert_uint_eq(fake_store_bytes(f.store)[12345], 0);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *list;
    size_t length;
    const char *outcome, *field;
} refused[] = {
    {"48 00 0000000000 0000 00", "", 0, "5/24/00", "cdb 1.4"}, /* no such service action */
    {"48 03 0000000000 0000 00", "", 0, "5/24/00", "cdb 1.4"}, /* nothing is encrypted */
    {"48 42 0000000000 0000 00", "", 0, "5/24/00", "cdb 1.6"}, /* ZNR */
    {"48 02 0100000000 0000 00", "", 0, "5/24/00", "cdb 2"},
    {"48 02 0000000080 0000 00", "", 0, "5/24/00", "cdb 6"},
    {"48 02 0000000000 0008 00", "", 0, "5/24/00", "cdb 7"},
    {"48 1f 0000000000 0008 00", "", 0, "5/24/00", "cdb 7"},
    {"48 01 0000000000 0000 00", "", 0, "5/24/00", "cdb 7"},
    {"48 01 0000000000 0004 00", "\1\0\0\4", 4, "5/24/00", "cdb 7"},
    {"48 01 0000000000 0205 00", "\1\0\0\1abcd", 517, "5/24/00",
     "cdb 7"}, /* more than a block */
    {"48 01 0000000000 0008 00", "\0\0\0\4abcd", 8, "5/26/00", "list 0.4"},
    {"48 01 0000000000 0008 00", "\x21\0\0\4abcd", 8, "5/26/00", "list 0.6"},
    {"48 01 0000000000 0008 00", "\1\0\0\0abcd", 8, "5/26/00", "list 2"},
    {"48 01 0000000000 0008 00", "\1\0\0\5abcd", 8, "5/26/00", "list 2"}, /* not there */
    {"48 01 0000000000 0204 00", "\1\0\2\1abcd", 516, "5/26/00", "list 2"},
    {"48 02 0000000000 0000 04", "", 0, "5/24/00", "cdb 9.2"}, /* NACA */
};

START_TEST(what_is_wrong_with_it_is_said_and_nothing_is_changed)
{
    uint8_t list[1024] = {0};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    if (refused[_i].length > 0)
        memcpy(list, refused[_i].list, refused[_i].length < 8 ? 4 : 8);
    call_init(&c, &f, refused[_i].cdb);
    call_run(&c, &f, list, refused[_i].length);
    assert_outcome(&c, refused[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), refused[_i].field);
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    ck_assert_int_eq(atomic_load(&f.lun->sanitize.state), SANITIZE_IDLE);
    fixture_close(&f);
}
END_TEST

START_TEST(a_list_that_is_cut_anywhere_starts_nothing)
{
    uint8_t list[12] = {1, 0, 0, 8, 'a'};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t n = 0; n < sizeof list; n++) {
        init_overwrite(&c, &f, list, 1, 8);
        call_run(&c, &f, list, n);
        assert_outcome(&c, "5/1a/00");
    }
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    fixture_close(&f);
}
END_TEST

/* Starts an erase that waits for its store. */
static void
erase_held(struct call *c, struct fixture *f, const char *cdb)
{
    fake_store_hold(f->store, true);
    call_init(c, f, cdb);
    call_start(c, NULL, 0);
    while (fake_store_held(f->store) == 0)
        worker_turn(f->worker, true);
}

START_TEST(only_what_the_standard_allows_works_meanwhile)
{
    struct fixture f;
    struct call erase, c;
    unsigned working = 0;

    fixture_open(&f);
    erase_held(&erase, &f, ERASE_IMMED);
    ck_assert_int_eq(erase.done, 1); /* IMMED */
    assert_outcome(&erase, "GOOD");
    for (unsigned i = 0; i < 256; i++) {
        bool has_actions = scsi_commands[i].actions != NULL;
        const struct scsi_command *row =
            has_actions ? scsi_commands[i].actions : &scsi_commands[i];

        for (; row->name != NULL; row++) {
            call_init(&c, &f, "");
            c.cmd.cdb[0] = row->usage[0];
            if (has_actions)
                c.cmd.cdb[1] = row->usage[1] & 0x1f;
            call_run(&c, &f, NULL, 0);
            call_end(&c);
            if ((row->flags & DURING_SANITIZE) && i != 0x48) {
                ck_assert_msg(c.cmd.status == SCSI_GOOD, "%s: %s", row->name, outcome(&c));
                working++;
            } else {
                ck_assert_msg(strcmp(outcome(&c), "2/04/1b") == 0, "%s: %s", row->name,
                              outcome(&c));
            }
            if (!has_actions)
                break;
        }
    }
    ck_assert_uint_eq(working, 3); /* INQUIRY, REPORT LUNS, REQUEST SENSE */
    fake_store_hold(f.store, false);
    turn_until_idle(&f);
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

/* The progress indication of fixed format sense. */
static unsigned
progress_of(const uint8_t *sense)
{
    ck_assert_uint_eq(sense[2], 0x02);
    ck_assert_uint_eq(sense[12], 0x04);
    ck_assert_uint_eq(sense[13], 0x1b);
    ck_assert_uint_eq(sense[15], 0x80);
    return get_be16(sense + 16);
}

START_TEST(its_progress_is_in_sense_data_and_in_request_sense)
{
    uint8_t list[5] = {0, 0, 0, 0, 'a'};
    struct fixture f;
    struct call wipe, c;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    init_overwrite(&wipe, &f, list, 2, 1);
    wipe.cmd.cdb[1] |= 0x80;
    call_start(&wipe, list, sizeof list);
    for (unsigned i = 0; i < 4; i++) { /* 2 passes of 2 steps, and a flush after each */
        while (fake_store_held(f.store) == 0)
            worker_turn(f.worker, true);
        run(&c, &f, "03 00 00 00 fc 00");
        assert_outcome(&c, "GOOD");
        ck_assert_uint_eq(progress_of(c.cmd.in->data), i * 65536 / 4);
        call_end(&c);
        run(&c, &f, "00 00 00 00 00 00");
        ck_assert_uint_eq(progress_of(c.cmd.sense), i * 65536 / 4);
        fake_store_release(f.store, 0, 0);
        if (i % 2 == 1) {
            while (fake_store_held(f.store) == 0)
                worker_turn(f.worker, true);
            fake_store_release(f.store, 0, 0);
        }
    }
    turn_until_idle(&f);
    run(&c, &f, "03 00 00 00 fc 00");
    ck_assert_uint_eq(c.cmd.in->data[2], 0);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(it_survives_resets_and_the_abort_of_its_command_and_reaches_new_nexuses)
{
    struct fixture f;
    struct call erase, c;
    struct nexus *late;

    fixture_open(&f);
    erase_held(&erase, &f, BLOCK_ERASE);
    ck_assert_int_eq(erase.done, 0);
    erase.cmd.aborted = true;
    lun_reset(f.lun);
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "6/29/03");
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "2/04/1b");
    late = fixture_nexus(&f, false);
    ck_assert(atomic_load(&late->verdict) & VERDICT_SANITIZE);
    fake_store_release(f.store, 0, 0); /* between two steps the abort is noticed */
    while (erase.done == 0)
        worker_turn(f.worker, true);
    ck_assert_int_eq(erase.cmd.status, SCSI_TASK_ABORTED);
    ck_assert_int_eq(atomic_load(&f.lun->sanitize.state), SANITIZE_RUNNING);
    fake_store_hold(f.store, false);
    turn_until_idle(&f);
    ck_assert_int_eq(atomic_load(&f.lun->sanitize.state), SANITIZE_IDLE);
    ck_assert(!(atomic_load(&late->verdict) & VERDICT_SANITIZE));
    nexus_free(late);
    fixture_close(&f);
}
END_TEST

START_TEST(commands_at_the_medium_end_before_it_begins)
{
    uint8_t data[BLOCK] = "late";
    struct fixture f;
    struct call write, collecting, erase;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    call_init(&write, &f, "2a 00 00000001 00 0001 00");
    call_start(&write, data, sizeof data);
    call_init(&collecting, &f, "2a 00 00000002 00 0001 00");
    ck_assert_int_eq(scsi_start(&collecting.cmd), SCSI_WANTS_DATA);
    call_init(&erase, &f, BLOCK_ERASE);
    call_start(&erase, NULL, 0);
    for (int i = 0; i < 20; i++)
        worker_turn(f.worker, false);
    ck_assert_uint_eq(fake_store_records(f.store), 1);

    /* What had not begun by then does not begin. */
    collecting.cmd.out = iobuf_new(BLOCK);
    memset(collecting.cmd.out->data, 0x77, BLOCK);
    scsi_continue(&collecting.cmd);
    turn_until_done(&collecting, &f);
    assert_outcome(&collecting, "2/04/1b");

    fake_store_hold(f.store, false);
    turn_until_done(&write, &f);
    assert_outcome(&write, "GOOD");
    turn_until_idle(&f);
    while (erase.done == 0)
        worker_turn(f.worker, true);
    assert_outcome(&erase, "GOOD");
    ck_assert_uint_eq(fake_store_bytes(f.store)[BLOCK], 0);
    ck_assert_uint_eq(fake_store_bytes(f.store)[2 * BLOCK], 0);
    fixture_close(&f);
}
END_TEST

/* Another operation fails. */
static void
fail_erase(struct fixture *f, const char *cdb, enum store_op op)
{
    struct call c;

    fake_store_fail(f->store, op, 1, EIO);
    call_init(&c, f, cdb);
    call_start(&c, NULL, 0);
    while (c.done == 0)
        worker_turn(f->worker, true);
    assert_outcome(&c, "3/31/03");
    run(&c, f, "00 00 00 00 00 00");
    assert_outcome(&c, "3/31/03");
    run(&c, f, "12 00 00 00 24 00");
    assert_outcome(&c, "GOOD");
    call_end(&c);
    lun_reset(f->lun);
    ck_assert_int_eq(nexus_take_attention(f->nexus), ATTENTION_DEVICE_RESET);
    run(&c, f, "28 00 00000000 00 0001 00");
    assert_outcome(&c, "3/31/03");
}

START_TEST(a_failure_in_restricted_mode_is_left_by_a_success_in_that_mode_only)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    fail_erase(&f, BLOCK_ERASE, STORE_UNMAP);
    run(&c, &f, EXIT);
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 1.4");
    run(&c, &f, ERASE_AUSE);
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 1.5");
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "3/31/03");
    call_init(&c, &f, BLOCK_ERASE);
    call_start(&c, NULL, 0);
    while (c.done == 0)
        worker_turn(f.worker, true);
    assert_outcome(&c, "GOOD");
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

/* It was checked when nothing had failed; its data comes later. */
START_TEST(a_command_that_came_before_a_failure_in_restricted_mode_does_not_lead_out_of_it)
{
    uint8_t list[4 + 4] = {0};
    struct fixture f;
    struct call c;

    fixture_open(&f);
    init_overwrite(&c, &f, list, 1, 4);
    c.cmd.cdb[1] |= 0x20; /* AUSE */
    ck_assert_int_eq(scsi_start(&c.cmd), SCSI_WANTS_DATA);
    fail_erase(&f, BLOCK_ERASE, STORE_UNMAP);
    fake_store_forget(f.store);
    c.cmd.out = iobuf_new(sizeof list);
    ck_assert_ptr_nonnull(c.cmd.out);
    memcpy(c.cmd.out->data, list, sizeof list);
    scsi_continue(&c.cmd);
    while (c.done == 0)
        worker_turn(f.worker, true);
    assert_outcome(&c, "3/31/03");
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    run(&c, &f, EXIT);
    assert_outcome(&c, "5/24/00");
    fixture_close(&f);
}
END_TEST

START_TEST(a_failure_in_unrestricted_mode_may_be_left)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    run(&c, &f, EXIT); /* nothing to leave */
    assert_outcome(&c, "GOOD");
    fail_erase(&f, ERASE_AUSE, STORE_FLUSH);
    run(&c, &f, EXIT);
    assert_outcome(&c, "GOOD");
    run(&c, &f, "28 00 00000000 00 0001 00");
    assert_outcome(&c, "GOOD");
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* What is to be kept, until the test says that it is. */
static struct lun_save *saving;

static void
hold_save(struct lun_save *save)
{
    ck_assert_ptr_null(saving);
    saving = save;
}

static void
expect_save(struct fixture *f, enum sanitize_mark mark, int error)
{
    struct lun_save *save;

    while (saving == NULL)
        worker_turn(f->worker, true);
    save = saving;
    ck_assert_ptr_eq(save->lun, f->lun);
    ck_assert_int_eq(*save->sanitize, mark);
    ck_assert_ptr_null(save->reservations);
    ck_assert_ptr_null(save->modes);
    saving = NULL;
    save->error = error;
    save->done(save);
}

static void
start_with_save(struct call *c, struct fixture *f, const char *cdb)
{
    saving = NULL;
    f->lun->save = hold_save;
    call_init(c, f, cdb);
    call_start(c, NULL, 0);
}

START_TEST(its_begin_is_kept_before_the_first_write_and_its_end_before_the_answer)
{
    struct fixture f;
    struct call erase;

    fixture_open(&f);
    start_with_save(&erase, &f, BLOCK_ERASE);
    while (saving == NULL)
        worker_turn(f.worker, true);
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    expect_save(&f, SANITIZE_MARK_RESTRICTED, 0);
    while (saving == NULL)
        worker_turn(f.worker, true);
    ck_assert_uint_eq(fake_store_records(f.store), 2);
    ck_assert_int_eq(erase.done, 0);
    ck_assert_int_eq(atomic_load(&f.lun->sanitize.state), SANITIZE_RUNNING);
    expect_save(&f, SANITIZE_MARK_NONE, 0);
    ck_assert_int_eq(erase.done, 1);
    assert_outcome(&erase, "GOOD");
    ck_assert_int_eq(atomic_load(&f.lun->sanitize.state), SANITIZE_IDLE);
    fixture_close(&f);
}
END_TEST

START_TEST(what_cannot_be_kept_has_failed)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    start_with_save(&c, &f, ERASE_AUSE);
    expect_save(&f, SANITIZE_MARK_UNRESTRICTED, -EIO);
    assert_outcome(&c, "3/31/03");
    ck_assert_uint_eq(fake_store_records(f.store), 0);

    start_with_save(&c, &f, ERASE_AUSE);
    expect_save(&f, SANITIZE_MARK_UNRESTRICTED, 0);
    expect_save(&f, SANITIZE_MARK_NONE, -EIO);
    assert_outcome(&c, "3/31/03");

    start_with_save(&c, &f, EXIT);
    ck_assert_int_eq(c.done, 0);
    expect_save(&f, SANITIZE_MARK_NONE, -EIO);
    assert_outcome(&c, "3/31/03");
    start_with_save(&c, &f, EXIT);
    expect_save(&f, SANITIZE_MARK_NONE, 0);
    assert_outcome(&c, "GOOD");
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "GOOD");
    fixture_close(&f);
}
END_TEST

static const struct {
    enum sanitize_mark mark;
    const char *ready, *left;
} marks[] = {
    {SANITIZE_MARK_NONE, "GOOD", "GOOD"},
    {SANITIZE_MARK_RESTRICTED, "3/31/03", "5/24/00"},
    {SANITIZE_MARK_UNRESTRICTED, "3/31/03", "GOOD"},
};

START_TEST(what_was_under_way_when_the_power_went_has_failed)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    nexus_free(f.nexus);
    sanitize_restore(f.lun, marks[_i].mark);
    f.nexus = f.nexuses[1] = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_POWER_ON);
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, marks[_i].ready);
    run(&c, &f, EXIT);
    assert_outcome(&c, marks[_i].left);
    fixture_close(&f);
}
END_TEST

static void
stopped(void *arg)
{
    *(bool *)arg = true;
}

START_TEST(the_end_of_its_worker_is_a_failure)
{
    bool has_stopped = false;
    struct fixture f;
    struct call erase, c;

    fixture_open(&f);
    sanitize_worker_stop(stopped, &has_stopped);
    ck_assert(has_stopped); /* there was none */
    has_stopped = false;
    erase_held(&erase, &f, ERASE_IMMED);
    sanitize_worker_stop(stopped, &has_stopped);
    ck_assert(!has_stopped);
    fake_store_hold(f.store, false);
    while (!has_stopped)
        worker_turn(f.worker, true);
    run(&c, &f, "00 00 00 00 00 00");
    assert_outcome(&c, "3/31/03");
    fixture_close(&f);
}
END_TEST

START_TEST(it_ends_when_nobody_can_reach_the_unit_any_more)
{
    struct fixture f;
    struct call erase;

    fixture_open(&f);
    erase_held(&erase, &f, ERASE_IMMED);
    nexus_free(f.nexus);
    lun_unref(f.lun);
    ck_assert(!f.released);
    fake_store_hold(f.store, false);
    while (!f.released)
        worker_turn(f.worker, true);
    lun_ref(f.lun); /* what fixture_close() gives back */
    f.nexus = NULL;
    f.released = false;
    fixture_close(&f);
}
END_TEST

TCase *
sanitize_cases(void)
{
    TCase *t = tcase_create("sanitize");

    tcase_add_loop_test(t, an_overwrite_writes_the_pattern_over_everything_in_every_pass, 0,
                        ROWS(overwrites));
    tcase_add_test(t, a_block_erase_unmaps_everything_and_makes_that_stable);
    tcase_add_loop_test(t, what_is_wrong_with_it_is_said_and_nothing_is_changed, 0,
                        ROWS(refused));
    tcase_add_test(t, a_list_that_is_cut_anywhere_starts_nothing);
    tcase_add_test(t, only_what_the_standard_allows_works_meanwhile);
    tcase_add_test(t, its_progress_is_in_sense_data_and_in_request_sense);
    tcase_add_test(t, it_survives_resets_and_the_abort_of_its_command_and_reaches_new_nexuses);
    tcase_add_test(t, commands_at_the_medium_end_before_it_begins);
    tcase_add_test(t, a_failure_in_restricted_mode_is_left_by_a_success_in_that_mode_only);
    tcase_add_test(
        t, a_command_that_came_before_a_failure_in_restricted_mode_does_not_lead_out_of_it);
    tcase_add_test(t, a_failure_in_unrestricted_mode_may_be_left);
    tcase_add_test(t, its_begin_is_kept_before_the_first_write_and_its_end_before_the_answer);
    tcase_add_test(t, what_cannot_be_kept_has_failed);
    tcase_add_loop_test(t, what_was_under_way_when_the_power_went_has_failed, 0, ROWS(marks));
    tcase_add_test(t, the_end_of_its_worker_is_a_failure);
    tcase_add_test(t, it_ends_when_nobody_can_reach_the_unit_any_more);
    return t;
}
