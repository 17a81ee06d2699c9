/*
 * test_atomic_threads.c: COMPARE AND WRITE from four initiators on two running workers. For
 * ThreadSanitizer too.
 *
 * Each player sends one command after the other. What it does next is decided by its `next`, on
 * its worker, from how the last one ended.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/crew.h"
#include "core/iobuf.h"
#include "fixture.h"
#include "suites.h"

enum { WORKERS = 2, PLAYERS = 4, COUNT = 4, TRIES = 100000, STORES = 3000, PATIENCE = 50 };

struct player {
    struct scsi_cmd cmd; /* first: see done() */
    struct message turn;
    struct worker *worker;
    struct nexus *nexus;
    struct it_nexus it;
    void (*next)(struct player *p);
    unsigned step, rounds, refused, waited;
    uint64_t from, to, seen;
    atomic_bool is_done;
};

static struct player players[PLAYERS];
static struct store *store;
static struct lun *lun;
static atomic_uint tries;  /* to take the lock, by all */
static atomic_uint inside; /* how many have it */

static void
released(struct lun *l)
{
    (void)l;
}

static void
setup(void)
{
    static const struct store_config config = {
        .type = "ram", .name = "ram", .size = 1 << 20, .block_size = BLOCK};
    static const struct lun_attributes attributes = {.block_size = BLOCK,
                                                     .modes = LUN_WRITE_CACHE};
    static const struct lun_identity identity = {.naa_length = 16};

    memset(players, 0, sizeof players);
    atomic_store(&tries, 0);
    atomic_store(&inside, 0);
    ck_assert_int_eq(crew_new(WORKERS), 0);
    ck_assert_int_eq(store_open(&config, &store, NULL), 0);
    lun = lun_new(&identity, &attributes, store, released, NULL);
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i].worker = crew_worker(i % WORKERS);
        players[i].nexus = nexus_new(lun, &players[i].it, false, NULL);
        ck_assert_ptr_nonnull(players[i].nexus);
        (void)nexus_take_attention(players[i].nexus);
    }
}

static void
teardown(void)
{
    for (unsigned i = 0; i < PLAYERS; i++)
        nexus_free(players[i].nexus);
    lun_unref(lun);
    lun_free(lun);
    store_close(store);
    crew_free();
    iobuf_cache_free();
}

static void
turn(struct message *m, struct worker *w)
{
    struct player *p = (struct player *)((char *)m - offsetof(struct player, turn));

    (void)w;
    p->next(p);
}

/* Starts the players with NEXT and waits until all are done. */
static void
play(void (*const next[PLAYERS])(struct player *))
{
    ck_assert_int_eq(crew_start(), 0);
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i].next = next[i];
        players[i].turn.run = turn;
        worker_post(players[i].worker, &players[i].turn);
    }
    for (unsigned i = 0; i < PLAYERS; i++)
        while (!atomic_load(&players[i].is_done))
            sched_yield();
    crew_stop();
}

static void
done(struct scsi_cmd *cmd)
{
    struct player *p = (struct player *)cmd;

    ck_assert(cmd->status == SCSI_GOOD || (cmd->sense[2] & 0x0f) == 0x0e);
    if (cmd->in != NULL)
        p->seen = get_be64(cmd->in->data);
    /* A read of several blocks sees all of one write. */
    for (size_t at = 0; cmd->in != NULL && at < cmd->in->length; at += BLOCK)
        ck_assert_uint_eq(get_be64(cmd->in->data + at), p->seen);
    iobuf_unref(cmd->in);
    cmd->in = NULL;
    worker_post(p->worker, &p->turn);
}

/* One command on the N blocks from LBA on; of Data-Out each block begins with FROM, and in its
 * second half (COMPARE AND WRITE) with TO. */
static void
command(struct player *p, uint8_t opcode, uint64_t lba, uint8_t n)
{
    struct scsi_cmd *cmd = &p->cmd;

    memset(cmd, 0, sizeof *cmd);
    cmd->it_nexus = &p->it;
    cmd->nexus = p->nexus;
    cmd->cdb[0] = opcode;
    put_be64(cmd->cdb + 2, lba);
    cmd->cdb[13] = n;
    cmd->expected_in = UINT64_MAX;
    cmd->done = done;
    if (scsi_start(cmd) == SCSI_RUNNING)
        return;
    cmd->expected_out = cmd->out_length;
    cmd->out = iobuf_new(cmd->out_length);
    ck_assert_ptr_nonnull(cmd->out);
    memset(cmd->out->data, 0, cmd->out_length);
    for (size_t at = 0; at < cmd->out_length; at += BLOCK)
        put_be64(cmd->out->data + at, at < (size_t)n * BLOCK ? p->from : p->to);
    scsi_continue(cmd);
}

static void
compare_and_write(struct player *p, uint64_t lba, uint8_t n, uint64_t from, uint64_t to)
{
    p->from = from;
    p->to = to;
    command(p, 0x89, lba, n);
}

static void
write_blocks(struct player *p, uint64_t lba, uint8_t n, uint64_t value)
{
    p->from = value;
    command(p, 0x8a, lba, n);
}

static void
finish(struct player *p)
{
    iobuf_cache_free();
    atomic_store(&p->is_done, true);
}

/* The lock is block 0: 0, or who has it. What it protects is a number in block 9, which each
 * reads and writes as if it were alone. */
static void
take(struct player *p)
{
    if (atomic_fetch_add(&tries, 1) >= TRIES) {
        finish(p);
        return;
    }
    p->step = 1;
    compare_and_write(p, 0, 1, 0, 1 + (uint64_t)(p - players));
}

