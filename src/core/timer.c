/* timer.c: timers of a worker. */
#include "core/timer.h"

#include <errno.h>
#include <event2/event.h>
#include <stddef.h>

#include "core/worker.h"

static void
expired(evutil_socket_t fd, short what, void *arg)
{
    struct timer *timer = arg;

    (void)fd, (void)what;
    timer->run(timer);
}

int
timer_init(struct timer *timer, void (*run)(struct timer *timer))
{
    timer->run = run;
    timer->event = event_new(worker_base(worker_current()), -1, 0, expired, timer);
    return timer->event != NULL ? 0 : -ENOMEM;
}

void
timer_done(struct timer *timer)
{
    if (timer->event != NULL)
        event_free(timer->event);
    timer->event = NULL;
}

void
timer_start(struct timer *timer, uint64_t microseconds)
{
    const struct timeval after = {.tv_sec = (time_t)(microseconds / 1000000),
                                  .tv_usec = (suseconds_t)(microseconds % 1000000)};

    /* Fails for want of memory only when it makes its heap larger: then at once. */
    if (event_add(timer->event, &after) < 0)
        event_active(timer->event, EV_TIMEOUT, 0);
}

void
timer_stop(struct timer *timer)
{
    event_del(timer->event);
}
