/* lists.h: key=value lists in tests, written with ';' where the wire has NUL. */
#ifndef TESTS_UNIT_ISCSI_LISTS_H
#define TESTS_UNIT_ISCSI_LISTS_H

#include <stddef.h>

struct text_list;
struct text_output;

/* "A=1;B=2;" into BYTES as it is on the wire; returns the length. */
size_t list_bytes(const char *text, char bytes[4096]);

/* The same, parsed; LIST points into BYTES. */
void list_parse(const char *text, char bytes[4096], struct text_list *list);

/* BYTES as text, in a static buffer. */
const char *list_text(const void *bytes, size_t n);
const char *output_text(const struct text_output *out);

#endif
