/* suites.h: the suites of the rpc layer's test program. */
#ifndef TESTS_UNIT_RPC_SUITES_H
#define TESTS_UNIT_RPC_SUITES_H

#include <check.h>

TCase *jsonrpc_cases(void);
TCase *batch_cases(void);
TCase *dispatch_cases(void);
TCase *http_cases(void);
TCase *methods_cases(void);
TCase *reservation_cases(void);
TCase *event_cases(void);
TCase *metrics_cases(void);
TCase *job_cases(void);

#endif
