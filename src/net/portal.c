/* portal.c: listening sockets. */
#include "net/portal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/crew.h"
#include "core/error.h"
#include "core/events.h"
#include "core/log.h"
#include "iscsi/session.h"
#include "net/conn.h"

#define BACKLOG 1024
/* One event takes at most this many connections, so that RPC has its turn. */
#define ACCEPT_BUDGET 64
/* Descriptors that connections leave to RPC, stores and the state file. */
#define SPARE_DESCRIPTORS 256
#define PAUSE_MS          100
/* A portal that could not be bound at the start is tried again this often. */
#define RETRY_SECONDS 5
/* Before a listening socket closes, handshakes that are under way have this long to end. */
#define CLOSE_GRACE_MS 200

struct listener {
    struct portal portal;
    uint16_t tag;
    int fd;
    char local[72]; /* its connections' own address; empty: each has another */
    bool is_listening;
    struct event *acceptable;
    struct event *resume; /* accepts again after a pause, when descriptors were short */
    TAILQ_ENTRY(listener) link;
};

/* Main's listening sockets, prepared ones included. */
static TAILQ_HEAD(, listener) listeners = TAILQ_HEAD_INITIALIZER(listeners);

/* Main's: the end of all listening, and the next try for portals that could not be bound. */
static struct {
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
} closing;
static struct event *retry;

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "192.0.2.7:48812" or "[2001:db8::7]:48812"; an IPv4 peer of an IPv6 socket is written as
 * IPv4. */
static void
format_address(const union address *a, char text[72])
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (a->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
        snprintf(text, 72, "%s:%u", host, (unsigned)ntohs(a->v4.sin_port));
    } else if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
        inet_ntop(AF_INET, &a->v6.sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(text, 72, "%s:%u", host, (unsigned)ntohs(a->v6.sin6_port));
    } else {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
        snprintf(text, 72, "[%s]:%u", host, (unsigned)ntohs(a->v6.sin6_port));
    }
}

static socklen_t
parse_address(const struct portal *p, union address *a)
{
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, p->address, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(p->port);
        return sizeof a->v4;
    }
    if (inet_pton(AF_INET6, p->address, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(p->port);
        return sizeof a->v6;
    }
    return 0;
}

static struct worker *
least_busy_worker(void)
{
    unsigned best = 0;

    for (unsigned i = 1; i < crew_size(); i++)
        if (conn_count(i) < conn_count(best))
            best = i;
    return crew_worker(best);
}

/* Asks for the limit only where the last one known does not do: somebody may have raised it. Of
 * one that was lowered accept4() tells. */
static bool
descriptors_are_short(void)
{
    static rlim_t known; /* main's */
    rlim_t wanted = conn_count_all() + SPARE_DESCRIPTORS;
    struct rlimit limit;

    if (wanted < known)
        return false;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        known = limit.rlim_cur; /* RLIM_INFINITY is the greatest number */
    else
        known = RLIM_INFINITY;
    return wanted >= known;
}

/* Connections wait in the backlog meanwhile; nobody is turned away. */
static void
pause_accepting(struct listener *l)
{
    static const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

    log_limited(LOG_LEVEL_WARNING, "net", "too many open files: new connections wait", "portal",
                l->portal.address, "port", log_number(l->portal.port), "connections",
                log_number(conn_count_all()), NULL);
    event_del(l->acceptable);
    event_add(l->resume, &pause);
}

static void
resume_accepting(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)fd, (void)what;
    event_add(l->acceptable, NULL);
}

/* Which of our addresses the peer of FD talks to. */
static int
find_local(const struct listener *l, int fd, char text[72])
{
    union address local;
    socklen_t length = sizeof local;

    if (l->local[0] != '\0') {
        memcpy(text, l->local, sizeof l->local);
        return 0;
    }
    if (getsockname(fd, &local.any, &length) < 0)
        return -errno;
    format_address(&local, text);
    return 0;
}

/* Returns false when there is nothing more to accept now. */
static bool
accept_one(struct listener *l)
{
    union address remote;
    socklen_t remote_length = sizeof remote;
    struct session_peer peer = {.portal_group = l->tag};
    struct worker *worker = least_busy_worker();
    int fd = accept4(l->fd, &remote.any, &remote_length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (find_local(l, fd, peer.local) < 0) {
        close(fd); /* the peer is gone already */
        return true;
    }
    format_address(&remote, peer.remote);
    log_debug("net", "connection accepted", "remote", peer.remote, "local", peer.local,
              "worker", log_number(worker_id(worker)), NULL);
    if (conn_hand_over(worker, fd, &peer) < 0)
        close(fd);
    return true;
}

static void
acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)fd, (void)what;
    for (int i = 0; i < ACCEPT_BUDGET; i++) {
        if (descriptors_are_short()) {
            pause_accepting(l);
            return;
        }
        if (!accept_one(l))
            return;
    }
}

static void
free_listener(struct listener *l)
{
    if (l->acceptable != NULL)
        event_free(l->acceptable);
    if (l->resume != NULL)
        event_free(l->resume);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}

