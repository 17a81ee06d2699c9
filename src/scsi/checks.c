/* checks.c: the checks that come before a handler, in SAM order. */
#include "scsi/checks.h"

#include <assert.h>

#include "core/bytes.h"
#include "scsi/commands.h"
#include "scsi/execute.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

enum sense_condition
lun_readiness(const struct lun *lun)
{
    if (lun->store == NULL)
        return SENSE_NOT_READY_INTERVENTION;
    if (atomic_load_explicit(&lun->ejected, memory_order_relaxed))
        return SENSE_MEDIUM_NOT_PRESENT;
    if (atomic_load_explicit(&lun->stopped, memory_order_relaxed))
        return SENSE_NOT_READY_START_REQUIRED;
    return SENSE_NO_SENSE;
}

struct sense
lun_state(const struct lun *lun)
{
    int sanitize = atomic_load_explicit(&lun->sanitize.state, memory_order_relaxed);

    if (sanitize == SANITIZE_RUNNING)
        return (struct sense){.condition = SENSE_NOT_READY_SANITIZE,
                              .has_progress = true,
                              .progress = (uint16_t)atomic_load_explicit(
                                  &lun->sanitize.progress, memory_order_relaxed)};
    if (sanitize == SANITIZE_FAILED)
        return (struct sense){.condition = SENSE_SANITIZE_FAILED};
    return (struct sense){.condition = lun_readiness(lun)};
}

/* The verdict told of a sanitize operation. */
static void
fail_by_sanitize(struct scsi_cmd *cmd)
{
    const struct sense sense = lun_state(cmd_lun(cmd));

    /* It may have ended between the question and the answer. */
    if (sense.condition == SENSE_NO_SENSE)
        cmd_finish(cmd, SCSI_BUSY);
    else
        cmd_fail_sense(cmd, &sense);
}

/* Each says false when it has failed the command. */

static bool
check_lun(struct scsi_cmd *cmd)
{
    bool exempt = cmd->command != NULL && (cmd->command->flags & WITHOUT_LUN);

    if (cmd->nexus == NULL && !exempt) {
        cmd_fail(cmd, SENSE_LUN_NOT_SUPPORTED);
        return false;
    }
    return true;
}

/* SAM-5 section 5.14. The nexus has one that CMD is to report. */
static bool
check_attention(struct scsi_cmd *cmd)
{
    int attention = nexus_take_attention(cmd->nexus);

    if (attention < 0)
        return true;
    cmd_fail_sense(cmd, sense_of_attention((enum unit_attention)attention));
    return false;
}

static bool
check_port_state(struct scsi_cmd *cmd, unsigned verdict)
{
    if (verdict & VERDICT_SANITIZE) {
        fail_by_sanitize(cmd);
        return false;
    }
    if (!(verdict & VERDICT_OF_PORT))
        return true;
    cmd_fail(cmd, verdict & VERDICT_STANDBY       ? SENSE_NOT_READY_STANDBY
                  : verdict & VERDICT_UNAVAILABLE ? SENSE_NOT_READY_UNAVAILABLE
                                                  : SENSE_NOT_READY_TRANSITION);
    return false;
}

/*
 * What the nexus's verdict says against CMD, in the order of SAM-5 section 5.3.3: resets, a
 * reservation conflict, everything else. One load where there is nothing. An opcode that is not
 * there meets attentions only.
 */
static bool
check_verdict(struct scsi_cmd *cmd)
{
    static const unsigned attentions = VERDICT_RESET | VERDICT_ATTENTION;
    unsigned verdict;

    if (cmd->nexus == NULL)
        return true;
    verdict = atomic_load_explicit(&cmd->nexus->verdict, memory_order_acquire);
    if (verdict == 0)
        return true;
    verdict &= cmd->command != NULL ? command_stopped_by(cmd->command, cmd->cdb) : attentions;
    if ((verdict & VERDICT_RESET) && !check_attention(cmd))
        return false;
    if (verdict & VERDICT_OF_RESERVATIONS) {
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
        return false;
    }
    if ((verdict & VERDICT_ATTENTION) && !check_attention(cmd))
        return false;
    if (verdict & VERDICT_BLOCK_SIZE) {
        cmd_fail(cmd, SENSE_CAPACITY_CHANGED);
        return false;
    }
    return check_port_state(cmd, verdict);
}

/*
 * An opcode with service actions of which this is not one, is INVALID FIELD IN CDB only for
 * commands that are one command with variants; the others are commands in their own right, and
 * initiators that probe for them look for INVALID COMMAND OPERATION CODE.
 */
static bool
check_opcode(struct scsi_cmd *cmd)
{
    if (cmd->command != NULL && command_is_offered(cmd->command, cmd_lun(cmd)))
        return true;
    if (scsi_commands[cmd->cdb[0]].flags & ONE_COMMAND)
        cmd_fail_cdb(cmd, 1, 4);
    else
        cmd_fail(cmd, SENSE_INVALID_OPCODE);
    return false;
}

