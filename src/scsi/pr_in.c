/* pr_in.c: PERSISTENT RESERVE IN (SPC-4 section 6.15). */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"
#include "scsi/transport_id.h"

enum { HEADER = 8, KEY = 8, RESERVATION = 16, FULL_STATUS = 24 };

static uint16_t
allocation_length(const struct scsi_cmd *cmd)
{
    return get_be16(cmd->cdb + 7);
}

/* The header of what is MORE bytes long beside it. */
static void
put_header(uint8_t *data, const struct pr_state *pr, size_t more)
{
    put_be32(data, pr->generation);
    put_be32(data + 4, (uint32_t)more);
}

static size_t
put_keys(uint8_t *data, const struct pr_state *pr)
{
    for (size_t i = 0; i < pr->count; i++)
        put_be64(data + KEY * i, pr->registrations[i].key);
    return KEY * pr->count;
}

/* The key of the one who holds; 0 where all registrants do. */
static uint64_t
holders_key(const struct pr_state *pr)
{
    for (size_t i = 0; i < pr->count; i++)
        if (pr->registrations[i].has_taken)
            return pr->registrations[i].key;
    return 0;
}

static size_t
put_reservation(uint8_t *data, const struct pr_state *pr)
{
    if (pr->type == PR_NONE)
        return 0;
    memset(data, 0, RESERVATION);
    put_be64(data, holders_key(pr));
    data[13] = (uint8_t)pr->type; /* the scope is LU_SCOPE, 0 */
    return RESERVATION;
}

/* Each nexus by itself: ALL_TG_PT stays 0. */
static size_t
put_full_status(uint8_t *data, const struct pr_state *pr)
{
    uint8_t *p = data;

    for (size_t i = 0; i < pr->count; i++) {
        const struct pr_registration *r = &pr->registrations[i];
        size_t id_length = transport_id_put(p + FULL_STATUS, r->nexus.initiator_port);

        memset(p, 0, FULL_STATUS);
        put_be64(p, r->key);
        if (pr_is_holder(pr, i)) {
            p[12] = 0x01; /* R_HOLDER */
            p[13] = (uint8_t)pr->type;
        }
        put_be16(p + 18, r->nexus.target_port_id);
        put_be32(p + 20, (uint32_t)id_length);
        p += FULL_STATUS + id_length;
    }
    return (size_t)(p - data);
}

/* What a service action answers with: a header, and what PUT writes, which is at most EACH
 * bytes a registration and ONCE more. */
struct report {
    struct scsi_cmd *cmd;
    size_t each, once;
    size_t (*put)(uint8_t *data, const struct pr_state *pr);
    enum scsi_status status;
};

static void
write_report(const struct pr_state *pr, const struct it_nexus *reserved_for, void *arg)
{
    struct report *r = arg;
    struct scsi_cmd *cmd = r->cmd;
    size_t length;

    if (reserved_for != NULL) { /* whoever that is: SPC-2 section 5.5.1 */
        r->status = SCSI_RESERVATION_CONFLICT;
        return;
    }
    cmd->in = iobuf_new(HEADER + r->once + r->each * pr->count);
    if (cmd->in == NULL) {
        r->status = SCSI_BUSY;
        return;
    }
    length = r->put(cmd->in->data + HEADER, pr);
    put_header(cmd->in->data, pr, length);
    length += HEADER;
    cmd->in_length = length < allocation_length(cmd) ? length : allocation_length(cmd);
    cmd->in->length = cmd->in_length;
    r->status = SCSI_GOOD;
}

static void
answer(struct scsi_cmd *cmd, size_t each, size_t once,
       size_t (*put)(uint8_t *data, const struct pr_state *pr))
{
    struct report r = {.cmd = cmd, .each = each, .once = once, .put = put};

    reservations_visit(cmd_lun(cmd)->reservations, write_report, &r);
    cmd_finish(cmd, r.status);
}

void
pr_in_read_keys(struct scsi_cmd *cmd)
{
    answer(cmd, KEY, 0, put_keys);
}

void
pr_in_read_reservation(struct scsi_cmd *cmd)
{
    answer(cmd, 0, RESERVATION, put_reservation);
}

void
pr_in_read_full_status(struct scsi_cmd *cmd)
{
    answer(cmd, FULL_STATUS + TRANSPORT_ID_MAX, 0, put_full_status);
}

struct activation {
    bool is_reserved, aptpl;
};

static void
see_activation(const struct pr_state *pr, const struct it_nexus *reserved_for, void *arg)
{
    *(struct activation *)arg =
        (struct activation){.is_reserved = reserved_for != NULL, .aptpl = pr->aptpl};
}

/* SPC-4 section 6.15.4. RLR_C 0: a unit whose reservations have been lost is not ready. CRH 0:
 * RESERVE and RELEASE are as in SPC-2. */
void
pr_in_report_capabilities(struct scsi_cmd *cmd)
{
    enum { SIP_C = 0x08, ATP_C = 0x04, PTPL_C = 0x01, TMV = 0x80, PTPL_A = 0x01 };
    /* TEST UNIT READY is allowed through every reservation (table 208). */
    enum { ALLOW_COMMANDS = 1 << 4 };
    uint8_t data[8] = {0, 8, SIP_C | ATP_C, TMV | ALLOW_COMMANDS, 0xea, 0x01};
    struct activation a;

    reservations_visit(cmd_lun(cmd)->reservations, see_activation, &a);
    if (a.is_reserved) {
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
        return;
    }
    if (cmd_lun(cmd)->save != NULL)
        data[2] |= PTPL_C;
    if (a.aptpl)
        data[3] |= PTPL_A;
    cmd_answer(cmd, data, sizeof data, allocation_length(cmd));
}
