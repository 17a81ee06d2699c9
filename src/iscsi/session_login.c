/* session_login.c: from the first byte to the full feature phase: what login.c cannot know. RFC
 * 7143 section 6.3. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/events.h"
#include "core/iobuf.h"
#include "core/log.h"
#include "core/network.h"
#include "core/worker.h"
#include "iscsi/full_feature.h"
#include "iscsi/login.h"
#include "iscsi/registry.h"
#include "iscsi/registry_private.h"
#include "iscsi/session_private.h"

/* Commands that a discovery session may have open. */
#define DISCOVERY_QUEUE_DEPTH 8

#define TASK_BUCKETS_MAX 256

/* Of all workers, since the start: there is no session to count them in. */
static atomic_uint_fast64_t refused, unauthenticated, by_status[LOGIN_STATUSES];
static atomic_uint_fast64_t header_digest_errors, data_digest_errors;

static void
count_login(enum login_status status)
{
    atomic_fetch_add_explicit(&by_status[login_status_number(status)], 1, memory_order_relaxed);
}

static struct registry_key
key_of(const struct session *s, const struct login *l)
{
    return (struct registry_key){
        .initiator = l->initiator,
        .target = l->target != NULL ? l->target->name : "",
        .isid = l->isid,
        .portal_group = s->peer->portal_group,
        .tsih = l->request.tsih,
    };
}

/* LOGIN embeds no session, but this one. */
struct session_login {
    struct login login; /* first */
    struct session *session;
};

/* On any thread: what has not changed since its login. */
static void
look_at_session(const void *session, void *arg)
{
    const struct session *s = session;

    *(struct login_session *)arg = (struct login_session){.cid = s->cid, .params = s->shown};
}

static bool
find_session(const struct login *l, uint16_t tsih, struct login_session *ret)
{
    const struct session *s = ((const struct session_login *)l)->session;
    const struct registry_key key = key_of(s, l);

    return registry_look(&key, tsih, look_at_session, ret);
}

static bool
begin_login(struct session *s)
{
    struct session_login *l = calloc(1, sizeof *l);
    struct ip_address from;

    if (l == NULL)
        return false;
    l->session = s;
    ip_address_of_socket(s->peer->remote, &from);
    login_init(&l->login, s->peer->portal_group, &from, s->peer->local, find_session);
    s->login = &l->login;
    return true;
}

void
session_login_free(struct session *s)
{
    if (s->login == NULL)
        return;
    login_done(s->login);
    free(s->login);
    s->login = NULL;
}

static void
send(struct session *s, const struct login_response *response)
{
    int error;

    if (s->is_broken)
        return;
    error = response->length > 0 ? pdu_writer_add_copy(&s->writer, response->header,
                                                       response->data, response->length)
                                 : pdu_writer_add(&s->writer, response->header);

    session_queued(s, error);
}

/* The refusal RESPONSE, or where to go instead, goes out, and the connection ends after it. */
static void
send_refusal(struct session *s, const struct login_response *response)
{
    const struct login *l = s->login;

    bool is_redirected = login_is_redirected(l->status);

    log_limited(is_redirected ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "iscsi",
                is_redirected ? "login redirected" : "login refused", "initiator", l->initiator,
                "target", l->target != NULL ? l->target->name : "", "remote", s->peer->remote,
                "status", login_status_name(l->status), "reason",
                l->problem != NULL ? l->problem : "", NULL);
    count_login(l->status);
    atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
    if (l->status == LOGIN_AUTHENTICATION_FAILED || l->status == LOGIN_FORBIDDEN)
        event_post(EVENT_AUTH_FAILED, EVENT_TEXT("initiator", l->initiator),
                   EVENT_TEXT("target", l->target != NULL ? l->target->name : NULL),
                   EVENT_TEXT("remote", s->peer->remote),
                   EVENT_TEXT("status", login_status_name(l->status)));
    if (l->status == LOGIN_AUTHENTICATION_FAILED)
        atomic_fetch_add_explicit(&unauthenticated, 1, memory_order_relaxed);
    send(s, response);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT, NULL);
}

struct session_refusals
session_refusals(void)
{
    return (struct session_refusals){
        atomic_load_explicit(&refused, memory_order_relaxed),
        atomic_load_explicit(&unauthenticated, memory_order_relaxed)};
}

uint64_t
session_logins(enum login_status status)
{
    return atomic_load_explicit(&by_status[login_status_number(status)], memory_order_relaxed);
}

void
session_count_digest_error(bool of_data)
{
    atomic_fetch_add_explicit(of_data ? &data_digest_errors : &header_digest_errors, 1,
                              memory_order_relaxed);
}

struct session_digest_errors
session_digest_errors(void)
{
    return (struct session_digest_errors){
        atomic_load_explicit(&header_digest_errors, memory_order_relaxed),
        atomic_load_explicit(&data_digest_errors, memory_order_relaxed)};
}

void
session_login_refuse(struct session *s, const uint8_t *header, unsigned status)
{
    struct login_response response;

    if (s->login == NULL && !begin_login(s)) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
        return;
    }
    login_refuse(s->login, header, (enum login_status)status, &response);
    send_refusal(s, &response);
}

