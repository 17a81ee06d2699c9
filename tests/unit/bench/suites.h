/* suites.h: the suites of the load generator's test program. */
#ifndef TESTS_UNIT_BENCH_SUITES_H
#define TESTS_UNIT_BENCH_SUITES_H

#include <check.h>

TCase *number_cases(void);
TCase *stream_cases(void);
TCase *login_cases(void);

#endif
