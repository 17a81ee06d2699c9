/* full_feature.h: PDUs after the login: which may come when, and who handles them. */
#ifndef ISCSI_FULL_FEATURE_H
#define ISCSI_FULL_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

struct iobuf;
struct session;

/* From the reader: the header in s->reader is there; then, the whole PDU. */
void full_feature_header(struct session *s);
void full_feature_pdu(struct session *s, bool data_is_good);

/* A PDU whose data is longer than we agreed to receive: the connection ends. */
void full_feature_too_long(struct session *s);

/* Numbers that were waited for are settled otherwise: commands that were held may go on. */
void full_feature_release_held(struct session *s);

/* For handlers, when they see the header: where the data goes (nowhere, where this is not
 * called; BUF gets a reference), and that the PDU is to be rejected when it is complete. */
void incoming_goes_to(struct session *s, struct iobuf *buf, uint32_t offset, uint32_t length);
void incoming_reject(struct session *s, uint8_t reason);

/* Forgets the PDU that is being received. */
void incoming_done(struct session *s);

#endif
