/* suites.h: the cases of the scsi layer's test program. */
#ifndef TESTS_UNIT_SCSI_SUITES_H
#define TESTS_UNIT_SCSI_SUITES_H

#include <check.h>

TCase *cdb_cases(void);
TCase *lun_cases(void);
TCase *rw_cases(void);
TCase *sense_cases(void);

#endif
