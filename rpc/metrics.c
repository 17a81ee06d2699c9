/* metrics.c: what is shown to Prometheus, family by family. */
#include "rpc/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "config.h"
#include "core/crew.h"
#include "core/latency.h"
#include "iscsi/login.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "rpc/dispatch.h"
#include "rpc/methods/methods.h"
#include "rpc/methods/session.h"
#include "rpc/metrics_text.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "store/store.h"

/* Longer than any name may become by escaping. */
#define LABELS_MAX 2048

/* A LUN as it was when the answer was begun: its families stand far apart. */
struct lun_row {
    char *labels; /* target and lun */
    const struct lun_export *export;
    struct io_totals io;
    bool was_used;
};

struct gathered {
    const struct catalog *catalog;
    struct lun_row *luns;
    size_t lun_count;
    struct sessions sessions;
};

static bool
gather_luns(struct gathered *g)
{
    const struct catalog *catalog = g->catalog;
    char labels[LABELS_MAX], number[16];
    size_t n = 0;

    for (size_t i = 0; i < catalog->target_count; i++)
        n += catalog->targets[i]->lun_count;
    g->luns = calloc(n + 1, sizeof *g->luns);
    if (g->luns == NULL)
        return false;
    for (size_t i = 0; i < catalog->target_count; i++) {
        const struct target *target = catalog->targets[i];

        for (size_t j = 0; j < target->lun_count; j++) {
            struct lun_row *row = &g->luns[g->lun_count];

            row->export = &target->luns[j];
            labels[0] = '\0';
            snprintf(number, sizeof number, "%u", row->export->number);
            metrics_label(labels, sizeof labels, "target", target->name);
            metrics_label(labels, sizeof labels, "lun", number);
            row->labels = strdup(labels);
            if (row->labels == NULL)
                return false;
            export_counters_total(row->export->counters, &row->io);
            row->was_used = row->io.read_ops + row->io.write_ops + row->io.unmap_ops +
                                row->io.flush_ops + row->io.other_ops >
                            0;
            g->lun_count++;
        }
    }
    return true;
}

static void
gathered_free(struct gathered *g)
{
    for (size_t i = 0; i < g->lun_count; i++)
        free(g->luns[i].labels);
    free(g->luns);
    sessions_free(&g->sessions);
}

static void
daemon_families(struct metrics_text *t, const struct dispatch *dispatch)
{
    const json_t *about = json_object_get(schema_document(), "info");
    char labels[LABELS_MAX] = "";

    metrics_family(t, "blockgate_build_info", "gauge", "Version of the running daemon.");
    metrics_label(labels, sizeof labels, "version", PACKAGE_VERSION);
    metrics_label(labels, sizeof labels, "api_version",
                  json_string_value(json_object_get(about, "version")));
    metrics_number(t, labels, 1);
    metrics_family(t, "blockgate_start_time_seconds", "gauge",
                   "Start of the daemon, in seconds since the epoch.");
    metrics_number(t, "", (uint64_t)methods_context()->started);
    metrics_family(t, "blockgate_ready", "gauge",
                   "Whether the configuration is in force and the daemon does not stop.");
    metrics_number(t, "", dispatch_state(dispatch) == RPC_READY ? 1 : 0);
    metrics_family(t, "blockgate_config_revision", "gauge", "Revision of the configuration.");
    metrics_number(t, "", (uint64_t)commit_revision());
}

/* "authentication failed" as a label: "authentication_failed". */
static const char *
login_result(enum login_status status, char *result, size_t size)
{
    snprintf(result, size, "%s", login_status_name(status));
    for (char *p = result; *p != '\0'; p++)
        if (*p == ' ')
            *p = '_';
    return result;
}

static void
login_families(struct metrics_text *t)
{
    const struct session_digest_errors digests = session_digest_errors();
    char result[64];

    metrics_family(t, "blockgate_logins_total", "counter", "Logins that ended, by result.");
    for (unsigned i = 0; i < LOGIN_STATUSES; i++) {
        enum login_status status = login_status_at(i);
        char labels[128] = "";

        metrics_label(labels, sizeof labels, "result",
                      login_result(status, result, sizeof result));
        metrics_number(t, labels, session_logins(status));
    }
    metrics_family(t, "blockgate_digest_errors_total", "counter",
                   "PDUs that came with a wrong digest.");
    metrics_number(t, "kind=\"header\"", digests.header);
    metrics_number(t, "kind=\"data\"", digests.data);
}

static uint64_t
discovery_sessions(const struct sessions *sessions)
{
    uint64_t n = 0;

    for (size_t i = 0; i < sessions->count; i++)
        n += sessions->infos[i].discovery;
    return n;
}

