/* http.c: HTTP by libevent's evhttp. */
#include "rpc/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"
#include "rpc/http_private.h"

static void
request_free(struct http_request *r)
{
    if (r->connection != NULL)
        evhttp_connection_set_closecb(r->connection, NULL, NULL);
    LIST_REMOVE(r, link);
    free(r);
}

/* The client is gone. A request without reply lives on: evhttp has taken it off the connection
 * and frees it when it is replied to. */
static void
connection_closed(struct evhttp_connection *connection, void *arg)
{
    struct http_request *r = arg;

    (void)connection;
    r->connection = NULL;
    if (r->is_replied)
        request_free(r);
}

static void
reply_sent(struct evhttp_request *request, void *arg)
{
    (void)request;
    request_free(arg);
}

/*
 * SO_PEERCRED succeeds on a TCP socket too, with uid -1: look at the family first.
 */
static struct http_peer
connection_peer(struct evhttp_connection *connection)
{
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct ucred credentials;
    struct http_peer peer = {.known = false};

    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
        address.ss_family != AF_UNIX)
        return peer;
    length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return peer;
    return (struct http_peer){.known = true, .uid = credentials.uid, .pid = credentials.pid};
}

/* evhttp takes the first of several Content-Length headers: what follows the body could then be
 * read as another request. */
static bool
has_one_length(struct evhttp_request *request)
{
    struct evkeyval *header;
    unsigned n = 0;

    for (header = TAILQ_FIRST(evhttp_request_get_input_headers(request)); header != NULL;
         header = TAILQ_NEXT(header, next))
        n += evutil_ascii_strcasecmp(header->key, "Content-Length") == 0;
    return n <= 1;
}

static void
reply_headers(struct evhttp_request *request, const char *type, const char *allow)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
    evhttp_add_header(headers, "Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'self'; "
                      "connect-src 'self'; img-src 'self'; base-uri 'none'; "
                      "form-action 'none'; frame-ancestors 'none'");
    if (allow != NULL)
        evhttp_add_header(headers, "Allow", allow);
}

static void
received(struct evhttp_request *request, void *arg)
{
    struct http_server *s = arg;
    struct http_request *r;

    if (!has_one_length(request)) {
        evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
        evhttp_send_reply(request, HTTP_BADREQUEST, NULL, NULL);
        return;
    }
    r = calloc(1, sizeof *r);
    if (r == NULL) {
        evhttp_send_reply(request, HTTP_INTERNAL, NULL, NULL);
        return;
    }
    r->server = s;
    r->request = request;
    r->connection = evhttp_request_get_connection(request);
    r->peer = connection_peer(r->connection);
    LIST_INSERT_HEAD(&s->requests, r, link);
    evhttp_connection_set_closecb(r->connection, connection_closed, r);
    s->handler(r, s->arg);
}

struct http_server *
http_server_new(struct event_base *base,
                void (*handler)(struct http_request *request, void *arg), void *arg,
                struct error *err)
{
    struct http_server *s = calloc(1, sizeof *s);

    signal(SIGPIPE, SIG_IGN);
    if (s == NULL || (s->http = evhttp_new(base)) == NULL) {
        free(s);
        error_set(err, ERROR_INTERNAL, "out of memory");
        return NULL;
    }
    s->base = base;
    s->handler = handler;
    s->arg = arg;
    LIST_INIT(&s->listeners);
    LIST_INIT(&s->requests);
    evhttp_set_max_body_size(s->http, HTTP_BODY_MAX);
    evhttp_set_max_headers_size(s->http, HTTP_HEADERS_MAX);
    evhttp_set_timeout(s->http, HTTP_TIMEOUT_S);
    /* Known methods reach us, so that a wrong one is told which are right (405). */
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                            EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                            EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    evhttp_set_gencb(s->http, received, s);
    return s;
}

static time_t
monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

unsigned
http_requests_open(const struct http_server *s)
{
    const struct http_request *r;
    time_t now = monotonic_seconds();
    unsigned n = 0;

    LIST_FOREACH (r, &s->requests, link)
        n += !r->is_replied || now - r->replied <= HTTP_LINGER_S;
    return n;
}

void
http_server_free(struct http_server *s)
{
    struct http_request *r;

    if (s == NULL)
        return;
    http_close_listeners(s);
    while ((r = LIST_FIRST(&s->requests)) != NULL) {
        if (r->connection != NULL)
            evhttp_connection_set_closecb(r->connection, NULL, NULL);
        else if (!r->is_replied)
            evhttp_request_free(r->request); /* evhttp has forgotten it already */
        LIST_REMOVE(r, link);
        r->connection = NULL;
        r->request = NULL;
        r->server = NULL;
        if (r->is_replied)
            free(r);
    }
    evhttp_free(s->http);
    free(s);
}

enum http_method
http_request_method(const struct http_request *r)
{
    switch (evhttp_request_get_command(r->request)) {
    case EVHTTP_REQ_GET:
        return HTTP_GET;
    case EVHTTP_REQ_HEAD:
        return HTTP_HEAD;
    case EVHTTP_REQ_POST:
        return HTTP_POST;
    default:
        return HTTP_OTHER;
    }
}

const char *
http_request_path(const struct http_request *r)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

    return path != NULL ? path : "";
}

bool
http_request_has_query(const struct http_request *r)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->request);

    return uri != NULL && evhttp_uri_get_query(uri) != NULL;
}

const char *
http_request_query(const struct http_request *r)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->request);
    const char *query = uri != NULL ? evhttp_uri_get_query(uri) : NULL;

    return query != NULL ? query : "";
}

struct http_peer
http_request_peer(const struct http_request *r)
{
    return r->peer;
}

const char *
http_request_body(const struct http_request *r, size_t *length)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(r->request);
    const char *bytes;

    *length = evbuffer_get_length(body);
    if (*length == 0)
        return "";
    bytes = (const char *)evbuffer_pullup(body, -1);
    if (bytes == NULL)
        *length = 0;
    return bytes != NULL ? bytes : "";
}

static void
reply(struct http_request *r, int status, const char *type, const char *allow, const char *body,
      size_t length)
{
    struct evhttp_request *request = r->request;
    struct evbuffer *buffer = NULL;

    if (request == NULL) { /* the server is gone */
        free(r);
        return;
    }
    if (body != NULL) {
        reply_headers(request, type, allow);
        buffer = evbuffer_new();
        if (buffer == NULL || evbuffer_add(buffer, body, length) < 0)
            status = HTTP_INTERNAL;
    }
    r->is_replied = true;
    r->replied = monotonic_seconds();
    if (r->connection != NULL)
        evhttp_request_set_on_complete_cb(request, reply_sent, r);
    else
        request_free(r);
    evhttp_send_reply(request, status, NULL, buffer);
    if (buffer != NULL)
        evbuffer_free(buffer);
}

void
http_reply(struct http_request *r, int status, const char *allow, const char *body,
           size_t length)
{
    reply(r, status, "application/json", allow, body, length);
}

void
http_reply_as(struct http_request *r, int status, const char *type, const char *body,
              size_t length)
{
    reply(r, status, type, NULL, body, length);
}
