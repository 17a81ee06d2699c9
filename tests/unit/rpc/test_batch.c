/* test_batch.c: whole requests, answered at once and late. */
#include <stdlib.h>
#include <string.h>

#include "rpc/batch.h"
#include "rpc/dispatch.h"
#include "suites.h"

static const char document_text[] =
    "{\"methods\": [{\"name\": \"now\", \"x-access\": \"read\", \"params\": []},"
    " {\"name\": \"late\", \"x-access\": \"read\", \"params\": []}]}";

static json_t *document;
static struct dispatch *dispatch;
static struct rpc_call *waiting;
static unsigned made; /* calls so far */
static char *reply;
static int reply_status;
static unsigned replies;

static void
answer_now(struct rpc_call *call)
{
    rpc_call_result(call, json_pack("{s:i}", "n", (int)++made));
}

static void
answer_late(struct rpc_call *call)
{
    ck_assert_ptr_null(waiting); /* one after another */
    waiting = call;
}

static void
answer_waiting(void)
{
    struct rpc_call *call = waiting;

    waiting = NULL;
    answer_now(call);
}

static const struct rpc_method methods[] = {
    {"now", .handler = answer_now}, {"late", .handler = answer_late}, {0}};
static const struct rpc_method *const tables[] = {methods, NULL};

static void
setup(void)
{
    document = json_loads(document_text, 0, NULL);
    dispatch = dispatch_new(tables, document, false, NULL);
    ck_assert_ptr_nonnull(dispatch);
    dispatch_set_state(dispatch, RPC_READY);
}

static void
teardown(void)
{
    free(reply);
    dispatch_free(dispatch);
    json_decref(document);
}

static void
replied(void *arg, int status, char *text)
{
    ck_assert_ptr_eq(arg, &replies);
    reply = text;
    reply_status = status;
    replies++;
}

static void
send(const char *body)
{
    struct rpc_peer peer = {.role = RPC_READER};
    char *copy = strdup(body);

    batch_start(dispatch, &peer, copy, strlen(copy), replied, &replies);
    free(copy); /* borrowed until batch_start() returned, no longer */
}

#define NOW(id)      "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"now\"}"
#define LATE(id)     "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"late\"}"
#define NOTE         "{\"jsonrpc\":\"2.0\",\"method\":\"now\"}"
#define REPLY(id, n) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"n\":" n "}}"

START_TEST(each_request_gets_its_reply)
{
    static const struct {
        const char *body;
        unsigned late; /* how many calls are answered late */
        int status;
        const char *reply; /* NULL: nothing */
    } cases[] = {
        {NOW("1"), 0, 200, REPLY("1", "1")},
        {LATE("1"), 1, 200, REPLY("1", "1")},
        {NOTE, 0, 204, NULL},
        {"[" NOTE "," NOTE "]", 0, 204, NULL},
        {"[" NOW("1") "]", 0, 200, "[" REPLY("1", "1") "]"},
        {"[" NOW("1") "," LATE("\"b\"") "," NOW("null") "," LATE("4") "]", 2, 200,
         "[" REPLY("1", "1") "," REPLY("\"b\"", "2") "," REPLY("null", "3") "," REPLY("4",
                                                                                      "4") "]"},
        {"[" LATE("1") "," NOTE "," NOW("3") "]", 1, 200,
         "[" REPLY("1", "1") "," REPLY("3", "3") "]"},
        {"[" NOW("1") ",2]", 0, 200,
         "[" REPLY("1", "1") ",{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
                             "\"message\":\"a call is an "
                             "object\",\"data\":{\"name\":\"INVALID_REQUEST\"}}}]"},
        {"[]", 0, 200,
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
         "\"message\":\"a batch must not be empty\",\"data\":{\"name\":\"INVALID_REQUEST\"}}}"},
    };

    send(cases[_i].body);
    for (unsigned i = 0; i < cases[_i].late; i++) {
        ck_assert_uint_eq(replies, 0);
        answer_waiting();
    }
    ck_assert_uint_eq(replies, 1);
    ck_assert_int_eq(reply_status, cases[_i].status);
    if (cases[_i].reply == NULL)
        ck_assert_ptr_null(reply);
    else
        ck_assert_str_eq(reply, cases[_i].reply);
    ck_assert_uint_eq(dispatch_calls_open(dispatch), 0);
}
END_TEST

START_TEST(what_is_not_json_is_status_400_with_a_body)
{
    send("{\"jsonrpc\"");
    ck_assert_int_eq(reply_status, 400);
    ck_assert_ptr_nonnull(strstr(reply, "PARSE_ERROR"));
}
END_TEST

TCase *
batch_cases(void)
{
    TCase *t = tcase_create("batch");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, each_request_gets_its_reply, 0, 9);
    tcase_add_test(t, what_is_not_json_is_status_400_with_a_body);
    return t;
}
