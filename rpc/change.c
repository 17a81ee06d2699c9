/* change.c: what all changes have in common. */
#include "rpc/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/schema.h"
#include "rpc/jobs.h"

static json_t *
edit(struct commit *commit, const json_t *document)
{
    struct rpc_change *change = commit->arg;

    return change->kind->edit(change, document);
}

static void
change_free(struct rpc_change *change)
{
    commit_release(&change->commit);
    free(change->path);
    free(change);
}

void
rpc_change_answer(struct rpc_change *change, json_t *result, const struct error *err)
{
    if (err != NULL)
        rpc_call_error(change->call, err, NULL);
    else
        rpc_call_result(change->call, result);
    change_free(change);
}

static void
refuse(struct rpc_change *change)
{
    struct commit *c = &change->commit;
    json_t *data = json_incref(c->error_data);

    if (c->error.code == ERROR_REVISION_MISMATCH && data == NULL)
        data = json_pack("{s:I, s:I}", "expected", (json_int_t)c->expect_revision, "actual",
                         (json_int_t)commit_revision());
    rpc_call_error(change->call, &c->error, data);
    change_free(change);
}

static void
done(struct commit *c)
{
    struct rpc_change *change = c->arg;
    json_t *result;

    if (c->error.code != ERROR_NONE) {
        refuse(change);
        return;
    }
    result =
        json_pack("{s:b, s:I, s:o}", "changed", c->changed, "revision", (json_int_t)c->revision,
                  "changes", c->changes != NULL ? json_incref(c->changes) : json_array());
    if (c->dry_run)
        json_object_set_new(result, "dry_run", json_true());
    if (change->kind->show != NULL && result != NULL)
        change->kind->show(change, c->after != NULL ? c->after : commit_document(), result);
    if (change->kind->finish != NULL && !c->dry_run && c->changed)
        change->kind->finish(change, result);
    else
        rpc_change_answer(change, result, NULL);
}

/* Where files are made or get longer, how much of that is done. */
static bool
job_progress(void *arg, double *ret)
{
    const struct rpc_change *change = arg;
    const struct store_progress *p = &change->commit.progress;
    uint64_t total = atomic_load(&p->total), written = atomic_load(&p->done);

    if (total == 0)
        return false;
    *ret = (double)written / (double)total;
    return true;
}

static bool
job_is_pending(void *arg)
{
    const struct rpc_change *change = arg;

    return commit_stage(&change->commit) == COMMIT_QUEUED;
}

static bool
job_is_cancellable(void *arg)
{
    const struct rpc_change *change = arg;

    return commit_stage(&change->commit) != COMMIT_DECIDED;
}

static bool
job_cancel(void *arg)
{
    struct rpc_change *change = arg;

    return commit_cancel(&change->commit);
}

/* Nothing of it is in force yet. */
static json_t *
job_so_far(void *arg)
{
    (void)arg;
    return json_pack("{s:b, s:I, s:[]}", "changed", 0, "revision",
                     (json_int_t)commit_revision(), "changes");
}

static const struct rpc_job_work job_work = {.progress = job_progress,
                                             .is_pending = job_is_pending,
                                             .is_cancellable = job_is_cancellable,
                                             .cancel = job_cancel,
                                             .so_far = job_so_far};

struct rpc_change *
rpc_change_new(struct rpc_call *call, const struct rpc_change_kind *kind)
{
    struct rpc_change *change = calloc(1, sizeof *change);
    struct commit *c;

    if (change == NULL) {
        rpc_call_result(call, NULL);
        return NULL;
    }
    c = &change->commit;
    change->call = call;
    change->kind = kind;
    c->mode = COMMIT_MERGE;
    c->edit = edit;
    c->expect_revision = rpc_call_integer(call, "expect_revision", -1);
    c->dry_run = rpc_call_bool(call, "dry_run");
    c->force = rpc_call_bool(call, "force");
    c->method = rpc_call_method(call);
    c->done = done;
    c->arg = change;
    return change;
}

void
rpc_change_go(struct rpc_change *change)
{
    int64_t wait_ms = rpc_call_integer(change->call, "wait_ms", -1);

    if (wait_ms >= 0 && !change->commit.dry_run &&
        rpc_job_begin(change->call, (uint64_t)wait_ms, &job_work, change) < 0) {
        change_free(change);
        return;
    }
    commit_start(&change->commit);
}

