/* jobs.c: which there are, who waits for them, what came of them. */
#include "rpc/jobs.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "core/events.h"
#include "core/log.h"
#include "core/timer.h"
#include "core/worker.h"
#include "rpc/audit.h"
#include "rpc/call.h"
#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "rpc/methods/methods.h"

enum job_state { JOB_WAITED_FOR, JOB_AT_WORK, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED };

struct job_waiter {
    TAILQ_ENTRY(job_waiter) link;
    struct rpc_call *call;
    struct job *job;
    struct timer timeout;
};

struct job {
    TAILQ_ENTRY(job) link; /* from JOB_AT_WORK on */
    enum job_state state;
    char id[24], object[256];
    const char *method; /* the table's */
    time_t started, finished;
    uint64_t finished_ms;

    /* While it is at work. */
    struct rpc_call *call;
    const struct rpc_job_work *work;
    void *arg;
    void (*client_done)(void *arg, json_t *result, json_t *error);
    void *client_arg;
    struct timer wait;
    double progress;

    json_t *result, *error; /* once it has ended */
    TAILQ_HEAD(, job_waiter) waiters;
};

/* Main's: those that have become jobs, oldest first. */
static TAILQ_HEAD(, job) jobs = TAILQ_HEAD_INITIALIZER(jobs);
static unsigned running_count, ended_count;
static uint64_t last_id;

static bool
has_ended(const struct job *job)
{
    return job->state > JOB_AT_WORK;
}

static const char *
state_name(const struct job *job)
{
    static const char *const names[] = {[JOB_AT_WORK] = "running",
                                        [JOB_SUCCEEDED] = "succeeded",
                                        [JOB_FAILED] = "failed",
                                        [JOB_CANCELLED] = "cancelled"};

    if (job->state == JOB_AT_WORK && job->work->is_pending(job->arg))
        return "pending";
    return names[job->state];
}

/* Never less than what was told before, also where more work is found. */
static json_t *
progress_json(struct job *job)
{
    double now = job->progress;

    if (job->state == JOB_SUCCEEDED)
        return json_real(1);
    if (job->state == JOB_AT_WORK && job->work->progress(job->arg, &now) && now > job->progress)
        job->progress = now < 1 ? now : 1;
    return job->progress > 0 || job->work == NULL ? json_real(job->progress) : json_null();
}

static json_t *
job_json(struct job *job)
{
    bool is_cancellable = job->state == JOB_AT_WORK && job->work->is_cancellable(job->arg);
    json_t *ret =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "id", job->id, "method", job->method,
                  "state", state_name(job), "progress", progress_json(job), "started",
                  time_json(job->started), "cancellable", (int)is_cancellable);

    if (job->object[0] != '\0')
        json_object_set_new(ret, "object", peer_string_json(job->object));
    if (has_ended(job))
        json_object_set_new(ret, "finished", time_json(job->finished));
    if (job->result != NULL)
        json_object_set(ret, "result", job->result);
    if (job->error != NULL)
        json_object_set(ret, "error", job->error);
    return ret;
}

static uint64_t
now_ms(void)
{
    return worker_now_ms(worker_current());
}

static void
free_job(struct job *job)
{
    timer_done(&job->wait);
    json_decref(job->result);
    json_decref(job->error);
    free(job);
}

/* The oldest of those that have ended go where there are too many, or for their age. */
static void
forget_old(void)
{
    struct job *job, *next;

    for (job = TAILQ_FIRST(&jobs); job != NULL; job = next) {
        next = TAILQ_NEXT(job, link);
        if (!has_ended(job) || (ended_count <= JOBS_KEPT &&
                                now_ms() - job->finished_ms < JOBS_KEPT_SECONDS * 1000))
            continue;
        TAILQ_REMOVE(&jobs, job, link);
        ended_count--;
        free_job(job);
    }
}

static struct job *
find_job(const char *id)
{
    struct job *job;

    forget_old();
    TAILQ_FOREACH (job, &jobs, link)
        if (strcmp(job->id, id) == 0)
            return job;
    return NULL;
}

static void
tell(struct job *job)
{
    event_post(EVENT_JOB_UPDATED, EVENT_TEXT("job", job->id), EVENT_TEXT("method", job->method),
               EVENT_TEXT("state", state_name(job)));
}

static void
answer_waiter(struct job_waiter *waiter)
{
    struct rpc_call *call = waiter->call;
    struct job *job = waiter->job;

    TAILQ_REMOVE(&job->waiters, waiter, link);
    timer_done(&waiter->timeout);
    free(waiter);
    rpc_call_result(call, job_json(job));
}

static void
answer_waiters(struct job *job)
{
    while (!TAILQ_EMPTY(&job->waiters))
        answer_waiter(TAILQ_FIRST(&job->waiters));
}

static void
end_job(struct job *job, json_t *result, json_t *error)
{
    bool is_cancelled = error != NULL && strcmp(rpc_error_name(error), "CANCELLED") == 0;

    job->state = is_cancelled ? JOB_CANCELLED : result != NULL ? JOB_SUCCEEDED : JOB_FAILED;
    job->finished = time(NULL);
    job->finished_ms = now_ms();
    json_object_del(result, "before"); /* whole documents: too much to keep */
    json_object_del(result, "after");
    job->result = result;
    job->error = error;
    job->work = NULL;
    running_count--;
    ended_count++;
    tell(job);
    answer_waiters(job);
    forget_old();
}

