/* target.c: targets as a whole. */
#include "rpc/methods/target.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalog/commit.h"
#include "catalog/schema.h"
#include "iscsi/registry.h"
#include "rpc/methods/methods.h"

/* Makes an ordered list of the map LUNS. */
static int
by_number(const void *a, const void *b)
{
    return (int)json_integer_value(json_object_get(*(json_t *const *)a, "lun")) -
           (int)json_integer_value(json_object_get(*(json_t *const *)b, "lun"));
}

static json_t *
lun_list(const json_t *luns)
{
    size_t n = json_object_size(luns), i = 0;
    json_t **sorted = calloc(n + 1, sizeof *sorted), *list = json_array(), *config;
    const char *number;

    if (sorted == NULL)
        return list;
    json_object_foreach ((json_t *)(uintptr_t)luns, number, config) {
        sorted[i++] = lun_json(atoi(number), config);
    }
    qsort(sorted, n, sizeof *sorted, by_number);
    for (i = 0; i < n; i++)
        json_array_append_new(list, sorted[i]);
    free(sorted);
    return list;
}

static json_t *
acl_list(const json_t *acls)
{
    json_t *list = json_array(), *config;
    const char *initiator;

    json_object_foreach ((json_t *)(uintptr_t)acls, initiator, config) {
        json_array_append_new(list, acl_json(initiator, config));
    }
    return list;
}

/* CONFIG with its defaults, those of its parameters too. */
static json_t *
with_defaults(const json_t *config)
{
    static const char *const parts[] = {"parameters", "luns", "acls"};
    json_t *whole = json_copy((json_t *)(uintptr_t)config), *ret;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (json_object_get(whole, parts[i]) == NULL)
            json_object_set_new(whole, parts[i], json_object());
    ret = schema_with_defaults(NULL, schema_component("TargetConfig"), whole);
    json_decref(whole);
    return ret;
}

/* A Target. */
static json_t *
target_json(const char *name, const json_t *config)
{
    json_t *ret = with_defaults(config);

    json_object_set_new(ret, "name", json_string(name));
    json_object_set_new(ret, "luns", lun_list(json_object_get(config, "luns")));
    json_object_set_new(ret, "acls", acl_list(json_object_get(config, "acls")));
    json_object_set_new(ret, "sessions", json_integer(registry_count(name)));
    return ret;
}

static void
list(struct rpc_call *call)
{
    const json_t *targets = json_object_get(commit_document(), "targets");
    const json_t *names = json_object_get(call->params, "names");
    json_t *all = json_array(), *config;
    const char *name;

    json_object_foreach ((json_t *)(uintptr_t)targets, name, config) {
        if (rpc_names_have(names, name))
            json_array_append_new(all, target_json(name, config));
    }
    rpc_call_result(call, json_pack("{s:o, s:I}", "targets", all, "revision",
                                    (json_int_t)commit_revision()));
}

static void
get(struct rpc_call *call)
{
    const json_t *targets = json_object_get(commit_document(), "targets");
    const char *name = rpc_call_string(call, "name");
    const json_t *config = json_object_get(targets, name);

    if (config == NULL)
        rpc_call_not_found(call, "target", targets, name);
    else
        rpc_call_result(call, target_json(name, config));
}

json_t *
targets_wanted(struct rpc_call *call, const json_t *document, const char *name)
{
    json_t *targets = json_object_get(document, "targets");
    json_t *config = name != NULL ? json_object_get(targets, name) : NULL;

    if (name == NULL)
        return targets != NULL ? json_incref(targets) : json_object();
    if (config == NULL) {
        rpc_call_not_found(call, "target", targets, name);
        return NULL;
    }
    return json_pack("{s:O}", name, config);
}

json_t *
rpc_call_target(struct rpc_call *call)
{
    const json_t *targets = json_object_get(commit_document(), "targets");
    const char *name = rpc_call_string(call, "target");
    json_t *config = json_object_get(targets, name);

    if (config == NULL)
        rpc_call_not_found(call, "target", targets, name);
    return config;
}

json_t *
rpc_change_target(struct rpc_change *change, const json_t *document)
{
    const char *name = rpc_call_string(change->call, "target");
    json_t *config = document_object(document, "targets", name);

    if (config == NULL)
        rpc_change_not_found(change, "target", json_object_get(document, "targets"), name);
    return config;
}

bool
rpc_change_backstore_exists(struct rpc_change *change, const json_t *document, const char *name)
{
    if (document_object(document, "backstores", name) != NULL)
        return true;
    rpc_change_not_found(change, "backstore", json_object_get(document, "backstores"), name);
    return false;
}

static void
show(struct rpc_change *change, const json_t *after, json_t *result)
{
    const char *name = rpc_call_string(change->call, "name");
    const json_t *config = document_object(after, "targets", name);

    if (config != NULL)
        json_object_set_new(result, "target", target_json(name, config));
}

