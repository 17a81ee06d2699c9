/* test_crew.c: real threads: broadcasts reach every worker once and come back. */
#include "core/crew.h"
#include "suites.h"

#define WORKERS 4
#define ROUNDS  500

static unsigned rounds;
static unsigned calls[WORKERS]; /* [i] belongs to worker i until the broadcast is done */
static struct broadcast_part *held[WORKERS];

static void
setup(void)
{
    ck_assert_int_eq(crew_new(WORKERS), 0);
    ck_assert_int_eq(crew_start(), 0);
}

static void
teardown(void)
{
    crew_stop();
    crew_free();
}

static void
count_call(struct broadcast_part *part, struct worker *at)
{
    ck_assert(worker_is_current(at));
    calls[worker_id(at)]++;
    broadcast_answer(part);
}

static void
next_round(struct broadcast *b)
{
    ck_assert(worker_is_current(crew_main()));
    rounds++;
    for (unsigned i = 0; i < WORKERS; i++)
        ck_assert_uint_eq(calls[i], rounds);
    if (rounds == ROUNDS)
        worker_stop(crew_main());
    else
        broadcast_start(b);
}

static struct broadcast counting = {.work = count_call, .done = next_round};

static void
begin(struct message *m, struct worker *at)
{
    (void)m, (void)at;
    broadcast_start(&counting);
}

START_TEST(a_broadcast_runs_once_on_each_worker_and_then_done_runs_on_the_caller)
{
    struct message start = {.run = begin};

    worker_post(crew_main(), &start);
    worker_run(crew_main());
    ck_assert_uint_eq(rounds, ROUNDS);
}
END_TEST

static void
answer_later(struct message *m, struct worker *at)
{
    (void)m;
    broadcast_answer(held[worker_id(at)]);
}

static struct message reminders[WORKERS];

static void
hold(struct broadcast_part *part, struct worker *at)
{
    unsigned i = worker_id(at);

    held[i] = part;
    reminders[i].run = answer_later;
    worker_post(at, &reminders[i]); /* the answer is given in a later turn */
}

static void
stop_main(struct broadcast *b)
{
    (void)b;
    worker_stop(crew_main());
}

static struct broadcast holding = {.work = hold, .done = stop_main};

static void
begin_holding(struct message *m, struct worker *at)
{
    (void)m, (void)at;
    broadcast_start(&holding);
}

START_TEST(a_worker_may_answer_a_broadcast_later)
{
    struct message start = {.run = begin_holding};

    worker_post(crew_main(), &start);
    worker_run(crew_main());
    for (unsigned i = 0; i < WORKERS; i++)
        ck_assert_ptr_nonnull(held[i]);
}
END_TEST

TCase *
crew_cases(void)
{
    TCase *c = tcase_create("crew");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_broadcast_runs_once_on_each_worker_and_then_done_runs_on_the_caller);
    tcase_add_test(c, a_worker_may_answer_a_broadcast_later);
    return c;
}
