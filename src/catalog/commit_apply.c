/*
 * commit_apply.c: a change step by step: open → portals → let go → resize → save → publish →
 * retire.
 *
 * Each step that takes time runs on helpers or workers and calls the next one. What may fail
 * comes before the save, but for a smaller size, which must not be made before it is certain.
 * The way back is in commit_undo.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "catalog/commit_private.h"
#include "catalog/publish.h"
#include "catalog/state_file.h"
#include "catalog/unit.h"
#include "core/events.h"
#include "core/log.h"
#include "scsi/lun.h"
#include "store/store.h"

static void
group_done(struct opening_group *group)
{
    struct change *change = (struct change *)((char *)group - offsetof(struct change, group));

    change->next_step(change);
}

void
change_run(struct change *change, struct opening **openings, size_t count,
           void (*next)(struct change *change))
{
    change->next_step = next;
    change->group.done = group_done;
    openings_run(configuration()->pool, &change->group, openings, count);
}

/* TASK for each backstore that WANTS says. */
static void
run_for(struct change *change, enum opening_task task,
        bool (*wants)(const struct backstore_change *b), void (*next)(struct change *change))
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        b->opening.task = wants(b) ? task : OPENING_NOTHING;
    }
    change_run(change, change->openings, change->backstore_count, next);
}

static bool
is_new_file(const struct backstore_change *b)
{
    return b->action == BACKSTORE_OPEN && b->opening.options.config.path != NULL;
}

static bool
opens_now(const struct backstore_change *b)
{
    return b->action == BACKSTORE_OPEN && !b->waits && b->opening.error.code == ERROR_NONE;
}

static bool
opens_later(const struct backstore_change *b)
{
    return b->action == BACKSTORE_OPEN && b->waits && b->opening.error.code == ERROR_NONE;
}

/* B's store, or its error, as a backstore of the next view. */
static int
make_fresh(struct change *change, struct backstore_change *b)
{
    struct opening *o = &b->opening;
    struct lun *lun = disk_new(&o->options, &o->file, o->store);
    struct backstore *fresh;

    if (lun == NULL)
        return change_out_of_memory(change);
    o->store = NULL; /* now the LUN's */
    fresh = build_backstore(b->name, b->type, lun, &o->error);
    if (fresh == NULL) {
        lun_unref(lun);
        return change_out_of_memory(change);
    }
    backstore_unref(b->fresh);
    b->fresh = fresh;
    return 0;
}

/* After opening. All that are open get their disks even where one fails the change: the way
 * back closes them, and removes the files that were made. */
static int
take_opened(struct change *change)
{
    const struct backstore_change *wrong = NULL;

    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        bool failed = b->opening.error.code != ERROR_NONE;
        bool was_tried = b->opening.task == OPENING_OPEN || (failed && b->fresh == NULL);
        if (b->action != BACKSTORE_OPEN || !was_tried)
            continue;
        b->made_file = b->opening.store != NULL && b->opening.store->made;
        if (failed && b->is_strict) {
            wrong = wrong == NULL ? b : wrong;
            continue;
        }
        if (failed && !change->is_boot) { /* tried again in vain: it stays as it is */
            backstore_unref(b->fresh);
            b->fresh = NULL;
            continue;
        }
        if (failed)
            log_error("catalog", "a backstore cannot be opened; its LUNs are not ready",
                      "backstore", b->name, "error", b->opening.error.message, NULL);
        if (make_fresh(change, b) < 0)
            return -1;
    }
    return wrong == NULL ? 0 : change_fail_backstore(change, wrong);
}

/* Stands for a backstore while its store changes hands. */
static struct backstore *
make_stand_in(const struct opening *o)
{
    struct lun *lun = disk_new(&o->options, NULL, NULL);
    struct backstore *b;
    struct error error;

    if (lun == NULL)
        return NULL;
    error_set(&error, ERROR_UNAVAILABLE, "it is being opened again");
    b = build_backstore(o->options.config.name, o->options.config.type, lun, &error);
    if (b == NULL)
        lun_unref(lun);
    return b;
}