static bool
check_cdb(struct scsi_cmd *cmd)
{
    const struct scsi_command *command = cmd->command;
    unsigned control_at = cdb_length(cmd->cdb[0]) - 1u;

    if (cmd->cdb[control_at] & 0x04) { /* NACA: no ACA here, INQUIRY says NORMACA=0 */
        cmd_fail_cdb(cmd, control_at, 2);
        return false;
    }
    if (command->layout != CDB_NO_RANGE)
        cmd->range = cdb_range(command->layout, cmd->cdb);
    if (!(command->flags & HAS_FUA))
        cmd->range.fua = cmd->range.dpo = false;
    if (!(command->flags & HAS_PROTECT))
        cmd->range.protect = 0;
    if (cmd->range.protect != 0) { /* no protection information: INQUIRY says PROTECT=0 */
        cmd_fail_cdb(cmd, 1, 7);
        return false;
    }
    if ((command->flags & LIMITED) &&
        cmd->range.count > SCSI_TRANSFER_MAX / cmd_lun(cmd)->block_size) {
        cmd_fail_cdb(cmd, cdb_count_at(command->layout), -1);
        return false;
    }
    return command->check == NULL || command->check(cmd);
}

static bool
check_medium(struct scsi_cmd *cmd)
{
    enum sense_condition readiness;

    if (!(cmd->command->flags & NEEDS_MEDIUM))
        return true;
    readiness = lun_readiness(cmd_lun(cmd));
    if (readiness != SENSE_NO_SENSE) {
        cmd_fail(cmd, readiness);
        return false;
    }
    return true;
}

static bool
check_write_protection(struct scsi_cmd *cmd)
{
    if ((cmd->command->flags & WRITES) && nexus_is_read_only(cmd->nexus)) {
        cmd_fail(cmd, nexus_is_read_only_by_mode(cmd->nexus) ? SENSE_SOFTWARE_WRITE_PROTECTED
                                                             : SENSE_WRITE_PROTECTED);
        return false;
    }
    return true;
}

static bool
check_range(struct scsi_cmd *cmd)
{
    if (cmd->command->layout == CDB_NO_RANGE ||
        lun_has_range(cmd_lun(cmd), cmd->range.lba, cmd->range.count))
        return true;
    cmd_fail_at(cmd, SENSE_LBA_OUT_OF_RANGE, cmd->range.lba);
    return false;
}

uint64_t
cmd_out_length(const struct scsi_cmd *cmd)
{
    switch (cmd->command->out) {
    case OUT_NONE:
        return 0;
    case OUT_BLOCKS:
        return cmd->range.count * cmd_lun(cmd)->block_size;
    case OUT_COMPARE:
        return 2 * cmd->range.count * cmd_lun(cmd)->block_size;
    case OUT_ONE_BLOCK:
        return cdb_has_ndob(cmd->cdb) ? 0 : cmd_lun(cmd)->block_size;
    case OUT_BYTCHK:
        return cdb_bytchk_blocks(cmd->cdb, cmd->range.count) * cmd_lun(cmd)->block_size;
    case OUT_LIST_6:
        return cmd->cdb[4];
    case OUT_LIST_10:
        return get_be16(cmd->cdb + 7);
    case OUT_LIST_PR:
        return get_be32(cmd->cdb + 5);
    case OUT_LIST_12:
        return get_be32(cmd->cdb + 6);
    case OUT_LIST_16:
        return get_be32(cmd->cdb + 10);
    }
    assert(!"unknown kind of Data-Out");
    return 0;
}

static bool
check_fence(struct scsi_cmd *cmd)
{
    unsigned verdict = atomic_load_explicit(&cmd->nexus->verdict, memory_order_acquire);

    verdict &= command_stopped_by(cmd->command, cmd->cdb);
    if (verdict & VERDICT_OF_RESERVATIONS)
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
    else if (verdict & VERDICT_SANITIZE)
        fail_by_sanitize(cmd);
    else
        return true;
    return false;
}

/* A list of that length is not even taken. */
static bool
check_list_length(struct scsi_cmd *cmd)
{
    if (cmd->command->out < OUT_LIST_6 || cmd_out_length(cmd) <= SCSI_LIST_MAX)
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

static bool (*const checks[])(struct scsi_cmd *cmd) = {
    check_lun,         check_verdict, check_opcode,           check_cdb,
    check_list_length, check_medium,  check_write_protection, check_range,
};

bool
cmd_may_begin(struct scsi_cmd *cmd)
{
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i](cmd))
            return false;
    }
    return true;
}

bool
cmd_may_go_on(struct scsi_cmd *cmd)
{
    return check_fence(cmd) && check_medium(cmd) && check_write_protection(cmd) &&
           check_range(cmd);
}
