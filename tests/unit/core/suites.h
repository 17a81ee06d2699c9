/* suites.h: the suites of the core layer's test program. */
#ifndef TESTS_UNIT_CORE_SUITES_H
#define TESTS_UNIT_CORE_SUITES_H

#include <check.h>

TCase *worker_cases(void);
TCase *crew_cases(void);
TCase *network_cases(void);
TCase *pool_cases(void);
TCase *bytes_cases(void);
TCase *timer_cases(void);
TCase *text_cases(void);
TCase *event_cases(void);

#endif