/* DOCUMENT with what is fresh or FRESH, and the rest from the view in force. */
static struct catalog *
make_view(const json_t *document, uint64_t revision, struct backstore **fresh, size_t count)
{
    return build_catalog(&(struct build){.document = document,
                                         .revision = revision,
                                         .old = catalog_current(),
                                         .old_document = configuration()->complete,
                                         .fresh = fresh,
                                         .fresh_count = count});
}

static int
make_next(struct change *change)
{
    struct backstore **fresh = calloc(change->backstore_count + 1, sizeof fresh[0]);
    uint64_t revision =
        configuration()->revision + (change->must_save ? change->revision_step : 0);
    size_t count = 0;

    if (fresh == NULL)
        return change_out_of_memory(change);
    for (size_t i = 0; i < change->backstore_count; i++)
        if (change->backstores[i].fresh != NULL)
            fresh[count++] = change->backstores[i].fresh;
    catalog_unref(change->next);
    change->next = make_view(change->complete, revision, fresh, count);
    free(fresh);
    return change->next == NULL ? change_out_of_memory(change) : 0;
}

/* Whether the view would be the same. */
static bool
nothing_came_of_it(const struct change *change)
{
    if (change->is_boot || json_array_size(change->changes) > 0)
        return false;
    for (size_t i = 0; i < change->backstore_count; i++)
        if (change->backstores[i].fresh != NULL ||
            change->backstores[i].action == BACKSTORE_CHANGE)
            return false;
    return true;
}

/* Whether somebody has asked for it to be given up, while that is possible. */
static bool
is_given_up(struct change *change)
{
    struct commit *c = change->commit;

    if (c->is_cancelled)
        error_set(&c->error, ERROR_CANCELLED, "the change was cancelled");
    return c->is_cancelled;
}

static void begin_handover(struct change *change);
static void grow(struct change *change);

static void
opened(struct change *change)
{
    struct commit *c = change->commit;

    if (take_opened(change) < 0 || is_given_up(change)) {
        change_undo(change);
        return;
    }
    if (nothing_came_of_it(change)) {
        change_finished(change);
        return;
    }
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (b->waits && b->fresh == NULL)
            b->fresh = make_stand_in(&b->opening);
        if (b->waits && b->fresh == NULL) {
            (void)change_out_of_memory(change);
            change_undo(change);
            return;
        }
    }
    if (make_next(change) < 0 ||
        configuration()->hooks->portals_prepare(change->next, change->is_boot, &c->error) < 0) {
        change_undo(change);
        return;
    }
    change->portals_prepared = true;
    if (change->displaced_count > 0)
        begin_handover(change);
    else
        grow(change);
}

/* What those that are opened have kept must be known. One that is only opened again has it in
 * force. */
static void
check_units(struct change *change)
{
    const struct catalog *now = catalog_current();

    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        bool is_new =
            !change->is_boot && (now == NULL || catalog_backstore(now, b->name) == NULL);

        if (b->action == BACKSTORE_OPEN && b->opening.error.code == ERROR_NONE)
            (void)unit_check(b->name, is_new, &b->opening.error);
    }
}

static void
looked(struct change *change)
{
    if (change_settle_files(change) < 0) {
        change_undo(change);
        return;
    }
    check_units(change);
    run_for(change, OPENING_OPEN, opens_now, opened);
}

void
change_apply(struct change *change)
{
    run_for(change, OPENING_LOOK, is_new_file, looked);
}

/* A dry run. What waits for a file cannot be tried: the one in force has the lock. */
static void
tried(struct change *change)
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        const struct backstore_change *b = &change->backstores[i];
        if (b->is_strict && b->opening.error.code != ERROR_NONE) {
            (void)change_fail_backstore(change, b);
            break;
        }
    }
    change_finished(change);
}

static void
looked_to_try(struct change *change)
{
    if (change_settle_files(change) < 0)
        change_finished(change);
    else
        run_for(change, OPENING_CHECK, opens_now, tried);
}

void
change_try(struct change *change)
{
    run_for(change, OPENING_LOOK, is_new_file, looked_to_try);
}

