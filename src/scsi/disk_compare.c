/* disk_compare.c: VERIFY and WRITE AND VERIFY (SBC-3 sections 5.27 to 5.30, 5.35 to 5.37), and
 * what reads step by step as they do. */
#include <string.h>

#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"

static void walk_step(struct scsi_cmd *cmd);

static void
step_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_cmd(io);

    cmd = disk_succeeded(io, cmd->range.lba + cmd->step / disk_block_size(cmd));
    if (cmd == NULL || !cmd->look(cmd))
        return;
    cmd->step += cmd->step_length;
    walk_step(cmd);
}

static void
walk_step(struct scsi_cmd *cmd)
{
    uint64_t left = cmd->walk_length - cmd->step;

    if (left == 0) {
        cmd->walked(cmd);
        return;
    }
    cmd->step_length = left < DISK_STEP_MAX ? left : DISK_STEP_MAX;
    disk_submit(cmd, STORE_READ, cmd->range.lba * disk_block_size(cmd) + cmd->step,
                cmd->step_length, cmd->scratch->data, step_done);
}

void
disk_walk(struct scsi_cmd *cmd, uint64_t length, bool (*look)(struct scsi_cmd *cmd),
          void (*walked)(struct scsi_cmd *cmd))
{
    cmd->walk_length = length;
    cmd->look = look;
    cmd->walked = walked;
    if (length > 0) {
        cmd->scratch = iobuf_new(length < DISK_STEP_MAX ? length : DISK_STEP_MAX);
        if (cmd->scratch == NULL) {
            cmd_finish(cmd, SCSI_BUSY);
            return;
        }
    }
    walk_step(cmd);
}

bool
disk_has_all_data(struct scsi_cmd *cmd)
{
    if (cmd->out_length == 0 || (cmd->out != NULL && cmd->out->length >= cmd->out_length))
        return true;
    cmd_fail(cmd, SENSE_SHORT_DATA_OUT);
    return false;
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

bool
disk_look_same(struct scsi_cmd *cmd)
{
    size_t same =
        first_difference(cmd->scratch->data, cmd->out->data + cmd->step, cmd->step_length);

    if (same == cmd->step_length)
        return true;
    cmd_fail_at(cmd, SENSE_MISCOMPARE, cmd->step + same);
    return false;
}

/* BYTCHK=11b: each block is as the one that came. */
static bool
look_same_block(struct scsi_cmd *cmd)
{
    size_t block = disk_block_size(cmd);

    for (size_t at = 0; at < cmd->step_length; at += block) {
        size_t same = first_difference(cmd->scratch->data + at, cmd->out->data, block);
        if (same < block) {
            cmd_fail_at(cmd, SENSE_MISCOMPARE, cmd->step + at + same);
            return false;
        }
    }
    return true;
}

/* BYTCHK=00b: that it could be read is all there is to verify. */
static bool
look_at_nothing(struct scsi_cmd *cmd)
{
    (void)cmd;
    return true;
}

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

void
disk_verify(struct scsi_cmd *cmd)
{
    static bool (*const looks[])(struct scsi_cmd *) = {
        [BYTCHK_MEDIUM] = look_at_nothing,
        [BYTCHK_COMPARE] = disk_look_same,
        [BYTCHK_COMPARE_ONE] = look_same_block,
    };

    if (disk_has_all_data(cmd))
        disk_walk(cmd, cmd->range.count * disk_block_size(cmd), looks[cdb_bytchk(cmd->cdb)],
                  cmd_good);
}

/* With 11b VERIFY compares with one block; here it is reserved, as is 10b. */
bool
disk_write_verify_check(struct scsi_cmd *cmd)
{
    if (cdb_bytchk(cmd->cdb) <= BYTCHK_COMPARE)
        return true;
    cmd_fail_cdb(cmd, 1, 2);
    return false;
}

/*
 * BYTCHK=00b asks for no comparison. But we have the data, and a medium that gives back
 * something else has failed to write.
 */
static bool
look_written(struct scsi_cmd *cmd)
{
    size_t same =
        first_difference(cmd->scratch->data, cmd->out->data + cmd->step, cmd->step_length);

    if (same == cmd->step_length)
        return true;
    cmd_fail_at(cmd, SENSE_WRITE_ERROR,
                cmd->range.lba + (cmd->step + same) / disk_block_size(cmd));
    return false;
}

static void
read_back(struct scsi_cmd *cmd)
{
    disk_walk(cmd, cmd->moved,
              cdb_bytchk(cmd->cdb) == BYTCHK_COMPARE ? disk_look_same : look_written, cmd_good);
}

static void
written(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd == NULL)
        return;
    cmd->moved = io->length;
    disk_settle(cmd, read_back);
}

/* What is verified is on the medium: written as FUA would have it. Of too little data the whole
 * blocks are written, as by WRITE. */
void
disk_write_verify(struct scsi_cmd *cmd)
{
    uint64_t length = disk_whole_blocks(cmd);

    cmd->range.fua = true;
    if (length == 0)
        cmd_good(cmd);
    else
        disk_submit(cmd, STORE_WRITE, cmd->range.lba * disk_block_size(cmd), length,
                    cmd->out->data, written);
}
