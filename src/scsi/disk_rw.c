/* disk_rw.c: READ and WRITE (SBC-3 sections 5.11 to 5.14, 5.31 to 5.34), and how all disk
 * commands reach the store. */
#include <stddef.h>

#include "core/iobuf.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "store/store.h"

struct scsi_cmd *
disk_cmd(struct store_io *io)
{
    return (struct scsi_cmd *)(void *)((char *)io - offsetof(struct scsi_cmd, io));
}

unsigned
disk_block_size(const struct scsi_cmd *cmd)
{
    return cmd_lun(cmd)->block_size;
}

/* FUA, or a unit that says it has no volatile write cache. */
static bool
must_be_stable(const struct scsi_cmd *cmd)
{
    return cmd->range.fua || !lun_is(cmd_lun(cmd), LUN_WRITE_CACHE);
}

void
disk_submit(struct scsi_cmd *cmd, enum store_op op, uint64_t offset, uint64_t length,
            uint8_t *data, void (*done)(struct store_io *io))
{
    struct store *store = cmd_lun(cmd)->store;
    bool writes = op == STORE_WRITE || op == STORE_ZERO || op == STORE_UNMAP;

    /* One by one: what is left out is the store's, and long. */
    cmd->io.op = op;
    cmd->io.fua = writes && (store->capabilities & STORE_CAN_FUA) && must_be_stable(cmd);
    cmd->io.offset = offset;
    cmd->io.length = length;
    cmd->io.data = data;
    cmd->io.done = done;
    cmd->unstable |= writes && !cmd->io.fua;
    store_submit(store, &cmd->io);
}

static bool
is_read(enum store_op op)
{
    return op == STORE_READ || op == STORE_EXTENT || op == STORE_PREFETCH;
}

struct scsi_cmd *
disk_succeeded(struct store_io *io, uint64_t lba)
{
    struct scsi_cmd *cmd = disk_cmd(io);

    if (io->error != 0) {
        cmd_fail_errno(cmd, io->error, is_read(io->op), lba);
        return NULL;
    }
    if (cmd->aborted) {
        cmd_finish(cmd, SCSI_TASK_ABORTED);
        return NULL;
    }
    return cmd;
}

static void
flush_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd != NULL)
        cmd->settled(cmd);
}

void
disk_settle(struct scsi_cmd *cmd, void (*settled)(struct scsi_cmd *cmd))
{
    unsigned capabilities = cmd_lun(cmd)->store->capabilities;

    cmd->settled = settled;

    /*
     * The store has no FUA, or the write cache was turned off while the command ran. With
     * neither FUA nor FLUSH nothing is more stable than what the store has.
     */
    if (must_be_stable(cmd) && cmd->unstable && (capabilities & STORE_CAN_FLUSH))
        disk_submit(cmd, STORE_FLUSH, 0, 0, NULL, flush_done);
    else
        settled(cmd);
}

void
disk_good(struct scsi_cmd *cmd)
{
    disk_settle(cmd, cmd_good);
}

static void
read_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd == NULL)
        return;
    cmd->moved = io->length;
    cmd_good(cmd);
}

/* What is in the range but not taken by the initiator is not read: it would cost memory that
 * its share of buffers (which goes by what it takes) does not show. */
void
disk_read(struct scsi_cmd *cmd)
{
    uint64_t block = disk_block_size(cmd), length = cmd->range.count * block;

    cmd->in_length = length;
    if (cmd->expected_in < length)
        length = (cmd->expected_in + block - 1) / block * block;
    if (length == 0) {
        cmd_good(cmd);
        return;
    }
    cmd->in = iobuf_new(length);
    if (cmd->in == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    disk_submit(cmd, STORE_READ, cmd->range.lba * block, length, cmd->in->data, read_done);
}

static void
write_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd == NULL)
        return;
    cmd->moved = io->length;
    iobuf_unref(cmd->out);
    cmd->out = NULL;
    disk_good(cmd);
}

uint64_t
disk_whole_blocks(const struct scsi_cmd *cmd)
{
    uint64_t length = cmd->out != NULL ? cmd->out->length : 0;

    if (length > cmd->out_length)
        length = cmd->out_length;
    return length - length % disk_block_size(cmd);
}

/*
 * An initiator may announce less data than its CDB asks for (RFC 7143 section 11.4.5: a
 * residual overflow). The whole blocks that came are written; of a block that came in part
 * nothing is, so that no byte on the medium is one that nobody sent.
 */
void
disk_write(struct scsi_cmd *cmd)
{
    uint64_t length = disk_whole_blocks(cmd);

    if (length == 0) {
        cmd_good(cmd);
        return;
    }
    disk_submit(cmd, STORE_WRITE, cmd->range.lba * disk_block_size(cmd), length, cmd->out->data,
                write_done);
}