static void
handed_over(struct change *change)
{
    if (take_opened(change) < 0)
        change_undo(change);
    else
        grow(change);
}

/* Whoever has not let go of its file in time still has the lock on it. */
static void
let_go(void *arg)
{
    run_for(arg, OPENING_OPEN, opens_later, handed_over);
}

static void
stood_in(void *arg)
{
    disk_wait(CLOSE_TIMEOUT_MS, let_go, arg);
}

/* The view in force, but for those that must let go: they are not ready for a moment. */
static void
begin_handover(struct change *change)
{
    const struct configuration *now = configuration();
    struct backstore **stand_ins = calloc(change->displaced_count, sizeof stand_ins[0]);
    struct catalog *interim = NULL;
    bool complete = stand_ins != NULL;

    for (size_t i = 0; complete && i < change->displaced_count; i++) {
        struct displaced_backstore *d = &change->displaced[i];
        d->stand_in = make_stand_in(&d->opening);
        stand_ins[i] = d->stand_in;
        complete = d->stand_in != NULL;
    }
    if (complete)
        interim = make_view(now->complete, now->revision, stand_ins, change->displaced_count);
    free(stand_ins);
    for (size_t i = 0; interim != NULL && i < change->displaced_count; i++)
        disk_await(change->displaced[i].lun);
    if (interim == NULL || catalog_publish(interim, stood_in, change) < 0) {
        catalog_unref(interim);
        (void)change_out_of_memory(change);
        change_undo(change);
        return;
    }
    /* The view has them now: they go with it. */
    for (size_t i = 0; i < change->displaced_count; i++) {
        backstore_unref(change->displaced[i].stand_in);
        change->displaced[i].stand_in = NULL;
    }
    change->interim_published = true;
}

/* The open store behind B. */
static struct store *
store_of(const struct backstore_change *b)
{
    if (b->action == BACKSTORE_CHANGE)
        return b->lun->store;
    return b->fresh != NULL ? b->fresh->lun->store : NULL;
}

static bool
needs_resize(const struct backstore_change *b)
{
    const struct store *store = store_of(b);

    if (store == NULL || b->is_resized)
        return false;
    return b->wanted_size == 0 ? b->action == BACKSTORE_CHANGE : b->wanted_size != store->size;
}

static bool
grows(const struct backstore_change *b)
{
    return needs_resize(b) && (b->wanted_size == 0 || b->wanted_size > store_of(b)->size);
}

static bool
shrinks(const struct backstore_change *b)
{
    return needs_resize(b) && b->wanted_size != 0 && b->wanted_size < store_of(b)->size;
}

static void
run_resizes(struct change *change, bool (*wants)(const struct backstore_change *b),
            void (*next)(struct change *change))
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (!wants(b))
            continue;
        b->opening.store = store_of(b);
        b->opening.size = b->wanted_size;
        b->old_size = b->opening.store->size;
    }
    run_for(change, OPENING_RESIZE, wants, next);
}

/* After resizing: what was resized is marked, so that it can be undone. */
static int
take_resized(struct change *change)
{
    const struct backstore_change *failed = NULL;

    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (b->opening.task != OPENING_RESIZE)
            continue;
        b->opening.store = NULL; /* was borrowed */
        if (b->opening.error.code != ERROR_NONE)
            failed = b;
        else
            b->is_resized = store_of(b)->size != b->old_size;
    }
    return failed == NULL ? 0 : change_fail_backstore(change, failed);
}

/* A size that was found, and that the document does not name, is a change, too. */
static void
note_found_sizes(struct change *change)
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        const struct backstore_change *b = &change->backstores[i];
        char path[128];
        json_t *entry;
        if (!b->is_resized || b->wanted_size != 0)
            continue;
        change->must_save = true;
        snprintf(path, sizeof path, "/backstores/%s/size", b->name);
        entry = json_pack("{s:s,s:s,s:I,s:I}", "op", "replace", "path", path, "before",
                          (json_int_t)b->old_size, "after", (json_int_t)store_of(b)->size);
        if (json_array_size(change->changes) == 0)
            json_array_append(change->changes, entry);
        json_decref(entry);
    }
}

