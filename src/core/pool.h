/*
 * pool.h: a bounded set of helper threads for calls that block.
 *
 * A job's `work` runs on a helper and must touch nothing that a worker owns but the job
 * itself; its `done` runs on the worker that submitted it. Helpers are started as they are
 * needed, up to the maximum, and end after ten idle seconds.
 *
 * Who shares a pool with others has a share: however many of its jobs hang, others go on. It
 * has no more jobs with helpers than there are helpers left, so the first takes half of them at
 * most, the next half of the rest, and so on; its other jobs wait for their turn, in order.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "core/worker.h"

struct pool;

struct pool_job {
    void (*work)(struct pool_job *job);
    void (*done)(struct pool_job *job);
    /* private */
    STAILQ_ENTRY(pool_job) link;
    struct message message;
    struct worker *home;
    struct pool_share *share;
};

/* What one user has in a pool. All of it is the pool's. */
struct pool_share {
    unsigned admitted; /* jobs that are queued for the next helper, or with one */
    bool is_waiting;   /* in the pool's list, because of these: */
    STAILQ_HEAD(, pool_job) waiting;
    STAILQ_ENTRY(pool_share) link;
};

/* NULL where memory is short. NAME (at most 15 bytes) is what ps and gdb show for the threads.
 */
struct pool *pool_new(const char *name, unsigned max_threads);

/* Waits for all jobs to be worked. Their `done` messages may still be in the mail. Accepts
 * NULL. */
void pool_free(struct pool *pool);

/* SHARE may go when the `done` of all its jobs have run. */
void pool_share_init(struct pool_share *share);

/* From a worker only. Cannot fail: where no thread can be started at all, the job is worked at
 * once, on the caller. */
void pool_submit(struct pool *pool, struct pool_job *job);
void pool_submit_share(struct pool *pool, struct pool_share *share, struct pool_job *job);

#endif
