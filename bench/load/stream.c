/* stream.c: bytes to PDUs. */
#include "bench/load/stream.h"

#include <string.h>
#include <sys/types.h>

#include "core/bytes.h"
#include "core/crc32c.h"

void
stream_init(struct stream *s, const struct stream_handler *handler, void *arg)
{
    memset(s, 0, sizeof *s);
    s->handler = handler;
    s->arg = arg;
}

/* The digest is in little-endian byte order. */
static bool
digest_is(const uint8_t *digest, uint32_t crc)
{
    return digest[0] == (uint8_t)crc && digest[1] == (uint8_t)(crc >> 8) &&
           digest[2] == (uint8_t)(crc >> 16) && digest[3] == (uint8_t)(crc >> 24);
}

static int
broken(struct stream *s, const char *error)
{
    s->error = error;
    return -1;
}

static int
whole(struct stream *s)
{
    s->header_have = 0;
    return s->handler->whole(s->arg, s->header);
}

static int
header_came(struct stream *s)
{
    uint32_t length = get_be24(s->header + FIELD_DATA_LENGTH);

    if (s->header_digest &&
        !digest_is(s->header + BHS_LENGTH, crc32c(0, s->header, BHS_LENGTH)))
        return broken(s, "wrong header digest");
    if (s->header[FIELD_AHS_LENGTH] != 0)
        return broken(s, "additional header segment in an answer");
    s->into = NULL;
    s->data_left = length;
    s->padding_left = (uint8_t)(-length & 3);
    s->digest_left = s->data_digest && length > 0 ? 4 : 0;
    s->digest_have = 0;
    s->crc = 0;
    if (s->handler->header(s->arg, s->header, length, &s->into) < 0)
        return -1;
    return length == 0 ? whole(s) : 0;
}

static size_t
take_header(struct stream *s, const uint8_t *bytes, size_t n)
{
    size_t want = BHS_LENGTH + (s->header_digest ? 4 : 0) - s->header_have;
    size_t k = n < want ? n : want;

    memcpy(s->header + s->header_have, bytes, k);
    s->header_have += (unsigned)k;
    return k;
}

static size_t
take_data(struct stream *s, const uint8_t *bytes, size_t n)
{
    size_t k = n < s->data_left ? n : s->data_left;

    if (s->into != NULL) {
        memcpy(s->into, bytes, k);
        s->into += k;
    }
    if (s->digest_left > 0)
        s->crc = crc32c(s->crc, bytes, k);
    s->data_left -= (uint32_t)k;
    return k;
}

static size_t
take_padding(struct stream *s, const uint8_t *bytes, size_t n)
{
    size_t k = n < s->padding_left ? n : s->padding_left;

    if (s->digest_left > 0)
        s->crc = crc32c(s->crc, bytes, k);
    s->padding_left -= (uint8_t)k;
    return k;
}

static size_t
take_digest(struct stream *s, const uint8_t *bytes, size_t n)
{
    size_t k = n < s->digest_left ? n : s->digest_left;

    memcpy(s->digest + s->digest_have, bytes, k);
    s->digest_have += (unsigned)k;
    s->digest_left -= (uint8_t)k;
    return k;
}

/* Takes in some of N bytes, at least one. Returns how many, or -1. */
static ssize_t
take(struct stream *s, const uint8_t *bytes, size_t n)
{
    const unsigned header_length = BHS_LENGTH + (s->header_digest ? 4 : 0);
    size_t k;

    if (s->header_have < header_length) {
        k = take_header(s, bytes, n);
        if (s->header_have == header_length && header_came(s) < 0)
            return -1;
        return (ssize_t)k;
    }
    if (s->data_left > 0)
        k = take_data(s, bytes, n);
    else if (s->padding_left > 0)
        k = take_padding(s, bytes, n);
    else
        k = take_digest(s, bytes, n);
    if (s->data_left > 0 || s->padding_left > 0 || s->digest_left > 0)
        return (ssize_t)k;
    if (s->digest_have > 0 && !digest_is(s->digest, s->crc))
        return broken(s, "wrong data digest");
    return whole(s) < 0 ? -1 : (ssize_t)k;
}

int
stream_feed(struct stream *s, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t k = take(s, bytes, n);

        if (k < 0)
            return -1;
        bytes += k;
        n -= (size_t)k;
    }
    return 0;
}

size_t
stream_wants(const struct stream *s)
{
    const unsigned header_length = BHS_LENGTH + (s->header_digest ? 4 : 0);

    if (s->header_have < header_length)
        return header_length - s->header_have;
    return (size_t)s->data_left + s->padding_left + s->digest_left;
}
