/* suites.h: the suites of the store layer's test program. */
#ifndef TESTS_UNIT_STORE_SUITES_H
#define TESTS_UNIT_STORE_SUITES_H

#include <check.h>

TCase *store_cases(void);
TCase *fake_cases(void);
TCase *memory_cases(void);
TCase *file_io_cases(void);
TCase *batch_cases(void);
TCase *file_space_cases(void);
TCase *file_errors_cases(void);
TCase *file_open_cases(void);
TCase *crew_io_cases(void);
TCase *device_cases(void);
TCase *full_cases(void);
TCase *aio_cases(void);
TCase *uring_cases(void); /* with HAVE_LIBURING */

#endif
