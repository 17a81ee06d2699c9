/* lists.c: key=value lists in tests. */
#include "lists.h"

#include <check.h>
#include <string.h>

#include "iscsi/text.h"

size_t
list_bytes(const char *text, char bytes[4096])
{
    size_t n = strlen(text);

    ck_assert_uint_lt(n, 4096);
    for (size_t i = 0; i < n; i++)
        bytes[i] = text[i] == ';' ? '\0' : text[i];
    return n;
}

void
list_parse(const char *text, char bytes[4096], struct text_list *list)
{
    ck_assert_ptr_null(text_parse(bytes, list_bytes(text, bytes), list));
}

const char *
list_text(const void *bytes, size_t n)
{
    static char text[4096];

    ck_assert_uint_lt(n, sizeof text);
    for (size_t i = 0; i < n; i++)
        text[i] = ((const char *)bytes)[i] == '\0' ? ';' : ((const char *)bytes)[i];
    text[n] = '\0';
    return text;
}

const char *
output_text(const struct text_output *out)
{
    return list_text(out->bytes, out->length);
}