static int
by_target(const void *a, const void *b)
{
    const struct session_info *left = a, *right = b;

    return strcasecmp(left->target, right->target);
}

/* Both are in the order of strcasecmp(), so one walk counts all. */
static void
session_families(struct metrics_text *t, struct gathered *g)
{
    const struct session_info *infos = g->sessions.infos;
    char labels[LABELS_MAX];
    size_t at = 0;

    if (g->sessions.count > 0)
        qsort(g->sessions.infos, g->sessions.count, sizeof *infos, by_target);
    metrics_family(t, "blockgate_sessions", "gauge", "Open sessions.");
    for (size_t i = 0; i < g->catalog->target_count; i++) {
        const char *target = g->catalog->targets[i]->name;
        uint64_t n = 0;

        while (at < g->sessions.count && strcasecmp(infos[at].target, target) < 0)
            at++;
        for (; at < g->sessions.count && strcasecmp(infos[at].target, target) == 0; at++)
            n++;
        labels[0] = '\0';
        metrics_label(labels, sizeof labels, "target", target);
        metrics_number(t, labels, n);
    }
    metrics_family(t, "blockgate_discovery_sessions", "gauge", "Open discovery sessions.");
    metrics_number(t, "", discovery_sessions(&g->sessions));
    /* MaxConnections is 1. */
    metrics_family(t, "blockgate_connections", "gauge",
                   "Connections of sessions that are logged in.");
    metrics_number(t, "", g->sessions.count);
}

/* clang-format off */
static const struct lun_family {
    const char *name, *type, *help;
    size_t member;
} lun_families[] = {
    {"blockgate_lun_read_bytes_total", "counter", "Bytes read by initiators.",
     offsetof(struct io_totals, read_bytes)},
    {"blockgate_lun_written_bytes_total", "counter", "Bytes written by initiators.",
     offsetof(struct io_totals, write_bytes)},
    {"blockgate_lun_unmapped_bytes_total", "counter", "Bytes unmapped by initiators.",
     offsetof(struct io_totals, unmap_bytes)},
    {"blockgate_lun_commands_in_flight", "gauge", "Commands that have begun and not ended.",
     offsetof(struct io_totals, in_flight)},
};

static const struct {
    const char *op;
    size_t member;
} operations[] = {
    {"op=\"read\"",  offsetof(struct io_totals, read_ops)},
    {"op=\"write\"", offsetof(struct io_totals, write_ops)},
    {"op=\"unmap\"", offsetof(struct io_totals, unmap_ops)},
    {"op=\"flush\"", offsetof(struct io_totals, flush_ops)},
    {"op=\"other\"", offsetof(struct io_totals, other_ops)},
};
/* clang-format on */

static uint64_t
member_of(const struct io_totals *io, size_t member)
{
    return *(const uint64_t *)(const void *)((const char *)io + member);
}

/* The labels of ROW and one more, NAME="VALUE" as it stands. */
static const char *
with(const struct lun_row *row, const char *more, char *labels)
{
    snprintf(labels, LABELS_MAX, "%s,%s", row->labels, more);
    return labels;
}

static void
lun_counter_families(struct metrics_text *t, const struct gathered *g)
{
    char labels[LABELS_MAX];

    for (const struct lun_family *f = lun_families;
         f < lun_families + sizeof lun_families / sizeof *lun_families; f++) {
        metrics_family(t, f->name, f->type, f->help);
        for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++)
            metrics_number(t, row->labels, member_of(&row->io, f->member));
    }
    metrics_family(t, "blockgate_lun_commands_total", "counter", "SCSI commands that ended.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++)
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
            metrics_number(t, with(row, operations[i].op, labels),
                           member_of(&row->io, operations[i].member));
}

static void
lun_description_families(struct metrics_text *t, const struct gathered *g)
{
    char labels[LABELS_MAX];

    metrics_family(t, "blockgate_lun_info", "gauge", "What is behind a LUN.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++) {
        snprintf(labels, sizeof labels, "%s", row->labels);
        metrics_label(labels, sizeof labels, "backstore", row->export->backstore->name);
        metrics_label(labels, sizeof labels, "type", row->export->backstore->type);
        metrics_number(t, labels, 1);
    }
    metrics_family(t, "blockgate_lun_size_bytes", "gauge",
                   "Size of a LUN, in bytes; not there while it cannot be opened.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++) {
        const struct lun *lun = row->export->backstore->lun;

        if (lun != NULL && lun->store != NULL)
            metrics_number(t, row->labels, lun_blocks(lun) * lun->block_size);
    }
}

/* Those that tell of trouble with the disk are there from the first command on, with 0: the
 * rate of a series that begins with its first error would not show it. */
#define SENSE_KEYS_SHOWN (1u << 2 | 1u << 3 | 1u << 4 | 1u << 7 | 1u << 11)

