/* document_private.h: what the files that check a document share. Main only. */
#ifndef CATALOG_DOCUMENT_PRIVATE_H
#define CATALOG_DOCUMENT_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "catalog/pointer.h"

/* The document may break its schema too, so members of any type are met here. */
struct rules {
    const json_t *portal_groups, *backstores, *targets, *discovery;
    json_t *portals; /* "192.0.2.7:3260" of each that is an address: the tag of its group */
    json_t *problems;
    size_t count;
};

/* Adds a problem, as document_problem() does; R counts them all and keeps the first ones. */
void document_complain(struct rules *r, const char *path, const char *keyword,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "/a/b/c" of STEPS, which end with NULL, in PATH. */
const char *document_pointer(char path[POINTER_MAX], const char *const *steps);
#define POINTER(...) \
    document_pointer((char[POINTER_MAX]){0}, (const char *const[]){__VA_ARGS__, NULL})

/* Remembers in SEEN that NAME has VALUE; returns who had it before, or NULL. */
const char *document_seen_before(json_t *seen, const char *value, const char *name);

/* The address in the one way that inet_ntop() writes it; false: it is none. */
bool document_canonical_address(const char *address, char *text, size_t size);

/* The key that PORTAL, or where a redirect leads to, has in rules.portals; false: it has no
 * numeric address. */
bool document_portal_key(const json_t *portal, char key[96]);

/* document_access.c */
void document_check_acls(struct rules *r, const char *name, const json_t *target);
void document_check_discovery(struct rules *r);
void document_check_group_redirects(struct rules *r);

/* A target's redirect holds in each of its portal groups, TAGS (NULL: 1). */
void document_check_target_redirect(struct rules *r, const char *target, const json_t *redirect,
                                    const json_t *tags);

#endif
