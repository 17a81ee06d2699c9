/* methods.c: all tables, and what the methods share. */
#include "rpc/methods/methods.h"

#include <stddef.h>

const struct rpc_method *const all_methods[] = {
    rpc_methods,   daemon_methods, config_methods,       backstore_methods, target_methods,
    lun_methods,   acl_methods,    portal_group_methods, session_methods,   reservation_methods,
    stats_methods, log_methods,    discovery_methods,    worker_methods,    event_methods,
    job_methods,   NULL,
};

/* One daemon in a process; set before the first call. */
static struct methods_context context;

void
methods_set_context(const struct methods_context *now)
{
    context = *now;
}

const struct methods_context *
methods_context(void)
{
    return &context;
}

json_t *
time_json(time_t when)
{
    char text[32];
    struct tm tm;

    gmtime_r(&when, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

bool
methods_portal_listens(const char *address, uint16_t port)
{
    return context.portal_listening == NULL || context.portal_listening(address, port);
}

json_t *
peer_string_json(const char *text)
{
    json_t *string = json_string(text);
    char plain[256];
    size_t i;

    if (string != NULL)
        return string;
    for (i = 0; text[i] != '\0' && i < sizeof plain - 1; i++)
        plain[i] = (text[i] & 0x80) == 0 ? text[i] : '?';
    plain[i] = '\0';
    return json_string(plain);
}
