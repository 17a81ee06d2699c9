/* fixture.c: starts what main starts, but for sockets. */
#include "fixture.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/publish.h"
#include "catalog/schema.h"
#include "core/crew.h"
#include "core/events.h"
#include "core/pool.h"
#include "rpc/batch.h"
#include "rpc/dispatch.h"
#include "rpc/jobs.h"
#include "rpc/methods/event.h"
#include "rpc/methods/methods.h"
#include "store/store.h"

/* A test runs in a process of its own. */
static struct {
    char folder[32];
    struct pool *pool;
    struct dispatch *dispatch;
    bool portals_fail, is_done;
    const struct session_summary *session;
    char *reply;
} api;

static int
prepare_portals(const struct catalog *next, bool tolerant, struct error *err)
{
    (void)next, (void)tolerant;
    errno = EADDRINUSE;
    return api.portals_fail ? error_set(err, ERROR_BACKEND, "cannot listen: %m") : 0;
}

static void
abandon_portals(void)
{
}

static void
switch_portals(const struct catalog *next)
{
    (void)next;
}

static void
visit_sessions(void (*visit)(const struct session_summary *session, void *arg), void *arg)
{
    if (api.session != NULL)
        visit(api.session, arg);
}

static bool
is_listening(const char *address, uint16_t port)
{
    return strcmp(address, "127.0.0.1") == 0 && port != 9;
}

static const char *
sha256(void)
{
    return "0000000000000000000000000000000000000000000000000000000000000000";
}

static const char *
state(void)
{
    static const char *const names[] = {
        [RPC_STARTING] = "starting", [RPC_READY] = "ready", [RPC_STOPPING] = "stopping"};

    return names[dispatch_state(api.dispatch)];
}

static void
booted(const struct error *err, void *arg)
{
    (void)arg;
    ck_assert_msg(err->code == ERROR_NONE, "%s", err->message);
    api.is_done = true;
}

static void
drained(void *arg)
{
    (void)arg;
    api.is_done = true;
}

static void
wait_until_done(void)
{
    while (!api.is_done)
        worker_turn(crew_main(), true);
    api.is_done = false;
}

static void
start_store(struct broadcast_part *part, struct worker *w)
{
    ck_assert_int_eq(store_worker_start(w, NULL), 0);
    broadcast_answer(part);
}

static void
stop_store(struct broadcast_part *part, struct worker *w)
{
    store_worker_stop(w);
    broadcast_answer(part);
}

static void
broadcast_done(struct broadcast *b)
{
    (void)b;
    api.is_done = true;
}

static void
on_workers(void (*work)(struct broadcast_part *part, struct worker *w))
{
    static struct broadcast b;

    b.work = work;
    b.done = broadcast_done;
    broadcast_start(&b);
    wait_until_done();
}

