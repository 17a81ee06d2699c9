/* target.h: what the files about targets, their LUNs and ACL entries share. */
#ifndef RPC_METHODS_TARGET_H
#define RPC_METHODS_TARGET_H

#include <jansson.h>
#include <stdint.h>

#include "rpc/change.h"

/* A LunSpec from the LUN's configuration, with defaults. */
json_t *lun_json(int number, const json_t *config);

/* An AclSpec from the entry's configuration, with defaults. */
json_t *acl_json(const char *initiator, const json_t *config);

/* WANTED, the members that are given of an entry, to be compared with one that has its
 * defaults: lists are compared whole, so those of WANTED get theirs; of "auth" only what is
 * given is. */
json_t *acl_comparable(const json_t *wanted);

/* The targets of DOCUMENT: all, or the one called NAME. NULL with the call answered by
 * NOT_FOUND. A new reference to an object. */
json_t *targets_wanted(struct rpc_call *call, const json_t *document, const char *name);

/* The configuration of the target that the parameter "target" names; borrowed. NULL with the
 * call answered by NOT_FOUND. */
json_t *rpc_call_target(struct rpc_call *call);

/* The configuration of the target that the change's parameter "target" names; borrowed. NULL
 * with NOT_FOUND set. */
json_t *rpc_change_target(struct rpc_change *change, const json_t *document);

/* Whether DOCUMENT has the backing store NAME; else NOT_FOUND is set. */
bool rpc_change_backstore_exists(struct rpc_change *change, const json_t *document,
                                 const char *name);

#endif
