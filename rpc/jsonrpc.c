/* jsonrpc.c: JSON-RPC 2.0, strict in what it takes. */
#include "rpc/jsonrpc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/errors.h"

/*
 * Whether TEXT nests deeper than we are willing to recurse. Looks at brackets outside strings
 * only; what is not JSON is for the parser to find out.
 */
static bool
is_too_deep(const char *text, size_t length)
{
    bool in_string = false;
    unsigned depth = 0;

    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '[' || text[i] == '{') {
            if (++depth > JSONRPC_DEPTH_MAX)
                return true;
        } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *
jsonrpc_load(const char *text, size_t length, json_t **error)
{
    json_error_t where;
    json_t *root;

    *error = NULL;
    if (is_too_deep(text, length)) {
        *error = rpc_error_named(RPC_PARSE_ERROR, NULL, "nested deeper than %d levels",
                                 JSONRPC_DEPTH_MAX);
        return NULL;
    }
    root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      &where);
    if (root == NULL)
        *error = rpc_error_named(
            RPC_PARSE_ERROR,
            json_pack("{s:i, s:i, s:i}", "line", where.line > 0 ? where.line : 0, "column",
                      where.column > 0 ? where.column : 0, "position",
                      where.position > 0 ? where.position : 0),
            "not JSON: %s", length == 0 ? "the body is empty" : where.text);
    return root;
}

/* Whether a string within VALUE has a zero byte: JSON allows it, C would cut it off there. */
static bool
has_zero_byte(const json_t *value)
{
    const char *key;
    json_t *each;
    size_t i;

    if (json_is_string(value))
        return strlen(json_string_value(value)) != json_string_length(value);
    json_array_foreach (value, i, each)
        if (has_zero_byte(each))
            return true;
    json_object_foreach ((json_t *)(uintptr_t)value, key, each)
        if (has_zero_byte(each))
            return true;
    return false;
}

json_t *
jsonrpc_params_problem(const json_t *params)
{
    const char *problem = NULL, *keyword = "type";

    if (!json_is_object(params)) {
        problem = "params must be an object (this API takes parameters by name)";
    } else if (has_zero_byte(params)) {
        problem = "a text has a zero byte in it";
        keyword = "pattern";
    }
    if (problem == NULL)
        return NULL;
    return rpc_error_named(RPC_INVALID_PARAMS,
                           json_pack("{s:s, s:s}", "path", "", "keyword", keyword), "%s",
                           problem);
}

/* What is wrong with the envelope CALL; NULL: nothing. */
static const char *
envelope_problem(const json_t *call)
{
    static const char *const members[] = {"jsonrpc", "method", "params", "id"};
    const char *version = json_string_value(json_object_get(call, "jsonrpc"));
    const json_t *id = json_object_get(call, "id");
    size_t known = 0;

    if (!json_is_object(call))
        return "a call is an object";
    if (version == NULL || strcmp(version, "2.0") != 0)
        return "\"jsonrpc\" must be \"2.0\"";
    if (!json_is_string(json_object_get(call, "method")))
        return "\"method\" must be a string";
    if (has_zero_byte(json_object_get(call, "method")))
        return "\"method\" must not have a zero byte";
    if (id != NULL && !json_is_string(id) && !json_is_integer(id) && !json_is_null(id))
        return "\"id\" must be a string, an integer or null";
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        known += json_object_get(call, members[i]) != NULL;
    if (known != json_object_size(call))
        return "only \"jsonrpc\", \"method\", \"params\" and \"id\" belong in a call";
    return NULL;
}

/* The id to answer a broken call with: its own where that can be told, else null. */
static json_t *
usable_id(json_t *call)
{
    json_t *id = json_object_get(call, "id");

    return json_is_string(id) || json_is_integer(id) ? id : NULL;
}

static int
read_call(json_t *from, struct jsonrpc_call *to)
{
    const char *problem = envelope_problem(from);

    if (problem != NULL) {
        /* Answered even without an id: section 4.1 means well-formed notifications. */
        to->id = usable_id(from);
        if (to->id == NULL)
            to->id = json_null(); /* static: needs no reference */
        to->error = rpc_error_named(RPC_INVALID_REQUEST, NULL, "%s", problem);
        return to->error != NULL ? 0 : -1;
    }
    to->method = json_string_value(json_object_get(from, "method"));
    to->id = json_object_get(from, "id");
    to->params = json_object_get(from, "params");
    if (to->params != NULL)
        to->error = jsonrpc_params_problem(to->params);
    return 0;
}

static json_t *
batch_problem(const json_t *root)
{
    size_t n = json_array_size(root);

    if (n == 0)
        return rpc_error_named(RPC_INVALID_REQUEST, NULL, "a batch must not be empty");
    return rpc_error_named(RPC_INVALID_REQUEST, NULL,
                           "a batch of %zu calls is too long (at most %d)", n,
                           JSONRPC_BATCH_MAX);
}

int
jsonrpc_parse(const char *text, size_t length, struct jsonrpc_request *r)
{
    memset(r, 0, sizeof *r);
    r->root = jsonrpc_load(text, length, &r->error);
    if (r->root == NULL)
        return r->error != NULL ? 0 : -1;
    r->is_batch = json_is_array(r->root);
    if (r->is_batch &&
        (json_array_size(r->root) == 0 || json_array_size(r->root) > JSONRPC_BATCH_MAX)) {
        r->error = batch_problem(r->root);
        return r->error != NULL ? 0 : -1;
    }
    r->count = r->is_batch ? json_array_size(r->root) : 1;
    r->calls = calloc(r->count, sizeof *r->calls);
    if (r->calls == NULL)
        return -1;
    for (size_t i = 0; i < r->count; i++)
        if (read_call(r->is_batch ? json_array_get(r->root, i) : r->root, &r->calls[i]) < 0)
            return -1;
    return 0;
}

void
jsonrpc_done(struct jsonrpc_request *r)
{
    for (size_t i = 0; r->calls != NULL && i < r->count; i++)
        json_decref(r->calls[i].error);
    free(r->calls);
    json_decref(r->error);
    json_decref(r->root);
    memset(r, 0, sizeof *r);
}

static json_t *
reply(json_t *id, const char *member, json_t *value)
{
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id != NULL ? id : json_null(),
                     member, value);
}

json_t *
jsonrpc_result(json_t *id, json_t *result)
{
    return reply(id, "result", result);
}

json_t *
jsonrpc_error(json_t *id, json_t *error)
{
    return reply(id, "error", error);
}