/* ERROR may be NULL. */
static void
tell_of(enum event_type type, const struct portal *p, uint16_t tag, const char *error)
{
    event_post(type, EVENT_TEXT("address", p->address), EVENT_INTEGER("port", p->port),
               EVENT_INTEGER("portal_group", tag), EVENT_TEXT("error", error));
}

static void
close_listener(struct listener *l)
{
    if (l->is_listening)
        tell_of(EVENT_PORTAL_DOWN, &l->portal, l->tag, NULL);
    if (l->is_listening)
        log_info("net", "portal closed", "address", l->portal.address, "port",
                 log_number(l->portal.port), NULL);
    TAILQ_REMOVE(&listeners, l, link);
    free_listener(l);
}

static bool
same_portal(const struct portal *a, const struct portal *b)
{
    return a->port == b->port && strcmp(a->address, b->address) == 0;
}

static struct listener *
find_listener(const struct portal *p)
{
    struct listener *l;

    TAILQ_FOREACH (l, &listeners, link)
        if (same_portal(&l->portal, p))
            return l;
    return NULL;
}

/* One portal after another, of all groups of a catalog. */
struct portal_walk {
    size_t next_group, next_portal;
    const struct portal_group *group;
    const struct portal *portal;
};

static bool
walk_on(struct portal_walk *w, const struct catalog *catalog)
{
    for (; w->next_group < catalog->portal_group_count; w->next_group++, w->next_portal = 0) {
        w->group = catalog->portal_groups[w->next_group];
        if (w->next_portal < w->group->portal_count) {
            w->portal = &w->group->portals[w->next_portal++];
            return true;
        }
    }
    return false;
}

/* Whether NEXT also listens on all IPv4 addresses at PORT: then "::" must leave them alone. */
static bool
names_all_v4(const struct catalog *next, uint16_t port)
{
    struct portal_walk w = {0};

    while (walk_on(&w, next))
        if (w.portal->port == port && strcmp(w.portal->address, "0.0.0.0") == 0)
            return true;
    return false;
}

/* A bound socket, or a negative errno. */
static int
bind_socket(const struct portal *p, bool v6_only)
{
    static const int on = 1, off = 0;
    union address a;
    socklen_t length = parse_address(p, &a);
    int fd, saved;

    if (length == 0)
        return -EINVAL;
    fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Connections inherit these two. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (a.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? &on : &off, sizeof on);
    if (bind(fd, &a.any, length) == 0)
        return fd;
    saved = errno;
    close(fd);
    return -saved;
}

static int
bind_portal(const struct portal *p, bool v6_only)
{
    static const struct portal all_v4 = {.address = "0.0.0.0"};
    struct portal fallback = all_v4;
    int fd = bind_socket(p, v6_only);

    /* A machine without IPv6: "all addresses" are the IPv4 ones. */
    if (fd == -EAFNOSUPPORT && strcmp(p->address, "::") == 0 && !v6_only) {
        fallback.port = p->port;
        fd = bind_socket(&fallback, false);
    }
    return fd;
}

static const char *
hint(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another program listens there (see ss -ltnp)";
    case EADDRNOTAVAIL:
        return "; no interface of this machine has the address (see ip address)";
    case EACCES:
        return "; ports below 1024 need CAP_NET_BIND_SERVICE";
    default:
        return "";
    }
}

/* What a socket that is bound to one address accepts comes to that address. */
static void
note_local(struct listener *l)
{
    union address a;

    if (parse_address(&l->portal, &a) == 0 ||
        (a.any.sa_family == AF_INET && a.v4.sin_addr.s_addr == htonl(INADDR_ANY)) ||
        (a.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr)))
        return;
    format_address(&a, l->local);
}

static int
prepare_one(const struct catalog *next, const struct portal *p, uint16_t tag, struct error *err)
{
    struct listener *l = calloc(1, sizeof *l);
    int fd = bind_portal(p, names_all_v4(next, p->port));

    if (fd < 0) {
        free(l);
        errno = -fd;
        return error_set(err, ERROR_BACKEND,
                         "portal group %u: cannot listen on address '%s' port %u: %m%s", tag,
                         p->address, p->port, hint(-fd));
    }
    if (l == NULL) {
        close(fd);
        return error_set(err, ERROR_INTERNAL, "out of memory for a portal");
    }
    l->portal = *p;
    l->tag = tag;
    l->fd = fd;
    note_local(l);
    l->acceptable =
        event_new(worker_base(crew_main()), fd, EV_READ | EV_PERSIST, acceptable, l);
    l->resume = event_new(worker_base(crew_main()), -1, 0, resume_accepting, l);
    if (l->acceptable == NULL || l->resume == NULL) {
        free_listener(l);
        return error_set(err, ERROR_INTERNAL, "out of memory for a portal");
    }
    TAILQ_INSERT_TAIL(&listeners, l, link);
    return 0;
}

static void try_again(evutil_socket_t fd, short what, void *arg);

static void
retry_later(void)
{
    static const struct timeval interval = {.tv_sec = RETRY_SECONDS};

    if (retry == NULL)
        retry = event_new(worker_base(crew_main()), -1, 0, try_again, NULL);
    if (retry != NULL)
        event_add(retry, &interval);
}

