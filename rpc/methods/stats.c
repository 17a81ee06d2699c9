/* stats.c: counters, by whatever they are asked. */
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/counters.h"
#include "core/latency.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "rpc/methods/methods.h"
#include "rpc/methods/session.h"
#include "scsi/lun.h"
#include "store/store.h"

static json_t *
io_json(const struct io_totals *io)
{
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {
        {"read_ops", io->read_ops},
        {"write_ops", io->write_ops},
        {"unmap_ops", io->unmap_ops},
        {"flush_ops", io->flush_ops},
        {"other_ops", io->other_ops},
        {"read_bytes", io->read_bytes},
        {"write_bytes", io->write_bytes},
        {"unmap_bytes", io->unmap_bytes},
        {"errors", io->errors},
        {"read_time_us", io->read_time_us},
        {"write_time_us", io->write_time_us},
        {"in_flight", io->in_flight},
    };
    json_t *ret = json_object();

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set_new(ret, members[i].name, json_integer((json_int_t)members[i].value));
    return ret;
}

static void
totals_add(struct io_totals *to, const struct io_totals *from)
{
    to->read_ops += from->read_ops;
    to->write_ops += from->write_ops;
    to->unmap_ops += from->unmap_ops;
    to->flush_ops += from->flush_ops;
    to->other_ops += from->other_ops;
    to->read_bytes += from->read_bytes;
    to->write_bytes += from->write_bytes;
    to->unmap_bytes += from->unmap_bytes;
    to->errors += from->errors;
    to->read_time_us += from->read_time_us;
    to->write_time_us += from->write_time_us;
    to->in_flight += from->in_flight;
}

static json_t *
histogram_json(const struct latency_totals *l, enum latency_kind kind)
{
    json_t *bounds = json_array(), *counts = json_array();

    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        if (i < LATENCY_BUCKETS - 1)
            json_array_append_new(bounds, json_integer((json_int_t)latency_bound_us(i)));
        json_array_append_new(counts, json_integer((json_int_t)l->counts[kind][i]));
    }
    return json_pack("{s:s, s:o, s:o, s:I}", "unit", "us", "bounds", bounds, "counts", counts,
                     "sum", (json_int_t)l->time_us[kind]);
}

/* A kind that no command was of is not there. */
static json_t *
latency_json(const struct latency_totals *l)
{
    json_t *ret = json_object();

    for (unsigned kind = 0; kind < LATENCY_KINDS; kind++) {
        uint64_t commands = 0;

        for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
            commands += l->counts[kind][i];
        if (commands > 0)
            json_object_set_new(ret, latency_kind_name(kind), histogram_json(l, kind));
    }
    return ret;
}

/* What is asked for, and the answer in the making. */
struct request {
    const json_t *names; /* NULL: all */
    bool histograms;
    json_t *stats;
};

/* Adds an entry if it is wanted. LATENCY: NULL, there is none. Takes EXTRA, which may be NULL.
 */
static void
add(struct request *request, const char *kind, const char *name, const struct io_totals *io,
    const struct latency_totals *latency, json_t *extra)
{
    json_t *entry;

    if (!rpc_names_have(request->names, name)) {
        json_decref(extra);
        return;
    }
    entry = json_pack("{s:s, s:s, s:o}", "kind", kind, "name", name, "io", io_json(io));
    if (request->histograms && latency != NULL)
        json_object_set_new(entry, "latency", latency_json(latency));
    if (extra != NULL)
        json_object_set_new(entry, "extra", extra);
    json_array_append_new(request->stats, entry);
}

static void
backstore_totals(const struct backstore *b, struct io_totals *io)
{
    *io = (struct io_totals){0};
    if (b->lun != NULL && b->lun->store != NULL)
        store_totals(b->lun->store, io);
}

static void
add_backstores(struct request *request)
{
    const struct catalog *catalog = catalog_current();
    struct io_totals io;

    for (size_t i = 0; i < catalog->backstore_count; i++) {
        backstore_totals(catalog->backstores[i], &io);
        add(request, "backstore", catalog->backstores[i]->name, &io, NULL, NULL);
    }
}

/* Adds what the exports of TARGET did to IO and LATENCY. */
static void
target_totals(const struct target *target, struct io_totals *io, struct latency_totals *latency)
{
    for (size_t i = 0; i < target->lun_count; i++) {
        export_counters_total(target->luns[i].counters, io);
        export_counters_latency(target->luns[i].counters, latency);
    }
}

/* All that is open now: what a backing store or a LUN did goes with it. */
static void
add_daemon(struct request *request)
{
    const struct catalog *catalog = catalog_current();
    const struct session_refusals refusals = session_refusals();
    struct io_totals io, sum = {0};
    struct latency_totals latency = {0};

    for (size_t i = 0; i < catalog->backstore_count; i++) {
        backstore_totals(catalog->backstores[i], &io);
        totals_add(&sum, &io);
    }
    io = (struct io_totals){0};
    for (size_t i = 0; i < catalog->target_count; i++)
        target_totals(catalog->targets[i], &io, &latency);
    add(request, "daemon", "blockgated", &sum, &latency,
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "sessions", (json_int_t)registry_count(NULL),
                  "targets", (json_int_t)catalog->target_count, "backstores",
                  (json_int_t)catalog->backstore_count, "logins_refused",
                  (json_int_t)refusals.all, "authentications_failed",
                  (json_int_t)refusals.unauthenticated));
}

static void
add_luns(struct request *request)
{
    const struct catalog *catalog = catalog_current();
    char name[300];

    for (size_t i = 0; i < catalog->target_count; i++) {
        const struct target *target = catalog->targets[i];

        for (size_t j = 0; j < target->lun_count; j++) {
            struct io_totals io = {0};
            struct latency_totals latency = {0};

            export_counters_total(target->luns[j].counters, &io);
            export_counters_latency(target->luns[j].counters, &latency);
            snprintf(name, sizeof name, "%s/%u", target->name, target->luns[j].number);
            add(request, "lun", name, &io, &latency, NULL);
        }
    }
}

static void
add_targets(struct request *request)
{
    const struct catalog *catalog = catalog_current();

    for (size_t i = 0; i < catalog->target_count; i++) {
        const struct target *target = catalog->targets[i];
        struct io_totals io = {0};
        struct latency_totals latency = {0};

        target_totals(target, &io, &latency);
        add(request, "target", target->name, &io, &latency,
            json_pack("{s:I}", "sessions", (json_int_t)registry_count(target->name)));
    }
}

static void
add_sessions(struct request *request)
{
    struct sessions sessions;

    sessions_collect(&sessions);
    for (size_t i = 0; i < sessions.count; i++)
        add(request, "session", sessions.infos[i].id, &sessions.infos[i].io,
            &sessions.infos[i].latency, NULL);
    sessions_free(&sessions);
}

static const struct {
    const char *kind;
    void (*add)(struct request *request);
} kinds[] = {
    {"daemon", add_daemon},    {"target", add_targets},       {"lun", add_luns},
    {"session", add_sessions}, {"backstore", add_backstores},
};

static void
get(struct rpc_call *call)
{
    struct request request = {
        .names = json_object_get(call->params, "names"),
        .histograms = json_is_true(json_object_get(call->params, "histograms")),
        .stats = json_array(),
    };
    const char *kind = rpc_call_string(call, "kind");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            kinds[i].add(&request);
    rpc_call_result(call,
                    json_pack("{s:o, s:o, s:o}", "time", time_json(time(NULL)), "started",
                              time_json(methods_context()->started), "stats", request.stats));
}

const struct rpc_method stats_methods[] = {
    {"stats.get", .handler = get},
    {0},
};
