/* network.c: addresses and networks from text, and whether one is in the other. */
#include "core/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/parse.h"

#define MAPPED_PREFIX 96 /* of ::ffff:0:0/96 */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool
is_mapped(const uint8_t bytes[16])
{
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

/* As it is written, mapped or not. */
static int
parse_plain(const char *text, struct ip_address *ret)
{
    struct ip_address a = {0};

    if (inet_pton(AF_INET, text, a.bytes) == 1)
        a.length = 4;
    else if (inet_pton(AF_INET6, text, a.bytes) == 1)
        a.length = 16;
    else
        return -1;
    *ret = a;
    return 0;
}

static struct ip_address
unmapped(const struct ip_address *a)
{
    struct ip_address ipv4 = {.length = 4};

    if (a->length != 16 || !is_mapped(a->bytes))
        return *a;
    memcpy(ipv4.bytes, a->bytes + sizeof mapped, 4);
    return ipv4;
}

int
ip_address_parse(const char *text, struct ip_address *ret)
{
    struct ip_address a;

    if (parse_plain(text, &a) < 0)
        return -1;
    *ret = unmapped(&a);
    return 0;
}

void
ip_address_of_socket(const char *text, struct ip_address *ret)
{
    bool bracketed = text[0] == '[';
    const char *start = bracketed ? text + 1 : text;
    size_t length = strcspn(start, bracketed ? "]%" : ":");
    char address[INET6_ADDRSTRLEN];

    *ret = (struct ip_address){0};
    if (length >= sizeof address || start[length] == '\0')
        return;
    memcpy(address, start, length);
    address[length] = '\0';
    ip_address_parse(address, ret);
}

bool
ip_sockets_equal(const char *a, const char *b)
{
    struct ip_address one, other;

    ip_address_of_socket(a, &one);
    ip_address_of_socket(b, &other);
    return one.length != 0 && one.length == other.length &&
           memcmp(one.bytes, other.bytes, one.length) == 0 &&
           strcmp(strrchr(a, ':'), strrchr(b, ':')) == 0;
}

/* Makes the bits beyond PREFIX zero; whether they were not. */
static bool
clear_beyond(struct ip_address *a, unsigned prefix)
{
    bool found = false;

    for (unsigned i = 0; i < a->length; i++) {
        unsigned kept = prefix <= i * 8 ? 0 : prefix - i * 8;
        uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00u >> kept);
        found = found || (a->bytes[i] & ~mask) != 0;
        a->bytes[i] &= mask;
    }
    return found;
}

/* "192.0.2.0/24" */
static const char *
write_network(const struct ip_address *a, unsigned prefix, char text[64])
{
    char address[INET6_ADDRSTRLEN];

    inet_ntop(a->length == 4 ? AF_INET : AF_INET6, a->bytes, address, sizeof address);
    snprintf(text, 64, "%s/%u", address, prefix);
    return text;
}
#define WRITE(address, prefix) write_network((address), (prefix), (char[64]){0})

/* The digits of a prefix length; a leading zero is not one. -1: something else. */
static int
parse_prefix(const char *text, unsigned most)
{
    uint64_t prefix;

    if ((text[0] == '0' && text[1] != '\0') || parse_u64(text, 0, most, &prefix) < 0)
        return -1;
    return (int)prefix;
}

static int
refuse(struct error *err, const char *text, const char *problem, const char *instead)
{
    return error_set(err, ERROR_INVALID_CONFIG, "\"%.60s\" %s%s", text, problem, instead);
}

/* A prefix that leaves room for other addresses than the mapped ones is IPv6's. */
static int
refuse_mapped(struct error *err, const char *text, const struct network *n)
{
    struct ip_address ipv4 = unmapped(&n->address);

    return refuse(err, text, "is made of IPv4 addresses: write ",
                  WRITE(&ipv4, n->prefix - MAPPED_PREFIX));
}

static int
refuse_host_bits(struct error *err, const char *text, const struct ip_address *given,
                 const struct network *n)
{
    return error_set(err, ERROR_INVALID_CONFIG,
                     "\"%.60s\" has bits set beyond its prefix: write %s for the network, or "
                     "%s for this address alone",
                     text, WRITE(&n->address, n->prefix), WRITE(given, given->length * 8u));
}

int
network_parse(const char *text, struct network *ret, struct error *err)
{
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct ip_address given;
    struct network n;
    char address[INET6_ADDRSTRLEN];
    int prefix;

    snprintf(address, sizeof address, "%.*s", length < sizeof address ? (int)length : 0, text);
    if (parse_plain(address, &given) < 0)
        return refuse(err, text, "is not a network, such as 192.0.2.0/24 or 2001:db8::/32", "");
    if (slash == NULL)
        return refuse(err, text, "has no prefix length: for this address alone write ",
                      WRITE(&given, given.length * 8u));
    prefix = parse_prefix(slash + 1, given.length * 8u);
    if (prefix < 0)
        return refuse(err, text, "has a prefix length that is not a number from 0 to ",
                      given.length == 4 ? "32" : "128");
    n = (struct network){given, (uint8_t)prefix};
    if (clear_beyond(&n.address, n.prefix))
        return refuse_host_bits(err, text, &given, &n);
    if (given.length == 16 && is_mapped(given.bytes) && prefix >= MAPPED_PREFIX)
        return refuse_mapped(err, text, &n);
    *ret = n;
    return 0;
}

bool
network_has(const struct network *network, const struct ip_address *address)
{
    unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    if (address->length == 0 || address->length != network->address.length ||
        memcmp(address->bytes, network->address.bytes, whole) != 0)
        return false;
    return rest == 0 || (address->bytes[whole] & mask) == network->address.bytes[whole];
}
