/* lun.c: which backing store a target shows under which number. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "catalog/document.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "rpc/methods/methods.h"
#include "rpc/methods/target.h"
#include "scsi/lun.h"
#include "store/store.h"

json_t *
lun_json(int number, const json_t *config)
{
    json_t *ret = schema_with_defaults(NULL, schema_component("LunConfig"), config);

    json_object_set_new(ret, "lun", json_integer(number));
    return ret;
}

/* A LunState. */
static json_t *
lun_state(const char *target, const char *number, const json_t *config)
{
    const char *name = json_string_value(json_object_get(config, "backstore"));
    const struct backstore *b =
        name != NULL ? catalog_backstore(catalog_current(), name) : NULL;
    const struct store *store = b != NULL && b->lun != NULL ? b->lun->store : NULL;
    json_t *ret = lun_json(atoi(number), config);

    json_object_set_new(ret, "target", json_string(target));
    json_object_set_new(ret, "size", json_integer(store != NULL ? (json_int_t)store->size : 0));
    json_object_set_new(ret, "state", json_string(store != NULL ? "online" : "error"));
    return ret;
}

static int
by_number(const void *a, const void *b)
{
    return atoi(*(const char *const *)a) - atoi(*(const char *const *)b);
}

/* Adds the LUNs of one target, by number. */
static void
add_luns(json_t *list, const char *target, const json_t *luns)
{
    size_t n = json_object_size(luns), i = 0;
    const char **numbers = calloc(n + 1, sizeof *numbers), *number;
    json_t *unused;

    if (numbers == NULL)
        return;
    json_object_foreach ((json_t *)(uintptr_t)luns, number, unused) {
        numbers[i++] = number;
    }
    qsort(numbers, n, sizeof *numbers, by_number);
    for (i = 0; i < n; i++)
        json_array_append_new(list,
                              lun_state(target, numbers[i], json_object_get(luns, numbers[i])));
    free(numbers);
}

static void
list(struct rpc_call *call)
{
    json_t *targets = targets_wanted(call, commit_document(), rpc_call_string(call, "target"));
    json_t *luns, *config;
    const char *name;

    if (targets == NULL)
        return;
    luns = json_array();
    json_object_foreach (targets, name, config) {
        add_luns(luns, name, json_object_get(config, "luns"));
    }
    json_decref(targets);
    rpc_call_result(
        call, json_pack("{s:o, s:I}", "luns", luns, "revision", (json_int_t)commit_revision()));
}

/* What a LUN is called where there is none. */
static void
full_name(const struct rpc_call *call, const char *key, char name[300])
{
    snprintf(name, 300, "%s/%s", rpc_call_string(call, "target"), key);
}

static void
get(struct rpc_call *call)
{
    const json_t *target = rpc_call_target(call), *config;
    char key[24], name[300];

    if (target == NULL)
        return;
    snprintf(key, sizeof key, "%d", (int)rpc_call_integer(call, "lun", 0));
    config = json_object_get(json_object_get(target, "luns"), key);
    if (config != NULL) {
        rpc_call_result(call, lun_state(rpc_call_string(call, "target"), key, config));
        return;
    }
    full_name(call, key, name);
    rpc_call_not_found(call, "lun", NULL, name);
}

static void
show(struct rpc_change *change, const json_t *after, json_t *result)
{
    const json_t *target =
        document_object(after, "targets", rpc_call_string(change->call, "target"));
    const json_t *config;
    char key[24];

    snprintf(key, sizeof key, "%d", (int)change->number);
    config = json_object_get(json_object_get(target, "luns"), key);
    if (config != NULL)
        json_object_set_new(result, "lun", lun_json((int)change->number, config));
}

/* The number the caller gave, or the lowest free one; false where there is none. */
static bool
choose_number(struct rpc_change *change, const json_t *luns, char key[24])
{
    change->number = rpc_call_integer(change->call, "lun", -1);
    if (change->number >= 0) {
        snprintf(key, 24, "%d", (int)change->number);
        return true;
    }
    for (change->number = 0; change->number < DOCUMENT_LUNS_MAX; change->number++) {
        snprintf(key, 24, "%d", (int)change->number);
        if (json_object_get(luns, key) == NULL)
            return true;
    }
    rpc_change_fail(
        change,
        json_pack("{s:i, s:i}", "limit", DOCUMENT_LUNS_MAX, "value", DOCUMENT_LUNS_MAX + 1),
        ERROR_LIMIT_EXCEEDED, "the target has %d LUNs already, which is the most",
        DOCUMENT_LUNS_MAX);
    return false;
}

