/* dispatch.c: the road of every call. */
#include "rpc/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/schema.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"
#include "rpc/audit.h"
#include "rpc/change.h"
#include "rpc/errors.h"
#include "rpc/near.h"

struct dispatch_row {
    const struct rpc_method *method;
    enum rpc_role access;
    bool may_get;
    json_t *params;                  /* owned: the schema of the params object */
    const json_t *result;            /* its schema; borrowed from the document */
    bool has_secrets;                /* that schema has, so answers are looked through */
    uint64_t ok, failed[RPC_ERRORS]; /* how often it was answered how */
};

struct dispatch {
    const json_t *document;
    bool check_results;
    enum rpc_state state;
    unsigned open;
    struct dispatch_row *rows;
    size_t count;
    json_t *index;    /* name → place in rows */
    uint64_t unknown; /* calls of methods that there are not */
    struct dispatch_durations durations;
};

static const struct rpc_method *
find_handler(const struct rpc_method *const *tables, const char *name)
{
    for (; *tables != NULL; tables++)
        for (const struct rpc_method *m = *tables; m->name != NULL; m++)
            if (strcmp(m->name, name) == 0)
                return m;
    return NULL;
}

/* The params of an OpenRPC method, a list, as the schema of one object. */
static json_t *
params_schema(const json_t *method, bool *may_get)
{
    json_t *properties = json_object(), *required = json_array(), *each, *schema;
    const char *name;
    size_t i;

    json_array_foreach (json_object_get(method, "params"), i, each) {
        name = json_string_value(json_object_get(each, "name"));
        json_object_set(properties, name, json_object_get(each, "schema"));
        if (json_is_true(json_object_get(each, "required")))
            json_array_append_new(required, json_string(name));
    }
    *may_get = json_array_size(required) == 0;
    schema = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties,
                       "required", required, "additionalProperties", 0);
    return schema;
}

static int
fill_row(struct dispatch_row *row, const json_t *method, const struct rpc_method *const *tables,
         struct error *err)
{
    const char *name = json_string_value(json_object_get(method, "name"));
    const char *access = json_string_value(json_object_get(method, "x-access"));

    if (name == NULL || access == NULL ||
        (strcmp(access, "read") != 0 && strcmp(access, "admin") != 0))
        return error_set(err, ERROR_INTERNAL, "method '%s' of the schemas has no x-access",
                         name != NULL ? name : "");
    row->method = find_handler(tables, name);
    if (row->method == NULL)
        return error_set(err, ERROR_INTERNAL,
                         "method '%s' of the schemas has no handler in the code", name);
    row->access = strcmp(access, "read") == 0 ? RPC_READER : RPC_ADMIN;
    row->params = params_schema(method, &row->may_get);
    row->may_get = row->may_get && row->access == RPC_READER;
    row->result = json_object_get(json_object_get(method, "result"), "schema");
    if (row->params == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    return 0;
}

static int
check_handlers(const struct dispatch *d, const struct rpc_method *const *tables,
               struct error *err)
{
    for (; *tables != NULL; tables++)
        for (const struct rpc_method *m = *tables; m->name != NULL; m++)
            if (json_object_get(d->index, m->name) == NULL)
                return error_set(err, ERROR_INTERNAL,
                                 "the handler of '%s' has no method in the schemas", m->name);
    return 0;
}

struct dispatch *
dispatch_new(const struct rpc_method *const *tables, const json_t *document, bool check_results,
             struct error *err)
{
    const json_t *methods = json_object_get(document, "methods"), *each;
    struct dispatch *d = calloc(1, sizeof *d);
    size_t i;

    if (d == NULL || (d->index = json_object()) == NULL ||
        (d->rows = calloc(json_array_size(methods) + 1, sizeof *d->rows)) == NULL) {
        error_set(err, ERROR_INTERNAL, "out of memory");
        dispatch_free(d);
        return NULL;
    }
    d->document = document;
    d->check_results = check_results;
    json_array_foreach (methods, i, each) {
        d->count++;
        if (fill_row(&d->rows[i], each, tables, err) < 0) {
            dispatch_free(d);
            return NULL;
        }
        d->rows[i].has_secrets = schema_has_secrets(document, d->rows[i].result);
        json_object_set_new(d->index, d->rows[i].method->name, json_integer((json_int_t)i));
    }
    if (check_handlers(d, tables, err) < 0) {
        dispatch_free(d);
        return NULL;
    }
    return d;
}

void
dispatch_free(struct dispatch *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->count; i++)
        json_decref(d->rows[i].params);
    free(d->rows);
    json_decref(d->index);
    free(d);
}

