/* suites.h: the suites of the iscsi layer's test program. */
#ifndef TESTS_UNIT_ISCSI_SUITES_H
#define TESTS_UNIT_ISCSI_SUITES_H

#include <check.h>

/* Bytes and text. */
TCase *pdu_cases(void);
TCase *pdu_reader_cases(void);
TCase *pdu_writer_cases(void);
TCase *text_cases(void);
TCase *params_cases(void);
TCase *login_cases(void);
TCase *redirect_cases(void);
TCase *chap_cases(void);
TCase *login_auth_cases(void);
TCase *discovery_cases(void);

/* Sessions. */
TCase *window_cases(void);
TCase *data_in_cases(void);
TCase *data_out_cases(void);
TCase *registry_cases(void);
TCase *buffers_cases(void);
TCase *session_cases(void);
TCase *session_life_cases(void);
TCase *session_luns_cases(void);
TCase *full_feature_cases(void);
TCase *task_cases(void);
TCase *task_mgmt_cases(void);
TCase *task_order_cases(void);
TCase *third_party_cases(void);
TCase *session_threads_cases(void);
TCase *short_memory_cases(void);

#endif
