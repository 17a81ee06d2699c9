/* task_answer.c: data, status, residual and sense of a finished command. RFC 7143 sections 11.4
 * and 11.7. */
#include "iscsi/task_answer.h"

#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "iscsi/data_in.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "iscsi/task.h"

/* Section 11.4.5: what the command has more, or less, than the initiator expected. */
struct residual {
    bool overflow, underflow;
    uint32_t count;
};

static struct residual
residual_of(const struct task *t)
{
    uint64_t expected = t->is_read || t->is_write ? t->expected : 0;
    uint64_t actual = t->cmd.in_length;
    uint64_t difference;

    /* A command whose direction is not the one that was announced has moved nothing. */
    if (t->is_write)
        actual = t->cmd.out_length;
    else if (!t->is_read && actual == 0)
        actual = t->cmd.out_length;

    difference = actual > expected ? actual - expected : expected - actual;
    return (struct residual){
        .overflow = actual > expected,
        .underflow = actual<expected, .count = difference> UINT32_MAX ? UINT32_MAX
                                                                      : (uint32_t)difference,
    };
}

/* How many bytes of Data-In there are to send. */
static uint32_t
read_length(const struct task *t)
{
    uint64_t n = t->cmd.in_length;

    if (!t->is_read || t->cmd.in == NULL)
        return 0;
    if (n > t->expected)
        n = t->expected;
    if (n > t->cmd.in->length)
        n = t->cmd.in->length;
    return (uint32_t)n;
}

static void
send_data_in(const struct task *t, const struct data_in_pdu *pdu, bool with_status)
{
    struct session *s = t->session;
    struct pdu_data_in p = {
        .is_final = pdu->is_final,
        .task_tag = t->tag,
        .transfer_tag = PDU_NO_TAG,
        .datasn = pdu->data_sn,
        .buffer_offset = pdu->offset,
    };
    uint8_t header[PDU_HEADER_SIZE];

    if (with_status) {
        struct residual r = residual_of(t);

        p.has_status = true;
        p.status = t->cmd.status;
        p.overflow = r.overflow;
        p.underflow = r.underflow;
        p.residual = r.count;
    }
    pdu_data_in_put(header, &p);
    if (with_status)
        session_answer_iobuf(s, header, t->cmd.in, pdu->offset, pdu->length);
    else
        session_send_data_in(s, header, t->cmd.in, pdu->offset, pdu->length);
}

static void
send_response(const struct task *t, uint32_t pdus_before)
{
    struct residual r = residual_of(t);
    const struct pdu_scsi_response p = {
        .overflow = r.overflow,
        .underflow = r.underflow,
        .response = RESPONSE_COMPLETED,
        .status = t->cmd.status,
        .task_tag = t->tag,
        .exp_datasn = pdus_before,
        .residual = r.count,
    };
    uint8_t header[PDU_HEADER_SIZE];
    uint8_t data[2 + SCSI_SENSE_MAX]; /* section 11.4.7 */
    size_t length = 0;

    if (t->cmd.status == SCSI_CHECK_CONDITION && t->cmd.sense_length > 0) {
        put_be16(data, t->cmd.sense_length);
        memcpy(data + 2, t->cmd.sense, t->cmd.sense_length);
        length = 2u + t->cmd.sense_length;
    }
    pdu_scsi_response_put(header, &p);
    session_answer(t->session, header, data, length);
}

void
task_answer(struct task *t)
{
    const struct params *params = &t->session->negotiation.params;
    struct data_in d;
    struct data_in_pdu pdu;
    bool has_status = false;

    data_in_init(&d, read_length(t), params->max_send_data_segment_length,
                 params->max_burst_length);
    while (data_in_next(&d, &pdu)) {
        /* The status of a good read travels with its last data (section 11.7.3). */
        has_status = pdu.is_last && t->cmd.status == SCSI_GOOD;
        send_data_in(t, &pdu, has_status);
    }
    if (!has_status)
        send_response(t, t->is_read ? d.data_sn : t->out.r2ts_sent);
}
