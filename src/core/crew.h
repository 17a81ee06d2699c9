/*
 * crew.h: the main worker and its N I/O workers, and how to reach them all.
 *
 * There is one crew in a process. Main runs listeners, RPC, signals and all changes
 * of the catalog; the others run connections, sessions and stores.
 */
#ifndef CORE_CREW_H
#define CORE_CREW_H

#include "core/worker.h"

/* Makes main and N workers (1 to WORKERS_MAX); none runs yet. Returns 0 or a negative errno. */
int crew_new(unsigned n);

/* Starts the threads of the I/O workers. Returns 0 or a negative errno. */
int crew_start(void);

/* Stops and joins the I/O workers. Main must still run its own loop or never have. */
void crew_stop(void);
void crew_free(void);

struct worker *crew_main(void);
unsigned crew_size(void); /* N */
struct worker *crew_worker(unsigned i);

/*
 * Runs WORK once on every I/O worker, and then DONE once on the worker that called
 * (any worker of the crew, main included). Embed it; it must live until DONE.
 * A worker's part may take longer than its WORK call: WORK gets an `answer` that must be
 * given by broadcast_answer(), at once or later, from that worker.
 */
struct broadcast;
struct broadcast_part {
    struct message message;
    struct broadcast *of;
    void *state; /* for WORK's own use; NULL at first */
};
struct broadcast {
    void (*work)(struct broadcast_part *part, struct worker *w);
    void (*done)(struct broadcast *b);
    /* private */
    struct worker *from;
    unsigned waiting;
    struct broadcast_part parts[WORKERS_MAX];
};
void broadcast_start(struct broadcast *b);
void broadcast_answer(struct broadcast_part *part);

#endif
