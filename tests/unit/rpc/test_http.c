/* test_http.c: a server on a unix socket in a temporary folder, and raw clients. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/error.h"
#include "rpc/http.h"
#include "suites.h"

static char folder[32], path[64];
static struct event_base *base;
static struct http_server *server;
static struct http_request *held; /* where the path is /late */
static unsigned handled;

static void
handler(struct http_request *r, void *arg)
{
    size_t length;
    const char *body = http_request_body(r, &length);

    ck_assert_ptr_eq(arg, &handled);
    handled++;
    ck_assert(http_request_peer(r).known);
    ck_assert_uint_eq(http_request_peer(r).uid, getuid());
    ck_assert_int_eq(http_request_peer(r).pid, getpid());
    if (strcmp(http_request_path(r), "/late") == 0)
        held = r;
    else if (http_request_method(r) == HTTP_POST)
        http_reply(r, 200, NULL, body, length);
    else
        http_reply(r, 204, NULL, NULL, 0);
}

static void
setup(void)
{
    struct error err = {.message = ""};

    strcpy(folder, "/tmp/test_rpc.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/api.sock", folder);
    base = event_base_new();
    server = http_server_new(base, handler, &handled, &err);
    ck_assert_msg(server != NULL && http_listen_unix(server, path, NULL, &err) == 0, "%s",
                  err.message);
}

