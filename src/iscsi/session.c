/* session.c: bytes in and out, beginning and end, and time. */
#include "iscsi/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "core/iobuf.h"
#include "core/log.h"
#include "core/worker.h"
#include "iscsi/full_feature.h"
#include "iscsi/login.h"
#include "iscsi/registry_private.h"
#include "iscsi/session_private.h"
#include "iscsi/task.h"
#include "iscsi/text_request.h"

/* Each worker's own row; the I/O workers and main, which has none but asks. */
static struct session_worker session_workers[WORKERS_MAX + 1];

struct session_worker *
session_worker_here(void)
{
    return &session_workers[worker_id(worker_current())];
}

unsigned
session_count(void)
{
    return session_worker_here()->count;
}

struct session *
session_new(const struct session_peer *peer, uint64_t now_ms, void (*wake)(void *arg),
            void *arg)
{
    struct session_worker *here = session_worker_here();
    struct session *s = aligned_alloc(_Alignof(struct session), sizeof *s);

    if (s == NULL)
        return NULL;
    *s = (struct session){.worker = worker_current(),
                          .pins = 1, /* the connection's */
                          .wake = wake,
                          .wake_arg = arg,
                          .end = SESSION_OPEN,
                          .state = STATE_LOGIN,
                          .now_ms = now_ms,
                          .born_ms = now_ms,
                          .heard_ms = now_ms,
                          .next_tag = 1,
                          .peer = malloc(sizeof *s->peer)};
    if (s->peer == NULL) {
        free(s);
        return NULL;
    }
    *s->peer = *peer;
    LIST_INIT(&s->tasks);
    pdu_reader_init(&s->reader, LOGIN_DATA_MAX);
    pdu_writer_init(&s->writer);
    LIST_INSERT_HEAD(&here->sessions, s, link);
    here->count++;
    if (here->is_stopping) { /* accepted just before the portals closed */
        s->is_stopping = true;
        s->close_at_ms = now_ms + SESSION_STOP_LOGIN_TIMEOUT_MS;
    }
    return s;
}

static void
session_free(struct session *s)
{
    struct session_worker *here = session_worker_here();

    assert(s->task_count == 0 && s->management_count == 0 && s->counted_bytes == 0);
    registry_leave(s->entry);
    LIST_REMOVE(s, link);
    here->count--;
    incoming_done(s);
    session_login_free(s);
    text_exchange_drop(s);
    held_done(&s->held);
    pdu_writer_done(&s->writer);
    session_luns_done(s);
    target_unref(s->target);
    free(s->task_buckets);
    free(s->initiator);
    free(s->initiator_alias);
    free(s->initiator_port);
    free(s->target_name);
    free(s->target_port);
    free(s->peer);
    io_counters_done(&s->counters, 1);
    free(s);
}

void
session_pin(struct session *s)
{
    s->pins++;
}

void
session_unpin(struct session *s)
{
    assert(s->pins > 0);
    if (--s->pins == 0)
        session_free(s);
}

void
session_wake(struct session *s)
{
    if (s->wake != NULL)
        s->wake(s->wake_arg);
}

void
session_log(const struct session *s, const char *message, const char *reason)
{
    log_limited(LOG_LEVEL_INFO, "iscsi", message, "initiator",
                s->initiator != NULL ? s->initiator : "", "target",
                s->target_name != NULL ? s->target_name : "", "remote", s->peer->remote,
                "reason", reason, NULL);
}

/* The end. */

/* Others may wait for it in the registry: a session without tasks that is ending has ended. */
static void
leave_registry(struct session *s)
{
    if (s->end == SESSION_OPEN || s->task_count > 0)
        return;
    registry_leave(s->entry);
    s->entry = NULL;
}

static void
abort_all(struct session *s)
{
    struct task *t, *next;

    /* What is dormant goes first, so that nothing of it begins when others end. */
    for (int turn = 0; turn < 2; turn++)
        for (t = LIST_FIRST(&s->tasks); t != NULL; t = next) {
            next = LIST_NEXT(t, link);
            if (turn == 1 || t->state == TASK_DORMANT)
                task_abort(t);
        }
}

