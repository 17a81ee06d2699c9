/*
 * chap.h: the arithmetic of CHAP (RFC 1994 section 4.1, RFC 7143 section 12.1.3): challenges,
 * responses, and whether a response is right. Whose turn it is: login_auth.c.
 */
#ifndef ISCSI_CHAP_H
#define ISCSI_CHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chap_credentials;

#define CHAP_CHALLENGE_MAX 1024 /* bytes, from either side */
#define CHAP_RESPONSE_MAX  32

struct chap_challenge {
    uint8_t algorithm, identifier;
    uint16_t length;
    uint8_t bytes[CHAP_CHALLENGE_MAX];
};

struct chap_response {
    uint8_t length;
    uint8_t bytes[CHAP_RESPONSE_MAX];
};

/*
 * The first in LIST (CHAP_A as it came: "7,5") that is in ALLOWED (bits CHAP_ALLOW_…) and that
 * this machine's libcrypto has; with FIPS rules it has no MD5. 0: none.
 */
uint8_t chap_choose(const char *list, uint8_t allowed);

/* A new challenge for ALGORITHM, as long as its digest. 0, or -1: no random numbers. */
int chap_challenge_make(uint8_t algorithm, struct chap_challenge *ret);

/* Whether both have the same bytes: then one is the other's reflection. */
bool chap_challenge_equal(const struct chap_challenge *a, const struct chap_challenge *b);

/* What whoever knows SECRET answers to CHALLENGE. 0, or -1: libcrypto cannot. */
int chap_respond(const struct chap_challenge *challenge, const char *secret,
                 struct chap_response *ret);

/*
 * Whether USER and the N bytes of RESPONSE to CHALLENGE prove CREDENTIALS. Takes the same time
 * whichever of the two is wrong, and wherever.
 */
bool chap_verify(const struct chap_challenge *challenge,
                 const struct chap_credentials *credentials, const char *user,
                 const uint8_t *response, size_t n);

#endif
