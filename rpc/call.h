/*
 * call.h: one call of a method, from its parameters to its one answer. Main only.
 */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"

struct dispatch;
struct dispatch_row;
struct rpc_call;
struct rpc_change_kind;

enum rpc_role { RPC_READER, RPC_ADMIN };

/* Who calls. */
struct rpc_peer {
    enum rpc_role role;
    bool known; /* uid and pid are */
    uid_t uid;
    pid_t pid;
};

/* A method as the code knows it; all else about it is in the schemas. */
struct rpc_method {
    const char *name;
    /* Gets valid parameters. Must see to it that the call is answered, at once or later. */
    void (*handler)(struct rpc_call *call);
    const struct rpc_change_kind *change; /* or what it changes (change.h), without a handler */
    bool in_any_state;                    /* answered while starting, too */
};

struct rpc_call {
    json_t *given;  /* the parameters as they were sent; an object */
    json_t *params; /* the same with defaults filled in */
    struct rpc_peer peer;

    /* Private to dispatch.c, call.c and jobs.c. */
    struct dispatch *dispatch;
    struct dispatch_row *row;
    uint64_t started_us;
    void (*done)(void *arg, json_t *result, json_t *error);
    void *arg;
};

const char *rpc_call_method(const struct rpc_call *call);

/*
 * The answer: exactly one of these, once, after which CALL is gone. RESULT and DATA (the
 * members of error.data besides those that come from ERR; may be NULL) are taken. A RESULT of
 * NULL says that memory is short.
 */
void rpc_call_result(struct rpc_call *call, json_t *result);
void rpc_call_error(struct rpc_call *call, const struct error *err, json_t *data);

/* NOT_FOUND for the KIND called NAME, with those of NAMES (an object's keys, or NULL) that are
 * close. */
void rpc_call_not_found(struct rpc_call *call, const char *kind, const json_t *names,
                        const char *name);

/* The same as ERR, returning the data that goes with it. */
json_t *rpc_not_found(struct error *err, const char *kind, const json_t *names,
                      const char *name);

/* Parameters, which the schema has checked: NULL, DEFAULT_ or false where absent. */
const char *rpc_call_string(const struct rpc_call *call, const char *name);
int64_t rpc_call_integer(const struct rpc_call *call, const char *name, int64_t default_);
bool rpc_call_bool(const struct rpc_call *call, const char *name);

/* Whether NAMES, an array of strings or NULL (all), has NAME. */
bool rpc_names_have(const json_t *names, const char *name);

#endif
