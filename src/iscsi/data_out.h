/*
 * data_out.h: which data of a write is expected when, and which R2Ts ask for it. Pure.
 *
 * DataPDUInOrder and DataSequenceInOrder are always Yes here, so data comes in the order of its
 * offsets: first what the initiator sends unasked (immediate data, then one sequence of
 * unsolicited Data-Out), then one sequence for each R2T in the order of the R2Ts. The R2Ts of a
 * task carry consecutive tags and equal lengths, so no table of them is needed.
 */
#ifndef ISCSI_DATA_OUT_H
#define ISCSI_DATA_OUT_H

#include <stdbool.h>
#include <stdint.h>

/* What was negotiated. */
struct data_out_limits {
    uint32_t first_burst, max_burst;
    uint16_t max_outstanding_r2t;
    bool initial_r2t, immediate_data;
};

struct data_out {
    uint32_t wanted; /* what the command needs: R2Ts ask up to here */
    uint32_t max_burst;
    uint16_t max_outstanding_r2t;
    bool unsolicited_open;    /* unsolicited Data-Out PDUs are still to come */
    bool stopped;             /* the task has failed: what still comes is thrown away */
    uint32_t unsolicited_end; /* unsolicited data ends at this offset at the latest */
    uint32_t received;        /* all before this offset is there */
    uint32_t data_sn;         /* of the next Data-Out of this sequence */
    uint32_t first_tag;       /* Target Transfer Tag of the first R2T */
    uint32_t first_offset;    /* where it began */
    uint32_t r2ts_sent, r2ts_done;
};

enum data_out_verdict {
    DATA_OUT_MORE,     /* fine, and more is to come */
    DATA_OUT_SEQUENCE, /* it ends its sequence: ask for the next, data_out_next_r2t() */
    DATA_OUT_COMPLETE, /* all that the command wants is there, and nothing under way */
    /* The task fails, and data_out_stop() must follow: */
    DATA_OUT_BAD_SN,     /* a gap in DataSN or offset (RFC 7143 section 7.9) */
    DATA_OUT_BAD_AMOUNT, /* a sequence ended too early (section 11.4.7.2) */
    /* Protocol errors: */
    DATA_OUT_BAD_TAG,    /* no such Target Transfer Tag */
    DATA_OUT_TOO_LONG,   /* more than was asked for, or than FirstBurstLength */
    DATA_OUT_UNEXPECTED, /* data that the negotiation forbids */
};

struct data_out_r2t {
    uint32_t tag, r2t_sn, offset, length;
};

#define DATA_OUT_NO_TAG 0xffffffff

/*
 * How a command's own PDU starts the transfer of EXPECTED bytes: IMMEDIATE of them came with
 * it, IS_FINAL is its F bit. DATA_OUT_MORE, or a protocol error.
 */
enum data_out_verdict data_out_init(struct data_out *d, const struct data_out_limits *limits,
                                    uint32_t expected, uint32_t immediate, bool is_final);

/* The command needs WANTED of the expected bytes. */
void data_out_want(struct data_out *d, uint32_t wanted);

/* A buffer of this size takes all that can come. */
uint32_t data_out_room(const struct data_out *d);

/* The task has failed: send no more R2Ts, but expect what is under way. */
void data_out_stop(struct data_out *d);

/* All that was wanted is there, or the task has failed; and no data is under way. */
bool data_out_is_complete(const struct data_out *d);

/* The next R2T that may be sent now; false where there is none. NEXT_TAG is the session's: tags
 * are taken from it. */
bool data_out_next_r2t(struct data_out *d, uint32_t *next_tag, struct data_out_r2t *r2t);

/* A Data-Out header came: whether its data may. Takes nothing yet. DATA_OUT_MORE, or what is
 * wrong. */
enum data_out_verdict data_out_check(const struct data_out *d, uint32_t tag, uint32_t data_sn,
                                     uint32_t offset, uint32_t length);

/* The data of a Data-Out that passed the check has arrived. */
enum data_out_verdict data_out_take(struct data_out *d, uint32_t length, bool is_final);

#endif
