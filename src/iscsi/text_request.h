/* text_request.h: Text Requests after the login: SendTargets, and the few keys that may be
 * negotiated again. */
#ifndef ISCSI_TEXT_REQUEST_H
#define ISCSI_TEXT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct session;

void text_request(struct session *s, const uint8_t *header, bool data_is_good);

/* Forgets an exchange that is going on. */
void text_exchange_drop(struct session *s);

#endif
