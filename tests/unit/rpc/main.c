/* main.c: runs the tests of the rpc layer. */
#include <stdlib.h>

#include "suites.h"

int
main(void)
{
    Suite *s = suite_create("rpc");
    SRunner *run;
    int failed;

    suite_add_tcase(s, jsonrpc_cases());
    suite_add_tcase(s, batch_cases());
    suite_add_tcase(s, dispatch_cases());
    suite_add_tcase(s, http_cases());
    suite_add_tcase(s, methods_cases());
    suite_add_tcase(s, reservation_cases());
    suite_add_tcase(s, event_cases());
    suite_add_tcase(s, metrics_cases());
    suite_add_tcase(s, job_cases());
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
