/* crc32c.h: the digest of iSCSI (RFC 7143 section 13.1), by ISA-L, or a table where it is
 * missing. Any thread. */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * The CRC32C of what gave CRC followed by LENGTH bytes at DATA; start with 0. The value goes
 * on the wire in little-endian byte order, which is how RFC 7143 draws it.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

#endif
