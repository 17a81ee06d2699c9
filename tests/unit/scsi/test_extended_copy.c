/* test_extended_copy.c: EXTENDED COPY between two units of a session, and what is told of it.
 */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "pair.h"
#include "scsi/extended_copy.h"
#include "scsi/range_guard.h"
#include "suites.h"

#define TARGET0  16
#define TARGET1  48
#define SEGMENT0 80
#define SEGMENT1 108
#define LIST     136

static void
put_target(uint8_t *d, const struct lun *lun)
{
    memset(d, 0, COPY_TARGET_BYTES);
    d[0] = COPY_TARGET_IDENTIFICATION;
    d[4] = 1; /* binary */
    d[5] = 3; /* NAA */
    d[7] = lun->identity.naa_length;
    memcpy(d + 8, lun->identity.naa, lun->identity.naa_length);
    put_be24(d + 29, lun->block_size);
}

static void
put_segment(uint8_t *d, unsigned from, unsigned to, uint64_t from_lba, uint64_t to_lba,
            unsigned count)
{
    memset(d, 0, COPY_SEGMENT_BYTES);
    d[0] = COPY_SEGMENT_BLOCK_TO_BLOCK;
    put_be16(d + 2, COPY_SEGMENT_BYTES - 4);
    put_be16(d + 4, (uint16_t)from);
    put_be16(d + 6, (uint16_t)to);
    put_be16(d + 10, (uint16_t)count);
    put_be64(d + 12, from_lba);
    put_be64(d + 20, to_lba);
}

/* Target 0 is the fixture's unit, target 1 the other; two segments, which tests change. */
static void
put_list(uint8_t list[LIST], const struct pair *p)
{
    memset(list, 0, LIST);
    list[0] = 5; /* LIST IDENTIFIER */
    put_be16(list + 2, 2 * COPY_TARGET_BYTES);
    put_be32(list + 8, 2 * COPY_SEGMENT_BYTES);
    put_target(list + TARGET0, p->f.lun);
    put_target(list + TARGET1, p->lun);
    put_segment(list + SEGMENT0, 0, 1, 100, 200, 1000);
    put_segment(list + SEGMENT1, 1, 1, 200, 3000, 10);
}

static void
init_copy(struct call *c, struct pair *p, size_t length)
{
    call_init(c, &p->f, "83 00 0000000000000000 00000000 00 00");
    put_be32(c->cmd.cdb + 10, (uint32_t)length);
}

static void
run_copy(struct call *c, struct pair *p, const uint8_t *list, size_t length)
{
    init_copy(c, p, length);
    call_run(c, &p->f, list, length);
}

static const struct {
    bool cannot, cannot_late;
    unsigned copies, writes;
} ways[] = {
    {false, false, 2, 0}, /* the stores do it */
    {true, false, 0, 3},  /* through a buffer: 500 KiB in two steps, 5 KiB in one */
    {true, true, 2, 3},   /* they say only then that they cannot */
};

START_TEST(blocks_arrive_by_the_store_or_through_a_buffer)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    if (ways[_i].cannot)
        fake_store_no_copy(p.store, ways[_i].cannot_late);
    put_list(list, &p);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "GOOD");
    ck_assert(pair_has_blocks(&p, 100, 200, 1000));
    ck_assert(pair_has_blocks(&p, 100, 3000, 10)); /* segments are done in order */
    ck_assert_uint_eq(fake_store_bytes(p.store)[199 * BLOCK], 0xee);
    ck_assert_uint_eq(fake_store_bytes(p.store)[1200 * BLOCK], 0xee);
    ck_assert_uint_eq(count_ops(p.store, STORE_COPY), ways[_i].copies);
    ck_assert_uint_eq(count_ops(p.store, STORE_WRITE), ways[_i].writes);
    ck_assert_int_eq(nexus_take_attention(p.nexus), ATTENTION_POWER_ON); /* it is not ours */
    pair_close(&p);
}
END_TEST

static const struct {
    uint64_t from, to;
    unsigned count;
} overlaps[] = {
    {100, 101, 2000}, {101, 100, 2000}, {0, 1500, 2000}, {1500, 0, 2000}, {100, 100, 2000},
};

