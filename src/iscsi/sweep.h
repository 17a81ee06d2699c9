/*
 * sweep.h: abort tasks of this worker and wait until none of them can touch data any more.
 *
 * A sweep covers the tasks that exist when it starts and match its scope. Those that wait for
 * data end at once; those that run are marked, and end when the store has let go of them:
 * nothing is cancelled there.
 */
#ifndef ISCSI_SWEEP_H
#define ISCSI_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct lun;
struct session;
struct task;

struct sweep {
    /* Scope: tasks for which all of these that are not NULL hold. */
    const struct session *session;
    const struct lun *lun;
    const char *target; /* name of the target they came to */
    const struct task *task;

    /* All covered tasks have ended. Not called where sweep_start() said so itself. */
    void (*done)(struct sweep *sweep);

    /* Private. */
    LIST_ENTRY(sweep) link;
    uint64_t last_task; /* the newest task that is covered */
    unsigned waiting;
};

/* True where no task is left to wait for, and SWEEP is not used any more. */
bool sweep_start(struct sweep *sweep);

/* TASK, which was aborted, has ended. */
void sweeps_task_ended(const struct task *task);

#endif
