/* pool.c: helper threads for blocking calls. */
#include "core/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define IDLE_SECONDS 10

STAILQ_HEAD(job_list, pool_job);

struct pool {
    char name[16];
    unsigned max_threads;
    pthread_mutex_t lock;
    pthread_cond_t work_there; /* a job is queued, or the pool ends */
    pthread_cond_t thread_gone;
    struct job_list jobs;
    STAILQ_HEAD(, pool_share) shares; /* that have jobs waiting */
    unsigned threads, idle, queued;
    unsigned admitted; /* jobs that are queued or with a helper */
    bool ending;
};

static struct pool_job *
job_of(struct message *m)
{
    return (struct pool_job *)((char *)m - offsetof(struct pool_job, message));
}

static void
bring_home(struct message *m, struct worker *w)
{
    struct pool_job *job = job_of(m);

    (void)w;
    job->done(job);
}

static void
send_home(struct pool_job *job)
{
    job->message.run = bring_home;
    worker_post(job->home, &job->message); /* JOB is home's from here on */
}

/* Waits for a job; NULL: this thread should end. The lock is held. */
static struct pool_job *
next_job(struct pool *pool)
{
    struct timespec until;
    struct pool_job *job;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    pool->idle++;
    while (STAILQ_EMPTY(&pool->jobs) && !pool->ending && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->work_there, &pool->lock, &until);
    pool->idle--;
    job = STAILQ_FIRST(&pool->jobs);
    if (job != NULL) {
        STAILQ_REMOVE_HEAD(&pool->jobs, link);
        pool->queued--;
    }
    return job;
}

static bool enqueue(struct pool *pool, struct pool_job *job);

static bool
may_admit(const struct pool *pool, const struct pool_share *share)
{
    return pool->admitted + share->admitted < pool->max_threads;
}

static void
count_admitted(struct pool *pool, struct pool_share *share, int change)
{
    pool->admitted += (unsigned)change;
    if (share != NULL)
        share->admitted += (unsigned)change;
}

static struct pool_share *
next_share(struct pool *pool)
{
    struct pool_share *share;

    STAILQ_FOREACH (share, &pool->shares, link)
        if (may_admit(pool, share))
            return share;
    return NULL;
}

/* Those that wait take turns. The lock is held. */
static void
admit_waiting(struct pool *pool)
{
    struct pool_share *share;

    while ((share = next_share(pool)) != NULL) {
        struct pool_job *job = STAILQ_FIRST(&share->waiting);

        STAILQ_REMOVE_HEAD(&share->waiting, link);
        STAILQ_REMOVE(&pool->shares, share, pool_share, link);
        share->is_waiting = !STAILQ_EMPTY(&share->waiting);
        if (share->is_waiting)
            STAILQ_INSERT_TAIL(&pool->shares, share, link);
        count_admitted(pool, share, 1);
        (void)enqueue(pool, job); /* there is a thread: this one */
    }
}

/* The share is counted down before JOB goes home, and may take its share with it. */
static void
run_job(struct pool *pool, struct pool_job *job)
{
    job->work(job);
    pthread_mutex_lock(&pool->lock);
    count_admitted(pool, job->share, -1);
    pool->idle++; /* as this thread will be at once: no other is started in its place */
    admit_waiting(pool);
    pool->idle--;
    pthread_mutex_unlock(&pool->lock);
    send_home(job);
}

static void *
helper_main(void *arg)
{
    struct pool *pool = arg;
    struct pool_job *job;

    (void)pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->lock);
    while ((job = next_job(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        run_job(pool, job);
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    pthread_cond_signal(&pool->thread_gone);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals belong to main. The lock is held. */
static bool
start_helper(struct pool *pool)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attr, helper_main, pool);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0)
        return false;
    pool->threads++;
    return true;
}

/* False where there is no thread to do it. The lock is held. */
static bool
enqueue(struct pool *pool, struct pool_job *job)
{
    if (pool->idle <= pool->queued && pool->threads < pool->max_threads &&
        !start_helper(pool) && pool->threads == 0)
        return false;
    STAILQ_INSERT_TAIL(&pool->jobs, job, link);
    pool->queued++;
    pthread_cond_signal(&pool->work_there);
    return true;
}

struct pool *
pool_new(const char *name, unsigned max_threads)
{
    struct pool *pool = calloc(1, sizeof *pool);
    pthread_condattr_t attr;

    assert(max_threads >= 1);
    if (pool == NULL)
        return NULL;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    pool->max_threads = max_threads;
    STAILQ_INIT(&pool->jobs);
    STAILQ_INIT(&pool->shares);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work_there, &attr);
    pthread_cond_init(&pool->thread_gone, &attr);
    pthread_condattr_destroy(&attr);
    return pool;
}

void
pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work_there);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->thread_gone, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&pool->work_there);
    pthread_cond_destroy(&pool->thread_gone);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void
pool_share_init(struct pool_share *share)
{
    share->admitted = 0;
    share->is_waiting = false;
    STAILQ_INIT(&share->waiting);
}

/* The lock is held. */
static void
wait_for_turn(struct pool *pool, struct pool_share *share, struct pool_job *job)
{
    STAILQ_INSERT_TAIL(&share->waiting, job, link);
    if (!share->is_waiting)
        STAILQ_INSERT_TAIL(&pool->shares, share, link);
    share->is_waiting = true;
}

void
pool_submit_share(struct pool *pool, struct pool_share *share, struct pool_job *job)
{
    bool work_here = false;

    job->home = worker_current();
    job->share = share;
    assert(job->home != NULL);
    pthread_mutex_lock(&pool->lock);
    if (share != NULL && (share->is_waiting || !may_admit(pool, share))) {
        wait_for_turn(pool, share, job);
    } else {
        count_admitted(pool, share, 1);
        work_here = !enqueue(pool, job);
        if (work_here)
            count_admitted(pool, share, -1);
    }
    pthread_mutex_unlock(&pool->lock);
    if (work_here) {
        job->work(job);
        send_home(job);
    }
}

void
pool_submit(struct pool *pool, struct pool_job *job)
{
    pool_submit_share(pool, NULL, job);
}
