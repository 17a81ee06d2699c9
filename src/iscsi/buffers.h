/*
 * buffers.h: the memory that commands and their answers occupy: of a session, and of all
 * sessions of a worker.
 *
 * Each worker has an equal part of what all sessions may occupy, and counts for itself: no
 * worker looks at another's number. A session that occupies little is served even when others
 * have taken all of it, so nobody is locked out by somebody else's commands.
 */
#ifndef ISCSI_BUFFERS_H
#define ISCSI_BUFFERS_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"

struct session;

/* Buffers that one session may occupy. */
#define SESSION_BUFFERS_MAX ((uint64_t)64 << 20)

/* What it may occupy in any case. */
#define SESSION_BUFFERS_SHARE ((uint64_t)1 << 20)

/* All sessions together, on WORKERS workers: before these run. Without it there is no limit. */
void buffers_limit(uint64_t bytes, unsigned workers);

/* BYTES more for a command. SCSI_GOOD; or what it is answered, and nothing is taken: TASK SET
 * FULL where the session's own commands are in the way, BUSY where others' are. */
enum scsi_status buffers_take(struct session *s, uint64_t bytes);
void buffers_give_back(struct session *s, uint64_t bytes);

/* Whether S may keep BYTES more of what came before its turn. */
bool buffers_may_hold(const struct session *s, uint64_t bytes);

/* S has more or less output, or PDUs that came before their turn, than when it was counted
 * last. */
void buffers_recount(struct session *s);

#endif
