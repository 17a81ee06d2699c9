/* conn.c: reads sockets into sessions and writes sessions to sockets. */
#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/crew.h"
#include "core/events.h"
#include "core/log.h"
#include "core/worker.h"
#include "iscsi/session.h"

/* One recv fetches as many PDUs as are there; the buffer is the worker's, and empty between
 * events. */
#define SCRATCH_SIZE (256 * 1024)
/* What one connection may take in before others have their turn. */
#define READ_BUDGET (4 * SCRATCH_SIZE)
#define IOVECS      128
/* Answers that are sent before the turn ends, so that the initiator has something to do while
 * we make the rest. */
#define ANSWERS_AHEAD 16
/* How long a peer has to read our last words before the socket is closed on it. */
#define LINGER_MS 2000

struct conn {
    int fd;
    struct session *session; /* NULL: it has ended, the socket lingers */
    struct event readable, writable;
    bool reads, writes; /* the events are added */
    struct deferred flush;
    unsigned answers; /* queued since the last sending */
    uint64_t linger_until_ms;
    char remote[sizeof((struct session_peer *)NULL)->remote];
    LIST_ENTRY(conn) link;
};

/* What one worker keeps for its connections. */
struct conn_set {
    LIST_HEAD(, conn) conns;
    uint8_t *scratch;
    struct event *tick; /* once a second while there are connections */
    void (*drained)(void *arg);
    void *drained_arg;
    uint64_t stop_deadline_ms; /* 0: not stopping */
};

/* Each worker's own set: its connections never meet another thread. */
static _Thread_local struct conn_set set;

/* How many connections each worker has: main counts up when it hands one over, the worker down.
 */
static atomic_uint counts[WORKERS_MAX];

static void tick(evutil_socket_t fd, short what, void *arg);

static int
start_set(void)
{
    struct event_base *base = worker_base(worker_current());

    if (set.scratch == NULL)
        set.scratch = malloc(SCRATCH_SIZE);
    if (set.tick == NULL)
        set.tick = event_new(base, -1, EV_PERSIST, tick, NULL);
    return set.scratch != NULL && set.tick != NULL ? 0 : -ENOMEM;
}

static void
run_tick_every(long milliseconds)
{
    struct timeval interval = {.tv_sec = milliseconds / 1000,
                               .tv_usec = milliseconds % 1000 * 1000};

    if (set.tick != NULL)
        event_add(set.tick, &interval);
}

static void
close_conn(struct conn *c)
{
    if (c->session != NULL)
        session_disconnected(c->session);
    event_post(EVENT_CONNECTION_CLOSED, EVENT_TEXT("remote", c->remote));
    event_del(&c->readable);
    event_del(&c->writable);
    close(c->fd);
    LIST_REMOVE(c, link);
    atomic_fetch_sub_explicit(&counts[worker_id(worker_current())], 1, memory_order_relaxed);
    c->session = NULL;
    c->fd = -1;
    /* A flush that is queued for the end of this turn still finds the struct, and frees it. */
    if (!c->flush.queued)
        worker_defer(worker_current(), &c->flush);
    if (LIST_EMPTY(&set.conns) && set.stop_deadline_ms == 0)
        event_del(set.tick);
}

/*
 * The session has said all it will say: end our direction, and give the peer time to read it.
 * Closing at once with input unread would reset the connection and could destroy the last
 * answer on its way.
 */
static void
linger(struct conn *c)
{
    session_disconnected(c->session);
    c->session = NULL;
    if (shutdown(c->fd, SHUT_WR) < 0) {
        close_conn(c);
        return;
    }
    c->linger_until_ms = worker_now_ms(worker_current()) + LINGER_MS;
    if (!c->reads)
        c->reads = event_add(&c->readable, NULL) == 0;
}

static void
watch(struct event *event, bool *is_added, bool wanted)
{
    if (*is_added == wanted)
        return;
    if (wanted)
        *is_added = event_add(event, NULL) == 0;
    else
        *is_added = event_del(event) != 0;
}

/* Sends what the session has, until it has no more or the socket is full. False: the connection
 * broke. */
