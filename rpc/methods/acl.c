/* acl.c: who may log in to a target. */
#include <stdio.h>

#include "catalog/schema.h"
#include "rpc/methods/methods.h"
#include "rpc/methods/target.h"

json_t *
acl_json(const char *initiator, const json_t *config)
{
    json_t *ret = schema_with_defaults(NULL, schema_component("AclConfig"), config);

    json_object_set_new(ret, "initiator", json_string(initiator));
    return ret;
}

/* An AclState. */
static json_t *
acl_state(const char *target, const char *initiator, const json_t *config)
{
    json_t *ret = acl_json(initiator, config);

    json_object_set_new(ret, "target", json_string(target));
    return ret;
}

static void
list(struct rpc_call *call)
{
    json_t *targets = targets_wanted(call, commit_document(), rpc_call_string(call, "target"));
    json_t *acls, *config, *entry;
    const char *name, *initiator;

    if (targets == NULL)
        return;
    acls = json_array();
    json_object_foreach (targets, name, config) {
        json_object_foreach (json_object_get(config, "acls"), initiator, entry) {
            json_array_append_new(acls, acl_state(name, initiator, entry));
        }
    }
    json_decref(targets);
    rpc_call_result(
        call, json_pack("{s:o, s:I}", "acls", acls, "revision", (json_int_t)commit_revision()));
}

static void
get(struct rpc_call *call)
{
    const json_t *target = rpc_call_target(call), *acls, *entry;
    const char *initiator;

    if (target == NULL) /* and CALL is gone */
        return;
    acls = json_object_get(target, "acls");
    initiator = rpc_call_string(call, "initiator");
    entry = json_object_get(acls, initiator);
    if (entry == NULL)
        rpc_call_not_found(call, "acl", acls, initiator);
    else
        rpc_call_result(call, acl_state(rpc_call_string(call, "target"), initiator, entry));
}

/* The entry that the call names in TARGET, NULL: there is none. */
static json_t *
named_entry(const struct rpc_change *change, const json_t *target)
{
    return json_object_get(json_object_get(target, "acls"),
                           rpc_call_string(change->call, "initiator"));
}

static void
show(struct rpc_change *change, const json_t *after, json_t *result)
{
    const json_t *entry = named_entry(
        change, document_object(after, "targets", rpc_call_string(change->call, "target")));

    if (entry != NULL)
        json_object_set_new(result, "acl",
                            acl_json(rpc_call_string(change->call, "initiator"), entry));
}

static json_t *
entry_not_found(struct rpc_change *change, const json_t *target)
{
    return rpc_change_not_found(change, "acl", json_object_get(target, "acls"),
                                rpc_call_string(change->call, "initiator"));
}

static json_t *
patch_entry(const struct rpc_change *change, json_t *value)
{
    return patch_in_target(rpc_call_string(change->call, "target"), "acls",
                           rpc_call_string(change->call, "initiator"), value);
}

/* The members that the call gives, as the document has them. */
static json_t *
wanted_config(const struct rpc_change *change)
{
    static const char *const members[] = {"networks", "luns", "auth"};
    json_t *wanted = json_object(), *member;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if ((member = json_object_get(change->call->given, members[i])) != NULL)
            json_object_set(wanted, members[i], member);
    return wanted;
}

json_t *
acl_comparable(const json_t *wanted)
{
    json_t *full = schema_with_defaults(NULL, schema_component("AclConfig"), wanted);

    if (json_object_get(wanted, "auth") != NULL)
        json_object_set(full, "auth", json_object_get(wanted, "auth"));
    return full;
}

static json_t *
create_edit(struct rpc_change *change, const json_t *document)
{
    const json_t *schema = schema_component("AclConfig");
    const json_t *target = rpc_change_target(change, document), *found;
    json_t *wanted, *full;

    if (target == NULL)
        return NULL;
    wanted = wanted_config(change);
    found = named_entry(change, target);
    if (found == NULL)
        return patch_entry(change, wanted);
    full = acl_comparable(wanted);
    json_decref(wanted);
    return rpc_change_compare(change, "AclConfig", "acl",
                              rpc_call_string(change->call, "initiator"), full,
                              schema_with_defaults(NULL, schema, found));
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    const json_t *target = rpc_change_target(change, document);

    if (target == NULL)
        return NULL;
    if (named_entry(change, target) == NULL)
        return entry_not_found(change, target);
    if (!rpc_change_set_is_known(change, "AclConfig", NULL))
        return NULL;
    return patch_entry(change, json_incref(json_object_get(change->call->given, "set")));
}

static json_t *
delete_edit(struct rpc_change *change, const json_t *document)
{
    const json_t *target =
        document_object(document, "targets", rpc_call_string(change->call, "target"));

    if (named_entry(change, target) != NULL)
        return patch_entry(change, json_null());
    if (rpc_call_bool(change->call, "missing_ok"))
        return json_object();
    return rpc_change_target(change, document) != NULL ? entry_not_found(change, target) : NULL;
}

static const struct rpc_change_kind creation = {.edit = create_edit, .show = show};
static const struct rpc_change_kind update = {.edit = update_edit, .show = show};
static const struct rpc_change_kind removal = {.edit = delete_edit};

const struct rpc_method acl_methods[] = {
    {"acl.list", .handler = list},       {"acl.get", .handler = get},
    {"acl.create", .change = &creation}, {"acl.update", .change = &update},
    {"acl.delete", .change = &removal},  {0},
};
