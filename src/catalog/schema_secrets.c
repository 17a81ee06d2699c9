/*
 * schema_secrets.c: copies of a value that may be shown. One rule: what a schema marks
 * writeOnly is never read back. Where several alternatives are possible, each has its say:
 * rather hide too much.
 */
#include <stdio.h>

#include "catalog/schema.h"
#include "catalog/schema_private.h"

static const char *const alternatives[] = {"oneOf", "anyOf", "allOf"};
#define ALTERNATIVES (sizeof alternatives / sizeof alternatives[0])

static bool
is_secret(const json_t *root, const json_t *schema)
{
    return json_is_true(json_object_get(schema_follow(root, schema), "writeOnly"));
}

/* Says by NAME_set that there is one, where the schema has such a member. */
static int
say_set(const json_t *properties, const char *name, json_t *object)
{
    char set[128];

    snprintf(set, sizeof set, "%s_set", name);
    if (json_object_get(properties, set) == NULL)
        return 0;
    return json_object_set_new(object, set, json_true());
}

static int
hide(const struct schema_edit *edit, const json_t *properties, const char *name, json_t *object)
{
    if (json_object_get(object, name) == NULL ||
        !is_secret(edit->root, json_object_get(properties, name)))
        return 0;
    if (edit->text != NULL)
        return json_object_set_new(object, name, json_string(edit->text));
    json_object_del(object, name);
    return say_set(properties, name, object);
}

static json_t *
without(const json_t *root, const json_t *schema, const json_t *value, const char *text)
{
    const struct schema_edit edit = {
        .root = root, .member = hide, .all_alternatives = true, .text = text};

    return schema_edited_copy(&edit, schema, value);
}

json_t *
schema_without_secrets(const json_t *root, const json_t *schema, const json_t *value)
{
    return without(root, schema, value, NULL);
}

json_t *
schema_hiding_secrets(const json_t *root, const json_t *schema, const json_t *value,
                      const char *text)
{
    return is_secret(root, schema) ? json_string(text) : without(root, schema, value, text);
}

static bool
has_secrets(const json_t *root, const json_t *schema, int depth)
{
    const char *name;
    json_t *child;
    size_t i;

    schema = schema_follow(root, schema);
    if (!json_is_object(schema) || depth == SCHEMA_DEPTH_MAX)
        return false;
    if (is_secret(root, schema) ||
        has_secrets(root, json_object_get(schema, "additionalProperties"), depth + 1) ||
        has_secrets(root, json_object_get(schema, "items"), depth + 1))
        return true;
    json_object_foreach (json_members(json_object_get(schema, "properties")), name, child)
        if (has_secrets(root, child, depth + 1))
            return true;
    for (size_t j = 0; j < ALTERNATIVES; j++)
        json_array_foreach (json_object_get(schema, alternatives[j]), i, child)
            if (has_secrets(root, child, depth + 1))
                return true;
    return false;
}

bool
schema_has_secrets(const json_t *root, const json_t *schema)
{
    return has_secrets(root, schema, 0);
}

static const json_t *
member_schema(const json_t *root, const json_t *schema, const char *name, int depth)
{
    const json_t *found;
    json_t *child;
    size_t i;

    schema = schema_follow(root, schema);
    if (!json_is_object(schema) || depth == SCHEMA_DEPTH_MAX)
        return NULL;
    found = json_object_get(json_object_get(schema, "properties"), name);
    for (size_t j = 0; j < ALTERNATIVES && found == NULL; j++)
        json_array_foreach (json_object_get(schema, alternatives[j]), i, child)
            if (found == NULL)
                found = member_schema(root, child, name, depth + 1);
    return found != NULL ? found : json_object_get(schema, "additionalProperties");
}

const json_t *
schema_member(const json_t *root, const json_t *schema, const char *name)
{
    return member_schema(root, schema, name, 0);
}
