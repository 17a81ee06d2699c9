/* backstore.c: backing stores, as they are (list, get, types). Changes: backstore_change.c. */
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "core/error.h"
#include "rpc/methods/backstore.h"
#include "rpc/methods/methods.h"
#include "rpc/near.h"
#include "scsi/lun.h"
#include "store/store.h"

json_t *
backstore_config_schema(const char *type)
{
    char name[64];

    snprintf(name, sizeof name, "BackstoreConfig_%s", type);
    return (json_t *)(uintptr_t)schema_component(name);
}

json_t *
backstore_with_defaults(const json_t *config)
{
    const char *type = json_string_value(json_object_get(config, "type"));
    const json_t *schema = type != NULL ? backstore_config_schema(type) : NULL;

    return schema != NULL ? schema_with_defaults(NULL, schema, config) : json_deep_copy(config);
}

/* The LUNs that lead to B. */
static json_t *
used_by(const struct catalog *catalog, const struct backstore *b)
{
    json_t *users = json_array();

    for (size_t i = 0; i < catalog->target_count; i++) {
        const struct target *target = catalog->targets[i];

        for (size_t j = 0; j < target->lun_count; j++)
            if (target->luns[j].backstore == b)
                json_array_append_new(users, json_pack("{s:s, s:i}", "target", target->name,
                                                       "lun", (int)target->luns[j].number));
    }
    return users;
}

static json_t *
hex_string(const uint8_t *bytes, size_t n)
{
    char text[2 * sizeof((struct lun_identity *)0)->naa + 1] = "";

    for (size_t i = 0; i < n && 2 * i + 2 < sizeof text; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_string(text);
}

/* What its configuration has besides the members that are shown by themselves. */
static json_t *
options(const json_t *config)
{
    static const char *const shown[] = {"type",      "size",   "block_size",
                                        "read_only", "serial", "naa"};
    json_t *all = backstore_with_defaults(config);

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        json_object_del(all, shown[i]);
    return all;
}

/* What initiators may have changed, besides who it is. */
static void
add_lun_state(json_t *ret, struct lun *lun)
{
    static const struct {
        const char *name;
        enum lun_mode mode;
    } modes[] = {
        {"write_cache", LUN_WRITE_CACHE},
        {"software_write_protect", LUN_SWP},
        {"d_sense", LUN_D_SENSE},
        {"tas", LUN_TAS},
    };
    const struct lun_identity id = lun_identity(lun);
    const char *medium = atomic_load(&lun->ejected) ? "ejected" : "loaded";
    json_t *shown = json_object();

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        json_object_set_new(shown, modes[i].name, json_boolean(lun_is(lun, modes[i].mode)));
    json_object_set_new(ret, "serial", json_string(id.serial));
    json_object_set_new(ret, "naa", hex_string(id.naa, id.naa_length));
    json_object_set_new(ret, "medium", json_string(medium));
    json_object_set_new(ret, "modes", shown);
}

json_t *
backstore_json(const struct catalog *catalog, const struct backstore *b)
{
    const json_t *config = document_object(commit_document(), "backstores", b->name);
    struct lun *lun = b->lun;
    bool is_online = b->error.code == ERROR_NONE && lun != NULL && lun->store != NULL;
    json_int_t size = json_integer_value(json_object_get(config, "size"));
    json_t *ret = json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", b->name, "type", b->type,
                            "state", is_online ? "online" : "error", "used_by",
                            used_by(catalog, b), "options", options(config));

    if (is_online)
        size = (json_int_t)lun->store->size;
    else
        json_object_set_new(ret, "error", json_string(b->error.message));
    json_object_set_new(ret, "size", json_integer(size));
    json_object_set_new(ret, "block_size", json_integer(lun != NULL ? lun->block_size : 0));
    json_object_set_new(ret, "read_only",
                        json_boolean(lun != NULL && lun_is(lun, LUN_READ_ONLY)));
    if (lun != NULL)
        add_lun_state(ret, lun);
    return ret;
}

static void
list(struct rpc_call *call)
{
    const struct catalog *catalog = catalog_current();
    const char *type = rpc_call_string(call, "type");
    json_t *all = json_array();

    for (size_t i = 0; i < catalog->backstore_count; i++)
        if (type == NULL || strcmp(catalog->backstores[i]->type, type) == 0)
            json_array_append_new(all, backstore_json(catalog, catalog->backstores[i]));
    rpc_call_result(call, json_pack("{s:o, s:I}", "backstores", all, "revision",
                                    (json_int_t)commit_revision()));
}

static void
get(struct rpc_call *call)
{
    const char *name = rpc_call_string(call, "name");
    const struct backstore *b = catalog_backstore(catalog_current(), name);

    if (b == NULL)
        rpc_call_not_found(call, "backstore", json_object_get(commit_document(), "backstores"),
                           name);
    else
        rpc_call_result(call, backstore_json(catalog_current(), b));
}

/* SCHEMA with every $ref in it replaced by what it points to, so that it stands alone. Only for
 * schemas that do not refer to themselves, as the options of a type do not. */
static json_t *
without_refs(const json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    const json_t *target = schema_document();
    json_t *copy, *each;
    const char *key;
    char path[256], *rest = path, *part;
    size_t i;

    if (ref != NULL) {
        snprintf(path, sizeof path, "%s", ref + 1);
        while ((part = strsep(&rest, "/")) != NULL)
            if (*part != '\0')
                target = json_object_get(target, part);
        return without_refs(target);
    }
    if (json_is_array(schema)) {
        copy = json_array();
        json_array_foreach (schema, i, each)
            json_array_append_new(copy, without_refs(each));
        return copy;
    }
    if (!json_is_object(schema))
        return json_incref((json_t *)(uintptr_t)schema);
    copy = json_object();
    json_object_foreach ((json_t *)(uintptr_t)schema, key, each) {
        json_object_set_new(copy, key, without_refs(each));
    }
    return copy;
}

static json_t *
type_entry(const struct store_type *type, const json_t *schema)
{
    struct error why;
    bool is_available = type->check == NULL || type->check(&why) == 0;

    return json_pack("{s:s, s:s, s:b, s:s*, s:o}", "type", type->name, "description",
                     type->description, "available", is_available, "reason",
                     is_available ? NULL : why.message, "schema", without_refs(schema));
}

static void
types(struct rpc_call *call)
{
    json_t *all = json_array();

    for (const struct store_type *const *t = store_types; *t != NULL; t++) {
        const json_t *schema = backstore_config_schema((*t)->name);

        /* A type that the schemas do not have cannot be configured: not shown. */
        if (schema != NULL)
            json_array_append_new(all, type_entry(*t, schema));
    }
    rpc_call_result(call, json_pack("{s:o}", "types", all));
}

const struct rpc_method backstore_methods[] = {
    {"backstore.types", .handler = types},
    {"backstore.list", .handler = list},
    {"backstore.get", .handler = get},
    {"backstore.create", .change = &backstore_create},
    {"backstore.update", .change = &backstore_update},
    {"backstore.resize", .change = &backstore_resize},
    {"backstore.delete", .change = &backstore_delete},
    {0},
};
