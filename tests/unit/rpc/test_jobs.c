/* Changes that take long: jobs, their end, and how they are given up. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "rpc/jobs.h"
#include "suites.h"

/* So large that it is never full before a test has said what it wants. */
#define HUGE                                                                       \
    "{'name': 'huge', 'type': 'rdwr', 'path': '@/huge.img', 'size': 68719476736, " \
    "'create': true, 'preallocate': 'full'}"
#define SMALL                                                                    \
    "{'name': 'small', 'type': 'rdwr', 'path': '@/small.img', 'size': 4194304, " \
    "'create': true, 'preallocate': '%s'}"

static bool
is_there(const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", api_folder(), name);
    return access(path, F_OK) == 0;
}

/* The id of the job that METHOD with PARAMS becomes at once; valid until the next call. */
static const char *
begin_job(const char *method, const char *params)
{
    static char id[24];
    json_t *result = api_do(method, params);
    const json_t *job = json_object_get(result, "job");

    ck_assert(!json_is_true(json_object_get(result, "changed")));
    ck_assert_ptr_nonnull(job);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(job, "id")));
    json_decref(result);
    return id;
}

/* METHOD of job ID; what of it must be there. */
static void
job_must(const char *method, const char *id, const char *error, const char *expect)
{
    char params[64];
    const struct step step = {method, params, error, expect};

    snprintf(params, sizeof params, "{'id': '%s'}", id);
    api_play(&step, 1);
}

/* Job ID, after main has had some turns. */
static json_t *
look_a_little_later(const char *id)
{
    char params[64];

    snprintf(params, sizeof params, "{'id': '%s', 'timeout_ms': 1}", id);
    return api_do("job.wait", params);
}

START_TEST(a_change_that_ends_in_time_is_no_job)
{
    json_t *result = api_do("backstore.create",
                            "{'backstore': {'name': 'r', 'type': 'ram', 'size': 65536}}");

    ck_assert(json_is_true(json_object_get(result, "changed")));
    ck_assert_ptr_null(json_object_get(result, "job"));
    json_decref(result);
    result = api_do("job.list", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(result, "jobs")), 0);
    json_decref(result);
}
END_TEST

static const char *const ways[] = {"off", "falloc", "full"};

START_TEST(a_job_ends_with_the_answer_that_its_call_would_have_had)
{
    char params[400];
    const char *id;

    snprintf(params, sizeof params, "{'backstore': " SMALL ", 'wait_ms': 0}", ways[_i]);
    id = begin_job("backstore.create", params);
    job_must("job.wait", id, NULL,
             "{'method': 'backstore.create', 'object': 'small', 'state': 'succeeded', "
             "'progress': 1.0, 'cancellable': false, "
             "'result': {'changed': true, 'backstore': {'name': 'small', 'state': 'online'}}}");
    job_must("job.get", id, NULL, "{'state': 'succeeded'}");
    job_must("job.cancel", id, NULL, "{'state': 'succeeded'}");
    ck_assert(is_there("small.img"));
}
END_TEST

START_TEST(a_job_that_fails_says_why_as_its_call_would_have)
{
    const char *id = begin_job("backstore.create",
                               "{'backstore': {'name': 'd', 'type': 'rdwr', 'path': '@/no/d', "
                               "'size': 65536, 'create': true}, 'wait_ms': 0}");

    job_must("job.wait", id, NULL,
             "{'state': 'failed', 'cancellable': false, "
             "'error': {'code': -32007, 'data': {'name': 'BACKEND_ERROR', 'errno': 2}}}");
}
END_TEST

START_TEST(a_file_that_is_being_filled_is_given_up_and_removed)
{
    const char *id = begin_job("backstore.create", "{'backstore': " HUGE ", 'wait_ms': 0}");

    while (!is_there("huge.img"))
        json_decref(look_a_little_later(id));
    job_must("job.get", id, NULL, "{'state': 'running', 'cancellable': true}");
    job_must("job.cancel", id, NULL, "{'id': 'j-1'}");
    job_must("job.wait", id, NULL,
             "{'state': 'cancelled', 'error': {'data': {'name': 'CANCELLED'}}}");
    ck_assert(!is_there("huge.img"));
    api_play(&(struct step){"backstore.get", "{'name': 'huge'}", "NOT_FOUND", NULL}, 1);
    api_play(&(struct step){"config.get", "{}", NULL, "{'revision': 0}"}, 1);
}
END_TEST

START_TEST(how_much_is_done_is_told)
{
    const char *id = begin_job("backstore.create", "{'backstore': " HUGE ", 'wait_ms': 0}");
    double progress = 0;

    while (progress == 0) {
        json_t *job = look_a_little_later(id);

        progress = json_number_value(json_object_get(job, "progress"));
        json_decref(job);
    }
    ck_assert(progress > 0 && progress < 1);
    job_must("job.cancel", id, NULL, NULL);
    job_must("job.wait", id, NULL, "{'state': 'cancelled'}");
}
END_TEST

