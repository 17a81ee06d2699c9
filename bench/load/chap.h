/* chap.h: the initiator's side of CHAP with MD5 (RFC 7143 section 12.1). Pure; any thread. */
#ifndef BENCH_LOAD_CHAP_H
#define BENCH_LOAD_CHAP_H

#define CHAP_RESPONSE_ROOM (2 + 2 * 16 + 1) /* 0x, digits, zero byte */

/* The value of CHAP_R to the values of CHAP_I and CHAP_C (0x…). 0, or -1: they cannot be used,
 * or this machine has no MD5. */
int chap_response(const char *identifier, const char *challenge, const char *secret,
                  char response[CHAP_RESPONSE_ROOM]);

#endif
