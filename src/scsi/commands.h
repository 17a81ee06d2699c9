/*
 * commands.h: the table of SCSI commands: who runs them, what they need, which bits of their
 * CDBs are looked at.
 *
 * One row serves dispatch, the checks of checks.c, REPORT SUPPORTED OPERATION CODES and logs.
 */
#ifndef SCSI_COMMANDS_H
#define SCSI_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cdb.h"
#include "scsi/cmd.h"

struct lun;

/* What Data-Out a command takes. */
enum command_out {
    OUT_NONE,
    OUT_BLOCKS,    /* as many blocks as its range has */
    OUT_ONE_BLOCK, /* WRITE SAME; none with NDOB */
    OUT_COMPARE,   /* COMPARE AND WRITE: twice as many blocks as its range has */
    OUT_BYTCHK,    /* VERIFY: none, its range or one block */
    OUT_LIST_6,    /* a parameter list; its length is in byte 4 */
    OUT_LIST_10,   /* … in bytes 7 and 8 */
    OUT_LIST_PR,   /* … in bytes 5 to 8 (PERSISTENT RESERVE OUT) */
    OUT_LIST_12,   /* … in bytes 6 to 9 */
    OUT_LIST_16,   /* … in bytes 10 to 13 */
};

/* The longest parameter list: a longer one is a PARAMETER LIST LENGTH ERROR. */
#define SCSI_LIST_MAX (64u << 10)

/* How a reservation of another nexus fences a command (SPC-4 section 5.13, table 71; SBC-3
 * section 4.17). */
enum command_fence {
    FENCE_NONE,  /* not at all */
    FENCE_READ,  /* it is refused where the reservation is for exclusive access */
    FENCE_WRITE, /* it is refused: whatever may change something */
    FENCE_PART,  /* as FENCE_WRITE, but for what its CDB may ask for without harm */
};

/* What it counts as in struct io_counters. */
enum command_kind { KIND_OTHER, KIND_READ, KIND_WRITE, KIND_UNMAP, KIND_FLUSH };

enum command_flag {
    WITHOUT_LUN = 1 << 0,      /* has an answer where there is no logical unit */
    PASSES_ATTENTION = 1 << 1, /* does not report a unit attention by CHECK CONDITION */
    NEEDS_MEDIUM = 1 << 2,     /* NOT READY without a store, or after START STOP UNIT */
    WRITES = 1 << 3,           /* DATA PROTECT where writing is not allowed */
    HAS_PROTECT = 1 << 4,      /* byte 1 has RDPROTECT, WRPROTECT or VRPROTECT */
    HAS_FUA = 1 << 5,          /* byte 1 has FUA */
    LIMITED = 1 << 6,          /* at most SCSI_TRANSFER_MAX bytes */
    USES_SCRATCH = 1 << 7,     /* takes up to DISK_STEP_MAX of memory beside its data */
    PASSES_RESERVE = 1 << 8,   /* works where another has the unit by RESERVE(6) or (10) */
    IN_STANDBY = 1 << 9,       /* works while the target port group is in standby */
    IN_UNAVAILABLE = 1 << 10,  /* … unavailable (SPC-4 section 5.15.2) */
    IN_TRANSITION = 1 << 11,   /* … in transition */
    ALONE = 1 << 12,         /* atomic: no other command reads or writes its range meanwhile */
    FOR_REMOVABLE = 1 << 13, /* there is no such command where the medium stays in */
    DURING_SANITIZE = 1 << 14, /* works while the unit is sanitized and when that has failed */
    ONE_COMMAND = 1 << 15,     /* of an opcode with service actions: they are one command with
                                  variants; one that is not there is an invalid field */
    COPIES = 1 << 16,          /* reads or writes other units of its session, too */
};

struct scsi_command {
    const char *name; /* NULL: there is no such command */
    /* Everything in the columns is checked and the data is there; ends in cmd_finish(). */
    void (*run)(struct scsi_cmd *cmd);
    /* Optional: what else is to be checked in the CDB. False: it has failed CMD. */
    bool (*check)(struct scsi_cmd *cmd);
    enum cdb_layout layout; /* also: the range must lie in the medium */
    enum command_out out;
    enum command_kind kind;
    unsigned flags; /* enum command_flag */
    enum command_fence fence;
    unsigned needs;              /* enum store_capability: not there, no such command */
    uint8_t usage[SCSI_CDB_MAX]; /* SPC-4 section 6.35.3: operation code, service action, and
                                    the bits that are evaluated */
    const struct scsi_command *actions; /* rows by service action, up to one without name */
};

/* The most bytes that one command moves. A multiple of every block size. */
#define SCSI_TRANSFER_MAX (8u << 20)

/* By operation code. */
extern const struct scsi_command scsi_commands[256];

/* The row for CDB; NULL where there is none. */
const struct scsi_command *command_find(const uint8_t *cdb);

/* Whether LUN (may be NULL) does this command: its store must be able to, or its medium be
 * removable. */
bool command_is_offered(const struct scsi_command *command, const struct lun *lun);

uint16_t command_service_action(const struct scsi_command *command);

/* The bits of a verdict (enum verdict) that stop COMMAND, which has CDB. */
unsigned command_stopped_by(const struct scsi_command *command, const uint8_t *cdb);

#endif
