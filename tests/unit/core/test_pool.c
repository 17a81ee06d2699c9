/* test_pool.c: helper threads: jobs run elsewhere, come home, and never exceed the bound. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "suites.h"

#define JOBS        200
#define MAX_THREADS 3

static struct worker *home;
static atomic_uint at_work, most_at_work;
static unsigned done_count;

/* How many more threads can be started on behalf of the test; the linker puts this in (--wrap).
 */
static atomic_int threads_left = INT_MAX;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                      void *arg)
{
    if (atomic_fetch_sub(&threads_left, 1) <= 0) {
        atomic_store(&threads_left, 0);
        return EAGAIN;
    }
    return __real_pthread_create(thread, attr, run, arg);
}

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

    ck_assert(worker_current() == NULL || atomic_load(&threads_left) == 0);
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

START_TEST(where_no_more_threads_can_be_started_all_jobs_are_worked_all_the_same)
{
    static struct square squares[JOBS];
    struct pool *pool = pool_new("test", 8);
    struct pool_share users[3];

    atomic_store(&threads_left, _i); /* none: on the caller */
    for (unsigned u = 0; u < 3; u++)
        pool_share_init(&users[u]);
    for (unsigned i = 0; i < JOBS; i++) {
        squares[i] = (struct square){.job = {.work = work, .done = done}, .in = i};
        pool_submit_share(pool, &users[i % 3], &squares[i].job);
        ck_assert_uint_eq(done_count, 0);
    }
    while (done_count < JOBS)
        worker_turn(home, true);
    pool_free(pool);
    ck_assert_uint_le(atomic_load(&most_at_work), _i > 0 ? (unsigned)_i : 1);
}
END_TEST

/* Jobs that hang until they are let go, and some that do not. */
struct hanging {
    struct pool_job job; /* first */
    unsigned user;
};

#define USERS 7
#define EACH  30

static struct hanging hanging[USERS][EACH];
static struct pool_share shares[USERS];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool is_open;
static unsigned inside, inside_of[USERS], ended;
static bool is_in_order; /* as with one helper */

static void
hang(struct pool_job *job)
{
    unsigned user = ((struct hanging *)job)->user;

    pthread_mutex_lock(&gate);
    inside++;
    inside_of[user]++;
    pthread_cond_broadcast(&gate_changed);
    while (!is_open)
        pthread_cond_wait(&gate_changed, &gate);
    inside--;
    inside_of[user]--;
    pthread_mutex_unlock(&gate);
}

static void
hung(struct pool_job *job)
{
    static unsigned next[USERS];
    struct hanging *h = (struct hanging *)job;

    if (is_in_order)
        ck_assert_uint_eq(h - hanging[h->user], next[h->user]++);
    ended++;
}

static void
wait_until_inside(unsigned n)
{
    pthread_mutex_lock(&gate);
    while (inside < n)
        pthread_cond_wait(&gate_changed, &gate);
    ck_assert_uint_eq(inside, n);
    pthread_mutex_unlock(&gate);
}

static void
open_gate(void)
{
    pthread_mutex_lock(&gate);
    is_open = true;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate);
}

/* How many of the helpers each of several users gets whose jobs all hang. */
static const struct {
    unsigned helpers, users, get[USERS];
} crowds[] = {
    {1, 2, {1, 0}},
    {2, 2, {1, 1}},
    {4, 3, {2, 1, 1}},
    {16, 6, {8, 4, 2, 1, 1, 0}},
    {64, 7, {30, 17, 9, 4, 2, 1, 1}},
};

START_TEST(however_many_jobs_of_one_user_hang_helpers_are_left_for_others)
{
    struct pool *pool = pool_new("test", crowds[_i].helpers);
    unsigned all = 0, total = 0;

    is_in_order = crowds[_i].helpers == 1;
    for (unsigned u = 0; u < crowds[_i].users; u++) {
        pool_share_init(&shares[u]);
        for (unsigned i = 0; i < EACH; i++) {
            hanging[u][i] = (struct hanging){{.work = hang, .done = hung}, u};
            pool_submit_share(pool, &shares[u], &hanging[u][i].job);
            total++;
        }
        all += crowds[_i].get[u];
        wait_until_inside(all);
        ck_assert_uint_eq(inside_of[u], crowds[_i].get[u]);
    }
    open_gate();
    while (ended < total)
        worker_turn(home, true);
    for (unsigned u = 0; u < crowds[_i].users; u++)
        ck_assert(shares[u].admitted == 0 && !shares[u].is_waiting);
    pool_free(pool);
}
END_TEST

START_TEST(a_user_goes_on_while_another_hangs)
{
    static struct square squares[JOBS];
    struct pool *pool = pool_new("test", MAX_THREADS);

    pool_share_init(&shares[0]);
    pool_share_init(&shares[1]);
    for (unsigned i = 0; i < EACH; i++) {
        hanging[0][i] = (struct hanging){{.work = hang, .done = hung}, 0};
        pool_submit_share(pool, &shares[0], &hanging[0][i].job);
    }
    for (unsigned i = 0; i < JOBS; i++) {
        squares[i] = (struct square){.job = {.work = work, .done = done}, .in = i};
        if (i % 2 == 0)
            pool_submit(pool, &squares[i].job);
        else
            pool_submit_share(pool, &shares[1], &squares[i].job);
    }
    while (done_count < JOBS)
        worker_turn(home, true);
    ck_assert_uint_eq(ended, 0);
    open_gate();
    pool_free(pool); /* what still waits for its turn is worked too */
    worker_turn(home, true);
    ck_assert_uint_eq(ended, EACH);
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
    tcase_add_loop_test(
        c, where_no_more_threads_can_be_started_all_jobs_are_worked_all_the_same, 0, 4);
    tcase_add_loop_test(c, however_many_jobs_of_one_user_hang_helpers_are_left_for_others, 0,
                        sizeof crowds / sizeof crowds[0]);
    tcase_add_test(c, a_user_goes_on_while_another_hangs);
    return c;
}