void
session_close(struct session *s, enum session_end end, const char *reason)
{
    if (s->end == SESSION_CLOSE_NOW || s->end == end)
        return;
    if (s->end == SESSION_OPEN && reason != NULL)
        session_log(s, s->entry != NULL ? "session closed" : "connection closed", reason);
    s->end = end;
    s->state = STATE_CLOSING;
    s->close_at_ms = s->now_ms + SESSION_CLOSE_TIMEOUT_MS;

    session_pin(s);
    pdu_reader_drop_data(&s->reader);
    incoming_done(s);
    held_done(&s->held);
    abort_all(s);
    leave_registry(s);
    session_wake(s);
    session_unpin(s);
}

void
session_disconnected(struct session *s)
{
    assert(worker_is_current(s->worker));
    s->wake = NULL;
    session_close(s, SESSION_CLOSE_NOW, s->is_broken ? "out of memory" : "connection lost");
    pdu_writer_done(&s->writer); /* what cannot be sent need not wait for the last task */
    pdu_writer_init(&s->writer);
    buffers_recount(s);
    session_unpin(s);
}

void
session_drop(struct session *s, enum async_event event, const char *reason)
{
    const struct pdu_async_message p = {
        .event = (uint8_t)event,
        .parameter1 = event == ASYNC_CONNECTION_DROPPED ? s->cid : 0,
        .parameter2 = (uint16_t)s->negotiation.params.default_time2wait,
        .parameter3 = TIME2RETAIN,
    };

    session_async(s, &p);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT, reason);
}

static void
end_stopped(struct session *s)
{
    session_drop(s, ASYNC_SESSION_DROPPED, "daemon stops");
}

void
session_task_ended(struct session *s)
{
    if (s->task_count > 0)
        return;
    leave_registry(s);
    if (s->is_stopping && s->end == SESSION_OPEN)
        end_stopped(s);
}

/* Who is at the login gets an answer (session_login.c): an initiator whose connection just ends
 * may take the target for a working one, and try for ever. */
static void
stop_session(struct session *s)
{
    bool is_in = s->state == STATE_FULL_FEATURE || s->state == STATE_LOGOUT;

    s->is_stopping = true;
    s->close_at_ms =
        s->now_ms + (is_in ? SESSION_CLOSE_TIMEOUT_MS : SESSION_STOP_LOGIN_TIMEOUT_MS);
    if (is_in && s->task_count == 0)
        end_stopped(s);
}

void
sessions_stop(void)
{
    struct session_worker *here = session_worker_here();
    struct session *s, *next;

    here->is_stopping = true;
    for (s = LIST_FIRST(&here->sessions); s != NULL; s = next) {
        next = LIST_NEXT(s, link);
        if (s->end != SESSION_OPEN)
            continue;
        stop_session(s);
    }
}

/* Bytes in. */

static void
take_event(struct session *s, enum pdu_reader_event event)
{
    bool is_login = s->state == STATE_LOGIN;

    switch (event) {
    case READER_MORE:
        break;
    case READER_HEADER:
        if (is_login)
            session_login_header(s);
        else
            full_feature_header(s);
        break;
    case READER_PDU:
    case READER_BAD_DATA: /* there are no digests in a login */
        if (is_login)
            session_login_pdu(s);
        else
            full_feature_pdu(s, event == READER_PDU);
        break;
    case READER_BAD_HEADER: /* section 7.8: where the next PDU begins is anybody's guess */
        session_count_digest_error(false);
        session_close(s, SESSION_CLOSE_NOW, "header digest error");
        break;
    case READER_TOO_LONG:
        if (is_login)
            session_login_refuse(s, s->reader.header, LOGIN_INITIATOR_ERROR);
        else
            full_feature_too_long(s);
        break;
    }
    /* Between two reads nobody looks whether the output is full. */
    if (pdu_writer_queued(&s->writer) > SESSION_OUTPUT_MAX)
        session_close(s, SESSION_CLOSE_NOW, "more answers than the peer may leave untaken");
}

