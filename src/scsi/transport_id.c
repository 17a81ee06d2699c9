/* transport_id.c: the bytes of TransportIDs. */
#include "scsi/transport_id.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"

enum { HEADER = 4, PROTOCOL_ISCSI = 0x05, NODE_MAX = 223, ISID_DIGITS = 12 };

#define SEPARATOR ",i,0x"

/* The value of a hex digit; -1: it is none. */
static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* An iSCSI name has no characters that end a name elsewhere (RFC 7143 section 4.2.7.2). */
static bool
is_node_name(const char *name, size_t length)
{
    if (length == 0 || length > NODE_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == ',' || name[i] == 0x7f)
            return false;
    return true;
}

/* NAME is that of a node. */
static bool
read_node(const char *name, size_t length, char ret[PR_PORT_MAX + 1])
{
    if (!is_node_name(name, length))
        return false;
    memcpy(ret, name, length);
    ret[length] = '\0';
    return true;
}

/* NAME is that of a port: node, separator, ISID. */
static bool
read_port(const char *name, size_t length, char ret[PR_PORT_MAX + 1])
{
    const char *separator = memmem(name, length, SEPARATOR, strlen(SEPARATOR));
    size_t node = separator == NULL ? 0 : (size_t)(separator - name);
    size_t at = node + strlen(SEPARATOR);
    uint64_t isid = 0;

    if (separator == NULL || !is_node_name(name, node) || at == length ||
        length - at > ISID_DIGITS)
        return false;
    for (; at < length; at++) {
        if (digit(name[at]) < 0)
            return false;
        isid = isid << 4 | (uint64_t)digit(name[at]);
    }
    snprintf(ret, PR_PORT_MAX + 1, "%.*s" SEPARATOR "%012llx", (int)node, name,
             (unsigned long long)isid);
    return true;
}

static bool
fail(struct transport_id_fault *fault, size_t byte, int bit)
{
    *fault = (struct transport_id_fault){.byte = byte, .bit = bit};
    return false;
}

bool
transport_id_get(const uint8_t *bytes, size_t length, struct transport_id *id,
                 struct transport_id_fault *fault)
{
    const char *name = (const char *)bytes + HEADER;
    unsigned format;
    size_t more, name_length;

    if (length < TRANSPORT_ID_MIN)
        return fail(fault, 0, -1);
    format = bytes[0] >> 6;
    more = get_be16(bytes + 2);
    if (format > 1)
        return fail(fault, 0, 7);
    if ((bytes[0] & 0x0f) != PROTOCOL_ISCSI)
        return fail(fault, 0, 3);
    if (more < TRANSPORT_ID_MIN - HEADER || more % 4 != 0 || more > length - HEADER)
        return fail(fault, 2, -1);
    name_length = strnlen(name, more);
    id->is_port = format == 1;
    id->length = HEADER + more;
    if (name_length == more ||
        !(id->is_port ? read_port : read_node)(name, name_length, id->name))
        return fail(fault, HEADER, -1);
    return true;
}

size_t
transport_id_put(uint8_t bytes[TRANSPORT_ID_MAX], const char *initiator_port)
{
    size_t name = strnlen(initiator_port, PR_PORT_MAX);
    size_t more = (name + 1 + 3) / 4 * 4;

    if (more < TRANSPORT_ID_MIN - HEADER)
        more = TRANSPORT_ID_MIN - HEADER;
    memset(bytes, 0, HEADER + more);
    bytes[0] = 0x40 | PROTOCOL_ISCSI;
    put_be16(bytes + 2, (uint16_t)more);
    memcpy(bytes + HEADER, initiator_port, name);
    return HEADER + more;
}
