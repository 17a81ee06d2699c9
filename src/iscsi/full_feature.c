/* full_feature.c: the full feature phase: opcode → handler, command order, and the small PDUs.
 * RFC 7143 sections 4.2.2.1, 7 and 11. */
#include "iscsi/full_feature.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/iobuf.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "iscsi/task.h"
#include "iscsi/task_mgmt.h"
#include "iscsi/text_request.h"

static void nop_out(struct session *s, const uint8_t *header, bool data_is_good);
static void logout_request(struct session *s, const uint8_t *header, bool data_is_good);
static void login_request_again(struct session *s, const uint8_t *header, bool data_is_good);
static void snack(struct session *s, const uint8_t *header, bool data_is_good);

struct operation {
    /* The PDU is complete. */
    void (*complete)(struct session *s, const uint8_t *header, bool data_is_good);
    /* Its header is there. NULL: the data goes to a buffer of its own. */
    void (*header)(struct session *s, const uint8_t *header);
    bool in_discovery; /* also in discovery sessions (section 4.3) */
};

/* clang-format off */
static const struct operation operations[PDU_OPCODES] = {
    [PDU_NOP_OUT]         = {nop_out, NULL, true},
    [PDU_SCSI_COMMAND]    = {task_command_pdu, task_command_header, false},
    [PDU_TASK_MANAGEMENT] = {task_management, NULL, false},
    [PDU_LOGIN_REQUEST]   = {login_request_again, NULL, true},
    [PDU_TEXT_REQUEST]    = {text_request, NULL, true},
    [PDU_DATA_OUT]        = {task_data_out_pdu, task_data_out_header, false},
    [PDU_LOGOUT_REQUEST]  = {logout_request, NULL, true},
    [PDU_SNACK]           = {snack, NULL, true},
};
/* clang-format on */

void
incoming_goes_to(struct session *s, struct iobuf *buf, uint32_t offset, uint32_t length)
{
    assert(s->incoming.data == NULL);
    assert((uint64_t)offset + length <= buf->capacity);
    s->incoming.data = iobuf_ref(buf);
    s->incoming.offset = offset;
    s->incoming.room = length;
}

void
incoming_reject(struct session *s, uint8_t reason)
{
    s->incoming.kind = INCOMING_REJECT;
    s->incoming.reason = reason;
}

void
incoming_done(struct session *s)
{
    iobuf_unref(s->incoming.data);
    s->incoming = (struct incoming){0};
}

/* A buffer of its own for the data of this PDU. */
static void
make_room(struct session *s, const uint8_t *header)
{
    uint32_t length = (uint32_t)pdu_data_length(header);
    struct iobuf *buf;

    if (length == 0)
        return;
    buf = iobuf_new(length);
    if (buf == NULL) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
        return;
    }
    incoming_goes_to(s, buf, 0, length);
    iobuf_unref(buf); /* the reference is `incoming`'s */
}

/* Section 4.2.2.1. Decides what the CmdSN makes of the PDU; false: not to be handled now. */
static bool
judge_order(struct session *s, const uint8_t *header, const struct pdu_opcode_info *info)
{
    uint32_t cmd_sn = pdu_cmdsn(header);

    if (pdu_opcode(header) == PDU_DATA_OUT && held_has_task(&s->held, pdu_task_tag(header))) {
        s->incoming.kind = INCOMING_HOLD;
        return false;
    }
    if (!(info->properties & PDU_CARRIES_CMDSN) || pdu_is_immediate(header))
        return true;
    /* Commands that come after "stop" are not taken: the initiator repeats them elsewhere. */
    if (s->is_stopping && pdu_opcode(header) == PDU_SCSI_COMMAND)
        return false;

    switch (window_judge(&s->window, cmd_sn)) {
    case WINDOW_OUTSIDE:
        return false;
    case WINDOW_AHEAD:
        if (!held_has(&s->held, cmd_sn))
            s->incoming.kind = INCOMING_HOLD;
        return false;
    case WINDOW_NEXT:
        break;
    }
    window_take(&s->window);
    /* Only SCSI commands keep their place until they are answered; all others are answered at
     * once, or bounded in another way. */
    if (pdu_opcode(header) == PDU_SCSI_COMMAND)
        s->incoming.is_counted = true;
    else
        window_release(&s->window);
    return true;
}

