/* report.c: REPORT LUNS, REQUEST SENSE, REPORT SUPPORTED OPERATION CODES and TASK MANAGEMENT
 * FUNCTIONS. */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

/* SAM-5 section 4.7.7: peripheral device addressing up to 255, flat space addressing above. */
static void
put_lun(uint8_t *bytes, uint16_t lun)
{
    memset(bytes, 0, 8);
    put_be16(bytes, lun < 256 ? lun : (uint16_t)(0x4000 | lun));
}

/* Whoever has read the list knows about its change, at each of its logical units (SPC-4 section
 * 6.33). */
static void
clear_luns_changed(const struct it_nexus *it)
{
    for (size_t i = 0; i < it->nexus_count; i++) {
        if (it->nexuses[i] != NULL)
            nexus_clear(it->nexuses[i], ATTENTION_LUNS_CHANGED);
    }
}

/* How many logical units SELECT REPORT chooses; -1: it is reserved. There are no well-known
 * ones here, and no conglomerates (INQUIRY says LU_CONG=0). */
static long
count_luns(const struct it_nexus *it, uint8_t select)
{
    switch (select) {
    case 0x00: /* all but well-known ones */
    case 0x02: /* all */
    case 0x11: /* administrative ones, and those of no conglomerate */
        return (long)it->lun_count;
    case 0x01: /* well-known ones */
    case 0x10: /* administrative ones */
    case 0x12: /* those of the conglomerate that is addressed */
        return 0;
    default:
        return -1;
    }
}

