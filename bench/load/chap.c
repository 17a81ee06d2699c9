/* chap.c: MD5 over identifier, secret and challenge (RFC 1994 section 4.1). */
#include "bench/load/chap.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHALLENGE_MAX 1024

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the number of bytes, or -1. Base64 is not understood: nobody sends it. */
static int
decode(const char *text, uint8_t *bytes)
{
    int n = 0;

    if (strncasecmp(text, "0x", 2) != 0)
        return -1;
    text += 2;
    if (strlen(text) % 2 == 1 || strlen(text) > 2 * CHALLENGE_MAX)
        return -1;
    for (; *text != '\0'; text += 2) {
        int high = hex_digit(text[0]), low = hex_digit(text[1]);

        if (high < 0 || low < 0)
            return -1;
        bytes[n++] = (uint8_t)(high << 4 | low);
    }
    return n;
}

static int
md5(uint8_t identifier, const char *secret, const uint8_t *challenge, size_t n, uint8_t *digest)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned length = 0;
    int ok;

    ok = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
         EVP_DigestUpdate(context, &identifier, 1) == 1 &&
         EVP_DigestUpdate(context, secret, strlen(secret)) == 1 &&
         EVP_DigestUpdate(context, challenge, n) == 1 &&
         EVP_DigestFinal_ex(context, digest, &length) == 1 && length == 16;
    EVP_MD_CTX_free(context);
    return ok ? 0 : -1;
}

int
chap_response(const char *identifier, const char *challenge, const char *secret,
              char response[CHAP_RESPONSE_ROOM])
{
    unsigned long id = strtoul(identifier, NULL, 0);
    uint8_t bytes[CHALLENGE_MAX], digest[16];
    int n = decode(challenge, bytes);

    if (n <= 0 || id > 255 || md5((uint8_t)id, secret, bytes, (size_t)n, digest) < 0)
        return -1;
    memcpy(response, "0x", 3);
    for (int i = 0; i < 16; i++)
        snprintf(response + 2 + 2 * i, 3, "%02x", digest[i]);
    return 0;
}
