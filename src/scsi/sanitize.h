/*
 * sanitize.h: sanitize operations (SBC-3 section 4.11): all of a medium is overwritten or
 * erased, in the background of one worker.
 *
 * An operation outlives the command, the session and the resets of whoever asked for it. It
 * ends early only with its worker, or when nobody is left who could reach the unit; then it has
 * failed.
 */
#ifndef SCSI_SANITIZE_H
#define SCSI_SANITIZE_H

/* On an I/O worker whose sessions have ended: DONE(ARG) comes when its operations have, at once
 * where there are none. None starts any more. */
void sanitize_worker_stop(void (*done)(void *arg), void *arg);

#endif
