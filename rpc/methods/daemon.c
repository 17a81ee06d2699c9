/* daemon.c: daemon.info and daemon.health. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "catalog/document.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "config.h"
#include "rpc/http.h"
#include "rpc/jsonrpc.h"
#include "rpc/methods/methods.h"
#include "store/store.h"

static json_t *
type_names(void)
{
    json_t *names = json_array();

    for (const struct store_type *const *t = store_types; *t != NULL; t++)
        json_array_append_new(names, json_string((*t)->name));
    return names;
}

static json_t *
limits(void)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "request_bytes", HTTP_BODY_MAX,
                     "batch_calls", JSONRPC_BATCH_MAX, "json_depth", JSONRPC_DEPTH_MAX,
                     "targets", DOCUMENT_TARGETS_MAX, "backstores", DOCUMENT_BACKSTORES_MAX,
                     "portals", DOCUMENT_PORTALS_MAX, "luns_per_target", DOCUMENT_LUNS_MAX);
}

static void
info(struct rpc_call *call)
{
    const struct methods_context *c = methods_context();
    const json_t *about = json_object_get(schema_document(), "info");
    const char *sha256 = c->openrpc_sha256();
    time_t now = time(NULL), uptime = now > c->started ? now - c->started : 0;
    json_t *result = json_pack(
        "{s:s, s:s, s:O, s:s, s:i, s:o, s:I, s:I, s:[ssss], s:o, s:o}", "name", "blockgated",
        "version", PACKAGE_VERSION, "api_version", json_object_get(about, "version"),
        "schema_sha256", sha256, "pid", (int)getpid(), "started", time_json(c->started),
        "uptime_s", (json_int_t)uptime, "revision", (json_int_t)commit_revision(), "features",
        "batch", "chap", "crc32c", "unmap", "backstore_types", type_names(), "limits",
        limits());

    rpc_call_result(call, result);
}

/* A check's verdict in the making: the first problem is told, the others are counted. */
struct check {
    unsigned wrong, of;
    char message[640];
};

static void
check_wrong(struct check *check, const char *message)
{
    if (check->wrong++ == 0)
        snprintf(check->message, sizeof check->message, "%s", message);
}

/* Adds CHECK to CHECKS; returns how bad it is: 0 ok, 1 degraded, 2 failing. */
static int
check_add(json_t *checks, const char *name, const struct check *check, int worst)
{
    static const char *const status[] = {"ok", "degraded", "failing"};
    int is = check->wrong == 0 ? 0 : worst;
    json_t *entry = json_pack("{s:s, s:s}", "name", name, "status", status[is]);
    char message[700];

    if (check->wrong > 1) {
        snprintf(message, sizeof message, "%s (and %u more)", check->message, check->wrong - 1);
        json_object_set_new(entry, "message", json_string(message));
    } else if (check->wrong == 1) {
        json_object_set_new(entry, "message", json_string(check->message));
    }
    json_array_append_new(checks, entry);
    return is;
}

static int
check_portals(json_t *checks, const struct catalog *catalog)
{
    struct check check = {.wrong = 0};

    for (size_t i = 0; i < catalog->portal_group_count; i++) {
        const struct portal_group *group = catalog->portal_groups[i];

        for (size_t j = 0; j < group->portal_count; j++, check.of++) {
            const struct portal *p = &group->portals[j];
            char text[128];

            snprintf(text, sizeof text,
                     strchr(p->address, ':') != NULL ? "not listening on [%s]:%u"
                                                     : "not listening on %s:%u",
                     p->address, p->port);
            if (!methods_portal_listens(p->address, p->port))
                check_wrong(&check, text);
        }
    }
    if (check.of == 0)
        check_wrong(&check,
                    "there is no portal, so nobody can log in: portal_group.create makes one");
    return check_add(checks, "portals", &check,
                     check.of > 0 && check.wrong == check.of ? 2 : 1);
}

static int
check_backstores(json_t *checks, const struct catalog *catalog)
{
    struct check check = {.wrong = 0};
    char text[640];

    for (size_t i = 0; i < catalog->backstore_count; i++) {
        const struct backstore *b = catalog->backstores[i];

        if (b->error.code == ERROR_NONE)
            continue;
        snprintf(text, sizeof text, "%s: %s", b->name, b->error.message);
        check_wrong(&check, text);
    }
    return check_add(checks, "backstores", &check, 1);
}

static int
check_state(json_t *checks)
{
    struct check check = {.wrong = 0};

    if (strcmp(methods_context()->state(), "ready") != 0)
        check_wrong(&check, methods_context()->state());
    return check_add(checks, "daemon", &check, 2);
}

static int
check_state_file(json_t *checks)
{
    struct check check = {.wrong = 0};
    struct error err = {.code = ERROR_NONE};

    if (!commit_state_is_saved(&err))
        check_wrong(&check, err.message);
    return check_add(checks, "state_file", &check, 2);
}

static int
worse(int a, int b)
{
    return a > b ? a : b;
}

json_t *
health_report(void)
{
    static const char *const status[] = {"ok", "degraded", "failing"};
    const struct catalog *catalog = catalog_current();
    json_t *checks = json_array();
    int worst = check_state(checks);

    if (catalog != NULL) {
        worst = worse(worst, check_portals(checks, catalog));
        worst = worse(worst, check_backstores(checks, catalog));
        worst = worse(worst, check_state_file(checks));
    }
    return json_pack("{s:s, s:o}", "status", status[worst], "checks", checks);
}

static void
health(struct rpc_call *call)
{
    rpc_call_result(call, health_report());
}

const struct rpc_method daemon_methods[] = {
    {"daemon.info", .handler = info, .in_any_state = true},
    {"daemon.health", .handler = health, .in_any_state = true},
    {0},
};
