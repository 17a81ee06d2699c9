/*
 * text_request.c: Text Requests after the login. RFC 7143 sections 6.4, 11.10 and 11.11.
 *
 * An exchange is a list of keys from the initiator, in one or more requests (C bit), and a list
 * of answers, in one or more responses. A Target Transfer Tag holds it together. A session has
 * one exchange at a time.
 */
#include "iscsi/text_request.h"

#include <stdlib.h>

#include "catalog/publish.h"
#include "core/iobuf.h"
#include "iscsi/discovery.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "iscsi/text.h"

struct text_exchange {
    struct text_input input;
    struct text_output output;
    bool is_answering; /* the list is complete, answers go out */
    uint32_t tag;      /* Target Transfer Tag of the next request */
};

void
text_exchange_drop(struct session *s)
{
    if (s->text == NULL)
        return;
    text_input_done(&s->text->input);
    text_output_done(&s->text->output);
    free(s->text);
    s->text = NULL;
}

static bool
begin(struct session *s)
{
    text_exchange_drop(s);
    s->text = calloc(1, sizeof *s->text);
    if (s->text == NULL)
        return false;
    text_output_init(&s->text->output, DISCOVERY_ANSWER_MAX);
    s->text->tag = session_new_tag(s);
    negotiation_restart(&s->negotiation);
    return true;
}

/* The exchange is broken off: the initiator may start another one (section 7.10). */
static void
refuse(struct session *s, const uint8_t *header, uint8_t reason)
{
    text_exchange_drop(s);
    session_reject(s, header, reason);
}

/* A short request has a long answer, and many requests may come with one read: who does not
 * take the answers, or has lists made all the time, does not get more of them. */
static bool
asks_too_much(const struct session *s)
{
    return session_output_is_full(s) || s->text_bytes > DISCOVERY_ANSWER_MAX;
}

static void
respond(struct session *s, const struct pdu_text_request *p, bool is_final, bool is_continued,
        const void *data, size_t length)
{
    const struct pdu_text_response answer = {
        .is_final = is_final,
        .is_continued = is_continued,
        .lun = p->lun,
        .task_tag = p->task_tag,
        .transfer_tag = is_final ? PDU_NO_TAG : s->text->tag,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_text_response_put(header, &answer);
    session_answer(s, header, data, length);
}

/* The next piece of the answer, which may be the last. */
static void
respond_piece(struct session *s, const struct pdu_text_request *p)
{
    size_t length;
    bool is_last, is_final;
    const char *piece =
        text_output_piece(&s->text->output, s->negotiation.params.max_send_data_segment_length,
                          &length, &is_last);

    /* Who does not set F wants to go on: the exchange stays open. */
    is_final = is_last && p->is_final;
    respond(s, p, is_final, !is_last, piece, length);
    if (is_final) {
        text_exchange_drop(s);
    } else if (is_last) {
        s->text->is_answering = false;
        text_output_clear(&s->text->output);
    }
}

/* Answers the whole list into the exchange's output. */
static bool
answer_list(struct session *s)
{
    struct text_exchange *x = s->text;
    struct discovery discovery = {
        .catalog = catalog_current(),
        .initiator = s->initiator,
        .local = s->peer->local,
        .own_target = s->is_discovery ? NULL : s->target_name,
    };
    struct text_list list;
    const char *problem = text_parse(x->input.bytes, x->input.length, &list);
    const char *value;

    if (problem != NULL) {
        session_log(s, "text request refused", problem);
        return false;
    }
    ip_address_of_socket(s->peer->remote, &discovery.from);
    value = text_value(&list, "SendTargets");
    if (value != NULL)
        discovery_send_targets(&discovery, value, &x->output);
    if (negotiation_answer(&s->negotiation, PHASE_FULL_FEATURE, &list, &x->output) !=
        PARAMS_ANSWERED) {
        session_log(s, "text request refused", negotiation_problem(&s->negotiation));
        return false;
    }
    s->shown_max_send = s->negotiation.params.max_send_data_segment_length;
    s->text_bytes += x->output.length;
    text_input_done(&x->input);
    return x->output.error == 0;
}

static void
take_list(struct session *s, const uint8_t *header, const struct pdu_text_request *p)
{
    size_t length = pdu_data_length(header);
    const void *data = length > 0 ? s->incoming.data->data : NULL;

    if (text_input_add(&s->text->input, data, length) < 0) {
        refuse(s, header, REJECT_LONG_OPERATION);
        return;
    }
    if (p->is_continued) {
        respond(s, p, false, false, NULL, 0);
        return;
    }
    if (!answer_list(s)) {
        refuse(s, header, REJECT_PROTOCOL_ERROR);
        return;
    }
    s->text->is_answering = true;
    respond_piece(s, p);
}

void
text_request(struct session *s, const uint8_t *header, bool data_is_good)
{
    struct pdu_text_request p;

    pdu_text_request_get(header, &p);
    if (!data_is_good) {
        /* Section 7.8: nothing of the exchange holds any more. */
        refuse(s, header, REJECT_DATA_DIGEST_ERROR);
        session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "data digest error");
        return;
    }
    if (p.task_tag == PDU_NO_TAG || (p.is_final && p.is_continued)) {
        refuse(s, header, REJECT_PROTOCOL_ERROR);
        return;
    }
    if (asks_too_much(s)) {
        refuse(s, header, p.immediate ? REJECT_IMMEDIATE : REJECT_LONG_OPERATION);
        return;
    }
    if (p.transfer_tag == PDU_NO_TAG) {
        if (!begin(s)) {
            session_close(s, SESSION_CLOSE_NOW, "out of memory");
            return;
        }
    } else if (s->text == NULL || p.transfer_tag != s->text->tag) {
        refuse(s, header, REJECT_INVALID_FIELD);
        return;
    }
    if (!s->text->is_answering)
        take_list(s, header, &p);
    else if (pdu_data_length(header) > 0)
        refuse(s, header, REJECT_PROTOCOL_ERROR); /* it is our turn to speak */
    else
        respond_piece(s, &p);
}
