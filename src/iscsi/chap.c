/* chap.c: CHAP's arithmetic. */
#include "iscsi/chap.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "catalog/credentials.h"
#include "core/parse.h"

/* RFC 7143 section 12.1.3 and IANA's "PPP Authentication Algorithms". */
static const struct algorithm {
    uint8_t number;
    uint8_t allow;
    uint8_t length;
    const char *digest;
} algorithms[] = {
    {5, CHAP_ALLOW_MD5, 16, "MD5"},
    {6, CHAP_ALLOW_SHA1, 20, "SHA1"},
    {7, CHAP_ALLOW_SHA256, 32, "SHA256"},
    {8, CHAP_ALLOW_SHA3_256, 32, "SHA3-256"},
};

static const struct algorithm *
find(uint64_t number)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        if (algorithms[i].number == number)
            return &algorithms[i];
    return NULL;
}

static bool
is_available(const struct algorithm *a)
{
    EVP_MD *md = EVP_MD_fetch(NULL, a->digest, NULL);

    EVP_MD_free(md);
    return md != NULL;
}

/* Of the LENGTH characters at TEXT; NULL: no algorithm that we know. */
static const struct algorithm *
named_algorithm(const char *text, size_t length)
{
    char number[24];
    uint64_t value;

    if (length == 0 || length >= sizeof number)
        return NULL;
    memcpy(number, text, length);
    number[length] = '\0';
    return parse_u64(number, 0, UINT8_MAX, &value) < 0 ? NULL : find(value);
}

uint8_t
chap_choose(const char *list, uint8_t allowed)
{
    const struct algorithm *a;
    size_t length;

    for (;; list += length + 1) {
        length = strcspn(list, ",");
        a = named_algorithm(list, length);
        if (a != NULL && (a->allow & allowed) != 0 && is_available(a))
            return a->number;
        if (list[length] == '\0')
            return 0;
    }
}

int
chap_challenge_make(uint8_t algorithm, struct chap_challenge *ret)
{
    const struct algorithm *a = find(algorithm);

    ret->algorithm = algorithm;
    ret->length = a->length;
    if (RAND_bytes(&ret->identifier, 1) != 1 || RAND_bytes(ret->bytes, a->length) != 1)
        return -1;
    return 0;
}

bool
chap_challenge_equal(const struct chap_challenge *a, const struct chap_challenge *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* The digest of the identifier, the secret and the challenge, one after another (RFC 1994
 * section 4.1). */
int
chap_respond(const struct chap_challenge *challenge, const char *secret,
             struct chap_response *ret)
{
    const struct algorithm *a = find(challenge->algorithm);
    EVP_MD *md = EVP_MD_fetch(NULL, a->digest, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned length = 0;
    int result = -1;

    if (md != NULL && ctx != NULL && EVP_MD_get_size(md) == a->length &&
        EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
        EVP_DigestUpdate(ctx, &challenge->identifier, 1) == 1 &&
        EVP_DigestUpdate(ctx, secret, strlen(secret)) == 1 &&
        EVP_DigestUpdate(ctx, challenge->bytes, challenge->length) == 1 &&
        EVP_DigestFinal_ex(ctx, ret->bytes, &length) == 1)
        result = 0;
    ret->length = (uint8_t)length;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return result;
}

/* In a time that does not depend on where they differ. */
static bool
same_user(const char *ours, const char *theirs)
{
    char a[CHAP_USER_MAX + 1] = "", b[CHAP_USER_MAX + 1] = "";
    size_t ours_length = strnlen(ours, CHAP_USER_MAX);
    size_t theirs_length = strnlen(theirs, CHAP_USER_MAX + 1);
    bool fits = theirs_length <= CHAP_USER_MAX;

    memcpy(a, ours, ours_length);
    memcpy(b, theirs, fits ? theirs_length : CHAP_USER_MAX);
    return (CRYPTO_memcmp(a, b, sizeof a) == 0) & fits;
}

bool
chap_verify(const struct chap_challenge *challenge, const struct chap_credentials *credentials,
            const char *user, const uint8_t *response, size_t n)
{
    struct chap_response right;
    bool is_user, is_response;

    if (chap_respond(challenge, credentials->secret, &right) < 0)
        return false;
    is_user = same_user(credentials->user, user);
    is_response = n == right.length && CRYPTO_memcmp(response, right.bytes, n) == 0;
    OPENSSL_cleanse(&right, sizeof right);
    return is_user & is_response;
}