START_TEST(ranges_of_a_unit_that_overlap_end_up_as_if_they_did_not)
{
    static uint8_t expected[BLOCKS * BLOCK];
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    memcpy(expected, fake_store_bytes(p.f.store), sizeof expected);
    memmove(expected + overlaps[_i].to * BLOCK, expected + overlaps[_i].from * BLOCK,
            overlaps[_i].count * BLOCK);
    put_list(list, &p);
    put_segment(list + SEGMENT0, 0, 0, overlaps[_i].from, overlaps[_i].to, overlaps[_i].count);
    put_be32(list + 8, COPY_SEGMENT_BYTES);
    run_copy(&c, &p, list, LIST - COPY_SEGMENT_BYTES);
    assert_outcome(&c, "GOOD");
    ck_assert_mem_eq(fake_store_bytes(p.f.store), expected, sizeof expected);
    pair_close(&p);
}
END_TEST

static const struct {
    unsigned at;
    uint8_t value;
    const char *outcome, *field;
} refused[] = {
    {1, 0x08, "5/26/00", "list 1.4"}, /* LIST ID USAGE: reserved */
    {1, 0x18, "5/26/00", "list 0"},   /* no list identifier, but there is one */
    {2, 0xff, "5/1a/00", "none"},     /* target descriptors that are not there */
    {3, 65, "5/1a/00", "none"},       /* one byte more than there is */
    {3, 63, "5/26/00", "list 2"},     /* no multiple of their size */
    {8, 0x80, "5/1a/00", "none"},     /* segment descriptors that are not there */
    {11, 55, "5/1a/00", "none"},      /* the last one is cut off */
    {12, 1, "5/1a/00", "none"},       /* inline data that is not there */
    {TARGET0, 0xe0, "5/26/07", "list 16"},
    {TARGET1 + 1, 0x20, "a/08/04", "list 49.5"}, /* NUL */
    {TARGET1 + 1, 0x01, "a/0d/03", "list 49.4"}, /* a tape */
    {TARGET1 + 7, 21, "5/26/00", "list 55"},
    {TARGET1 + 4, 2, "a/0d/02", "list 86"},  /* not binary */
    {TARGET1 + 5, 1, "a/0d/02", "list 86"},  /* not NAA */
    {TARGET1 + 7, 8, "a/0d/02", "list 86"},  /* half a name */
    {TARGET1 + 23, 1, "a/0d/02", "list 86"}, /* a unit that this initiator has not */
    {TARGET1 + 30, 0x10, "5/26/00", "list 77"},
    {SEGMENT0, 0x03, "5/26/09", "list 80"},
    {SEGMENT1, 0x0b, "5/26/09", "list 108"},
    {SEGMENT0 + 1, 0x04, "5/26/00", "list 81.2"}, /* FCO */
    {SEGMENT0 + 3, 0x14, "5/26/00", "list 82"},
    {SEGMENT0 + 5, 2, "a/08/04", "list 84"}, /* no such target */
    {SEGMENT1 + 7, 2, "a/08/04", "list 114"},
    {SEGMENT0 + 12, 0x80, "a/00/00", "list 92"}, /* behind the last block */
    {SEGMENT1 + 20, 0x80, "a/00/00", "list 128"},
    {SEGMENT1 + 26, 0x0f, "a/00/00", "list 128"}, /* 4088 + 10 */
};

START_TEST(what_is_wrong_with_the_list_is_said_before_the_first_block_is_written)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    list[refused[_i].at] = refused[_i].value;
    if (refused[_i].at == SEGMENT1 + 26)
        list[SEGMENT1 + 27] = 0xf8;
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, refused[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), refused[_i].field);
    if (refused[_i].at >= SEGMENT1)
        ck_assert_uint_eq(get_be16(c.cmd.sense + 10), c.cmd.sense[2] == 0x0a ? 1 : 0);
    ck_assert_uint_eq(fake_store_records(p.store) + fake_store_records(p.f.store), 0);
    pair_close(&p);
}
END_TEST

START_TEST(a_list_that_is_cut_anywhere_copies_nothing)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    for (size_t n = 1; n < LIST; n++) {
        run_copy(&c, &p, list, n); /* the CDB says so */
        assert_outcome(&c, "5/1a/00");
        init_copy(&c, &p, LIST); /* the CDB says more */
        call_run(&c, &p.f, list, n);
        assert_outcome(&c, "5/1a/00");
    }
    run_copy(&c, &p, list, 0);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    pair_close(&p);
}
END_TEST