static void
describe(const void *session, struct session_info *info)
{
    static const char *const states[] = {"login", "login", "full_feature", "logout", "closing"};
    const struct session *s = session;
    uint8_t state = atomic_load(&s->state); /* as an index, gcc 12 would read it plainly */

    snprintf(info->target, sizeof info->target, "%s", s->target_name);
    snprintf(info->initiator, sizeof info->initiator, "%s", s->initiator);
    snprintf(info->initiator_alias, sizeof info->initiator_alias, "%s", s->initiator_alias);
    memcpy(info->remote, s->peer->remote, sizeof info->remote);
    memcpy(info->local, s->peer->local, sizeof info->local);
    info->isid = s->isid;
    info->cid = s->cid;
    info->portal_group = s->peer->portal_group;
    info->since = s->since;
    info->discovery = s->is_discovery;
    info->auth = s->auth;
    info->state = states[state];
    info->header_digest = s->shown.header_digest;
    info->data_digest = s->shown.data_digest;
    info->max_recv_data_segment_length = s->shown.max_recv_data_segment_length;
    info->max_send_data_segment_length = s->shown_max_send;
    info->max_burst_length = s->shown.max_burst_length;
    info->first_burst_length = s->shown.first_burst_length;
    info->max_outstanding_r2t = (uint16_t)s->shown.max_outstanding_r2t;
    info->initial_r2t = s->shown.initial_r2t;
    info->immediate_data = s->shown.immediate_data;
    io_counters_sum(&s->counters, 1, &info->io);
    latency_sum(&s->counters, 1, &info->latency);
}

/* Section 11.9.1: by an Async Message. What follows at the deadline is in session_tick(). */
static void
ask_to_log_out(struct session *s, uint32_t timeout_ms)
{
    uint32_t seconds = (timeout_ms + 999) / 1000;
    const struct pdu_async_message p = {
        .event = ASYNC_LOGOUT_REQUESTED,
        .parameter3 = (uint16_t)(seconds > UINT16_MAX ? UINT16_MAX : seconds)};

    session_log(s, "session asked to log out", "asked to by the management");
    session_async(s, &p);
    /* now_ms may be the last tick's, a second ago: rather a little later than too early. */
    s->log_out_by_ms = s->now_ms + timeout_ms + 1000;
}

/* Management or a new login of the same initiator wants it to go. */
static void
asked_to_close(void *session, const struct registry_close_how *how)
{
    struct session *s = session;

    if (s->end != SESSION_OPEN)
        return;
    if (how->replaced)
        session_close(s, SESSION_CLOSE_NOW, "replaced by a new login");
    else if (s->state < STATE_FULL_FEATURE)
        session_close(s, SESSION_CLOSE_NOW, "asked to by the management");
    else if (!how->logout)
        session_drop(s, ASYNC_SESSION_DROPPED, "asked to by the management");
    else if (s->state == STATE_FULL_FEATURE)
        ask_to_log_out(s, how->timeout_ms);
    /* else it has begun to, and is given the time that its commands need */
}

/* What SCSI may ask of us. */
static const struct scsi_transport transport = {.abort = sweep_for_scsi};

/* Whether TARGET still may be used as it could when the login began. */
static bool
may_use(const struct session *s, const struct target *target)
{
    return target != NULL && target->enabled &&
           target_has_portal_group(target, s->peer->portal_group) &&
           session_access(s, target) != NULL;
}

/* Its nexuses and its place for tasks, by today's catalog. */
static enum login_status
attach_target(struct session *s)
{
    struct target *target = catalog_target(catalog_current(), s->target_name);
    unsigned buckets = 1;

    if (!may_use(s, target))
        return LOGIN_TARGET_REMOVED;
    while (buckets < target->parameters.queue_depth && buckets < TASK_BUCKETS_MAX)
        buckets *= 2;
    s->task_buckets = calloc(buckets, sizeof *s->task_buckets);
    s->task_bucket_mask = buckets - 1;
    s->it_nexus = (struct it_nexus){
        .initiator_name = s->initiator,
        .initiator_port = s->initiator_port,
        .target_name = s->target_name,
        .target_port = s->target_port,
        .target_port_group = s->peer->portal_group,
        .transport = &transport,
        .counters = &s->counters,
    };
    if (s->task_buckets == NULL ||
        session_luns_install(s, target, session_access(s, target)) < 0)
        return LOGIN_OUT_OF_RESOURCES;
    s->target = target_ref(target);
    return LOGIN_SUCCESS;
}

/* The last response has been queued: what was negotiated holds from here on. */
static void
enter_full_feature(struct session *s, uint16_t queue_depth)
{
    const struct params *params;

    s->negotiation = s->login->negotiation;
    if (s->target != NULL)
        s->negotiation.ours = s->target->parameters;
    params = &s->negotiation.params;
    window_init(&s->window, s->login->exp_cmdsn, s->login->statsn, queue_depth);
    pdu_writer_set_digests(&s->writer, params->header_digest, params->data_digest);
    pdu_reader_configure(&s->reader, params->header_digest, params->data_digest,
                         params->max_recv_data_segment_length);
    session_login_free(s);
    s->state = STATE_FULL_FEATURE;
    count_login(LOGIN_SUCCESS);
    session_log(s, "login", s->is_discovery ? "discovery" : "normal");
}