void
dispatch_set_state(struct dispatch *d, enum rpc_state state)
{
    d->state = state;
}

enum rpc_state
dispatch_state(const struct dispatch *d)
{
    return d->state;
}

unsigned
dispatch_calls_open(const struct dispatch *d)
{
    return d->open;
}

static struct dispatch_row *
find_row(const struct dispatch *d, const char *name)
{
    const json_t *place = json_object_get(d->index, name);

    return place != NULL ? &d->rows[json_integer_value(place)] : NULL;
}

bool
dispatch_may_get(const struct dispatch *d, const char *method)
{
    const struct dispatch_row *row = find_row(d, method);

    return row != NULL && row->may_get;
}

bool
dispatch_has(const struct dispatch *d, const char *method)
{
    return find_row(d, method) != NULL;
}

const char *
rpc_call_method(const struct rpc_call *call)
{
    return call->row->method->name;
}

static json_t *
unknown_method(const struct dispatch *d, const char *name)
{
    json_t *near = near_keys(d->index, name);
    const char *first = json_string_value(json_array_get(near, 0));

    return rpc_error_named(RPC_METHOD_NOT_FOUND, json_pack("{s:o}", "near", near),
                           first != NULL ? "there is no method '%.100s'; did you mean '%s'?"
                                         : "there is no method '%.100s'",
                           name, first);
}

/* Why the call may not be made, by role and state; NULL: it may. */
static json_t *
refusal(const struct dispatch *d, const struct dispatch_row *row, const struct rpc_peer *peer)
{
    static const char *const roles[] = {[RPC_READER] = "reader", [RPC_ADMIN] = "admin"};
    const char *state = d->state == RPC_STARTING ? "starting" : "stopping";

    if (row->access > peer->role)
        return rpc_error_named(
            "PERMISSION_DENIED",
            json_pack("{s:s, s:s}", "role", roles[peer->role], "needed", roles[row->access]),
            "%s may only be called by the role %s", row->method->name, roles[row->access]);
    if (d->state == RPC_READY || row->method->in_any_state ||
        (d->state == RPC_STOPPING && row->access == RPC_READER))
        return NULL;
    return rpc_error_named("UNAVAILABLE", json_pack("{s:s}", "state", state),
                           "the daemon is %s", state);
}

/* What is wrong with PARAMS; NULL: nothing. */
static json_t *
params_problem(const struct dispatch *d, const struct dispatch_row *row, const json_t *params)
{
    json_t *problems = json_array(), *first, *data, *error;
    const char *path;

    if (schema_validate(d->document, row->params, params, problems) == 0) {
        json_decref(problems);
        return NULL;
    }
    first = json_array_get(problems, 0);
    path = json_string_value(json_object_get(first, "path"));
    data = json_pack("{s:O?, s:O?, s:O}", "path", json_object_get(first, "path"), "keyword",
                     json_object_get(first, "keyword"), "problems", problems);
    error = rpc_error_named(RPC_INVALID_PARAMS, data, "%s%s%s",
                            path != NULL && path[0] == '/' ? path + 1 : "",
                            path != NULL && path[0] == '/' && path[1] != '\0' ? ": " : "",
                            json_string_value(json_object_get(first, "message")));
    json_decref(problems);
    return error;
}

void
dispatch_call(struct dispatch *d, const char *method, json_t *params,
              const struct rpc_peer *peer,
              void (*done)(void *arg, json_t *result, json_t *error), void *arg)
{
    struct dispatch_row *row = find_row(d, method);
    struct rpc_call *call = NULL;
    json_t *error;

    if (row == NULL) {
        d->unknown++;
        done(arg, NULL, unknown_method(d, method));
        return;
    }
    params = params != NULL ? json_incref(params) : json_object();
    error = refusal(d, row, peer);
    if (error == NULL)
        error = params_problem(d, row, params);
    if (error == NULL)
        call = calloc(1, sizeof *call);
    if (call != NULL)
        call->params = schema_with_defaults(d->document, row->params, params);
    if (call == NULL || call->params == NULL) {
        json_decref(params);
        free(call);
        row->failed[rpc_error_number(error)]++;
        done(arg, NULL, error);
        return;
    }
    call->started_us = clock_us();
    call->given = params;
    call->peer = *peer;
    call->dispatch = d;
    call->row = row;
    call->done = done;
    call->arg = arg;
    d->open++;
    if (row->method->change != NULL)
        rpc_change_start(call, row->method->change);
    else
        row->method->handler(call);
}

