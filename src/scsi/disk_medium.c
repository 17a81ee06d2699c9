/* disk_medium.c: START STOP UNIT (SBC-3 section 5.25) and PREVENT ALLOW MEDIUM REMOVAL (SBC-3
 * section 5.10): whether the medium is there, and turns. */
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "store/store.h"

enum { START = 0x01, LOEJ = 0x02, NO_FLUSH = 0x04 };

/*
 * A unit whose medium stays in has two power conditions, active and stopped. A removable one is
 * active whatever it is asked for: it has nothing that turns, LOEJ alone makes its medium
 * inaccessible, and initiators that want that say so.
 */
static bool
stays_active(const struct scsi_cmd *cmd)
{
    return lun_is(cmd_lun(cmd), LUN_REMOVABLE) && (cmd->cdb[4] & 0xf0) != 0;
}

bool
disk_start_stop_check(struct scsi_cmd *cmd)
{
    if (stays_active(cmd))
        return true;
    if (cmd->cdb[3] & 0x0f) { /* POWER CONDITION MODIFIER: belongs to what is refused below */
        cmd_fail_cdb(cmd, 3, 3);
        return false;
    }
    if (cmd->cdb[4] & 0xf0) { /* POWER CONDITION: there are none but active and stopped */
        cmd_fail_cdb(cmd, 4, 7);
        return false;
    }
    if ((cmd->cdb[4] & LOEJ) && !lun_is(cmd_lun(cmd), LUN_REMOVABLE)) {
        cmd_fail_cdb(cmd, 4, 1);
        return false;
    }
    return true;
}

/* What is to be stable is. */
static void
stop(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);

    if (!(cmd->cdb[4] & LOEJ)) {
        if (!lun_is(lun, LUN_REMOVABLE) && !atomic_exchange(&lun->stopped, true))
            atomic_fetch_add(&lun->start_stop_cycles, 1);
        cmd_good(cmd);
    } else if (lun_eject(lun)) {
        cmd_good(cmd);
    } else {
        cmd_fail(cmd, SENSE_REMOVAL_PREVENTED);
    }
}

static void
flushed(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, 0);

    if (cmd != NULL)
        stop(cmd);
}

static void
start(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);

    if (cmd->cdb[4] & LOEJ) {
        if (lun_load(lun, cmd->nexus))
            cmd_good(cmd);
        else
            cmd_fail(cmd, SENSE_REMOVAL_PREVENTED);
    } else if (atomic_load(&lun->ejected)) {
        cmd_fail(cmd, SENSE_MEDIUM_NOT_PRESENT);
    } else {
        atomic_store_explicit(&lun->stopped, false, memory_order_relaxed);
        cmd_good(cmd);
    }
}

/* IMMED allows an early answer; this one comes when it is done. */
void
disk_start_stop(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);

    if (lun->store == NULL)
        cmd_fail(cmd, lun_readiness(lun));
    else if (stays_active(cmd)) /* START and LOEJ are ignored */
        cmd_good(cmd);
    else if (cmd->cdb[4] & START)
        start(cmd);
    else if (!(cmd->cdb[4] & NO_FLUSH) && (lun->store->capabilities & STORE_CAN_FLUSH))
        disk_submit(cmd, STORE_FLUSH, 0, 0, NULL, flushed);
    else
        stop(cmd);
}

bool
disk_prevent_allow_check(struct scsi_cmd *cmd)
{
    if (cmd->cdb[4] & 0x02) { /* PREVENT: 10b and 11b are obsolete */
        cmd_fail_cdb(cmd, 4, 1);
        return false;
    }
    return true;
}

/* The medium stays where it is as long as any nexus wants that: until it allows it, is lost, or
 * the unit is reset. */
void
disk_prevent_allow(struct scsi_cmd *cmd)
{
    nexus_prevent_removal(cmd->nexus, cmd->cdb[4] & 0x01);
    cmd_good(cmd);
}
