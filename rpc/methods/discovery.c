/* discovery.c: what is demanded of those who ask for the targets. */
#include "catalog/schema.h"
#include "rpc/change.h"
#include "rpc/methods/methods.h"

/* A DiscoveryConfig with its defaults; dispatch.c takes the secrets out. */
static json_t *
discovery_json(const json_t *document)
{
    const json_t *config = json_object_get(document, "discovery");
    json_t *none = json_object(), *ret;

    ret = schema_with_defaults(NULL, schema_component("DiscoveryConfig"),
                               config != NULL ? config : none);
    json_decref(none);
    return ret;
}

static void
get(struct rpc_call *call)
{
    json_t *state = discovery_json(commit_document());

    if (json_object_get(state, "auth") == NULL)
        json_object_set_new(state, "auth", json_null());
    json_object_set_new(state, "revision", json_integer((json_int_t)commit_revision()));
    rpc_call_result(call, state);
}

static json_t *
update_edit(struct rpc_change *change, const json_t *document)
{
    (void)document;
    if (!rpc_change_set_is_known(change, "DiscoveryConfig", NULL))
        return NULL;
    return json_pack("{s:O}", "discovery", json_object_get(change->call->given, "set"));
}

static void
update_show(struct rpc_change *change, const json_t *after, json_t *result)
{
    (void)change;
    json_object_set_new(result, "discovery", discovery_json(after));
}

static const struct rpc_change_kind update = {.edit = update_edit, .show = update_show};

const struct rpc_method discovery_methods[] = {
    {"discovery.get", .handler = get},
    {"discovery.update", .change = &update},
    {0},
};
