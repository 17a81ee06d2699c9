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

enum scsi_status
buffers_take(struct session *s, uint64_t bytes)
{
    struct session_worker *here = session_worker_here();
    uint64_t own = s->buffer_bytes + s->output_bytes;

    /* One command that is too large for anybody finds an answer for itself. */
    if (own > 0 && own + bytes > SESSION_BUFFERS_MAX)
        return SCSI_TASK_SET_FULL;
    if (own + bytes > SESSION_BUFFERS_SHARE && here->buffer_bytes > 0 &&
        here->buffer_bytes + bytes > worker_limit)
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

void
buffers_count_output(struct session *s)
{
    uint64_t now = pdu_writer_queued(&s->writer);

    session_worker_here()->buffer_bytes += now - s->output_bytes;
    s->output_bytes = now;
}