static bool
send_output(struct conn *c, int flags, bool *is_empty)
{
    struct iovec iov[IOVECS];
    int count;

    while ((count = session_output(c->session, iov, IOVECS)) > 0) {
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
        size_t offered = 0;
        ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);

        if (sent < 0) {
            *is_empty = false;
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
        for (int i = 0; i < count; i++)
            offered += iov[i].iov_len;
        session_output_sent(c->session, (size_t)sent);
        if ((size_t)sent < offered) {
            *is_empty = false;
            return true;
        }
    }
    *is_empty = true;
    return true;
}

/* From within the session, so it only sends: what else comes of it is for the end of the turn.
 */
static void
send_ahead(struct conn *c)
{
    bool is_empty;

    c->answers = 0;
    if (!c->writes && session_end_state(c->session) == SESSION_OPEN)
        (void)send_output(c, 0, &is_empty);
}

/*
 * Whether what is to be sent are the last words to a peer that has logged out. It may say no
 * more (RFC 7143 section 11.14), so where it has not there is nothing to linger for, and the
 * end of the connection leaves in the same segment as the answer.
 */
static bool
parts_in_peace(struct conn *c)
{
    uint8_t byte;

    return session_has_logged_out(c->session) &&
           recv(c->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void
flush(struct deferred *d)
{
    struct conn *c = (struct conn *)((char *)d - offsetof(struct conn, flush));
    enum session_end end;
    bool is_empty, parts;

    if (c->fd < 0) {
        free(c);
        return;
    }
    if (c->session == NULL)
        return;
    c->answers = 0;
    parts = parts_in_peace(c);
    if (session_end_state(c->session) == SESSION_CLOSE_NOW ||
        !send_output(c, parts ? MSG_MORE : 0, &is_empty) || (parts && is_empty)) {
        close_conn(c);
        return;
    }
    end = session_end_state(c->session);
    if (end == SESSION_CLOSE_NOW) {
        close_conn(c);
    } else if (end == SESSION_CLOSE_AFTER_OUTPUT && is_empty) {
        watch(&c->writable, &c->writes, false);
        linger(c);
    } else {
        watch(&c->writable, &c->writes, !is_empty);
        watch(&c->readable, &c->reads, session_wants_input(c->session));
    }
}

static void
wake(void *arg)
{
    struct conn *c = arg;

    worker_defer(worker_current(), &c->flush);
    if (++c->answers == ANSWERS_AHEAD)
        send_ahead(c);
}

static void
writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    worker_event_begins(worker_current());
    worker_defer(worker_current(), &((struct conn *)arg)->flush);
}

/* Bytes that come after our last word are thrown away until the peer closes too. */
static void
discard_input(struct conn *c)
{
    ssize_t n = recv(c->fd, set.scratch, SCRATCH_SIZE, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_conn(c);
}

/* One readv: the rest of a data segment goes straight where it belongs, what follows into the
 * scratch buffer. */
static ssize_t
read_once(struct conn *c, size_t *room)
{
    void *space = NULL;
    size_t direct = session_direct_space(c->session, &space);
    struct iovec iov[2] = {{space, direct}, {set.scratch, SCRATCH_SIZE}};
    ssize_t n = direct > 0 ? readv(c->fd, iov, 2) : recv(c->fd, set.scratch, SCRATCH_SIZE, 0);

    *room = direct + SCRATCH_SIZE;
    if (n <= 0)
        return n;
    if ((size_t)n <= direct) {
        session_direct_filled(c->session, (size_t)n);
        return n;
    }
    if (direct > 0)
        session_direct_filled(c->session, direct);
    session_feed(c->session, set.scratch, (size_t)n - direct);
    return n;
}

static void
readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    size_t room, budget = READ_BUDGET;
    ssize_t n;

    (void)fd, (void)what;
    worker_event_begins(worker_current());
    if (c->session == NULL) {
        discard_input(c);
        return;
    }
    do {
        n = read_once(c, &room);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            close_conn(c);
            return;
        }
        if (n < 0)
            break;
        budget -= (size_t)n < budget ? (size_t)n : budget;
        /* A read that did not fill its room has emptied the socket: no need to ask again. */
    } while ((size_t)n == room && budget > 0 && session_wants_input(c->session));
    worker_defer(worker_current(), &c->flush);
}

