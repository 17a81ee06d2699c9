/* disk_space.c: UNMAP (SBC-3 section 5.28) and WRITE SAME (sections 5.38 and 5.39). */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "store/store.h"

enum { UNMAP_HEADER = 8, UNMAP_DESCRIPTOR = 16 };

bool
disk_unmap_check(struct scsi_cmd *cmd)
{
    uint16_t length = get_be16(cmd->cdb + 7);

    if (cmd->cdb[1] & 0x01) { /* ANCHOR: VPD B2h says ANC_SUP=0 */
        cmd_fail_cdb(cmd, 1, 0);
        return false;
    }
    if (length > 0 && length < UNMAP_HEADER) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return false;
    }
    return true;
}

/* Descriptors that are there whole; one that is cut off at the end is ignored (SBC-3 section
 * 5.28.2). */
static size_t
unmap_descriptors(const struct scsi_cmd *cmd)
{
    size_t said = get_be16(cmd->out->data + 2), there = cmd->out->length - UNMAP_HEADER;

    return (said < there ? said : there) / UNMAP_DESCRIPTOR;
}

static const uint8_t *
unmap_descriptor(const struct scsi_cmd *cmd, size_t i)
{
    return cmd->out->data + UNMAP_HEADER + UNMAP_DESCRIPTOR * i;
}

/* All of them, before the first block is unmapped. False: it has failed CMD. */
static bool
check_unmap_list(struct scsi_cmd *cmd)
{
    const struct lun *lun = cmd_lun(cmd);
    size_t n = unmap_descriptors(cmd);
    uint64_t lba, count, sum = 0;

    if (n > DISK_UNMAP_DESCRIPTORS_MAX) {
        cmd_fail_list(cmd, 2, -1);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        lba = get_be64(unmap_descriptor(cmd, i));
        count = get_be32(unmap_descriptor(cmd, i) + 8);
        if (count > 0 && !lun_has_range(lun, lba, count)) {
            cmd_fail_at(cmd, SENSE_LBA_OUT_OF_RANGE, lba);
            return false;
        }
        sum += count;
        if (sum > DISK_UNMAP_MAX) {
            cmd_fail_list(cmd, (unsigned)(UNMAP_HEADER + UNMAP_DESCRIPTOR * i + 8), -1);
            return false;
        }
    }
    return true;
}

static void unmap_step(struct scsi_cmd *cmd);

static void
unmap_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, io->offset / disk_block_size(disk_cmd(io)));

    if (cmd == NULL)
        return;
    cmd->moved += io->length;
    unmap_step(cmd);
}

/* `step` is the number of the next descriptor. */
static void
unmap_step(struct scsi_cmd *cmd)
{
    uint64_t block = disk_block_size(cmd), lba, count = 0;

    while (count == 0 && cmd->step < unmap_descriptors(cmd)) {
        lba = get_be64(unmap_descriptor(cmd, cmd->step));
        count = get_be32(unmap_descriptor(cmd, cmd->step) + 8);
        cmd->step++;
    }
    if (count == 0)
        disk_good(cmd);
    else
        disk_submit(cmd, STORE_UNMAP, lba * block, count * block, NULL, unmap_done);
}

/* All of them by one claim on everything from the first to the last. */
static void
claim_unmap_ranges(struct scsi_cmd *cmd)
{
    uint64_t first = UINT64_MAX, end = 0, lba, count;

    for (size_t i = 0; i < unmap_descriptors(cmd); i++) {
        lba = get_be64(unmap_descriptor(cmd, i));
        count = get_be32(unmap_descriptor(cmd, i) + 8);
        if (count == 0)
            continue;
        first = lba < first ? lba : first;
        end = lba + count > end ? lba + count : end;
    }
    cmd_claim(cmd, first, end > 0 ? end - first : 0, unmap_step);
}

void
disk_unmap(struct scsi_cmd *cmd)
{
    if (cmd->out_length == 0) { /* a parameter list of no bytes is no error */
        cmd_good(cmd);
        return;
    }
    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return;
    }
    if (check_unmap_list(cmd))
        claim_unmap_ranges(cmd);
}

enum { SAME_ANCHOR = 0x10, SAME_UNMAP = 0x08, SAME_PBDATA = 0x04, SAME_LBDATA = 0x02 };

void
disk_settle_count(struct scsi_cmd *cmd)
{
    uint64_t blocks = lun_blocks(cmd_lun(cmd));

    if (cmd->range.count == 0 && cmd->range.lba < blocks)
        cmd->range.count = blocks - cmd->range.lba;
}

