/* job.c: what takes long, looked at from outside. */
#include "rpc/jobs.h"
#include "rpc/methods/methods.h"

static void
list(struct rpc_call *call)
{
    rpc_call_result(call, json_pack("{s:o}", "jobs", rpc_jobs_json()));
}

static void
get(struct rpc_call *call)
{
    const char *id = rpc_call_string(call, "id");
    json_t *job = rpc_job_json(id);

    if (job == NULL)
        rpc_call_not_found(call, "job", NULL, id);
    else
        rpc_call_result(call, job);
}

static void
wait(struct rpc_call *call)
{
    rpc_job_wait(call, rpc_call_string(call, "id"),
                 (uint64_t)rpc_call_integer(call, "timeout_ms", 0));
}

static void
cancel(struct rpc_call *call)
{
    rpc_job_cancel(call, rpc_call_string(call, "id"));
}

const struct rpc_method job_methods[] = {
    {"job.list", .handler = list},
    {"job.get", .handler = get},
    {"job.wait", .handler = wait},
    {"job.cancel", .handler = cancel},
    {0},
};
