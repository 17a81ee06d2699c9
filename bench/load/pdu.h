/* pdu.h: the numbers of iSCSI PDUs (RFC 7143 section 11) as an initiator needs them. */
#ifndef BENCH_LOAD_PDU_H
#define BENCH_LOAD_PDU_H

#define BHS_LENGTH 48
#define NO_TAG     0xffffffffu

enum pdu_opcode {
    PDU_NOP_OUT = 0x00,
    PDU_COMMAND = 0x01,
    PDU_LOGIN = 0x03,
    PDU_DATA_OUT = 0x05,
    PDU_LOGOUT = 0x06,
    PDU_NOP_IN = 0x20,
    PDU_RESPONSE = 0x21,
    PDU_LOGIN_RESPONSE = 0x23,
    PDU_DATA_IN = 0x25,
    PDU_LOGOUT_RESPONSE = 0x26,
    PDU_R2T = 0x31,
    PDU_ASYNC = 0x32,
    PDU_REJECT = 0x3f
};
#define PDU_OPCODE_MASK 0x3f
#define PDU_IMMEDIATE   0x40

/* Byte 1. */
#define PDU_FINAL         0x80
#define COMMAND_READS     0x40
#define COMMAND_WRITES    0x20
#define COMMAND_SIMPLE    0x01
#define RESIDUAL_OVERFLOW 0x04
#define RESIDUAL_UNDER    0x02
#define DATA_IN_STATUS    0x01

/* Where fields begin. */
enum pdu_field {
    FIELD_RESPONSE = 2,
    FIELD_STATUS = 3,
    FIELD_AHS_LENGTH = 4,
    FIELD_DATA_LENGTH = 5,
    FIELD_LUN = 8,
    FIELD_TASK_TAG = 16,
    FIELD_TRANSFER_TAG = 20,
    FIELD_EXPECTED_LENGTH = 20,
    FIELD_CMDSN = 24,
    FIELD_STATSN = 24,
    FIELD_EXPSTATSN = 28,
    FIELD_MAXCMDSN = 32,
    FIELD_CDB = 32,
    FIELD_DATASN = 36,
    FIELD_ASYNC_EVENT = 36,
    FIELD_OFFSET = 40,
    FIELD_RESIDUAL = 44,
    FIELD_R2T_LENGTH = 44
};

#endif