/* Whether bytes that come are looked at. */
static bool
takes_bytes(struct session *s)
{
    if (s->state == STATE_REPLACING && s->end == SESSION_OPEN)
        session_close(s, SESSION_CLOSE_NOW, "request before the login was answered");
    return session_is_open(s) && s->state != STATE_LOGOUT;
}

size_t
session_direct_space(struct session *s, void **space)
{
    return takes_bytes(s) ? pdu_reader_direct_space(&s->reader, space) : 0;
}

void
session_direct_filled(struct session *s, size_t n)
{
    assert(worker_is_current(s->worker));
    s->was_heard = true;
    if (n > 0 && takes_bytes(s))
        take_event(s, pdu_reader_direct_filled(&s->reader, n));
}

void
session_feed(struct session *s, const uint8_t *bytes, size_t n)
{
    enum pdu_reader_event event;

    assert(worker_is_current(s->worker));
    s->was_heard = true;
    while (n > 0 && takes_bytes(s)) {
        event = pdu_reader_feed(&s->reader, &bytes, &n);
        /* A PDU that ends with these bytes is told when there are none left. */
        while (event != READER_MORE && session_is_open(s)) {
            take_event(s, event);
            if (s->state == STATE_LOGOUT || s->state == STATE_REPLACING)
                break;
            if (session_is_open(s))
                event = pdu_reader_feed(&s->reader, &bytes, &n);
        }
    }
}

bool
session_wants_input(const struct session *s)
{
    return session_is_open(s) && s->state != STATE_REPLACING && s->state != STATE_LOGOUT &&
           !session_output_is_full(s);
}

bool
session_output_is_full(const struct session *s)
{
    return pdu_writer_queued(&s->writer) >= SESSION_OUTPUT_FULL;
}

/* Bytes out. */

int
session_output(struct session *s, struct iovec *iov, int max)
{
    return pdu_writer_iovecs(&s->writer, iov, max);
}

void
session_output_sent(struct session *s, size_t n)
{
    pdu_writer_sent(&s->writer, n);
    buffers_recount(s);
    /* Who takes much output bit by bit lives, though its answers wait behind it. That the last
     * of it has left, a ping perhaps, shows only that the socket had room. */
    if (pdu_writer_queued(&s->writer) > 0)
        s->was_heard = true;
}

enum session_end
session_end_state(const struct session *s)
{
    return s->is_broken ? SESSION_CLOSE_NOW : s->end;
}

bool
session_has_logged_out(const struct session *s)
{
    return s->has_logged_out;
}

bool
session_is_open(const struct session *s)
{
    return s->end == SESSION_OPEN && !s->is_broken;
}

void
session_queued(struct session *s, int error)
{
    buffers_recount(s);
    if (error < 0)
        s->is_broken = true;
    session_wake(s);
}

uint32_t
session_new_tag(struct session *s)
{
    if (s->next_tag == PDU_NO_TAG)
        s->next_tag = 1;
    return s->next_tag++;
}

static void
queue(struct session *s, uint8_t *header, uint32_t stat_sn, struct iobuf *buf, size_t offset,
      size_t length)
{
    int error;

    if (s->is_broken)
        return;
    pdu_put_numbers(header, stat_sn, s->window.exp_cmd_sn, s->window.max_cmd_sn);
    if (length > 0)
        error = pdu_writer_add_iobuf(&s->writer, header, buf, offset, length);
    else
        error = pdu_writer_add(&s->writer, header);
    session_queued(s, error);
}

void
session_answer_iobuf(struct session *s, uint8_t *header, struct iobuf *buf, size_t offset,
                     size_t length)
{
    queue(s, header, window_next_stat_sn(&s->window), buf, offset, length);
}

void
session_send_data_in(struct session *s, uint8_t *header, struct iobuf *buf, size_t offset,
                     size_t length)
{
    queue(s, header, 0, buf, offset, length);
}

void
session_send(struct session *s, uint8_t *header)
{
    queue(s, header, s->window.stat_sn, NULL, 0, 0);
}

