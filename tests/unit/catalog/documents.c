/* documents.c: JSON for tests. */
#include "documents.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *
json_of(const char *text)
{
    char *copy = strdup(text);
    json_error_t where;
    json_t *value;

    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    value = json_loads(copy, JSON_DECODE_ANY, &where);
    ck_assert_msg(value != NULL, "%s: %s", text, where.text);
    free(copy);
    return value;
}

const char *
text_of_json(const json_t *value)
{
    static char *text;

    free(text);
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    for (char *p = text; p != NULL && *p != '\0'; p++)
        if (*p == '"')
            *p = '\'';
    return text;
}

json_t *
json_at(const json_t *value, const char *pointer)
{
    json_t *at = (json_t *)(uintptr_t)value; /* to be looked at only */
    char step[512];

    while (*pointer == '/' && at != NULL) {
        size_t n = strcspn(++pointer, "/");
        snprintf(step, sizeof step, "%.*s", (int)n, pointer);
        pointer += n;
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
    }
    return at;
}

const char *
text_of_problems(const json_t *problems)
{
    static char text[16384];
    size_t i;
    json_t *p;

    text[0] = '\0';
    json_array_foreach (problems, i, p)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s: %s", i > 0 ? "; " : "",
                 json_string_value(json_object_get(p, "path")),
                 json_string_value(json_object_get(p, "message")));
    return text;
}
