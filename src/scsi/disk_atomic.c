/*
 * disk_atomic.c: COMPARE AND WRITE, ORWRITE(16) and WRITE ATOMIC(16) (SBC-3 sections 5.2 and
 * 5.9, SBC-4 section 5.41).
 *
 * Their rows say ALONE: nobody else reads or writes their blocks from before the first read to
 * the end of the write. Each changes the medium by one write, or not at all.
 */
#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"

static void
written(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd == NULL)
        return;
    cmd->moved = io->length;
    disk_good(cmd);
}

static void
write_range(struct scsi_cmd *cmd, uint8_t *data)
{
    uint64_t block = disk_block_size(cmd);

    disk_submit(cmd, STORE_WRITE, cmd->range.lba * block, cmd->range.count * block, data,
                written);
}

/* Data-Out is what must be there, and then what shall be. */
static void
write_second_half(struct scsi_cmd *cmd)
{
    if (cmd->range.count == 0)
        cmd_good(cmd);
    else
        write_range(cmd, cmd->out->data + cmd->walk_length);
}

/*
 * Data-Out that is longer than the CDB says was meant for something else: an initiator that
 * wants 256 blocks compared has a count of 0 there.
 */
static bool
has_no_more_data(struct scsi_cmd *cmd)
{
    if (cmd->expected_out <= cmd->out_length)
        return true;
    if (cmd->range.count == 0)
        cmd_fail_cdb(cmd, cdb_count_at(cmd->command->layout), -1);
    else
        cmd_fail(cmd, SENSE_SHORT_DATA_OUT);
    return false;
}

void
disk_compare_and_write(struct scsi_cmd *cmd)
{
    if (disk_has_all_data(cmd) && has_no_more_data(cmd))
        disk_walk(cmd, cmd->range.count * disk_block_size(cmd), disk_look_same,
                  write_second_half);
}

/* With an ATOMIC BOUNDARY it would be several atomic writes: Block Limits say that there are
 * none such. */
bool
disk_write_atomic_check(struct scsi_cmd *cmd)
{
    if (get_be16(cmd->cdb + 10) == 0)
        return true;
    cmd_fail_cdb(cmd, 10, -1);
    return false;
}

void
disk_write_atomic(struct scsi_cmd *cmd)
{
    if (disk_has_all_data(cmd))
        disk_write(cmd);
}

static bool
look_or(struct scsi_cmd *cmd)
{
    uint8_t *out = cmd->out->data + cmd->step;

    for (size_t i = 0; i < cmd->step_length; i++)
        out[i] |= cmd->scratch->data[i];
    return true;
}

static void
write_all(struct scsi_cmd *cmd)
{
    if (cmd->range.count == 0)
        cmd_good(cmd);
    else
        write_range(cmd, cmd->out->data);
}

void
disk_orwrite(struct scsi_cmd *cmd)
{
    if (disk_has_all_data(cmd))
        disk_walk(cmd, cmd->range.count * disk_block_size(cmd), look_or, write_all);
}
