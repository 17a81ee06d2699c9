/*
 * jsonrpc.h: the envelope of JSON-RPC 2.0: bytes ⇄ calls and replies. Pure.
 */
#ifndef RPC_JSONRPC_H
#define RPC_JSONRPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define JSONRPC_BATCH_MAX 100
#define JSONRPC_DEPTH_MAX 64 /* of arrays and objects in a request */

/* One call of a request, or what is wrong with it. */
struct jsonrpc_call {
    const char *method; /* borrowed from the request */
    json_t *params;     /* object; borrowed. NULL: none were given */
    json_t *id;         /* borrowed. NULL: a notification, which gets no answer */
    json_t *error;      /* owned: not to be called; the answer (but none to a notification) */
};

struct jsonrpc_request {
    bool is_batch;
    struct jsonrpc_call *calls;
    size_t count;
    json_t *error; /* owned: nothing to be called; the only answer, with id null */
    json_t *root;
};

/*
 * Reads TEXT (LENGTH bytes). What is wrong with it is in the request: in `error`, or in a
 * call's. Returns 0, or -1 where memory is short. jsonrpc_done() in any case.
 */
int jsonrpc_parse(const char *text, size_t length, struct jsonrpc_request *request);
void jsonrpc_done(struct jsonrpc_request *request);

/* Parses any JSON text by the same rules (no duplicate keys, limited depth). On failure returns
 * NULL with *ERROR a new PARSE_ERROR (NULL where memory is short). */
json_t *jsonrpc_load(const char *text, size_t length, json_t **error);

/* What is wrong with PARAMS as parameters of any method, as a new error; NULL: nothing, or
 * memory is short. They are an object, by name, and no text in them has a zero byte. */
json_t *jsonrpc_params_problem(const json_t *params);

/* The reply to ID (borrowed; NULL: null). Take RESULT and ERROR. NULL where memory is short. */
json_t *jsonrpc_result(json_t *id, json_t *result);
json_t *jsonrpc_error(json_t *id, json_t *error);

#endif
