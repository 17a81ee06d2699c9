/*
 * batch.h: the body of a POST /rpc, from its bytes to the text of the reply. Main only.
 */
#ifndef RPC_BATCH_H
#define RPC_BATCH_H

#include <stddef.h>

struct dispatch;
struct rpc_peer;

/*
 * Makes the calls in BODY (borrowed until this returns) one after another: in order, and the
 * next one when the one before has been answered. DONE gets STATUS, which HTTP is to say, and
 * the text of the reply (the caller frees it; NULL: nothing to be said), exactly once, before
 * this returns or later.
 */
void batch_start(struct dispatch *dispatch, const struct rpc_peer *peer, const char *body,
                 size_t length, void (*done)(void *arg, int status, char *text), void *arg);

#endif
