/* discover.c: rpc.discover. */
#include "catalog/schema.h"
#include "rpc/methods/methods.h"

static void
discover(struct rpc_call *call)
{
    rpc_call_result(call, schema_published());
}

const struct rpc_method rpc_methods[] = {
    {"rpc.discover", .handler = discover, .in_any_state = true},
    {0},
};
