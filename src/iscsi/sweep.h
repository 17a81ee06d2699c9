/*
 * sweep.h: abort tasks and wait until none of them can touch data any more: those of this
 * worker, or of all.
 *
 * A sweep covers the tasks that exist when it starts and match its scope. Those that wait for
 * data or for their turn end at once; those that run are marked, and end when the store has let
 * go of them: nothing is cancelled there.
 */
#ifndef ISCSI_SWEEP_H
#define ISCSI_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/crew.h"

struct lun;
struct scsi_abort;
struct session;
struct task;

struct sweep {
    /* Scope: tasks for which all of these that are not NULL hold. */
    const struct session *session;
    const struct lun *lun; /* and other units of the same disk */
    const char *target;    /* name of the target they came to */
    const struct task *task;
    const struct scsi_abort *abort; /* covers the nexus, and they do not wait for an abort */

    /* Whose doing it is; only compared, it may live on another worker. The other sessions whose
     * tasks it aborts hear of it: by TASK ABORTED where TAS says so (SAM-5 section 5.3.1),
     * else, where no reset tells them, by COMMANDS CLEARED BY ANOTHER INITIATOR (section 5.14).
     */
    const struct session *by;
    bool is_reset;

    /* All covered tasks have ended. Not called where sweep_start() said so itself. */
    void (*done)(struct sweep *sweep);

    /* Private. */
    LIST_ENTRY(sweep) link;
    uint64_t id;
    uint64_t last_task; /* the newest task that is covered */
    unsigned waiting;
};

/* True where no task is left to wait for, and SWEEP is not used any more. */
bool sweep_start(struct sweep *sweep);

/* TASK, which was running when it was aborted, has ended. */
void sweeps_task_ended(const struct task *task);

/* A sweep on each worker. Embed it, zeroed; it must live until DONE. */
struct sweep_all {
    struct sweep scope; /* copied; its `done` is not used */
    /* Optional: what else is to be done on each worker, before its sweep. */
    void (*also)(struct sweep_all *all);
    /* On the worker that started it. */
    void (*done)(struct sweep_all *all);
    void *asked; /* for DONE's use */

    /* Private. */
    struct broadcast broadcast;
    struct sweep sweeps[WORKERS_MAX]; /* [i] belongs to worker i */
    struct broadcast_part *parts[WORKERS_MAX];
};

/* DONE will come, never before this has returned. */
void sweep_all_start(struct sweep_all *all);

/* struct scsi_transport's abort(). */
int sweep_for_scsi(struct scsi_abort *abort);

#endif