static void
accept_header(struct session *s, const uint8_t *header)
{
    const struct pdu_opcode_info *info = pdu_opcode_info(header);
    const struct operation *operation = &operations[pdu_opcode(header)];

    s->incoming.kind = INCOMING_IGNORE;
    if (info == NULL) {
        incoming_reject(s, REJECT_NOT_SUPPORTED);
        return;
    }
    if (!(info->properties & PDU_FROM_INITIATOR)) {
        incoming_reject(s, REJECT_PROTOCOL_ERROR);
        return;
    }
    if (!judge_order(s, header, info)) {
        if (s->incoming.kind == INCOMING_HOLD)
            make_room(s, header);
        return;
    }

    s->incoming.kind = INCOMING_HANDLE;
    if ((s->is_discovery && !operation->in_discovery) ||
        (pdu_ahs_length(header) > 0 && !(info->properties & PDU_MAY_HAVE_AHS)) ||
        (pdu_data_length(header) > 0 && !(info->properties & PDU_MAY_HAVE_DATA)))
        incoming_reject(s, REJECT_PROTOCOL_ERROR);
    else if (operation->header != NULL)
        operation->header(s, header);
    else
        make_room(s, header);
}

/* Keeps the PDU until its turn. */
static void
hold(struct session *s, const uint8_t *header, bool data_is_good)
{
    struct held_pdu pdu = {.data_is_good = data_is_good, .data = s->incoming.data};
    uint32_t cmd_sn = pdu_cmdsn(header);
    int error = 0;

    memcpy(pdu.header, header, sizeof pdu.header);
    if (s->incoming.ahs_length > 0)
        memcpy(pdu.ahs, s->incoming.ahs, s->incoming.ahs_length);
    pdu.ahs_length = s->incoming.ahs_length;

    if (!buffers_may_hold(s, pdu_data_length(header)))
        error = -E2BIG;
    else if (pdu_opcode(header) != PDU_DATA_OUT)
        error = held_add(&s->held, cmd_sn, &pdu);
    else if (held_has_task(&s->held, pdu_task_tag(header)))
        error = held_add_data_out(&s->held, &pdu);
    if (error < 0)
        session_close(s, SESSION_CLOSE_NOW,
                      error == -E2BIG ? "too much came before its turn" : "out of memory");
    buffers_recount(s);
}

/* All that follows from one complete PDU. */
static void
complete(struct session *s, const uint8_t *header, bool data_is_good)
{
    switch (s->incoming.kind) {
    case INCOMING_IGNORE:
        break;
    case INCOMING_HOLD:
        hold(s, header, data_is_good);
        break;
    case INCOMING_REJECT:
        if (s->incoming.is_counted)
            window_release(&s->window);
        session_reject(s, header, s->incoming.reason);
        break;
    case INCOMING_HANDLE:
        operations[pdu_opcode(header)].complete(s, header, data_is_good);
        break;
    }
    incoming_done(s);
}

/* Behind a Logout nothing is begun any more, another Logout neither. */
static bool
takes_requests(const struct session *s)
{
    return session_is_open(s) && s->state != STATE_LOGOUT;
}

/* A held PDU comes as if it came now. */
static void
replay(struct session *s, const struct held_pdu *pdu)
{
    if (!takes_requests(s))
        return;
    s->incoming = (struct incoming){.ahs = pdu->ahs, .ahs_length = pdu->ahs_length};
    accept_header(s, pdu->header);
    if (s->incoming.room > 0 && pdu->data != NULL)
        memcpy(s->incoming.data->data + s->incoming.offset, pdu->data->data, s->incoming.room);
    complete(s, pdu->header, pdu->data_is_good);
}

void
full_feature_release_held(struct session *s)
{
    struct held_command *c;

    while (takes_requests(s) && (c = held_take(&s->held, s->window.exp_cmd_sn)) != NULL) {
        const struct held_pdu *pdu;

        if (STAILQ_EMPTY(&c->pdus)) { /* taken back before it came */
            window_take(&s->window);
            window_release(&s->window);
        }
        STAILQ_FOREACH (pdu, &c->pdus, link)
            replay(s, pdu);
        held_command_free(c);
        buffers_recount(s);
    }
}

void
full_feature_header(struct session *s)
{
    s->incoming = (struct incoming){.ahs = s->reader.ahs, .ahs_length = s->reader.ahs_kept};
    accept_header(s, s->reader.header);
    if (s->end == SESSION_OPEN && s->incoming.room > 0)
        pdu_reader_data_goes_to(&s->reader, s->incoming.data->data + s->incoming.offset,
                                s->incoming.room);
}

