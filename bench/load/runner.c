/* runner.c: threads that keep commands in flight on their sessions. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/complain.h"
#include "bench/load/exchange.h"
#include "bench/load/login.h"
#include "bench/load/modes.h"

#define EVENTS  64
#define TICK_MS 200
#define PATIENCE_NS                                                          \
    15000000000u /* for answers that are still to come when the time is over \
                  */

struct runner {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct run *run;
    struct session *sessions;
    unsigned session_count, done;
    struct counts counts;
    uint8_t *buffer;
    bool *wants_out;
};

void
pin_thread(const struct settings *settings)
{
    cpu_set_t set;

    if (settings->cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)settings->cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        give_up("--cpu %d: %s", settings->cpu, strerror(errno));
}

void
sleep_until(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}

static double
seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void
lose(struct runner *r)
{
    r->counts.errors++;
    atomic_store(&r->run->failed, true);
}

/* Whether nothing is to be done any more; gives up on answers that do not come. A session that
 * is done remains so: only the first that is not is looked at. */
static bool
is_done(struct runner *r, uint64_t now)
{
    const struct session *s = r->sessions + r->done, *end = r->sessions + r->session_count;

    if (atomic_load_explicit(&r->run->failed, memory_order_relaxed))
        return true;
    for (; s < end && s->is_finished && session_is_idle(s); s++)
        r->done++;
    if (s == end)
        return true;
    if (now < s->now + PATIENCE_NS)
        return false;
    complain("session %u: no answer for %u seconds", s->id,
             (unsigned)(PATIENCE_NS / 1000000000u));
    lose(r);
    return true;
}

static void
note_progress(struct runner *r, struct rusage *from)
{
    getrusage(RUSAGE_THREAD, from);
    r->counts.receives = 0;
    for (unsigned i = 0; i < r->session_count; i++)
        r->sessions[i].outbox.sends = 0;
}

/* One session alone needs no epoll: it sleeps in recv(). */
static int
turn_of_one(struct runner *r)
{
    struct session *s = r->sessions;
    bool busy = r->run->settings->busy;
    struct pollfd p = {s->fd, POLLIN | POLLOUT, 0};

    if (outbox_is_empty(&s->outbox))
        return session_receive(s, r->buffer, !busy);
    if (poll(&p, 1, busy ? 0 : TICK_MS) < 0 && errno != EINTR)
        return -1;
    if (p.revents & POLLOUT && session_submit(s, now_ns()) < 0)
        return -1;
    if (p.revents & (POLLIN | POLLHUP | POLLERR))
        return session_receive(s, r->buffer, false);
    return 0;
}

static void
want_out(struct runner *r, int epoll, unsigned i)
{
    bool wants = !outbox_is_empty(&r->sessions[i].outbox);
    struct epoll_event e = {.events = EPOLLIN | (wants ? EPOLLOUT : 0u), .data.u32 = i};

    if (wants == r->wants_out[i])
        return;
    epoll_ctl(epoll, EPOLL_CTL_MOD, r->sessions[i].fd, &e);
    r->wants_out[i] = wants;
}

static int
turn_of_many(struct runner *r, int epoll)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(epoll, events, EVENTS, r->run->settings->busy ? 0 : TICK_MS);

    for (int k = 0; k < n; k++) {
        unsigned i = events[k].data.u32;
        struct session *s = &r->sessions[i];

        if (events[k].events & EPOLLOUT && session_submit(s, now_ns()) < 0)
            return -1;
        if (events[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR) &&
            session_receive(s, r->buffer, false) < 0)
            return -1;
        want_out(r, epoll, i);
    }
    return n < 0 && errno != EINTR ? -1 : 0;
}

static int
open_epoll(struct runner *r)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    for (unsigned i = 0; i < r->session_count; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

        if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, r->sessions[i].fd, &e) < 0)
            give_up("epoll: %s", strerror(errno));
    }
    return epoll;
}

static void
work(struct runner *r)
{
    int epoll = r->session_count > 1 ? open_epoll(r) : -1;
    bool measured = false;
    struct rusage from, to;

    note_progress(r, &from);
    for (unsigned i = 0; i < r->session_count; i++) {
        r->sessions[i].now = now_ns();
        if (session_submit(&r->sessions[i], r->sessions[i].now) < 0)
            lose(r);
        else if (epoll >= 0)
            want_out(r, epoll, i);
    }
    for (;;) {
        uint64_t now = now_ns();

        if (!measured && now >= atomic_load_explicit(&r->run->start_ns, memory_order_relaxed)) {
            note_progress(r, &from);
            measured = true;
        }
        if (is_done(r, now))
            break;
        if ((epoll >= 0 ? turn_of_many(r, epoll) : turn_of_one(r)) < 0) {
            lose(r);
            break;
        }
    }
    getrusage(RUSAGE_THREAD, &to);
    r->counts.cpu_user = seconds(to.ru_utime) - seconds(from.ru_utime);
    r->counts.cpu_system = seconds(to.ru_stime) - seconds(from.ru_stime);
    for (unsigned i = 0; i < r->session_count; i++)
        r->counts.sends += r->sessions[i].outbox.sends;
    if (epoll >= 0)
        close(epoll);
}