static void
locker(struct player *p)
{
    bool is_good = p->cmd.status == SCSI_GOOD;

    switch (p->step) {
    case 0:
        take(p);
        return;
    case 1:
        if (!is_good) { /* another has it */
            p->refused++;
            take(p);
            return;
        }
        ck_assert_uint_eq(atomic_fetch_add(&inside, 1), 0);
        p->step = 2;
        command(p, 0x88, 9, 1);
        return;
    case 2:
        p->step = 3;
        write_blocks(p, 9, 1, p->seen + 1);
        return;
    case 3:
        ck_assert_uint_eq(atomic_fetch_sub(&inside, 1), 1);
        p->step = 4;
        compare_and_write(p, 0, 1, 1 + (uint64_t)(p - players), 0);
        return;
    default:
        ck_assert(is_good); /* nobody takes from us what we have */
        p->rounds++;
        p->step = 0;
        worker_post(p->worker, &p->turn);
        return;
    }
}

/* What the first of BLOCKS from LBA on begins with, when nobody plays any more. */
static uint64_t
look(uint64_t lba, uint8_t blocks)
{
    struct player *p = &players[0];

    worker_enter(crew_worker(0));
    p->next = finish;
    atomic_store(&p->is_done, false);
    command(p, 0x88, lba, blocks);
    while (!atomic_load(&p->is_done))
        worker_turn(crew_worker(0), false);
    worker_enter(NULL);
    return p->seen;
}

START_TEST(compare_and_write_is_a_lock_for_four_initiators_on_two_workers)
{
    void (*const next[PLAYERS])(struct player *) = {locker, locker, locker, locker};
    unsigned rounds = 0, refused = 0;

    play(next);
    for (unsigned i = 0; i < PLAYERS; i++) {
        rounds += players[i].rounds;
        refused += players[i].refused;
        ck_assert_uint_gt(players[i].rounds, TRIES / 1000); /* it was raced by all of them */
        ck_assert_uint_gt(players[i].refused, TRIES / 1000);
    }
    ck_assert_uint_eq(rounds + refused, TRIES);
    ck_assert_uint_eq(look(9, 1), rounds);
    ck_assert_uint_eq(look(0, 1), 0);
}
END_TEST

/*
 * Three swap the value that somebody has seen last for another; one writes one whatever is
 * there, and then reads. No value is written twice.
 */
static atomic_uint_least64_t last_seen, next_value;
static atomic_uint_least64_t successor[1 << 20]; /* by value: what it was swapped for */
static struct {
    uint64_t written, read;
} pairs[STORES];
static atomic_bool writer_is_done;

static uint64_t
new_value(void)
{
    uint64_t v = atomic_fetch_add(&next_value, 1) + 1;

    ck_assert_uint_lt(v, sizeof successor / sizeof successor[0]);
    return v;
}

static void
swapper(struct player *p)
{
    if (p->step == 1 && p->cmd.status == SCSI_GOOD) {
        /* Nobody else has swapped the same value. */
        ck_assert_uint_eq(atomic_exchange(&successor[p->from], p->to), 0);
        atomic_store(&last_seen, p->to);
        p->step = 0;
    }
    if (atomic_load(&writer_is_done)) {
        finish(p);
        return;
    }
    if (p->step == 0)
        p->to = new_value();
    p->step = 1;
    compare_and_write(p, 20, COUNT, atomic_load(&last_seen), p->to);
}

static void
writer(struct player *p)
{
    switch (p->step) {
    case 1: /* written */
        atomic_store(&last_seen, pairs[p->rounds].written);
        p->step = 2;
        p->waited = 0;
        worker_post(p->worker, &p->turn);
        return;
    case 2: /* let others swap it, but not for ever */
        p->step = atomic_load(&last_seen) != pairs[p->rounds].written || ++p->waited == PATIENCE
                      ? 3
                      : 2;
        worker_post(p->worker, &p->turn);
        return;
    case 3:
        p->step = 4;
        command(p, 0x88, 20, COUNT);
        return;
    case 4: /* read */
        pairs[p->rounds++].read = p->seen;
        break;
    default:
        break;
    }
    if (p->rounds == STORES) {
        atomic_store(&writer_is_done, true);
        finish(p);
        return;
    }
    p->step = 1;
    pairs[p->rounds].written = new_value();
    write_blocks(p, 20, COUNT, pairs[p->rounds].written);
}

/* Whether VALUE was made of what was WRITTEN by those who saw that and swapped it. */
static bool
was_made_of(uint64_t value, uint64_t written)
{
    uint64_t v = written;

    while (v != 0 && v != value)
        v = atomic_load(&successor[v]);
    return v == value;
}

START_TEST(what_is_there_after_compare_and_writes_and_plain_writes_has_an_order)
{
    void (*const next[PLAYERS])(struct player *) = {writer, swapper, swapper, swapper};
    unsigned swapped = 0;

    play(next);
    for (unsigned i = 0; i < STORES; i++) {
        swapped += pairs[i].written != pairs[i].read;
        ck_assert(was_made_of(pairs[i].read, pairs[i].written));
    }
    ck_assert_uint_gt(swapped, 0);
    ck_assert(was_made_of(look(20, COUNT), pairs[STORES - 1].written));
}
END_TEST

TCase *
atomic_threads_cases(void)
{
    TCase *t = tcase_create("atomic_threads");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, compare_and_write_is_a_lock_for_four_initiators_on_two_workers);
    tcase_add_test(t, what_is_there_after_compare_and_writes_and_plain_writes_has_an_order);
    return t;
}