static void
stop_retrying(void)
{
    if (retry != NULL)
        event_free(retry);
    retry = NULL;
}

int
portals_prepare(const struct catalog *next, bool tolerant, struct error *err)
{
    struct portal_walk w = {0};
    struct error why;

    while (walk_on(&w, next)) {
        if (find_listener(w.portal) != NULL ||
            prepare_one(next, w.portal, w.group->tag, &why) == 0)
            continue;
        if (!tolerant) {
            if (err != NULL)
                *err = why;
            portals_abandon();
            return -1;
        }
        log_error("net", "portal left out for now", "error", why.message, NULL);
        tell_of(EVENT_PORTAL_DOWN, w.portal, w.group->tag, why.message);
        retry_later();
    }
    return 0;
}

void
portals_abandon(void)
{
    struct listener *l, *next;

    for (l = TAILQ_FIRST(&listeners); l != NULL; l = next) {
        next = TAILQ_NEXT(l, link);
        if (!l->is_listening)
            close_listener(l);
    }
}

/* The tag of the group that has P in CATALOG; 0: none has. */
static uint16_t
tag_of(const struct catalog *catalog, const struct portal *p)
{
    struct portal_walk w = {0};

    while (walk_on(&w, catalog))
        if (same_portal(w.portal, p))
            return w.group->tag;
    return 0;
}

static bool
start_listening(struct listener *l)
{
    if (listen(l->fd, BACKLOG) == 0 && event_add(l->acceptable, NULL) == 0) {
        l->is_listening = true;
        tell_of(EVENT_PORTAL_UP, &l->portal, l->tag, NULL);
        log_info("net", "portal listens", "address", l->portal.address, "port",
                 log_number(l->portal.port), "portal_group", log_number(l->tag), NULL);
        return true;
    }
    /* Somebody else began to listen between our bind and now. */
    tell_of(EVENT_PORTAL_DOWN, &l->portal, l->tag, strerror(errno));
    log_error("net", "portal left out for now", "address", l->portal.address, "port",
              log_number(l->portal.port), "error", strerror(errno), NULL);
    close_listener(l);
    return false;
}

/* Whoever had the port may have gone. A change that is being prepared is left alone. */
static void
try_again(evutil_socket_t fd, short what, void *arg)
{
    const struct catalog *now = catalog_current();
    bool is_missing = now == NULL; /* the start is not through */
    struct portal_walk w = {0};

    (void)fd, (void)what, (void)arg;
    while (now != NULL && walk_on(&w, now)) {
        if (find_listener(w.portal) != NULL)
            continue;
        if (prepare_one(now, w.portal, w.group->tag, NULL) < 0 ||
            !start_listening(find_listener(w.portal)))
            is_missing = true;
    }
    if (is_missing)
        retry_later();
}

void
portals_switch(const struct catalog *next)
{
    struct listener *l, *after;

    for (l = TAILQ_FIRST(&listeners); l != NULL; l = after) {
        uint16_t tag = tag_of(next, &l->portal);

        if (tag != 0)
            l->tag = tag;
        after = TAILQ_NEXT(l, link);
        if (tag == 0)
            close_listener(l);
        else if (!l->is_listening && !start_listening(l))
            retry_later();
    }
}

bool
portal_is_listening(const char *address, uint16_t port)
{
    struct portal p = {.port = port};
    const struct listener *l;

    snprintf(p.address, sizeof p.address, "%s", address);
    l = find_listener(&p);
    return l != NULL && l->is_listening;
}

/*
 * From now on the kernel drops SYNs to this socket: who has not begun to connect waits and is
 * refused when the socket is gone, instead of being accepted and reset.
 */
static void
turn_newcomers_away(struct listener *l)
{
    enum { FLAGS_OFFSET = 13, SYN = 0x02, ACK = 0x10 }; /* of the TCP header */
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    static const struct sock_fprog filter = {sizeof program / sizeof program[0], program};

    (void)setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

static void
finish_close(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    while (!TAILQ_EMPTY(&listeners)) {
        struct listener *l = TAILQ_FIRST(&listeners);

        while (l->is_listening && !descriptors_are_short() && accept_one(l))
            ;
        close_listener(l);
    }
    event_free(closing.timer);
    closing.timer = NULL;
    closing.done(closing.arg);
}

void
portals_turn_away(void)
{
    struct listener *l;

    stop_retrying();
    TAILQ_FOREACH (l, &listeners, link)
        turn_newcomers_away(l);
}

void
portals_close(void (*done)(void *arg), void *arg)
{
    static const struct timeval grace = {.tv_usec = CLOSE_GRACE_MS * 1000};

    portals_abandon();
    portals_turn_away();
    closing.done = done;
    closing.arg = arg;
    closing.timer = event_new(worker_base(crew_main()), -1, 0, finish_close, NULL);
    if (closing.timer == NULL || event_add(closing.timer, &grace) < 0)
        finish_close(-1, 0, NULL);
}

void
portals_free(void)
{
    stop_retrying();
    while (!TAILQ_EMPTY(&listeners))
        close_listener(TAILQ_FIRST(&listeners));
}