/* SPC-4 section 6.33 */
void
report_luns(struct scsi_cmd *cmd)
{
    const struct it_nexus *it = cmd->it_nexus;
    long selected = count_luns(it, cmd->cdb[2]);
    uint64_t allocation_length = get_be32(cmd->cdb + 6);
    size_t count, length;

    if (selected < 0) {
        cmd_fail_cdb(cmd, 2, -1);
        return;
    }
    count = (size_t)selected;
    length = 8 + 8 * count;
    cmd->in = iobuf_new(length);
    if (cmd->in == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    memset(cmd->in->data, 0, 8);
    put_be32(cmd->in->data, (uint32_t)(8 * count));
    for (size_t i = 0; i < count; i++)
        put_lun(cmd->in->data + 8 + 8 * i, it->luns[i]);
    cmd->in_length = length < allocation_length ? length : allocation_length;
    cmd->in->length = cmd->in_length;
    clear_luns_changed(it);
    cmd_good(cmd);
}

/*
 * SPC-4 section 6.39: what has been the matter is the data; the status is GOOD. A pending unit
 * attention is told here and thereby cleared.
 */
void
request_sense(struct scsi_cmd *cmd)
{
    struct sense sense = {.condition = SENSE_NO_SENSE};
    bool descriptor_format = cmd->cdb[1] & 0x01; /* DESC */
    uint8_t data[SCSI_SENSE_MAX];
    uint8_t length;
    int attention;

    if (cmd->nexus == NULL) {
        sense.condition = SENSE_LUN_NOT_SUPPORTED;
    } else {
        attention = nexus_take_attention(cmd->nexus);
        if (attention >= 0)
            sense = *sense_of_attention((enum unit_attention)attention);
        else
            sense = lun_state(cmd_lun(cmd));
    }
    length = sense_write(&sense, descriptor_format, data);
    cmd_answer(cmd, data, length, cmd->cdb[4]);
}

/* SPC-4 section 6.35 */
enum { RCTD = 0x80, TIMEOUTS_LENGTH = 12 };

/* The command timeouts descriptor; zero is "no indication": a store may take as long as it
 * likes. */
static size_t
put_timeouts(uint8_t *data)
{
    memset(data, 0, TIMEOUTS_LENGTH);
    put_be16(data, TIMEOUTS_LENGTH - 2);
    return TIMEOUTS_LENGTH;
}

static size_t
put_command_descriptor(uint8_t *data, const struct scsi_command *command, bool has_actions,
                       bool timeouts)
{
    memset(data, 0, 8);
    data[0] = command->usage[0];
    if (has_actions) {
        put_be16(data + 2, command_service_action(command));
        data[5] |= 0x01; /* SERVACTV */
    }
    put_be16(data + 6, cdb_length(command->usage[0]));
    if (!timeouts)
        return 8;
    data[5] |= 0x02; /* CTDP */
    return 8 + put_timeouts(data + 8);
}

/* The table has fewer rows than this. */
#define COMMANDS_MAX 128

static void
report_all_opcodes(struct scsi_cmd *cmd, bool timeouts)
{
    static const size_t each = 8 + TIMEOUTS_LENGTH;
    const struct lun *lun = cmd_lun(cmd);
    uint8_t data[4 + COMMANDS_MAX * (8 + TIMEOUTS_LENGTH)];
    size_t n = 4;

    for (unsigned opcode = 0; opcode < 256; opcode++) {
        const struct scsi_command *row = &scsi_commands[opcode];
        bool has_actions = row->actions != NULL;

        if (has_actions)
            row = row->actions;
        for (; row->name != NULL && n + each <= sizeof data; row++) {
            if (command_is_offered(row, lun))
                n += put_command_descriptor(data + n, row, has_actions, timeouts);
            if (!has_actions)
                break;
        }
    }
    put_be32(data, (uint32_t)(n - 4));
    cmd_answer(cmd, data, n, get_be32(cmd->cdb + 6));
}

/* COMMAND NULL: not supported. */
static void
report_one_opcode(struct scsi_cmd *cmd, const struct scsi_command *command, bool timeouts)
{
    uint8_t data[4 + SCSI_CDB_MAX + TIMEOUTS_LENGTH] = {0};
    size_t n = 4, length;

    if (command == NULL || !command_is_offered(command, cmd_lun(cmd))) {
        data[1] = 0x01; /* SUPPORT: not */
    } else {
        length = cdb_length(command->usage[0]);
        data[1] = 0x03; /* SUPPORT: as the standard says */
        put_be16(data + 2, (uint16_t)length);
        memcpy(data + n, command->usage, length);
        n += length;
        if (timeouts) {
            data[1] |= 0x80; /* CTDP */
            n += put_timeouts(data + n);
        }
    }
    cmd_answer(cmd, data, n, get_be32(cmd->cdb + 6));
}

void
report_opcodes(struct scsi_cmd *cmd)
{
    bool timeouts = cmd->cdb[2] & RCTD;
    uint8_t opcode = cmd->cdb[3];
    uint16_t action = get_be16(cmd->cdb + 4);
    bool has_actions = scsi_commands[opcode].actions != NULL;
    const uint8_t wanted[2] = {opcode, has_actions ? (uint8_t)action : 0};
    const struct scsi_command *command = action > 0x1f ? NULL : command_find(wanted);

    switch (cmd->cdb[2] & 0x07) { /* REPORTING OPTIONS */
    case 0:
        report_all_opcodes(cmd, timeouts);
        break;
    case 1: /* an opcode that has no service actions */
        if (has_actions)
            cmd_fail_cdb(cmd, 3, -1);
        else
            report_one_opcode(cmd, command_find(wanted), timeouts);
        break;
    case 2: /* an opcode that has */
        if (!has_actions)
            cmd_fail_cdb(cmd, 3, -1);
        else
            report_one_opcode(cmd, command, timeouts);
        break;
    case 3: /* either; one without service actions is meant by service action 0 */
        report_one_opcode(cmd, has_actions || action == 0 ? command : NULL, timeouts);
        break;
    default:
        cmd_fail_cdb(cmd, 2, 2);
        break;
    }
}

/* SPC-4 section 6.36: what the iSCSI layer does. */
void
report_task_management(struct scsi_cmd *cmd)
{
    enum { ATS = 0x80, ATSS = 0x40, CTSS = 0x10, LURS = 0x08, TRS = 0x02 };
    bool extended = cmd->cdb[2] & 0x80; /* REPD */
    uint8_t data[16] = {ATS | ATSS | CTSS | LURS | TRS};

    if (extended)
        data[3] = 0x0c; /* the timeouts that follow are "no indication" */
    cmd_answer(cmd, data, extended ? 16 : 4, get_be32(cmd->cdb + 6));
}
