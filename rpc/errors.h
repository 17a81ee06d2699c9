/*
 * errors.h: error objects of the API: {"code", "message", "data": {"name", …}}. Pure.
 */
#ifndef RPC_ERRORS_H
#define RPC_ERRORS_H

#include <jansson.h>

struct error;

/* Those that the protocol itself raises; the others are enum error_code. */
#define RPC_PARSE_ERROR      "PARSE_ERROR"
#define RPC_INVALID_REQUEST  "INVALID_REQUEST"
#define RPC_METHOD_NOT_FOUND "METHOD_NOT_FOUND"
#define RPC_INVALID_PARAMS   "INVALID_PARAMS"

/* The error NAME. Takes DATA, an object with the other members of error.data, or NULL. NULL
 * where memory is short. */
json_t *rpc_error_named(const char *name, json_t *data, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same from ERR, with errno and errno_name where the code always has them. */
json_t *rpc_error_from(const struct error *err, json_t *data);

/* data.name of an error object; "INTERNAL" where it has none. Borrowed. */
const char *rpc_error_name(const json_t *error);

/* All that there are, by numbers below RPC_ERRORS: of ERROR, and their names (static). */
#define RPC_ERRORS 32 /* at most */
unsigned rpc_error_number(const json_t *error);
const char *rpc_error_name_at(unsigned number);

/* The status of a short-form call (/call/<method>) that ends with ERROR. */
int rpc_error_status(const json_t *error);

#endif
