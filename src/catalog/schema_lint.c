/* schema_lint.c: schemas keep to the dialect that the interpreter understands. */
#include <stdio.h>
#include <string.h>

#include "catalog/schema_private.h"
#include "core/error.h"

/* What a keyword's value is made of. */
enum content {
    IS_PLAIN,   /* a value */
    IS_SCHEMA,  /* a schema, or true or false */
    IS_MAP,     /* names → schemas */
    IS_LIST,    /* array of schemas */
    IS_PATTERN, /* a regular expression */
    IS_HINT,    /* words for the pattern beside it */
};

/* The dialect of schemas/README.md. */
static const struct keyword {
    const char *name;
    enum content content;
} keywords[] = {
    {"$ref", IS_PLAIN},
    {"title", IS_PLAIN},
    {"description", IS_PLAIN},
    {"default", IS_PLAIN},
    {"readOnly", IS_PLAIN},
    {"writeOnly", IS_PLAIN},
    {"type", IS_PLAIN},
    {"enum", IS_PLAIN},
    {"const", IS_PLAIN},
    {"minimum", IS_PLAIN},
    {"maximum", IS_PLAIN},
    {"exclusiveMinimum", IS_PLAIN},
    {"exclusiveMaximum", IS_PLAIN},
    {"multipleOf", IS_PLAIN},
    {"minLength", IS_PLAIN},
    {"maxLength", IS_PLAIN},
    {"pattern", IS_PATTERN},
    {"x-hint", IS_HINT},
    {"items", IS_SCHEMA},
    {"minItems", IS_PLAIN},
    {"maxItems", IS_PLAIN},
    {"uniqueItems", IS_PLAIN},
    {"properties", IS_MAP},
    {"required", IS_PLAIN},
    {"additionalProperties", IS_SCHEMA},
    {"propertyNames", IS_SCHEMA},
    {"minProperties", IS_PLAIN},
    {"maxProperties", IS_PLAIN},
    {"allOf", IS_LIST},
    {"anyOf", IS_LIST},
    {"oneOf", IS_LIST},
    {"not", IS_SCHEMA},
};

struct lint {
    const json_t *root;
    const char *where;
    struct error *err;
    int depth;
};

static int lint(struct lint *l, const json_t *schema);

static const struct keyword *
find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

static int
lint_map(struct lint *l, const json_t *map)
{
    const char *name;
    json_t *schema;

    json_object_foreach (json_members(map), name, schema)
        if (lint(l, schema) < 0)
            return -1;
    return 0;
}

static int
lint_list(struct lint *l, const json_t *list)
{
    size_t i;
    json_t *schema;

    json_array_foreach (list, i, schema)
        if (lint(l, schema) < 0)
            return -1;
    return 0;
}

/* What POSIX and ECMA 262 read alike: no classes by letter, no lookahead, no "(?:". */
static int
lint_pattern(struct lint *l, const char *pattern)
{
    bool portable = pattern != NULL && strstr(pattern, "(?") == NULL;

    for (const char *p = pattern; portable && *p != '\0'; p++)
        if (*p == '\\' && strchr("\\.*+?()[]{}|^$/", *++p) == NULL)
            portable = false;
    if (portable && schema_is_pattern(pattern))
        return 0;
    return error_set(l->err, ERROR_INTERNAL, "schema of %s: the pattern '%s' is not portable",
                     l->where, pattern == NULL ? "" : pattern);
}

static int
lint_hint(struct lint *l, const json_t *schema, const json_t *hint)
{
    if (json_object_get(schema, "pattern") != NULL && json_string_length(hint) > 0)
        return 0;
    return error_set(l->err, ERROR_INTERNAL,
                     "schema of %s: an x-hint is words beside a pattern", l->where);
}

static int
lint_keyword(struct lint *l, const json_t *schema, const char *name, const json_t *value)
{
    const struct keyword *keyword = find_keyword(name);

    if (keyword == NULL && strncmp(name, "x-", 2) == 0)
        return 0;
    if (keyword == NULL)
        return error_set(l->err, ERROR_INTERNAL,
                         "schema of %s: the dialect has no keyword '%s'", l->where, name);
    switch (keyword->content) {
    case IS_PLAIN:
        return 0;
    case IS_SCHEMA:
        return lint(l, value);
    case IS_MAP:
        return lint_map(l, value);
    case IS_LIST:
        return lint_list(l, value);
    case IS_PATTERN:
        return lint_pattern(l, json_string_value(value));
    case IS_HINT:
        return lint_hint(l, schema, value);
    }
    return 0;
}

static int
lint(struct lint *l, const json_t *schema)
{
    const json_t *ref = json_object_get(schema, "$ref");
    const char *name;
    json_t *value;
    int result = 0;

    if (json_is_boolean(schema))
        return 0;
    if (!json_is_object(schema) || l->depth == SCHEMA_DEPTH_MAX)
        return error_set(l->err, ERROR_INTERNAL,
                         "schema of %s: there is no schema where one "
                         "should be, or it is nested too deep",
                         l->where);
    if (ref != NULL && json_object_size(schema) != 1)
        return error_set(l->err, ERROR_INTERNAL, "schema of %s: a $ref has no siblings",
                         l->where);
    if (ref != NULL && schema_follow(l->root, schema) == NULL)
        return error_set(l->err, ERROR_INTERNAL, "schema of %s: %s leads nowhere", l->where,
                         json_is_string(ref) ? json_string_value(ref) : "a $ref");
    l->depth++;
    json_object_foreach (json_members(schema), name, value)
        if (result == 0)
            result = lint_keyword(l, schema, name, value);
    l->depth--;
    return result;
}

int
schema_lint(const json_t *root, const json_t *schema, const char *where, struct error *err)
{
    struct lint l = {.root = root, .where = where, .err = err};

    return lint(&l, schema);
}
