/* http_private.h: what http.c and its parts share. Main only. */
#ifndef RPC_HTTP_PRIVATE_H
#define RPC_HTTP_PRIVATE_H

#include <event2/http.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <time.h>

#include "rpc/http.h"

struct evconnlistener;

/* One socket that listens. */
struct http_listener {
    LIST_ENTRY(http_listener) link;
    struct evhttp_bound_socket *bound;
    struct evconnlistener *listener; /* evhttp's */
    char *path;                      /* of the unix socket that we made; NULL: it is TCP */
    dev_t device;                    /* which it is, so that only our own is removed */
    ino_t inode;
};

struct http_server {
    struct evhttp *http;
    struct event_base *base;
    void (*handler)(struct http_request *request, void *arg);
    void *arg;
    LIST_HEAD(, http_listener) listeners;
    LIST_HEAD(, http_request) requests;
};

struct http_request {
    LIST_ENTRY(http_request) link;
    struct http_server *server;
    struct evhttp_request *request;       /* NULL: cut off by http_server_free() */
    struct evhttp_connection *connection; /* NULL: the client has left */
    struct http_peer peer;
    bool is_replied;
    time_t replied; /* when, on the monotonic clock */
};

#endif
