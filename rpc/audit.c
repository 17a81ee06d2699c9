/* audit.c: the audit line. Shows names only, so that no secret can get into the log. */
#include "rpc/audit.h"

#include <stdio.h>

#include "core/log.h"
#include "rpc/call.h"
#include "rpc/errors.h"

/* Adds the parameter NAME of PARAMS to TEXT, after a slash where there is something before. */
static void
add_part(const json_t *params, const char *name, char *text, size_t size)
{
    const json_t *value = json_object_get(params, name);
    size_t used = 0;

    while (used < size - 1 && text[used] != '\0')
        used++;
    if (json_is_string(value))
        snprintf(text + used, size - used, "%s%s", used > 0 ? "/" : "",
                 json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text + used, size - used, "%s%" JSON_INTEGER_FORMAT, used > 0 ? "/" : "",
                 json_integer_value(value));
}

void
audit_object(const json_t *params, char *text, size_t size)
{
    static const char *const parts[] = {"target", "lun", "initiator", "name", "tag", "id"};

    text[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        add_part(params, parts[i], text, size);
    add_part(json_object_get(params, "backstore"), "name", text, size);
    if (text[0] == '\0')
        add_part(params, "backstore", text, size);
}

void
audit_log(const struct rpc_call *call, const json_t *result, const json_t *error)
{
    const json_t *revision = json_object_get(result, "revision");
    const json_t *changed = json_object_get(result, "changed");
    char object[512], uid[24] = "-", pid[24] = "-";

    audit_object(call->given, object, sizeof object);
    if (call->peer.known) {
        snprintf(uid, sizeof uid, "%u", (unsigned)call->peer.uid);
        snprintf(pid, sizeof pid, "%d", (int)call->peer.pid);
    }
    if (error != NULL)
        log_info("rpc", "change refused", "method", rpc_call_method(call), "object", object,
                 "uid", uid, "pid", pid, "error", rpc_error_name(error), NULL);
    else if (revision != NULL)
        log_info("rpc",
                 json_is_true(json_object_get(result, "dry_run")) ? "change tried" : "change",
                 "method", rpc_call_method(call), "object", object, "uid", uid, "pid", pid,
                 "revision", log_number(json_integer_value(revision)), "changed",
                 json_is_true(changed) ? "true" : "false", NULL);
    else
        log_info("rpc", "change", "method", rpc_call_method(call), "object", object, "uid", uid,
                 "pid", pid, NULL);
}
