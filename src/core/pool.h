/*
 * pool.h: a bounded set of helper threads for calls that block.
 *
 * A job's `work` runs on a helper and must touch nothing that a worker owns but the job
 * itself; its `done` runs on the worker that submitted it. Helpers are started as they are
 * needed, up to the maximum, and end after ten idle seconds.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

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
};

/* NULL where memory is short. NAME (at most 15 bytes) is what ps and gdb show for the threads.
 */
struct pool *pool_new(const char *name, unsigned max_threads);

/* Waits for all jobs to be worked. Their `done` messages may still be in the mail. Accepts
 * NULL. */
void pool_free(struct pool *pool);

/* From a worker only. Cannot fail: where no thread can be started at all, the job is worked at
 * once, on the caller. */
void pool_submit(struct pool *pool, struct pool_job *job);

#endif
