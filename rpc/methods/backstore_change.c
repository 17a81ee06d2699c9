/* backstore_change.c: making, changing, resizing and deleting backing stores. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/pool.h"
#include "rpc/methods/backstore.h"
#include "rpc/methods/methods.h"
#include "scsi/lun.h"
#include "store/store.h"

/* The name that the call is about. */
static const char *
name_of(const struct rpc_call *call)
{
    const char *name = rpc_call_string(call, "name");

    return name != NULL ? name
                        : json_string_value(json_object_get(
                              json_object_get(call->params, "backstore"), "name"));
}

static void
show(struct rpc_change *change, const json_t *after, json_t *result)
{
    const struct catalog *catalog = catalog_current();
    const struct backstore *b = catalog_backstore(catalog, name_of(change->call));

    (void)after;
    if (b != NULL && !change->commit.dry_run)
        json_object_set_new(result, "backstore", backstore_json(catalog, b));
}

/* The open store called NAME; NULL while it is not open. */
static const struct store *
open_store(const char *name)
{
    const struct backstore *b = catalog_backstore(catalog_current(), name);

    return b != NULL && b->lun != NULL ? b->lun->store : NULL;
}

/* The configuration in force as a caller would have given it: with defaults, with the size that
 * was found, and without what only matters when a file is made. */
static json_t *
comparable(const char *name, const json_t *config)
{
    json_t *found = backstore_with_defaults(config);
    const struct store *store = open_store(name);

    if (json_object_get(found, "size") == NULL && store != NULL)
        json_object_set_new(found, "size", json_integer((json_int_t)store->size));
    return found;
}

static json_t *
create_edit(struct rpc_change *change, const json_t *document)
{
    json_t *wanted = json_deep_copy(json_object_get(change->call->given, "backstore"));
    const char *name = name_of(change->call);
    const json_t *config = document_object(document, "backstores", name);

    json_object_del(wanted, "name");
    if (config == NULL)
        return patch_object("backstores", name, wanted);
    json_object_del(wanted, "create");
    json_object_del(wanted, "preallocate");
    return rpc_change_compare(change, "BackstoreConfig", "backstore", name, wanted,
                              comparable(name, config));
}

/* The configuration of the backing store that the call names, or NULL with NOT_FOUND. */
static json_t *
existing(struct rpc_change *change, const json_t *document)
{
    const char *name = name_of(change->call);
    json_t *config = document_object(document, "backstores", name);

    if (config == NULL)
        rpc_change_not_found(change, "backstore", json_object_get(document, "backstores"),
                             name);
    return config;
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    const json_t *config = existing(change, document);
    json_t *set = json_object_get(change->call->given, "set");
    char schema[64];

    if (config == NULL)
        return NULL;
    snprintf(schema, sizeof schema, "BackstoreConfig_%s",
             json_string_value(json_object_get(config, "type")));
    if (!rpc_change_set_is_known(change, schema, NULL))
        return NULL;
    return patch_object("backstores", name_of(change->call), json_incref(set));
}

/* Size null: what the file has now counts, so a size that was configured before must go. */
static json_t *
reread_edit(struct rpc_change *change, const json_t *config)
{
    const char *name = name_of(change->call);
    const char *type = json_string_value(json_object_get(config, "type"));
    const struct store_type *store_type = store_type_find(type);

    if (store_type == NULL || !store_type->needs_path)
        return rpc_change_fail(
            change, json_pack("{s:s}", "feature", "resize"), ERROR_NOT_SUPPORTED,
            "the size of a %s backstore is what it is told: give a number", type);
    change->commit.reread = name;
    if (json_object_get(config, "size") == NULL)
        return json_object();
    /* "create" needs a size; the file is there now. */
    return patch_object("backstores", name,
                        json_pack("{s:n, s:n, s:n}", "size", "create", "preallocate"));
}

/* Whether the check of the document will let SIZE pass. One that it refuses is not asked about
 * first: force would not help. */
static bool
is_whole_blocks(const json_t *config, int64_t size)
{
    json_t *full = backstore_with_defaults(config);
    json_int_t block_size = json_integer_value(json_object_get(full, "block_size"));

    json_decref(full);
    return block_size > 0 && size % block_size == 0;
}

