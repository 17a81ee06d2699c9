/* main.c: runs the tests of the iscsi layer. */
#include <stdlib.h>

#include "suites.h"

static TCase *(*const cases[])(void) = {
    /* Bytes and text. */
    pdu_cases,
    pdu_reader_cases,
    pdu_writer_cases,
    text_cases,
    params_cases,
    login_cases,
    redirect_cases,
    chap_cases,
    login_auth_cases,
    discovery_cases,
    /* Sessions. */
    window_cases,
    data_in_cases,
    data_out_cases,
    registry_cases,
    buffers_cases,
    session_cases,
    session_life_cases,
    session_luns_cases,
    full_feature_cases,
    task_cases,
    task_mgmt_cases,
    task_order_cases,
    third_party_cases,
    session_threads_cases,
    short_memory_cases,
};

int
main(void)
{
    Suite *s = suite_create("iscsi");
    SRunner *run;
    int failed;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        suite_add_tcase(s, cases[i]());
    run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
