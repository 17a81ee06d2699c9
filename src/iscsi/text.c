/* text.c: key=value lists. */
#include "iscsi/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"

/* Room for at least NEEDED bytes, at most LIMIT. 0, -E2BIG or -ENOMEM. */
static int
grow(char **bytes, size_t *capacity, size_t needed, size_t limit)
{
    size_t wanted = *capacity * 2 > 512 ? *capacity * 2 : 512;
    char *larger;

    if (needed > limit)
        return -E2BIG;
    if (needed <= *capacity)
        return 0;
    wanted = wanted < needed ? needed : wanted;
    wanted = wanted > limit ? limit : wanted;
    larger = realloc(*bytes, wanted);
    if (larger == NULL)
        return -ENOMEM;
    *bytes = larger;
    *capacity = wanted;
    return 0;
}

int
text_input_add(struct text_input *in, const void *bytes, size_t n)
{
    int result;

    if (n == 0)
        return 0;
    if (n > TEXT_LIST_MAX)
        return -E2BIG;
    result = grow(&in->bytes, &in->capacity, in->length + n, TEXT_LIST_MAX);
    if (result < 0)
        return result;
    memcpy(in->bytes + in->length, bytes, n);
    in->length += n;
    return 0;
}

void
text_input_done(struct text_input *in)
{
    free(in->bytes);
    memset(in, 0, sizeof *in);
}

static bool
is_key_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(".-+@_#", c) != NULL);
}

static bool
is_key(const char *key)
{
    const char *p = key;

    while (is_key_character(*p))
        p++;
    return *p == '\0' && p > key && p - key <= TEXT_KEY_MAX;
}

/* PAIR is one string. */
static const char *
add_pair(struct text_list *list, char *pair)
{
    char *equals = strchr(pair, '=');

    if (equals == NULL)
        return "a pair without '='";
    *equals = '\0';
    if (!is_key(pair))
        return "not the name of a key";
    if (strlen(equals + 1) > TEXT_VALUE_MAX)
        return "a value that is too long";
    if (text_value(list, pair) != NULL)
        return "a key that comes twice";
    if (list->count == TEXT_PAIRS_MAX)
        return "too many keys";
    list->pairs[list->count++] = (struct text_pair){.key = pair, .value = equals + 1};
    return NULL;
}

const char *
text_parse(char *bytes, size_t n, struct text_list *ret)
{
    const char *problem = NULL;
    char *end;

    ret->count = 0;
    while (n > 0 && problem == NULL) {
        end = memchr(bytes, '\0', n);
        if (end == NULL)
            return "a pair that does not end";
        if (end > bytes)
            problem = add_pair(ret, bytes);
        n -= (size_t)(end + 1 - bytes);
        bytes = end + 1;
    }
    return problem;
}

const char *
text_value(const struct text_list *list, const char *key)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->pairs[i].key, key) == 0)
            return list->pairs[i].value;
    return NULL;
}

bool
text_list_has(const char *list, const char *value)
{
    size_t length = strlen(value), element;

    for (;; list += element + 1) {
        element = strcspn(list, ",");
        if (element == length && memcmp(list, value, length) == 0)
            return true;
        if (list[element] == '\0')
            return false;
    }
}

int
text_boolean(const char *value, bool *ret)
{
    if (strcmp(value, "Yes") != 0 && strcmp(value, "No") != 0)
        return -1;
    *ret = value[0] == 'Y';
    return 0;
}

int
text_number(const char *value, uint64_t *ret)
{
    return parse_u64(value, 0, UINT64_MAX, ret);
}

