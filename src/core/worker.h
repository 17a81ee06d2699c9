/*
 * worker.h: one thread, one event loop, one mailbox.
 *
 * A worker owns every object that was created on it. Other threads reach
 * those objects only by posting a message, which runs on the worker between
 * two of its events.
 *
 * One turn: wait for events and run their callbacks (mailbox included), then
 * run what the callbacks deferred. Deferring lets a store submit one batch
 * and a connection send one sendmsg per turn.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* Worker ids are 0 to WORKERS_MAX - 1; the main worker has id WORKERS_MAX. */
#define WORKERS_MAX 64

struct event_base;
struct worker;

/* Embed a message in whatever you send, so that posting cannot fail. */
struct message {
    STAILQ_ENTRY(message) link;
    void (*run)(struct message *, struct worker *);
};

/* Work for the end of this worker's current turn. */
struct deferred {
    STAILQ_ENTRY(deferred) link;
    bool queued;
    void (*run)(struct deferred *);
};

/* NULL where memory or descriptors are short. */
struct worker *worker_new(unsigned id);

/* Its loop must have ended and been joined. Accepts NULL. Must not be called with mail waiting.
 */
void worker_free(struct worker *w);

/* Runs the loop on a thread of its own. Returns 0 or a negative errno. */
int worker_start(struct worker *w);

/* Runs the loop on this thread until worker_stop(). */
void worker_run(struct worker *w);

/* Any thread. Returns once asked; the loop ends after its current turn. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);

unsigned worker_id(const struct worker *w);
struct event_base *worker_base(struct worker *w);

/* The worker that runs this thread; NULL on helper threads. */
struct worker *worker_current(void);
bool worker_is_current(const struct worker *w);

/*
 * The monotonic clock, as it was when the event that is being handled (or the deferred work of
 * this turn) first asked: cheap enough for every command. Owner only.
 */
uint64_t worker_now_us(struct worker *w);
uint64_t worker_now_ms(struct worker *w);

/* For the handlers of events, first thing: there is work, and who asks for the time from here
 * on is told what it is by then. Owner only. */
void worker_event_begins(struct worker *w);

/*
 * How long an I/O worker that has just had work looks for more before it sleeps, in
 * microseconds; 0: it sleeps at once. To be woken costs more than most commands do, so this
 * trades CPU for time, as long as there is work at all: an idle worker sleeps in any case. For
 * all workers, from their next work on. Any thread.
 */
#define WORKERS_BUSY_POLL_MAX 1000000
void workers_busy_poll(unsigned us);
unsigned workers_busy_poll_us(void);

/* Something that a worker may look at while it polls: POLL says whether there was work, and has
 * done it. It must be cheap where there is none. Owner only. */
struct poller {
    LIST_ENTRY(poller) link;
    bool (*poll)(struct poller *poller);
};
void worker_add_poller(struct worker *w, struct poller *poller);
void worker_remove_poller(struct worker *w, struct poller *poller);

/* How long its turns have taken in all, but for waiting and looking for work. Any thread. */
uint64_t worker_busy_us(const struct worker *w);

/* Any thread. Messages of one sender arrive in the order they were sent. */
void worker_post(struct worker *w, struct message *m);

/* Owner only. A deferred that is queued already stays where it is. */
void worker_defer(struct worker *w, struct deferred *d);

/*
 * For tests: make this thread be W (NULL: none), and run one turn by hand;
 * with MAY_SLEEP it waits until there is an event.
 */
void worker_enter(struct worker *w);
void worker_turn(struct worker *w, bool may_sleep);

#endif
