/* main.c: start order, signals, orderly stop. */
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "catalog/commit.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "config.h"
#include "core/crew.h"
#include "core/error.h"
#include "core/events.h"
#include "core/log.h"
#include "core/pool.h"
#include "iscsi/buffers.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "net/conn.h"
#include "net/portal.h"
#include "options.h"
#include "rpc/rpc.h"
#include "scsi/sanitize.h"
#include "service.h"
#include "store/store.h"

/* Helper threads that stores share for blocking I/O; one store has half of them at most. */
#define IO_HELPERS 64
/* A stop waits so long for a change that is at work, for initiators to leave, and in all. */
#define CHANGE_STOP_SECONDS 10
#define SESSION_STOP_MS     5000
#define STOP_SECONDS        30

/* The daemon itself: there is one, and signal handlers and callbacks of the start and the stop
 * must find it. */
static struct {
    struct options options;
    struct event *on_terminate, *on_interrupt, *on_hangup;
    struct event *stop_timeout, *change_timeout, *rpc_wait;
    struct broadcast start_broadcast, stop_broadcast;
    bool is_starting; /* until every worker has what its stores need */
    bool has_booted;
    bool is_stopping;
    bool changes_have_ended; /* or are not waited for any longer */
    int exit_status;
} daemon_state;

/* --- what commits need of the upper layers --- */

struct session_visit {
    void (*visit)(const struct session_summary *session, void *arg);
    void *arg;
};

static void
summarize_session(const struct session_info *info, void *arg)
{
    struct session_visit *v = arg;
    struct session_summary summary = {
        .id = info->id,
        .target = info->target,
        .initiator = info->initiator,
        .remote = info->remote,
    };

    if (!info->discovery)
        v->visit(&summary, v->arg);
}

static void
visit_sessions(void (*visit)(const struct session_summary *session, void *arg), void *arg)
{
    struct session_visit v = {visit, arg};

    registry_visit(summarize_session, &v);
}

static const struct commit_hooks hooks = {
    .portals_prepare = portals_prepare,
    .portals_abandon = portals_abandon,
    .portals_switch = portals_switch,
    .sessions_visit = visit_sessions,
};

/* --- stop: listeners, changes, sessions, answers, workers --- */

/* No command and no sanitize operation is left on this worker. */
static void
worker_is_idle(void *arg)
{
    store_worker_stop(worker_current());
    broadcast_answer(arg);
}

static void
end_worker(struct broadcast_part *part, struct worker *w)
{
    (void)w;
    conns_worker_end();
    sanitize_worker_stop(worker_is_idle, part);
}

static void
workers_ended(struct broadcast *b)
{
    (void)b;
    worker_stop(crew_main());
}

/* The last answers are on their way; workers can go when they have left. */
static void
wait_for_answers(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval soon = {.tv_usec = 10000};

    (void)fd, (void)what, (void)arg;
    if (rpc_calls_open() > 0) {
        event_add(daemon_state.rpc_wait, &soon);
        return;
    }
    daemon_state.stop_broadcast.work = end_worker;
    daemon_state.stop_broadcast.done = workers_ended;
    broadcast_start(&daemon_state.stop_broadcast);
}

static void
sessions_ended(struct broadcast *b)
{
    (void)b;
    log_info("main", "all sessions have ended", NULL);
    wait_for_answers(-1, 0, NULL);
}

static void
worker_drained(void *arg)
{
    broadcast_answer(arg);
}

static void
stop_sessions(struct broadcast_part *part, struct worker *w)
{
    (void)w;
    conns_stop(SESSION_STOP_MS, worker_drained, part);
}

static void
portals_ended(void *arg)
{
    (void)arg;
    daemon_state.stop_broadcast.work = stop_sessions;
    daemon_state.stop_broadcast.done = sessions_ended;
    broadcast_start(&daemon_state.stop_broadcast);
}

/* No change is at work that could open a portal again. */
static void
end_portals(void)
{
    if (daemon_state.changes_have_ended)
        return;
    daemon_state.changes_have_ended = true;
    portals_close(portals_ended, NULL);
}

static void
changes_ended(void *arg)
{
    (void)arg;
    end_portals();
}

static void
change_takes_too_long(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    if (daemon_state.changes_have_ended)
        return;
    log_warning("main", "a change does not end: sessions are stopped without it", NULL);
    end_portals();
}

