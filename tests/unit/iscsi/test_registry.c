/* test_registry.c: who is logged in, and who makes room for whom. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/worker.h"
#include "iscsi/registry.h"
#include "iscsi/registry_private.h"
#include "suites.h"

#define TARGET "iqn.2026-01.org.example:disk0"

/* What the registry asked of it. */
struct fake_session {
    const char *target;
    struct registry_entry *entry;
    unsigned closes, grants;
    struct registry_close_how how;
    bool leaves_at_once; /* when asked to close */
};

static void
fake_describe(const void *session, struct session_info *info)
{
    const struct fake_session *f = session;

    snprintf(info->target, sizeof info->target, "%s", f->target);
}

static void
fake_close(void *session, const struct registry_close_how *how)
{
    struct fake_session *f = session;

    f->closes++;
    f->how = *how;
    if (f->leaves_at_once) {
        registry_leave(f->entry);
        f->entry = NULL;
    }
}

static void
fake_granted(void *session)
{
    struct fake_session *f = session;

    f->grants++;
}

static const struct registry_ops fake_ops = {fake_describe, fake_close, fake_granted};

static struct worker *workers[2];

static void
setup(void)
{
    for (unsigned i = 0; i < 2; i++) {
        workers[i] = worker_new(i);
        ck_assert_ptr_nonnull(workers[i]);
    }
    worker_enter(workers[0]);
}

static void
teardown(void)
{
    for (unsigned i = 0; i < 2; i++)
        worker_free(workers[i]);
    ck_assert_uint_eq(registry_count(NULL), 0);
}

static void
turn(unsigned i)
{
    worker_enter(workers[i]);
    worker_turn(workers[i], false);
}

/* Enters on worker I; whether it has to wait. */
static bool
enter(struct fake_session *f, unsigned i, const char *target, uint64_t isid)
{
    const struct registry_key key = {"iqn.1993-08.org.debian:01:a", target, isid, 1, 0};
    bool waits;

    worker_enter(workers[i]);
    f->target = target;
    f->entry = registry_enter(&key, &fake_ops, f, &waits);
    ck_assert_ptr_nonnull(f->entry);
    return waits;
}

/* The same, with the TSIH of a session that is there. */
static bool
go_on(struct fake_session *f, unsigned i, uint64_t isid, uint16_t tsih)
{
    const struct registry_key key = {"iqn.1993-08.org.debian:01:a", TARGET, isid, 1, tsih};
    bool waits = false;

    worker_enter(workers[i]);
    f->target = TARGET;
    f->entry = registry_enter(&key, &fake_ops, f, &waits);
    return waits;
}

static void
leave(struct fake_session *f, unsigned i)
{
    worker_enter(workers[i]);
    registry_leave(f->entry);
    f->entry = NULL;
}

START_TEST(a_second_login_waits_until_the_first_session_has_ended)
{
    struct fake_session old = {0}, new = {0};

    ck_assert(!enter(&old, 0, TARGET, 7));
    ck_assert(enter(&new, 1, "IQN.2026-01.org.example:disk0", 7));
    turn(0);
    ck_assert_uint_eq(old.closes, 1);
    ck_assert(old.how.replaced);
    turn(1);
    ck_assert_uint_eq(new.grants, 0);
    leave(&old, 0);
    turn(1);
    ck_assert_uint_eq(new.grants, 1);
    leave(&new, 1);
}
END_TEST

START_TEST(a_third_login_waits_for_both_and_the_second_is_asked_to_go)
{
    struct fake_session first = {0}, second = {0}, third = {0};

    ck_assert(!enter(&first, 0, TARGET, 7));
    ck_assert(enter(&second, 1, TARGET, 7));
    ck_assert(enter(&third, 0, TARGET, 7));
    turn(0);
    turn(1);
    ck_assert_uint_eq(first.closes, 1);
    ck_assert_uint_eq(second.closes, 1);
    leave(&second, 1);
    turn(0);
    ck_assert_uint_eq(third.grants, 0);
    leave(&first, 0);
    turn(0);
    ck_assert_uint_eq(third.grants, 1);
    ck_assert_uint_eq(second.grants, 0);
    leave(&third, 0);
}
END_TEST

