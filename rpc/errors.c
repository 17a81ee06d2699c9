/* errors.c: one row per error of the API. */
#include "rpc/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

/* clang-format off */
static const struct {
    const char *name;
    int code;   /* JSON-RPC 2.0 section 5.1; ours from -32000 down */
    int status; /* HTTP, of the short form */
} rows[] = {
    {"INTERNAL",          -32603, 500}, /* the first is what unknown ones become */
    {"PARSE_ERROR",       -32700, 400},
    {"INVALID_REQUEST",   -32600, 400},
    {"METHOD_NOT_FOUND",  -32601, 404},
    {"INVALID_PARAMS",    -32602, 422},
    {"UNAVAILABLE",       -32000, 503},
    {"NOT_FOUND",         -32001, 404},
    {"ALREADY_EXISTS",    -32002, 409},
    {"REVISION_MISMATCH", -32003, 412},
    {"BUSY",              -32004, 409},
    {"PERMISSION_DENIED", -32005, 403},
    {"LIMIT_EXCEEDED",    -32006, 409},
    {"BACKEND_ERROR",     -32007, 502},
    {"NOT_SUPPORTED",     -32008, 501},
    {"CANCELLED",         -32010, 500},
    {"INVALID_CONFIG",    -32011, 422},
    {"PERSIST_FAILED",    -32012, 500},
};
/* clang-format on */

static size_t
row_of(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return 0;
}

/* Messages quote what peers sent and are cut at a fixed length, which may be within a
 * character.
 */
static json_t *
message_string(const char *message)
{
    json_t *text = json_string(message);
    char plain[512];
    size_t i;

    if (text != NULL)
        return text;
    for (i = 0; message[i] != '\0' && i < sizeof plain - 1; i++)
        plain[i] = (message[i] & 0x80) == 0 ? message[i] : '?';
    plain[i] = '\0';
    return json_string(plain);
}

static json_t *
error_object(const char *name, const char *message, json_t *data)
{
    size_t row = row_of(name);

    if (data == NULL)
        data = json_object();
    if (data == NULL || json_object_set_new(data, "name", json_string(rows[row].name)) < 0) {
        json_decref(data);
        return NULL;
    }
    return json_pack("{s:i, s:o, s:o}", "code", rows[row].code, "message",
                     message_string(message), "data", data);
}

json_t *
rpc_error_named(const char *name, json_t *data, const char *format, ...)
{
    char message[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    return error_object(name, message, data);
}

json_t *
rpc_error_from(const struct error *err, json_t *data)
{
    const char *errno_name;

    if ((err->code == ERROR_BACKEND || err->code == ERROR_PERSIST_FAILED) &&
        err->sys_errno != 0) {
        if (data == NULL)
            data = json_object();
        json_object_set_new(data, "errno", json_integer(err->sys_errno));
        errno_name = strerrorname_np(err->sys_errno);
        if (errno_name != NULL)
            json_object_set_new(data, "errno_name", json_string(errno_name));
    }
    return error_object(error_code_name(err->code), err->message, data);
}

const char *
rpc_error_name(const json_t *error)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(error, "data"), "name"));

    return name != NULL ? name : rows[0].name;
}

_Static_assert(sizeof rows / sizeof *rows <= RPC_ERRORS, "RPC_ERRORS is too few");

unsigned
rpc_error_number(const json_t *error)
{
    return (unsigned)row_of(rpc_error_name(error));
}

const char *
rpc_error_name_at(unsigned number)
{
    return rows[number].name;
}

int
rpc_error_status(const json_t *error)
{
    return rows[row_of(rpc_error_name(error))].status;
}
