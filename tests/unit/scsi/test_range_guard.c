/* test_range_guard.c: claims on blocks: who waits for whom; on one worker, and on several that
 * run. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/crew.h"
#include "fixture.h"
#include "scsi/range_guard.h"
#include "suites.h"

struct claimed {
    struct range_claim claim;
    bool granted;
    enum claim_answer answer;
};

static struct worker *worker;
static struct range_guard *guard;

static void
setup(void)
{
    worker = worker_new(0);
    ck_assert_ptr_nonnull(worker);
    worker_enter(worker);
    guard = range_guard_new();
    ck_assert_ptr_nonnull(guard);
}

static void
teardown(void)
{
    range_guard_free(guard);
    worker_enter(NULL);
    worker_free(worker);
}

static void
granted(struct range_claim *claim)
{
    struct claimed *c = (struct claimed *)claim;

    ck_assert(!c->granted);
    c->granted = true;
}

/* Claims COUNT blocks from FIRST on; says whether it has them at once. */
static bool
claim(struct claimed *c, bool alone, uint64_t first, uint64_t count)
{
    memset(c, 0, sizeof *c);
    c->answer = (alone ? range_take : range_share)(guard, &c->claim, first, count, granted);
    ck_assert(!c->granted);
    c->granted = c->answer == CLAIM_IS_GRANTED;
    return c->granted;
}

static void
leave(struct claimed *c)
{
    ck_assert(c->granted);
    ck_assert(range_leave(&c->claim, NULL));
    for (int i = 0; i < 4; i++)
        worker_turn(worker, false);
}

/* Two claims, one after the other: whether the second must wait for the first. */
static const struct {
    bool alone[2];
    uint64_t first[2], count[2];
    bool waits;
} pairs[] = {
    {{false, false}, {10, 10}, {5, 5}, false},
    {{true, false}, {10, 10}, {5, 5}, true},
    {{false, true}, {10, 10}, {5, 5}, true},
    {{true, true}, {10, 10}, {5, 5}, true},
    {{true, true}, {10, 14}, {5, 5}, true},
    {{true, true}, {10, 15}, {5, 5}, false},
    {{true, false}, {10, 15}, {5, 5}, false},
    {{true, false}, {10, 6}, {5, 5}, true},
    {{true, false}, {10, 5}, {5, 5}, false},
    {{true, false}, {10, 0}, {5, 100}, true},
    {{false, true}, {0, 99}, {100, 1}, true},
    {{false, true}, {0, 100}, {100, 1}, false},
    {{true, true}, {10, 10}, {5, 0}, false}, /* no blocks: nothing to wait for */
    {{true, false}, {10, 10}, {0, 5}, false},
    {{true, false}, {UINT64_MAX - 5, UINT64_MAX - 1}, {5, 1}, true},
    {{true, false}, {UINT64_MAX - 5, UINT64_MAX - 6}, {5, 1}, false},
};

START_TEST(only_claims_on_the_same_blocks_wait_and_only_where_one_is_alone)
{
    struct claimed a, b;

    ck_assert(claim(&a, pairs[_i].alone[0], pairs[_i].first[0], pairs[_i].count[0]));
    ck_assert_int_eq(claim(&b, pairs[_i].alone[1], pairs[_i].first[1], pairs[_i].count[1]),
                     !pairs[_i].waits);
    leave(&a);
    leave(&b);
}
END_TEST

START_TEST(a_claim_alone_waits_for_each_that_was_there_before)
{
    struct claimed shared[5], alone;

    for (int i = 0; i < 5; i++)
        ck_assert(claim(&shared[i], false, 10 + (uint64_t)i, 3));
    ck_assert(!claim(&alone, true, 12, 1)); /* of those, 10, 11 and 12 have block 12 */
    leave(&shared[3]);
    leave(&shared[1]);
    leave(&shared[0]);
    ck_assert(!alone.granted);
    leave(&shared[2]);
    ck_assert(alone.granted);
    leave(&shared[4]);
    leave(&alone);
}
END_TEST

START_TEST(the_order_of_the_queue_is_that_of_coming)
{
    struct claimed a, b, c, d, e;

    ck_assert(claim(&a, true, 0, 10));
    ck_assert(!claim(&b, false, 5, 1));
    ck_assert(!claim(&c, false, 5, 2));
    ck_assert(!claim(&d, true, 6, 1)); /* not before c, though a alone could let it in */
    ck_assert(!claim(&e, false, 0, 100));
    leave(&a);
    ck_assert(b.granted && c.granted && !d.granted && !e.granted);
    leave(&b);
    ck_assert(!d.granted);
    leave(&c);
    ck_assert(d.granted && !e.granted);
    leave(&d);
    ck_assert(e.granted);
    leave(&e);
}
END_TEST

START_TEST(who_is_alone_is_not_let_in_among_those_that_were_in_the_queue_before)
{
    struct claimed a, shared, b;

    ck_assert(claim(&a, true, 0, 10));
    ck_assert(!claim(&shared, false, 0, 10));
    leave(&a);
    ck_assert(shared.granted);
    ck_assert(!claim(&b, true, 3, 1));
    leave(&shared);
    ck_assert(b.granted);
    leave(&b);
}
END_TEST

