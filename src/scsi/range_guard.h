/*
 * range_guard.h: keeps commands that must be atomic apart from all others on their blocks.
 *
 * Whoever reads or writes blocks of a unit holds a claim on them until it is done. Shared
 * claims do not mind each other: that is READ, WRITE and everything ordinary. A claim that is
 * alone (COMPARE AND WRITE) has its blocks to itself, on every worker.
 *
 * A shared claim costs a look at a list that is empty, and an entry in another one of the same
 * worker: no lock, no allocation, nothing that other workers write. A claim that is alone pays
 * for that: it takes its turn in the unit's queue, has each worker hold its blocks, and begins
 * when those have let go of them who had them before. What meets held blocks takes its turn in
 * the queue too, whose order is that of coming; so nobody waits for ever, and no two wait for
 * each other, as long as who holds a claim waits for no other of the same unit, and for those
 * of other units in one order for all (copy.c: by the address of the guard).
 *
 * On I/O workers. A claim belongs to the worker that makes it.
 */
#ifndef SCSI_RANGE_GUARD_H
#define SCSI_RANGE_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/worker.h"

struct hold;
struct range_guard;

enum claim_state {
    CLAIM_NONE,
    CLAIM_DIRECT,  /* shared; known to its worker alone */
    CLAIM_WAITING, /* in the queue, behind others */
    CLAIM_ALLOWED, /* its turn has come; its worker does not know yet, or is having all hold */
    CLAIM_QUEUED,  /* shared; granted, in the queue until it leaves */
    CLAIM_ALONE,   /* granted */
};

/* Embed it; it must live until it has left. All zeroes: none. */
struct range_claim {
    struct range_guard *guard;
    struct worker *worker;
    uint64_t first, count; /* blocks */
    void (*granted)(struct range_claim *claim);
    void (*left)(struct range_claim *claim);
    /* private */
    bool alone;
    enum claim_state state;
    unsigned ahead; /* how many are before it in the queue that it must wait for */
    struct hold *hold;
    struct message message;
    LIST_ENTRY(range_claim) link;        /* of its worker */
    TAILQ_ENTRY(range_claim) queue_link; /* under the guard's lock */
};

enum claim_answer {
    CLAIM_IS_GRANTED, /* go ahead; `granted` is not called */
    CLAIM_MUST_WAIT,  /* `granted` will be called, from the worker's loop */
    CLAIM_NO_MEMORY,  /* nothing was done */
};

/* For all workers of the crew, as many as there are by now (without a crew: for one, whose id
 * is 0). NULL where memory is short. */
struct range_guard *range_guard_new(void);

/* No claim is left. Accepts NULL. */
void range_guard_free(struct range_guard *guard);

/* The COUNT blocks from FIRST on, together with others; no blocks need no claim and are
 * granted. Never CLAIM_NO_MEMORY. */
enum claim_answer range_share(struct range_guard *guard, struct range_claim *claim,
                              uint64_t first, uint64_t count,
                              void (*granted)(struct range_claim *claim));

/* The same, with nobody else. */
enum claim_answer range_take(struct range_guard *guard, struct range_claim *claim,
                             uint64_t first, uint64_t count,
                             void (*granted)(struct range_claim *claim));

/* Done with a claim that was granted. True: it is gone, as are all but those from range_take().
 * False: LEFT will be called, from the worker's loop; the next in the queue do not wait for
 * that. */
bool range_leave(struct range_claim *claim, void (*left)(struct range_claim *claim));

/* Takes CLAIM out of the queue. False: it is not waiting there (any more); where `granted` was
 * to come, it will. */
bool range_withdraw(struct range_claim *claim);

#endif