static void
teardown(void)
{
    http_server_free(server);
    event_base_free(base);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* A client that has sent TEXT. */
static int
client(const char *text, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            break; /* the server has hung up on us */
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    return fd;
}

/* What the server says to FD, until it hangs up or has sent a whole reply of a known kind. */
static void
read_reply(int fd, char *reply, size_t size)
{
    size_t used = 0;

    reply[0] = '\0';
    for (unsigned turn = 0; turn < 20000 && used < size - 1; turn++) {
        ssize_t n = recv(fd, reply + used, size - 1 - used, 0);

        if (n == 0)
            return;
        if (n > 0) {
            used += (size_t)n;
            reply[used] = '\0';
            if (strstr(reply, "\r\n\r\nend") != NULL || strstr(reply, " 204 ") != NULL)
                return;
        }
        event_base_loop(base, n > 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
}

static void
ask(const char *text, size_t length, char *reply, size_t size)
{
    int fd = client(text, length);

    read_reply(fd, reply, size);
    close(fd);
    for (unsigned i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

START_TEST(each_request_gets_its_status)
{
    static const struct {
        const char *text, *status;
        unsigned handled;
    } cases[] = {
        {"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nend", " 200 ", 1},
        {"POST /rpc HTTP/1.1\r\nContent-Length: 3\r\n\r\nend", " 200 ", 1}, /* no Host */
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", " 204 ", 1},
        {"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", " 204 ", 1},
        {"POST /rpc HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\nend", " 400 ", 0},
        {"POST /rpc HTTP/1.1\r\nContent-Length: -3\r\n\r\nend", " 400 ", 0},
        {"POST /rpc HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nend",
         " 400 ", 0},
        {"POST /rpc HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n", " 413 ", 0},
        {"TRACE / HTTP/1.1\r\n\r\n", " 501 ", 0},
        {"garbage\r\n\r\n", " 400 ", 0},
    };
    char reply[4096];

    ask(cases[_i].text, strlen(cases[_i].text), reply, sizeof reply);
    ck_assert_msg(strstr(reply, cases[_i].status) != NULL, "%s", reply);
    ck_assert_uint_eq(handled, cases[_i].handled);
    ck_assert_uint_eq(http_requests_open(server), 0);
}
END_TEST

START_TEST(a_body_of_ten_megabytes_is_refused)
{
    static const char head[] = "POST /rpc HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n";
    size_t length = sizeof head - 1 + 10485760;
    char *text = malloc(length), reply[1024];

    memset(text, ' ', length);
    memcpy(text, head, sizeof head - 1);
    ask(text, length, reply, sizeof reply);
    ck_assert_uint_eq(handled, 0);
    free(text);
}
END_TEST

START_TEST(half_a_request_is_not_handled)
{
    static const char text[] = "POST /rpc HTTP/1.1\r\nContent-Length: 30\r\n\r\nhalf";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        close(client(text, n));
        for (unsigned i = 0; i < 10; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
    ck_assert_uint_eq(handled, 0);
    ck_assert_uint_eq(http_requests_open(server), 0);
}
END_TEST

START_TEST(a_late_reply_reaches_the_client)
{
    static const char text[] = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n";
    char reply[1024];
    int fd = client(text, sizeof text - 1);

    for (unsigned i = 0; held == NULL && i < 1000; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_ptr_nonnull(held);
    ck_assert_uint_eq(http_requests_open(server), 1);
    http_reply(held, 200, NULL, "end", 3);
    read_reply(fd, reply, sizeof reply);
    ck_assert_ptr_nonnull(strstr(reply, "application/json"));
    ck_assert_uint_eq(http_requests_open(server), 0);
    close(fd);
}
END_TEST

START_TEST(a_reply_to_a_client_that_has_left_hurts_nobody)
{
    static const char text[] = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t length = (size_t)_i * 4 << 20; /* 0: small; 1: more than a socket takes at once */
    char *body = malloc(length + 3);
    int fd = client(text, sizeof text - 1);

    memset(body, ' ', length + 3);
    for (unsigned i = 0; held == NULL && i < 1000; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_ptr_nonnull(held);
    close(fd);
    for (unsigned i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    http_reply(held, 200, NULL, body, length + 3);
    for (unsigned i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(http_requests_open(server), 0);
    free(body);
}
END_TEST

START_TEST(a_reply_after_the_server_is_gone_goes_nowhere)
{
    static const char text[] = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = client(text, sizeof text - 1);

    for (unsigned i = 0; held == NULL && i < 1000; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_ptr_nonnull(held);
    if (_i == 1) { /* the client leaves first */
        close(fd);
        fd = -1;
        for (unsigned i = 0; i < 10; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
    http_server_free(server);
    server = NULL;
    http_reply(held, 200, NULL, "end", 3);
    if (fd >= 0)
        close(fd);
}
END_TEST

START_TEST(a_stale_socket_is_replaced_and_one_in_use_is_not)
{
    struct http_server *second;
    struct error err;
    struct stat st;

    second = http_server_new(base, handler, &handled, &err);
    ck_assert_int_eq(http_listen_unix(second, path, NULL, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "in use"));
    ck_assert_int_eq(err.sys_errno, EADDRINUSE);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);

    /* A daemon that died leaves its socket behind. */
    {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof address.sun_path, "%s.stale", path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        close(fd);
        ck_assert_int_eq(http_listen_unix(second, address.sun_path, NULL, &err), 0);
        http_server_free(second);
        ck_assert_int_eq(access(address.sun_path, F_OK), -1);
    }
}
END_TEST

START_TEST(a_socket_that_cannot_be_made_says_why)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"/nonexistent/folder/api.sock", "No such file or directory"},
        {"/dev/null", "is not a socket"},
        {"/tmp/0123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789",
         "too long"},
    };
    struct http_server *second;
    struct error err;

    second = http_server_new(base, handler, &handled, &err);
    ck_assert_int_eq(http_listen_unix(second, cases[_i].path, NULL, &err), -1);
    ck_assert_msg(strstr(err.message, cases[_i].message) != NULL, "%s", err.message);
    http_server_free(second);
}
END_TEST

TCase *
http_cases(void)
{
    TCase *t = tcase_create("http");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 20);
    tcase_add_loop_test(t, each_request_gets_its_status, 0, 10);
    tcase_add_test(t, a_body_of_ten_megabytes_is_refused);
    tcase_add_test(t, half_a_request_is_not_handled);
    tcase_add_test(t, a_late_reply_reaches_the_client);
    tcase_add_loop_test(t, a_reply_to_a_client_that_has_left_hurts_nobody, 0, 2);
    tcase_add_loop_test(t, a_reply_after_the_server_is_gone_goes_nowhere, 0, 2);
    tcase_add_test(t, a_stale_socket_is_replaced_and_one_in_use_is_not);
    tcase_add_loop_test(t, a_socket_that_cannot_be_made_says_why, 0, 3);
    return t;
}
