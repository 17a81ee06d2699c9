/* commit_change.c: from a request to what it means for the document and for each backstore. */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/commit_private.h"
#include "catalog/document.h"
#include "catalog/plan.h"
#include "catalog/publish.h"
#include "scsi/lun.h"
#include "store/store.h"

int
change_out_of_memory(struct change *change)
{
    return error_set(&change->commit->error, ERROR_INTERNAL, "out of memory");
}

/* Problems that only say that there is too much of something are an error of their own. */
static int
fail_limit(struct change *change, const json_t *problem)
{
    change->commit->error_data =
        json_pack("{s:O,s:O}", "limit", json_object_get(problem, "limit"), "value",
                  json_object_get(problem, "value"));
    return error_set(&change->commit->error, ERROR_LIMIT_EXCEEDED, "%s: %s",
                     json_string_value(json_object_get(problem, "path")),
                     json_string_value(json_object_get(problem, "message")));
}

int
change_fail_problems(struct change *change, json_t *problems)
{
    const json_t *first = json_array_get(problems, 0);
    size_t i, limits = 0, count = json_array_size(problems);
    json_t *problem;

    json_array_foreach (problems, i, problem)
        limits += json_object_get(problem, "limit") != NULL;
    if (limits > 0 && limits == count) {
        fail_limit(change, first);
        json_decref(problems);
        return -1;
    }
    json_array_foreach (problems, i, problem) {
        json_object_del(problem, "limit");
        json_object_del(problem, "value");
    }
    change->commit->error_data = json_pack("{s:o}", "problems", problems);
    return error_set(&change->commit->error, ERROR_INVALID_CONFIG, "%s%s: %s%s",
                     count == 1 ? "" : "several problems, the first: ",
                     json_string_value(json_object_get(first, "path")),
                     json_string_value(json_object_get(first, "message")),
                     count == 1        ? ""
                     : change->is_boot ? "; the log has all of them"
                                       : "; data.problems has all of them");
}

int
change_fail_backstore(struct change *change, const struct backstore_change *b)
{
    struct commit *c = change->commit;

    c->error = b->opening.error;
    if (c->error.code == ERROR_BACKEND || c->error.code == ERROR_NOT_SUPPORTED ||
        c->error.code == ERROR_INVALID_PARAMS)
        c->error_data =
            json_pack("{s:{s:s,s:s}}", "object", "kind", "backstore", "name", b->name);
    return -1;
}

static int
make_document(struct change *change)
{
    const struct configuration *now = configuration();
    struct commit *c = change->commit;
    json_t *wanted, *problems;

    change->patch = c->edit(c, now->document);
    if (change->patch == NULL)
        return c->error.code != ERROR_NONE ? -1 : change_out_of_memory(change);
    wanted = c->mode == COMMIT_MERGE ? document_merge(now->document, change->patch)
                                     : json_incref(change->patch);
    change->document = document_stored(wanted, now->document, now->portal_groups);
    json_decref(wanted);
    problems = json_array();
    if (change->document == NULL || problems == NULL) {
        json_decref(problems);
        return change_out_of_memory(change);
    }
    if (document_check(change->document, problems) > 0)
        return change_fail_problems(change, problems);
    json_decref(problems);
    return c->dry_run ? 0 : document_make_identities(change->document, &c->error);
}

/* The sessions that are open, copied, because the plan looks at them again and again. */
struct session_list {
    struct session_summary *sessions;
    size_t count;
    bool failed;
};

static void
copy_session(const struct session_summary *s, void *arg)
{
    struct session_list *list = arg;
    struct session_summary *longer =
        realloc(list->sessions, (list->count + 1) * sizeof list->sessions[0]);

    if (longer == NULL) {
        list->failed = true;
        return;
    }
    list->sessions = longer;
    longer[list->count++] = (struct session_summary){
        .id = strdup(s->id),
        .target = strdup(s->target),
        .initiator = strdup(s->initiator),
        .remote = strdup(s->remote),
    };
    s = &longer[list->count - 1];
    if (s->id == NULL || s->target == NULL || s->initiator == NULL || s->remote == NULL)
        list->failed = true;
}

static void
free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void
free_sessions(struct session_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_text(list->sessions[i].id);
        free_text(list->sessions[i].target);
        free_text(list->sessions[i].initiator);
        free_text(list->sessions[i].remote);
    }
    free(list->sessions);
}

static bool
can_write(const struct backstore *b)
{
    return b->lun->store != NULL && (b->lun->store->capabilities & STORE_CAN_WRITE) != 0;
}