bool
disk_write_same_check(struct scsi_cmd *cmd)
{
    disk_settle_count(cmd); /* VPD B0h says WSNZ=0 */
    if (cmd->cdb[1] & SAME_ANCHOR) {
        cmd_fail_cdb(cmd, 1, 4);
    } else if ((cmd->cdb[1] & SAME_UNMAP) &&
               !(lun_capabilities(cmd_lun(cmd)) & STORE_CAN_UNMAP)) {
        cmd_fail_cdb(cmd, 1, 3);
    } else if (cmd->cdb[1] & SAME_PBDATA) { /* obsolete since SBC-3 */
        cmd_fail_cdb(cmd, 1, 2);
    } else if (cmd->cdb[1] & SAME_LBDATA) {
        cmd_fail_cdb(cmd, 1, 1);
    } else if (cmd->range.count > DISK_WRITE_SAME_MAX) {
        cmd_fail_cdb(cmd, cdb_count_at(cmd->command->layout), -1);
    } else {
        return true;
    }
    return false;
}

static bool
is_zero(const uint8_t *data, size_t n)
{
    return data[0] == 0 && memcmp(data, data + 1, n - 1) == 0;
}

/*
 * Blocks that shall read as zeroes can be zeroed without a buffer; anything else is written.
 *
 * With UNMAP the block that came is not looked at: it unmaps, and the range then reads as
 * zeroes. SBC-3 would have blocks that are not zero written where LBPRZ is set, but no
 * initiator that asks for unmapping means that, other targets unmap too, and libiscsi's suite
 * (1.19, WriteSame10.UnmapUntilEnd) sends such a block and wants to read zeroes.
 */
static enum store_op
same_operation(const struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & SAME_UNMAP) /* checked: the store can */
        return STORE_UNMAP;
    if (cmd->out != NULL && !is_zero(cmd->out->data, disk_block_size(cmd)))
        return STORE_WRITE;
    return lun_capabilities(cmd_lun(cmd)) & STORE_CAN_ZERO ? STORE_ZERO : STORE_WRITE;
}

static void same_step(struct scsi_cmd *cmd, enum store_op op);

static void
same_done(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, io->offset / disk_block_size(disk_cmd(io)));

    if (cmd == NULL)
        return;
    cmd->moved += io->length;
    cmd->step += io->length;
    same_step(cmd, io->op);
}

/* `step` is the offset from the first block. */
static void
same_step(struct scsi_cmd *cmd, enum store_op op)
{
    uint64_t block = disk_block_size(cmd), left = cmd->range.count * block - cmd->step;
    uint64_t max = op == STORE_WRITE ? cmd->scratch->length : DISK_SPACE_STEP_MAX;

    if (left == 0)
        disk_good(cmd);
    else
        disk_submit(cmd, op, cmd->range.lba * block + cmd->step, left < max ? left : max,
                    cmd->scratch != NULL ? cmd->scratch->data : NULL, same_done);
}

/* Fills a buffer with the block (zeroes with NDOB), as often as one step writes it. */
static struct iobuf *
new_pattern(const struct scsi_cmd *cmd)
{
    size_t block = disk_block_size(cmd);
    uint64_t length = cmd->range.count * block;
    struct iobuf *pattern = iobuf_new(length < DISK_STEP_MAX ? length : DISK_STEP_MAX);

    if (pattern == NULL)
        return NULL;
    for (size_t at = 0; at < pattern->length; at += block) {
        if (cmd->out != NULL)
            memcpy(pattern->data + at, cmd->out->data, block);
        else
            memset(pattern->data + at, 0, block);
    }
    return pattern;
}

void
disk_write_same(struct scsi_cmd *cmd)
{
    enum store_op op;

    /* One block, neither less nor more: with more the initiator means something else. */
    if (cmd->out_length > 0 && (cmd->out == NULL || cmd->out->length < cmd->out_length ||
                                cmd->expected_out > cmd->out_length)) {
        cmd_fail(cmd, SENSE_SHORT_DATA_OUT);
        return;
    }
    op = same_operation(cmd);
    if (op == STORE_WRITE) {
        cmd->scratch = new_pattern(cmd);
        if (cmd->scratch == NULL) {
            cmd_finish(cmd, SCSI_BUSY);
            return;
        }
    }
    same_step(cmd, op);
}
