/* commit.c: the queue of changes, the start and the end of the configuration. */
#include "catalog/commit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/commit_private.h"
#include "catalog/disk.h"
#include "catalog/document.h"
#include "catalog/publish.h"
#include "catalog/space_watch.h"
#include "catalog/state_file.h"
#include "catalog/unit.h"
#include "core/crew.h"
#include "core/events.h"
#include "core/log.h"
#include "core/pool.h"

#define CONTROL_THREADS 4

STAILQ_HEAD(commit_list, commit);

/* All of main's. */
static struct configuration now;
static struct commit_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
static struct commit_list refused = STAILQ_HEAD_INITIALIZER(refused);
static struct change *active; /* one at a time */
static struct message turn;   /* runs the next one; one is enough, since there is one queue */
static bool turn_is_posted;
static bool draining;
static void (*drained)(void *arg);
static void *drained_arg;

/* What commit_open() found, for commit_boot(). */
static struct boot {
    struct commit commit;
    json_t *document;
    bool is_new, is_recovered;
    void (*done)(const struct error *err, void *arg);
    void *arg;
} boot;

struct configuration *
configuration(void)
{
    return &now;
}

const json_t *
commit_document(void)
{
    return now.document;
}

uint64_t
commit_revision(void)
{
    return now.revision;
}

bool
commit_state_is_saved(struct error *err)
{
    if (err != NULL)
        *err = now.save_error;
    return now.save_error.code == ERROR_NONE;
}

static void take_turn(struct message *m, struct worker *w);

static void
post_turn(void)
{
    if (turn_is_posted)
        return;
    turn_is_posted = true;
    turn.run = take_turn;
    worker_post(crew_main(), &turn);
}

void
commit_start(struct commit *commit)
{
    assert(worker_is_current(crew_main()));
    commit->error = (struct error){0};
    commit->error_data = commit->changes = commit->before = commit->after = NULL;
    commit->changed = false;
    commit->work = NULL;
    commit->progress = (struct store_progress){0};
    commit->is_decided = commit->is_cancelled = false;
    if (draining)
        STAILQ_INSERT_TAIL(&refused, commit, link);
    else
        STAILQ_INSERT_TAIL(&waiting, commit, link);
    post_turn();
}

enum commit_stage
commit_stage(const struct commit *commit)
{
    if (commit->is_decided)
        return COMMIT_DECIDED;
    return commit->work != NULL ? COMMIT_PREPARING : COMMIT_QUEUED;
}

static bool
is_queued(const struct commit *commit)
{
    const struct commit *each;

    STAILQ_FOREACH (each, &waiting, link)
        if (each == commit)
            return true;
    return false;
}

bool
commit_cancel(struct commit *commit)
{
    if (commit->is_decided || (commit->work == NULL && !is_queued(commit)))
        return false;
    commit->is_cancelled = true;
    atomic_store(&commit->progress.is_cancelled, true);
    if (commit->work == NULL) {
        STAILQ_REMOVE(&waiting, commit, commit, link);
        error_set(&commit->error, ERROR_CANCELLED, "cancelled before it began");
        STAILQ_INSERT_TAIL(&refused, commit, link);
        post_turn();
    }
    return true;
}

void
commit_release(struct commit *commit)
{
    json_decref(commit->error_data);
    json_decref(commit->changes);
    json_decref(commit->before);
    json_decref(commit->after);
    commit->error_data = commit->changes = commit->before = commit->after = NULL;
}

static void
change_free(struct change *change)
{
    for (size_t i = 0; i < change->backstore_count; i++)
        backstore_unref(change->backstores[i].fresh);
    for (size_t i = 0; i < change->displaced_count; i++)
        backstore_unref(change->displaced[i].stand_in);
    catalog_unref(change->next);
    free(change->backstores);
    free(change->openings);
    free(change->displaced);
    json_decref(change->patch);
    json_decref(change->document);
    json_decref(change->complete);
    json_decref(change->changes);
    json_decref(change->objects);
    free(change);
}

