/* service.c: sd_notify(3) and the watchdog. The protocol is a few bytes by datagram; libsystemd
 * would bring four compression and cipher libraries into an idle daemon's memory. */
#include "service.h"

#include <event2/event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/crew.h"
#include "core/log.h"
#include "core/parse.h"

#define SIGNS_A_LIMIT 3
#define LIMIT_US_MIN  3000u /* below that it is a mistake, or a test */
#define LIMIT_US_MAX  (UINT64_C(3600) * 1000000)

static struct {
    int fd; /* -1: there is nobody to tell */
    struct sockaddr_un address;
    socklen_t address_length;
    uint64_t limit_us; /* 0: no signs of life are wanted */
    struct event *tick;
    struct broadcast round;
    bool is_round_open;
    bool is_stopping;
} manager = {.fd = -1};

static void
tell(const char *message)
{
    if (manager.fd < 0)
        return;
    if (sendto(manager.fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&manager.address, manager.address_length) < 0)
        log_limited(LOG_LEVEL_WARNING, "main", "the service manager cannot be told", "message",
                    message, NULL);
}

/* "@NAME" is an abstract socket, whose name begins with a zero byte. */
static bool
set_address(const char *path)
{
    size_t length = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || length >= sizeof manager.address.sun_path)
        return false;
    manager.address.sun_family = AF_UNIX;
    memcpy(manager.address.sun_path, path, length);
    if (path[0] == '@')
        manager.address.sun_path[0] = '\0';
    manager.address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

static uint64_t
watchdog_limit(void)
{
    const char *limit = getenv("WATCHDOG_USEC"), *of = getenv("WATCHDOG_PID");
    uint64_t us, pid;

    if (limit == NULL || parse_u64(limit, LIMIT_US_MIN, LIMIT_US_MAX, &us) < 0)
        return 0;
    if (of != NULL && (parse_u64(of, 1, INT32_MAX, &pid) < 0 || pid != (uint64_t)getpid()))
        return 0; /* meant for the process that started this one */
    return us;
}

void
service_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (path == NULL || path[0] == '\0')
        return;
    if (!set_address(path)) {
        log_warning("main", "NOTIFY_SOCKET is no address of a unix socket", "value", path,
                    NULL);
        return;
    }
    manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    manager.limit_us = watchdog_limit();
}

/* --- signs of life --- */

static void
worker_lives(struct broadcast_part *part, struct worker *w)
{
    (void)w;
    broadcast_answer(part);
}

static void
round_is_complete(struct broadcast *b)
{
    (void)b;
    manager.is_round_open = false;
}

static void
give_sign(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    if (manager.is_stopping) {
        tell("WATCHDOG=1");
        return;
    }
    if (manager.is_round_open) {
        log_limited(LOG_LEVEL_WARNING, "main", "a worker is busy or stuck: no sign of life",
                    NULL);
        return;
    }
    tell("WATCHDOG=1");
    manager.is_round_open = true;
    manager.round.work = worker_lives;
    manager.round.done = round_is_complete;
    broadcast_start(&manager.round);
}

int
service_watch(void)
{
    uint64_t us = manager.limit_us / SIGNS_A_LIMIT;
    const struct timeval each = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};

    if (manager.fd < 0 || us == 0)
        return 0;
    manager.tick = event_new(worker_base(crew_main()), -1, EV_PERSIST, give_sign, NULL);
    return manager.tick != NULL && event_add(manager.tick, &each) == 0 ? 0 : -1;
}

void
service_ready(void)
{
    tell("READY=1\nSTATUS=serving");
}

void
service_stopping(void)
{
    manager.is_stopping = true;
    tell("STOPPING=1\nSTATUS=stopping");
}

void
service_close(void)
{
    if (manager.tick != NULL)
        event_free(manager.tick);
    manager.tick = NULL;
    if (manager.fd >= 0)
        close(manager.fd);
    manager.fd = -1;
}
