/* parse.c: strict reading of numbers, addresses and names. */
#include "core/parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int
parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    unsigned base = 10;
    uint64_t value = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        int digit = digit_value(*text);
        if (digit < 0 || (unsigned)digit >= base ||
            value > (UINT64_MAX - (uint64_t)digit) / base)
            return -1;
        value = value * base + (uint64_t)digit;
    }
    if (value < min || value > max)
        return -1;
    *ret = value;
    return 0;
}

static bool
is_numeric_address(const char *address)
{
    struct in6_addr binary;

    return inet_pton(AF_INET, address, &binary) == 1 ||
           inet_pton(AF_INET6, address, &binary) == 1;
}

int
parse_address_port(const char *text, char address[64], uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    char host[64] = "::";
    uint64_t number;

    if (colon != NULL) {
        bool bracketed = text[0] == '[';
        const char *start = bracketed ? text + 1 : text;
        const char *end = bracketed ? colon - 1 : colon;
        if (end <= start || (size_t)(end - start) >= sizeof host || (bracketed && *end != ']'))
            return -1;
        memcpy(host, start, (size_t)(end - start));
        host[end - start] = '\0';
        if ((strchr(host, ':') != NULL) != bracketed || !is_numeric_address(host))
            return -1;
    }
    if (parse_u64(port_text, 1, UINT16_MAX, &number) < 0)
        return -1;
    memcpy(address, host, sizeof host);
    *port = (uint16_t)number;
    return 0;
}

/* "2026-01." and a reversed domain name: RFC 7143 section 4.2.7.1. */
static bool
is_iqn(const char *s)
{
    for (int i = 0; i < 7; i++)
        if (i == 4 ? s[i] != '-' : !isdigit((unsigned char)s[i]))
            return false;
    if (s[5] > '1' || (s[5] == '0' && s[6] == '0') || (s[5] == '1' && s[6] > '2') ||
        s[7] != '.' || !isalnum((unsigned char)s[8]))
        return false;
    for (s += 8; *s != '\0' && *s != ':'; s++)
        if (!isdigit((unsigned char)*s) && !islower((unsigned char)*s) && *s != '.' &&
            *s != '-')
            return false;
    if (*s == ':' && s[1] == '\0')
        return false;
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    return true;
}

static bool
all_hex(const char *s, size_t length)
{
    if (strlen(s) != length)
        return false;
    for (; *s != '\0'; s++)
        if (digit_value(*s) < 0)
            return false;
    return true;
}

bool
parse_is_iscsi_name(const char *name)
{
    if (strnlen(name, 224) > 223)
        return false;
    if (strncmp(name, "iqn.", 4) == 0)
        return is_iqn(name + 4);
    if (strncmp(name, "eui.", 4) == 0)
        return all_hex(name + 4, 16);
    if (strncmp(name, "naa.", 4) == 0)
        return all_hex(name + 4, 16) || all_hex(name + 4, 32);
    return false;
}

int
parse_hex(const char *text, uint8_t *bytes, size_t max)
{
    size_t length = strlen(text);

    if ((length != 16 && length != 32) || length / 2 > max || !all_hex(text, length))
        return -1;
    for (size_t i = 0; i < length / 2; i++)
        bytes[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
    return (int)(length / 2);
}