static bool
store_can_write(const char *name)
{
    const struct catalog *view = catalog_current();
    const struct backstore *b = view == NULL ? NULL : catalog_backstore(view, name);

    return b != NULL && can_write(b);
}

static int
make_plan(struct change *change)
{
    const struct configuration *now = configuration();
    struct session_list list = {0};
    struct plan plan = {.before = now->document,
                        .before_complete = now->complete,
                        .after = change->document,
                        .after_complete = change->complete,
                        .can_write = store_can_write};

    if (now->hooks->sessions_visit != NULL)
        now->hooks->sessions_visit(copy_session, &list);
    plan.sessions = list.sessions;
    plan.session_count = list.count;
    change->objects = json_array();
    if (!list.failed)
        change->changes = plan_changes(&plan, change->objects);
    free_sessions(&list);
    return change->changes == NULL ? change_out_of_memory(change) : 0;
}

/* Whether the caller named backstore NAME, rather than the whole document. */
static bool
is_named(const struct change *change, const char *name)
{
    const struct commit *c = change->commit;

    if (c->reread != NULL && strcmp(c->reread, name) == 0)
        return true;
    return c->mode == COMMIT_MERGE &&
           json_object_get(json_object_get(change->patch, "backstores"), name) != NULL;
}

/*
 * Whether the file of backstore NAME may be made where it is missing: only when it is asked
 * for, never when it has been there before. An empty file in its place would hide that the data
 * is gone, or that a file system is not mounted.
 */
static bool
may_make_file(const struct change *change, const char *name, const json_t *options)
{
    const struct configuration *now = configuration();
    const json_t *before = json_object_get(json_object_get(now->complete, "backstores"), name);
    const json_t *path = json_object_get(before, "path");

    if (change->is_boot)
        return now->is_read_only; /* a document of the operator's, not what was in force */
    return path == NULL || !json_equal(path, json_object_get(options, "path"));
}

static struct backstore_change *
add_backstore(struct change *change, const char *name, const json_t *options, bool is_strict)
{
    struct backstore_change *b = &change->backstores[change->backstore_count++];

    build_backstore_options(name, options, &b->opening.options);
    b->opening.options.config.existed = !may_make_file(change, name, options);
    b->opening.options.config.create &= !b->opening.options.config.existed;
    b->opening.progress = &change->commit->progress;
    b->name = name;
    b->type = b->opening.options.config.type;
    b->is_strict = is_strict;
    b->wanted_size = b->opening.options.config.size;
    return b;
}

static bool
is_reread(const struct change *change, const char *name)
{
    return change->commit->reread != NULL && strcmp(change->commit->reread, name) == 0;
}

/* OLD is open: in place it gets another size, which may have to be read again, and other
 * attributes. */
static void
add_change(struct change *change, const char *name, const json_t *options,
           enum plan_effect effect, const struct backstore *old)
{
    struct backstore_change *b = add_backstore(change, name, options, true);

    b->action = BACKSTORE_CHANGE;
    b->keeps_data = true;
    b->reconfigures = effect == PLAN_RECONFIGURE;
    b->lun = old->lun;
    b->old_size = old->lun->store->size;
    if (is_reread(change, name))
        b->wanted_size = 0;
    else if (b->wanted_size == 0)
        b->wanted_size = b->old_size;
    if (b->wanted_size == b->old_size && !b->reconfigures)
        change->backstore_count--;
}

/* What the one in force was opened with differs. A file that gets another size is opened with
 * the one it has and then resized, since opening does not make a file longer. */
static void
add_reopening(struct change *change, const char *name, const json_t *options,
              const json_t *before)
{
    struct backstore_change *b = add_backstore(change, name, options, true);
    struct store_config *config = &b->opening.options.config;
    struct backstore_options was;

    build_backstore_options(name, before, &was);
    b->keeps_data = config->path != NULL && was.config.path != NULL &&
                    strcmp(config->path, was.config.path) == 0;
    if (b->keeps_data)
        config->size = was.config.size;
}

