/* worker.c: the turn loop and the mailbox of a worker. */
#include "core/worker.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/counters.h"
#include "core/iobuf.h"
#include "core/log.h"

/* A turn that takes longer than this is said in the log: somebody blocked a worker. */
#define LONG_TURN_US 1000000

STAILQ_HEAD(message_list, message);
STAILQ_HEAD(deferred_list, deferred);

struct worker {
    unsigned id;
    pthread_t thread;
    struct event_base *base;
    bool stop;          /* owner only: set by a message */
    uint64_t now_us;    /* owner only: the time, as of the last event; 0: not asked for yet */
    uint64_t worked_us; /* owner only: when it last had work, for the busy poll; 0: long ago */
    bool has_work;      /* owner only: in this turn */
    uint64_t began_us;  /* owner only: when this turn first asked for the time; 0: not yet */
    counter busy_us;    /* of all turns so far */
    struct message stop_message;
    struct deferred_list deferred; /* owner only */
    LIST_HEAD(, poller) pollers;   /* owner only */

    /* Mailbox: any thread, under the lock. */
    pthread_mutex_t lock;
    struct message_list inbox;
    int wake_fd;
    struct event *wake_event;
};

/* Which worker runs this thread: what worker_current() and every ownership assert look at. */
static _Thread_local struct worker *current_worker;

/* All workers': see workers_busy_poll(). */
static atomic_uint busy_poll_us;

static void
read_mail(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    struct message_list mail = STAILQ_HEAD_INITIALIZER(mail);
    uint64_t ignored;

    (void)what;
    worker_event_begins(w);
    (void)worker_now_us(w);
    (void)!read(fd, &ignored, sizeof ignored);

    pthread_mutex_lock(&w->lock);
    STAILQ_CONCAT(&mail, &w->inbox);
    pthread_mutex_unlock(&w->lock);

    /* A message may free itself, so unlink it before it runs. */
    while (!STAILQ_EMPTY(&mail)) {
        struct message *m = STAILQ_FIRST(&mail);
        STAILQ_REMOVE_HEAD(&mail, link);
        m->run(m, w);
    }
}

static struct event_base *
new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    /* Only the owner touches the base, so libevent needs no locks of its own. */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct worker *
worker_new(unsigned id)
{
    struct worker *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->id = id;
    STAILQ_INIT(&w->inbox);
    STAILQ_INIT(&w->deferred);
    LIST_INIT(&w->pollers);
    pthread_mutex_init(&w->lock, NULL);

    w->base = new_base();
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->base == NULL || w->wake_fd < 0)
        goto fail;
    w->wake_event = event_new(w->base, w->wake_fd, EV_READ | EV_PERSIST, read_mail, w);
    if (w->wake_event == NULL || event_add(w->wake_event, NULL) < 0)
        goto fail;
    return w;

fail:
    worker_free(w);
    return NULL;
}

void
worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    if (w->wake_event != NULL)
        event_free(w->wake_event);
    if (w->base != NULL)
        event_base_free(w->base);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static void
run_deferred(struct worker *w)
{
    struct deferred_list now = STAILQ_HEAD_INITIALIZER(now);

    STAILQ_CONCAT(&now, &w->deferred);
    while (!STAILQ_EMPTY(&now)) {
        struct deferred *d = STAILQ_FIRST(&now);
        STAILQ_REMOVE_HEAD(&now, link);
        d->queued = false;
        d->run(d);
    }
}

void
worker_enter(struct worker *w)
{
    current_worker = w;
}

/* Whether W, which has nothing to do, goes on looking for work. */
static bool
looks_for_work(struct worker *w)
{
    if (w->worked_us == 0)
        return false;
    if (clock_us() - w->worked_us < workers_busy_poll_us()) {
        /* Whoever else wants this CPU, the initiator perhaps, is not to wait for nothing. */
        (void)sched_yield();
        return true;
    }
    w->worked_us = 0;
    return false;
}

static void
poll_all(struct worker *w)
{
    struct poller *p;

    LIST_FOREACH (p, &w->pollers, link)
        if (p->poll(p))
            w->has_work = true;
}

