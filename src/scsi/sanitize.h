/*
 * sanitize.h: sanitize operations (SBC-3 section 4.11): all of a medium is overwritten or
 * erased, in the background of one worker.
 *
 * An operation outlives the command, the session and the resets of whoever asked for it. It
 * ends early only with its worker, or when nobody is left who could reach the unit; then it has
 * failed. That it has begun is kept before its first write, and until it has succeeded: after a
 * restart it has failed too.
 */
#ifndef SCSI_SANITIZE_H
#define SCSI_SANITIZE_H

#include "scsi/lun_save.h"

#include "store/store.h"

struct iobuf;
struct lun;
struct scsi_cmd;

/* How much an overwrite writes at once. */
#define SANITIZE_STEP_MAX (1u << 20)

struct sanitize_plan {
    enum store_op op; /* STORE_WRITE, or STORE_UNMAP in one pass */
    unsigned passes;
    bool inverts;          /* the pattern, from pass to pass */
    struct iobuf *pattern; /* what one step writes; NULL: it erases */
    bool is_unrestricted;  /* a failure may be left (AUSE) */
    bool is_immediate;     /* it is answered when it has begun */
};

/* An operation by CMD, which is answered. Takes the pattern. */
void sanitize_start(struct scsi_cmd *cmd, const struct sanitize_plan *plan);

/* EXIT FAILURE MODE by CMD, which is answered. */
void sanitize_leave(struct scsi_cmd *cmd);

/* On an I/O worker whose sessions have ended: DONE(ARG) comes when its operations have, at once
 * where there are none. None starts any more. */
void sanitize_worker_stop(void (*done)(void *arg), void *arg);

/* LUN, which has no nexus yet, is as MARK says: an operation that was under way when the power
 * went has failed. */
void sanitize_restore(struct lun *lun, enum sanitize_mark mark);

#endif
