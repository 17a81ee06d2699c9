/* discover.c: rpc.discover. */
#include "catalog/schema.h"
#include "rpc/methods/methods.h"

static void
discover(struct rpc_call *call)
{
    /* The document never changes; a counted reference to it is as good as a copy. */
    rpc_call_result(call, json_incref((json_t *)(uintptr_t)schema_document()));
}

const struct rpc_method rpc_methods[] = {
    {"rpc.discover", .handler = discover, .in_any_state = true},
    {0},
};
