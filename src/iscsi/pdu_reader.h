/*
 * pdu_reader.h: cut a byte stream into PDUs and check their digests.
 *
 * The reader does no I/O and allocates nothing. Bytes come in by either of two ways, mixed as
 * the owner likes: pdu_reader_feed() takes them from a scratch buffer that many connections
 * share, and pdu_reader_direct_space() says where the rest of a data segment belongs, so that
 * it can be received there without a copy. The owner is told of every PDU twice:
 *
 *     while ((what = pdu_reader_feed(r, &bytes, &n)) != READER_MORE)
 *         switch (what) {
 *         case READER_HEADER:     look at r->header, say pdu_reader_data_goes_to()
 *         case READER_PDU:        it is complete, data included
 *         case READER_BAD_DATA:   complete, but the data does not match its digest
 *         ...                     the connection cannot go on
 *         }
 *
 * READER_HEADER comes before the data, and exactly one of READER_PDU and READER_BAD_DATA
 * follows it, for a PDU without data too. The header stays readable until the next feed.
 */
#ifndef ISCSI_PDU_READER_H
#define ISCSI_PDU_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iscsi/pdu.h"

/* Of the additional header segments that many bytes are kept (an extended CDB of 32 bytes and a
 * bidirectional length); the rest passes through the digest only. */
#define PDU_READER_AHS_KEPT 28

enum pdu_reader_event {
    READER_MORE, /* all bytes are taken; more are needed */
    READER_HEADER,
    READER_PDU,
    READER_BAD_DATA,   /* data digest error: section 7.8 */
    READER_BAD_HEADER, /* header digest error: nothing after it can be trusted. Final */
    READER_TOO_LONG,   /* data segment longer than we agreed to receive. Final */
};

struct pdu_reader {
    uint8_t header[PDU_HEADER_SIZE];
    uint8_t ahs[PDU_READER_AHS_KEPT];
    uint16_t ahs_kept; /* bytes of `ahs` that this PDU filled */

    /* Private. */
    uint8_t part;
    bool header_digest, data_digest;
    uint32_t have, need; /* bytes of the current part */
    uint32_t max_data;
    uint32_t crc;
    uint8_t digest[PDU_DIGEST_SIZE];
    uint8_t *data; /* borrowed from whoever handles the header */
    size_t room;
};

/* MAX_DATA: the longest data segment that is taken. No digests. */
void pdu_reader_init(struct pdu_reader *r, uint32_t max_data);

/*
 * From the next PDU on. Only between READER_PDU of one PDU and the first byte of the next: when
 * the login ends, or after a text negotiation.
 */
void pdu_reader_configure(struct pdu_reader *r, bool header_digest, bool data_digest,
                          uint32_t max_data);

/*
 * In answer to READER_HEADER: the first ROOM bytes of the data segment go to BUF, which is
 * borrowed until READER_PDU or READER_BAD_DATA; what does not fit is dropped, and all of it
 * where this is not called.
 */
void pdu_reader_data_goes_to(struct pdu_reader *r, void *buf, size_t room);

/* Drops the rest of the data segment, if one is being received: what BUF belongs to is going
 * away. Any time. */
void pdu_reader_drop_data(struct pdu_reader *r);

/* Takes bytes from *BYTES, of which there are *N, until something is to be told; moves both
 * forward. *N may be 0. */
enum pdu_reader_event pdu_reader_feed(struct pdu_reader *r, const uint8_t **bytes, size_t *n);

/* Room for the bytes that come next, 0 where they are not data with a place to go. */
size_t pdu_reader_direct_space(const struct pdu_reader *r, void **space);

/* N bytes, at most the space, have been put there. READER_MORE, READER_PDU or READER_BAD_DATA.
 */
enum pdu_reader_event pdu_reader_direct_filled(struct pdu_reader *r, size_t n);

/* Whether nothing of the next PDU has come yet. */
bool pdu_reader_is_between_pdus(const struct pdu_reader *r);

#endif
