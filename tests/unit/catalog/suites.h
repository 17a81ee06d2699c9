/* suites.h: the suites of the catalog layer's test program. */
#ifndef TESTS_UNIT_CATALOG_SUITES_H
#define TESTS_UNIT_CATALOG_SUITES_H

#include <check.h>

TCase *access_cases(void);
TCase *catalog_cases(void);
TCase *publish_cases(void);
TCase *schema_cases(void);
TCase *document_cases(void);
TCase *plan_cases(void);
TCase *build_cases(void);
TCase *state_file_cases(void);
TCase *unit_cases(void);
TCase *commit_cases(void);
TCase *commit_attributes_cases(void);
TCase *commit_start_cases(void);

#endif
