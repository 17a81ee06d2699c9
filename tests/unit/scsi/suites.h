/* suites.h: the cases of the scsi layer's test program. */
#ifndef TESTS_UNIT_SCSI_SUITES_H
#define TESTS_UNIT_SCSI_SUITES_H

#include <check.h>

/* For loop tests over a table. */
#define ROWS(table) (int)(sizeof table / sizeof table[0])

TCase *admin_cases(void);
TCase *alua_cases(void);
TCase *atomic_cases(void);
TCase *atomic_threads_cases(void);
TCase *causer_cases(void);
TCase *cdb_cases(void);
TCase *commands_cases(void);
TCase *compare_cases(void);
TCase *execute_cases(void);
TCase *fields_cases(void);
TCase *hints_cases(void);
TCase *extended_copy_cases(void);
TCase *inquiry_cases(void);
TCase *log_sense_cases(void);
TCase *lun_cases(void);
TCase *lun_space_cases(void);
TCase *medium_cases(void);
TCase *mode_cases(void);
TCase *mode_saved_cases(void);
TCase *mode_select_cases(void);
TCase *range_guard_cases(void);
TCase *range_guard_threads_cases(void);
TCase *pr_cases(void);
TCase *report_cases(void);
TCase *pr_out_cases(void);
TCase *reservation_change_cases(void);
TCase *reservations_cases(void);
TCase *reserve_cases(void);
TCase *rod_cases(void);
TCase *rw_cases(void);
TCase *sanitize_cases(void);
TCase *sense_cases(void);
TCase *space_cases(void);
TCase *transport_id_cases(void);
TCase *task_set_cases(void);

#endif