/* The turn has done its work: how long it took, and from when on it looks for more. */
static void
end_turn(struct worker *w)
{
    uint64_t took_us;

    if (w->began_us == 0 && !w->has_work)
        return;
    w->now_us = 0;
    took_us = worker_now_us(w) - w->began_us;
    counter_add(&w->busy_us, took_us);
    if (w->has_work && w->id != WORKERS_MAX)
        w->worked_us = w->now_us;
    if (took_us > LONG_TURN_US)
        log_warning("core", "a worker's turn took long: something blocked it", "worker",
                    log_number(w->id), "ms", log_number(took_us / 1000), NULL);
}

void
worker_turn(struct worker *w, bool may_sleep)
{
    bool sleeps = may_sleep && STAILQ_EMPTY(&w->deferred) && !looks_for_work(w);

    assert(worker_is_current(w));
    w->now_us = w->began_us = 0; /* the wait is not part of the turn */
    w->has_work = false;
    if (!sleeps)
        poll_all(w);
    /* NONBLOCK alone goes on while any descriptor is ready; one whose handler leaves the work
     * to the end of the turn would be ready for ever. */
    event_base_loop(w->base, EVLOOP_ONCE | (sleeps ? 0 : EVLOOP_NONBLOCK));
    w->now_us = 0;
    run_deferred(w);
    end_turn(w);
}

void
worker_run(struct worker *w)
{
    worker_enter(w);
    while (!w->stop)
        worker_turn(w, true);
    worker_enter(NULL);
}

static void *
worker_main(void *arg)
{
    worker_run(arg);
    iobuf_cache_free(); /* it is this thread's */
    return NULL;
}

int
worker_start(struct worker *w)
{
    return -pthread_create(&w->thread, NULL, worker_main, w);
}

static void
stop_worker(struct message *m, struct worker *w)
{
    (void)m;
    w->stop = true;
}

void
worker_stop(struct worker *w)
{
    w->stop_message.run = stop_worker;
    worker_post(w, &w->stop_message);
}

void
worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
}

unsigned
worker_id(const struct worker *w)
{
    return w->id;
}

struct event_base *
worker_base(struct worker *w)
{
    return w->base;
}

struct worker *
worker_current(void)
{
    return current_worker;
}

uint64_t
worker_now_us(struct worker *w)
{
    assert(worker_is_current(w));
    if (w->now_us == 0)
        w->now_us = clock_us();
    if (w->began_us == 0)
        w->began_us = w->now_us;
    return w->now_us;
}

uint64_t
worker_busy_us(const struct worker *w)
{
    return counter_get(&w->busy_us);
}

uint64_t
worker_now_ms(struct worker *w)
{
    return worker_now_us(w) / 1000;
}

void
worker_event_begins(struct worker *w)
{
    w->has_work = true;
    w->now_us = 0;
}

void
workers_busy_poll(unsigned us)
{
    atomic_store_explicit(&busy_poll_us, us, memory_order_relaxed);
}

unsigned
workers_busy_poll_us(void)
{
    return atomic_load_explicit(&busy_poll_us, memory_order_relaxed);
}

void
worker_add_poller(struct worker *w, struct poller *poller)
{
    assert(worker_is_current(w));
    LIST_INSERT_HEAD(&w->pollers, poller, link);
}

void
worker_remove_poller(struct worker *w, struct poller *poller)
{
    assert(worker_is_current(w));
    (void)w;
    LIST_REMOVE(poller, link);
}

bool
worker_is_current(const struct worker *w)
{
    return w == current_worker;
}

void
worker_post(struct worker *w, struct message *m)
{
    static const uint64_t one = 1;
    bool was_empty;

    pthread_mutex_lock(&w->lock);
    was_empty = STAILQ_EMPTY(&w->inbox);
    STAILQ_INSERT_TAIL(&w->inbox, m, link);
    pthread_mutex_unlock(&w->lock);

    /* Only the message that fills an empty inbox needs to ring. */
    if (was_empty)
        (void)!write(w->wake_fd, &one, sizeof one);
}

void
worker_defer(struct worker *w, struct deferred *d)
{
    assert(worker_is_current(w));
    if (d->queued)
        return;
    d->queued = true;
    STAILQ_INSERT_TAIL(&w->deferred, d, link);
}
