/* disk.h: what the disk commands share: operations on the store of a command's LUN. Only for
 * src/scsi/. On the command's worker. */
#ifndef SCSI_DISK_H
#define SCSI_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"
#include "store/store.h"

/* The most that one step of a long command reads or writes through a buffer (every command of a
 * session may have one), and the most it zeroes: between steps an abort is noticed. */
#define DISK_STEP_MAX       (256u << 10)
#define DISK_SPACE_STEP_MAX (8u << 20)

/* Starts OP on LENGTH bytes from OFFSET on, with DATA for READ and WRITE. Writes are stable
 * when done, where the command or the LUN asks for it and the store can; where it cannot,
 * disk_good() sees to it. */
void disk_submit(struct scsi_cmd *cmd, enum store_op op, uint64_t offset, uint64_t length,
                 uint8_t *data, void (*done)(struct store_io *io));

/*
 * At the begin of a `done`: the command of IO, if it goes on. NULL: it is over (the store
 * failed, or it was aborted), and must not be touched any more. LBA is where the operation was.
 */
struct scsi_cmd *disk_succeeded(struct store_io *io, uint64_t lba);

/* Flushes what was written, where it must be stable and is not yet; then goes on by SETTLED. */
void disk_settle(struct scsi_cmd *cmd, void (*settled)(struct scsi_cmd *cmd));

/* GOOD after writing and settling. */
void disk_good(struct scsi_cmd *cmd);

/* A count of 0 means all blocks to the end. Where there are none, the range check says so. */
void disk_settle_count(struct scsi_cmd *cmd);

/* How many bytes of Data-Out are whole blocks that were asked for. */
uint64_t disk_whole_blocks(const struct scsi_cmd *cmd);

/* False where not all Data-Out came that CMD needs, and it has been failed: GOOD would vouch
 * for blocks that nobody sent. */
bool disk_has_all_data(struct scsi_cmd *cmd);

/*
 * Reads LENGTH bytes from the begin of the range, in steps. LOOK is shown each: step_length
 * bytes in scratch, `step` from the begin of the range; it says false where it has ended CMD.
 * Then it goes on by WALKED.
 */
void disk_walk(struct scsi_cmd *cmd, uint64_t length, bool (*look)(struct scsi_cmd *cmd),
               void (*walked)(struct scsi_cmd *cmd));

/* For LOOK: what was read is what Data-Out has there; else it is a MISCOMPARE. */
bool disk_look_same(struct scsi_cmd *cmd);

unsigned disk_block_size(const struct scsi_cmd *cmd);

/* The command of IO; `io` is a member of it. */
struct scsi_cmd *disk_cmd(struct store_io *io);

/* What vpd.c promises and disk_space.c keeps, in blocks. */
#define DISK_WRITE_SAME_MAX        (1u << 15)
#define DISK_COMPARE_MAX           255               /* all that its CDB can say */
#define DISK_PREFETCH_MAX          SCSI_TRANSFER_MAX /* in bytes */
#define DISK_UNMAP_MAX             (1u << 20)
#define DISK_UNMAP_DESCRIPTORS_MAX 256

#endif