void
api_setup(void)
{
    static const struct commit_hooks hooks = {prepare_portals, abandon_portals, switch_portals,
                                              visit_sessions};
    static const char *const portals[] = {"127.0.0.1:3260"};
    const struct commit_setup setup = {
        .state_dir = api.folder, .portals = portals, .portal_count = 1, .hooks = &hooks};
    struct error err = {.message = ""};

    strcpy(api.folder, "/tmp/test_rpc.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(api.folder));
    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    api.pool = pool_new("io", 2);
    ck_assert_int_eq(crew_new(1), 0);
    worker_enter(crew_main());
    store_layer_start(api.pool);
    ck_assert_msg(commit_open(&setup, &err) == 0, "%s", err.message);
    api.dispatch = dispatch_new(all_methods, schema_document(), true, &err);
    ck_assert_msg(api.dispatch != NULL, "%s", err.message);
    methods_set_context(&(struct methods_context){.started = 1,
                                                  .openrpc_sha256 = sha256,
                                                  .portal_listening = is_listening,
                                                  .state = state});
    ck_assert_int_eq(crew_start(), 0);
    on_workers(start_store);
    commit_boot(booted, NULL);
    wait_until_done();
    dispatch_set_state(api.dispatch, RPC_READY);
    events_watch(event_polls_look);
}

static void
remove_folder(void)
{
    DIR *dir = opendir(api.folder);
    const struct dirent *entry;
    char path[512];

    while ((entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", api.folder, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(api.folder);
}

void
api_teardown(void)
{
    events_watch(NULL);
    event_polls_end();
    ck_assert_uint_eq(dispatch_calls_open(api.dispatch), 0);
    commit_drain(drained, NULL);
    wait_until_done();
    on_workers(stop_store);
    crew_stop();
    rpc_jobs_forget();
    dispatch_free(api.dispatch);
    commit_close();
    catalog_publish_shutdown();
    pool_free(api.pool);
    crew_free();
    schema_unload();
    remove_folder();
}

const char *
api_folder(void)
{
    return api.folder;
}

void
api_set_state(enum rpc_state to)
{
    dispatch_set_state(api.dispatch, to);
    if (to == RPC_STOPPING) {
        event_polls_end();
        rpc_jobs_stop_waiting();
    }
}

void
api_let_portals_fail(bool fail)
{
    api.portals_fail = fail;
}

void
api_set_session(const struct session_summary *session)
{
    api.session = session;
}

/* Appends TEXT to OUT with ' as " and @ as the folder. */
static void
append(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputc('"', out);
        else if (*text == '@')
            fputs(api.folder, out);
        else
            fputc(*text, out);
}

static json_t *
parse(const char *text)
{
    char *plain = NULL;
    size_t size;
    FILE *out = open_memstream(&plain, &size);
    json_t *json;

    append(out, text);
    fclose(out);
    json = json_loads(plain, 0, NULL);
    ck_assert_msg(json != NULL, "%s", plain);
    free(plain);
    return json;
}

static void
replied(void *arg, int status, char *text)
{
    (void)arg, (void)status;
    api.reply = text;
    api.is_done = true;
}

void
api_begin(const char *method, const char *params)
{
    struct rpc_peer peer = {.role = RPC_ADMIN};
    json_t *request = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method",
                                method, "params", parse(params != NULL ? params : "{}"));
    char *body = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    batch_start(api.dispatch, &peer, body, strlen(body), replied, NULL);
    free(body);
}

json_t *
api_reply(void)
{
    json_t *reply, *ret;

    worker_turn(crew_main(), false);
    if (!api.is_done)
        return NULL;
    api.is_done = false;
    reply = json_loads(api.reply, 0, NULL);
    free(api.reply);
    ret = json_incref(json_object_get(reply, "result"));
    ck_assert_ptr_nonnull(ret);
    json_decref(reply);
    return ret;
}

json_t *
api_call(const char *method, const char *params, bool *failed)
{
    json_t *reply, *ret;

    api_begin(method, params);
    wait_until_done();
    reply = json_loads(api.reply, 0, NULL);
    free(api.reply);
    *failed = json_object_get(reply, "error") != NULL;
    ret = json_incref(json_object_get(reply, *failed ? "error" : "result"));
    json_decref(reply);
    return ret;
}

json_t *
api_do(const char *method, const char *params)
{
    bool failed;
    json_t *result = api_call(method, params, &failed);

    ck_assert_msg(!failed, "%s: %s", method, json_dumps(result, 0));
    return result;
}

bool
json_contains(const json_t *actual, const json_t *expected)
{
    const char *key;
    json_t *each;
    size_t i;

    if (json_is_array(actual) && json_is_array(expected)) {
        json_array_foreach (expected, i, each)
            if (!json_contains(json_array_get(actual, i), each))
                return false;
        return json_array_size(actual) == json_array_size(expected);
    }
    if (!json_is_object(actual) || !json_is_object(expected))
        return json_equal(actual, expected);
    json_object_foreach ((json_t *)(uintptr_t)expected, key, each)
        if (!json_contains(json_object_get(actual, key), each))
            return false;
    return true;
}

void
api_play(const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];
        bool failed;
        json_t *got = api_call(s->method, s->params, &failed);
        json_t *data = json_object_get(got, "data");
        json_t *expected = s->expect != NULL ? parse(s->expect) : json_object();
        char *text = json_dumps(got, JSON_COMPACT);
        const char *name = json_string_value(json_object_get(data, "name"));

        ck_assert_msg(failed == (s->error != NULL), "step %zu, %s: %s", i, s->method, text);
        if (failed)
            ck_assert_msg(strcmp(name, s->error) == 0, "step %zu, %s: %s", i, s->method, text);
        ck_assert_msg(json_contains(failed ? data : got, expected), "step %zu, %s: %s", i,
                      s->method, text);
        free(text);
        json_decref(expected);
        json_decref(got);
    }
}
