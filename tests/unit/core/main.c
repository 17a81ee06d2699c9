/* main.c: runs the tests of the core layer. */
#include <stdlib.h>

#include "suites.h"

int
main(void)
{
    Suite *s = suite_create("core");
    SRunner *run;
    int failed;

    suite_add_tcase(s, worker_cases());
    suite_add_tcase(s, crew_cases());
    suite_add_tcase(s, network_cases());
    suite_add_tcase(s, pool_cases());
    suite_add_tcase(s, timer_cases());
    suite_add_tcase(s, bytes_cases());
    suite_add_tcase(s, text_cases());
    suite_add_tcase(s, event_cases());
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