void
full_feature_pdu(struct session *s, bool data_is_good)
{
    complete(s, s->reader.header, data_is_good);
    full_feature_release_held(s);
}

void
full_feature_too_long(struct session *s)
{
    session_reject(s, s->reader.header, REJECT_PROTOCOL_ERROR);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "data segment longer than negotiated");
}

/* Section 7.8: the sender is told; and since its PDU is lost, and with ErrorRecoveryLevel 0
 * nothing brings it back, so that nobody waits for an answer, the connection ends. */
static bool
lost(struct session *s, const uint8_t *header, bool data_is_good)
{
    if (data_is_good)
        return false;
    session_count_digest_error(true);
    session_reject(s, header, REJECT_DATA_DIGEST_ERROR);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "data digest error");
    return true;
}

/* Section 11.18: an echo, or the answer to our own ping, which has done its work by coming. */
static void
nop_out(struct session *s, const uint8_t *header, bool data_is_good)
{
    size_t length = pdu_data_length(header);
    struct pdu_nop_out p;
    struct pdu_nop_in answer;
    uint8_t out[PDU_HEADER_SIZE];

    pdu_nop_out_get(header, &p);
    if (lost(s, header, data_is_good) || p.task_tag == PDU_NO_TAG)
        return;
    answer =
        (struct pdu_nop_in){.lun = p.lun, .task_tag = p.task_tag, .transfer_tag = PDU_NO_TAG};
    if (length > s->negotiation.params.max_send_data_segment_length)
        length = s->negotiation.params.max_send_data_segment_length;
    pdu_nop_in_put(out, &answer);
    session_answer_iobuf(s, out, s->incoming.data, 0, length);
}

/* Section 6.3: there is no login within a session. */
static void
login_request_again(struct session *s, const uint8_t *header, bool data_is_good)
{
    (void)data_is_good;
    session_reject(s, header, REJECT_PROTOCOL_ERROR);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "Login Request in full feature phase");
}

/* Section 11.16: with ErrorRecoveryLevel 0 nothing is sent twice. */
static void
snack(struct session *s, const uint8_t *header, bool data_is_good)
{
    (void)data_is_good;
    session_reject(s, header, REJECT_SNACK);
}

static void
answer_logout(struct session *s, uint32_t task_tag, enum logout_answer response)
{
    const struct pdu_logout_response p = {
        .response = (uint8_t)response,
        .task_tag = task_tag,
        .time2wait = (uint16_t)s->negotiation.params.default_time2wait,
        .time2retain = TIME2RETAIN,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_logout_response_put(header, &p);
    session_answer(s, header, NULL, 0);
}

/* No command of the session can touch data any more. */
static void
logout_ready(struct sweep *sweep)
{
    struct session *s = (struct session *)((char *)sweep - offsetof(struct session, logout));

    if (s->end == SESSION_OPEN) {
        answer_logout(s, s->logout_tag, LOGOUT_CLOSED);
        s->has_logged_out = true;
        session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "logout");
    }
    session_unpin(s);
}

static void
begin_logout(struct session *s, uint32_t task_tag)
{
    s->logout_tag = task_tag;
    s->logout = (struct sweep){.session = s, .by = s, .done = logout_ready};
    s->state = STATE_LOGOUT;
    s->log_out_by_ms = 0;
    session_pin(s);
    if (sweep_start(&s->logout))
        logout_ready(&s->logout);
}

/* Sections 11.14 and 11.15. */
static void
logout_request(struct session *s, const uint8_t *header, bool data_is_good)
{
    struct pdu_logout_request p;

    (void)data_is_good; /* it has none */
    pdu_logout_request_get(header, &p);
    if (p.reason == LOGOUT_FOR_RECOVERY)
        answer_logout(s, p.task_tag, LOGOUT_NO_RECOVERY);
    else if (p.reason > LOGOUT_FOR_RECOVERY)
        session_reject(s, header, REJECT_INVALID_FIELD);
    else if (p.reason == LOGOUT_CLOSE_CONNECTION && p.cid != s->cid)
        answer_logout(s, p.task_tag, LOGOUT_NO_CID);
    else
        begin_logout(s, p.task_tag);
}
