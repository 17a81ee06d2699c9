/*
 * cmd.h: one SCSI command on its way through a logical unit.
 *
 * The transport fills in the first part and calls scsi_start(). If that says that data is
 * wanted, the transport collects it into `out` and calls scsi_continue(). If it says that the
 * command is dormant, `started` tells the same later. `done` is called exactly once, on the
 * same worker, and never before scsi_start(), `started` or scsi_continue() has returned.
 */
#ifndef SCSI_CMD_H
#define SCSI_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/worker.h"
#include "scsi/range_guard.h"
#include "store/store.h"

#define SCSI_CDB_MAX   16
#define SCSI_SENSE_MAX 252

struct io_counters;
struct iobuf;
struct it_nexus;
struct nexus;
struct scsi_command;

/* SAM-5 table 35 */
enum scsi_status {
    SCSI_GOOD = 0x00,
    SCSI_CHECK_CONDITION = 0x02,
    SCSI_BUSY = 0x08,
    SCSI_RESERVATION_CONFLICT = 0x18,
    SCSI_TASK_SET_FULL = 0x28,
    SCSI_TASK_ABORTED = 0x40,
};

/* When a command may run among the others of its nexus (SAM-5 section 8.7). There is no ACA:
 * what has that attribute the transport refuses. */
enum task_attribute { TASK_SIMPLE, TASK_ORDERED, TASK_HEAD_OF_QUEUE };

/* A range of logical blocks, from a CDB. */
struct block_range {
    uint64_t lba;
    uint64_t count;
    bool fua, dpo;
    uint8_t protect; /* RDPROTECT, WRPROTECT or VRPROTECT */
};

enum scsi_progress {
    SCSI_RUNNING,    /* `done` will come */
    SCSI_WANTS_DATA, /* out_length > 0: collect the data and call scsi_continue(),
                        scsi_refuse_transfer() or scsi_give_up() */
    SCSI_DORMANT, /* others of its nexus come first. `started` will come, unless it is given up;
                     data that comes unasked may be put into `out` meanwhile */
};

struct scsi_cmd {
    /* The transport's part. */
    struct it_nexus *it_nexus;
    struct nexus *nexus; /* NULL: there is no logical unit behind the LUN it named */
    uint8_t cdb[SCSI_CDB_MAX];
    uint64_t expected_out; /* bytes the initiator will send at most (Expected Data Transfer
                              Length of a write) */
    uint64_t expected_in;  /* bytes the initiator takes at most */
    void (*done)(struct scsi_cmd *cmd);
    /* After SCSI_DORMANT: what scsi_start() would have said now. It must not end this or
     * another command before it returns (scsi_continue() is allowed). */
    void (*started)(struct scsi_cmd *cmd, enum scsi_progress progress);
    enum task_attribute attribute;
    bool aborted; /* set by scsi_abort_command(): stop at the next step, `done` still comes,
                     nobody reads the status */
    bool is_waiting_for_abort; /* set by scsi: see struct scsi_abort */

    /*
     * Data-Out. scsi_start() sets out_length: the bytes the command needs. The transport puts
     * min(out_length, expected_out) bytes into OUT and sets out->length, then calls
     * scsi_continue(). SCSI drops its reference (out = NULL) as soon as the data is no longer
     * needed.
     */
    uint64_t out_length;
    struct iobuf *out;

    /*
     * Data-In, valid in done. in_length: the bytes the command has for the initiator; more than
     * expected_in is an overflow, less an underflow. The transport sends min(in_length,
     * expected_in) bytes of `in` (which has at least those, and is NULL where there are none),
     * and unrefs it.
     */
    uint64_t in_length;
    struct iobuf *in;

    /* The answer, valid in done. */
    enum scsi_status status;
    uint8_t sense_length; /* of `sense` below; 0 where there is none */

    /* Private to scsi. */
    TAILQ_ENTRY(scsi_cmd) in_task_set; /* while dormant */
    enum { TASK_STATE_ENDED, TASK_STATE_DORMANT, TASK_STATE_ENABLED } task_state;
    const struct scsi_command *command; /* its row of the table; NULL: unknown opcode */
    struct block_range range;
    uint64_t started_us;
    struct deferred deferred;
    bool entered;          /* scsi_start() or scsi_continue() is on the stack */
    bool unstable;         /* it has written what a volatile cache may have */
    uint64_t moved;        /* bytes read, written or unmapped, for the counters */
    uint64_t step;         /* multi-step commands: how far they are */
    uint64_t step_length;  /* bytes of the step that runs */
    struct iobuf *scratch; /* multi-step commands: dropped at the end */
    void (*settled)(struct scsi_cmd *cmd); /* disk_settle() */
    bool (*look)(struct scsi_cmd *cmd);    /* disk_walk() */
    void (*walked)(struct scsi_cmd *cmd);
    uint64_t walk_length;
    void (*granted)(struct scsi_cmd *cmd); /* what goes on when it has the blocks of `claim` */

    /* Large: set by who uses them, not cleared before. */
    struct range_claim claim; /* on the blocks that it is about */
    struct store_io io;
    uint8_t sense[SCSI_SENSE_MAX]; /* the transport's to read, as `status` */
};

/* What the transport clears of a struct scsi_cmd before it fills in its part. */
#define SCSI_CMD_CLEARED offsetof(struct scsi_cmd, claim)

/* Checks CMD in SAM order (LUN, resets, reservation, other unit attentions, opcode, port state,
 * CDB, medium, protection, range) and starts it. */
enum scsi_progress scsi_start(struct scsi_cmd *cmd);

/* The data is in `out` (may be NULL and shorter than out_length where the initiator sends
 * less). `done` will come. */
void scsi_continue(struct scsi_cmd *cmd);

/* Instead of scsi_continue(): the transport cannot take that much at once. `done` will come. */
void scsi_refuse_transfer(struct scsi_cmd *cmd);

/* Instead of scsi_continue(), or while CMD is dormant: the data will not come (abort,
 * connection lost). Neither `done` nor `started` is called; drops what CMD holds. */
void scsi_give_up(struct scsi_cmd *cmd);

/* Whether sense data for CMD is in descriptor format: what the control mode page says. */
bool cmd_has_descriptor_sense(const struct scsi_cmd *cmd);
/* Marks CMD as aborted, at any time between its start and `done`: it stops at its next step, at
 * once where it waits for its blocks. `done` comes as ever. */
void scsi_abort_command(struct scsi_cmd *cmd);

/* How much memory a command with this CDB may take beside its data: for who counts it. */
uint32_t scsi_scratch_max(const uint8_t *cdb);

/* Whether a command with this CDB may read and write other units than its own: it copies. */
bool scsi_copies(const uint8_t *cdb);

/* Names for logs: "READ(10)"; "unknown opcode". Static. */
const char *scsi_command_name(const struct scsi_cmd *cmd);

#endif