/* What must not leave the daemon is a bug of ours: say so instead. */
static void
check_answer(const struct rpc_call *call, json_t **result, json_t **error)
{
    const struct dispatch *d = call->dispatch;
    const json_t *schemas =
        json_object_get(json_object_get(d->document, "components"), "schemas");
    const json_t *schema = call->row->result;
    const json_t *value = *result;
    json_t *problems = json_array(), *text;
    char name[64];

    if (*error != NULL) {
        snprintf(name, sizeof name, "Error_%s", rpc_error_name(*error));
        schema = json_object_get(schemas, name);
        value = json_object_get(*error, "data");
    }
    if (schema != NULL && schema_validate(d->document, schema, value, problems) > 0) {
        char *dump = json_dumps(problems, JSON_COMPACT);

        log_error("rpc", "an answer breaks its schema", "method", rpc_call_method(call),
                  "problems", dump != NULL ? dump : "", NULL);
        free(dump);
        text = rpc_error_named("INTERNAL", json_pack("{s:O}", "problems", problems),
                               "the answer of %s breaks its schema", rpc_call_method(call));
        json_decref(*result);
        json_decref(*error);
        *result = NULL;
        *error = text;
    }
    json_decref(problems);
}

/* Handlers answer with what there is; what must not be read back is taken out here, for all of
 * them. */
static json_t *
without_secrets(const struct rpc_call *call, json_t *result)
{
    json_t *shown;

    if (result == NULL || !call->row->has_secrets)
        return result;
    shown = schema_without_secrets(call->dispatch->document, call->row->result, result);
    json_decref(result);
    return shown;
}

static void
count_answer(const struct rpc_call *call, const json_t *error)
{
    struct dispatch_durations *durations = &call->dispatch->durations;
    uint64_t us = clock_us() - call->started_us;

    if (error == NULL)
        call->row->ok++;
    else
        call->row->failed[rpc_error_number(error)]++;
    durations->counts[latency_bucket(us)]++;
    durations->sum_us += us;
}

void
dispatch_visit_calls(const struct dispatch *d,
                     void (*visit)(const char *method, const char *result, uint64_t calls,
                                   void *arg),
                     void *arg)
{
    for (const struct dispatch_row *row = d->rows; row < d->rows + d->count; row++) {
        if (row->ok > 0)
            visit(row->method->name, "ok", row->ok, arg);
        for (unsigned i = 0; i < RPC_ERRORS; i++)
            if (row->failed[i] > 0)
                visit(row->method->name, rpc_error_name_at(i), row->failed[i], arg);
    }
    if (d->unknown > 0)
        visit("unknown", RPC_METHOD_NOT_FOUND, d->unknown, arg);
}

const struct dispatch_durations *
dispatch_durations(const struct dispatch *d)
{
    return &d->durations;
}

void
dispatch_answer_early(struct rpc_call *call, json_t *result,
                      void (*old_done)(void *arg, json_t *result, json_t *error), void *old_arg)
{
    json_t *error = NULL;

    if (result == NULL)
        error = rpc_error_named("INTERNAL", NULL, "out of memory");
    else if (call->dispatch->check_results)
        check_answer(call, &result, &error);
    old_done(old_arg, result, error);
}

void
dispatch_answer(struct rpc_call *call, json_t *result, json_t *error)
{
    result = without_secrets(call, result);
    if (result == NULL && error == NULL)
        error = rpc_error_named("INTERNAL", NULL, "out of memory");
    if (call->dispatch->check_results && (result != NULL || error != NULL))
        check_answer(call, &result, &error);
    if (call->row->access == RPC_ADMIN)
        audit_log(call, result, error);
    count_answer(call, error);
    call->dispatch->open--;
    call->done(call->arg, result, error);
    json_decref(call->given);
    json_decref(call->params);
    free(call);
}