/* Nothing stands in the way of the session any more. */
static void
granted(void *session)
{
    struct session *s = session;
    struct login_response response;
    enum login_status status;
    uint16_t queue_depth;

    if (s->end != SESSION_OPEN)
        return;
    status = s->is_discovery ? LOGIN_SUCCESS : attach_target(s);
    if (status == LOGIN_SUCCESS && !login_is_authenticated(s->login, catalog_current()))
        status = LOGIN_AUTHENTICATION_FAILED;
    if (session_worker_here()->is_stopping)
        status = LOGIN_SERVICE_UNAVAILABLE;
    if (status != LOGIN_SUCCESS) {
        session_login_refuse(s, NULL, status);
        return;
    }
    queue_depth = s->target != NULL ? s->target->parameters.queue_depth : DISCOVERY_QUEUE_DEPTH;
    if (queue_depth == 0)
        queue_depth = 1;
    login_accept(s->login, s->entry->tsih, queue_depth, &response);
    send(s, &response);
    if (session_is_open(s))
        enter_full_feature(s, queue_depth);
}

static const struct registry_ops registry_ops = {describe, asked_to_close, granted};

static char *
format_port(const char *name, const char *rest)
{
    char *text = NULL;

    return asprintf(&text, "%s,%s", name, rest) < 0 ? NULL : text;
}

/* Copies what outlives the login: names, and RFC 7143 section 4.4.3's names of the ports. */
static bool
remember_names(struct session *s)
{
    const struct login *l = s->login;
    char initiator_part[32], target_part[16];

    snprintf(initiator_part, sizeof initiator_part, "i,0x%012llx", (unsigned long long)l->isid);
    snprintf(target_part, sizeof target_part, "t,0x%04x", s->peer->portal_group);
    s->is_discovery = l->is_discovery;
    s->auth = login_auth_name(&l->auth);
    s->isid = l->isid;
    s->cid = l->cid;
    s->since = time(NULL);
    s->shown = l->negotiation.params;
    s->shown_max_send = s->shown.max_send_data_segment_length;
    s->initiator = strdup(l->initiator);
    s->initiator_alias = strdup(l->initiator_alias);
    s->initiator_port = format_port(l->initiator, initiator_part);
    s->target_name = strdup(l->target != NULL ? l->target->name : "");
    s->target_port = format_port(l->target != NULL ? l->target->name : "", target_part);
    return s->initiator != NULL && s->initiator_alias != NULL && s->initiator_port != NULL &&
           s->target_name != NULL && s->target_port != NULL;
}

/* The two sides agree. Before the last response an older session of the same initiator port has
 * to end (section 6.3.5). */
static void
login_ready(struct session *s)
{
    struct registry_key key;
    bool waits = false;

    if (!remember_names(s)) {
        session_login_refuse(s, NULL, LOGIN_OUT_OF_RESOURCES);
        return;
    }
    key = key_of(s, s->login);
    key.initiator = s->initiator; /* these live as long as the entry */
    key.target = s->target_name;
    s->entry = registry_enter(&key, &registry_ops, s, &waits);
    if (s->entry == NULL) {
        session_login_refuse(s, NULL,
                             key.tsih != 0 ? LOGIN_NO_SUCH_SESSION : LOGIN_OUT_OF_RESOURCES);
        return;
    }
    s->state = STATE_REPLACING;
    if (!waits)
        granted(s);
}

void
session_login_header(struct session *s)
{
    uint32_t length = (uint32_t)pdu_data_length(s->reader.header);
    struct iobuf *buf = NULL;

    s->incoming = (struct incoming){0};
    if (length == 0)
        return;
    buf = iobuf_new(length);
    if (buf == NULL) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
        return;
    }
    incoming_goes_to(s, buf, 0, length);
    pdu_reader_data_goes_to(&s->reader, buf->data, length);
    iobuf_unref(buf);
}

void
session_login_pdu(struct session *s)
{
    const uint8_t *header = s->reader.header;
    const void *data = s->incoming.data != NULL ? s->incoming.data->data : NULL;
    struct login_response response;
    enum login_verdict verdict;

    if (s->login == NULL && !begin_login(s)) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
        return;
    }
    if (session_worker_here()->is_stopping) {
        session_login_refuse(s, header, LOGIN_SERVICE_UNAVAILABLE);
        incoming_done(s);
        return;
    }
    verdict = login_request(s->login, catalog_current(), header, data, pdu_data_length(header),
                            &response);
    switch (verdict) {
    case LOGIN_CONTINUE:
        send(s, &response);
        break;
    case LOGIN_REFUSED:
        send_refusal(s, &response);
        break;
    case LOGIN_READY:
        login_ready(s);
        break;
    }
    incoming_done(s);
}
