/*
 * schema.h: the JSON Schema subset of schemas/README.md, interpreted over jansson.
 *
 * The schemas of the API are embedded (schemas/embedded.h) and merged into one OpenRPC
 * document, which is the root for every "$ref".
 */
#ifndef CATALOG_SCHEMA_H
#define CATALOG_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

struct error;

/*
 * Merges the embedded fragments; call once, at start. Fails where a fragment is not JSON, two
 * define the same name, a $ref leads nowhere, or a keyword is used that the dialect does not
 * have.
 */
int schema_load(struct error *err);
void schema_unload(void);

/* The merged OpenRPC document as calls need it: methods without their examples and words, which
 * are half of it. Borrowed. */
const json_t *schema_document(void);

/* All of it, as it is published: read again from what is embedded. A new reference; NULL: out
 * of memory. */
json_t *schema_published(void);

/* The method object of that document; NULL where there is none. Borrowed. */
const json_t *schema_method(const char *name);

/* A schema under components/schemas, for example "Config"; NULL where there is none. Borrowed.
 */
const json_t *schema_component(const char *name);

/*
 * Checks VALUE against SCHEMA (of the loaded document, or any with refs into ROOT; ROOT NULL:
 * the loaded one). Adds each problem to PROBLEMS (an array; may be NULL) as
 * {"path": "/luns/1/lun", "keyword": "maximum", "message": "above the maximum (16383)"}: all of
 * them, not only the first (at most 100). Returns how many there are.
 */
size_t schema_validate(const json_t *root, const json_t *schema, const json_t *value,
                       json_t *problems);

/* A deep copy of VALUE (which is valid) with absent members filled in from "default", at every
 * depth. NULL: out of memory. */
json_t *schema_with_defaults(const json_t *root, const json_t *schema, const json_t *value);

/* A deep copy of VALUE without the members that the schema marks readOnly (what was read may be
 * sent back). */
json_t *schema_without_read_only(const json_t *root, const json_t *schema, const json_t *value);

/*
 * For showing: deep copies of VALUE without what the schema marks writeOnly. Either it is left
 * out, and the member of the same name with "_set" behind it, where the schema has one, is
 * true; or TEXT stands in its place, also where SCHEMA itself is marked so. NULL: out of
 * memory.
 */
json_t *schema_without_secrets(const json_t *root, const json_t *schema, const json_t *value);
json_t *schema_hiding_secrets(const json_t *root, const json_t *schema, const json_t *value,
                              const char *text);

/* Whether SCHEMA marks anything writeOnly, at any depth. */
bool schema_has_secrets(const json_t *root, const json_t *schema);

/* What SCHEMA says of member NAME of an object; NULL: nothing. Borrowed. */
const json_t *schema_member(const json_t *root, const json_t *schema, const char *name);

#endif