START_TEST(a_session_that_goes_on_keeps_its_tsih)
{
    struct fake_session first = {0}, second = {0}, third = {0}, none = {0};
    uint16_t tsih;

    enter(&first, 0, TARGET, 7);
    tsih = first.entry->tsih;
    ck_assert(go_on(&second, 1, 7, tsih));
    ck_assert_uint_eq(second.entry->tsih, tsih);
    turn(0);
    ck_assert_uint_eq(first.closes, 1);
    leave(&first, 0);
    turn(1);
    ck_assert_uint_eq(second.grants, 1);
    ck_assert(registry_look(&second.entry->key, tsih, NULL, NULL));
    ck_assert(go_on(&third, 0, 7, tsih));
    turn(1);
    ck_assert_uint_eq(second.closes, 1);
    leave(&second, 1);
    turn(0);
    ck_assert_uint_eq(third.grants, 1);
    ck_assert_uint_eq(third.entry->tsih, tsih);
    go_on(&none, 0, 8, tsih); /* another ISID: no such session */
    ck_assert_ptr_null(none.entry);
    leave(&third, 0);
    go_on(&none, 0, 7, tsih); /* it has gone */
    ck_assert_ptr_null(none.entry);
}
END_TEST

static const struct {
    const char *target;
    uint64_t isid;
} others[] = {{TARGET, 8}, {"iqn.2026-01.org.example:disk1", 7}, {"", 7}};

START_TEST(sessions_that_differ_in_isid_or_target_leave_each_other_alone)
{
    struct fake_session old = {0}, new = {0};

    ck_assert(!enter(&old, 0, _i == 2 ? "" : TARGET, 7));
    ck_assert(!enter(&new, 0, others[_i].target, others[_i].isid));
    turn(0);
    ck_assert_uint_eq(old.closes, 0);
    ck_assert_uint_ne(old.entry->tsih, new.entry->tsih);
    ck_assert_uint_ne(new.entry->tsih, 0);
    leave(&old, 0);
    leave(&new, 0);
}
END_TEST

START_TEST(a_message_that_comes_too_late_finds_nobody)
{
    struct fake_session f = {0};

    enter(&f, 0, TARGET, 7);
    worker_enter(workers[1]);
    char id[24];
    snprintf(id, sizeof id, "s-%llu", (unsigned long long)f.entry->session_id);
    ck_assert_int_eq(registry_close(id, true, 1000), 0);
    leave(&f, 0);
    ck_assert_int_eq(registry_close(id, true, 1000), -1);
    turn(0);
    ck_assert_uint_eq(f.closes, 0);
}
END_TEST

START_TEST(asking_twice_is_asking_once_for_the_more_urgent)
{
    struct fake_session f = {.leaves_at_once = true};
    char id[24];

    enter(&f, 0, TARGET, 7);
    snprintf(id, sizeof id, "s-%llu", (unsigned long long)f.entry->session_id);
    ck_assert_int_eq(registry_close(id, true, 1000), 0);
    ck_assert_int_eq(registry_close(id, false, 0), 0);
    turn(0);
    ck_assert_uint_eq(f.closes, 1);
    ck_assert(!f.how.logout);
}
END_TEST

static const char *const bad_ids[] = {"", "s-", "s-0", "7", "s-7x", "c-1", "s--1"};

START_TEST(a_bad_id_closes_nothing)
{
    ck_assert_int_eq(registry_close(bad_ids[_i], false, 0), -1);
}
END_TEST

static void
count_disk0(const struct session_info *info, void *arg)
{
    if (strcmp(info->target, TARGET) == 0 && strncmp(info->id, "s-", 2) == 0 &&
        strncmp(info->connection_id, "c-", 2) == 0)
        ++*(unsigned *)arg;
}

