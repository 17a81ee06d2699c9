/* parse.h: numbers, addresses and iSCSI names from text, strictly: the whole text or nothing.
 * Any thread. */
#ifndef CORE_PARSE_H
#define CORE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal, or hexadecimal after 0x, from MIN to MAX; no sign, no space. 0, or -1 with *ret
 * untouched. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* "192.0.2.1:3260", "[2001:db8::1]:3260", "3260" (all addresses, "::" in ADDRESS). Returns 0 or
 * -1. */
int parse_address_port(const char *text, char address[64], uint16_t *port);

/* Whether NAME is an iqn., eui. or naa. name by RFC 7143 section 4.2.7; ASCII lower case for
 * iqn. */
bool parse_is_iscsi_name(const char *name);

/* 16 or 32 hex digits into 8 or 16 bytes; the number of bytes, or -1. */
int parse_hex(const char *text, uint8_t *bytes, size_t max);

#endif
