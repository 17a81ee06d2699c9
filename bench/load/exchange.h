/* exchange.h: one PDU after the other, waited for: before and after the load. */
#ifndef BENCH_LOAD_EXCHANGE_H
#define BENCH_LOAD_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

struct session;

/* A PDU without additional header segments. */
struct message {
    uint8_t header[48];
    uint8_t data[8192];
    uint32_t length;
};

/* Sends the header and the `length` bytes of data. 0 or -1. */
int message_send(struct session *s, struct message *m);

/* Waits for the next PDU that is an answer; pings are answered meanwhile. 0 or -1. */
int message_receive(struct session *s, struct message *m);

/* Sends CDB (16 bytes) to LUN and waits for its end. The data that came is in M->data. Returns
 * the SCSI status, or -1. */
int exchange_command(struct session *s, unsigned lun, const uint8_t *cdb, uint32_t expected,
                     struct message *m);

/* Waits until each unit says GOOD to TEST UNIT READY, and asks the first for its size. 0, or -1
 * with a complaint. */
int exchange_probe(struct session *s);

#endif
