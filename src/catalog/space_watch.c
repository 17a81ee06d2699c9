/* space_watch.c: one question at a time for each disk, every two seconds. */
#include "catalog/space_watch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "catalog/disk.h"
#include "core/events.h"
#include "core/log.h"
#include "core/timer.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "store/store.h"

#define INTERVAL_US 2000000

struct watch {
    LIST_ENTRY(watch) link;
    struct lun *lun; /* counted */
    char *name;
    struct store_io io;
};

/* Main's: what has been asked and not been answered yet. */
static LIST_HEAD(, watch) watches = LIST_HEAD_INITIALIZER(watches);
static struct timer timer;
static void (*when_idle)(void);

static void
finish(struct watch *w)
{
    LIST_REMOVE(w, link);
    lun_unref(w->lun);
    free(w->name);
    free(w);
    if (LIST_EMPTY(&watches) && when_idle != NULL) {
        void (*idle)(void) = when_idle;
        when_idle = NULL;
        idle();
    }
}

static void
answered(struct store_io *io)
{
    struct watch *w = (struct watch *)(void *)((char *)io - offsetof(struct watch, io));

    if (io->error == 0 && lun_note_space(w->lun, io->space.available)) {
        event_post(EVENT_BACKSTORE_SPACE, EVENT_TEXT("backstore", w->name),
                   EVENT_INTEGER("available", (int64_t)io->space.available),
                   EVENT_INTEGER("threshold", (int64_t)lun_space_threshold(w->lun)));
        log_warning("catalog", "little space is left to a thin disk", "backstore", w->name,
                    "available", log_number(io->space.available), "threshold",
                    log_number(lun_space_threshold(w->lun)), NULL);
    }
    finish(w);
}

static bool
is_watched(const struct lun *lun)
{
    const struct watch *w;

    LIST_FOREACH (w, &watches, link)
        if (w->lun == lun)
            return true;
    return false;
}

/* A store that does not answer is not asked again. */
static void
ask(struct lun *lun, const char *name)
{
    struct watch *w;

    if (!lun_wants_space_looked_at(lun) || is_watched(lun))
        return;
    w = calloc(1, sizeof *w);
    if (w == NULL || (w->name = strdup(name)) == NULL) {
        free(w);
        return; /* the next time */
    }
    w->lun = lun_ref(lun);
    w->io = (struct store_io){.op = STORE_SPACE, .done = answered};
    LIST_INSERT_HEAD(&watches, w, link);
    store_submit(lun->store, &w->io);
}

static void
look(struct timer *t)
{
    disk_visit_luns(ask);
    timer_start(t, INTERVAL_US);
}

void
space_watch_start(void)
{
    if (timer.event != NULL)
        return;
    if (timer_init(&timer, look) < 0)
        log_error("catalog", "out of memory: nobody looks at the space that is left", NULL);
    else
        timer_start(&timer, INTERVAL_US);
}

bool
space_watch_stop(void (*idle)(void))
{
    timer_done(&timer);
    if (LIST_EMPTY(&watches))
        return true;
    when_idle = idle;
    return false;
}