static void
stop_takes_too_long(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    log_error(
        "main",
        "a change or commands do not come back from their backing stores: leaving without them",
        "seconds", log_number(STOP_SECONDS), NULL);
    _exit(EXIT_FAILURE);
}

static void
stop_changes(void)
{
    static const struct timeval limit = {.tv_sec = CHANGE_STOP_SECONDS};

    event_add(daemon_state.change_timeout, &limit);
    commit_drain(changes_ended, NULL);
}

/* While workers are starting there is nothing to stop yet: stores_started() goes on from here.
 */
static void
stop(void)
{
    static const struct timeval limit = {.tv_sec = STOP_SECONDS};

    daemon_state.is_stopping = true;
    service_stopping();
    event_add(daemon_state.stop_timeout, &limit);
    portals_turn_away();
    rpc_set_state(RPC_STOPPING);
    rpc_close_listeners();
    if (!daemon_state.is_starting)
        stop_changes();
}

static void
terminate(evutil_socket_t number, short what, void *arg)
{
    (void)what, (void)arg;
    if (daemon_state.is_stopping) {
        log_warning("main", "stopping already; send SIGKILL to leave at once", NULL);
        return;
    }
    event_post(EVENT_DAEMON_STOPPING,
               EVENT_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
    log_info("main", "stopping", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
    stop();
}

static void
hang_up(evutil_socket_t number, short what, void *arg)
{
    (void)number, (void)what, (void)arg;
    if (daemon_state.options.config_file == NULL)
        log_info("main", "SIGHUP changes nothing: the API changes the configuration", NULL);
    else if (!daemon_state.has_booted || daemon_state.is_stopping)
        log_info("main", "SIGHUP changes nothing: the daemon is starting or stopping", NULL);
    else
        commit_reload();
}

/* --- start: stores' worker parts, configuration, portals --- */

static void
fail_start(const char *why)
{
    log_error("main", "cannot start", "error", why, NULL);
    daemon_state.exit_status = EXIT_FAILURE;
    if (!daemon_state.is_stopping)
        stop();
}

static void
booted(const struct error *err, void *arg)
{
    (void)arg;
    if (daemon_state.is_stopping)
        return;
    if (err->code != ERROR_NONE) {
        fail_start(err->message);
        return;
    }
    daemon_state.has_booted = true;
    malloc_trim(0); /* reading the schemas took more than what is kept of them */
    rpc_set_state(RPC_READY);
    service_ready();
    event_post(EVENT_DAEMON_READY, EVENT_TEXT("version", PACKAGE_VERSION));
    log_info("main", "ready", "version", PACKAGE_VERSION, "workers", log_number(crew_size()),
             "api", daemon_state.options.api.socket, "revision", log_number(commit_revision()),
             NULL);
}

/* Why a worker's stores could not start; the text is the part's until the broadcast is done. */
static void
start_stores(struct broadcast_part *part, struct worker *w)
{
    struct error err;

    if (store_worker_start(w, &err) < 0)
        part->state = strdup(err.message);
    broadcast_answer(part);
}

static void
stores_started(struct broadcast *b)
{
    bool was_told_to_stop = daemon_state.is_stopping;

    daemon_state.is_starting = false;
    for (unsigned i = 0; i < crew_size(); i++) {
        if (b->parts[i].state != NULL)
            fail_start(b->parts[i].state);
        free(b->parts[i].state);
    }
    if (was_told_to_stop)
        stop_changes();
    else if (!daemon_state.is_stopping)
        commit_boot(booted, NULL);
}

static void
begin(struct message *m, struct worker *w)
{
    (void)m, (void)w;
    daemon_state.start_broadcast.work = start_stores;
    daemon_state.start_broadcast.done = stores_started;
    broadcast_start(&daemon_state.start_broadcast);
}

static int
watch_signals(void)
{
    struct event_base *base = worker_base(crew_main());

    daemon_state.on_terminate = evsignal_new(base, SIGTERM, terminate, NULL);
    daemon_state.on_interrupt = evsignal_new(base, SIGINT, terminate, NULL);
    daemon_state.on_hangup = evsignal_new(base, SIGHUP, hang_up, NULL);
    daemon_state.stop_timeout = event_new(base, -1, 0, stop_takes_too_long, NULL);
    daemon_state.change_timeout = event_new(base, -1, 0, change_takes_too_long, NULL);
    daemon_state.rpc_wait = event_new(base, -1, 0, wait_for_answers, NULL);
    if (daemon_state.on_terminate == NULL || daemon_state.on_interrupt == NULL ||
        daemon_state.on_hangup == NULL || daemon_state.stop_timeout == NULL ||
        daemon_state.change_timeout == NULL || daemon_state.rpc_wait == NULL)
        return -1;
    return event_add(daemon_state.on_terminate, NULL) == 0 &&
                   event_add(daemon_state.on_interrupt, NULL) == 0 &&
                   event_add(daemon_state.on_hangup, NULL) == 0
               ? 0
               : -1;
}

static void
forget_signals(void)
{
    struct event *events[] = {daemon_state.on_terminate,   daemon_state.on_interrupt,
                              daemon_state.on_hangup,      daemon_state.stop_timeout,
                              daemon_state.change_timeout, daemon_state.rpc_wait};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL)
            event_free(events[i]);
}

/* Workers take no signals; main's event loop does. A thousand sessions need a thousand
 * descriptors. */
static void
prepare_process(void)
{
    struct rlimit files;

    signal(SIGPIPE, SIG_IGN); /* a peer that has left is an error of send() */
    signal(SIGXFSZ, SIG_IGN); /* and a file over its limit one of write() */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int
start_workers(void)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    error = crew_start();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static int
print_openrpc(void)
{
    json_t *document = schema_published();
    int failed = document == NULL || json_dumpf(document, stdout, JSON_INDENT(2)) < 0 ||
                 putchar('\n') == EOF;

    json_decref(document);
    return failed || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
complain(const char *why)
{
    fprintf(stderr, "blockgated: %s\n", why);
    return EXIT_FAILURE;
}

/* Runs until the stop is complete. */
static int
serve(struct pool *io_pool, struct error *err)
{
    const struct options *o = &daemon_state.options;
    const struct commit_setup setup = {
        .state_dir = o->state_dir,
        .config_file = o->config_file,
        .portals = o->portals,
        .portal_count = o->portal_count,
        .use_last_good = o->recover,
        .hooks = &hooks,
    };
    const struct rpc_setup rpc = {
        .socket_path = o->api.socket,
        .socket_group = o->api.socket_group,
        .reader_path = o->api.reader_socket,
        .reader_group = o->api.reader_group,
        .started = time(NULL),
        .portal_listening = portal_is_listening,
    };
    struct message start = {.run = begin};
    int error;

    store_layer_start(io_pool);
    buffers_limit((uint64_t)o->buffers_mib << 20, o->workers);
    workers_busy_poll(o->busy_poll_us);
    catalog_on_install(sessions_catalog_installed);
    if (commit_open(&setup, err) < 0)
        return -1;
    if (watch_signals() < 0 || service_watch() < 0)
        return error_set(err, ERROR_INTERNAL, "cannot watch signals and time");
    if (rpc_start(&rpc, err) < 0)
        return -1;
    error = start_workers();
    if (error < 0)
        return error_set(err, ERROR_INTERNAL, "cannot start threads: %s", strerror(-error));
    daemon_state.is_starting = true;
    worker_post(crew_main(), &start);
    worker_run(crew_main());
    alarm(
        STOP_SECONDS); /* closing what hangs must not keep the process: no loop runs any more */
    worker_enter(crew_main()); /* what is freed from here on asks whose thread this is */
    crew_stop();
    return 0;
}

int
main(int argc, char **argv)
{
    struct pool *io_pool;
    struct error err;
    int failed;

    options_parse(&daemon_state.options, argc, argv);
    service_open();
    prepare_process();
    if (schema_load(&err) < 0)
        return complain(err.message);
    if (daemon_state.options.print_openrpc) {
        failed = print_openrpc();
        schema_unload();
        return failed;
    }
    io_pool = pool_new("io", IO_HELPERS);
    if (io_pool == NULL || crew_new(daemon_state.options.workers) < 0) {
        pool_free(io_pool);
        return complain("out of memory or file descriptors for the workers");
    }
    worker_enter(crew_main());
    failed = serve(io_pool, &err);
    rpc_stop();
    portals_free();
    commit_close();
    catalog_publish_shutdown();
    pool_free(io_pool);
    forget_signals();
    service_close();
    crew_free();
    schema_unload();
    if (failed < 0)
        return complain(err.message);
    if (daemon_state.exit_status == EXIT_SUCCESS)
        log_info("main", "stopped", NULL);
    return daemon_state.exit_status;
}
