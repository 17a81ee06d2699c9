/* test_timer.c: timers of a worker that is turned by hand. */
#include "core/clock.h"
#include "core/timer.h"
#include "core/worker.h"
#include "suites.h"

static struct worker *w;
static struct timer one, two;
static int ran_one, ran_two;

static void
run_one(struct timer *timer)
{
    ck_assert_ptr_eq(timer, &one);
    ran_one++;
}

static void
run_two(struct timer *timer)
{
    ck_assert_int_eq(ran_one, 0); /* it is the shorter one */
    ran_two++;
    timer_done(timer);
}

static void
setup(void)
{
    w = worker_new(3);
    worker_enter(w);
    ran_one = ran_two = 0;
    ck_assert_int_eq(timer_init(&one, run_one), 0);
    ck_assert_int_eq(timer_init(&two, run_two), 0);
}

static void
teardown(void)
{
    timer_done(&one);
    timer_done(&two);
    worker_enter(NULL);
    worker_free(w);
}

START_TEST(timers_run_once_when_their_time_has_come)
{
    uint64_t begin = clock_us();

    timer_start(&one, 20000);
    timer_start(&two, 0);
    while (ran_one == 0)
        worker_turn(w, true);
    ck_assert_uint_ge(clock_us() - begin, 19000);
    ck_assert_int_eq(ran_two, 1);
    worker_turn(w, false);
    ck_assert_int_eq(ran_one, 1);
}
END_TEST

START_TEST(a_timer_that_is_stopped_does_not_run)
{
    timer_start(&one, 0);
    timer_stop(&one);
    timer_start(&two, 1000);
    while (ran_two == 0)
        worker_turn(w, true);
    ck_assert_int_eq(ran_one, 0);
}
END_TEST

TCase *
timer_cases(void)
{
    TCase *t = tcase_create("timer");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, timers_run_once_when_their_time_has_come);
    tcase_add_test(t, a_timer_that_is_stopped_does_not_run);
    return t;
}
