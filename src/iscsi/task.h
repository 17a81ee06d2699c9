/*
 * task.h: one SCSI command between its PDUs and the logical unit.
 *
 *     DORMANT     others come before it        → COLLECTING, RUNNING, or ENDED
 *     COLLECTING  its data is on the way       → RUNNING, or ENDED where the transfer fails
 *     RUNNING     the logical unit works on it → ENDED
 *     ENDED       the status is known; it is sent when no data is under way any more
 *
 * An answer never overtakes data that the initiator is still sending for the same command: some
 * initiators forget the command at its answer and stumble over their own data.
 */
#ifndef ISCSI_TASK_H
#define ISCSI_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "iscsi/data_out.h"
#include "scsi/cmd.h"

struct session;
struct session_lun;

struct task {
    struct scsi_cmd cmd;
    LIST_ENTRY(task) link;        /* of the session; of the free tasks */
    LIST_ENTRY(task) bucket_link; /* by tag */
    struct session *session;
    struct session_lun *lun; /* counted; NULL: there is none behind the LUN it named */
    uint64_t wire_lun;
    uint64_t sequence; /* order of arrival on this worker */
    uint32_t tag, cmd_sn, expected;
    enum task_state { TASK_DORMANT, TASK_COLLECTING, TASK_RUNNING, TASK_ENDED } state;
    bool is_read, is_write;
    bool is_immediate;
    bool is_pdu_open; /* its command PDU is still being received */
    bool is_counted;  /* it holds a place in the command window */
    bool is_swept;    /* it was RUNNING when it was aborted: sweeps may wait for it */
    bool is_told; /* aborted by another nexus, and TAS says that its initiator hears of it */
    uint64_t passed_over_since; /* see sweep.c; 0: it was not */
    uint32_t buffer_bytes;
    struct data_out out;
};

struct task *task_find(const struct session *s, uint32_t tag);

/* Ends TASK without an answer: at once, or when the logical unit is done with it. */
void task_abort(struct task *task);

/* The same, but TASK is answered by TASK ABORTED (SAM-5 section 5.3.1): another nexus did it.
 */
void task_abort_and_tell(struct task *task);

/* SCSI Command and Data-Out: when the header has come, and when the data has. */
void task_command_header(struct session *s, const uint8_t *header);
void task_command_pdu(struct session *s, const uint8_t *header, bool data_is_good);
void task_data_out_header(struct session *s, const uint8_t *header);
void task_data_out_pdu(struct session *s, const uint8_t *header, bool data_is_good);

#endif
