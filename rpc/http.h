/*
 * http.h: the little of HTTP that the API needs: listen, receive a whole request, reply once.
 *
 * The only place that knows which library serves HTTP. Main only; everything runs on the event
 * base given. A server has one kind of listener, so what a listener allows is a constant of its
 * server.
 */
#ifndef RPC_HTTP_H
#define RPC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct event_base;
struct http_request;
struct http_server;

/* A longer body is refused with 413 before the handler sees it. */
#define HTTP_BODY_MAX    (8 * 1024 * 1024)
#define HTTP_HEADERS_MAX (16 * 1024)

/* How long a connection may be silent: within a request, and between two. */
#define HTTP_TIMEOUT_S 30
#define HTTP_LINGER_S  2

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

/* Who is at the other end of a unix socket. */
struct http_peer {
    bool known; /* false on other sockets */
    uid_t uid;
    pid_t pid;
};

/*
 * HANDLER gets each request and must see to it that http_reply() is called for it, at once or
 * later. Ignores SIGPIPE for the process: a write to a client that has left must be an error.
 */
struct http_server *http_server_new(struct event_base *base,
                                    void (*handler)(struct http_request *request, void *arg),
                                    void *arg, struct error *err);

/* Makes the socket at PATH, mode 0660, for GROUP (NULL: the process's); one that is there
 * already is removed if nobody answers on it. Returns 0 or -1. */
int http_listen_unix(struct http_server *server, const char *path, const char *group,
                     struct error *err);

/* No new connections; removes the sockets. */
void http_close_listeners(struct http_server *server);

/* Requests that have no reply yet, or whose reply is still being sent; not those whose client
 * has not taken it for HTTP_LINGER_S. */
unsigned http_requests_open(const struct http_server *server);

/* Cuts all connections. Requests without reply stay valid for their http_reply(), which then
 * goes nowhere. Accepts NULL. */
void http_server_free(struct http_server *server);

enum http_method http_request_method(const struct http_request *request);
const char *http_request_path(const struct http_request *request); /* without query */
bool http_request_has_query(const struct http_request *request);
const char *http_request_query(const struct http_request *request); /* as sent; "" for none */
struct http_peer http_request_peer(const struct http_request *request);

/* The body as one piece, not terminated. Borrowed until the reply. */
const char *http_request_body(const struct http_request *request, size_t *length);

/* ALLOW: NULL, or the methods that a 405 names. BODY (copied; NULL: none) is JSON. Once for
 * each request, which is gone afterwards. */
void http_reply(struct http_request *request, int status, const char *allow, const char *body,
                size_t length);

/* The same with BODY of another TYPE, such as "text/plain". */
void http_reply_as(struct http_request *request, int status, const char *type, const char *body,
                   size_t length);

#endif