void
session_answer(struct session *s, uint8_t *header, const void *data, size_t length)
{
    if (length == 0) {
        session_answer_iobuf(s, header, NULL, 0, 0);
        return;
    }
    if (s->is_broken)
        return;
    pdu_put_numbers(header, window_next_stat_sn(&s->window), s->window.exp_cmd_sn,
                    s->window.max_cmd_sn);
    session_queued(s, pdu_writer_add_copy(&s->writer, header, data, length));
}

/* Section 11.17. */
void
session_reject(struct session *s, const uint8_t *header, uint8_t reason)
{
    const struct pdu_reject p = {.reason = reason};
    uint8_t out[PDU_HEADER_SIZE];

    log_limited(LOG_LEVEL_INFO, "iscsi", "PDU rejected", "initiator", s->initiator, "remote",
                s->peer->remote, "pdu", pdu_name(header), "reason", log_number(reason), NULL);
    pdu_reject_put(out, &p);
    session_answer(s, out, header, PDU_HEADER_SIZE);
}

/* Section 11.9. */
void
session_async(struct session *s, const struct pdu_async_message *p)
{
    uint8_t out[PDU_HEADER_SIZE];

    pdu_async_message_put(out, p);
    session_answer(s, out, NULL, 0);
}

/* Time. */

/* Section 11.19: a NOP-In that wants an answer. */
static void
ping(struct session *s)
{
    const struct pdu_nop_in p = {.task_tag = PDU_NO_TAG, .transfer_tag = session_new_tag(s)};
    uint8_t header[PDU_HEADER_SIZE];

    pdu_nop_in_put(header, &p);
    session_send(s, header);
    s->pinged_ms = s->now_ms;
}

/* Nobody pings it, and nothing of value is lost with it: its initiator just asks again. */
static void
look_at_discovery(struct session *s)
{
    if (s->now_ms - s->heard_ms >= SESSION_DISCOVERY_SILENCE_MS)
        session_close(s, SESSION_CLOSE_NOW, "discovery session without requests");
    else if (s->now_ms - s->born_ms >= SESSION_DISCOVERY_LIFE_MS)
        session_close(s, SESSION_CLOSE_NOW, "discovery session took too long");
}

static void
look_for_life(struct session *s)
{
    const struct target_parameters *p;

    if (s->was_heard) {
        s->was_heard = false;
        s->heard_ms = s->now_ms;
        s->pinged_ms = 0;
    }
    if (s->state != STATE_FULL_FEATURE)
        return;
    if (s->target == NULL) {
        look_at_discovery(s);
        return;
    }
    p = &s->target->parameters;
    if (s->pinged_ms != 0) {
        if (p->nop_timeout_s > 0 &&
            s->now_ms - s->pinged_ms >= p->nop_timeout_s * UINT64_C(1000))
            session_close(s, SESSION_CLOSE_NOW, "no answer to NOP-In");
    } else if (p->nop_interval_s > 0 &&
               s->now_ms - s->heard_ms >= p->nop_interval_s * UINT64_C(1000)) {
        ping(s);
    }
}

void
session_tick(struct session *s, uint64_t now_ms)
{
    assert(worker_is_current(s->worker));
    s->now_ms = now_ms;
    s->text_bytes = 0;
    if (s->end == SESSION_CLOSE_NOW)
        return;
    if (s->is_broken)
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
    else if (s->close_at_ms != 0 && now_ms >= s->close_at_ms)
        session_close(s, SESSION_CLOSE_NOW, "it did not go in time");
    else if (s->log_out_by_ms != 0 && now_ms >= s->log_out_by_ms)
        session_drop(s, ASYNC_CONNECTION_DROPPED, "it did not log out in time");
    else if (s->end == SESSION_OPEN && s->state <= STATE_REPLACING &&
             now_ms - s->born_ms >= SESSION_LOGIN_TIMEOUT_MS)
        session_close(s, SESSION_CLOSE_NOW, "login took too long");
    else if (s->end == SESSION_OPEN)
        look_for_life(s);
}