START_TEST(more_descriptors_than_were_promised_are_refused)
{
    static uint8_t list[16 + 17 * COPY_TARGET_BYTES + 65 * COPY_SEGMENT_BYTES];
    struct pair p;
    struct call c;

    pair_open(&p);
    memset(list, 0, sizeof list);
    for (size_t i = 0; i < 17; i++)
        put_target(list + 16 + i * COPY_TARGET_BYTES, p.f.lun);
    put_be16(list + 2, 17 * COPY_TARGET_BYTES);
    run_copy(&c, &p, list, 16 + 17 * COPY_TARGET_BYTES);
    assert_outcome(&c, "5/26/06");
    ck_assert_str_eq(field_pointer(&c), "list 2");

    put_be16(list + 2, COPY_TARGET_BYTES);
    put_be32(list + 8, 65 * COPY_SEGMENT_BYTES);
    for (size_t i = 0; i < 65; i++)
        put_segment(list + TARGET1 + i * COPY_SEGMENT_BYTES, 0, 0, 0, 1000 + i, 1);
    run_copy(&c, &p, list, TARGET1 + 65 * COPY_SEGMENT_BYTES);
    assert_outcome(&c, "5/26/08");
    ck_assert_str_eq(field_pointer(&c), "list 8");

    put_be32(list + 8, 64 * COPY_SEGMENT_BYTES);
    run_copy(&c, &p, list, TARGET1 + 64 * COPY_SEGMENT_BYTES);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(count_ops(p.f.store, STORE_COPY), 64);

    put_be32(list + 12, 1);
    run_copy(&c, &p, list, TARGET1 + 64 * COPY_SEGMENT_BYTES + 1);
    assert_outcome(&c, "5/26/0b");
    pair_close(&p);
}
END_TEST

/* What keeps a nexus from reading or writing keeps it from copying. */
static const struct {
    bool at_source;
    unsigned verdict;
    const char *outcome;
} stops[] = {
    {false, VERDICT_NO_WRITE, "a/0d/01"}, {true, VERDICT_NO_READ, "a/0d/01"},
    {false, VERDICT_RESERVED, "a/0d/01"}, {false, VERDICT_STANDBY, "a/0d/01"},
    {false, VERDICT_SANITIZE, "a/0d/01"}, {false, VERDICT_RESET | VERDICT_ATTENTION, "GOOD"},
};

/* Segment 0 goes from the other unit, which the verdict is for, or to it. */
START_TEST(who_may_not_read_or_write_may_not_copy_either)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    put_segment(list + SEGMENT0, stops[_i].at_source, !stops[_i].at_source, 0, 0, 8);
    put_segment(list + SEGMENT1, 0, 0, 0, 100, 1);
    pthread_mutex_lock(&p.lun->lock);
    nexus_set_access(p.nexus, stops[_i].verdict, stops[_i].verdict);
    pthread_mutex_unlock(&p.lun->lock);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, stops[_i].outcome);
    if (strcmp(stops[_i].outcome, "GOOD") != 0) {
        ck_assert_str_eq(field_pointer(&c), stops[_i].at_source ? "list 84" : "list 86");
        ck_assert_uint_eq(fake_store_records(p.store) + fake_store_records(p.f.store), 0);
    }
    pair_close(&p);
}
END_TEST

START_TEST(a_source_may_be_write_protected_and_a_destination_may_not)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    p.f.nexus->read_only = true;
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "GOOD");
    p.nexus->read_only = true;
    fake_store_forget(p.store);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "a/0d/01");
    p.nexus->read_only = false;
    atomic_store(&p.lun->stopped, true);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "a/0d/02");
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    pair_close(&p);
}
END_TEST