/* The call has its answer. Where nobody has been told of a job, it is the client's. */
static void
call_answered(void *arg, json_t *result, json_t *error)
{
    struct job *job = arg;
    void (*done)(void *arg, json_t *result, json_t *error) = job->client_done;
    void *done_arg = job->client_arg;

    if (job->state == JOB_WAITED_FOR) {
        free_job(job);
        done(done_arg, result, error);
    } else {
        end_job(job, result, error);
    }
}

/* The client has waited long enough. */
static void
become_job(struct timer *timer)
{
    struct job *job = (struct job *)(void *)((char *)timer - offsetof(struct job, wait));
    json_t *result = job->work->so_far(job->arg);

    timer_stop(timer);
    job->state = JOB_AT_WORK;
    snprintf(job->id, sizeof job->id, "j-%llu", (unsigned long long)++last_id);
    TAILQ_INSERT_TAIL(&jobs, job, link);
    running_count++;
    log_info("rpc", "a change takes long and goes on as a job", "job", job->id, "method",
             job->method, "object", job->object, NULL);
    tell(job);
    json_object_set_new(result, "job", job_json(job));
    dispatch_answer_early(job->call, result, job->client_done, job->client_arg);
}

static int
refuse(struct rpc_call *call)
{
    struct error err;

    error_set(&err, ERROR_LIMIT_EXCEEDED, "%u jobs are at work: wait for one of them to end",
              running_count);
    rpc_call_error(
        call, &err,
        json_pack("{s:i, s:i}", "limit", JOBS_RUNNING_MAX, "value", (int)running_count + 1));
    return -1;
}

int
rpc_job_begin(struct rpc_call *call, uint64_t wait_ms, const struct rpc_job_work *work,
              void *arg)
{
    struct job *job;

    if (running_count >= JOBS_RUNNING_MAX)
        return refuse(call);
    job = calloc(1, sizeof *job);
    if (job == NULL || timer_init(&job->wait, become_job) < 0) {
        free(job);
        rpc_call_result(call, NULL);
        return -1;
    }
    TAILQ_INIT(&job->waiters);
    job->method = rpc_call_method(call);
    job->started = time(NULL);
    job->call = call;
    job->work = work;
    job->arg = arg;
    audit_object(call->given, job->object, sizeof job->object);
    job->client_done = call->done;
    job->client_arg = call->arg;
    call->done = call_answered;
    call->arg = job;
    if (wait_ms == 0)
        become_job(&job->wait);
    else
        timer_start(&job->wait, wait_ms * 1000);
    return 0;
}

json_t *
rpc_jobs_json(void)
{
    json_t *all = json_array();
    struct job *job;

    forget_old();
    TAILQ_FOREACH (job, &jobs, link)
        json_array_append_new(all, job_json(job));
    return all;
}

json_t *
rpc_job_json(const char *id)
{
    struct job *job = find_job(id);

    return job == NULL ? NULL : job_json(job);
}

static void
waited_long_enough(struct timer *timer)
{
    answer_waiter(
        (struct job_waiter *)(void *)((char *)timer - offsetof(struct job_waiter, timeout)));
}

void
rpc_job_wait(struct rpc_call *call, const char *id, uint64_t timeout_ms)
{
    struct job *job = find_job(id);
    struct job_waiter *waiter;

    if (job == NULL) {
        rpc_call_not_found(call, "job", NULL, id);
        return;
    }
    if (has_ended(job) || timeout_ms == 0 ||
        strcmp(methods_context()->state(), "stopping") == 0) {
        rpc_call_result(call, job_json(job));
        return;
    }
    waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL || timer_init(&waiter->timeout, waited_long_enough) < 0) {
        free(waiter);
        rpc_call_result(call, NULL);
        return;
    }
    waiter->call = call;
    waiter->job = job;
    TAILQ_INSERT_TAIL(&job->waiters, waiter, link);
    timer_start(&waiter->timeout, timeout_ms * 1000);
}

void
rpc_job_cancel(struct rpc_call *call, const char *id)
{
    struct job *job = find_job(id);
    struct error err;

    if (job == NULL) {
        rpc_call_not_found(call, "job", NULL, id);
        return;
    }
    if (job->state == JOB_AT_WORK && !job->work->cancel(job->arg)) {
        error_set(&err, ERROR_NOT_SUPPORTED,
                  "%s of %s can not be cancelled any more: it has been saved", job->id,
                  job->method);
        rpc_call_error(call, &err, json_pack("{s:s}", "feature", "cancel"));
        return;
    }
    rpc_call_result(call, job_json(job));
}

void
rpc_jobs_stop_waiting(void)
{
    struct job *job;

    TAILQ_FOREACH (job, &jobs, link)
        answer_waiters(job);
}

void
rpc_jobs_forget(void)
{
    struct job *job;

    rpc_jobs_stop_waiting();
    while ((job = TAILQ_FIRST(&jobs)) != NULL) {
        TAILQ_REMOVE(&jobs, job, link);
        free_job(job);
    }
    running_count = ended_count = 0;
}
