/* temp_file.h: a folder of a test's own, and stores on a file in it. */
#ifndef TESTS_UNIT_STORE_TEMP_FILE_H
#define TESTS_UNIT_STORE_TEMP_FILE_H

#include "store/store.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)

/* As checked fixtures: an empty folder that is removed with what is in it; and that with
 * one_worker's. */
void temp_folder_setup(void);
void temp_folder_teardown(void);
void temp_file_setup(void);
void temp_file_teardown(void);

/* PATH in that folder; valid until the next call but three. */
const char *temp_path(const char *name);

/* Makes the file at PATH with SIZE bytes, all a hole. */
void make_file(const char *path, uint64_t size);

/* How many of ROWS can be tested here: where io_uring cannot be used, as in many containers,
 * not the last URING_ROWS of them. */
unsigned usable_rows(unsigned rows, unsigned uring_rows);

/* Opens; the test fails with the sentence where that fails. */
struct store *must_open(const struct store_config *config);

/* Opens; the test fails where that works, or where the sentence does not contain SAYS. Gives
 * the errno. */
int must_not_open(const struct store_config *config, const char *says);

#endif
