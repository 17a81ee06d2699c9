/* timer.h: something that runs on its worker after a while, once. Owner only. */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdint.h>

struct event;

struct timer {
    void (*run)(struct timer *timer);
    struct event *event; /* private */
};

/* For the current worker. 0 or -ENOMEM. */
int timer_init(struct timer *timer, void (*run)(struct timer *timer));
void timer_done(struct timer *timer); /* it does not run any more; accepts one that is zeroed */

/* Runs it MICROSECONDS from now, however it was started before. 0: in a later turn. */
void timer_start(struct timer *timer, uint64_t microseconds);
void timer_stop(struct timer *timer);

#endif
