/* log.c: log.get and log.set. */
#include <string.h>

#include "core/log.h"
#include "rpc/methods/methods.h"

/* The module whose level stands for the general one; the others are named where they differ. */
static const char general[] = "main";

static json_t *
levels(void)
{
    enum log_level level = log_level_of(general);
    json_t *modules = json_object();

    for (const char *const *m = log_modules(); *m != NULL; m++)
        if (log_level_of(*m) != level)
            json_object_set_new(modules, *m, json_string(log_level_name(log_level_of(*m))));
    return json_pack("{s:s, s:o}", "level", log_level_name(level), "modules", modules);
}

static void
log_get(struct rpc_call *call)
{
    rpc_call_result(call, levels());
}

static bool
is_module(const char *name)
{
    for (const char *const *m = log_modules(); *m != NULL; m++)
        if (strcmp(*m, name) == 0)
            return true;
    return false;
}

static void
no_such_module(struct rpc_call *call, const char *name)
{
    json_t *names = json_object();

    for (const char *const *m = log_modules(); *m != NULL; m++)
        json_object_set_new(names, *m, json_null());
    rpc_call_not_found(call, "module", names, name);
    json_decref(names);
}

/* All is checked before anything is set. */
static void
log_set(struct rpc_call *call)
{
    json_t *modules = json_object_get(call->params, "modules"), *level;
    const char *all = rpc_call_string(call, "level"), *name;

    json_object_foreach (modules, name, level) {
        if (!is_module(name)) {
            no_such_module(call, name);
            return;
        }
    }
    if (all != NULL)
        log_set_level(NULL, (enum log_level)log_level_from_name(all));
    json_object_foreach (modules, name, level) {
        log_set_level(name, json_is_null(level) ? log_level_of(general)
                                                : (enum log_level)log_level_from_name(
                                                      json_string_value(level)));
    }
    rpc_call_result(call, levels());
}

const struct rpc_method log_methods[] = {
    {"log.get", .handler = log_get, .in_any_state = true},
    {"log.set", .handler = log_set, .in_any_state = true},
    {0},
};