/* What C stands for in DIGITS, or -1. */
static int
digit_of(const char *digits, char c)
{
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* N digits are (N + 1) / 2 bytes: of an odd number the first is a byte of its own. */
static int
hexadecimal(const char *text, uint8_t *bytes, size_t size, size_t *length)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t n = strlen(text), at = 0;
    uint8_t byte = 0;

    if (n == 0 || (n + 1) / 2 > size)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int digit = digit_of(digits, text[i]);
        if (digit < 0)
            return -1;
        byte = (uint8_t)(byte << 4 | (digit & 0xf));
        if ((n - i) % 2 == 1) /* what is left are pairs */
            bytes[at++] = byte;
    }
    *length = at;
    return 0;
}

/* Four characters are three bytes; the last four may end with one or two '='. What stands
 * behind the last bit must be zero (RFC 4648 section 3.5). */
static int
base64(const char *text, uint8_t *bytes, size_t size, size_t *length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(text), digit_count = n, at = 0;
    uint32_t bits = 0;
    unsigned left = 0; /* bits that are not out yet */

    if (n == 0 || n % 4 != 0)
        return -1;
    while (n - digit_count < 2 && text[digit_count - 1] == '=')
        digit_count--;
    for (size_t i = 0; i < digit_count; i++) {
        int digit = digit_of(digits, text[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        left += 6;
        if (left < 8)
            continue;
        if (at == size)
            return -1;
        left -= 8;
        bytes[at++] = (uint8_t)(bits >> left);
        bits &= (1U << left) - 1;
    }
    if (bits != 0)
        return -1;
    *length = at;
    return 0;
}

int
text_binary(const char *value, uint8_t *bytes, size_t size, size_t *length)
{
    if (value[0] != '0')
        return -1;
    if (value[1] == 'x' || value[1] == 'X')
        return hexadecimal(value + 2, bytes, size, length);
    if (value[1] == 'b' || value[1] == 'B')
        return base64(value + 2, bytes, size, length);
    return -1;
}

void
text_output_init(struct text_output *out, size_t limit)
{
    memset(out, 0, sizeof *out);
    out->limit = limit;
}

void
text_output_done(struct text_output *out)
{
    free(out->bytes);
    text_output_init(out, out->limit);
}

void
text_output_clear(struct text_output *out)
{
    out->length = 0;
    out->given = 0;
    out->error = 0;
}

bool
text_output_has(const struct text_output *out, const char *key)
{
    size_t n = strlen(key);

    for (size_t at = 0; at < out->length; at += strlen(out->bytes + at) + 1)
        if (strncmp(out->bytes + at, key, n) == 0 && out->bytes[at + n] == '=')
            return true;
    return false;
}

void
text_put(struct text_output *out, const char *key, const char *value)
{
    size_t key_length = strlen(key), value_length = strlen(value);
    size_t end = out->length + key_length + 1 + value_length + 1;
    int result = grow(&out->bytes, &out->capacity, end, out->limit);
    char *p;

    if (result < 0) {
        out->error = result;
        return;
    }
    p = out->bytes + out->length;
    memcpy(p, key, key_length);
    p[key_length] = '=';
    memcpy(p + key_length + 1, value, value_length + 1);
    out->length = end;
}

void
text_put_number(struct text_output *out, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    text_put(out, key, text);
}

void
text_put_boolean(struct text_output *out, const char *key, bool value)
{
    text_put(out, key, value ? "Yes" : "No");
}

void
text_put_binary(struct text_output *out, const char *key, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 + 2 * TEXT_BINARY_MAX + 1] = "0x";

    assert(n <= TEXT_BINARY_MAX);
    for (size_t i = 0; i < n; i++) {
        text[2 + 2 * i] = digits[bytes[i] >> 4];
        text[3 + 2 * i] = digits[bytes[i] & 0xf];
    }
    text[2 + 2 * n] = '\0';
    text_put(out, key, text);
}

const char *
text_output_piece(struct text_output *out, size_t max, size_t *length, bool *is_last)
{
    size_t left = out->length - out->given;
    const char *piece = out->bytes != NULL ? out->bytes + out->given : "";

    *length = left < max ? left : max;
    *is_last = *length == left;
    out->given += *length;
    return piece;
}
