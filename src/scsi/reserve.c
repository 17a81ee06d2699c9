/* reserve.c: RESERVE and RELEASE (SPC-2 sections 7.16 to 7.22): the whole unit for the one who
 * asks; third parties and extents are refused. */
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/reservations.h"

enum { THIRD_PARTY = 0x10, LONG_ID = 0x02, EXTENT = 0x01 };

/* The first of BITS that is set in byte 1 is the field that is refused. */
static bool
check_bits(struct scsi_cmd *cmd, unsigned bits)
{
    for (int bit = 7; bit >= 0; bit--) {
        if (cmd->cdb[1] & bits & 1u << bit) {
            cmd_fail_cdb(cmd, 1, bit);
            return false;
        }
    }
    return true;
}

bool
reserve_6_check(struct scsi_cmd *cmd)
{
    return check_bits(cmd, THIRD_PARTY | EXTENT);
}

bool
reserve_10_check(struct scsi_cmd *cmd)
{
    return check_bits(cmd, THIRD_PARTY | LONG_ID | EXTENT);
}

void
reserve_unit(struct scsi_cmd *cmd)
{
    cmd_finish(cmd, reservations_reserve(cmd->nexus));
}

void
release_unit(struct scsi_cmd *cmd)
{
    cmd_finish(cmd, reservations_release(cmd->nexus));
}