/* SPC-4 table 48 */
static const char *const sense_keys[SENSE_KEYS] = {
    "no_sense",       "recovered_error", "not_ready",      "medium_error",
    "hardware_error", "illegal_request", "unit_attention", "data_protect",
    "blank_check",    "vendor_specific", "copy_aborted",   "aborted_command",
    "reserved",       "volume_overflow", "miscompare",     "completed",
};

/* A LUN that had no command has no line. */
static void
lun_failure_families(struct metrics_text *t, const struct gathered *g)
{
    char labels[LABELS_MAX];

    metrics_family(t, "blockgate_lun_errors_total", "counter",
                   "Commands that failed, by sense key; unit attentions are none.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++) {
        struct refusal_totals totals = {0};

        export_counters_refusals(row->export->counters, &totals);
        for (unsigned key = 0; key < SENSE_KEYS; key++) {
            if (totals.by_sense_key[key] == 0 &&
                !(row->was_used && (SENSE_KEYS_SHOWN & (1u << key))))
                continue;
            snprintf(labels, sizeof labels, "%s", row->labels);
            metrics_label(labels, sizeof labels, "sense_key", sense_keys[key]);
            metrics_number(t, labels, totals.by_sense_key[key]);
        }
    }
    metrics_family(t, "blockgate_lun_refused_total", "counter",
                   "Commands that were refused, by status; task_set_full is a full queue.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++) {
        struct refusal_totals totals = {0};

        export_counters_refusals(row->export->counters, &totals);
        if (!row->was_used &&
            totals.task_set_full + totals.busy + totals.reservation_conflict == 0)
            continue;
        metrics_number(t, with(row, "status=\"task_set_full\"", labels), totals.task_set_full);
        metrics_number(t, with(row, "status=\"busy\"", labels), totals.busy);
        metrics_number(t, with(row, "status=\"reservation_conflict\"", labels),
                       totals.reservation_conflict);
    }
}

/* The kinds that there were commands of. */
static void
histograms(struct metrics_text *t, const char *labels, const struct latency_totals *latency)
{
    char each[LABELS_MAX];

    for (unsigned kind = 0; kind < LATENCY_KINDS; kind++) {
        uint64_t commands = 0;

        for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
            commands += latency->counts[kind][i];
        if (commands == 0)
            continue;
        snprintf(each, sizeof each, "%s", labels);
        metrics_label(each, sizeof each, "op", latency_kind_name(kind));
        metrics_histogram(t, each, latency->counts[kind], latency->time_us[kind]);
    }
}

static void
lun_latency_families(struct metrics_text *t, const struct gathered *g)
{
    struct latency_totals all = {0};
    size_t used = 0;

    metrics_family(t, "blockgate_lun_command_duration_seconds", "histogram",
                   "From the arrival of a command to its answer.");
    for (const struct lun_row *row = g->luns; row < g->luns + g->lun_count; row++) {
        struct latency_totals one = {0};

        if (!row->was_used)
            continue;
        export_counters_latency(row->export->counters, &one);
        latency_add(&all, &one);
        if (++used <= METRICS_HISTOGRAM_LUNS_MAX)
            histograms(t, row->labels, &one);
    }
    metrics_family(t, "blockgate_lun_histograms_omitted", "gauge",
                   "LUNs that had commands and have no histogram, since there are too many.");
    metrics_number(t, "",
                   used > METRICS_HISTOGRAM_LUNS_MAX ? used - METRICS_HISTOGRAM_LUNS_MAX : 0);
    metrics_family(t, "blockgate_command_duration_seconds", "histogram",
                   "From the arrival of a command to its answer, of all LUNs there are.");
    histograms(t, "", &all);
}

static void
backstore_families(struct metrics_text *t, const struct catalog *catalog)
{
    char labels[LABELS_MAX];

    metrics_family(t, "blockgate_backstore_up", "gauge",
                   "Whether a backing store is open and serves.");
    for (size_t i = 0; i < catalog->backstore_count; i++) {
        const struct backstore *b = catalog->backstores[i];

        labels[0] = '\0';
        metrics_label(labels, sizeof labels, "backstore", b->name);
        metrics_number(
            t, labels,
            b->error.code == ERROR_NONE && b->lun != NULL && b->lun->store != NULL ? 1 : 0);
    }
    metrics_family(t, "blockgate_backstore_space_short", "gauge",
                   "Whether a thin backing store has less space left than its threshold.");
    for (size_t i = 0; i < catalog->backstore_count; i++) {
        const struct backstore *b = catalog->backstores[i];

        if (b->lun == NULL || b->lun->store == NULL || !lun_counts_space(b->lun))
            continue;
        labels[0] = '\0';
        metrics_label(labels, sizeof labels, "backstore", b->name);
        metrics_number(t, labels,
                       atomic_load(&b->lun->is_short) || atomic_load(&b->lun->has_no_space));
    }
}

