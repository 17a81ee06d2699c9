/*
 * change.h: a call that changes the configuration: a merge patch on the way through
 * catalog/commit.h, and the answer that all of them give. Main only.
 */
#ifndef RPC_CHANGE_H
#define RPC_CHANGE_H

#include <jansson.h>
#include <stdbool.h>

#include "catalog/commit.h"
#include "rpc/call.h"

struct rpc_change {
    struct commit commit; /* its edit, method, arg and done are taken */
    struct rpc_call *call;
    const struct rpc_change_kind *kind;
    int64_t number; /* for the kind's own use: the LUN number that was chosen */
    char *path;     /* the same: the file to remove; freed with the change */
};

struct rpc_change_kind {
    /*
     * Makes the patch when the change's turn has come, from the document as it is then. Returns
     * a new reference, or NULL with rpc_change_fail() called.
     */
    json_t *(*edit)(struct rpc_change *change, const json_t *document);

    /* Optional: adds what it made to RESULT, from the document AFTER (borrowed; not yet in
     * force where `dry_run`). */
    void (*show)(struct rpc_change *change, const json_t *after, json_t *result);

    /* Optional: what is left to do when the change is in force (not for a dry run). Gives the
     * answer by rpc_change_answer(), at once or later. */
    void (*finish)(struct rpc_change *change, json_t *result);
};

/* Takes expect_revision, dry_run and force from the call's parameters and starts. */
void rpc_change_start(struct rpc_call *call, const struct rpc_change_kind *kind);

/* The same with a commit that needs more than that: fill in change->commit between the two.
 * NULL: the call has been answered. */
struct rpc_change *rpc_change_new(struct rpc_call *call, const struct rpc_change_kind *kind);
void rpc_change_go(struct rpc_change *change);

/* The answer; frees CHANGE. Takes RESULT, or with RESULT NULL and ERR says why not. */
void rpc_change_answer(struct rpc_change *change, json_t *result, const struct error *err);

/* For edit: sets the error, with DATA (taken, may be NULL), and returns NULL. */
json_t *rpc_change_fail(struct rpc_change *change, json_t *data, enum error_code code,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* NOT_FOUND for the KIND called NAME, with those of NAMES (an object's keys) that are close. */
json_t *rpc_change_not_found(struct rpc_change *change, const char *kind, const json_t *names,
                             const char *name);

/* The member NAME of MAP in DOCUMENT, e.g. ("targets", "iqn…"); NULL where there is none. */
json_t *document_object(const json_t *document, const char *map, const char *name);

/* A patch {MAP: {NAME: VALUE}}; takes VALUE. */
json_t *patch_object(const char *map, const char *name, json_t *value);

/* A patch for a part of a target: {"targets": {TARGET: {MAP: {NAME: VALUE}}}}. */
json_t *patch_in_target(const char *target, const char *map, const char *name, json_t *value);

/*
 * create, of something that is there: the empty patch where each member of WANTED (the ones the
 * caller gave, but for state) is as in FOUND (which has its defaults), else NULL with
 * ALREADY_EXISTS and all differences, without secrets. SCHEMA is the component that describes
 * both. Takes WANTED and FOUND.
 */
json_t *rpc_change_compare(struct rpc_change *change, const char *schema, const char *kind,
                           const char *name, json_t *wanted, json_t *found);

/* Whether SET has only members that SCHEMA (a component) has, and none of EXCEPT (ends with
 * NULL; may be NULL); else rpc_change_fail(). */
bool rpc_change_set_is_known(struct rpc_change *change, const char *schema,
                             const char *const *except);

#endif
