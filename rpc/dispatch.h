/*
 * dispatch.h: finds the method of a call, checks role, state and parameters, calls its handler,
 * and in test builds checks what it answers. Main only.
 */
#ifndef RPC_DISPATCH_H
#define RPC_DISPATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/latency.h"
#include "rpc/call.h"
#include "rpc/rpc.h"

struct dispatch;

/*
 * TABLES ends with NULL, each table with a row without name. DOCUMENT is an OpenRPC document
 * (borrowed). A method without handler, or a handler without method, is an error. With
 * CHECK_RESULTS every result and error.data that breaks its schema becomes INTERNAL.
 */
struct dispatch *dispatch_new(const struct rpc_method *const *tables, const json_t *document,
                              bool check_results, struct error *err);

/* No call may be open. Accepts NULL. */
void dispatch_free(struct dispatch *dispatch);

void dispatch_set_state(struct dispatch *dispatch, enum rpc_state state);
enum rpc_state dispatch_state(const struct dispatch *dispatch);

/* How many calls have no answer yet. */
unsigned dispatch_calls_open(const struct dispatch *dispatch);

/*
 * Calls METHOD. PARAMS (borrowed) is an object or NULL. DONE gets a result or an error object,
 * which it takes, exactly once: before this returns or later. Both NULL: memory is short.
 */
void dispatch_call(struct dispatch *dispatch, const char *method, json_t *params,
                   const struct rpc_peer *peer,
                   void (*done)(void *arg, json_t *result, json_t *error), void *arg);

/* Whether METHOD can be called by GET: it only reads and needs no parameter. */
bool dispatch_may_get(const struct dispatch *dispatch, const char *method);
bool dispatch_has(const struct dispatch *dispatch, const char *method);

/*
 * What was answered since the start. VISIT gets each method with RESULT ("ok", or the name of
 * an error) and how often; one that does not exist is "unknown", whatever it was called. What
 * was never answered is left out.
 */
void dispatch_visit_calls(const struct dispatch *dispatch,
                          void (*visit)(const char *method, const char *result, uint64_t calls,
                                        void *arg),
                          void *arg);

/* How long calls took that reached their handler, in the buckets of core/latency.h. */
struct dispatch_durations {
    uint64_t counts[LATENCY_BUCKETS];
    uint64_t sum_us;
};
const struct dispatch_durations *dispatch_durations(const struct dispatch *dispatch);

/* For jobs.c: RESULT (taken) is what CALL's client gets for now; CALL goes on, and what becomes
 * of it must go elsewhere: jobs.c has put its own `done` there. OLD_DONE is the client's. */
void dispatch_answer_early(struct rpc_call *call, json_t *result,
                           void (*old_done)(void *arg, json_t *result, json_t *error),
                           void *old_arg);

/* For call.c: the answer of CALL, which frees it. Takes RESULT and ERROR. */
void dispatch_answer(struct rpc_call *call, json_t *result, json_t *error);

#endif
