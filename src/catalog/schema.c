/* schema.c: the embedded fragments as one document; references, variants and patterns in it. */
#include "catalog/schema.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/schema_private.h"
#include "core/error.h"
#include "schemas/embedded.h"

/* The merged document: there is one API in a process. Set by schema_load(). */
static json_t *document;

/* Compiled expressions, kept because most are used for every call. */
struct pattern {
    struct pattern *next;
    char *text;
    regex_t compiled;
};
static struct pattern *patterns;

const regex_t *
schema_pattern(const char *text)
{
    struct pattern *p;

    for (p = patterns; p != NULL; p = p->next)
        if (strcmp(p->text, text) == 0)
            return &p->compiled;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->text = strdup(text);
    if (p->text == NULL || regcomp(&p->compiled, text, REG_EXTENDED | REG_NOSUB) != 0) {
        free(p->text);
        free(p);
        return NULL;
    }
    p->next = patterns;
    patterns = p;
    return &p->compiled;
}

bool
schema_is_pattern(const char *text)
{
    regex_t compiled;

    if (regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    regfree(&compiled);
    return true;
}

void
schema_patterns_free(void)
{
    while (patterns != NULL) {
        struct pattern *p = patterns;
        patterns = p->next;
        regfree(&p->compiled);
        free(p->text);
        free(p);
    }
}

static int
hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c);

    return found == NULL ? -1 : (int)(found - digits);
}

/*
 * Copies one step of a JSON pointer in its URI form (RFC 6901 section 6) from *POINTER, which
 * is left at the next '/' or the end. False: longer than STEP.
 */
static bool
next_step(const char **pointer, char *step, size_t size)
{
    const char *p = *pointer;
    size_t n = 0;

    for (; *p != '\0' && *p != '/'; p++) {
        char c = *p;
        if (n + 1 == size)
            return false;
        if (c == '%' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
            c = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
            p += 2;
        } else if (c == '~' && (p[1] == '0' || p[1] == '1')) {
            c = p[1] == '0' ? '~' : '/';
            p++;
        }
        step[n++] = c;
    }
    step[n] = '\0';
    *pointer = p;
    return true;
}

const json_t *
schema_resolve(const json_t *root, const char *ref)
{
    const json_t *at = root != NULL ? root : document;
    char step[256];

    if (ref == NULL || *ref++ != '#')
        return NULL;
    while (*ref == '/' && at != NULL) {
        ref++;
        if (!next_step(&ref, step, sizeof step))
            return NULL;
        if (json_is_array(at))
            at = json_array_get(at, strtoul(step, NULL, 10));
        else
            at = json_object_get(at, step);
    }
    return *ref == '\0' ? at : NULL;
}

const json_t *
schema_follow(const json_t *root, const json_t *schema)
{
    const json_t *ref;

    for (int i = 0; schema != NULL && i < SCHEMA_DEPTH_MAX; i++) {
        ref = json_object_get(schema, "$ref");
        if (ref == NULL)
            return schema;
        schema = schema_resolve(root, json_string_value(ref));
    }
    return NULL;
}

const json_t *
schema_variant(const json_t *root, const json_t *schema, const json_t *value)
{
    const char *tag = json_string_value(json_object_get(schema, "x-discriminator"));
    const json_t *wanted = json_object_get(value, tag == NULL ? "" : tag);
    size_t i;
    json_t *alternative;

    if (tag == NULL || wanted == NULL)
        return NULL;
    json_array_foreach (json_object_get(schema, "oneOf"), i, alternative) {
        const json_t *variant = schema_follow(root, alternative);
        const json_t *properties = json_object_get(variant, "properties");
        const json_t *constant = json_object_get(json_object_get(properties, tag), "const");
        if (constant != NULL && schema_equal(constant, wanted))
            return variant;
    }
    return NULL;
}

