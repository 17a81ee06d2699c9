/* schema_private.h: what the files of the schema interpreter share. Main only. */
#ifndef CATALOG_SCHEMA_PRIVATE_H
#define CATALOG_SCHEMA_PRIVATE_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

/* Schemas and values that are nested deeper than this are refused. */
#define SCHEMA_DEPTH_MAX 64

/* jansson iterates over objects that are not const only; nothing is changed through this. */
static inline json_t *
json_members(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

/* A JSON string of TEXT, which may have been cut within a character. */
json_t *schema_text(const char *text);

/* Where "$ref" leads; NULL: nowhere. ROOT NULL: the loaded document. Borrowed. */
const json_t *schema_resolve(const json_t *root, const char *ref);

/* SCHEMA, or what it leads to through its "$ref"s; NULL: nowhere. Borrowed. */
const json_t *schema_follow(const json_t *root, const json_t *schema);

/*
 * Tagged unions: the alternative of SCHEMA's "oneOf" whose tag (named by "x-discriminator") has
 * the const that VALUE's tag has. NULL where there is none. Borrowed.
 */
const json_t *schema_variant(const json_t *root, const json_t *schema, const json_t *value);

/* The compiled expression, from a cache; NULL: it is not one. Borrowed until
 * schema_unload(). */
const regex_t *schema_pattern(const char *pattern);
void schema_patterns_free(void);
/* Whether it is one; keeps nothing. */
bool schema_is_pattern(const char *pattern);

/*
 * A deep copy of VALUE with each of its objects edited: `member` is called for every member
 * that the schema names, whether the object has it or not. NULL: out of memory, which `member`
 * says by -1.
 */
struct schema_edit {
    const json_t *root;
    int (*member)(const struct schema_edit *edit, const json_t *properties, const char *name,
                  json_t *object);
    bool all_alternatives; /* each has its say; else the one that the value fits */
    const char *text;      /* in place of each secret; NULL: it is left out */
};
json_t *schema_edited_copy(const struct schema_edit *edit, const json_t *schema,
                           const json_t *value);

/* JSON equality in the sense of JSON Schema: 1 and 1.0 are the same. */
bool schema_equal(const json_t *a, const json_t *b);

struct error;

/* Whether SCHEMA keeps to the dialect of schemas/README.md. WHERE is for the message. */
int schema_lint(const json_t *root, const json_t *schema, const char *where, struct error *err);

#endif
