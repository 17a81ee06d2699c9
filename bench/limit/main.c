/* main.c: options, the listener, threads. */
#include <argp.h>
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/limit/limit.h"

#define EVENTS      128
#define THREADS_MAX 64

struct options options = {
    .threads = 1,
    .cpu = -1,
    .size = 1ull << 30,
    .receive_size = 1 << 20,
};

static const struct argp_option rows[] = {
    {"port", 'p', "N", 0, "On the loopback interface (default: any, which is printed)", 0},
    {"medium", 'm', "NAME", 0,
     "null (default), ram (sent from where it lies), copy (copied first), mmap, pread, nowait "
     "(preadv2 with RWF_NOWAIT first) or direct (O_DIRECT, Linux AIO)",
     0},
    {"file", 'f', "PATH", 0, "For the last four", 0},
    {"size", 's', "BYTES", 0, "Of null, ram and copy (default 1 GiB)", 0},
    {"spin", 'u', "US", 0, "Look for work this long before it sleeps (default 0)", 0},
    {"flush", 'n', "N", 0, "Send at the latest after N answers (default: at the end of a turn)",
     0},
    {"threads", 'j', "N", 0, "Connections are dealt to them in turn (default 1)", 0},
    {"cpu", 'c', "N", 0, "Run on this CPU", 0},
    {"receive", 'r', "BYTES", 0, "What one receive may bring (default 1 MiB)", 0},
    {0},
};

static uint64_t
number(const char *text, uint64_t min, uint64_t max, struct argp_state *state)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);

    if (end == text || *end != '\0' || n < min || n > max)
        argp_error(state, "%s: give a number from %llu to %llu", text, (unsigned long long)min,
                   (unsigned long long)max);
    return n;
}

static error_t
parse_one(int key, char *value, struct argp_state *state)
{
    switch (key) {
    case 'p':
        options.port = (uint16_t)number(value, 0, 65535, state);
        break;
    case 'm':
        options.medium = medium_find(value);
        if (options.medium == NULL)
            argp_error(state, "--medium %s: there is no such medium", value);
        break;
    case 'f':
        options.path = value;
        break;
    case 's':
        options.size = number(value, BLOCK_SIZE, 1ull << 40, state);
        break;
    case 'u':
        options.spin_us = (unsigned)number(value, 0, 1000000, state);
        break;
    case 'n':
        options.flush = (unsigned)number(value, 0, PDUS_MAX, state);
        break;
    case 'j':
        options.threads = (unsigned)number(value, 1, THREADS_MAX, state);
        break;
    case 'c':
        options.cpu = (int)number(value, 0, 1023, state);
        break;
    case 'r':
        options.receive_size = number(value, 2 * SEGMENT_MAX, 1 << 26, state);
        break;
    case ARGP_KEY_END:
        if (options.medium == NULL)
            options.medium = medium_find("null");
        if (options.medium->is_file && options.path == NULL)
            argp_error(state, "--medium %s needs a --file", options.medium->name);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static uint64_t
now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int
wait_for_events(const struct loop *l, struct epoll_event *events)
{
    uint64_t begin;
    int n;

    if (options.spin_us > 0) {
        begin = now_us();
        do {
            n = epoll_wait(l->epoll, events, EVENTS, 0);
        } while (n == 0 && now_us() - begin < options.spin_us);
        if (n != 0)
            return n;
    }
    return epoll_wait(l->epoll, events, EVENTS, -1);
}

/* One, and what it says first, which is there already. */
static void
accept_one(struct loop *l)
{
    int fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct connection *c;

    if (fd < 0)
        return;
    c = connection_new(fd, l);
    if (connection_receive(c) < 0)
        connection_close(c);
}

static void
serve(struct connection *c, uint32_t events)
{
    if (events & EPOLLOUT && connection_flush(c) < 0)
        connection_close(c);
    else if (events & ~(uint32_t)EPOLLOUT && connection_receive(c) < 0)
        connection_close(c);
}

static void *
loop_main(void *arg)
{
    struct loop *l = arg;
    struct epoll_event events[EVENTS];
    cpu_set_t set;

    if (options.cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)options.cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set) < 0)
            err(1, "--cpu %d", options.cpu);
    }
    for (;;) {
        int n = wait_for_events(l, events);

        for (int i = 0; i < n; i++)
            if (events[i].data.ptr == l)
                direct_completed(l);
            else if (events[i].data.ptr == &l->listener)
                accept_one(l);
            else
                serve(events[i].data.ptr, events[i].events);
    }
    return NULL;
}

static int
listen_on_loopback(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(options.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    /* The one who connects speaks first. Connections inherit TCP_NODELAY. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &length) < 0)
        err(1, "cannot listen");
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

/* A loop that is alone accepts for itself: no other thread has to be woken. */
static void
listen_itself(struct loop *l, int listener)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->listener};

    l->listener = listener;
    l->keeps_connections = true;
    if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, listener, &e) < 0)
        err(1, "cannot start");
}

static void
start_loops(struct loop *loops, int listener)
{
    pthread_t thread;

    for (unsigned i = 0; i < options.threads; i++) {
        loops[i].epoll = epoll_create1(EPOLL_CLOEXEC);
        if (loops[i].epoll < 0 || (options.medium->is_direct && direct_open(&loops[i]) < 0))
            err(1, "cannot start");
        if (options.threads == 1)
            listen_itself(&loops[i], listener);
        if (pthread_create(&thread, NULL, loop_main, &loops[i]) != 0)
            errx(1, "cannot start a thread");
    }
}

int
main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = rows,
        .parser = parse_one,
        .doc = "Answers iSCSI commands with no target behind it: what this machine can do at "
               "most. For bench/compare; never let others reach it.",
    };
    static struct loop loops[THREADS_MAX];
    int listener;

    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    signal(SIGPIPE, SIG_IGN);
    medium_open();
    listener = listen_on_loopback();
    start_loops(loops, listener);
    while (options.threads == 1)
        pause();
    for (unsigned i = 0;; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0)
            connection_new(fd, &loops[i % options.threads]);
    }
}
