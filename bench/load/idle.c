/* idle.c: sessions that do nothing but answer pings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/load/complain.h"
#include "bench/load/login.h"
#include "bench/load/modes.h"

#define EVENTS     64
#define PINGS_ROOM 16
#define SETTLE_NS  1000000000u /* buffers of the logins go back a little later */

struct crowd {
    struct session *sessions;
    unsigned count;
    int epoll;
    uint8_t *buffer;
};

static void
log_in(struct crowd *c, struct run *run, struct counts *counts)
{
    for (; c->count < run->settings->sessions; c->count++) {
        struct session *s = &c->sessions[c->count];
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = c->count};

        s->counts = counts;
        if (session_login(s, run, c->count) < 0 || outbox_init(&s->outbox, PINGS_ROOM) < 0 ||
            epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->fd, &e) < 0)
            give_up("session %u cannot log in", c->count);
        s->outbox.header_digest = s->negotiated.header_digest;
        s->outbox.data_digest = s->negotiated.data_digest;
        s->is_finished = true; /* no commands */
    }
}

/* Answers what comes until END. The number of sessions that were lost. */
static unsigned
hold(struct crowd *c, uint64_t end)
{
    struct epoll_event events[EVENTS];
    unsigned lost = 0;

    for (uint64_t now = now_ns(); now < end; now = now_ns()) {
        int n = epoll_wait(c->epoll, events, EVENTS, (int)((end - now) / 1000000) + 1);

        for (int i = 0; i < n; i++) {
            struct session *s = &c->sessions[events[i].data.u32];

            if (session_receive(s, c->buffer, false) < 0) {
                session_abandon(s);
                lost++;
            }
        }
    }
    return lost;
}

int
idle_run(struct run *run, struct result *result)
{
    const struct settings *settings = run->settings;
    struct crowd c = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct watch at_first, before, after;
    uint64_t begin = now_ns();

    c.sessions = calloc(settings->sessions, sizeof *c.sessions);
    c.buffer = malloc(settings->receive_buffer);
    if (c.sessions == NULL || c.buffer == NULL || c.epoll < 0)
        give_up("out of memory");
    pin_thread(settings);
    watch_look(&at_first, settings);
    log_in(&c, run, &result->counts);
    result->login_seconds = (double)(now_ns() - begin) / 1e9;
    result->negotiated = c.sessions[0].negotiated;
    result->counts.errors += hold(&c, now_ns() + SETTLE_NS);
    watch_look(&before, settings);
    result->logins = watch_between(&at_first, &before);
    result->counts.errors += hold(&c, now_ns() + (uint64_t)(settings->seconds * 1e9));
    watch_look(&after, settings);
    result->target = watch_between(&before, &after);
    result->seconds = settings->seconds;
    result->counts.logins = c.count;
    for (unsigned i = 0; i < c.count; i++) {
        session_logout(&c.sessions[i]);
        outbox_done(&c.sessions[i].outbox);
    }
    close(c.epoll);
    free(c.sessions);
    free(c.buffer);
    return 0;
}
