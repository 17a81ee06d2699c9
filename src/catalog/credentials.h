/*
 * credentials.h: what one side must prove by CHAP, and how the target answers if it is asked
 * the same. Constant once made, counted; any thread.
 */
#ifndef CATALOG_CREDENTIALS_H
#define CATALOG_CREDENTIALS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Which algorithms are allowed. */
enum {
    CHAP_ALLOW_MD5 = 1 << 0,
    CHAP_ALLOW_SHA1 = 1 << 1,
    CHAP_ALLOW_SHA256 = 1 << 2,
    CHAP_ALLOW_SHA3_256 = 1 << 3,
};

/* Lengths in bytes, without the NUL at the end. RFC 7143 section 12.1.3 asks for 96 bits at
 * least. */
#define CHAP_SECRET_MIN 12
#define CHAP_SECRET_MAX 255
#define CHAP_USER_MAX   255

struct chap_credentials {
    atomic_uint refs;
    uint8_t algorithms; /* bits */
    char *user, *secret;
    char *mutual_user, *mutual_secret; /* NULL, both: the target proves nothing */
};

/* Copies the texts; MUTUAL_… may be NULL. NULL: out of memory. */
struct chap_credentials *chap_credentials_new(const char *user, const char *secret,
                                              const char *mutual_user,
                                              const char *mutual_secret, uint8_t algorithms);
struct chap_credentials *chap_credentials_ref(struct chap_credentials *credentials);
void chap_credentials_unref(struct chap_credentials *credentials); /* accepts NULL */

/* Whether they say the same. NULL equals NULL only. */
bool chap_credentials_equal(const struct chap_credentials *a, const struct chap_credentials *b);

#endif