static void
finish_stop(void)
{
    void (*drained)(void *) = set.drained;

    if (drained == NULL || !LIST_EMPTY(&set.conns) || session_count() > 0)
        return;
    set.drained = NULL;
    event_del(set.tick);
    drained(set.drained_arg);
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
    uint64_t now = worker_now_ms(worker_current());
    bool give_up = set.stop_deadline_ms != 0 && now >= set.stop_deadline_ms;
    struct conn *c, *next;

    (void)fd, (void)what, (void)arg;
    for (c = LIST_FIRST(&set.conns); c != NULL; c = next) {
        next = LIST_NEXT(c, link);
        if (give_up || (c->session == NULL && now >= c->linger_until_ms))
            close_conn(c);
        else if (c->session != NULL)
            session_tick(c->session, now);
    }
    finish_stop();
}

/* Takes FD. */
static void
open_conn(int fd, const struct session_peer *peer)
{
    struct worker *worker = worker_current();
    struct conn *c = calloc(1, sizeof *c);

    if (c == NULL || start_set() < 0)
        goto fail;
    c->session = session_new(peer, worker_now_ms(worker), wake, c);
    if (c->session == NULL)
        goto fail;
    c->fd = fd;
    c->flush.run = flush;
    event_assign(&c->readable, worker_base(worker), fd, EV_READ | EV_PERSIST, readable, c);
    event_assign(&c->writable, worker_base(worker), fd, EV_WRITE | EV_PERSIST, writable, c);
    if (LIST_EMPTY(&set.conns) && set.stop_deadline_ms == 0)
        run_tick_every(1000);
    LIST_INSERT_HEAD(&set.conns, c, link);
    memcpy(c->remote, peer->remote, sizeof c->remote);
    event_post(EVENT_CONNECTION_OPENED, EVENT_TEXT("remote", peer->remote),
               EVENT_TEXT("local", peer->local));
    watch(&c->readable, &c->reads, true);
    if (!c->reads)
        close_conn(c);
    return;

fail:
    log_limited(LOG_LEVEL_ERROR, "net", "out of memory for a connection", "remote",
                peer->remote, NULL);
    atomic_fetch_sub_explicit(&counts[worker_id(worker)], 1, memory_order_relaxed);
    close(fd);
    free(c);
}

struct hand_over {
    struct message message; /* first */
    int fd;
    struct session_peer peer;
};

static void
receive_hand_over(struct message *m, struct worker *w)
{
    struct hand_over *h = (struct hand_over *)m;

    (void)w;
    open_conn(h->fd, &h->peer);
    free(h);
}

int
conn_hand_over(struct worker *worker, int fd, const struct session_peer *peer)
{
    struct hand_over *h = calloc(1, sizeof *h);

    if (h == NULL)
        return -ENOMEM;
    h->message.run = receive_hand_over;
    h->fd = fd;
    h->peer = *peer;
    atomic_fetch_add_explicit(&counts[worker_id(worker)], 1, memory_order_relaxed);
    worker_post(worker, &h->message);
    return 0;
}

unsigned
conn_count(unsigned i)
{
    return atomic_load_explicit(&counts[i], memory_order_relaxed);
}

unsigned
conn_count_all(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < crew_size(); i++)
        sum += conn_count(i);
    return sum;
}

void
conns_stop(uint64_t timeout_ms, void (*drained)(void *arg), void *arg)
{
    assert(set.stop_deadline_ms == 0);
    set.drained = drained;
    set.drained_arg = arg;
    set.stop_deadline_ms = worker_now_ms(worker_current()) + timeout_ms;
    sessions_stop();
    if (start_set() < 0 || (LIST_EMPTY(&set.conns) && session_count() == 0)) {
        set.drained = NULL;
        drained(arg);
        return;
    }
    run_tick_every(20); /* the stop is over as soon as the last session is */
}

void
conns_worker_end(void)
{
    if (set.tick != NULL)
        event_free(set.tick);
    free(set.scratch);
    set.tick = NULL;
    set.scratch = NULL;
}