void
rpc_change_start(struct rpc_call *call, const struct rpc_change_kind *kind)
{
    struct rpc_change *change = rpc_change_new(call, kind);

    if (change != NULL)
        rpc_change_go(change);
}

json_t *
rpc_change_fail(struct rpc_change *change, json_t *data, enum error_code code,
                const char *format, ...)
{
    char message[sizeof change->commit.error.message];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    error_set(&change->commit.error, code, "%s", message);
    change->commit.error_data = data;
    return NULL;
}

json_t *
rpc_change_not_found(struct rpc_change *change, const char *kind, const json_t *names,
                     const char *name)
{
    change->commit.error_data = rpc_not_found(&change->commit.error, kind, names, name);
    return NULL;
}

json_t *
document_object(const json_t *document, const char *map, const char *name)
{
    return json_object_get(json_object_get(document, map), name);
}

json_t *
patch_object(const char *map, const char *name, json_t *value)
{
    return json_pack("{s:{s:o}}", map, name, value);
}

json_t *
patch_in_target(const char *target, const char *map, const char *name, json_t *value)
{
    return json_pack("{s:{s:{s:{s:o}}}}", "targets", target, map, name, value);
}

/* Adds to DIFFERENCES what in WANTED is not as in FOUND: objects by member, the rest as a
 * whole. Null is as absent. */
static void
compare(const json_t *schema, const json_t *wanted, const json_t *found, const char *path,
        json_t *differences)
{
    const char *name;
    json_t *each;
    char below[512];

    if (json_is_object(wanted) && json_is_object(found)) {
        json_object_foreach ((json_t *)(uintptr_t)wanted, name, each) {
            snprintf(below, sizeof below, "%s/%s", path, name);
            compare(schema_member(NULL, schema, name), each, json_object_get(found, name),
                    below, differences);
        }
        return;
    }
    if (found == NULL ? json_is_null(wanted) : json_equal(wanted, found))
        return;
    json_array_append_new(
        differences,
        json_pack("{s:s, s:o, s:o*}", "path", path, "wanted",
                  schema_hiding_secrets(NULL, schema, wanted, "(given)"), "found",
                  found == NULL ? NULL : schema_hiding_secrets(NULL, schema, found, "(set)")));
}

json_t *
rpc_change_compare(struct rpc_change *change, const char *schema, const char *kind,
                   const char *name, json_t *wanted, json_t *found)
{
    const json_t *component = schema_component(schema);
    json_t *differences = json_array();
    json_t *settable = schema_without_read_only(NULL, component, wanted);
    const char *first;

    compare(component, settable, found, "", differences);
    json_decref(settable);
    json_decref(wanted);
    json_decref(found);
    if (json_array_size(differences) == 0) {
        json_decref(differences);
        return json_object();
    }
    first = json_string_value(json_object_get(json_array_get(differences, 0), "path"));
    return rpc_change_fail(
        change,
        json_pack("{s:s, s:s, s:o}", "kind", kind, "object", name, "differences", differences),
        ERROR_ALREADY_EXISTS, "there is a %s '%s' already, with a different %s", kind, name,
        first != NULL && first[0] == '/' ? first + 1 : "value");
}

static bool
is_known(const json_t *properties, const char *const *except, const char *name)
{
    for (; except != NULL && *except != NULL; except++)
        if (strcmp(*except, name) == 0)
            return false;
    return json_object_get(properties, name) != NULL;
}

bool
rpc_change_set_is_known(struct rpc_change *change, const char *schema,
                        const char *const *except)
{
    const json_t *properties = json_object_get(schema_component(schema), "properties");
    const json_t *set = json_object_get(change->call->params, "set");
    json_t *problem;
    const char *name;
    json_t *unused;
    char path[256];

    json_object_foreach ((json_t *)(uintptr_t)set, name, unused) {
        if (is_known(properties, except, name))
            continue;
        snprintf(path, sizeof path, "/set/%s", name);
        problem = json_pack("{s:s, s:s, s:s}", "path", path, "keyword", "additionalProperties",
                            "message", "unknown member");
        rpc_change_fail(change,
                        json_pack("{s:s, s:s, s:[o]}", "path", path, "keyword",
                                  "additionalProperties", "problems", problem),
                        ERROR_INVALID_PARAMS, "%s: unknown member", path + 1);
        return false;
    }
    return true;
}
