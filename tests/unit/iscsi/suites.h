/* suites.h: the suites of the iscsi layer's test program. */
#ifndef TESTS_UNIT_ISCSI_SUITES_H
#define TESTS_UNIT_ISCSI_SUITES_H

#include <check.h>

TCase *window_cases(void);
TCase *data_in_cases(void);
TCase *data_out_cases(void);
TCase *registry_cases(void);

#endif
