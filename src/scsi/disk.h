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

/* GOOD after writing: flushes before, where data must be stable and is not yet. */
void disk_good(struct scsi_cmd *cmd);

unsigned disk_block_size(const struct scsi_cmd *cmd);

/* The command of IO; `io` is a member of it. */
struct scsi_cmd *disk_cmd(struct store_io *io);

/* What vpd.c promises and disk_space.c keeps, in blocks. */
#define DISK_WRITE_SAME_MAX        (1u << 15)
#define DISK_UNMAP_MAX             (1u << 20)
#define DISK_UNMAP_DESCRIPTORS_MAX 256

#endif
