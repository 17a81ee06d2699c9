/* test_pool.c: helper threads: jobs run elsewhere, come home, and never exceed the bound. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "suites.h"

#define JOBS        200
#define MAX_THREADS 3

static struct worker *home;
static atomic_uint at_work, most_at_work;
static unsigned done_count;

struct square {
    struct pool_job job; /* first: a job is its square */
    unsigned in, out;
};

static void
setup(void)
{
    home = worker_new(0);
    worker_enter(home);
}

static void
teardown(void)
{
    worker_enter(NULL);
    worker_free(home);
}

static void
work(struct pool_job *job)
{
    struct square *s = (struct square *)job;
    unsigned now = atomic_fetch_add(&at_work, 1) + 1, most = atomic_load(&most_at_work);

    ck_assert_ptr_null(worker_current());
    while (now > most && !atomic_compare_exchange_weak(&most_at_work, &most, now))
        ;
    s->out = s->in * s->in;
    atomic_fetch_sub(&at_work, 1);
}

static void
done(struct pool_job *job)
{
    struct square *s = (struct square *)job;

    ck_assert(worker_is_current(home));
    ck_assert_uint_eq(s->out, s->in * s->in);
    done_count++;
}

START_TEST(jobs_run_on_helpers_and_their_done_runs_at_home)
{
    static struct square squares[JOBS];
    struct pool *pool = pool_new("test", MAX_THREADS);

    ck_assert_ptr_nonnull(pool);
    for (unsigned i = 0; i < JOBS; i++) {
        squares[i] = (struct square){.job = {.work = work, .done = done}, .in = i};
        pool_submit(pool, &squares[i].job);
    }
    while (done_count < JOBS)
        worker_turn(home, true);
    pool_free(pool);
    ck_assert_uint_le(atomic_load(&most_at_work), MAX_THREADS);
}
END_TEST

START_TEST(a_pool_works_off_what_is_queued_before_it_goes)
{
    static struct square squares[JOBS];
    struct pool *pool = pool_new("test", 1);

    for (unsigned i = 0; i < JOBS; i++) {
        squares[i] = (struct square){.job = {.work = work, .done = done}, .in = i};
        pool_submit(pool, &squares[i].job);
    }
    pool_free(pool);
    worker_turn(home, true);
    ck_assert_uint_eq(done_count, JOBS);
}
END_TEST

TCase *
pool_cases(void)
{
    TCase *c = tcase_create("pool");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, jobs_run_on_helpers_and_their_done_runs_at_home);
    tcase_add_test(c, a_pool_works_off_what_is_queued_before_it_goes);
    return c;
}
