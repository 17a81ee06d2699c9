/* answer.c: PDUs and what is said to them. */
#include <stdio.h>
#include <string.h>

#include "bench/limit/limit.h"
#include "bench/load/pdu.h"
#include "core/bytes.h"

#define WINDOW 1024 /* commands that may be in flight */

static const char security_keys[] = "TargetPortalGroupTag=1\0AuthMethod=None";
static const char operational_keys[] =
    "HeaderDigest=None\0DataDigest=None\0InitialR2T=No\0ImmediateData=Yes\0"
    "MaxRecvDataSegmentLength=262144\0MaxBurstLength=262144\0FirstBurstLength=262144\0"
    "MaxConnections=1\0MaxOutstandingR2T=1\0DefaultTime2Wait=2\0DefaultTime2Retain=0\0"
    "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes\0ErrorRecoveryLevel=0";

static uint8_t *
begin(struct connection *c, enum pdu_opcode opcode, uint32_t tag)
{
    uint8_t *h = outbox_header(&c->outbox);

    h[0] = (uint8_t)opcode;
    h[1] = PDU_FINAL;
    put_be32(h + FIELD_TASK_TAG, tag);
    put_be32(h + FIELD_STATSN, c->statsn++);
    put_be32(h + FIELD_EXPSTATSN, c->expcmdsn);
    put_be32(h + FIELD_MAXCMDSN, c->expcmdsn + WINDOW);
    c->answers++;
    return h;
}

static int
answer_alone(struct connection *c, enum pdu_opcode opcode, uint32_t tag)
{
    begin(c, opcode, tag);
    outbox_add(&c->outbox, NULL, 0);
    return 0;
}

int
answer_response(struct connection *c, uint32_t tag)
{
    return answer_alone(c, PDU_RESPONSE, tag);
}

static uint8_t *
begin_data_in(struct connection *c, uint32_t tag)
{
    uint8_t *h = begin(c, PDU_DATA_IN, tag);

    h[1] |= DATA_IN_STATUS;
    put_be32(h + FIELD_TRANSFER_TAG, NO_TAG);
    return h;
}

int
answer_data(struct connection *c, uint32_t tag, const uint8_t *data, uint32_t length)
{
    begin_data_in(c, tag);
    outbox_add(&c->outbox, data, length);
    return 0;
}

/* A few bytes that are made up on the spot. */
static int
answer_parameters(struct connection *c, const uint8_t *pdu, const void *data, uint32_t length)
{
    uint32_t expected = get_be32(pdu + FIELD_EXPECTED_LENGTH);
    uint8_t *h = begin_data_in(c, get_be32(pdu + FIELD_TASK_TAG)), *copy;

    if (length > expected)
        length = expected;
    if (length < expected) {
        h[1] |= RESIDUAL_UNDER;
        put_be32(h + FIELD_RESIDUAL, expected - length);
    }
    copy = memcpy(c->data + c->data_used, data, length);
    c->data_used += length;
    outbox_add(&c->outbox, copy, length);
    return 0;
}

static int
answer_login(struct connection *c, const uint8_t *pdu)
{
    bool is_security = (pdu[1] >> 2 & 3) == 0;
    uint8_t *h;

    c->expcmdsn = get_be32(pdu + FIELD_CMDSN);
    h = begin(c, PDU_LOGIN_RESPONSE, get_be32(pdu + FIELD_TASK_TAG));
    h[1] = pdu[1]; /* whatever stage they ask for */
    memcpy(h + 8, pdu + 8, 6);
    put_be16(h + 14, 1); /* TSIH */
    put_be32(h + 36, 0);
    if (is_security)
        outbox_add(&c->outbox, security_keys, sizeof security_keys);
    else
        outbox_add(&c->outbox, operational_keys, sizeof operational_keys);
    return 0;
}

static int
answer_capacity_16(struct connection *c, const uint8_t *pdu)
{
    uint8_t data[32] = {0};

    put_be64(data, options.size / BLOCK_SIZE - 1);
    put_be32(data + 8, BLOCK_SIZE);
    return answer_parameters(c, pdu, data, sizeof data);
}

static int
answer_command(struct connection *c, const uint8_t *pdu, const uint8_t *data, uint32_t length)
{
    const uint8_t *cdb = pdu + FIELD_CDB;
    uint32_t tag = get_be32(pdu + FIELD_TASK_TAG);
    uint64_t offset = get_be64(cdb + 2) * BLOCK_SIZE;
    uint64_t size = (uint64_t)get_be32(cdb + 10) * BLOCK_SIZE;

    c->expcmdsn = get_be32(pdu + FIELD_CMDSN) + 1;
    switch (cdb[0]) {
    case 0x88: /* READ(16) */
        if (size > SEGMENT_MAX || offset + size > options.size)
            return -1;
        return options.medium->read(c, tag, offset, (uint32_t)size);
    case 0x8a: /* WRITE(16), with all of its data */
        if (size != length || offset + size > options.size)
            return -1;
        return options.medium->write(c, tag, offset, data, length);
    case 0x9e: /* READ CAPACITY(16) */
        return answer_capacity_16(c, pdu);
    default: /* TEST UNIT READY, and whatever else */
        return answer_response(c, tag);
    }
}

int
answer_pdu(struct connection *c, const uint8_t *pdu, const uint8_t *data, uint32_t length)
{
    uint32_t tag = get_be32(pdu + FIELD_TASK_TAG);

    switch (pdu[0] & PDU_OPCODE_MASK) {
    case PDU_COMMAND:
        return answer_command(c, pdu, data, length);
    case PDU_NOP_OUT:
        return tag == NO_TAG ? 0 : answer_alone(c, PDU_NOP_IN, tag);
    case PDU_LOGIN:
        return answer_login(c, pdu);
    case PDU_LOGOUT:
        c->is_leaving = true;
        return answer_alone(c, PDU_LOGOUT_RESPONSE, tag);
    default:
        fprintf(stderr, "limit: opcode %02x\n", pdu[0]);
        return -1;
    }
}
