/* modes.h: what a run does, and what comes out of it. */
#ifndef BENCH_LOAD_MODES_H
#define BENCH_LOAD_MODES_H

#include "bench/load/session.h"
#include "bench/load/watch.h"

struct result {
    double seconds; /* measured */
    struct counts counts;
    struct watch_span target; /* what the target's processes used meanwhile */
    struct negotiated negotiated;
    /* MODE_IDLE */
    double login_seconds;
    struct watch_span logins; /* what they used for the logins, and until memory settled */
};

/* Each fills in RESULT, which is zeroed. 0, or -1 where a session was lost. */
int commands_run(struct run *run, struct result *result);
int logins_run(struct run *run, struct result *result);
int idle_run(struct run *run, struct result *result);

/* Where this thread runs from now on. */
void pin_thread(const struct settings *settings);

void sleep_until(uint64_t ns);

#endif
