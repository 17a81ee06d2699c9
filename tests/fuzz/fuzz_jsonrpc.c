/* fuzz_jsonrpc.c: bodies of POST /rpc: envelope, batch, and parameters against the real
 * schemas.
 */
#include <stdint.h>
#include <stdlib.h>

#include "catalog/schema.h"
#include "core/error.h"
#include "core/log.h"
#include "rpc/batch.h"
#include "rpc/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
answer_nothing(struct rpc_call *call)
{
    rpc_call_result(call, json_object());
}

/* A dispatcher that has every method of the schemas, all with the same handler. */
static struct dispatch *
make_dispatch(void)
{
    static const struct rpc_method *tables[2];
    const json_t *methods, *each;
    struct rpc_method *table;
    struct error err;
    size_t i;

    if (schema_load(&err) < 0)
        abort();
    methods = json_object_get(schema_document(), "methods");
    table = calloc(json_array_size(methods) + 1, sizeof *table);
    json_array_foreach (methods, i, each)
        table[i] = (struct rpc_method){.name = json_string_value(json_object_get(each, "name")),
                                       .handler = answer_nothing,
                                       .in_any_state = true};
    tables[0] = table;
    log_set_level(NULL, LOG_LEVEL_ERROR);
    return dispatch_new(tables, schema_document(), false, &err);
}

static void
answered(void *arg, int status, char *text)
{
    unsigned *answers = arg;

    if (status != 200 && status != 204 && status != 400)
        abort();
    if ((text == NULL) != (status == 204))
        abort();
    ++*answers;
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct dispatch *dispatch;
    struct rpc_peer peer = {.role = RPC_ADMIN};
    unsigned answers = 0;

    if (dispatch == NULL && (dispatch = make_dispatch()) == NULL)
        abort();
    batch_start(dispatch, &peer, (const char *)bytes, size, answered, &answers);
    if (answers != 1)
        abort();
    return 0;
}
