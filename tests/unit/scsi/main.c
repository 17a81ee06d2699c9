/* main.c: runs the tests of the scsi layer. */
#include <stdlib.h>

#include "suites.h"

/* clang-format off */
static TCase *(*const cases[])(void) = {
    sense_cases,
    cdb_cases,
    lun_cases,
    lun_space_cases,
    log_sense_cases,
    execute_cases,
    commands_cases,
    fields_cases,
    rw_cases,
    admin_cases,
    compare_cases,
    space_cases,
    inquiry_cases,
    mode_cases,
    mode_saved_cases,
    mode_select_cases,
    medium_cases,
    causer_cases,
    report_cases,
    range_guard_cases,
    atomic_cases,
    atomic_threads_cases,
    hints_cases,
    range_guard_threads_cases,
    alua_cases,
    extended_copy_cases,
    rod_cases,
    sanitize_cases,
    pr_cases,
    reservations_cases,
    pr_out_cases,
    reservation_change_cases,
    reserve_cases,
    transport_id_cases,
    task_set_cases,
};
/* clang-format on */

int
main(void)
{
    Suite *s = suite_create("scsi");
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        suite_add_tcase(s, cases[i]());
    runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
