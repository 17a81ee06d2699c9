/* cdb.c: decodes what the CDBs of many commands have in common. */
#include "scsi/cdb.h"

#include "core/bytes.h"

static const struct layout {
    uint8_t lba_at, lba_bytes, count_at, count_bytes;
    bool has_flags; /* protection, DPO and FUA bits in byte 1 */
} layouts[CDB_LAYOUTS] = {
    /* clang-format off */
    [CDB_RANGE_6]       = {1, 3, 4, 1, false},
    [CDB_RANGE_10]      = {2, 4, 7, 2, true},
    [CDB_RANGE_12]      = {2, 4, 6, 4, true},
    [CDB_RANGE_16]      = {2, 8, 10, 4, true},
    [CDB_LBA_16]        = {2, 8, 0, 0, false},
    [CDB_RANGE_ATOMIC]  = {2, 8, 12, 2, true},
    [CDB_RANGE_COMPARE] = {2, 8, 13, 1, true},
    /* clang-format on */
};

/* By the group code, the upper three bits (SPC-4 section 4.2.5.1). */
static const uint8_t lengths[8] = {6, 10, 10, 0, 16, 12, 0, 0};

static uint64_t
get(const uint8_t *p, uint8_t bytes)
{
    uint64_t v = 0;

    if (bytes == 8)
        return get_be64(p);
    if (bytes == 4)
        return get_be32(p);
    while (bytes-- > 0)
        v = v << 8 | *p++;
    return v;
}

struct block_range
cdb_range(enum cdb_layout layout, const uint8_t *cdb)
{
    const struct layout *l = &layouts[layout];
    struct block_range range = {
        .lba = get(cdb + l->lba_at, l->lba_bytes),
        .count = get(cdb + l->count_at, l->count_bytes),
    };

    if (l->has_flags) {
        range.protect = cdb[1] >> 5;
        range.dpo = cdb[1] & 0x10;
        range.fua = cdb[1] & 0x08;
    }
    if (layout == CDB_RANGE_6) {
        range.lba &= 0x1fffff; /* the upper three bits are reserved */
        if (range.count == 0)
            range.count = 256;
    }
    return range;
}

uint8_t
cdb_count_at(enum cdb_layout layout)
{
    return layouts[layout].count_at;
}

uint8_t
cdb_length(uint8_t opcode)
{
    return lengths[opcode >> 5];
}

bool
cdb_has_ndob(const uint8_t *cdb)
{
    return cdb[0] == 0x93 && (cdb[1] & 0x01);
}

enum cdb_bytchk
cdb_bytchk(const uint8_t *cdb)
{
    return (enum cdb_bytchk)(cdb[1] >> 1 & 0x03);
}

uint64_t
cdb_bytchk_blocks(const uint8_t *cdb, uint64_t count)
{
    switch (cdb_bytchk(cdb)) {
    case BYTCHK_COMPARE:
        return count;
    case BYTCHK_COMPARE_ONE:
        return count > 0 ? 1 : 0;
    case BYTCHK_MEDIUM:
    case BYTCHK_RESERVED:
        break;
    }
    return 0;
}