static void retired(void *arg);

/* Everything that the next view does not have is to be closed. */
static void
await_what_leaves(const struct catalog *next)
{
    const struct catalog *now = catalog_current();

    for (size_t i = 0; now != NULL && i < now->backstore_count; i++) {
        const struct backstore *b = now->backstores[i];
        const struct backstore *after = catalog_backstore(next, b->name);
        if (after == NULL || after->lun != b->lun)
            disk_await(b->lun);
    }
}

/* Nothing of this can fail. */
static void
take_effect(const struct backstore_change *b)
{
    if (b->action != BACKSTORE_CHANGE)
        return;
    if (b->is_resized)
        lun_raise(b->lun, ATTENTION_CAPACITY_CHANGED, NULL);
    if (b->reconfigures &&
        lun_reconfigure(b->lun, &b->opening.options.identity, &b->opening.options.attributes))
        unit_save_modes(b->lun);
}

/* What is in force now. Not of each backstore that is found as it should be at the start. */
static void
tell_of(const struct change *change, const struct backstore_change *b)
{
    const struct store *store = store_of(b);

    if (b->action == BACKSTORE_CHANGE) {
        if (b->is_resized)
            event_post(EVENT_BACKSTORE_RESIZED, EVENT_TEXT("backstore", b->name),
                       EVENT_INTEGER("size", (int64_t)store->size));
    } else if (b->fresh != NULL && store == NULL) {
        event_post(EVENT_BACKSTORE_ERROR, EVENT_TEXT("backstore", b->name),
                   EVENT_TEXT("error", b->fresh->error.message));
    } else if (b->fresh != NULL && !change->is_boot) {
        event_post(EVENT_BACKSTORE_ONLINE, EVENT_TEXT("backstore", b->name),
                   EVENT_INTEGER("size", (int64_t)store->size));
    }
}

static void
published(void *arg)
{
    struct change *change = arg;
    struct configuration *now = configuration();

    now->hooks->portals_switch(catalog_current());
    units_forget_others(catalog_current());
    json_decref(now->document);
    json_decref(now->complete);
    now->document = json_incref(change->document);
    now->complete = json_incref(change->complete);
    now->revision = catalog_current()->revision;
    change->next = NULL; /* the workers' and main's now */
    events_set_revision(now->revision);
    if (change->is_saved)
        event_post(EVENT_CONFIG_CHANGED, EVENT_TEXT("method", change->commit->method),
                   EVENT_INTEGER("changes", (int64_t)json_array_size(change->changes)));
    for (size_t i = 0; i < change->backstore_count; i++) {
        take_effect(&change->backstores[i]);
        tell_of(change, &change->backstores[i]);
    }
    disk_wait(CLOSE_TIMEOUT_MS, retired, change);
}

static void
retired(void *arg)
{
    change_finished(arg);
}

static void
publish(struct change *change)
{
    await_what_leaves(change->next);
    if (catalog_publish(change->next, published, change) < 0) {
        (void)change_out_of_memory(change);
        change_undo(change);
    }
}

static void
shrunk(struct change *change)
{
    if (take_resized(change) < 0)
        change_undo(change);
    else
        publish(change);
}

static int
save(struct change *change)
{
    struct configuration *now = configuration();
    struct commit *c = change->commit;

    if (!change->must_save)
        return 0;
    if (state_file_save(now->file, change->document, change->next->revision, &c->error) < 0) {
        now->save_error = c->error;
        c->error_data = json_pack("{s:s}", "path", state_file_path(now->file));
        return -1;
    }
    now->save_error = (struct error){0};
    change->is_saved = c->is_decided = true;
    return 0;
}

static void
grown(struct change *change)
{
    if (take_resized(change) < 0 || is_given_up(change)) {
        change_undo(change);
        return;
    }
    note_found_sizes(change);
    if (make_next(change) < 0 || save(change) < 0)
        change_undo(change);
    else
        run_resizes(change, shrinks, shrunk);
}

static void
grow(struct change *change)
{
    run_resizes(change, grows, grown);
}
