/* disk_admin.c: TEST UNIT READY, READ CAPACITY, SYNCHRONIZE CACHE. */
#include <string.h>

#include "core/bytes.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "store/store.h"

/* All there is to test, the flags of its row have tested. */
void
disk_test_unit_ready(struct scsi_cmd *cmd)
{
    cmd_good(cmd);
}

static uint64_t
last_lba(const struct lun *lun)
{
    uint64_t blocks = lun_blocks(lun);

    return blocks > 0 ? blocks - 1 : 0;
}

/* SBC-3 section 5.15 */
void
disk_read_capacity_10(struct scsi_cmd *cmd)
{
    const struct lun *lun = cmd_lun(cmd);
    uint64_t last = last_lba(lun);
    uint8_t data[8];

    put_be32(data, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last); /* then: use the (16) */
    put_be32(data + 4, lun->block_size);
    nexus_tell_block_size(cmd->nexus);
    cmd_answer(cmd, data, sizeof data, sizeof data);
}

/* SBC-3 section 5.16 */
void
disk_read_capacity_16(struct scsi_cmd *cmd)
{
    const struct lun *lun = cmd_lun(cmd);
    unsigned ratio = lun_physical_block_size(lun) / lun->block_size;
    uint8_t data[32] = {0};

    put_be64(data, last_lba(lun));
    put_be32(data + 8, lun->block_size);
    while (ratio >= 2 && data[13] < 15) {
        data[13]++; /* LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT */
        ratio /= 2;
    }
    if (lun_capabilities(lun) & STORE_CAN_UNMAP)
        data[14] = 0xc0; /* LBPME, LBPRZ */
    nexus_tell_block_size(cmd->nexus);
    cmd_answer(cmd, data, sizeof data, get_be32(cmd->cdb + 10));
}

static void
cache_flushed(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, disk_cmd(io)->range.lba);

    if (cmd != NULL)
        cmd_good(cmd);
}

/*
 * SBC-3 section 5.26. A flush of the store is one of all its blocks. With IMMED too the answer
 * comes after the flush: what GOOD promises is then true. A store without FLUSH has nothing
 * more stable than what it has.
 */
void
disk_synchronize_cache(struct scsi_cmd *cmd)
{
    if (cmd_lun(cmd)->store->capabilities & STORE_CAN_FLUSH)
        disk_submit(cmd, STORE_FLUSH, 0, 0, NULL, cache_flushed);
    else
        cmd_good(cmd);
}
