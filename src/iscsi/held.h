/*
 * held.h: PDUs that came before their turn.
 *
 * RFC 7143 section 4.2.2.1 wants commands delivered in the order of CmdSN, whatever order they
 * arrive in. On one TCP connection an initiator that numbers as it sends leaves no gaps, but
 * one that sends a command late, or takes one back by ABORT TASK, does. So a command inside the
 * window waits here until those before it have come. The window bounds how many there are, and
 * HELD_BYTES_MAX how much data comes with them; beyond that the connection ends.
 */
#ifndef ISCSI_HELD_H
#define ISCSI_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "iscsi/pdu_reader.h"

#define HELD_BYTES_MAX ((size_t)16 << 20)

struct iobuf;

struct held_pdu {
    STAILQ_ENTRY(held_pdu) link;
    uint8_t header[PDU_HEADER_SIZE];
    uint8_t ahs[PDU_READER_AHS_KEPT];
    uint16_t ahs_length;
    bool data_is_good;
    struct iobuf *data; /* counted; may be NULL */
};

STAILQ_HEAD(held_queue, held_pdu);

/* One CmdSN that has come: the command, and unsolicited Data-Out that belongs to it. No PDUs: a
 * number that is skipped. */
struct held_command {
    SLIST_ENTRY(held_command) link;
    uint32_t cmd_sn;
    struct held_queue pdus;
};

/* Zeroed is empty. */
struct held {
    SLIST_HEAD(, held_command) commands; /* in no order: there are few, nearly always none */
    size_t bytes;
};

bool held_has(const struct held *h, uint32_t cmd_sn);

/*
 * Keeps a copy of PDU, whose CMD_SN is not there yet, with a reference to its data; PDU NULL:
 * the number alone. 0, -ENOMEM or -E2BIG.
 */
int held_add(struct held *h, uint32_t cmd_sn, const struct held_pdu *pdu);

bool held_has_task(const struct held *h, uint32_t task_tag);

/* A Data-Out of a task that is held. 0, -ENOMEM or -E2BIG. */
int held_add_data_out(struct held *h, const struct held_pdu *pdu);

/* The command with TASK_TAG is taken back: its number stays. False where there is none. */
bool held_forget_task(struct held *h, uint32_t task_tag);

/* SCSI commands that MATCHES, told the header and ARG, are taken back as well: those before
 * CMD_SN. */
void held_forget_before(struct held *h, uint32_t cmd_sn,
                        bool (*matches)(const uint8_t *header, const void *arg),
                        const void *arg);

/* Takes out the command with CMD_SN. The caller frees it; NULL where it is not there. */
struct held_command *held_take(struct held *h, uint32_t cmd_sn);
void held_command_free(struct held_command *c);

void held_done(struct held *h);

#endif
