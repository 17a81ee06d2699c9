/* config.c: the whole document, read and written. */
#include <string.h>

#include "catalog/document.h"
#include "rpc/change.h"
#include "rpc/methods/methods.h"

static void
get(struct rpc_call *call)
{
    json_t *config;

    if (rpc_call_bool(call, "defaults"))
        config = document_complete(commit_document());
    else
        config = json_deep_copy(commit_document());
    rpc_call_result(call, json_pack("{s:I, s:o}", "revision", (json_int_t)commit_revision(),
                                    "config", config));
}

static json_t *
apply_edit(struct rpc_change *change, const json_t *document)
{
    (void)document;
    return json_incref(json_object_get(change->call->params, "config"));
}

static void
apply_show(struct rpc_change *change, const json_t *after, json_t *result)
{
    if (change->commit.before != NULL)
        json_object_set(result, "before", change->commit.before);
    json_object_set(result, "after", (json_t *)(uintptr_t)after);
}

static const struct rpc_change_kind apply_kind = {.edit = apply_edit, .show = apply_show};

static void
apply(struct rpc_call *call)
{
    struct rpc_change *change = rpc_change_new(call, &apply_kind);

    if (change == NULL)
        return;
    if (strcmp(rpc_call_string(call, "mode"), "replace") == 0)
        change->commit.mode = COMMIT_REPLACE;
    rpc_change_go(change);
}

const struct rpc_method config_methods[] = {
    {"config.get", .handler = get},
    {"config.apply", .handler = apply},
    {0},
};
