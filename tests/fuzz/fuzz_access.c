/*
 * fuzz_access.c: what an initiator and an operator can write into the question who may log in:
 * a pattern, a name, a network and the text of a socket's address, each up to a zero byte.
 */
#include <stdlib.h>
#include <string.h>

#include "catalog/access.h"
#include "core/error.h"
#include "core/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
check(bool fact)
{
    if (!fact)
        abort();
}

/* The next text, in memory of just its size. */
static char *
next_text(const uint8_t **bytes, size_t *n)
{
    char *text = strndup((const char *)*bytes, *n);
    size_t length;

    check(text != NULL);
    length = strlen(text);
    *bytes += length;
    *n -= length;
    if (*n > 0) {
        ++*bytes;
        --*n;
    }
    return text;
}

/* What is a network says so when it is written back, and has its own address. */
static void
check_network(const char *text, const struct ip_address *address)
{
    struct network network;
    struct error err = {0};

    if (network_parse(text, &network, &err) < 0) {
        check(err.message[0] != '\0');
        return;
    }
    check(network.prefix <= network.address.length * 8);
    check(network_has(&network, &network.address));
    if (network_has(&network, address))
        check(address->length == network.address.length);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *pattern = next_text(&bytes, &n), *name = next_text(&bytes, &n);
    char *network = next_text(&bytes, &n), *socket = next_text(&bytes, &n);
    struct ip_address address;

    if (strlen(pattern) < 224 && strlen(name) < 224) {
        check(access_name_matches("*", name));
        check(access_name_matches(name, name) || strchr(name, '?') != NULL);
        access_name_matches(pattern, name);
    }
    ip_address_of_socket(socket, &address);
    check(address.length == 0 || address.length == 4 || address.length == 16);
    check_network(network, &address);
    free(pattern);
    free(name);
    free(network);
    free(socket);
    return 0;
}
