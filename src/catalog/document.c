/* document.c: how a new document is made of an old one. */
#include "catalog/document.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "catalog/identity.h"
#include "catalog/schema.h"
#include "core/error.h"
#include "core/parse.h"

json_t *
document_members(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

json_t *
document_target(const json_t *document, const char *name)
{
    json_t *targets = json_object_get(document, "targets"), *found, *target;
    const char *other;

    found = json_object_get(targets, name);
    if (found != NULL)
        return found;
    json_object_foreach (targets, other, target)
        if (strcasecmp(other, name) == 0)
            return target;
    return NULL;
}

/* RFC 7396 section 2, in place. */
static int
merge_into(json_t *target, const json_t *patch)
{
    const char *name;
    json_t *value;

    json_object_foreach (document_members(patch), name, value) {
        json_t *there = json_object_get(target, name);
        if (json_is_null(value)) {
            json_object_del(target, name);
            continue;
        }
        if (!json_is_object(value)) {
            if (json_object_set_new(target, name, json_deep_copy(value)) < 0)
                return -1;
            continue;
        }
        if (!json_is_object(there)) {
            there = json_object();
            if (json_object_set_new(target, name, there) < 0)
                return -1;
        }
        if (merge_into(there, value) < 0)
            return -1;
    }
    return 0;
}

json_t *
document_merge(const json_t *document, const json_t *patch)
{
    json_t *merged;

    if (!json_is_object(patch))
        return json_deep_copy(patch);
    merged = json_is_object(document) ? json_deep_copy(document) : json_object();
    if (merged != NULL && merge_into(merged, patch) < 0) {
        json_decref(merged);
        return NULL;
    }
    return merged;
}

json_t *
document_portal_groups(const char *const *portals, size_t count, struct error *err)
{
    static const char *const everywhere[] = {"[::]:3260"};
    json_t *list = json_array(), *groups;

    if (count == 0) {
        portals = everywhere;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        char address[64];
        uint16_t port;
        if (parse_address_port(portals[i], address, &port) < 0) {
            json_decref(list);
            error_set(err, ERROR_INVALID_PARAMS,
                      "'%s' is not a portal: write 192.0.2.1:3260 or [2001:db8::1]:3260",
                      portals[i]);
            return NULL;
        }
        json_array_append_new(list,
                              json_pack("{s:s,s:i}", "address", address, "port", (int)port));
    }
    groups = json_pack("{s:{s:o}}", "1", "portals", list);
    if (groups == NULL)
        error_set(err, ERROR_INTERNAL, "out of memory");
    return groups;
}

/* A disk stays the same disk while its name does: "made up once and kept where absent". */
static int
keep_identities(json_t *backstores, const json_t *old)
{
    static const char *const kept[] = {"serial", "naa"};
    const char *name;
    json_t *backstore;

    json_object_foreach (backstores, name, backstore) {
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            json_t *before = json_object_get(json_object_get(old, name), kept[i]);
            if (before != NULL && json_is_object(backstore) &&
                json_object_get(backstore, kept[i]) == NULL &&
                json_object_set(backstore, kept[i], before) < 0)
                return -1;
        }
    }
    return 0;
}

/* The members that every stored document has, in the order in which people read them. */
static json_t *
with_all_members(const json_t *given, const json_t *portal_groups)
{
    static const char *const maps[] = {"backstores", "targets"};
    json_t *stored = json_object();
    json_t *groups = json_object_get(given, "portal_groups");
    json_t *version = json_object_get(given, "version");
    int failed = 0;

    failed |= json_object_set_new(stored, "version",
                                  version != NULL ? json_incref(version) : json_integer(1));
    failed |= json_object_set_new(stored, "portal_groups",
                                  groups != NULL ? json_incref(groups)
                                                 : json_deep_copy(portal_groups));
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        json_t *map = json_object_get(given, maps[i]);
        failed |= json_object_set_new(stored, maps[i],
                                      map != NULL ? json_incref(map) : json_object());
    }
    failed |= json_object_update_missing(stored, document_members(given));
    if (failed == 0)
        return stored;
    json_decref(stored);
    return NULL;
}

json_t *
document_stored(const json_t *document, const json_t *old, const json_t *portal_groups)
{
    json_t *clean = schema_without_read_only(NULL, schema_component("Config"), document);
    json_t *stored;

    if (!json_is_object(clean))
        return clean; /* document_check() says so */
    stored = with_all_members(clean, portal_groups);
    json_decref(clean);
    if (stored != NULL && (keep_identities(json_object_get(stored, "backstores"),
                                           json_object_get(old, "backstores")) < 0 ||
                           document_keep_secrets(stored, old) < 0)) {
        json_decref(stored);
        return NULL;
    }
    return stored;
}

int
document_make_identities(json_t *document, struct error *err)
{
    struct identity made;
    const char *name;
    json_t *backstore;

    json_object_foreach (json_object_get(document, "backstores"), name, backstore) {
        if (json_object_get(backstore, "serial") != NULL &&
            json_object_get(backstore, "naa") != NULL)
            continue;
        if (identity_make(&made) < 0)
            return error_set(err, ERROR_INTERNAL, "no random numbers for the identity of '%s'",
                             name);
        if (json_object_get(backstore, "serial") == NULL &&
            json_object_set_new(backstore, "serial", json_string(made.serial)) < 0)
            return error_set(err, ERROR_INTERNAL, "out of memory");
        if (json_object_get(backstore, "naa") == NULL &&
            json_object_set_new(backstore, "naa", json_string(made.naa)) < 0)
            return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    return 0;
}

json_t *
document_complete(const json_t *document)
{
    static const char *const parts[] = {"parameters", "luns", "acls"};
    json_t *with_parts = json_deep_copy(document), *complete;
    const char *name;
    json_t *target;

    json_object_foreach (json_object_get(with_parts, "targets"), name, target)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            if (json_object_get(target, parts[i]) == NULL)
                json_object_set_new(target, parts[i], json_object());
    complete = with_parts == NULL
                   ? NULL
                   : schema_with_defaults(NULL, schema_component("Config"), with_parts);
    json_decref(with_parts);
    return complete;
}
