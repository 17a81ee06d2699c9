/*
 * reservations.h: the reservations of a logical unit: who is registered (pr.h), who has it by
 * RESERVE(6) or (10), the changes that are under way, and what all that means for each nexus.
 *
 * One change at a time, the next ones queue: what a change is judged by is what the one before
 * has left. It is made to last, where it must survive a loss of power; then it counts, for
 * every nexus at once; then commands are aborted, if it asks for that; then it is answered.
 * What cannot be made to last never was.
 */
#ifndef SCSI_RESERVATIONS_H
#define SCSI_RESERVATIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "core/pool.h"
#include "core/worker.h"
#include "scsi/cmd.h"
#include "scsi/lun_save.h"
#include "scsi/nexus.h"
#include "scsi/pr.h"

struct lun;
struct reservation_change;

/*
 * Of one disk: where a change of the configuration gives it another `struct lun`, they share
 * this. Counted. LOCK comes before any lun->lock.
 */
struct reservations {
    atomic_uint refs;
    pthread_mutex_t lock;
    /* All under LOCK. */
    struct pr_state pr;                        /* written by the first of CHANGES only */
    struct nexus *reserved_for;                /* RESERVE(6) or (10); NULL: nobody */
    STAILQ_HEAD(, reservation_change) changes; /* the first one is under way */
    LIST_HEAD(, lun) luns;
};

/* One change: by PERSISTENT RESERVE OUT of NEXUS, or by an operator (NEXUS NULL): everything
 * goes. Embed it; it must live until DONE, and the nexus and the unit must, too. */
struct reservation_change {
    struct lun *lun;
    const struct nexus *nexus;
    struct scsi_cmd *cmd; /* of NEXUS; not looked at, but its is_waiting_for_abort is set */
    struct pr_request request;                       /* `from` is filled in here */
    void (*done)(struct reservation_change *change); /* on the worker that asked; may be called
                                                        from within reservations_change() */
    enum reservation_end {
        CHANGE_JUDGED,    /* by OUTCOME */
        CHANGE_CONFLICT,  /* RESERVE(6) is in force */
        CHANGE_ABORTED,   /* by a PREEMPT AND ABORT that came before it */
        CHANGE_NOT_KEPT,  /* ERROR is why */
        CHANGE_NO_MEMORY, /* it counts, but the commands could not be aborted */
    } end;
    enum pr_outcome outcome;
    size_t invalid; /* of PR_INVALID_NEXUS */
    int error;
    /* Private. */
    struct pr_nexus from;
    struct pr_change change;
    struct worker *home;
    struct message turn; /* to HOME: it is the first now */
    struct lun_save save;
    struct scsi_abort abort;
    bool is_cancelled; /* under the lock */
    STAILQ_ENTRY(reservation_change) link;
};

/* Nothing registered or reserved. NULL: out of memory. */
struct reservations *reservations_new(void);
struct reservations *reservations_ref(struct reservations *r);
void reservations_unref(struct reservations *r); /* accepts NULL */

/* LUN, which has no nexus yet, has R from now on (counted), and what it had no more. */
void reservations_attach(struct lun *lun, struct reservations *r);
void reservations_detach(struct lun *lun); /* with LUN itself */

/* Under R's lock and lun->lock: what NEXUS, which is new, may do. */
void reservations_judge(struct nexus *nexus);
/* Under R's lock: NEXUS goes. */
void reservations_leave(struct nexus *nexus);

void reservations_change(struct reservation_change *change);

/* RESERVE(6) and (10), RELEASE(6) and (10): the status. */
enum scsi_status reservations_reserve(struct nexus *nexus);
enum scsi_status reservations_release(struct nexus *nexus);

/* A reset ends what RESERVE(6) or (10) began (SPC-2 section 7.21.1). Any thread. */
void reservations_reset(struct lun *lun);

/* Before the first nexus: as it was kept. Takes what STATE has. */
void reservations_restore(struct reservations *r, struct pr_state *state);

/* For who lists them: calls VISIT under R's lock; RESERVED_FOR may be NULL. Any thread. */
void reservations_visit(struct reservations *r,
                        void (*visit)(const struct pr_state *pr,
                                      const struct it_nexus *reserved_for, void *arg),
                        void *arg);

/* Calls VISIT, under lun->lock, with each nexus of LUN whose initiator node is NODE. */
void reservations_visit_node(struct lun *lun, const char *node,
                             void (*visit)(const struct it_nexus *it, void *arg), void *arg);

/* The ports of IT by name. */
void reservations_name(const struct it_nexus *it, struct pr_nexus *ret);

#endif
