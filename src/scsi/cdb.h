/* cdb.h: where things are in a CDB (SPC-4 section 4.2). Pure; any thread. */
#ifndef SCSI_CDB_H
#define SCSI_CDB_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"

/* How a command says which blocks it means. */
enum cdb_layout {
    CDB_NO_RANGE,
    CDB_RANGE_6, /* a count of 0 means 256 (SBC-3 section 5.11) */
    CDB_RANGE_10,
    CDB_RANGE_12,
    CDB_RANGE_16,
    CDB_LBA_16,        /* an address alone */
    CDB_RANGE_ATOMIC,  /* WRITE ATOMIC: a count of two bytes behind a boundary */
    CDB_RANGE_COMPARE, /* COMPARE AND WRITE: a count of one byte */
    CDB_LAYOUTS
};

/* The range in CDB, without FUA, DPO and protection bits where the layout has none. What those
 * bits mean is the command's business. */
struct block_range cdb_range(enum cdb_layout layout, const uint8_t *cdb);

/* Where the count begins, for field pointers. */
uint8_t cdb_count_at(enum cdb_layout layout);

/* WRITE SAME(16): no Data-Out buffer, write zeroes. */
bool cdb_has_ndob(const uint8_t *cdb);

/* VERIFY: how many blocks of Data-Out its BYTCHK takes where it verifies COUNT blocks. */
enum cdb_bytchk { BYTCHK_MEDIUM, BYTCHK_COMPARE, BYTCHK_RESERVED, BYTCHK_COMPARE_ONE };
enum cdb_bytchk cdb_bytchk(const uint8_t *cdb);
uint64_t cdb_bytchk_blocks(const uint8_t *cdb, uint64_t count);

/* Length of a CDB that begins with OPCODE; 0 for the variable, reserved and vendor groups. */
uint8_t cdb_length(uint8_t opcode);

#endif
