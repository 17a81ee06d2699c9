/* documents.h: JSON for tests, with apostrophes for quotation marks. */
#ifndef TESTS_UNIT_CATALOG_DOCUMENTS_H
#define TESTS_UNIT_CATALOG_DOCUMENTS_H

#include <jansson.h>
#include <stddef.h>

/* Fails the test where TEXT is not JSON. A new reference. */
json_t *json_of(const char *text);

/* VALUE as text, members in order of their names; valid until the next call. */
const char *text_of_json(const json_t *value);

/* The value at a JSON pointer; NULL: none. Borrowed. */
json_t *json_at(const json_t *value, const char *pointer);

/* "path: message" of each problem, by ';'; valid until the next call. */
const char *text_of_problems(const json_t *problems);

#endif
