/* transport_id.h: TransportIDs of iSCSI initiator ports (SPC-4 section 7.6.4.6). Pure; any
 * thread. */
#ifndef SCSI_TRANSPORT_ID_H
#define SCSI_TRANSPORT_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/pr.h"

/* No TransportID is shorter; each is a multiple of four. */
#define TRANSPORT_ID_MIN 24
#define TRANSPORT_ID_MAX (4 + PR_PORT_MAX + 4)

struct transport_id {
    bool is_port; /* format 01b: NAME is that of a port, with ISID; else (00b) of a node */
    char name[PR_PORT_MAX + 1];
    size_t length; /* bytes it took */
};

/* A field that is not as it must be: its offset from the beginning of the TransportID, and its
 * most significant bit where it is not whole bytes (else -1). */
struct transport_id_fault {
    size_t byte;
    int bit;
};

/* The TransportID that begins at BYTES, of which LENGTH may be looked at. False: FAULT says
 * where. The name of a port comes in its one form: ISID as twelve lower case digits. */
bool transport_id_get(const uint8_t *bytes, size_t length, struct transport_id *id,
                      struct transport_id_fault *fault);

/* Writes the TransportID of INITIATOR_PORT ("iqn…,i,0x00023d000001"), format 01b. Returns its
 * length, at most TRANSPORT_ID_MAX. */
size_t transport_id_put(uint8_t bytes[TRANSPORT_ID_MAX], const char *initiator_port);

#endif
