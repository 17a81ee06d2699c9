/*
 * network.h: IP addresses, and networks written as CIDR (192.0.2.0/24, 2001:db8::/32). Pure;
 * any thread.
 */
#ifndef CORE_NETWORK_H
#define CORE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct ip_address {
    uint8_t length; /* 4: IPv4; 16: IPv6; 0: none, which is in no network */
    uint8_t bytes[16];
};

struct network {
    struct ip_address address; /* bits beyond the prefix are 0 */
    uint8_t prefix;
};

/* Numeric, whole and without a zone; 0, or -1 with *ret untouched. An IPv4-mapped IPv6 address
 * (RFC 4291 section 2.5.5.2) is the IPv4 address. */
int ip_address_parse(const char *text, struct ip_address *ret);

/* Of one end of a connection: "192.0.2.7:48812", "[2001:db8::7]:48812", a zone is ignored. None
 * where TEXT is something else. */
void ip_address_of_socket(const char *text, struct ip_address *ret);

/* Whether two such texts are the same address and port. */
bool ip_sockets_equal(const char *a, const char *b);

/*
 * Strictly: an address and a prefix length, and nothing beyond the prefix. -1 with ERR says
 * what is wrong, and what to write where that can be told.
 */
int network_parse(const char *text, struct network *ret, struct error *err);

bool network_has(const struct network *network, const struct ip_address *address);

#endif
