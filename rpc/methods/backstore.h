/* backstore.h: what the files about backing stores share. */
#ifndef RPC_METHODS_BACKSTORE_H
#define RPC_METHODS_BACKSTORE_H

#include <jansson.h>

#include "rpc/call.h"
#include "rpc/change.h"

struct backstore;
struct catalog;

extern const struct rpc_change_kind backstore_create, backstore_update, backstore_resize,
    backstore_delete;

/* A BackstoreState. */
json_t *backstore_json(const struct catalog *catalog, const struct backstore *b);

/* The schema of TYPE's configuration, borrowed; NULL where there is none. */
json_t *backstore_config_schema(const char *type);

/* A copy of CONFIG (with its type in it) with its defaults. */
json_t *backstore_with_defaults(const json_t *config);

#endif
