/* test_worker.c: turns, mail and deferred work, by hand on the test's own thread. */
#include <event2/event.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/worker.h"
#include "suites.h"

static struct worker *w;
static char order[32];
static size_t order_length;

static void
setup(void)
{
    w = worker_new(3);
    ck_assert_ptr_nonnull(w);
    worker_enter(w);
    order_length = 0;
    order[0] = '\0';
}

static void
teardown(void)
{
    worker_enter(NULL);
    worker_free(w);
}

static void
note(char c)
{
    order[order_length++] = c;
    order[order_length] = '\0';
}

static void
note_deferred(struct deferred *d)
{
    (void)d;
    note('d');
}

static struct deferred later = {.run = note_deferred};

static void
note_mail(struct message *m, struct worker *at)
{
    (void)m;
    ck_assert_ptr_eq(at, w);
    note('m');
    worker_defer(w, &later);
}

START_TEST(deferred_work_runs_once_at_the_end_of_the_turn_after_all_mail)
{
    struct message mail[2] = {{.run = note_mail}, {.run = note_mail}};

    worker_post(w, &mail[0]);
    worker_post(w, &mail[1]);
    worker_turn(w, true);
    ck_assert_str_eq(order, "mmd");
    ck_assert_uint_eq(worker_id(w), 3);
}
END_TEST

static void
defer_again(struct deferred *d)
{
    note('a');
    if (order_length < 3)
        worker_defer(w, d);
}

START_TEST(work_deferred_by_deferred_work_waits_for_the_next_turn)
{
    struct deferred again = {.run = defer_again};

    worker_defer(w, &again);
    worker_turn(w, true); /* must not sleep: work is waiting */
    ck_assert_str_eq(order, "a");
    worker_turn(w, true);
    ck_assert_str_eq(order, "aa");
    worker_turn(w, true);
    ck_assert_str_eq(order, "aaa");
}
END_TEST

static void
note_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    note('r');
    ck_assert_uint_lt(order_length, 10); /* else the turn does not end */
    worker_defer(w, &later);
}

START_TEST(a_descriptor_that_stays_ready_does_not_keep_a_turn_from_its_end)
{
    struct event *writable;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    writable = event_new(worker_base(w), ends[1], EV_WRITE | EV_PERSIST, note_ready, NULL);
    event_add(writable, NULL);
    worker_defer(w, &later); /* so that the turn must not sleep */
    worker_turn(w, true);
    worker_turn(w, true);
    ck_assert_str_eq(order, "rdrd");
    event_free(writable);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_worker_knows_whether_it_runs_this_thread)
{
    ck_assert(worker_is_current(w));
    ck_assert_ptr_eq(worker_current(), w);
    worker_enter(NULL);
    ck_assert(!worker_is_current(w));
    ck_assert_ptr_null(worker_current());
}
END_TEST

START_TEST(the_time_stands_still_within_a_turn)
{
    uint64_t now = worker_now_ms(w);

    ck_assert_uint_gt(now, 0);
    ck_assert_uint_eq(worker_now_ms(w), now);
    worker_turn(w, false);
    ck_assert_uint_ge(worker_now_ms(w), now);
}
END_TEST

struct counted_poller {
    struct poller poller;
    unsigned looks, finds; /* how often it has looked, and will find something */
};

static bool
look(struct poller *p)
{
    struct counted_poller *c = (struct counted_poller *)p; /* its first member */

    c->looks++;
    if (c->finds == 0)
        return false;
    c->finds--;
    return true;
}

static void
note_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    note('e');
}

/* Turns until an event that comes in MS milliseconds; the CPU time that took. */
static uint64_t
cpu_us_until_event(unsigned ms)
{
    const struct timeval soon = {.tv_usec = ms * 1000};
    struct event *event = event_new(worker_base(w), -1, 0, note_event, NULL);
    struct timespec before, after;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    event_add(event, &soon);
    while (strchr(order, 'e') == NULL)
        worker_turn(w, true);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    event_free(event);
    return (uint64_t)(after.tv_sec - before.tv_sec) * 1000000 + (uint64_t)after.tv_nsec / 1000 -
           (uint64_t)before.tv_nsec / 1000;
}

START_TEST(a_worker_that_had_work_looks_for_more_before_it_sleeps)
{
    struct message mail = {.run = note_mail};
    struct counted_poller poller = {.poller.poll = look};

    worker_add_poller(w, &poller.poller);
    workers_busy_poll(WORKERS_BUSY_POLL_MAX);
    worker_post(w, &mail);
    worker_turn(w, true);
    worker_turn(w, true); /* would sleep for ever */
    ck_assert_uint_eq(poller.looks, 1);
    worker_remove_poller(w, &poller.poller);
}
END_TEST

START_TEST(a_worker_without_work_sleeps_whatever_the_busy_poll)
{
    struct counted_poller poller = {.poller.poll = look};

    worker_add_poller(w, &poller.poller);
    workers_busy_poll(WORKERS_BUSY_POLL_MAX);
    ck_assert_uint_lt(cpu_us_until_event(300), 150000);
    ck_assert_uint_eq(poller.looks, 0);
    worker_remove_poller(w, &poller.poller);
}
END_TEST

START_TEST(a_worker_that_found_nothing_for_that_long_sleeps)
{
    struct message mail = {.run = note_mail};

    workers_busy_poll(1000);
    worker_post(w, &mail);
    worker_turn(w, true);
    ck_assert_uint_lt(cpu_us_until_event(300), 150000);
}
END_TEST

/* Each find keeps it from sleeping, however long ago the last message was. */
START_TEST(what_a_poller_finds_is_work)
{
    struct message mail = {.run = note_mail};
    struct counted_poller poller = {.poller.poll = look, .finds = 1};

    worker_add_poller(w, &poller.poller);
    workers_busy_poll(WORKERS_BUSY_POLL_MAX);
    worker_post(w, &mail);
    while (poller.finds > 0)
        worker_turn(w, true);
    worker_turn(w, true); /* looks on, from that on */
    ck_assert_uint_ge(poller.looks, 2);
    worker_remove_poller(w, &poller.poller);
}
END_TEST

TCase *
worker_cases(void)
{
    TCase *c = tcase_create("worker");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, deferred_work_runs_once_at_the_end_of_the_turn_after_all_mail);
    tcase_add_test(c, work_deferred_by_deferred_work_waits_for_the_next_turn);
    tcase_add_test(c, a_descriptor_that_stays_ready_does_not_keep_a_turn_from_its_end);
    tcase_add_test(c, a_worker_knows_whether_it_runs_this_thread);
    tcase_add_test(c, the_time_stands_still_within_a_turn);
    tcase_add_test(c, a_worker_that_had_work_looks_for_more_before_it_sleeps);
    tcase_add_test(c, a_worker_without_work_sleeps_whatever_the_busy_poll);
    tcase_add_test(c, a_worker_that_found_nothing_for_that_long_sleeps);
    tcase_add_test(c, what_a_poller_finds_is_work);
    return c;
}