/* What a list says twice cannot be put into a map: INVALID_PARAMS. Takes VALUE. */
static bool
put_once(struct rpc_change *change, json_t *map, const char *key, json_t *value,
         const char *list)
{
    char path[64];

    if (json_object_get(map, key) == NULL)
        return json_object_set_new(map, key, value) == 0;
    json_decref(value);
    snprintf(path, sizeof path, "/%s", list);
    rpc_change_fail(change, json_pack("{s:s, s:s}", "path", path, "keyword", "uniqueItems"),
                    ERROR_INVALID_PARAMS, "%s: '%s' is there twice", list, key);
    return false;
}

/* The LUNs given as a list, as the map of the document; NULL with the error set. */
static json_t *
lun_map(struct rpc_change *change, const json_t *document)
{
    json_t *map = json_object(), *each, *config;
    char number[16];
    size_t i;

    json_array_foreach (json_object_get(change->call->given, "luns"), i, each) {
        snprintf(number, sizeof number, "%d",
                 (int)json_integer_value(json_object_get(each, "lun")));
        config = json_copy(each);
        json_object_del(config, "lun");
        if (!rpc_change_backstore_exists(
                change, document, json_string_value(json_object_get(each, "backstore")))) {
            json_decref(config);
            json_decref(map);
            return NULL;
        }
        if (!put_once(change, map, number, config, "luns")) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *
acl_map(struct rpc_change *change)
{
    json_t *map = json_object(), *each, *config;
    size_t i;

    json_array_foreach (json_object_get(change->call->given, "acls"), i, each) {
        config = json_copy(each);
        json_object_del(config, "initiator");
        if (!put_once(change, map, json_string_value(json_object_get(each, "initiator")),
                      config, "acls")) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static bool
portal_groups_exist(struct rpc_change *change, const json_t *document)
{
    const json_t *groups = json_object_get(document, "portal_groups"), *tag;
    char key[24];
    size_t i;

    json_array_foreach (json_object_get(change->call->params, "portal_groups"), i, tag) {
        snprintf(key, sizeof key, "%" JSON_INTEGER_FORMAT, json_integer_value(tag));
        if (json_object_get(groups, key) == NULL) {
            rpc_change_not_found(change, "portal_group", groups, key);
            return false;
        }
    }
    return true;
}

/* The target as the document has it; NULL with the error set. */
static json_t *
wanted_config(struct rpc_change *change, const json_t *document)
{
    static const char *const same[] = {"alias", "enabled", "portal_groups", "parameters",
                                       "redirect"};
    const json_t *given = change->call->given;
    json_t *config = json_object(), *member;

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if ((member = json_object_get(given, same[i])) != NULL)
            json_object_set(config, same[i], member);
    if (json_object_get(given, "luns") != NULL) {
        if ((member = lun_map(change, document)) == NULL) {
            json_decref(config);
            return NULL;
        }
        json_object_set_new(config, "luns", member);
    }
    if (json_object_get(given, "acls") != NULL) {
        if ((member = acl_map(change)) == NULL) {
            json_decref(config);
            return NULL;
        }
        json_object_set_new(config, "acls", member);
    }
    return config;
}

/* WANTED, to be compared. Takes WANTED. */
static json_t *
with_entry_defaults(json_t *wanted)
{
    json_t *acls = json_object_get(wanted, "acls"), *entry;
    const char *initiator;

    json_object_foreach (acls, initiator, entry) {
        json_object_set_new(acls, initiator, acl_comparable(entry));
    }
    return wanted;
}

static json_t *
create_edit(struct rpc_change *change, const json_t *document)
{
    const char *name = rpc_call_string(change->call, "name");
    const json_t *found = document_object(document, "targets", name);
    json_t *wanted;

    if (!portal_groups_exist(change, document) ||
        (wanted = wanted_config(change, document)) == NULL)
        return NULL;
    if (found == NULL)
        return patch_object("targets", name, wanted);
    return rpc_change_compare(change, "TargetConfig", "target", name,
                              with_entry_defaults(wanted), with_defaults(found));
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    static const char *const not_here[] = {"luns", "acls", NULL};
    const char *name = rpc_call_string(change->call, "name");

    if (document_object(document, "targets", name) == NULL)
        return rpc_change_not_found(change, "target", json_object_get(document, "targets"),
                                    name);
    if (!rpc_change_set_is_known(change, "TargetConfig", not_here))
        return NULL;
    return patch_object("targets", name,
                        json_incref(json_object_get(change->call->given, "set")));
}

static json_t *
delete_edit(struct rpc_change *change, const json_t *document)
{
    const char *name = rpc_call_string(change->call, "name");

    if (document_object(document, "targets", name) != NULL)
        return patch_object("targets", name, json_null());
    if (rpc_call_bool(change->call, "missing_ok"))
        return json_object();
    return rpc_change_not_found(change, "target", json_object_get(document, "targets"), name);
}

static const struct rpc_change_kind creation = {.edit = create_edit, .show = show};
static const struct rpc_change_kind update = {.edit = update_edit, .show = show};
static const struct rpc_change_kind removal = {.edit = delete_edit};

const struct rpc_method target_methods[] = {
    {"target.list", .handler = list},       {"target.get", .handler = get},
    {"target.create", .change = &creation}, {"target.update", .change = &update},
    {"target.delete", .change = &removal},  {0},
};
