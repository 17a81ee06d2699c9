/* portal_group.c: where the daemon listens for initiators. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/schema.h"
#include "rpc/change.h"
#include "rpc/methods/methods.h"

/* A PortalGroup. */
static json_t *
group_json(const char *tag, const json_t *config)
{
    json_t *ret = schema_with_defaults(NULL, schema_component("PortalGroupConfig"), config);
    json_t *portal;
    size_t i;

    json_array_foreach (json_object_get(ret, "portals"), i, portal) {
        const char *address = json_string_value(json_object_get(portal, "address"));
        json_int_t port = json_integer_value(json_object_get(portal, "port"));

        json_object_set_new(portal, "listening",
                            json_boolean(methods_portal_listens(address, (uint16_t)port)));
    }
    json_object_set_new(ret, "tag", json_integer(atoi(tag)));
    return ret;
}

static void
list(struct rpc_call *call)
{
    const json_t *groups = json_object_get(commit_document(), "portal_groups");
    json_t *all = json_array(), *config;
    const char *tag;

    json_object_foreach ((json_t *)(uintptr_t)groups, tag, config) {
        json_array_append_new(all, group_json(tag, config));
    }
    rpc_call_result(call, json_pack("{s:o, s:I}", "portal_groups", all, "revision",
                                    (json_int_t)commit_revision()));
}

/* The tag of the call as a key of the document. */
static const char *
tag_key(const struct rpc_call *call, char key[24])
{
    snprintf(key, 24, "%d", (int)rpc_call_integer(call, "tag", 0));
    return key;
}

static void
get(struct rpc_call *call)
{
    const json_t *groups = json_object_get(commit_document(), "portal_groups"), *config;
    char key[24];

    config = json_object_get(groups, tag_key(call, key));
    if (config == NULL)
        rpc_call_not_found(call, "portal_group", groups, key);
    else
        rpc_call_result(call, group_json(key, config));
}

static void
show(struct rpc_change *change, const json_t *after, json_t *result)
{
    char key[24];
    const json_t *config = document_object(after, "portal_groups", tag_key(change->call, key));

    if (config != NULL)
        json_object_set_new(result, "portal_group", group_json(key, config));
}

/* The members given, without what is only state. */
static json_t *
wanted_config(const struct rpc_change *change)
{
    const json_t *members =
        json_object_get(schema_component("PortalGroupConfig"), "properties");
    json_t *config = json_object(), *ret, *value;
    const char *name;

    json_object_foreach (change->call->given, name, value)
        if (json_object_get(members, name) != NULL)
            json_object_set(config, name, value);
    ret = schema_without_read_only(NULL, schema_component("PortalGroupConfig"), config);
    json_decref(config);
    return ret;
}

static json_t *
create_edit(struct rpc_change *change, const json_t *document)
{
    const json_t *schema = schema_component("PortalGroupConfig"), *found;
    json_t *wanted = wanted_config(change), *full;
    const char *name;
    json_t *value;
    char key[24];

    found = document_object(document, "portal_groups", tag_key(change->call, key));
    if (found == NULL)
        return patch_object("portal_groups", key, wanted);
    /* Lists are compared whole, so both sides need their defaults; of the members only those
     * that were given are. */
    full = schema_with_defaults(NULL, schema, wanted);
    json_object_foreach (wanted, name, value)
        json_object_set(wanted, name, json_object_get(full, name));
    json_decref(full);
    return rpc_change_compare(change, "PortalGroupConfig", "portal_group", key, wanted,
                              schema_with_defaults(NULL, schema, found));
}

static json_t *
group_not_found(struct rpc_change *change, const json_t *document, const char *key)
{
    return rpc_change_not_found(change, "portal_group",
                                json_object_get(document, "portal_groups"), key);
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    json_t *wanted, *redirect;
    char key[24];

    if (document_object(document, "portal_groups", tag_key(change->call, key)) == NULL)
        return group_not_found(change, document, key);
    wanted = wanted_config(change);
    redirect = json_object_get(wanted, "redirect");
    if (json_is_object(redirect)) /* in place of the old one: no member of that may stay */
        json_object_set_new(wanted, "redirect",
                            schema_with_defaults(NULL, schema_component("Redirect"), redirect));
    return patch_object("portal_groups", key, wanted);
}

/* The targets of DOCUMENT that are reached through TAG. */
static json_t *
targets_on(const json_t *document, json_int_t tag)
{
    json_t *users = json_array(), *config, *full, *each;
    const char *name;
    size_t i;

    json_object_foreach (json_object_get(document, "targets"), name, config) {
        full = schema_with_defaults(NULL, schema_component("TargetConfig"), config);
        json_array_foreach (json_object_get(full, "portal_groups"), i, each) {
            if (json_integer_value(each) == tag)
                json_array_append_new(users,
                                      json_pack("{s:s, s:s}", "kind", "target", "name", name));
        }
        json_decref(full);
    }
    return users;
}

static json_t *
delete_edit(struct rpc_change *change, const json_t *document)
{
    json_t *users;
    char key[24];

    if (document_object(document, "portal_groups", tag_key(change->call, key)) == NULL)
        return rpc_call_bool(change->call, "missing_ok")
                   ? json_object()
                   : group_not_found(change, document, key);
    users = targets_on(document, rpc_call_integer(change->call, "tag", 0));
    if (json_array_size(users) > 0)
        return rpc_change_fail(change, json_pack("{s:o}", "objects", users), ERROR_BUSY,
                               "portal group %s is used by %zu target%s", key,
                               json_array_size(users), json_array_size(users) == 1 ? "" : "s");
    json_decref(users);
    return patch_object("portal_groups", key, json_null());
}

static const struct rpc_change_kind creation = {.edit = create_edit, .show = show};
static const struct rpc_change_kind update = {.edit = update_edit, .show = show};
static const struct rpc_change_kind removal = {.edit = delete_edit};

const struct rpc_method portal_group_methods[] = {
    {"portal_group.list", .handler = list},       {"portal_group.get", .handler = get},
    {"portal_group.create", .change = &creation}, {"portal_group.update", .change = &update},
    {"portal_group.delete", .change = &removal},  {0},
};
