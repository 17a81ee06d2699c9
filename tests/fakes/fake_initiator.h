/*
 * fake_initiator.h: the other end of a session, in memory: builds PDUs, feeds them in pieces of
 * any size, and reads what comes back.
 *
 * It keeps the numbers as an initiator does, but sends whatever header it is given, so it can
 * also speak wrongly. Everything runs on the test's thread, which has entered the session's
 * worker.
 */
#ifndef TESTS_FAKE_INITIATOR_H
#define TESTS_FAKE_INITIATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "iscsi/pdu.h"
#include "iscsi/pdu_reader.h"

struct session;
struct worker;

/* A PDU from the target. */
struct fake_pdu {
    STAILQ_ENTRY(fake_pdu) link;
    uint8_t header[PDU_HEADER_SIZE];
    uint8_t *data; /* never NULL */
    size_t length;
};

struct fake_initiator {
    struct session *session; /* NULL: not connected */
    struct worker *worker;
    size_t chunk;     /* bytes that are fed at once; 0: all */
    size_t take;      /* bytes of output that are taken at once; 0: all */
    bool uses_direct; /* data goes straight to where the session wants it, if it does */
    bool header_digest, data_digest;
    bool damages_data, damages_header; /* the next digest is wrong */

    uint32_t cmdsn, exp_statsn, next_tag;
    uint16_t tsih;
    bool is_woken;

    /* What came, not yet received. Private. */
    struct pdu_reader reader;
    struct fake_pdu *partial;
    STAILQ_HEAD(, fake_pdu) came;
};

/* A new connection on the current worker, at time NOW. */
void fake_connect(struct fake_initiator *f, uint64_t now_ms);

/* Closes it (may be closed already) and forgets what came. */
void fake_disconnect(struct fake_initiator *f);

/*
 * Logs in with one request, straight from the operational stage to the full feature phase. KEYS
 * is "Key=value" texts one after the other, each ended by NUL, KEYS_LENGTH bytes in all. The
 * status, or -1 where no response came (then fake_login_finish() when it has).
 */
int fake_login(struct fake_initiator *f, uint64_t isid, const char *keys, size_t keys_length);
int fake_login_finish(struct fake_initiator *f);

/* Sends HEADER, which gets the length of DATA, with padding and digests. */
void fake_send(struct fake_initiator *f, uint8_t *header, const void *data, size_t length);
void fake_send_bytes(struct fake_initiator *f, const uint8_t *bytes, size_t n);

/* The next PDU from the target, NULL where none has come; the caller frees it. */
struct fake_pdu *fake_receive(struct fake_initiator *f);
void fake_pdu_free(struct fake_pdu *p);

/* What a SCSI command says. */
struct fake_command {
    uint64_t lun;
    bool is_read, is_write, is_immediate;
    bool is_not_final;  /* unsolicited Data-Out follows */
    uint8_t attributes; /* 0: SIMPLE */
    uint32_t expected;
    uint8_t cdb[16];
    const void *data; /* immediate */
    size_t length;
};

/* Returns its tag. CmdSN is the next one. */
uint32_t fake_command(struct fake_initiator *f, const struct fake_command *c);

void fake_data_out(struct fake_initiator *f, uint32_t tag, uint32_t transfer_tag,
                   uint32_t data_sn, uint32_t offset, const void *data, size_t length,
                   bool is_final);

/* Task management, non-immediate. Returns its tag. */
uint32_t fake_management(struct fake_initiator *f, uint8_t function, uint64_t lun,
                         uint32_t referenced_tag, uint32_t referenced_cmdsn);

uint32_t fake_nop(struct fake_initiator *f, const void *data, size_t length);
uint32_t fake_logout(struct fake_initiator *f, uint8_t reason, uint16_t cid);

/* A Text Request; TRANSFER_TAG is PDU_NO_TAG at first. */
uint32_t fake_text(struct fake_initiator *f, uint32_t transfer_tag, bool is_final,
                   bool is_continued, const void *text, size_t length);

/* CDBs over 512-byte blocks; 10-byte forms. */
struct fake_command fake_read(uint64_t lun, uint32_t lba, uint16_t blocks);
struct fake_command fake_write(uint64_t lun, uint32_t lba, uint16_t blocks);

#endif
