/*
 * pdu.h: the 48-byte header of each PDU, as bytes and as a struct (RFC 7143 section 11).
 *
 * Pure: no allocation, no state, any thread. What fields there are stands in pdu_fields.def:
 * layout `scsi_command` there is `struct pdu_scsi_command` here, with
 *
 *     void pdu_scsi_command_get(const uint8_t *header, struct pdu_scsi_command *p);
 *     void pdu_scsi_command_put(uint8_t *header, const struct pdu_scsi_command *p);
 *
 * `put` writes all 48 bytes. It leaves DataSegmentLength 0 (pdu_writer sets it) and, in PDUs of
 * the target, the numbers too: call pdu_put_numbers() after it.
 */
#ifndef ISCSI_PDU_H
#define ISCSI_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"

#define PDU_HEADER_SIZE 48
#define PDU_AHS_MAX     (255 * 4)
#define PDU_DATA_MAX    0xffffff
#define PDU_DIGEST_SIZE 4
#define PDU_NO_TAG      0xffffffff /* reserved value of both kinds of tag */

enum pdu_opcode {
#define OPCODE(symbol, code, name, layout, properties) PDU_##symbol = (code),
#include "iscsi/opcodes.def"
    PDU_OPCODES = 0x40
};

enum pdu_property {
    PDU_FROM_INITIATOR = 1 << 0,
    PDU_MAY_BE_IMMEDIATE = 1 << 1,
    PDU_CARRIES_CMDSN = 1 << 2, /* counts in the command window, unless it is immediate */
    PDU_MAY_HAVE_DATA = 1 << 3,
    PDU_MAY_HAVE_AHS = 1 << 4,
    PDU_IN_LOGIN_ONLY = 1 << 5, /* and never after it */
};

struct pdu_opcode_info {
    const char *name;
    unsigned properties;
};

/* The row of HEADER's opcode; NULL where there is no such opcode. */
const struct pdu_opcode_info *pdu_opcode_info(const uint8_t *header);

/* For logs: "SCSI Command"; "unknown opcode". Static. */
const char *pdu_name(const uint8_t *header);

/* struct pdu_<layout>, one for each opcode. */
/* clang-format off */
#define PDU(layout, opcode)       struct pdu_##layout {
#define FLAG(field, byte, mask)   bool field;
#define BITS(field, byte, mask)   uint8_t field;
#define U8(field, byte)           uint8_t field;
#define U16(field, byte)          uint16_t field;
#define U32(field, byte)          uint32_t field;
#define U48(field, byte)          uint64_t field;
#define U64(field, byte)          uint64_t field;
#define BYTES(field, byte, count) uint8_t field[count];
#define ONES8(byte, mask)
#define ONES32(byte)
#define END                       };
/* clang-format on */
#include "iscsi/pdu_fields.def"

#define OPCODE(symbol, code, name, layout, properties)                      \
    void pdu_##layout##_get(const uint8_t *header, struct pdu_##layout *p); \
    void pdu_##layout##_put(uint8_t *header, const struct pdu_##layout *p);
#include "iscsi/opcodes.def"

/* What stands in the same place in every PDU (that has it at all). */
static inline uint8_t
pdu_opcode(const uint8_t *header)
{
    return header[0] & 0x3f;
}

static inline bool
pdu_is_immediate(const uint8_t *header)
{
    return header[0] & 0x40;
}

static inline size_t
pdu_ahs_length(const uint8_t *header)
{
    return (size_t)header[4] * 4;
}

static inline size_t
pdu_data_length(const uint8_t *header)
{
    return get_be24(header + 5);
}

static inline void
pdu_put_data_length(uint8_t *header, size_t length)
{
    put_be24(header + 5, (uint32_t)length);
}

static inline size_t
pdu_padding(size_t length)
{
    return -length & 3;
}

static inline uint32_t
pdu_task_tag(const uint8_t *header)
{
    return get_be32(header + 16);
}

