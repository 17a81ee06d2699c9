/* crc32c.c: CRC32C by ISA-L or by table. */
#include "core/crc32c.h"

#include "config.h"

#ifdef HAVE_ISAL
#include <limits.h>

#include <isa-l/crc.h>

static uint32_t
update(uint32_t state, const uint8_t *p, size_t length)
{
    while (length > 0) {
        int n = length > INT_MAX ? INT_MAX : (int)length;
        /* The function only reads, its prototype lacks the const. */
        state = crc32_iscsi((unsigned char *)(uintptr_t)p, n, state);
        p += n;
        length -= (size_t)n;
    }
    return state;
}

#else

/* Remainders of each byte by the Castagnoli polynomial, bits reversed. Filled before main(). */
static uint32_t table[256];

__attribute__((constructor)) static void
fill_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t r = i;
        for (int bit = 0; bit < 8; bit++)
            r = (r >> 1) ^ ((r & 1) != 0 ? 0x82f63b78u : 0);
        table[i] = r;
    }
}

static uint32_t
update(uint32_t state, const uint8_t *p, size_t length)
{
    while (length-- > 0)
        state = (state >> 8) ^ table[(state ^ *p++) & 0xff];
    return state;
}

#endif

uint32_t
crc32c(uint32_t crc, const void *data, size_t length)
{
    return ~update(~crc, data, length);
}
