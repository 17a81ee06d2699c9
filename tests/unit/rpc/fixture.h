/* fixture.h: the whole API over a real catalog, with state in a temporary folder, no sockets.
 */
#ifndef TESTS_UNIT_RPC_FIXTURE_H
#define TESTS_UNIT_RPC_FIXTURE_H

#include <jansson.h>
#include <stdbool.h>

#include "catalog/commit.h"
#include "rpc/rpc.h"

#define TARGET "iqn.2026-01.org.example:disk0"

/* Unchecked or checked fixture of a test case. */
void api_setup(void);
void api_teardown(void);

/* The folder; files in it go with it. */
const char *api_folder(void);

void api_set_state(enum rpc_state state);

/* Makes the hook that binds portals fail. */
void api_let_portals_fail(bool fail);

/* The session that commits see; NULL: none. */
void api_set_session(const struct session_summary *session);

/*
 * The reply to METHOD with PARAMS, in which ' stands for " and @ for the folder: the result, or
 * the error object with *FAILED. Answers are checked against their schemas. A new reference.
 */
json_t *api_call(const char *method, const char *params, bool *failed);

/* Starts METHOD and does not wait for its reply, of which there is one at a time; then it is
 * there, or NULL: not yet, after all turns that main has work for. */
void api_begin(const char *method, const char *params);
json_t *api_reply(void);

/* A call that must succeed; the caller frees the result. */
json_t *api_do(const char *method, const char *params);

/* Whether ACTUAL has all that EXPECTED has: objects by member, the rest as a whole. */
bool json_contains(const json_t *actual, const json_t *expected);

/* One step of a story. */
struct step {
    const char *method, *params;
    const char *error;  /* NULL: it succeeds */
    const char *expect; /* a part of the result, or of error.data; NULL: anything */
};
void api_play(const struct step *steps, size_t count);

#endif