START_TEST(sessions_are_listed_and_counted_by_target)
{
    struct fake_session f[3] = {0};
    unsigned seen = 0;

    enter(&f[0], 0, TARGET, 1);
    enter(&f[1], 1, TARGET, 2);
    enter(&f[2], 1, "", 2);
    registry_visit(count_disk0, &seen);
    ck_assert_uint_eq(seen, 2);
    ck_assert_uint_eq(registry_count(TARGET), 2);
    ck_assert_uint_eq(registry_count(NULL), 3);
    ck_assert(registry_look(&f[0].entry->key, f[0].entry->tsih, NULL, NULL));
    ck_assert(!registry_look(&f[0].entry->key, f[1].entry->tsih, NULL, NULL));
    leave(&f[0], 0);
    leave(&f[1], 1);
    leave(&f[2], 1);
}
END_TEST

/* Two threads log in with the same name again and again, while a third looks on. */
#define ROUNDS 2000

struct racer {
    struct worker *worker;
    struct fake_session f;
    pthread_t thread;
};

static void *
race(void *arg)
{
    struct racer *r = arg;
    const struct registry_key key = {"iqn.1993-08.org.debian:01:a", TARGET, 7, 1, 0};

    worker_enter(r->worker);
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool waits;

        r->f = (struct fake_session){.target = TARGET};
        r->f.entry = registry_enter(&key, &fake_ops, &r->f, &waits);
        /* Some leave before they are asked to, some wait for the other for a while. */
        for (unsigned turns = i % 8; turns > 0 && r->f.closes == 0; turns--) {
            worker_turn(r->worker, false);
            sched_yield();
        }
        registry_leave(r->f.entry);
        worker_turn(r->worker, false);
    }
    for (unsigned i = 0; i < 3; i++)
        worker_turn(r->worker, false);
    worker_enter(NULL);
    return NULL;
}

START_TEST(logins_on_two_workers_replace_each_other_without_a_race)
{
    struct racer racers[2] = {{.worker = workers[0]}, {.worker = workers[1]}};
    unsigned seen = 0;

    worker_enter(NULL);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        registry_visit(count_disk0, &seen);
        (void)registry_close("s-1", true, 0);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(racers[i].thread, NULL);
    /* What was posted at the very end is still in the mail. */
    turn(0);
    turn(1);
}
END_TEST

START_TEST(all_tsihs_can_be_in_use_and_then_a_login_fails_at_once)
{
    const struct registry_key key = {"iqn.1993-08.org.debian:01:a", "", 7, 1, 0};
    static struct fake_session fakes[65535];
    struct registry_entry *freed;
    uint16_t tsih;
    bool waits;

    for (unsigned i = 0; i < 65535; i++)
        enter(&fakes[i], 0, "", 7);
    for (unsigned i = 0; i < 65535; i++)
        ck_assert_ptr_null(registry_enter(&key, &fake_ops, NULL, &waits));
    tsih = fakes[4711].entry->tsih;
    leave(&fakes[4711], 0);
    freed = registry_enter(&key, &fake_ops, &fakes[4711], &waits);
    ck_assert_ptr_nonnull(freed);
    ck_assert_uint_eq(freed->tsih, tsih);
    fakes[4711].entry = freed;
    for (unsigned i = 0; i < 65535; i++)
        leave(&fakes[i], 0);
}
END_TEST

TCase *
registry_cases(void)
{
    TCase *tcase = tcase_create("registry");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_second_login_waits_until_the_first_session_has_ended);
    tcase_add_test(tcase, a_third_login_waits_for_both_and_the_second_is_asked_to_go);
    tcase_add_test(tcase, a_session_that_goes_on_keeps_its_tsih);
    tcase_add_loop_test(tcase, sessions_that_differ_in_isid_or_target_leave_each_other_alone, 0,
                        sizeof others / sizeof *others);
    tcase_add_test(tcase, a_message_that_comes_too_late_finds_nobody);
    tcase_add_test(tcase, asking_twice_is_asking_once_for_the_more_urgent);
    tcase_add_loop_test(tcase, a_bad_id_closes_nothing, 0, sizeof bad_ids / sizeof *bad_ids);
    tcase_add_test(tcase, sessions_are_listed_and_counted_by_target);
    tcase_add_test(tcase, all_tsihs_can_be_in_use_and_then_a_login_fails_at_once);
    tcase_add_test(tcase, logins_on_two_workers_replace_each_other_without_a_race);
    return tcase;
}
