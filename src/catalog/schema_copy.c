/* schema_copy.c: copies of a value in which members were filled in or left out, as its schema
 * says. */
#include "catalog/schema.h"
#include "catalog/schema_private.h"

struct walk {
    const struct schema_edit *edit;
    int depth;
    bool failed; /* out of memory */
};

static void walk(struct walk *w, const json_t *schema, json_t *value);

static void
walk_object(struct walk *w, const json_t *schema, json_t *object)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const char *name;
    json_t *value;

    json_object_foreach (json_members(properties), name, value)
        if (w->edit->member(w->edit, properties, name, object) < 0)
            w->failed = true;
    json_object_foreach (object, name, value) {
        const json_t *property = json_object_get(properties, name);
        walk(w, property != NULL ? property : others, value);
    }
}

static void
walk_alternatives(struct walk *w, const json_t *alternatives, json_t *value)
{
    size_t i;
    json_t *alternative;

    json_array_foreach (alternatives, i, alternative)
        if (w->edit->all_alternatives) {
            walk(w, alternative, value);
        } else if (schema_validate(w->edit->root, alternative, value, NULL) == 0) {
            walk(w, alternative, value);
            return;
        }
}

static void
walk(struct walk *w, const json_t *schema, json_t *value)
{
    const json_t *root = w->edit->root;
    size_t i;
    json_t *child;

    schema = schema_follow(root, schema);
    if (!json_is_object(schema) || w->depth == SCHEMA_DEPTH_MAX)
        return;
    w->depth++;
    if (json_is_object(value))
        walk_object(w, schema, value);
    json_array_foreach (value, i, child)
        walk(w, json_object_get(schema, "items"), child);
    json_array_foreach (json_object_get(schema, "allOf"), i, child)
        walk(w, child, value);
    if (json_object_get(schema, "x-discriminator") != NULL && !w->edit->all_alternatives) {
        walk(w, schema_variant(root, schema, value), value);
    } else {
        walk_alternatives(w, json_object_get(schema, "oneOf"), value);
        walk_alternatives(w, json_object_get(schema, "anyOf"), value);
    }
    w->depth--;
}

json_t *
schema_edited_copy(const struct schema_edit *edit, const json_t *schema, const json_t *value)
{
    struct walk w = {.edit = edit};
    json_t *copy = json_deep_copy(value);

    if (copy == NULL)
        return NULL;
    walk(&w, schema, copy);
    if (w.failed) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static int
fill_default(const struct schema_edit *edit, const json_t *properties, const char *name,
             json_t *object)
{
    const json_t *property = schema_follow(edit->root, json_object_get(properties, name));
    const json_t *given = json_object_get(property, "default");

    if (given == NULL || json_object_get(object, name) != NULL)
        return 0;
    return json_object_set_new(object, name, json_deep_copy(given));
}

json_t *
schema_with_defaults(const json_t *root, const json_t *schema, const json_t *value)
{
    const struct schema_edit edit = {.root = root, .member = fill_default};

    return schema_edited_copy(&edit, schema, value);
}

static int
drop_read_only(const struct schema_edit *edit, const json_t *properties, const char *name,
               json_t *object)
{
    const json_t *property = schema_follow(edit->root, json_object_get(properties, name));

    if (json_is_true(json_object_get(property, "readOnly")))
        json_object_del(object, name);
    return 0;
}

json_t *
schema_without_read_only(const json_t *root, const json_t *schema, const json_t *value)
{
    const struct schema_edit edit = {.root = root, .member = drop_read_only};

    return schema_edited_copy(&edit, schema, value);
}
