/* disk.c: closing what nobody uses any more. */
#include "catalog/disk.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "catalog/build.h"
#include "catalog/unit.h"
#include "core/crew.h"
#include "core/log.h"
#include "scsi/lun.h"
#include "store/store.h"

struct disk {
    LIST_ENTRY(disk) link;
    struct lun *lun; /* NULL: nobody holds it any more */
    struct store *store;
    char *name, *path; /* PATH: NULL for a disk without a file */
    struct disk_file file;
    struct unit *unit; /* counted */
    bool remove_file, awaited;
    struct message message; /* from whoever let go last to main */
    struct pool_job job;    /* closes the store */
};

/* All that are not closed yet; main's. */
static LIST_HEAD(, disk) disks = LIST_HEAD_INITIALIZER(disks);
static size_t awaited_count;
static struct pool *control_pool; /* set once, before the first disk */
static bool stopping; /* there is one thread left; set when all others have been joined */

/* The one who waits for all awaited disks to be closed. */
static struct wait {
    struct pool_job job;
    int event_fd; /* rung when there is nothing left to wait for */
    int timeout_ms;
    bool running;
    void (*done)(void *arg);
    void *arg;
} wait_for_disks;

void
disk_layer_start(struct pool *pool)
{
    control_pool = pool;
    stopping = false;
}

static void
stop_awaiting(struct disk *d)
{
    static const uint64_t one = 1;

    if (!d->awaited)
        return;
    d->awaited = false;
    if (--awaited_count == 0 && wait_for_disks.running)
        (void)!write(wait_for_disks.event_fd, &one, sizeof one);
}

static void
forget(struct disk *d)
{
    stop_awaiting(d);
    LIST_REMOVE(d, link);
    unit_unref(d->unit);
    free(d->name);
    free(d->path);
    free(d);
}

/* On a helper: D is main's, but main leaves it alone until this is done. */
static void
close_store(struct disk *d)
{
    if (d->remove_file && d->path != NULL)
        (void)unlink(d->path);
    store_close(d->store);
    d->store = NULL;
}

static struct disk *
disk_of_job(struct pool_job *job)
{
    return (struct disk *)((char *)job - offsetof(struct disk, job));
}

static void
close_work(struct pool_job *job)
{
    close_store(disk_of_job(job));
}

static void
close_done(struct pool_job *job)
{
    forget(disk_of_job(job));
}

/* Nobody holds D's LUN: on main. */
static void
let_go(struct disk *d)
{
    d->store = d->lun->store;
    d->lun->store = NULL;
    lun_free(d->lun);
    d->lun = NULL;
    if (d->store == NULL) {
        forget(d);
    } else if (stopping) {
        close_store(d);
        forget(d);
    } else {
        d->job.work = close_work;
        d->job.done = close_done;
        pool_submit(control_pool, &d->job);
    }
}

static void
let_go_on_main(struct message *m, struct worker *w)
{
    (void)w;
    let_go((struct disk *)((char *)m - offsetof(struct disk, message)));
}

/* Any worker. */
static void
lun_released(struct lun *lun)
{
    struct disk *d = lun->owner;

    if (stopping) {
        let_go(d);
        return;
    }
    d->message.run = let_go_on_main;
    worker_post(crew_main(), &d->message);
}

struct lun *
disk_new(const struct backstore_options *options, const struct disk_file *file,
         struct store *store)
{
    struct disk *d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    if (file != NULL)
        d->file = *file;
    d->name = strdup(options->config.name);
    d->path = options->config.path == NULL ? NULL : strdup(options->config.path);
    d->unit = unit_get(options->config.name);
    if (d->name != NULL && d->unit != NULL && (options->config.path == NULL || d->path != NULL))
        d->lun = lun_new(&options->identity, &options->attributes, store, lun_released, d);
    if (d->lun == NULL) {
        unit_unref(d->unit);
        free(d->name);
        free(d->path);
        free(d);
        return NULL;
    }
    unit_attach(d->unit, d->lun);
    LIST_INSERT_HEAD(&disks, d, link);
    return d->lun;
}

const struct disk_file *
disk_file_of(const struct lun *lun)
{
    return &((const struct disk *)lun->owner)->file;
}

struct unit *
disk_unit_of(const struct lun *lun)
{
    return ((const struct disk *)lun->owner)->unit;
}

void
disk_remove_file(struct lun *lun)
{
    ((struct disk *)lun->owner)->remove_file = true;
}

void
disk_visit(void (*visit)(const struct lun *lun, const char *name, const struct disk_file *file,
                         void *arg),
           void *arg)
{
    struct disk *d;

    LIST_FOREACH (d, &disks, link)
        if (d->path != NULL && d->lun != NULL && d->lun->store != NULL)
            visit(d->lun, d->name, &d->file, arg);
}

void
disk_await(struct lun *lun)
{
    struct disk *d = lun->owner;

    if (d->awaited)
        return;
    d->awaited = true;
    awaited_count++;
}

/* On a helper, since main must not sleep. */
static void
wait_work(struct pool_job *job)
{
    struct wait *w = (struct wait *)job;
    struct pollfd p = {.fd = w->event_fd, .events = POLLIN};

    (void)poll(&p, 1, w->timeout_ms);
}

/* Whatever is still awaited is left to itself. */
static void
stop_waiting(void)
{
    struct disk *d;

    LIST_FOREACH (d, &disks, link) {
        if (!d->awaited)
            continue;
        log_warning("catalog",
                    "a backstore is still in use: it is closed when its last "
                    "command has ended",
                    "backstore", d->name, NULL);
        stop_awaiting(d);
    }
}

static void
wait_done(struct pool_job *job)
{
    struct wait *w = (struct wait *)job;

    w->running = false;
    close(w->event_fd);
    stop_waiting();
    w->done(w->arg);
}

void
disk_wait(unsigned timeout_ms, void (*done)(void *arg), void *arg)
{
    struct wait *w = &wait_for_disks;
    int fd = awaited_count == 0 ? -1 : eventfd(0, EFD_CLOEXEC);

    assert(!w->running);
    if (fd < 0) { /* nothing to wait for, or no way to */
        stop_waiting();
        done(arg);
        return;
    }
    *w = (struct wait){.job = {.work = wait_work, .done = wait_done},
                       .event_fd = fd,
                       .timeout_ms = (int)timeout_ms,
                       .running = true,
                       .done = done,
                       .arg = arg};
    pool_submit(control_pool, &w->job);
}

/* Takes a reference, unless the last one is gone already. */
static bool
try_ref(struct lun *lun)
{
    unsigned refs = atomic_load(&lun->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&lun->refs, &refs, refs + 1))
            return true;
    return false;
}

void
disk_visit_luns(void (*visit)(struct lun *lun, const char *name))
{
    struct disk *d, *next;

    for (d = LIST_FIRST(&disks); d != NULL; d = next) {
        struct lun *lun = d->lun;
        next = LIST_NEXT(d, link);
        if (lun == NULL || lun->store == NULL || !try_ref(lun))
            continue;
        visit(lun, d->name);
        lun_unref(lun); /* if it was the last one, main hears of it later */
    }
}

struct lun *
disk_revive(const char *name)
{
    struct disk *d;

    LIST_FOREACH (d, &disks, link)
        if (strcmp(d->name, name) == 0 && d->lun != NULL && d->lun->store != NULL &&
            try_ref(d->lun))
            return d->lun;
    return NULL;
}

size_t
disk_count(void)
{
    size_t count = 0;
    struct disk *d;

    LIST_FOREACH (d, &disks, link)
        count++;
    return count;
}

void
disk_layer_stop(void)
{
    stopping = true;
}
