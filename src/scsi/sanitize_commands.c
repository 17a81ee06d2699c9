/* sanitize_commands.c: SANITIZE (SBC-3 section 5.24): what it may ask for. */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/sanitize.h"
#include "store/store.h"

enum { IMMED = 0x80, AUSE = 0x20 };

static bool
check_reserved(struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & 0x40) { /* ZNR is for zoned devices (ZBC) */
        cmd_fail_cdb(cmd, 1, 6);
        return false;
    }
    for (unsigned i = 2; i <= 6; i++) {
        if (cmd->cdb[i] != 0) {
            cmd_fail_cdb(cmd, i, -1);
            return false;
        }
    }
    return true;
}

/* Table 103: which lists the service actions take. */
static bool
check_list_length(struct scsi_cmd *cmd)
{
    unsigned length = get_be16(cmd->cdb + 7);
    bool takes_list = cmd->command->out != OUT_NONE;

    if (takes_list ? length > 4 && length < cmd_lun(cmd)->block_size + 5 : length == 0)
        return true;
    cmd_fail_cdb(cmd, 7, -1);
    return false;
}

/*
 * After a failure in restricted completion mode there is one way out: another operation in the
 * same mode that succeeds.
 */
static bool
check_mode(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);
    bool is_restricted;

    pthread_mutex_lock(&lun->lock);
    is_restricted =
        atomic_load(&lun->sanitize.state) == SANITIZE_FAILED && !lun->sanitize.is_unrestricted;
    pthread_mutex_unlock(&lun->lock);
    if (is_restricted && cmd->command->run == sanitize_exit_failure_mode)
        cmd_fail_cdb(cmd, 1, 4);
    else if (is_restricted && (cmd->cdb[1] & AUSE))
        cmd_fail_cdb(cmd, 1, 5);
    else
        return true;
    return false;
}

bool
sanitize_check(struct scsi_cmd *cmd)
{
    struct sense sense = lun_state(cmd_lun(cmd));

    if (sense.condition == SENSE_NOT_READY_SANITIZE) {
        cmd_fail_sense(cmd, &sense);
        return false;
    }
    return check_reserved(cmd) && check_list_length(cmd) && check_mode(cmd);
}

/* Table 104 */
static bool
check_overwrite_list(struct scsi_cmd *cmd)
{
    const uint8_t *list = cmd->out != NULL ? cmd->out->data : NULL;
    unsigned length;

    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return false;
    }
    length = get_be16(list + 2);
    if ((list[0] & 0x1f) == 0) /* OVERWRITE COUNT */
        cmd_fail_list(cmd, 0, 4);
    else if (list[0] & 0x60) /* TEST: vendor specific */
        cmd_fail_list(cmd, 0, 6);
    else if (length == 0 || length > cmd_lun(cmd)->block_size || length > cmd->out_length - 4)
        cmd_fail_list(cmd, 2, -1);
    else
        return true;
    return false;
}

/* Fills BUF with blocks of BLOCK bytes, each of which begins the pattern of N bytes anew. */
static void
fill(struct iobuf *buf, size_t block, const uint8_t *pattern, size_t n)
{
    for (size_t at = 0; at < block; at++)
        buf->data[at] = pattern[at % n];
    for (size_t at = block; at < buf->length; at += block)
        memcpy(buf->data + at, buf->data, block);
}

static struct sanitize_plan
plan_of(const struct scsi_cmd *cmd, enum store_op op)
{
    return (struct sanitize_plan){.op = op,
                                  .passes = 1,
                                  .is_unrestricted = cmd->cdb[1] & AUSE,
                                  .is_immediate = cmd->cdb[1] & IMMED};
}

void
sanitize_overwrite(struct scsi_cmd *cmd)
{
    struct sanitize_plan plan = plan_of(cmd, STORE_WRITE);
    const uint8_t *list;

    if (!check_overwrite_list(cmd))
        return;
    list = cmd->out->data;
    plan.pattern = iobuf_new(SANITIZE_STEP_MAX);
    if (plan.pattern == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    plan.passes = list[0] & 0x1f;
    plan.inverts = list[0] & 0x80;
    fill(plan.pattern, cmd_lun(cmd)->block_size, list + 4, get_be16(list + 2));
    sanitize_start(cmd, &plan);
}

/* What is erased is given back to whoever keeps the store, and reads as zeroes: VPD B1h says
 * WABEREQ=01b. */
void
sanitize_block_erase(struct scsi_cmd *cmd)
{
    const struct sanitize_plan plan = plan_of(cmd, STORE_UNMAP);

    sanitize_start(cmd, &plan);
}

void
sanitize_exit_failure_mode(struct scsi_cmd *cmd)
{
    sanitize_leave(cmd);
}
