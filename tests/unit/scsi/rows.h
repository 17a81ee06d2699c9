/* rows.h: the rows of the table of commands, and a CDB for each: for tests that are derived
 * from it. */
#ifndef TESTS_UNIT_SCSI_ROWS_H
#define TESTS_UNIT_SCSI_ROWS_H

#include "fixture.h"
#include "scsi/commands.h"

#define ROWS_MAX 128

/* All rows, flat. */
size_t all_rows(const struct scsi_command *rows[ROWS_MAX]);

/* A unit that has every command there is. */
void open_with_all(struct fixture *f);

/* A CDB of ROW for one block at LBA, as far as it has a range or a parameter list. */
void make_cdb(const struct scsi_command *row, uint64_t lba, uint8_t cdb[SCSI_CDB_MAX]);

#endif
