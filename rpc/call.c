/* call.c: what a method's handler does with its call. */
#include "rpc/call.h"

#include <string.h>

#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "rpc/near.h"

void
rpc_call_result(struct rpc_call *call, json_t *result)
{
    dispatch_answer(call, result, NULL);
}

void
rpc_call_error(struct rpc_call *call, const struct error *err, json_t *data)
{
    dispatch_answer(call, NULL, rpc_error_from(err, data));
}

json_t *
rpc_not_found(struct error *err, const char *kind, const json_t *names, const char *name)
{
    json_t *near = near_keys(names, name);
    const char *first = json_string_value(json_array_get(near, 0));

    if (first != NULL)
        error_set(err, ERROR_NOT_FOUND, "there is no %s '%s'; did you mean '%s'?", kind, name,
                  first);
    else
        error_set(err, ERROR_NOT_FOUND, "there is no %s '%s'", kind, name);
    return json_pack("{s:s, s:s, s:o}", "kind", kind, "object", name, "near", near);
}

void
rpc_call_not_found(struct rpc_call *call, const char *kind, const json_t *names,
                   const char *name)
{
    struct error err;
    json_t *data = rpc_not_found(&err, kind, names, name);

    rpc_call_error(call, &err, data);
}

const char *
rpc_call_string(const struct rpc_call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

int64_t
rpc_call_integer(const struct rpc_call *call, const char *name, int64_t default_)
{
    const json_t *value = json_object_get(call->params, name);

    return json_is_integer(value) ? json_integer_value(value) : default_;
}

bool
rpc_call_bool(const struct rpc_call *call, const char *name)
{
    return json_is_true(json_object_get(call->params, name));
}

bool
rpc_names_have(const json_t *names, const char *name)
{
    size_t i;
    const json_t *each;

    if (names == NULL)
        return true;
    json_array_foreach (names, i, each) {
        if (strcmp(json_string_value(each), name) == 0)
            return true;
    }
    return false;
}
