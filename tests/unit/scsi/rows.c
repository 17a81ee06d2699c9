/* rows.c: the table of commands, row by row. */
#include "rows.h"

#include <string.h>

size_t
all_rows(const struct scsi_command *rows[ROWS_MAX])
{
    size_t n = 0;

    for (unsigned i = 0; i < 256; i++) {
        const struct scsi_command *row = &scsi_commands[i];

        if (row->actions == NULL && row->name != NULL)
            rows[n++] = row;
        for (row = row->actions; row != NULL && row->name != NULL; row++)
            rows[n++] = row;
        ck_assert_uint_lt(n, ROWS_MAX);
    }
    return n;
}

void
open_with_all(struct fixture *f)
{
    fixture_open(f);
    lun_set_modes(f->lun, LUN_REMOVABLE, LUN_REMOVABLE);
}

void
make_cdb(const struct scsi_command *row, uint64_t lba, uint8_t cdb[SCSI_CDB_MAX])
{
    memset(cdb, 0, SCSI_CDB_MAX);
    cdb[0] = row->usage[0];
    if (scsi_commands[row->usage[0]].actions != NULL)
        cdb[1] = row->usage[1] & 0x1f;
    switch (row->layout) {
    case CDB_RANGE_6:
        put_be24(cdb + 1, lba & 0x1fffff);
        cdb[4] = 1;
        break;
    case CDB_RANGE_10:
        put_be32(cdb + 2, (uint32_t)lba);
        put_be16(cdb + 7, 1);
        break;
    case CDB_RANGE_12:
        put_be32(cdb + 2, (uint32_t)lba);
        put_be32(cdb + 6, 1);
        break;
    case CDB_RANGE_16:
        put_be64(cdb + 2, lba);
        put_be32(cdb + 10, 1);
        break;
    case CDB_LBA_16:
        put_be64(cdb + 2, lba);
        break;
    case CDB_RANGE_ATOMIC:
        put_be64(cdb + 2, lba);
        put_be16(cdb + 12, 1);
        break;
    case CDB_RANGE_COMPARE:
        put_be64(cdb + 2, lba);
        cdb[13] = 1;
        break;
    case CDB_NO_RANGE:
        if (row->out == OUT_LIST_10)
            put_be16(cdb + 7, row->usage[0] == 0x55 ? 8 : 24);
        if (row->usage[0] == 0x15 || row->usage[0] == 0x55)
            cdb[1] = 0x10; /* MODE SELECT: PF; its list is a header */
        if (row->usage[0] == 0x15)
            cdb[4] = 4;
        if (row->usage[0] == 0x1e)
            cdb[4] = 1; /* PREVENT ALLOW MEDIUM REMOVAL: prevent */
        if (row->out == OUT_LIST_PR)
            put_be32(cdb + 5, 24);
        if (row->usage[0] == 0x1a || row->usage[0] == 0x5a)
            cdb[2] = 0x3f; /* MODE SENSE: all pages */
        if (row->usage[0] == 0x4d)
            cdb[2] = 0x40; /* LOG SENSE: which pages there are */
        break;
    case CDB_LAYOUTS:
        ck_abort();
    }
}
