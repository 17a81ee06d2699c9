/* worker.c: worker.get and worker.set. */
#include "core/worker.h"
#include "core/crew.h"
#include "rpc/methods/methods.h"

static json_t *
workers(void)
{
    return json_pack("{s:i, s:i}", "workers", (int)crew_size(), "busy_poll_us",
                     (int)workers_busy_poll_us());
}

static void
worker_get(struct rpc_call *call)
{
    rpc_call_result(call, workers());
}

static void
worker_set(struct rpc_call *call)
{
    workers_busy_poll((unsigned)rpc_call_integer(call, "busy_poll_us", 0));
    rpc_call_result(call, workers());
}

const struct rpc_method worker_methods[] = {
    {"worker.get", .handler = worker_get, .in_any_state = true},
    {"worker.set", .handler = worker_set, .in_any_state = true},
    {0},
};