START_TEST(units_of_other_block_sizes_are_not_copied_between)
{
    struct lun_attributes attributes = {.block_size = 4096, .modes = LUN_WRITE_CACHE};
    uint8_t list[LIST];
    struct pair p;
    struct call c;
    struct lun *small;

    pair_open(&p);
    small = p.lun;
    nexus_free(p.nexus);
    p.lun = lun_new(&small->identity, &attributes, NULL, small->released, &p);
    p.nexus = nexus_new(p.lun, &p.f.it, false, NULL);
    p.f.nexuses[0] = p.nexus;
    put_list(list, &p);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "a/0d/03");
    ck_assert_str_eq(field_pointer(&c), "list 86");
    nexus_free(p.nexus);
    lun_unref(p.lun);
    lun_free(p.lun);
    p.lun = small;
    p.nexus = nexus_new(p.lun, &p.f.it, false, NULL);
    p.released = false;
    pair_close(&p);
}
END_TEST

/* Starts the copy of put_list() through the buffer, with the other store held. */
static void
start_held(struct call *c, struct pair *p, uint8_t list[LIST])
{
    put_list(list, p);
    fake_store_no_copy(p->store, false);
    fake_store_hold(p->store, true);
    init_copy(c, p, LIST);
    call_start(c, list, LIST);
    while (fake_store_held(p->store) == 0)
        worker_turn(p->f.worker, false);
}

START_TEST(an_abort_is_noticed_between_two_steps)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    start_held(&c, &p, list);
    scsi_abort_command(&c.cmd);
    ck_assert_int_eq(c.done, 0);
    fake_store_hold(p.store, false);
    turn_until_done(&c, &p.f);
    ck_assert_int_eq(c.cmd.status, SCSI_TASK_ABORTED);
    ck_assert_uint_eq(count_ops(p.store, STORE_WRITE), 1);
    run(&c, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "5/24/00"); /* nothing is kept of it */
    pair_close(&p);
}
END_TEST

START_TEST(a_reservation_that_comes_meanwhile_stops_it)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    start_held(&c, &p, list);
    pthread_mutex_lock(&p.lun->lock);
    nexus_set_access(p.nexus, VERDICT_NO_WRITE, VERDICT_NO_WRITE);
    pthread_mutex_unlock(&p.lun->lock);
    fake_store_hold(p.store, false);
    turn_until_done(&c, &p.f);
    assert_outcome(&c, "a/0d/01");
    ck_assert_uint_eq(get_be16(c.cmd.sense + 10), 0);
    ck_assert_uint_eq(count_ops(p.store, STORE_WRITE), 1);
    pair_close(&p);
}
END_TEST

START_TEST(a_unit_that_leaves_the_session_meanwhile_is_kept_until_the_end)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    start_held(&c, &p, list);
    p.f.nexuses[0] = NULL;
    nexus_free(p.nexus);
    lun_unref(p.lun);
    ck_assert(!p.released);
    fake_store_hold(p.store, false);
    turn_until_done(&c, &p.f);
    assert_outcome(&c, "GOOD");
    ck_assert(p.released);
    ck_assert(pair_has_blocks(&p, 100, 3000, 10));
    lun_ref(p.lun);
    p.released = false;
    p.nexus = NULL;
    pair_close(&p);
}
END_TEST

static void
claim_granted(struct range_claim *claim)
{
    (void)claim;
}

START_TEST(it_keeps_out_of_the_blocks_of_atomic_commands)
{
    struct range_claim claim = {.guard = NULL};
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    ck_assert_int_eq(range_take(p.lun->guard, &claim, 1199, 1, claim_granted),
                     CLAIM_IS_GRANTED);
    init_copy(&c, &p, LIST);
    call_start(&c, list, LIST);
    for (int i = 0; i < 20; i++)
        worker_turn(p.f.worker, false);
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    ck_assert(range_leave(&claim, claim_granted));
    turn_until_done(&c, &p.f);
    assert_outcome(&c, "GOOD");
    pair_close(&p);
}
END_TEST

static const struct {
    unsigned capabilities, modes;
    bool fua;
    unsigned flushes;
} stable[] = {
    {FAKE_STORE_ALL, LUN_WRITE_CACHE, false, 0},
    {FAKE_STORE_ALL, 0, true, 0},
    {NO_FUA, 0, false, 1},
    {NO_FUA, LUN_WRITE_CACHE, false, 0},
};