static void *
runner_main(void *arg)
{
    struct runner *r = arg;
    struct timeval tick = {.tv_usec = TICK_MS * 1000};

    pin_thread(r->run->settings);
    r->buffer = aligned_alloc(4096, (r->run->settings->receive_buffer + 4095u) & ~4095u);
    r->wants_out = calloc(r->session_count, sizeof *r->wants_out);
    if (r->buffer == NULL || r->wants_out == NULL)
        give_up("out of memory");
    for (unsigned i = 0; i < r->session_count; i++) {
        struct session *s = &r->sessions[i];

        s->counts = &r->counts;
        session_prepare(s);
        setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    }
    pthread_barrier_wait(r->barrier); /* all are ready */
    pthread_barrier_wait(r->barrier); /* the time is set */
    work(r);
    for (unsigned i = 0; i < r->session_count; i++) {
        if (atomic_load(&r->run->failed))
            session_abandon(&r->sessions[i]);
        else
            session_logout(&r->sessions[i]);
        session_free(&r->sessions[i]);
    }
    free(r->buffer);
    free(r->wants_out);
    return NULL;
}

static void
open_sessions(struct run *run, struct session *sessions)
{
    for (unsigned i = 0; i < run->settings->sessions; i++)
        if (session_login(&sessions[i], run, i) < 0)
            give_up("session %u cannot log in", i);
    for (unsigned i = 0; i < run->settings->sessions; i++)
        if (exchange_probe(&sessions[i]) < 0)
            give_up("session %u cannot use the unit", i);
}

static void
start(struct run *run, struct runner *runners, struct session *sessions,
      pthread_barrier_t *barrier)
{
    const struct settings *settings = run->settings;
    unsigned next = 0;

    for (unsigned i = 0; i < settings->threads; i++) {
        struct runner *r = &runners[i];

        r->run = run;
        r->barrier = barrier;
        r->sessions = sessions + next;
        r->session_count = settings->sessions / settings->threads +
                           (i < settings->sessions % settings->threads);
        next += r->session_count;
        if (pthread_create(&r->thread, NULL, runner_main, r) != 0)
            give_up("no thread could be started");
    }
}

static void
add_counts(struct counts *into, const struct counts *from)
{
    histogram_merge(&into->latency, &from->latency);
    into->commands += from->commands;
    into->bytes += from->bytes;
    into->errors += from->errors;
    into->unit_attentions += from->unit_attentions;
    into->pings += from->pings;
    into->async_messages += from->async_messages;
    into->receives += from->receives;
    into->sends += from->sends;
    into->logins += from->logins;
    into->cpu_user += from->cpu_user;
    into->cpu_system += from->cpu_system;
}

/* Waits for the end, and looks at the target when the measured time begins and ends. */
static void
measure(struct run *run, struct runner *runners, struct result *result)
{
    const struct settings *settings = run->settings;
    bool has_an_end = mode_has_an_end(settings->mode) || settings->commands > 0;
    uint64_t begin = run->start_ns;
    struct watch before, after;

    sleep_until(begin);
    watch_look(&before, settings);
    if (!has_an_end) {
        sleep_until(run->end_ns);
        watch_look(&after, settings);
        result->seconds = settings->seconds;
    }
    for (unsigned i = 0; i < settings->threads; i++) {
        pthread_join(runners[i].thread, NULL);
        add_counts(&result->counts, &runners[i].counts);
    }
    if (has_an_end) {
        watch_look(&after, settings);
        result->seconds = (double)(now_ns() - begin) / 1e9;
    }
    result->target = watch_between(&before, &after);
}

int
commands_run(struct run *run, struct result *result)
{
    const struct settings *settings = run->settings;
    struct session *sessions = calloc(settings->sessions, sizeof *sessions);
    struct runner *runners = calloc(settings->threads, sizeof *runners);
    pthread_barrier_t barrier;

    if (sessions == NULL || runners == NULL)
        give_up("out of memory");
    open_sessions(run, sessions);
    result->negotiated = sessions[0].negotiated;
    pthread_barrier_init(&barrier, NULL, settings->threads + 1);
    start(run, runners, sessions, &barrier);
    pthread_barrier_wait(&barrier);
    atomic_store(&run->start_ns, now_ns() + (uint64_t)(settings->warm_up * 1e9));
    atomic_store(&run->end_ns, run->start_ns + (uint64_t)(settings->seconds * 1e9));
    pthread_barrier_wait(&barrier);
    measure(run, runners, result);
    pthread_barrier_destroy(&barrier);
    free(sessions);
    free(runners);
    return atomic_load(&run->failed) ? -1 : 0;
}
