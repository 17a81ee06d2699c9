/*
 * file_batch.c: writes into the page cache, many at a time on one helper.
 *
 * To copy a few pages takes less time than to wake a thread and be woken by it. What a worker
 * has for a store goes to a helper at the end of the turn; what comes while that is at work is
 * the next batch. Where writes wait for something, as in many network file systems, they had
 * better wait side by side: then there are no batches for a while.
 */
#include <errno.h>

#include "core/clock.h"
#include "store/file.h"

/* The bytes of a batch, unless one write alone has more: others wait for their end. */
#define BATCH_MAX (1 << 20)

/* What writing a MiB may take; a write, however small, may take a tenth of it. In microseconds.
 */
#define SLOW_US  10000
#define PAUSE_MS 1000
#define MIB      (1 << 20)

static struct store_io *
lead_of_job(struct pool_job *job)
{
    return (struct store_io *)((char *)job - offsetof(struct store_io, job));
}

/* How long the batch took is left with its lead. */
static void
work(struct pool_job *job)
{
    struct store_io *lead = lead_of_job(job);
    uint64_t begun_us = clock_us();

    for (struct store_io *io = lead; io != NULL; io = STAILQ_NEXT(io, own.link))
        io->error = file_move((struct file_store *)io->store, io);
    file_op(lead)->for_type[0] = clock_us() - begun_us;
}

static void start(struct deferred *d);

static void
start_later(struct store_io *lead)
{
    lead->deferred.run = start;
    worker_defer(lead->worker, &lead->deferred);
}

static bool
was_slow(const struct store_io *lead, uint64_t took_us)
{
    uint64_t allowed = 0;

    for (const struct store_io *io = lead; io != NULL; io = STAILQ_NEXT(io, own.link))
        allowed += SLOW_US / 10 + io->length * SLOW_US / MIB;
    return took_us > allowed;
}

static void
worked(struct pool_job *job)
{
    struct store_io *io = lead_of_job(job), *next;
    struct file_store *f = (struct file_store *)io->store;
    unsigned id = worker_id(io->worker);

    if (was_slow(io, file_op(io)->for_type[0]))
        f->on_worker[id].slow_until_ms = worker_now_ms(io->worker) + PAUSE_MS;
    f->on_worker[id].is_writing = false;
    if (!STAILQ_EMPTY(&f->on_worker[id].writes))
        start_later(STAILQ_FIRST(&f->on_worker[id].writes));
    for (; io != NULL; io = next) {
        next = STAILQ_NEXT(io, own.link);
        file_complete(io, io->error);
    }
}

/* The first that waits is the batch's lead; the links of the others hold it together. */
static void
start(struct deferred *d)
{
    struct store_io *lead =
        (struct store_io *)((char *)d - offsetof(struct store_io, deferred));
    struct file_store *f = (struct file_store *)lead->store;
    unsigned id = worker_id(lead->worker);
    STAILQ_HEAD(, store_io) batch = STAILQ_HEAD_INITIALIZER(batch);
    uint64_t bytes = 0;
    struct store_io *io;

    while ((io = STAILQ_FIRST(&f->on_worker[id].writes)) != NULL &&
           (io == lead || bytes + io->length <= BATCH_MAX)) {
        STAILQ_REMOVE_HEAD(&f->on_worker[id].writes, own.link);
        STAILQ_INSERT_TAIL(&batch, io, own.link);
        bytes += io->length;
    }
    f->on_worker[id].is_writing = true;
    store_submit_job(lead, work, worked);
}

void
file_batch_add(struct file_store *f, struct store_io *io)
{
    unsigned id = worker_id(io->worker);

    if (!f->on_worker[id].is_writing && STAILQ_EMPTY(&f->on_worker[id].writes))
        start_later(io);
    STAILQ_INSERT_TAIL(&f->on_worker[id].writes, io, own.link);
}
