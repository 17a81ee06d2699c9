/* build.h: from a document to a view; what did not change is shared with the view before. */
#ifndef CATALOG_BUILD_H
#define CATALOG_BUILD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/lun.h"
#include "store/store.h"

struct acl_entry;
struct backstore;
struct catalog;
struct error;

/* What a backstore's options say to the layers below. Strings are borrowed from the document.
 */
struct backstore_options {
    struct store_config config;
    struct lun_identity identity;
    struct lun_attributes attributes;
};

/* OPTIONS (complete, valid) of backstore NAME, for helpers too: they only read it. */
void build_backstore_options(const char *name, const json_t *options,
                             struct backstore_options *ret);

/* Takes LUN. NULL: out of memory, and LUN is still the caller's. */
struct backstore *build_backstore(const char *name, const char *type, struct lun *lun,
                                  const struct error *error);

/* ACLS (complete, valid) of a target as entries in the order of access.h, for
 * acl_entries_free(). -1: out of memory. */
int build_acls(const json_t *acls, struct acl_entry **ret, size_t *count);

struct build {
    const json_t *document; /* complete and valid */
    uint64_t revision;
    /* What may be shared; NULL where there is none. */
    const struct catalog *old;
    const json_t *old_document; /* complete */
    /* The backstores that are not those of OLD; borrowed, counted in the result. */
    struct backstore *const *fresh;
    size_t fresh_count;
};

/* NULL: out of memory. Each backstore of the document must be fresh or in OLD. */
struct catalog *build_catalog(const struct build *build);

#endif
