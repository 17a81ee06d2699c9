/* answer.c: what a handler says at the end of its command: data, or sense data. */
#include <errno.h>
#include <string.h>

#include "core/counters.h"
#include "core/iobuf.h"
#include "scsi/execute.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "scsi/nexus.h"

/* By sense key for the export alone. */
static void
count_failure(const struct scsi_cmd *cmd, uint8_t key)
{
    struct io_counters *session = cmd->it_nexus->counters;
    struct io_counters *export = cmd->nexus != NULL ? cmd->nexus->counters : NULL;
    struct refusals *refusals = export != NULL ? io_counters_refusals(export) : NULL;

    if (session != NULL)
        counter_add(&session->errors, 1);
    if (export != NULL)
        counter_add(&export->errors, 1);
    if (refusals != NULL)
        counter_add(&refusals->by_sense_key[key % SENSE_KEYS], 1);
}

void
cmd_answer(struct scsi_cmd *cmd, const void *data, size_t length, uint64_t allocation_length)
{
    if (length > allocation_length)
        length = (size_t)allocation_length;
    if (length > 0) {
        cmd->in = iobuf_new(length);
        if (cmd->in == NULL) {
            cmd_finish(cmd, SCSI_BUSY);
            return;
        }
        memcpy(cmd->in->data, data, length);
        cmd->in_length = length;
    }
    cmd_good(cmd);
}

bool
cmd_has_descriptor_sense(const struct scsi_cmd *cmd)
{
    return cmd->nexus != NULL && lun_is(cmd->nexus->lun, LUN_D_SENSE);
}

void
cmd_fail_sense(struct scsi_cmd *cmd, const struct sense *sense)
{
    cmd->sense_length = sense_write(sense, cmd_has_descriptor_sense(cmd), cmd->sense);
    if (sense_key(sense->condition) != SENSE_KEY_UNIT_ATTENTION)
        count_failure(cmd, sense_key(sense->condition));
    cmd_finish(cmd, SCSI_CHECK_CONDITION);
}

void
cmd_fail(struct scsi_cmd *cmd, enum sense_condition condition)
{
    cmd_fail_sense(cmd, &(struct sense){.condition = condition});
}

void
cmd_fail_at(struct scsi_cmd *cmd, enum sense_condition condition, uint64_t information)
{
    cmd_fail_sense(cmd, &(struct sense){.condition = condition,
                                        .has_information = true,
                                        .information = information});
}

void
cmd_fail_cdb(struct scsi_cmd *cmd, unsigned byte, int bit)
{
    cmd_fail_sense(cmd, &(struct sense){.condition = SENSE_INVALID_FIELD_IN_CDB,
                                        .field = {.where = SENSE_FIELD_IN_CDB,
                                                  .byte = (uint16_t)byte,
                                                  .bit = (int8_t)bit}});
}

void
cmd_fail_list(struct scsi_cmd *cmd, unsigned byte, int bit)
{
    cmd_fail_sense(cmd, &(struct sense){.condition = SENSE_INVALID_FIELD_IN_LIST,
                                        .field = {.where = SENSE_FIELD_IN_LIST,
                                                  .byte = (uint16_t)byte,
                                                  .bit = (int8_t)bit}});
}

void
cmd_fail_errno(struct scsi_cmd *cmd, int error, bool is_read, uint64_t lba)
{
    enum sense_condition condition;

    if (error == ENOMEM || error == EAGAIN || error == EBUSY) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    condition = sense_of_errno(error, is_read);
    if (condition == SENSE_SPACE_ALLOCATION_FAILED)
        lun_note_no_space(cmd_lun(cmd), cmd->nexus);
    if (condition == SENSE_UNRECOVERED_READ_ERROR || condition == SENSE_WRITE_ERROR)
        cmd_fail_at(cmd, condition, lba);
    else
        cmd_fail(cmd, condition);
}
