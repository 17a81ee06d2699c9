/*
 * data_in.h: how the data of a finished read is cut into Data-In PDUs. Pure.
 *
 * In the order of the data, each at most the peer's MaxRecvDataSegmentLength; a sequence of
 * them, ended by the F bit, at most MaxBurstLength (RFC 7143 sections 11.7 and 13.13).
 */
#ifndef ISCSI_DATA_IN_H
#define ISCSI_DATA_IN_H

#include <stdbool.h>
#include <stdint.h>

struct data_in {
    uint32_t length;      /* bytes in all */
    uint32_t max_segment; /* the peer's MaxRecvDataSegmentLength */
    uint32_t max_burst;
    uint32_t offset; /* of the next PDU */
    uint32_t data_sn;
    uint32_t burst; /* bytes already in this sequence */
};

struct data_in_pdu {
    uint32_t data_sn, offset, length;
    bool is_final; /* F: ends a sequence */
    bool is_last;  /* of the whole transfer: may carry the status */
};

void data_in_init(struct data_in *d, uint32_t length, uint32_t max_segment, uint32_t max_burst);

/* The next PDU; false when there is none left (at once where length is 0). */
bool data_in_next(struct data_in *d, struct data_in_pdu *pdu);

#endif