START_TEST(a_claim_that_waits_can_be_taken_back_and_nobody_waits_for_it)
{
    struct claimed a, b, c;

    ck_assert(claim(&a, true, 0, 10));
    ck_assert(!range_withdraw(&a.claim));
    ck_assert(!claim(&b, true, 5, 10));
    ck_assert(!claim(&c, false, 8, 5)); /* for both */
    ck_assert(range_withdraw(&b.claim));
    ck_assert(!range_withdraw(&b.claim));
    leave(&a);
    ck_assert(c.granted && !b.granted);
    ck_assert(!range_withdraw(&c.claim));
    leave(&c);
}
END_TEST

/* What runs on several workers: each block knows who has it: -1 one alone, N so many. */
enum { WORKERS = 3, CLAIMS = 4, BLOCKS_THERE = 64, ROUNDS = 3000 };

static atomic_int owners[BLOCKS_THERE];
static atomic_uint left_to_do;

struct player {
    struct range_claim claim;
    struct message turn;
    unsigned rounds, seed, stay;
    bool alone, asked_to_leave;
};
static struct player players[WORKERS][CLAIMS];

static struct player *
player_of(struct range_claim *c)
{
    return (struct player *)c;
}

static unsigned
next_random(struct player *p)
{
    p->seed = p->seed * 1103515245u + 12345u;
    return p->seed >> 16;
}

static void
have(struct range_claim *c)
{
    struct player *p = player_of(c);

    for (uint64_t i = c->first; i < c->first + c->count; i++) {
        int before =
            p->alone ? atomic_exchange(&owners[i], -1) : atomic_fetch_add(&owners[i], 1);
        ck_assert_msg(p->alone ? before == 0 : before >= 0, "block %u: %d", (unsigned)i,
                      before);
    }
    p->stay = next_random(p) % 3;
    worker_post(worker_current(), &p->turn);
}

static void
again(struct range_claim *c)
{
    struct player *p = player_of(c);
    uint64_t first, count;

    if (++p->rounds > ROUNDS) {
        atomic_fetch_sub(&left_to_do, 1);
        return;
    }
    p->alone = next_random(p) % 4 == 0;
    count = 1 + next_random(p) % (p->alone ? 4 : 16);
    first = next_random(p) % (BLOCKS_THERE - count);
    if ((p->alone ? range_take : range_share)(guard, c, first, count, have) == CLAIM_IS_GRANTED)
        have(c);
    else if (next_random(p) % 8 == 0 && range_withdraw(c))
        worker_post(worker_current(), &p->turn);
}

static void
player_turn(struct message *m, struct worker *w)
{
    struct player *p = (struct player *)((char *)m - offsetof(struct player, turn));

    if (p->claim.state == CLAIM_NONE) {
        again(&p->claim);
        return;
    }
    if (p->stay-- > 0) {
        worker_post(w, m);
        return;
    }
    for (uint64_t i = p->claim.first; i < p->claim.first + p->claim.count; i++)
        (void)(p->alone ? atomic_exchange(&owners[i], 0) : atomic_fetch_sub(&owners[i], 1));
    if (range_leave(&p->claim, again))
        again(&p->claim);
}

START_TEST(nobody_shares_what_one_has_alone_on_any_worker_and_nobody_waits_for_ever)
{
    ck_assert_int_eq(crew_new(WORKERS), 0);
    guard = range_guard_new();
    atomic_store(&left_to_do, WORKERS * CLAIMS);
    ck_assert_int_eq(crew_start(), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        for (unsigned k = 0; k < CLAIMS; k++) {
            players[i][k].seed = 1 + i * CLAIMS + k;
            players[i][k].turn.run = player_turn;
            worker_post(crew_worker(i), &players[i][k].turn);
        }
    }
    while (atomic_load(&left_to_do) > 0)
        sched_yield();
    crew_stop();
    for (unsigned i = 0; i < BLOCKS_THERE; i++)
        ck_assert_int_eq(atomic_load(&owners[i]), 0);
    range_guard_free(guard);
    crew_free();
}
END_TEST

TCase *
range_guard_cases(void)
{
    TCase *t = tcase_create("range_guard");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, only_claims_on_the_same_blocks_wait_and_only_where_one_is_alone, 0,
                        ROWS(pairs));
    tcase_add_test(t, a_claim_alone_waits_for_each_that_was_there_before);
    tcase_add_test(t, the_order_of_the_queue_is_that_of_coming);
    tcase_add_test(t, who_is_alone_is_not_let_in_among_those_that_were_in_the_queue_before);
    tcase_add_test(t, a_claim_that_waits_can_be_taken_back_and_nobody_waits_for_it);
    return t;
}

TCase *
range_guard_threads_cases(void)
{
    TCase *t = tcase_create("range_guard_threads");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, nobody_shares_what_one_has_alone_on_any_worker_and_nobody_waits_for_ever);
    return t;
}
