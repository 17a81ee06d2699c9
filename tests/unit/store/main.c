/* main.c: runs the tests of the store layer. */
#include <stdlib.h>

#include "config.h"
#include "suites.h"

int
main(void)
{
    Suite *s = suite_create("store");
    SRunner *run;
    int failed;

    suite_add_tcase(s, store_cases());
    suite_add_tcase(s, fake_cases());
    suite_add_tcase(s, memory_cases());
    suite_add_tcase(s, file_io_cases());
    suite_add_tcase(s, batch_cases());
    suite_add_tcase(s, file_space_cases());
    suite_add_tcase(s, file_errors_cases());
    suite_add_tcase(s, file_open_cases());
    suite_add_tcase(s, crew_io_cases());
    suite_add_tcase(s, device_cases());
    suite_add_tcase(s, full_cases());
    suite_add_tcase(s, aio_cases());
#ifdef HAVE_LIBURING
    suite_add_tcase(s, uring_cases());
#endif
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
