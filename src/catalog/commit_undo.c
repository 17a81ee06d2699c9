/* commit_undo.c: a change that failed leaves everything as it was. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/commit_private.h"
#include "catalog/publish.h"
#include "catalog/state_file.h"
#include "core/log.h"
#include "scsi/lun.h"
#include "store/store.h"

static void
undone(void *arg)
{
    change_finished(arg);
}

/* What was displaced is back, or cannot be opened any more, which its backstore then says. */
static void
put_back(struct change *change)
{
    const struct configuration *now = configuration();
    struct backstore **restored = calloc(change->displaced_count, sizeof restored[0]);
    struct catalog *view = NULL;
    size_t count = 0;

    for (size_t i = 0; restored != NULL && i < change->displaced_count; i++) {
        struct displaced_backstore *d = &change->displaced[i];
        struct opening *o = &d->opening;
        struct lun *lun = o->store == NULL ? disk_revive(d->name) : NULL;
        if (lun == NULL)
            lun = disk_new(&o->options, &o->file, o->store);
        if (lun == NULL)
            break;
        if (lun->store == NULL)
            log_error("catalog", "a backstore could not be opened again after a failed change",
                      "backstore", d->name, "error", o->error.message, NULL);
        o->store = NULL;
        restored[count] =
            build_backstore(d->name, d->type, lun, lun->store == NULL ? &o->error : NULL);
        if (restored[count] == NULL) {
            lun_unref(lun);
            break;
        }
        count++;
    }
    if (count == change->displaced_count)
        view = build_catalog(&(struct build){.document = now->complete,
                                             .revision = now->revision,
                                             .old = catalog_current(),
                                             .old_document = now->complete,
                                             .fresh = restored,
                                             .fresh_count = count});
    for (size_t i = 0; i < count; i++)
        backstore_unref(restored[i]);
    free(restored);
    if (view == NULL || catalog_publish(view, undone, change) < 0) {
        log_error("catalog", "out of memory: backstores of a failed change stay closed", NULL);
        catalog_unref(view);
        change_finished(change);
    }
}

/* All that the change had opened is closed. */
static void
closed(void *arg)
{
    struct change *change = arg;
    struct opening **openings;

    if (!change->interim_published) {
        change_finished(change);
        return;
    }
    openings = calloc(change->displaced_count, sizeof openings[0]);
    if (openings == NULL) {
        change_finished(change);
        return;
    }
    for (size_t i = 0; i < change->displaced_count; i++) {
        struct displaced_backstore *d = &change->displaced[i];
        struct lun *held = disk_revive(d->name);
        /* Where somebody still holds it, put_back() takes that one. */
        d->opening.task = held != NULL ? OPENING_NOTHING : OPENING_OPEN;
        openings[i] = &d->opening;
        lun_unref(held);
    }
    change_run(change, openings, change->displaced_count, put_back);
    free(openings);
}

static void
close_what_was_opened(struct change *change)
{
    if (change->portals_prepared)
        configuration()->hooks->portals_abandon();
    catalog_unref(change->next);
    change->next = NULL;
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (b->opening.store != NULL && b->action == BACKSTORE_OPEN) {
            /* Opened, and then memory was short: that is worth blocking main for. */
            if (b->opening.store->made)
                (void)unlink(b->opening.options.config.path);
            store_close(b->opening.store);
            b->opening.store = NULL;
        }
        if (b->fresh == NULL)
            continue;
        disk_await(b->fresh->lun);
        if (b->made_file)
            disk_remove_file(b->fresh->lun);
        backstore_unref(b->fresh);
        b->fresh = NULL;
    }
    disk_wait(CLOSE_TIMEOUT_MS, closed, change);
}

static void
sizes_undone(struct change *change)
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (b->opening.task != OPENING_RESIZE)
            continue;
        b->opening.store = NULL;
        if (b->opening.error.code != ERROR_NONE)
            log_error("catalog", "the size of a backstore could not be put back", "backstore",
                      b->name, "error", b->opening.error.message, NULL);
        if (b->action == BACKSTORE_CHANGE)
            lun_raise(b->lun, ATTENTION_CAPACITY_CHANGED, NULL);
    }
    close_what_was_opened(change);
}

static void
undo_save(struct change *change)
{
    struct configuration *now = configuration();

    if (!change->is_saved)
        return;
    if (state_file_take_back(now->file, now->document, now->revision, &now->save_error) < 0)
        log_error("catalog", "the state file could not be put back", "error",
                  now->save_error.message, NULL);
}

void
change_undo(struct change *change)
{
    undo_save(change);
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        b->opening.task = OPENING_NOTHING;
        if (!b->is_resized || (b->action == BACKSTORE_OPEN && b->made_file))
            continue;
        b->opening.task = OPENING_RESIZE;
        b->opening.progress = NULL; /* the way back is not given up */
        b->opening.store = b->action == BACKSTORE_CHANGE ? b->lun->store : b->fresh->lun->store;
        b->opening.size = b->old_size;
    }
    change_run(change, change->openings, change->backstore_count, sizes_undone);
}
