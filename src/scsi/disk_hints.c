/*
 * disk_hints.c: what moves no data: PRE-FETCH, GET LBA STATUS, READ DEFECT DATA (SBC-3 sections
 * 5.8, 5.10 and 5.17 to 5.19).
 */
#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "store/store.h"

/* A count of 0 means all blocks to the end; of those the first are fetched. */
bool
disk_prefetch_check(struct scsi_cmd *cmd)
{
    uint64_t max = DISK_PREFETCH_MAX / disk_block_size(cmd);

    if (cmd->range.count > max) {
        cmd_fail_cdb(cmd, cdb_count_at(cmd->command->layout), -1);
        return false;
    }
    if (cmd->range.count == 0) {
        disk_settle_count(cmd);
        if (cmd->range.count > max)
            cmd->range.count = max;
    }
    return true;
}

static void
prefetched(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd != NULL)
        cmd_good(cmd);
}

/*
 * The answer comes when the blocks are on their way, as with IMMED. GOOD and not CONDITION MET:
 * that would say that there is room for all of them in a cache, and into that we cannot look. A
 * store without one has no room at all, for which GOOD is the answer too.
 */
void
disk_prefetch(struct scsi_cmd *cmd)
{
    uint64_t block = disk_block_size(cmd);

    if (cmd->range.count == 0 || !(cmd_lun(cmd)->store->capabilities & STORE_CAN_PREFETCH))
        cmd_good(cmd);
    else
        disk_submit(cmd, STORE_PREFETCH, cmd->range.lba * block, cmd->range.count * block, NULL,
                    prefetched);
}

enum { STATUS_HEADER = 8, STATUS_DESCRIPTOR = 16 };
enum { MAPPED = 0, DEALLOCATED = 1 }; /* PROVISIONING STATUS */

/* One command gives no more descriptors, and asks the store no more often. */
enum { DESCRIPTORS_MAX = 128, EXTENTS_MAX = 1024 };

static size_t
descriptors(const struct scsi_cmd *cmd)
{
    return (cmd->scratch->length - STATUS_HEADER) / STATUS_DESCRIPTOR;
}

/* The answer has as many as the initiator takes, and one at least. */
static size_t
descriptors_max(const struct scsi_cmd *cmd)
{
    uint32_t taken = get_be32(cmd->cdb + 10);

    if (taken < STATUS_HEADER + 2 * STATUS_DESCRIPTOR)
        return 1;
    taken = (taken - STATUS_HEADER) / STATUS_DESCRIPTOR;
    return taken < DESCRIPTORS_MAX ? taken : DESCRIPTORS_MAX;
}

/* Adds COUNT blocks to the last descriptor, or begins a new one. False: there is no room. */
static bool
describe(struct scsi_cmd *cmd, uint64_t lba, uint32_t count, uint8_t status)
{
    size_t n = descriptors(cmd);
    uint8_t *d = cmd->scratch->data + STATUS_HEADER + STATUS_DESCRIPTOR * n;
    uint8_t *last = d - STATUS_DESCRIPTOR;

    if (n > 0 && last[12] == status && count <= UINT32_MAX - get_be32(last + 8)) {
        put_be32(last + 8, get_be32(last + 8) + count);
        return true;
    }
    if (n == descriptors_max(cmd))
        return false;
    put_be64(d, lba);
    put_be32(d + 8, count);
    put_be32(d + 12, 0);
    d[12] = status;
    cmd->scratch->length += STATUS_DESCRIPTOR;
    return true;
}

static void
answer_status(struct scsi_cmd *cmd)
{
    put_be32(cmd->scratch->data, (uint32_t)cmd->scratch->length - 4); /* what follows */
    put_be32(cmd->scratch->data + 4, 0);
    cmd_answer(cmd, cmd->scratch->data, cmd->scratch->length, get_be32(cmd->cdb + 10));
}

static void status_step(struct scsi_cmd *cmd);

/* `step` is the number of blocks that are known; step_length, how often the store was asked. */
static void
extent_known(struct store_io *io)
{
    uint64_t block = disk_block_size(disk_cmd(io)), count;
    struct scsi_cmd *cmd = disk_succeeded(io, io->offset / block);

    if (cmd == NULL)
        return;
    count = io->extent.length / block;
    if (count > UINT32_MAX)
        count = UINT32_MAX;
    if (!describe(cmd, cmd->range.lba + cmd->step, (uint32_t)count,
                  io->extent.is_allocated ? MAPPED : DEALLOCATED)) {
        answer_status(cmd);
        return;
    }
    cmd->step += count;
    cmd->step_length++;
    status_step(cmd);
}

static void
status_step(struct scsi_cmd *cmd)
{
    uint64_t block = disk_block_size(cmd), at = cmd->range.lba + cmd->step;
    uint64_t blocks = lun_blocks(cmd_lun(cmd));

    if (at >= blocks || cmd->step_length == EXTENTS_MAX)
        answer_status(cmd);
    else
        disk_submit(cmd, STORE_EXTENT, at * block, (blocks - at) * block, NULL, extent_known);
}

void
disk_lba_status(struct scsi_cmd *cmd)
{
    cmd->scratch = iobuf_new(STATUS_HEADER + DESCRIPTORS_MAX * STATUS_DESCRIPTOR);
    if (cmd->scratch == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    cmd->scratch->length = STATUS_HEADER;
    status_step(cmd);
}

/* Byte AT has REQ_PLIST, REQ_GLIST and the format. Lists without an entry are the same in each
 * format; 110b is a vendor's, 111b reserved. */
static bool
check_defect_format(struct scsi_cmd *cmd, unsigned at)
{
    if ((cmd->cdb[at] & 0x07) <= 5)
        return true;
    cmd_fail_cdb(cmd, at, 2);
    return false;
}

/* Blocks that a medium has lost are the business of what is below the store: both lists are
 * empty. */
void
disk_defects_10(struct scsi_cmd *cmd)
{
    uint8_t data[4] = {0, cmd->cdb[2] & 0x1f};

    if (check_defect_format(cmd, 2))
        cmd_answer(cmd, data, sizeof data, get_be16(cmd->cdb + 7));
}

void
disk_defects_12(struct scsi_cmd *cmd)
{
    uint8_t data[8] = {0, cmd->cdb[1] & 0x1f};

    if (!check_defect_format(cmd, 1))
        return;
    if (get_be32(cmd->cdb + 2) > 0) { /* ADDRESS DESCRIPTOR INDEX: there are none */
        cmd_fail_cdb(cmd, 2, -1);
        return;
    }
    cmd_answer(cmd, data, sizeof data, get_be32(cmd->cdb + 6));
}