START_TEST(without_a_write_cache_what_was_copied_is_stable)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open_as(&p, stable[_i].capabilities,
                 (struct lun_attributes){.block_size = BLOCK, .modes = stable[_i].modes});
    put_list(list, &p);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(fake_store_record(p.store, 0)->fua, stable[_i].fua);
    ck_assert_uint_eq(count_ops(p.store, STORE_FLUSH), stable[_i].flushes);
    ck_assert_uint_eq(count_ops(p.f.store, STORE_FLUSH), 0); /* nothing was written there */
    pair_close(&p);
}
END_TEST

START_TEST(its_status_can_be_asked_for_while_it_runs_and_once_afterwards)
{
    static const uint8_t running[12] = {0, 0, 0, 8, 0x00, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t done[12] = {0, 0, 0, 8, 0x01, 0, 2, 0, 0, 0x07, 0xe4, 0x00};
    uint8_t list[LIST];
    struct pair p;
    struct call copy, c;

    pair_open(&p);
    run(&c, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 2");
    start_held(&copy, &p, list);
    run(&c, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_mem_eq(c.cmd.in->data, running, 12);
    call_end(&c);

    run_copy(&c, &p, list, LIST); /* the same list identifier */
    assert_outcome(&c, "5/00/16");
    ck_assert_str_eq(field_pointer(&c), "list 0");

    fake_store_hold(p.store, false);
    turn_until_done(&copy, &p.f);
    run(&c, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 12);
    ck_assert_mem_eq(c.cmd.in->data, done, 12);
    call_end(&c);
    run(&c, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "5/24/00");
    pair_close(&p);
}
END_TEST

START_TEST(a_failure_tells_its_segment_and_its_sense_data)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c, details;

    pair_open(&p);
    put_list(list, &p);
    fake_store_fail(p.store, STORE_COPY, 2, EIO);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "a/0d/01");
    ck_assert_str_eq(field_pointer(&c), "list 114");
    ck_assert_uint_eq(get_be16(c.cmd.sense + 10), 1);
    run(&details, &p.f, "84 00 05 00 00000000 0000 000000ff 00 00");
    ck_assert_uint_eq(details.cmd.in->data[4], 0x02);
    ck_assert_uint_eq(get_be16(details.cmd.in->data + 5), 1);
    call_end(&details);
    run(&details, &p.f, "84 04 05 00 00000000 0000 000000ff 00 00");
    assert_outcome(&details, "GOOD");
    ck_assert_uint_eq(details.cmd.in_length, 60u + 18);
    ck_assert_uint_eq(get_be32(details.cmd.in->data), 56u + 18);
    ck_assert_uint_eq(details.cmd.in->data[56], SCSI_CHECK_CONDITION);
    ck_assert_uint_eq(get_be16(details.cmd.in->data + 58), 18);
    ck_assert_mem_eq(details.cmd.in->data + 60, c.cmd.sense, 18);
    call_end(&details);
    pair_close(&p);
}
END_TEST

static const struct {
    uint8_t usage, list_id;
    bool is_kept;
} usages[] = {{0x00, 7, true}, {0x10, 7, false}, {0x18, 0, false}};

START_TEST(results_are_kept_where_the_list_asks_for_it)
{
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    put_list(list, &p);
    list[0] = usages[_i].list_id;
    list[1] = usages[_i].usage;
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "GOOD");
    call_init(&c, &p.f, "84 00 00 00 00000000 0000 000000ff 00 00");
    c.cmd.cdb[2] = usages[_i].list_id;
    call_run(&c, &p.f, NULL, 0);
    assert_outcome(&c, usages[_i].is_kept ? "GOOD" : "5/24/00");
    call_end(&c);
    pair_close(&p);
}
END_TEST