static json_t *
create_edit(struct rpc_change *change, const json_t *document)
{
    static const char *const members[] = {"backstore", "read_only", "enabled"};
    const char *target = rpc_call_string(change->call, "target");
    const json_t *config = rpc_change_target(change, document), *found;
    json_t *wanted, *member;
    char key[24], name[300];

    if (config == NULL || !choose_number(change, json_object_get(config, "luns"), key) ||
        !rpc_change_backstore_exists(change, document,
                                     rpc_call_string(change->call, "backstore")))
        return NULL;
    wanted = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if ((member = json_object_get(change->call->given, members[i])) != NULL)
            json_object_set(wanted, members[i], member);
    found = json_object_get(json_object_get(config, "luns"), key);
    if (found == NULL)
        return patch_in_target(target, "luns", key, wanted);
    full_name(change->call, key, name);
    return rpc_change_compare(change, "LunConfig", "lun", name, wanted,
                              schema_with_defaults(NULL, schema_component("LunConfig"), found));
}

/* The LUN that the call names: its key, and its configuration (NULL: there is none). */
static json_t *
named_lun(struct rpc_change *change, const json_t *target, char key[24])
{
    change->number = rpc_call_integer(change->call, "lun", 0);
    snprintf(key, 24, "%d", (int)change->number);
    return json_object_get(json_object_get(target, "luns"), key);
}

static json_t *
lun_not_found(struct rpc_change *change, const char *key)
{
    char name[300];

    full_name(change->call, key, name);
    return rpc_change_not_found(change, "lun", NULL, name);
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    json_t *set = json_object_get(change->call->given, "set");
    const char *backstore = json_string_value(json_object_get(set, "backstore"));
    const json_t *target = rpc_change_target(change, document);
    char key[24];

    if (target == NULL)
        return NULL;
    if (named_lun(change, target, key) == NULL)
        return lun_not_found(change, key);
    if (!rpc_change_set_is_known(change, "LunConfig", NULL) ||
        (backstore != NULL && !rpc_change_backstore_exists(change, document, backstore)))
        return NULL;
    return patch_in_target(rpc_call_string(change->call, "target"), "luns", key,
                           json_incref(set));
}

/* The ACL entries of TARGET (called NAME) that show LUN `change->number` by its number. */
static json_t *
entries_with(const struct rpc_change *change, const char *name, const json_t *target)
{
    json_t *found = json_array(), *entry, *shown;
    const char *initiator;
    size_t i;

    json_object_foreach (json_object_get(target, "acls"), initiator, entry) {
        json_array_foreach (json_object_get(entry, "luns"), i, shown) {
            if (json_integer_value(json_object_get(shown, "lun")) == change->number)
                json_array_append_new(found, json_pack("{s:s, s:s, s:s}", "kind", "acl",
                                                       "target", name, "initiator", initiator));
        }
    }
    return found;
}

static json_t *
delete_edit(struct rpc_change *change, const json_t *document)
{
    const char *name = rpc_call_string(change->call, "target");
    const json_t *target = document_object(document, "targets", name);
    json_t *entries;
    char key[24];

    if (named_lun(change, target, key) != NULL) {
        entries = entries_with(change, name, target);
        if (json_array_size(entries) > 0)
            return rpc_change_fail(change, json_pack("{s:o}", "objects", entries), ERROR_BUSY,
                                   "LUN %s is named by %zu ACL entr%s of the target", key,
                                   json_array_size(entries),
                                   json_array_size(entries) == 1 ? "y" : "ies");
        json_decref(entries);
        return patch_in_target(name, "luns", key, json_null());
    }
    if (rpc_call_bool(change->call, "missing_ok"))
        return json_object();
    return rpc_change_target(change, document) != NULL ? lun_not_found(change, key) : NULL;
}

static const struct rpc_change_kind creation = {.edit = create_edit, .show = show};
static const struct rpc_change_kind update = {.edit = update_edit, .show = show};
static const struct rpc_change_kind removal = {.edit = delete_edit};

const struct rpc_method lun_methods[] = {
    {"lun.list", .handler = list},       {"lun.get", .handler = get},
    {"lun.create", .change = &creation}, {"lun.update", .change = &update},
    {"lun.delete", .change = &removal},  {0},
};