/* Who asked for it is said by those who know it; here is what came of it. */
static void
log_change(const struct commit *c)
{
    const char *method = c->method != NULL ? c->method : "";

    if (c->error.code != ERROR_NONE)
        log_debug("catalog", "change refused", "method", method, "error",
                  error_code_name(c->error.code), "reason", c->error.message, NULL);
    else
        log_debug("catalog", "change", "method", method, "revision", log_number(c->revision),
                  "changes", log_number(json_array_size(c->changes)), "changed",
                  c->changed ? "true" : "false", "dry_run", c->dry_run ? "true" : "false",
                  NULL);
}

static void
give_answer(struct commit *c)
{
    c->revision = now.revision;
    log_change(c);
    c->done(c);
}

void
change_finished(struct change *change)
{
    struct commit *c = change->commit;
    bool went_well = c->error.code == ERROR_NONE;

    active = NULL;
    c->work = NULL;
    if (went_well) {
        c->changed = change->must_save;
        c->changes = json_incref(change->changes);
    }
    if (c->before == NULL)
        c->before = json_incref(now.document);
    c->after = json_incref(went_well ? change->document : now.document);
    change_free(change);
    post_turn();
    give_answer(c);
}

static void
carry_out(struct change *change)
{
    struct commit *c = change->commit;

    c->before = json_incref(now.document);
    if (change_evaluate(change) < 0) {
        change_finished(change);
        return;
    }
    change->must_save = json_array_size(change->changes) > 0;
    if (change->is_boot)
        change->must_save =
            boot.is_new || boot.is_recovered || !json_equal(now.document, change->document);
    if (change_is_empty(change) || (!c->dry_run && change_check_way(change) < 0))
        change_finished(change);
    else if (c->dry_run)
        change_try(change);
    else
        change_apply(change);
}

static void
begin(struct commit *commit)
{
    struct change *change = calloc(1, sizeof *change);

    if (change == NULL) {
        error_set(&commit->error, ERROR_INTERNAL, "out of memory");
        post_turn();
        give_answer(commit);
        return;
    }
    active = change;
    commit->work = change;
    change->commit = commit;
    change->is_boot = commit == &boot.commit;
    change->revision_step = 1;
    if (change->is_boot && boot.is_new)
        change->revision_step = 0;
    if (change->is_boot && boot.is_recovered)
        change->revision_step = 2; /* one past the damaged one, whose revision nobody knows */
    carry_out(change);
}

static void
take_turn(struct message *m, struct worker *w)
{
    struct commit *next;

    (void)m, (void)w;
    turn_is_posted = false;
    while ((next = STAILQ_FIRST(&refused)) != NULL) {
        STAILQ_REMOVE_HEAD(&refused, link);
        if (next->error.code == ERROR_NONE) {
            next->error_data = json_pack("{s:s}", "state", "stopping");
            error_set(&next->error, ERROR_UNAVAILABLE, "the daemon is stopping");
        }
        give_answer(next);
    }
    if (active != NULL)
        return;
    next = STAILQ_FIRST(&waiting);
    if (next != NULL) {
        STAILQ_REMOVE_HEAD(&waiting, link);
        begin(next);
    } else if (drained != NULL && space_watch_stop(post_turn)) {
        void (*done)(void *arg) = drained;
        drained = NULL;
        done(drained_arg);
    }
}

void
commit_drain(void (*done)(void *arg), void *arg)
{
    struct commit *each;

    /* Only files that take long are given up for this; the rest of a change goes on. */
    if (active != NULL && !active->is_saved)
        atomic_store(&active->commit->progress.is_cancelled, true);
    STAILQ_FOREACH (each, &waiting, link)
        atomic_store(&each->progress.is_cancelled, true);
    draining = true;
    drained = done;
    drained_arg = arg;
    post_turn();
}

/* Takes DOCUMENT as what is in force, before anything of it is. */
static int
set_document(json_t *document, uint64_t revision, struct error *err)
{
    now.document = document;
    now.revision = revision;
    events_set_revision(revision);
    now.complete = document_complete(document);
    return now.complete == NULL ? error_set(err, ERROR_INTERNAL, "out of memory") : 0;
}

/* --portal has no effect any more: whoever gives another one than there is should know. */
static void
compare_portals(const struct commit_setup *setup)
{
    const json_t *groups = json_object_get(now.complete, "portal_groups");

    if (setup->portal_count == 0 || setup->config_file != NULL || boot.is_new ||
        json_equal(json_object_get(json_object_get(groups, "1"), "portals"),
                   json_object_get(json_object_get(now.portal_groups, "1"), "portals")))
        return;
    log_warning("catalog",
                "--portal is for an empty state folder: ignored; portal_group.update changes "
                "where the daemon listens",
                NULL);
}