static void
portal_families(struct metrics_text *t, const struct catalog *catalog)
{
    char labels[LABELS_MAX], address[128], tag[16];

    metrics_family(t, "blockgate_portal_up", "gauge", "Whether the daemon listens there.");
    for (size_t i = 0; i < catalog->portal_group_count; i++) {
        const struct portal_group *group = catalog->portal_groups[i];

        for (size_t j = 0; j < group->portal_count; j++) {
            const struct portal *p = &group->portals[j];

            snprintf(address, sizeof address,
                     strchr(p->address, ':') != NULL ? "[%s]:%u" : "%s:%u", p->address,
                     p->port);
            snprintf(tag, sizeof tag, "%u", group->tag);
            labels[0] = '\0';
            metrics_label(labels, sizeof labels, "portal_group", tag);
            metrics_label(labels, sizeof labels, "address", address);
            metrics_number(t, labels, methods_portal_listens(p->address, p->port) ? 1 : 0);
        }
    }
}

/* Names that peers chose, one series for each session: only when asked for. */
static void
per_session_families(struct metrics_text *t, const struct sessions *sessions)
{
    static const struct lun_family families[] = {
        {"blockgate_session_read_bytes_total", "counter", "Bytes read in a session.",
         offsetof(struct io_totals, read_bytes)},
        {"blockgate_session_written_bytes_total", "counter", "Bytes written in a session.",
         offsetof(struct io_totals, write_bytes)},
        {"blockgate_session_errors_total", "counter", "Commands that failed in a session.",
         offsetof(struct io_totals, errors)},
        {"blockgate_session_commands_in_flight", "gauge", "Commands of a session not ended.",
         offsetof(struct io_totals, in_flight)},
    };
    char labels[LABELS_MAX];

    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        metrics_family(t, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < sessions->count; i++) {
            const struct session_info *info = &sessions->infos[i];

            labels[0] = '\0';
            metrics_label(labels, sizeof labels, "session", info->id);
            metrics_label(labels, sizeof labels, "target", info->target);
            metrics_label(labels, sizeof labels, "initiator", info->initiator);
            metrics_number(t, labels, member_of(&info->io, families[f].member));
        }
    }
}

static void
add_calls(const char *method, const char *result, uint64_t calls, void *arg)
{
    char labels[LABELS_MAX] = "";

    metrics_label(labels, sizeof labels, "method", method);
    metrics_label(labels, sizeof labels, "result", result);
    metrics_number(arg, labels, calls);
}

static void
rpc_families(struct metrics_text *t, const struct dispatch *dispatch)
{
    const struct dispatch_durations *durations = dispatch_durations(dispatch);

    metrics_family(t, "blockgate_rpc_requests_total", "counter",
                   "Calls of the management API that were answered: ok, or the error.");
    dispatch_visit_calls(dispatch, add_calls, t);
    metrics_family(t, "blockgate_rpc_duration_seconds", "histogram",
                   "From a valid call of the management API to its answer.");
    metrics_histogram(t, "", durations->counts, durations->sum_us);
}

static void
worker_families(struct metrics_text *t)
{
    char labels[64];

    metrics_family(t, "blockgate_worker_busy_seconds_total", "counter",
                   "Time in which a worker had work, in seconds; looking for some is none.");
    for (unsigned i = 0; i < crew_size(); i++) {
        snprintf(labels, sizeof labels, "worker=\"%u\"", i);
        metrics_seconds(t, labels, worker_busy_us(crew_worker(i)));
    }
    metrics_seconds(t, "worker=\"main\"", worker_busy_us(crew_main()));
}

char *
metrics_get(const struct dispatch *dispatch, unsigned options, size_t *length)
{
    struct gathered g = {.catalog = catalog_current()};
    struct metrics_text t;

    metrics_text_init(&t);
    sessions_collect(&g.sessions);
    daemon_families(&t, dispatch);
    if (g.catalog != NULL) {
        t.is_broken = !gather_luns(&g);
        session_families(&t, &g);
        lun_description_families(&t, &g);
        lun_counter_families(&t, &g);
        lun_failure_families(&t, &g);
        lun_latency_families(&t, &g);
        backstore_families(&t, g.catalog);
        portal_families(&t, g.catalog);
    }
    if (options & METRICS_SESSIONS)
        per_session_families(&t, &g.sessions);
    login_families(&t);
    rpc_families(&t, dispatch);
    worker_families(&t);
    metrics_process(&t);
    gathered_free(&g);
    return metrics_text_done(&t, length);
}
