/* main.c: runs the tests of the load generator's parts. */
#include <stdlib.h>

#include "suites.h"

int
main(void)
{
    Suite *s = suite_create("bench");
    SRunner *run;
    int failed;

    suite_add_tcase(s, number_cases());
    suite_add_tcase(s, stream_cases());
    suite_add_tcase(s, login_cases());
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