static int
load_state(const struct commit_setup *setup, struct error *err)
{
    json_t *document = NULL, *nothing;
    uint64_t revision = 0;

    switch (state_file_load(now.file, &document, &revision, err)) {
    case STATE_IS_GOOD:
        break;
    case STATE_IS_NEW:
        boot.is_new = true;
        nothing = json_object();
        document = document_stored(nothing, NULL, now.portal_groups);
        json_decref(nothing);
        if (document == NULL)
            return error_set(err, ERROR_INTERNAL, "out of memory");
        break;
    case STATE_IS_WRONG:
        if (!setup->use_last_good ||
            state_file_recover(now.file, &document, &revision, err) < 0)
            return -1;
        boot.is_recovered = true;
        break;
    }
    if (set_document(document, revision, err) < 0)
        return -1;
    compare_portals(setup);
    return 0;
}

static int
load_config(const char *path, struct error *err)
{
    boot.document = state_file_read_config(path, err);
    now.is_read_only = true;
    now.config_file = path;
    return boot.document == NULL ? -1 : 0;
}

int
commit_open(const struct commit_setup *setup, struct error *err)
{
    now = (struct configuration){.hooks = setup->hooks};
    boot = (struct boot){0};
    draining = false;
    now.portal_groups = document_portal_groups(setup->portals, setup->portal_count, err);
    now.pool = pool_new("control", CONTROL_THREADS);
    if (now.pool == NULL)
        error_set(err, ERROR_INTERNAL, "out of memory");
    if (now.pool != NULL && now.portal_groups != NULL)
        now.file = state_file_open(setup->state_dir, err);
    if (now.file != NULL && units_open(setup->state_dir, err) == 0 &&
        load_state(setup, err) == 0 &&
        (setup->config_file == NULL || load_config(setup->config_file, err) == 0)) {
        disk_layer_start(now.pool);
        return 0;
    }
    commit_close();
    return -1;
}

static json_t *
boot_document(struct commit *commit, const json_t *document)
{
    (void)commit;
    return boot.document != NULL ? json_incref(boot.document) : json_deep_copy(document);
}

void
commit_log_problems(const struct commit *commit)
{
    const json_t *problems = json_object_get(commit->error_data, "problems");
    size_t i;
    json_t *problem;

    json_array_foreach (problems, i, problem)
        log_error("catalog", "the configuration is wrong", "path",
                  json_string_value(json_object_get(problem, "path")), "problem",
                  json_string_value(json_object_get(problem, "message")), NULL);
}

static void
booted(struct commit *commit)
{
    struct error err = commit->error;

    commit_log_problems(commit);
    commit_release(commit);
    json_decref(boot.document);
    boot.document = NULL;
    space_watch_start();
    boot.done(&err, boot.arg);
}

void
commit_boot(void (*done)(const struct error *err, void *arg), void *arg)
{
    boot.done = done;
    boot.arg = arg;
    boot.commit = (struct commit){.mode = COMMIT_REPLACE,
                                  .edit = boot_document,
                                  .expect_revision = -1,
                                  .force = true,
                                  .method = "start",
                                  .done = booted};
    commit_start(&boot.commit);
}

/* The mail that is still on its way to main: answers of helpers, disks that were let go. */
static void
read_last_mail(void)
{
    struct worker *was = worker_current();

    if (crew_main() == NULL)
        return;
    worker_enter(crew_main());
    for (int i = 0; i < 3; i++)
        worker_turn(crew_main(), false);
    worker_enter(was);
}

void
commit_close(void)
{
    assert(active == NULL && STAILQ_EMPTY(&waiting));
    disk_layer_stop();
    catalog_publish_shutdown();
    pool_free(now.pool);
    read_last_mail();
    if (disk_count() > 0)
        log_warning("catalog", "backstores are still in use at the end", "count",
                    log_number(disk_count()), NULL);
    units_close();
    state_file_close(now.file);
    json_decref(now.document);
    json_decref(now.complete);
    json_decref(now.portal_groups);
    json_decref(boot.document);
    boot.document = NULL;
    now = (struct configuration){0};
}
