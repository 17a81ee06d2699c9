/* schema_defaults.c: copies of a value with defaults filled in, or without what is read-only.
 */
#include "catalog/schema.h"
#include "catalog/schema_private.h"

enum edit { FILL_DEFAULTS, DROP_READ_ONLY };

struct walk {
    const json_t *root;
    enum edit edit;
    int depth;
    bool failed; /* out of memory */
};

static void walk(struct walk *w, const json_t *schema, json_t *value);

static void
fill_default(struct walk *w, const char *name, const json_t *property, json_t *object)
{
    const json_t *given = json_object_get(schema_follow(w->root, property), "default");

    if (given == NULL || json_object_get(object, name) != NULL)
        return;
    if (json_object_set_new(object, name, json_deep_copy(given)) < 0)
        w->failed = true;
}

static void
walk_object(struct walk *w, const json_t *schema, json_t *object)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const char *name;
    json_t *value;

    json_object_foreach (json_members(properties), name, value) {
        const json_t *property = schema_follow(w->root, value);
        if (w->edit == FILL_DEFAULTS)
            fill_default(w, name, property, object);
        else if (json_is_true(json_object_get(property, "readOnly")))
            json_object_del(object, name);
    }
    json_object_foreach (object, name, value) {
        const json_t *property = json_object_get(properties, name);
        if (property == NULL)
            property = others;
        if (property != NULL)
            walk(w, property, value);
    }
}

/* Of several alternatives, the one that VALUE fits. */
static void
walk_alternatives(struct walk *w, const json_t *alternatives, json_t *value)
{
    size_t i;
    json_t *alternative;

    json_array_foreach (alternatives, i, alternative)
        if (schema_validate(w->root, alternative, value, NULL) == 0) {
            walk(w, alternative, value);
            return;
        }
}

static void
walk(struct walk *w, const json_t *schema, json_t *value)
{
    size_t i;
    json_t *child;

    schema = schema_follow(w->root, schema);
    if (!json_is_object(schema) || w->depth == SCHEMA_DEPTH_MAX)
        return;
    w->depth++;
    if (json_is_object(value))
        walk_object(w, schema, value);
    if (json_is_array(value) && json_object_get(schema, "items") != NULL)
        json_array_foreach (value, i, child)
            walk(w, json_object_get(schema, "items"), child);
    json_array_foreach (json_object_get(schema, "allOf"), i, child)
        walk(w, child, value);
    if (json_object_get(schema, "x-discriminator") != NULL) {
        walk(w, schema_variant(w->root, schema, value), value);
    } else {
        walk_alternatives(w, json_object_get(schema, "oneOf"), value);
        walk_alternatives(w, json_object_get(schema, "anyOf"), value);
    }
    w->depth--;
}

static json_t *
edited_copy(const json_t *root, const json_t *schema, const json_t *value, enum edit edit)
{
    struct walk w = {.root = root, .edit = edit};
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

json_t *
schema_with_defaults(const json_t *root, const json_t *schema, const json_t *value)
{
    return edited_copy(root, schema, value, FILL_DEFAULTS);
}

json_t *
schema_without_read_only(const json_t *root, const json_t *schema, const json_t *value)
{
    return edited_copy(root, schema, value, DROP_READ_ONLY);
}