/* PDUs of the initiator. */
static inline uint32_t
pdu_cmdsn(const uint8_t *header)
{
    return get_be32(header + 24);
}

static inline uint32_t
pdu_exp_statsn(const uint8_t *header)
{
    return get_be32(header + 28);
}

/* PDUs of the target. */
static inline void
pdu_put_numbers(uint8_t *header, uint32_t statsn, uint32_t exp_cmdsn, uint32_t max_cmdsn)
{
    put_be32(header + 24, statsn);
    put_be32(header + 28, exp_cmdsn);
    put_be32(header + 32, max_cmdsn);
}

static inline uint32_t
pdu_statsn(const uint8_t *header)
{
    return get_be32(header + 24);
}

static inline uint32_t
pdu_exp_cmdsn(const uint8_t *header)
{
    return get_be32(header + 28);
}

static inline uint32_t
pdu_max_cmdsn(const uint8_t *header)
{
    return get_be32(header + 32);
}

/* The number of a single-level LUN, peripheral or flat addressing (SAM-5 section 4.7); -1 where
 * LUN is of another kind. */
int pdu_lun_number(uint64_t lun);
uint64_t pdu_lun_from_number(uint16_t number);

/* Section 11.5.1 */
enum task_management_function {
    TMF_ABORT_TASK = 1,
    TMF_ABORT_TASK_SET = 2,
    TMF_CLEAR_ACA = 3,
    TMF_CLEAR_TASK_SET = 4,
    TMF_LUN_RESET = 5,
    TMF_TARGET_WARM_RESET = 6,
    TMF_TARGET_COLD_RESET = 7,
    TMF_TASK_REASSIGN = 8,
};

/* Section 11.6.1 */
enum task_management_answer {
    TMF_COMPLETE = 0,
    TMF_NO_TASK = 1,
    TMF_NO_LUN = 2,
    TMF_STILL_ALLEGIANT = 3,
    TMF_NO_REASSIGNMENT = 4,
    TMF_NOT_SUPPORTED = 5,
    TMF_NOT_AUTHORIZED = 6,
    TMF_REJECTED = 255,
};

/* Section 11.4.3 */
enum scsi_response_code { RESPONSE_COMPLETED = 0, RESPONSE_TARGET_FAILURE = 1 };

/* Section 11.9.1 */
enum async_event {
    ASYNC_SCSI_SENSE = 0,
    ASYNC_LOGOUT_REQUESTED = 1,
    ASYNC_CONNECTION_DROPPED = 2,
    ASYNC_SESSION_DROPPED = 3,
    ASYNC_NEGOTIATION_REQUESTED = 4,
};

/* Sections 11.14.1 and 11.15.1 */
enum logout_reason {
    LOGOUT_CLOSE_SESSION = 0,
    LOGOUT_CLOSE_CONNECTION = 1,
    LOGOUT_FOR_RECOVERY = 2
};
enum logout_answer {
    LOGOUT_CLOSED = 0,
    LOGOUT_NO_CID = 1,
    LOGOUT_NO_RECOVERY = 2,
    LOGOUT_CLEANUP_FAILED = 3
};

/* Section 11.17.1 */
enum reject_reason {
    REJECT_DATA_DIGEST_ERROR = 0x02,
    REJECT_SNACK = 0x03,
    REJECT_PROTOCOL_ERROR = 0x04,
    REJECT_NOT_SUPPORTED = 0x05,
    REJECT_IMMEDIATE = 0x06, /* too many immediate commands */
    REJECT_TASK_IN_PROGRESS = 0x07,
    REJECT_INVALID_DATA_ACK = 0x08,
    REJECT_INVALID_FIELD = 0x09,
    REJECT_LONG_OPERATION = 0x0a, /* cannot generate Target Transfer Tag, out of resources */
    REJECT_NEGOTIATION_RESET = 0x0b,
    REJECT_WAITING_FOR_LOGOUT = 0x0c,
};

#endif
