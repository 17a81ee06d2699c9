/* alua_commands.c: REPORT TARGET PORT GROUPS (SPC-4 section 6.37) and SET TARGET PORT GROUPS
 * (section 6.45). */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/alua.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

enum { DESCRIPTOR = 8 + 4 /* one port */, EXTENDED_HEADER = 8, HEADER = 4 };

/* The states that a group may be in: T_SUP, U_SUP, S_SUP, AN_SUP, AO_SUP. */
#define STATES_SUPPORTED 0x8f

/* STATUS CODE */
enum { STATUS_NONE = 0, STATUS_BY_COMMAND = 1 };

static void
put_group(uint8_t *d, const struct lun *lun, const struct target_port_group *group)
{
    memset(d, 0, DESCRIPTOR);
    d[0] = (uint8_t)alua_state(lun, group);
    if (group->is_preferred)
        d[0] |= 0x80; /* PREF */
    d[1] = STATES_SUPPORTED;
    put_be16(d + 2, group->tag);
    d[5] = alua_is_overridden(lun, group) ? STATUS_BY_COMMAND : STATUS_NONE;
    d[7] = 1;                     /* TARGET PORT COUNT */
    put_be16(d + 10, group->tag); /* RELATIVE TARGET PORT IDENTIFIER */
}

void
report_target_port_groups(struct scsi_cmd *cmd)
{
    const struct it_nexus *it = cmd->it_nexus;
    struct lun *lun = cmd_lun(cmd);
    uint8_t format = cmd->cdb[1] >> 5; /* PARAMETER DATA FORMAT */
    size_t n = format == 0 ? HEADER : EXTENDED_HEADER;
    size_t length = n + DESCRIPTOR * it->port_group_count;
    uint64_t allocation_length = get_be32(cmd->cdb + 6);

    if (format > 1) {
        cmd_fail_cdb(cmd, 1, 7);
        return;
    }
    cmd->in = iobuf_new(length);
    if (cmd->in == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    memset(cmd->in->data, 0, n);
    put_be32(cmd->in->data, (uint32_t)(length - 4));
    if (format == 1)
        cmd->in->data[4] = 0x10; /* FORMAT TYPE; IMPLICIT TRANSITION TIME: not said */
    lun_lock(lun);
    for (size_t i = 0; i < it->port_group_count; i++)
        put_group(cmd->in->data + n + DESCRIPTOR * i, lun, &it->port_groups[i]);
    lun_unlock(lun);
    cmd->in_length = length < allocation_length ? length : allocation_length;
    cmd->in->length = cmd->in_length;
    cmd_good(cmd);
}

enum { SET_HEADER = 4, SET_DESCRIPTOR = 4 };

/* The descriptor at D, which is at byte AT of the list. False: it has failed CMD. */
static bool
read_change(struct scsi_cmd *cmd, const uint8_t *d, unsigned at, struct port_override *ret)
{
    const struct target_port_group *group =
        target_port_group_find(cmd->it_nexus, get_be16(d + 2));

    if ((d[0] & 0x0f) >= PORT_STATES_TO_SET) {
        cmd_fail_list(cmd, at, 3);
        return false;
    }
    if (group == NULL) {
        cmd_fail_list(cmd, at + 2, -1);
        return false;
    }
    *ret = (struct port_override){
        .tag = group->tag, .state = (enum port_state)(d[0] & 0x0f), .configured = group->state};
    return true;
}

/* More descriptors than there are groups name one of them twice, which nobody needs. */
#define CHANGES_MAX 256

bool
set_target_port_groups_check(struct scsi_cmd *cmd)
{
    uint32_t length = get_be32(cmd->cdb + 6);

    if (length == 0 || (length >= SET_HEADER && (length - SET_HEADER) % SET_DESCRIPTOR == 0 &&
                        (length - SET_HEADER) / SET_DESCRIPTOR <= CHANGES_MAX))
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

void
set_target_port_groups(struct scsi_cmd *cmd)
{
    struct port_override changes[CHANGES_MAX];
    size_t count = 0;

    if (cmd->out_length == 0) {
        cmd_good(cmd);
        return;
    }
    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return;
    }
    for (size_t at = SET_HEADER; at < cmd->out_length; at += SET_DESCRIPTOR) {
        if (!read_change(cmd, cmd->out->data + at, (unsigned)at, &changes[count]))
            return;
        count++;
    }
    if (alua_set(cmd->nexus, changes, count) < 0)
        cmd_finish(cmd, SCSI_BUSY);
    else
        cmd_good(cmd);
}
