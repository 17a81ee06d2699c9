/* near.h: names that somebody who mistyped one may have meant. Pure. */
#ifndef RPC_NEAR_H
#define RPC_NEAR_H

#include <jansson.h>

/* Up to three of the keys of NAMES (an object) that are close to WANTED, closest first. Looks
 * at the first thousand only. NULL where memory is short. */
json_t *near_keys(const json_t *names, const char *wanted);

#endif
