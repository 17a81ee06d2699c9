/* held.c: PDUs that came before their turn. */
#include "iscsi/held.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/iobuf.h"
#include "iscsi/window.h"

static struct held_command *
find(const struct held *h, uint32_t cmd_sn)
{
    struct held_command *c;

    SLIST_FOREACH (c, &h->commands, link)
        if (c->cmd_sn == cmd_sn)
            return c;
    return NULL;
}

/* The header of the SCSI command that C is; NULL: it is something else, or only a number. */
static const uint8_t *
scsi_header(const struct held_command *c)
{
    const struct held_pdu *pdu = STAILQ_FIRST(&c->pdus);

    return pdu != NULL && pdu_opcode(pdu->header) == PDU_SCSI_COMMAND ? pdu->header : NULL;
}

/* The SCSI command that TASK_TAG names. */
static struct held_command *
find_task(const struct held *h, uint32_t task_tag)
{
    struct held_command *c;

    SLIST_FOREACH (c, &h->commands, link) {
        const uint8_t *header = scsi_header(c);

        if (header != NULL && pdu_task_tag(header) == task_tag)
            return c;
    }
    return NULL;
}

/* Its header counts too, so that empty PDUs are bounded. */
static size_t
bytes_of(const struct held_pdu *pdu)
{
    return sizeof *pdu + (pdu->data != NULL ? pdu->data->capacity : 0);
}

static int
append(struct held *h, struct held_command *c, const struct held_pdu *pdu)
{
    struct held_pdu *copy;

    if (h->bytes + bytes_of(pdu) > HELD_BYTES_MAX)
        return -E2BIG;
    copy = malloc(sizeof *copy);
    if (copy == NULL)
        return -ENOMEM;
    *copy = *pdu;
    if (copy->data != NULL)
        iobuf_ref(copy->data);
    STAILQ_INSERT_TAIL(&c->pdus, copy, link);
    h->bytes += bytes_of(copy);
    return 0;
}

static void
drop_pdus(struct held_command *c)
{
    struct held_pdu *pdu;

    while ((pdu = STAILQ_FIRST(&c->pdus)) != NULL) {
        STAILQ_REMOVE_HEAD(&c->pdus, link);
        iobuf_unref(pdu->data);
        free(pdu);
    }
}

static void
uncount(struct held *h, const struct held_command *c)
{
    const struct held_pdu *pdu;

    STAILQ_FOREACH (pdu, &c->pdus, link)
        h->bytes -= bytes_of(pdu);
}

bool
held_has(const struct held *h, uint32_t cmd_sn)
{
    return find(h, cmd_sn) != NULL;
}

int
held_add(struct held *h, uint32_t cmd_sn, const struct held_pdu *pdu)
{
    struct held_command *c = malloc(sizeof *c);
    int error;

    assert(!held_has(h, cmd_sn));
    if (c == NULL)
        return -ENOMEM;
    c->cmd_sn = cmd_sn;
    STAILQ_INIT(&c->pdus);
    if (pdu != NULL && (error = append(h, c, pdu)) < 0) {
        free(c);
        return error;
    }
    SLIST_INSERT_HEAD(&h->commands, c, link);
    return 0;
}

bool
held_has_task(const struct held *h, uint32_t task_tag)
{
    return find_task(h, task_tag) != NULL;
}

int
held_add_data_out(struct held *h, const struct held_pdu *pdu)
{
    struct held_command *c = find_task(h, pdu_task_tag(pdu->header));

    assert(c != NULL);
    return append(h, c, pdu);
}

static void
forget(struct held *h, struct held_command *c)
{
    uncount(h, c);
    drop_pdus(c);
}

bool
held_forget_task(struct held *h, uint32_t task_tag)
{
    struct held_command *c = find_task(h, task_tag);

    if (c == NULL)
        return false;
    forget(h, c);
    return true;
}

void
held_forget_before(struct held *h, uint32_t cmd_sn,
                   bool (*matches)(const uint8_t *header, const void *arg), const void *arg)
{
    struct held_command *c;

    SLIST_FOREACH (c, &h->commands, link) {
        const uint8_t *header = scsi_header(c);

        if (header != NULL && serial_less(c->cmd_sn, cmd_sn) && matches(header, arg))
            forget(h, c);
    }
}

struct held_command *
held_take(struct held *h, uint32_t cmd_sn)
{
    struct held_command *c = find(h, cmd_sn);

    if (c == NULL)
        return NULL;
    uncount(h, c);
    SLIST_REMOVE(&h->commands, c, held_command, link);
    return c;
}

void
held_command_free(struct held_command *c)
{
    drop_pdus(c);
    free(c);
}

void
held_done(struct held *h)
{
    struct held_command *c;

    while ((c = SLIST_FIRST(&h->commands)) != NULL) {
        SLIST_REMOVE_HEAD(&h->commands, link);
        held_command_free(c);
    }
    h->bytes = 0;
}