static int
merge_map(json_t *to, const json_t *from, const char *fragment, struct error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach (json_members(from), name, value) {
        if (json_object_get(to, name) != NULL)
            return error_set(err, ERROR_INTERNAL, "schemas/%s.json defines '%s' again",
                             fragment, name);
        if (json_object_set(to, name, value) < 0)
            return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    return 0;
}

/* FRAGMENT without what of its methods only people read. A copy: what is kept lies together
 * then, and the memory of the rest goes back in whole pages. */
static json_t *
concise(json_t *fragment)
{
    static const char *const words[] = {"summary", "description", "examples"};
    json_t *method, *copy;
    size_t i, j;

    json_array_foreach (json_object_get(fragment, "methods"), i, method)
        for (j = 0; j < sizeof words / sizeof words[0]; j++)
            json_object_del(method, words[j]);
    copy = json_deep_copy(fragment);
    json_decref(fragment);
    return copy;
}

static int
merge_methods(json_t *to, const json_t *from, const char *fragment, struct error *err)
{
    size_t i, j;
    json_t *method, *there;

    json_array_foreach (from, i, method) {
        const char *name = json_string_value(json_object_get(method, "name"));
        if (name == NULL)
            return error_set(err, ERROR_INTERNAL, "schemas/%s.json: a method has no name",
                             fragment);
        json_array_foreach (to, j, there)
            if (strcmp(json_string_value(json_object_get(there, "name")), name) == 0)
                return error_set(err, ERROR_INTERNAL, "schemas/%s.json defines '%s' again",
                                 fragment, name);
        if (json_array_append(to, method) < 0)
            return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    return 0;
}

static int
merge_fragment(json_t *to, const json_t *from, const char *fragment, struct error *err)
{
    json_t *methods = json_object_get(to, "methods");
    json_t *components = json_object_get(to, "components");
    const char *key;
    json_t *value;

    json_object_foreach (json_members(from), key, value) {
        if (strcmp(key, "methods") == 0) {
            if (merge_methods(methods, value, fragment, err) < 0)
                return -1;
        } else if (strcmp(key, "components") == 0) {
            const char *kind;
            json_t *map;
            json_object_foreach (value, kind, map) {
                if (json_object_get(components, kind) == NULL)
                    json_object_set_new(components, kind, json_object());
                if (merge_map(json_object_get(components, kind), map, fragment, err) < 0)
                    return -1;
            }
        } else if (json_object_set(to, key, value) < 0) {
            return error_set(err, ERROR_INTERNAL, "out of memory");
        }
    }
    return 0;
}

static json_t *
merge_all(bool all_of_it, struct error *err)
{
    json_t *merged = json_pack("{s:[],s:{}}", "methods", "components");
    json_error_t where;

    for (size_t i = 0; i < schemas_embedded_count; i++) {
        const struct embedded_schema *e = &schemas_embedded[i];
        json_t *fragment = json_loadb((const char *)e->text, (size_t)(e->end - e->text),
                                      JSON_REJECT_DUPLICATES, &where);
        int result;
        if (fragment == NULL) {
            error_set(err, ERROR_INTERNAL, "schemas/%s.json line %d: %s", e->name, where.line,
                      where.text);
            json_decref(merged);
            return NULL;
        }
        if (!all_of_it)
            fragment = concise(fragment);
        result = merge_fragment(merged, fragment, e->name, err);
        json_decref(fragment);
        if (result < 0) {
            json_decref(merged);
            return NULL;
        }
    }
    return merged;
}

/* All schemas of the document keep to the dialect. */
static int
lint_document(struct error *err)
{
    const char *name;
    json_t *schema, *method, *param;
    size_t i, j;

    json_object_foreach (json_object_get(json_object_get(document, "components"), "schemas"),
                         name, schema)
        if (schema_lint(document, schema, name, err) < 0)
            return -1;
    json_array_foreach (json_object_get(document, "methods"), i, method) {
        const char *where = json_string_value(json_object_get(method, "name"));
        json_array_foreach (json_object_get(method, "params"), j, param)
            if (schema_lint(document, json_object_get(param, "schema"), where, err) < 0)
                return -1;
        schema = json_object_get(json_object_get(method, "result"), "schema");
        if (schema_lint(document, schema, where, err) < 0)
            return -1;
    }
    return 0;
}

int
schema_load(struct error *err)
{
    schema_unload();
    document = merge_all(false, err);
    if (document == NULL)
        return -1;
    if (lint_document(err) < 0) {
        schema_unload();
        return -1;
    }
    return 0;
}

void
schema_unload(void)
{
    json_decref(document);
    document = NULL;
    schema_patterns_free();
}

const json_t *
schema_document(void)
{
    return document;
}

json_t *
schema_published(void)
{
    struct error err;

    return merge_all(true, &err);
}

const json_t *
schema_method(const char *name)
{
    size_t i;
    json_t *method;

    json_array_foreach (json_object_get(document, "methods"), i, method)
        if (strcmp(json_string_value(json_object_get(method, "name")), name) == 0)
            return method;
    return NULL;
}

const json_t *
schema_component(const char *name)
{
    const json_t *components = json_object_get(document, "components");

    return json_object_get(json_object_get(components, "schemas"), name);
}
