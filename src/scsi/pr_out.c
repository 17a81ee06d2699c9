/* pr_out.c: PERSISTENT RESERVE OUT (SPC-4 section 6.16): from a CDB and its parameter list to a
 * change of the reservations, and from what came of it to an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/alua.h"
#include "scsi/commands.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/pr_list.h"
#include "scsi/reservations.h"

enum { SERVICE_ACTION_KEY_AT = 8, FLAGS_AT = 20, SPEC_I_PT_BIT = 3, APTPL_BIT = 0 };
enum { MOVE_FLAGS_AT = 17, MOVE_PORT_AT = 18 };

/* Names of I_T nexuses, growing. */
struct nexus_list {
    struct pr_nexus *names;
    size_t *at; /* where in the parameter list each comes from */
    size_t count;
};

/* One command at work. */
struct pr_out {
    struct reservation_change change;
    struct scsi_cmd *cmd;
    struct pr_list list;
    struct nexus_list own, specified;
};

static enum pr_action
action_of(const struct scsi_cmd *cmd)
{
    return (enum pr_action)(cmd->cdb[1] & 0x1f);
}

/* Before the data: of most actions the list has one length (section 6.16.1). */
bool
pr_out_check(struct scsi_cmd *cmd)
{
    enum pr_action action = action_of(cmd);
    uint32_t length = get_be32(cmd->cdb + 5);
    bool may_be_longer = action == PR_REGISTER || action == PR_REGISTER_AND_MOVE;

    if (length >= PR_LIST_BASIC && (length == PR_LIST_BASIC || may_be_longer))
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

static void
pr_out_free(struct pr_out *out)
{
    pr_list_done(&out->list);
    free(out->own.names);
    free(out->own.at);
    free(out->specified.names);
    free(out->specified.at);
    free(out);
}

static void
fail_outcome(struct scsi_cmd *cmd, const struct pr_out *out)
{
    switch (out->change.outcome) {
    case PR_GOOD:
        cmd_good(cmd);
        break;
    case PR_CONFLICT:
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
        break;
    case PR_INVALID_SCOPE:
        cmd_fail_cdb(cmd, 2, 7);
        break;
    case PR_INVALID_TYPE:
        cmd_fail_cdb(cmd, 2, 3);
        break;
    case PR_NOTHING_TO_MOVE: /* the service action cannot be done now */
        cmd_fail_cdb(cmd, 1, 4);
        break;
    case PR_INVALID_KEY:
        cmd_fail_list(cmd, SERVICE_ACTION_KEY_AT, -1);
        break;
    case PR_INVALID_SPEC:
        cmd_fail_list(cmd, FLAGS_AT, SPEC_I_PT_BIT);
        break;
    case PR_INVALID_NEXUS:
        cmd_fail_list(cmd, (unsigned)out->specified.at[out->change.invalid], -1);
        break;
    case PR_INVALID_RELEASE:
        cmd_fail(cmd, SENSE_INVALID_RELEASE);
        break;
    case PR_NO_RESOURCES:
        cmd_fail(cmd, SENSE_NO_REGISTRATION_RESOURCES);
        break;
    }
}

static void
changed(struct reservation_change *change)
{
    struct pr_out *out = (struct pr_out *)change; /* its first member */
    struct scsi_cmd *cmd = out->cmd;

    switch (change->end) {
    case CHANGE_JUDGED:
        fail_outcome(cmd, out);
        break;
    case CHANGE_CONFLICT:
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
        break;
    case CHANGE_ABORTED:
        cmd_finish(cmd, SCSI_TASK_ABORTED);
        break;
    case CHANGE_NOT_KEPT:
    case CHANGE_NO_MEMORY: /* whoever asked must not rely on it */
        cmd_fail(cmd, SENSE_INTERNAL_TARGET_FAILURE);
        break;
    }
    pr_out_free(out);
}

/* Adds a name that the list has not yet. -1: out of memory, or too many. */
static int
add_name(struct nexus_list *list, const struct pr_nexus *name, size_t at)
{
    struct pr_nexus *names;
    size_t *places;

    for (size_t i = 0; i < list->count; i++)
        if (pr_nexus_equal(&list->names[i], name))
            return 0;
    if (list->count == PR_REGISTRATIONS_MAX)
        return -1;
    names = realloc(list->names, (list->count + 1) * sizeof *names);
    if (names == NULL)
        return -1;
    list->names = names;
    places = realloc(list->at, (list->count + 1) * sizeof *places);
    if (places == NULL)
        return -1;
    list->at = places;
    names[list->count] = *name;
    places[list->count++] = at;
    return 0;
}

/* NAME at target port ID of the target. */
static void
set_target_port(struct pr_nexus *name, const struct it_nexus *it, uint16_t id)
{
    snprintf(name->target_port, sizeof name->target_port, "%.*s,t,0x%04x",
             PR_PORT_MAX - (int)strlen(",t,0x0000"), it->target_name, id);
    name->target_port_id = id;
}

/* INITIATOR_PORT at the target port the command came through, or with ALL_TG_PT at each. */
static int
add_port(struct nexus_list *list, const struct pr_out *out, const char *initiator_port,
         size_t at)
{
    const struct it_nexus *it = out->cmd->it_nexus;
    struct pr_nexus name;
    int result;

    reservations_name(it, &name);
    snprintf(name.initiator_port, sizeof name.initiator_port, "%s", initiator_port);
    result = add_name(list, &name, at);
    for (size_t i = 0; out->list.all_tg_pt && i < it->port_group_count && result == 0; i++) {
        set_target_port(&name, it, it->port_groups[i].tag);
        result = add_name(list, &name, at);
    }
    return result;
}

/* The initiator ports of a node that the unit knows. */
struct node_ports {
    struct pr_out *out;
    size_t at, count;
    int result;
};

static void
add_known_port(const struct it_nexus *it, void *arg)
{
    struct node_ports *ports = arg;

    ports->count++;
    if (ports->result == 0)
        ports->result =
            add_port(&ports->out->specified, ports->out, it->initiator_port, ports->at);
}

static bool
fail_resources(struct scsi_cmd *cmd)
{
    cmd_fail(cmd, SENSE_NO_REGISTRATION_RESOURCES);
    return false;
}

/* Whom the TransportID of LISTED means: of a node all its ports (section 7.6.4.6). Where none
 * is known, there is nothing that could be registered. False: it has failed the command. */
static bool
find_listed(struct pr_out *out, const struct pr_list_id *listed)
{
    struct node_ports ports = {.out = out, .at = listed->at};

    if (listed->id.is_port) {
        if (add_port(&out->specified, out, listed->id.name, listed->at) < 0)
            return fail_resources(out->cmd);
        return true;
    }
    reservations_visit_node(cmd_lun(out->cmd), listed->id.name, add_known_port, &ports);
    if (ports.result < 0)
        return fail_resources(out->cmd);
    if (ports.count == 0)
        cmd_fail_list(out->cmd, (unsigned)listed->at + 4, -1);
    return ports.count > 0;
}

/* Whether TransportID I means what one before it means. */
static bool
is_listed_before(const struct pr_list *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (list->ids[k].id.is_port == list->ids[i].id.is_port &&
            strcasecmp(list->ids[k].id.name, list->ids[i].id.name) == 0)
            return true;
    return false;
}

/* A node may have many sessions: it is looked for once, however often it is listed. */
static bool
find_specified(struct pr_out *out)
{
    for (size_t i = 0; i < out->list.id_count; i++)
        if (!is_listed_before(&out->list, i) && !find_listed(out, &out->list.ids[i]))
            return false;
    return true;
}

static bool
find_destination(struct pr_out *out)
{
    const struct it_nexus *it = out->cmd->it_nexus;

    if (target_port_group_find(it, out->list.target_port_id) == NULL) {
        cmd_fail_list(out->cmd, MOVE_PORT_AT, -1);
        return false;
    }
    if (!find_specified(out))
        return false;
    if (out->specified.count > 1) { /* one nexus is to hold it, not several */
        cmd_fail_list(out->cmd, (unsigned)out->list.ids[0].at, 7);
        return false;
    }
    set_target_port(&out->specified.names[0], it, out->list.target_port_id);
    return true;
}

/* ALL_TG_PT: the other nexuses of the initiator port that asks. */
static bool
find_own(struct pr_out *out)
{
    struct nexus_list *own = &out->own;

    if (!out->list.all_tg_pt)
        return true;
    if (add_port(own, out, out->cmd->it_nexus->initiator_port, FLAGS_AT) < 0)
        return fail_resources(out->cmd);
    own->count--; /* the first is the one that asks */
    memmove(own->names, own->names + 1, own->count * sizeof *own->names);
    return true;
}

/* Whether the list could be read and means something here. False: it has failed the command. */
static bool
read_list(struct pr_out *out)
{
    struct scsi_cmd *cmd = out->cmd;
    enum pr_action action = action_of(cmd);
    struct transport_id_fault fault = {0};

    switch (pr_list_get(cmd->out->data, cmd->out->length, action, &out->list, &fault)) {
    case PR_LIST_GOOD:
        break;
    case PR_LIST_LENGTH:
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return false;
    case PR_LIST_FIELD:
        cmd_fail_list(cmd, (unsigned)fault.byte, fault.bit);
        return false;
    case PR_LIST_NO_RESOURCES:
        return fail_resources(cmd);
    }
    if (action == PR_REGISTER_AND_MOVE) {
        if (out->list.aptpl && cmd_lun(cmd)->save == NULL) {
            cmd_fail_list(cmd, MOVE_FLAGS_AT, APTPL_BIT);
            return false;
        }
        return find_destination(out);
    }
    if (action != PR_REGISTER && action != PR_REGISTER_AND_IGNORE)
        return true;
    if (out->list.aptpl && cmd_lun(cmd)->save == NULL) {
        cmd_fail_list(cmd, FLAGS_AT, APTPL_BIT);
        return false;
    }
    return find_own(out) && find_specified(out);
}

void
pr_out(struct scsi_cmd *cmd)
{
    struct pr_out *out;

    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return;
    }
    out = calloc(1, sizeof *out);
    if (out == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    out->cmd = cmd;
    if (!read_list(out)) {
        pr_out_free(out);
        return;
    }
    out->change = (struct reservation_change){
        .lun = cmd_lun(cmd),
        .nexus = cmd->nexus,
        .cmd = cmd,
        .request = {.action = action_of(cmd),
                    .scope = cmd->cdb[2] >> 4,
                    .type = cmd->cdb[2] & 0x0f,
                    .reservation_key = out->list.reservation_key,
                    .service_action_key = out->list.service_action_key,
                    .spec_i_pt = out->list.spec_i_pt,
                    .aptpl = out->list.aptpl,
                    .unreg = out->list.unreg,
                    .own = out->own.names,
                    .own_count = out->own.count,
                    .specified = out->specified.names,
                    .specified_count = out->specified.count},
        .done = changed,
    };
    reservations_change(&out->change);
}
