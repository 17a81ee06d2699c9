/* document_access.c: the rules for who gets in, what he sees, and where he is sent. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "catalog/document.h"
#include "catalog/document_private.h"
#include "catalog/pointer.h"
#include "core/error.h"
#include "core/network.h"

/* STEPS lead to what has the "auth". */
static void
check_auth(struct rules *r, const char *const *steps, const json_t *auth)
{
    char path[POINTER_MAX];
    const char *member, *problem = document_auth_problem(auth, &member);

    if (problem == NULL)
        return;
    document_pointer(path, steps);
    pointer_enter(path, sizeof path, "auth");
    pointer_enter(path, sizeof path, member);
    document_complain(r, path, "auth", "%s %s", member, problem);
}

void
document_check_discovery(struct rules *r)
{
    const char *const steps[] = {"discovery", NULL};

    check_auth(r, steps, json_object_get(r->discovery, "auth"));
}

static void
check_networks(struct rules *r, const char *target, const char *initiator,
               const json_t *networks)
{
    struct network network;
    struct error err;
    char index[24];
    json_t *text;
    size_t i;

    json_array_foreach (networks, i, text) {
        if (!json_is_string(text) ||
            network_parse(json_string_value(text), &network, &err) == 0)
            continue;
        snprintf(index, sizeof index, "%zu", i);
        document_complain(r, POINTER("targets", target, "acls", initiator, "networks", index),
                          "network", "%s", err.message);
    }
}

/* The LUNs that an entry shows are the target's, each once and each under a number of its own.
 */
static void
check_acl_lun(struct rules *r, const char *path, const json_t *luns, json_t *seen,
              const json_t *value)
{
    const json_t *lun = json_object_get(value, "lun"), *number;
    char key[24], taken[32];

    number =
        json_object_get(value, "seen_as") != NULL ? json_object_get(value, "seen_as") : lun;
    if (!json_is_integer(lun) || !json_is_integer(number))
        return;
    snprintf(key, sizeof key, "%lld", (long long)json_integer_value(lun));
    if (json_object_get(luns, key) == NULL)
        document_complain(r, path, "reference", "the target has no LUN %s", key);
    if (document_seen_before(seen, key, key) != NULL)
        document_complain(r, path, "unique", "LUN %s is in the list already", key);
    snprintf(taken, sizeof taken, "as %lld", (long long)json_integer_value(number));
    if (document_seen_before(seen, taken, key) != NULL)
        document_complain(r, path, "unique", "another LUN is seen %s already", taken);
}

static void
check_acl_luns(struct rules *r, const char *target, const char *initiator, const json_t *list,
               const json_t *luns)
{
    json_t *seen = json_object(), *value;
    char index[24];
    size_t i;

    json_array_foreach (list, i, value) {
        snprintf(index, sizeof index, "%zu", i);
        check_acl_lun(r, POINTER("targets", target, "acls", initiator, "luns", index), luns,
                      seen, value);
    }
    json_decref(seen);
}

void
document_check_acls(struct rules *r, const char *name, const json_t *target)
{
    const char *initiator;
    json_t *entry;

    json_object_foreach (document_members(json_object_get(target, "acls")), initiator, entry) {
        const char *const steps[] = {"targets", name, "acls", initiator, NULL};
        check_networks(r, name, initiator, json_object_get(entry, "networks"));
        check_acl_luns(r, name, initiator, json_object_get(entry, "luns"),
                       json_object_get(target, "luns"));
        check_auth(r, steps, json_object_get(entry, "auth"));
    }
}

/* The tag of the portal group that REDIRECT leads to, as far as their texts tell: not where one
 * listens on all addresses, or a name stands for one. NULL: none of ours. */
static const char *
leads_to(const struct rules *r, const json_t *redirect)
{
    char key[96];

    if (!document_portal_key(redirect, key))
        return NULL;
    return json_string_value(json_object_get(r->portals, key));
}

/* What the schema's pattern lets pass, and yet is no address. */
static void
check_redirect(struct rules *r, const char *path, const json_t *redirect)
{
    const char *address = json_string_value(json_object_get(redirect, "address"));
    char canonical[INET6_ADDRSTRLEN];

    if (address == NULL)
        return;
    if (!document_canonical_address(address, canonical, sizeof canonical)) {
        if (strchr(address, ':') != NULL || strspn(address, "0123456789.") == strlen(address))
            document_complain(r, path, "address", "\"%.60s\" is not an IPv4 or IPv6 address",
                              address);
    } else if (strcmp(canonical, "0.0.0.0") == 0 || strcmp(canonical, "::") == 0) {
        document_complain(r, path, "address", "initiators cannot go to \"%s\"", address);
    }
}

/*
 * Follows the redirects from group START. Who comes back to where he was is sent in a circle
 * for ever. SEEN has for each group the one from which it was first come to: what an earlier
 * walk has seen it has followed to its end.
 */
static void
check_circle(struct rules *r, json_t *seen, const char *start)
{
    const char *tag = start, *next, *first;

    for (;;) {
        document_seen_before(seen, tag, start);
        next = leads_to(r, json_object_get(json_object_get(r->portal_groups, tag), "redirect"));
        if (next == NULL)
            return;
        first = json_string_value(json_object_get(seen, next));
        if (first != NULL)
            break;
        tag = next;
    }
    if (strcmp(first, start) == 0)
        document_complain(r, POINTER("portal_groups", tag, "redirect"), "circle",
                          "leads back to portal group %s", next);
}

void
document_check_group_redirects(struct rules *r)
{
    json_t *group, *seen = json_object();
    const char *tag;

    json_object_foreach (document_members(r->portal_groups), tag, group) {
        check_redirect(r, POINTER("portal_groups", tag, "redirect", "address"),
                       json_object_get(group, "redirect"));
        if (json_object_get(seen, tag) == NULL)
            check_circle(r, seen, tag);
    }
    json_decref(seen);
}

void
document_check_target_redirect(struct rules *r, const char *target, const json_t *redirect,
                               const json_t *tags)
{
    const char *to = leads_to(r, redirect);
    char tag[24] = "1"; /* what no list means */
    json_t *value;
    size_t i;

    check_redirect(r, POINTER("targets", target, "redirect", "address"), redirect);
    for (i = 0; i < json_array_size(tags) || (tags == NULL && i == 0); i++) {
        value = json_array_get(tags, i);
        if (value != NULL)
            snprintf(tag, sizeof tag, "%lld", (long long)json_integer_value(value));
        if (to != NULL && strcmp(to, tag) == 0)
            document_complain(r, POINTER("targets", target, "redirect"), "circle",
                              "leads back to portal group %s, where the target is", tag);
    }
}