START_TEST(limits_and_commands_are_told_alike)
{
    uint8_t page[512];
    struct fixture f;
    struct call c;
    size_t n;

    fixture_open(&f);
    run(&c, &f, "12 01 8f 02 00 00");
    assert_outcome(&c, "GOOD");
    n = c.cmd.in_length;
    memcpy(page, c.cmd.in->data, n);
    call_end(&c);
    ck_assert_uint_eq(get_be16(page + 2) + 4u, n);
    run(&c, &f, "84 03 00 00 00000000 0000 000000ff 00 00");
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(get_be32(c.cmd.in->data) + 4u, c.cmd.in_length);
    ck_assert_uint_eq(get_be32(c.cmd.in->data + 16), 0xffffu * BLOCK);
    for (size_t at = 4; at < n; at += 4u + get_be16(page + at + 2)) {
        const uint8_t *d = page + at;

        ck_assert_uint_eq(get_be16(d + 2) % 4, 0);
        if (get_be16(d) == 0x0004)
            ck_assert_mem_eq(d + 8, c.cmd.in->data + 8, 8);
        if (get_be16(d) == 0x0008)
            ck_assert_mem_eq(d + 5, c.cmd.in->data + 44, 2);
        if (get_be16(d) == 0x8001)
            ck_assert_uint_eq(get_be32(d + 12), get_be32(c.cmd.in->data + 16));
    }
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* The unit that is written to has run out of space, not the one that was asked to copy. */
START_TEST(a_copy_without_space_is_told_at_the_unit_that_it_writes_to)
{
    struct nexus *here, *there;
    uint8_t list[LIST];
    struct pair p;
    struct call c;

    pair_open(&p);
    lun_set_modes(p.f.lun, LUN_LBPERE, LUN_LBPERE);
    lun_set_modes(p.lun, LUN_LBPERE, LUN_LBPERE);
    (void)nexus_take_attention(p.nexus);
    here = fixture_nexus(&p.f, false);
    there = nexus_new(p.lun, &p.f.it, false, NULL);
    ck_assert_ptr_nonnull(there);
    here->attentions = there->attentions = 0;
    if (_i == 1)
        fake_store_no_copy(p.store, true);
    fake_store_fail(p.store, _i == 0 ? STORE_COPY : STORE_WRITE, 0, ENOSPC);
    put_list(list, &p);
    run_copy(&c, &p, list, LIST);
    assert_outcome(&c, "a/0d/01");
    ck_assert_int_eq(nexus_take_attention(there), ATTENTION_NO_SPACE_LEFT);
    ck_assert_int_eq(nexus_take_attention(here), -1);
    ck_assert_int_eq(nexus_take_attention(p.nexus), -1);
    ck_assert_int_eq(nexus_take_attention(p.f.nexus), -1);
    nexus_free(here);
    nexus_free(there);
    pair_close(&p);
}
END_TEST

TCase *
extended_copy_cases(void)
{
    TCase *t = tcase_create("extended copy");

    tcase_add_loop_test(t, blocks_arrive_by_the_store_or_through_a_buffer, 0, ROWS(ways));
    tcase_add_loop_test(t, ranges_of_a_unit_that_overlap_end_up_as_if_they_did_not, 0,
                        ROWS(overlaps));
    tcase_add_loop_test(t,
                        what_is_wrong_with_the_list_is_said_before_the_first_block_is_written,
                        0, ROWS(refused));
    tcase_add_test(t, a_list_that_is_cut_anywhere_copies_nothing);
    tcase_add_test(t, more_descriptors_than_were_promised_are_refused);
    tcase_add_loop_test(t, who_may_not_read_or_write_may_not_copy_either, 0, ROWS(stops));
    tcase_add_test(t, a_source_may_be_write_protected_and_a_destination_may_not);
    tcase_add_test(t, units_of_other_block_sizes_are_not_copied_between);
    tcase_add_test(t, an_abort_is_noticed_between_two_steps);
    tcase_add_test(t, a_reservation_that_comes_meanwhile_stops_it);
    tcase_add_test(t, a_unit_that_leaves_the_session_meanwhile_is_kept_until_the_end);
    tcase_add_test(t, it_keeps_out_of_the_blocks_of_atomic_commands);
    tcase_add_loop_test(t, without_a_write_cache_what_was_copied_is_stable, 0, ROWS(stable));
    tcase_add_test(t, its_status_can_be_asked_for_while_it_runs_and_once_afterwards);
    tcase_add_test(t, a_failure_tells_its_segment_and_its_sense_data);
    tcase_add_loop_test(t, results_are_kept_where_the_list_asks_for_it, 0, ROWS(usages));
    tcase_add_test(t, limits_and_commands_are_told_alike);
    tcase_add_loop_test(t, a_copy_without_space_is_told_at_the_unit_that_it_writes_to, 0, 2);
    return t;
}
