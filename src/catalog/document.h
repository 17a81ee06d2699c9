/*
 * document.h: the configuration document: merge patches, what a stored one looks like, and the
 * rules that a schema cannot say. Pure but for the schema that must be loaded. Main only.
 */
#ifndef CATALOG_DOCUMENT_H
#define CATALOG_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct chap_credentials;
struct error;

/* The most of each thing that a configuration may have. */
#define DOCUMENT_TARGETS_MAX       16384
#define DOCUMENT_BACKSTORES_MAX    16384
#define DOCUMENT_PORTALS_MAX       256  /* of all portal groups together */
#define DOCUMENT_LUNS_MAX          1024 /* of one target */
#define DOCUMENT_LUNS_TOGETHER_MAX 65536

/* RFC 7396: what PATCH makes of DOCUMENT. A new reference, nothing of it shared with either;
 * NULL: out of memory. */
json_t *document_merge(const json_t *document, const json_t *patch);

/* "portal_groups" with group 1 on PORTALS ("192.0.2.1:3260"; all addresses where there are
 * none). NULL with ERR: one of them is none. */
json_t *document_portal_groups(const char *const *portals, size_t count, struct error *err);

/*
 * What DOCUMENT (any JSON) is stored as: without state, with "version" and the three maps;
 * PORTAL_GROUPS where it does not name any; each backstore keeps the serial and naa that it
 * has in OLD (may be NULL) where it names none, and each user its secret. A new reference;
 * NULL: out of memory.
 */
json_t *document_stored(const json_t *document, const json_t *old, const json_t *portal_groups);

/*
 * For document_stored(): each "auth" without a secret gets the one that the same user has in
 * OLD; one that is null goes. 0, or -1: out of memory.
 */
int document_keep_secrets(json_t *document, const json_t *old);

/* What is wrong with AUTH (any JSON) that a schema cannot say, and with which *MEMBER; NULL:
 * nothing. Static. */
const char *document_auth_problem(const json_t *auth, const char **member);

/* The "auth" of HOLDER (complete, valid) in *RET; untouched where it has none. 0, or -1: out of
 * memory. */
int document_credentials(const json_t *holder, struct chap_credentials **ret);

/* Gives each backstore that has none a serial and an naa. */
int document_make_identities(json_t *document, struct error *err);

/*
 * Checks DOCUMENT (any JSON) against the schema and against the rules, and adds every problem
 * to PROBLEMS as schema_validate() does; limits have the keyword "limit", with "limit" and
 * "value". Returns how many there are.
 */
size_t document_check(const json_t *document, json_t *problems);

/* A valid document with every default filled in, and with the maps of each target. A new
 * reference; NULL: out of memory. */
json_t *document_complete(const json_t *document);

/* Adds {"path", "keyword", "message"} to PROBLEMS. */
void document_problem(json_t *problems, const char *path, const char *keyword,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The target called NAME, without regard to case; NULL: none. Borrowed. */
json_t *document_target(const json_t *document, const char *name);

/* For json_object_foreach(), which wants an object that is not const; change nothing. */
json_t *document_members(const json_t *object);

#endif