static json_t *
resize_edit(struct rpc_change *change, const json_t *document)
{
    const char *name = name_of(change->call);
    const json_t *config = existing(change, document);
    int64_t size = rpc_call_integer(change->call, "size", -1);
    const struct store *store = open_store(name);

    if (config == NULL)
        return NULL;
    if (size < 0)
        return reread_edit(change, config);
    if (store != NULL && (uint64_t)size < store->size && !change->commit.force &&
        is_whole_blocks(config, size))
        return rpc_change_fail(
            change, json_pack("{s:[{s:s, s:s}]}", "objects", "kind", "backstore", "name", name),
            ERROR_BUSY,
            "%s has %" PRIu64 " bytes: what is behind byte %" PRId64
            " would be lost; force does it",
            name, (uint64_t)store->size, size);
    if (store != NULL && (uint64_t)size == store->size &&
        json_object_get(config, "size") == NULL)
        return json_object();
    return patch_object("backstores", name, json_pack("{s:I}", "size", (json_int_t)size));
}

/* The LUNs of DOCUMENT that lead to NAME. */
static json_t *
luns_of(const json_t *document, const char *name)
{
    json_t *users = json_array(), *target, *lun;
    const char *target_name, *number;

    json_object_foreach (json_object_get(document, "targets"), target_name, target) {
        json_object_foreach (json_object_get(target, "luns"), number, lun) {
            const char *backstore = json_string_value(json_object_get(lun, "backstore"));

            if (backstore != NULL && strcmp(backstore, name) == 0)
                json_array_append_new(users,
                                      json_pack("{s:s, s:s, s:i}", "kind", "lun", "target",
                                                target_name, "lun", atoi(number)));
        }
    }
    return users;
}

/* Remembers the file to delete; false where there is none that may be. */
static bool
note_file(struct rpc_change *change, const json_t *config)
{
    const char *path = json_string_value(json_object_get(config, "path"));
    struct stat st;

    if (path == NULL) /* ram and null: the data goes anyway */
        return true;
    if (lstat(path, &st) < 0) {
        if (errno == ENOENT)
            return true;
        rpc_change_fail(change, NULL, ERROR_BACKEND, "cannot look at '%s': %m", path);
        change->commit.error.sys_errno = errno;
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        rpc_change_fail(change, json_pack("{s:s}", "feature", "delete_data"),
                        ERROR_NOT_SUPPORTED,
                        "'%s' is not a regular file: its data can not be deleted", path);
        return false;
    }
    change->path = strdup(path);
    return change->path != NULL;
}

static json_t *
delete_edit(struct rpc_change *change, const json_t *document)
{
    const char *name = name_of(change->call);
    const json_t *config = document_object(document, "backstores", name);
    json_t *users;

    if (config == NULL)
        return rpc_call_bool(change->call, "missing_ok") ? json_object()
                                                         : (existing(change, document), NULL);
    users = luns_of(document, name);
    if (json_array_size(users) > 0)
        return rpc_change_fail(change, json_pack("{s:o}", "objects", users), ERROR_BUSY,
                               "%s is behind %zu LUN%s: delete %s first", name,
                               json_array_size(users), json_array_size(users) == 1 ? "" : "s",
                               json_array_size(users) == 1 ? "it" : "them");
    json_decref(users);
    if (rpc_call_bool(change->call, "delete_data") && !note_file(change, config))
        return NULL;
    return patch_object("backstores", name, json_null());
}

/* Removing a large file can take seconds: a helper thread does it. */
struct removal {
    struct pool_job job; /* first */
    struct rpc_change *change;
    json_t *result;
    int error;
};

static void
removal_work(struct pool_job *job)
{
    struct removal *r = (struct removal *)job;

    r->error = unlink(r->change->path) < 0 && errno != ENOENT ? errno : 0;
}

static void
removal_done(struct pool_job *job)
{
    struct removal *r = (struct removal *)job;
    struct error err;

    if (r->error != 0) {
        errno = r->error;
        error_set(&err, ERROR_BACKEND, "%s is deleted, but its file '%s' cannot be removed: %m",
                  name_of(r->change->call), r->change->path);
        json_decref(r->result);
        rpc_change_answer(r->change, NULL, &err);
    } else {
        rpc_change_answer(r->change, r->result, NULL);
    }
    free(r);
}

static void
delete_finish(struct rpc_change *change, json_t *result)
{
    struct removal *r;

    if (change->path == NULL) {
        rpc_change_answer(change, result, NULL);
        return;
    }
    r = calloc(1, sizeof *r);
    if (r == NULL) {
        json_decref(result);
        rpc_change_answer(change, NULL, NULL);
        return;
    }
    r->job = (struct pool_job){.work = removal_work, .done = removal_done};
    r->change = change;
    r->result = result;
    pool_submit(store_pool(), &r->job);
}

const struct rpc_change_kind backstore_create = {.edit = create_edit, .show = show};
const struct rpc_change_kind backstore_update = {.edit = update_edit, .show = show};
const struct rpc_change_kind backstore_resize = {.edit = resize_edit, .show = show};
const struct rpc_change_kind backstore_delete = {.edit = delete_edit, .finish = delete_finish};