START_TEST(a_file_that_gets_longer_is_given_up_at_its_old_size)
{
    char params[400];
    const char *id;

    snprintf(params, sizeof params, "{'backstore': " SMALL "}", "full");
    json_decref(api_do("backstore.create", params));
    id = begin_job("backstore.resize", "{'name': 'small', 'size': 68719476736, 'wait_ms': 0}");
    job_must("job.cancel", id, NULL, NULL);
    job_must("job.wait", id, NULL, "{'state': 'cancelled'}");
    api_play(&(struct step){"backstore.get", "{'name': 'small'}", NULL, "{'size': 4194304}"},
             1);
}
END_TEST

START_TEST(what_waits_for_its_turn_is_pending_and_goes_without_having_begun)
{
    char first[24];
    const char *id;

    strcpy(first, begin_job("backstore.create", "{'backstore': " HUGE ", 'wait_ms': 0}"));
    id = begin_job("backstore.create",
                   "{'backstore': {'name': 'r', 'type': 'ram', 'size': 65536}, 'wait_ms': 0}");
    job_must("job.get", id, NULL,
             "{'state': 'pending', 'progress': null, 'cancellable': true}");
    job_must("job.cancel", id, NULL, NULL);
    job_must("job.wait", id, NULL, "{'state': 'cancelled'}");
    job_must("job.cancel", first, NULL, NULL);
    job_must("job.wait", first, NULL, "{'state': 'cancelled'}");
    api_play(&(struct step){"backstore.get", "{'name': 'r'}", "NOT_FOUND", NULL}, 1);
}
END_TEST

START_TEST(more_jobs_than_the_limit_are_refused)
{
    static const char small[] =
        "{'backstore': {'name': 'r', 'type': 'ram', 'size': 65536}, 'wait_ms': 0}";
    char id[24];
    unsigned first;

    ck_assert_int_eq(
        sscanf(begin_job("backstore.create", "{'backstore': " HUGE ", 'wait_ms': 0}"), "j-%u",
               &first),
        1);
    for (unsigned i = 1; i < JOBS_RUNNING_MAX; i++)
        begin_job("backstore.create", small);
    api_play(&(struct step){"backstore.create", small, "LIMIT_EXCEEDED", "{'limit': 100}"}, 1);
    for (unsigned i = JOBS_RUNNING_MAX; i-- > 0;) {
        snprintf(id, sizeof id, "j-%u", first + i);
        job_must("job.cancel", id, NULL, NULL);
    }
    snprintf(id, sizeof id, "j-%u", first);
    job_must("job.wait", id, NULL, "{'state': 'cancelled'}");
}
END_TEST

START_TEST(who_waits_is_answered_when_the_daemon_stops)
{
    const char *id = begin_job("backstore.create", "{'backstore': " HUGE ", 'wait_ms': 0}");
    char params[64];
    json_t *job;

    snprintf(params, sizeof params, "{'id': '%s', 'timeout_ms': 600000}", id);
    api_begin("job.wait", params);
    ck_assert_ptr_null(api_reply());
    api_set_state(RPC_STOPPING);
    job = api_reply();
    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(json_string_value(json_object_get(job, "state")), "running");
    json_decref(job);
    api_set_state(RPC_READY);
    job_must("job.cancel", id, NULL, NULL);
    job_must("job.wait", id, NULL, "{'state': 'cancelled'}");
}
END_TEST

static const char *const by_id[] = {"job.get", "job.wait", "job.cancel"};

START_TEST(a_job_that_is_not_there_is_not_found)
{
    job_must(by_id[_i], "j-77", "NOT_FOUND", "{'kind': 'job', 'object': 'j-77'}");
}
END_TEST

TCase *
job_cases(void)
{
    TCase *t = tcase_create("jobs");

    tcase_add_checked_fixture(t, api_setup, api_teardown);
    tcase_add_test(t, a_change_that_ends_in_time_is_no_job);
    tcase_add_loop_test(t, a_job_ends_with_the_answer_that_its_call_would_have_had, 0, 3);
    tcase_add_test(t, a_job_that_fails_says_why_as_its_call_would_have);
    tcase_add_test(t, a_file_that_is_being_filled_is_given_up_and_removed);
    tcase_add_test(t, how_much_is_done_is_told);
    tcase_add_test(t, a_file_that_gets_longer_is_given_up_at_its_old_size);
    tcase_add_test(t, what_waits_for_its_turn_is_pending_and_goes_without_having_begun);
    tcase_add_test(t, more_jobs_than_the_limit_are_refused);
    tcase_add_test(t, who_waits_is_answered_when_the_daemon_stops);
    tcase_add_loop_test(t, a_job_that_is_not_there_is_not_found, 0, 3);
    return t;
}
