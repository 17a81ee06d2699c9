/* buffers.c: what sessions occupy. */
#include "iscsi/buffers.h"

#include <assert.h>

#include "iscsi/session_private.h"

/* Of each worker; set once, before they run. */
static uint64_t worker_limit = UINT64_MAX;

void
buffers_limit(uint64_t bytes, unsigned workers)
{
    worker_limit = bytes / workers;
}

/* SAM-5 section 5.3.1: BUSY where the session has nothing open whose end it could wait for. */
static enum scsi_status
too_much(const struct session *s)
{
    return s->task_count > 1 ? SCSI_TASK_SET_FULL : SCSI_BUSY;
}

/* What the session occupies. */
static uint64_t
own(const struct session *s)
{
    return s->buffer_bytes + s->counted_bytes;
}

/* Whether others leave S no room for BYTES, and it has had its share. */
static bool
is_crowded(const struct session *s, uint64_t bytes)
{
    uint64_t all = session_worker_here()->buffer_bytes;

    return own(s) + bytes > SESSION_BUFFERS_SHARE && all > 0 && all + bytes > worker_limit;
}

enum scsi_status
buffers_take(struct session *s, uint64_t bytes)
{
    struct session_worker *here = session_worker_here();

    /* One command that is too large for anybody finds an answer for itself. */
    if (own(s) > 0 && own(s) + bytes > SESSION_BUFFERS_MAX)
        return SCSI_TASK_SET_FULL;
    if (is_crowded(s, bytes))
        return too_much(s);
    s->buffer_bytes += bytes;
    here->buffer_bytes += bytes;
    return SCSI_GOOD;
}

void
buffers_give_back(struct session *s, uint64_t bytes)
{
    struct session_worker *here = session_worker_here();

    assert(s->buffer_bytes >= bytes && here->buffer_bytes >= bytes);
    s->buffer_bytes -= bytes;
    here->buffer_bytes -= bytes;
}

bool
buffers_may_hold(const struct session *s, uint64_t bytes)
{
    return !is_crowded(s, bytes);
}

void
buffers_recount(struct session *s)
{
    uint64_t now = pdu_writer_queued(&s->writer) + s->held.bytes;

    session_worker_here()->buffer_bytes += now - s->counted_bytes;
    s->counted_bytes = now;
}
