/* disk_compare.c: VERIFY (SBC-3 sections 5.27 to 5.30). */
#include <string.h>

#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"

bool
disk_verify_check(struct scsi_cmd *cmd)
{
    switch (cdb_bytchk(cmd->cdb)) {
    case BYTCHK_RESERVED:
        cmd_fail_cdb(cmd, 1, 2);
        return false;
    case BYTCHK_COMPARE:
        if (cmd->range.count > SCSI_TRANSFER_MAX / disk_block_size(cmd)) {
            cmd_fail_cdb(cmd, cdb_count_at(cmd->command->layout), -1);
            return false;
        }
        return true;
    case BYTCHK_MEDIUM:
    case BYTCHK_COMPARE_ONE:
        break; /* no Data-Out to speak of: as long as it likes */
    }
    return true;
}

/* Where the N bytes at A and B differ first; N where they do not. */
static size_t
first_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t i = 0;

    if (memcmp(a, b, n) == 0)
        return n;
    while (a[i] == b[i])
        i++;
    return i;
}

/* What the step has read against Data-Out: the offset of the first difference from the step's
 * begin, or the step's length. */
static size_t
compare_step(const struct scsi_cmd *cmd)
{
    const uint8_t *read = cmd->scratch->data;
    size_t length = cmd->step_length, block = disk_block_size(cmd), same;

    switch (cdb_bytchk(cmd->cdb)) {
    case BYTCHK_COMPARE:
        return first_difference(read, cmd->out->data + cmd->step, length);
    case BYTCHK_COMPARE_ONE:
        for (size_t at = 0; at < length; at += block) {
            same = first_difference(read + at, cmd->out->data, block);
            if (same < block)
                return at + same;
        }
        return length;
    case BYTCHK_MEDIUM:
    case BYTCHK_RESERVED:
        break;
    }
    return length; /* that it could be read is all there is to verify */
}

static void verify_step(struct scsi_cmd *cmd);

static void
verify_read_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_cmd(io);
    size_t same;

    cmd = disk_succeeded(io, cmd->range.lba + cmd->step / disk_block_size(cmd));
    if (cmd == NULL)
        return;
    same = compare_step(cmd);
    if (same < cmd->step_length) {
        cmd_fail_at(cmd, SENSE_MISCOMPARE, cmd->step + same);
        return;
    }
    cmd->step += cmd->step_length;
    verify_step(cmd);
}

/* `step` is the offset from the first block. */
static void
verify_step(struct scsi_cmd *cmd)
{
    uint64_t block = disk_block_size(cmd), left = cmd->range.count * block - cmd->step;

    if (left == 0) {
        cmd_good(cmd);
        return;
    }
    cmd->step_length = left < DISK_STEP_MAX ? left : DISK_STEP_MAX;
    disk_submit(cmd, STORE_READ, cmd->range.lba * block + cmd->step, cmd->step_length,
                cmd->scratch->data, verify_read_done);
}

void
disk_verify(struct scsi_cmd *cmd)
{
    uint64_t length = cmd->range.count * disk_block_size(cmd);

    /* With less data than was announced, GOOD would vouch for blocks that nobody compared. */
    if (cmd->out_length > 0 && (cmd->out == NULL || cmd->out->length < cmd->out_length)) {
        cmd_fail(cmd, SENSE_SHORT_DATA_OUT);
        return;
    }
    if (length == 0) {
        cmd_good(cmd);
        return;
    }
    cmd->scratch = iobuf_new(length < DISK_STEP_MAX ? length : DISK_STEP_MAX);
    if (cmd->scratch == NULL)
        cmd_finish(cmd, SCSI_BUSY);
    else
        verify_step(cmd);
}