static void
consider_backstore(struct change *change, const char *name, const json_t *options)
{
    const struct configuration *now = configuration();
    const struct catalog *view = catalog_current();
    const struct backstore *old = view == NULL ? NULL : catalog_backstore(view, name);
    const json_t *before = json_object_get(json_object_get(now->complete, "backstores"), name);
    enum plan_effect effect;

    if (old == NULL || before == NULL) {
        add_backstore(change, name, options, !change->is_boot);
        return;
    }
    effect = plan_backstore_effect(before, options, can_write(old));
    if (old->error.code == ERROR_NONE) {
        if (effect == PLAN_REOPEN)
            add_reopening(change, name, options, before);
        else if (effect != PLAN_NOTHING || is_reread(change, name))
            add_change(change, name, options, effect, old);
    } else if (effect != PLAN_NOTHING || is_named(change, name)) {
        add_backstore(change, name, options, true);
    } else if (change->commit->mode == COMMIT_REPLACE) {
        add_backstore(change, name, options, false); /* perhaps its file is there again */
    }
}

static int
consider_backstores(struct change *change)
{
    json_t *map = json_object_get(change->complete, "backstores"), *options;
    const char *name;

    change->backstores = calloc(json_object_size(map) + 1, sizeof change->backstores[0]);
    change->openings = calloc(json_object_size(map) + 1, sizeof change->openings[0]);
    if (change->backstores == NULL || change->openings == NULL)
        return change_out_of_memory(change);
    json_object_foreach (map, name, options)
        consider_backstore(change, name, options);
    for (size_t i = 0; i < change->backstore_count; i++)
        change->openings[i] = &change->backstores[i].opening;
    return 0;
}

static int
check_revision(struct change *change)
{
    const struct configuration *now = configuration();
    struct commit *c = change->commit;

    if (c->expect_revision < 0 || (uint64_t)c->expect_revision == now->revision)
        return 0;
    c->error_data = json_pack("{s:I,s:I}", "expected", (json_int_t)c->expect_revision, "actual",
                              (json_int_t)now->revision);
    return error_set(&c->error, ERROR_REVISION_MISMATCH,
                     "the configuration is at revision %llu, not %lld",
                     (unsigned long long)now->revision, (long long)c->expect_revision);
}

int
change_evaluate(struct change *change)
{
    struct commit *c = change->commit;

    if (configuration()->is_read_only && !change->is_boot && !c->from_file && !c->dry_run)
        return error_set(&c->error, ERROR_PERMISSION_DENIED,
                         "the configuration comes from a file (--config): change that file");
    if (check_revision(change) < 0 || make_document(change) < 0)
        return -1;
    change->complete = document_complete(change->document);
    if (change->complete == NULL)
        return change_out_of_memory(change);
    if (make_plan(change) < 0)
        return -1;
    return consider_backstores(change);
}

bool
change_is_empty(const struct change *change)
{
    return json_array_size(change->changes) == 0 && change->backstore_count == 0 &&
           !change->is_boot;
}

/* Whether B's change loses data: a smaller size, or a new store where the old one's contents
 * live only as long as it is open. */
static bool
loses_data(const struct backstore_change *b)
{
    const struct catalog *view = catalog_current(); /* none at boot */
    const struct backstore *old = view == NULL ? NULL : catalog_backstore(view, b->name);
    const struct store *store = old == NULL || old->lun == NULL ? NULL : old->lun->store;

    if (store == NULL)
        return false;
    if (!b->keeps_data)
        return (store->capabilities & STORE_IS_VOLATILE) != 0;
    return b->wanted_size != 0 && b->wanted_size < store->size;
}

static void
add_losses(struct change *change)
{
    for (size_t i = 0; i < change->backstore_count; i++) {
        json_t *object, *there;
        size_t j;
        if (!loses_data(&change->backstores[i]))
            continue;
        object =
            json_pack("{s:s,s:s}", "kind", "backstore", "name", change->backstores[i].name);
        json_array_foreach (change->objects, j, there)
            if (json_equal(there, object))
                break;
        if (j == json_array_size(change->objects))
            json_array_append(change->objects, object);
        json_decref(object);
    }
}

int
change_check_way(struct change *change)
{
    struct commit *c = change->commit;
    size_t i, sessions = 0, count;
    json_t *object;

    add_losses(change);
    count = json_array_size(change->objects);
    if (count == 0 || c->force)
        return 0;
    json_array_foreach (change->objects, i, object)
        sessions += json_object_get(object, "id") != NULL;
    c->error_data = json_pack("{s:O}", "objects", change->objects);
    if (sessions == 0)
        return error_set(&c->error, ERROR_BUSY,
                         "data of %zu backstore%s would be lost; force does it", count,
                         count == 1 ? "" : "s");
    return error_set(&c->error, ERROR_BUSY, "%zu session%s in the way; force closes %s",
                     sessions, sessions == 1 ? " is" : "s are", sessions == 1 ? "it" : "them");
}
