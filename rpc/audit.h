/* audit.h: one log line for each change: who, what, to what, with which outcome. Main only. */
#ifndef RPC_AUDIT_H
#define RPC_AUDIT_H

#include <jansson.h>

struct rpc_call;

void audit_log(const struct rpc_call *call, const json_t *result, const json_t *error);

/* The object that the parameters of a change name, for example "iqn…/0", in TEXT. */
void audit_object(const json_t *params, char *text, size_t size);

#endif
