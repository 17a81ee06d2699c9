/* main.c: runs the tests of the catalog layer. */
#include <stdlib.h>

#include "suites.h"

int
main(void)
{
    Suite *s = suite_create("catalog");
    SRunner *run;
    int failed;

    suite_add_tcase(s, access_cases());
    suite_add_tcase(s, catalog_cases());
    suite_add_tcase(s, publish_cases());
    suite_add_tcase(s, schema_cases());
    suite_add_tcase(s, document_cases());
    suite_add_tcase(s, plan_cases());
    suite_add_tcase(s, build_cases());
    suite_add_tcase(s, state_file_cases());
    suite_add_tcase(s, unit_cases());
    suite_add_tcase(s, commit_cases());
    suite_add_tcase(s, commit_attributes_cases());
    suite_add_tcase(s, commit_start_cases());
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
