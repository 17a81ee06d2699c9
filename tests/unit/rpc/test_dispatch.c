/* test_dispatch.c: the road of a call, with a document and methods of our own. */
#include <stdlib.h>
#include <string.h>

#include "rpc/audit.h"
#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "suites.h"

static const char document_text[] =
    "{'methods': ["
    " {'name': 'cup.get', 'x-access': 'read', 'params': [],"
    "  'result': {'name': 'r', 'schema': {'type': 'object', 'required': ['full']}}},"
    " {'name': 'cup.fill', 'x-access': 'admin', 'params': ["
    "   {'name': 'with', 'required': true, 'schema': {'$ref': '#/components/schemas/Drink'}},"
    "   {'name': 'ml', 'schema': {'type': 'integer', 'maximum': 500, 'default': 250}}],"
    "  'result': {'name': 'r', 'schema': {'type': 'object'}}}],"
    " 'components': {'schemas': {"
    "  'Drink': {'type': 'string', 'enum': ['tea', 'water']},"
    "  'Error_BUSY': {'type': 'object', 'properties': {'name': {'const': 'BUSY'}},"
    "                 'additionalProperties': false}}}}";

static json_t *document;
static struct dispatch *dispatch;
static struct rpc_call *waiting; /* a call that has not been answered yet */
static json_t *result, *error;   /* of the last call */
static unsigned answers;

static void
answer_badly_or_well(struct rpc_call *call)
{
    const char *with = rpc_call_string(call, "with");
    struct error err;

    if (with == NULL) {
        rpc_call_result(call, json_object()); /* "full" is missing */
    } else if (strcmp(with, "water") == 0) {
        waiting = call;
    } else {
        error_set(&err, ERROR_BUSY, "somebody drinks");
        rpc_call_error(call, &err, json_pack("{s:i}", "cups", 2)); /* not in Error_BUSY */
    }
}

static const struct rpc_method cup_methods[] = {
    {"cup.get", .handler = answer_badly_or_well, .in_any_state = true},
    {"cup.fill", .handler = answer_badly_or_well},
    {0},
};
static const struct rpc_method *const tables[] = {cup_methods, NULL};

static void
answered(void *arg, json_t *r, json_t *e)
{
    ck_assert_ptr_eq(arg, &answers);
    ck_assert_msg((r == NULL) != (e == NULL), "one of result and error");
    json_decref(result);
    json_decref(error);
    result = r;
    error = e;
    answers++;
}

static void
load_document(void)
{
    char *text = strdup(document_text);

    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    document = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(document);
    free(text);
}

static void
open_dispatch(bool check_results)
{
    struct error err = {.message = ""};

    load_document();
    dispatch = dispatch_new(tables, document, check_results, &err);
    ck_assert_msg(dispatch != NULL, "%s", err.message);
    dispatch_set_state(dispatch, RPC_READY);
}

static void
call_as(enum rpc_role role, const char *method, const char *params)
{
    struct rpc_peer peer = {.role = role};
    json_t *json = params != NULL ? json_loads(params, 0, NULL) : NULL;

    dispatch_call(dispatch, method, json, &peer, answered, &answers);
    json_decref(json);
}

static const char *
data_string(const char *member)
{
    return json_string_value(json_object_get(json_object_get(error, "data"), member));
}

static void
teardown(void)
{
    dispatch_free(dispatch);
    json_decref(result);
    json_decref(error);
    json_decref(document);
}

START_TEST(a_method_without_handler_is_an_error_at_start)
{
    static const struct rpc_method *const none[] = {NULL};
    struct error err;

    load_document();
    ck_assert_ptr_null(dispatch_new(none, document, false, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "'cup.get'"));
}
END_TEST

START_TEST(a_handler_without_method_is_an_error_at_start)
{
    static const struct rpc_method extra[] = {{"cup.break", .handler = answer_badly_or_well},
                                              {0}};
    static const struct rpc_method *const more[] = {cup_methods, extra, NULL};
    struct error err;

    load_document();
    ck_assert_ptr_null(dispatch_new(more, document, false, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "'cup.break'"));
}
END_TEST

START_TEST(an_unknown_method_is_refused_with_near_names)
{
    open_dispatch(false);
    call_as(RPC_ADMIN, "cup.gte", NULL);
    ck_assert_str_eq(rpc_error_name(error), "METHOD_NOT_FOUND");
    ck_assert_str_eq(json_string_value(json_array_get(
                         json_object_get(json_object_get(error, "data"), "near"), 0)),
                     "cup.get");
    call_as(RPC_ADMIN, "nothing.like.it", NULL);
    ck_assert_str_eq(rpc_error_name(error), "METHOD_NOT_FOUND");
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(error, "data"), "near")),
                      0);
}
END_TEST

START_TEST(wrong_parameters_are_refused_with_all_problems)
{
    static const struct {
        const char *params, *path, *keyword, *message;
        size_t problems;
    } cases[] = {
        {"{}", "", "required", "with", 1},
        {"{\"with\": \"wine\"}", "/with", "enum", "with: ", 1},
        {"{\"with\": \"tea\", \"ml\": 501}", "/ml", "maximum", "ml: above", 1},
        {"{\"with\": \"tea\", \"ml\": \"1\"}", "/ml", "type", "ml: ", 1},
        {"{\"with\": \"tea\", \"lm\": 1}", "/lm", "additionalProperties", "lm", 1},
        {"{\"with\": 1, \"ml\": 501}", "/with", "type", "with: ", 2},
    };

    open_dispatch(false);
    call_as(RPC_ADMIN, "cup.fill", cases[_i].params);
    ck_assert_str_eq(rpc_error_name(error), "INVALID_PARAMS");
    ck_assert_int_eq(json_integer_value(json_object_get(error, "code")), -32602);
    ck_assert_str_eq(data_string("keyword"), cases[_i].keyword);
    ck_assert_str_eq(data_string("path"), cases[_i].path);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(error, "message")), cases[_i].message));
    ck_assert_uint_ge(
        json_array_size(json_object_get(json_object_get(error, "data"), "problems")),
        cases[_i].problems);
}
END_TEST

START_TEST(a_handler_gets_defaults_and_can_tell_what_was_given)
{
    open_dispatch(false);
    call_as(RPC_ADMIN, "cup.fill", "{\"with\": \"water\"}");
    ck_assert_uint_eq(answers, 0);
    ck_assert_uint_eq(dispatch_calls_open(dispatch), 1);
    ck_assert_int_eq(rpc_call_integer(waiting, "ml", -1), 250);
    ck_assert_ptr_null(json_object_get(waiting->given, "ml"));
    ck_assert_str_eq(rpc_call_method(waiting), "cup.fill");
    rpc_call_result(waiting, json_object());
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(dispatch_calls_open(dispatch), 0);
    ck_assert_ptr_nonnull(result);
}
END_TEST

START_TEST(role_and_state_decide_who_may_call_when)
{
    static const struct {
        enum rpc_role role;
        enum rpc_state state;
        const char *method, *error;
    } cases[] = {
        {RPC_READER, RPC_READY, "cup.get", NULL},
        {RPC_READER, RPC_STARTING, "cup.get", NULL},
        {RPC_READER, RPC_STOPPING, "cup.get", NULL},
        {RPC_READER, RPC_READY, "cup.fill", "PERMISSION_DENIED"},
        {RPC_READER, RPC_STARTING, "cup.fill", "PERMISSION_DENIED"},
        {RPC_ADMIN, RPC_STARTING, "cup.fill", "UNAVAILABLE"},
        {RPC_ADMIN, RPC_STOPPING, "cup.fill", "UNAVAILABLE"},
        {RPC_ADMIN, RPC_READY, "cup.fill", "INVALID_PARAMS"},
    };

    open_dispatch(false);
    dispatch_set_state(dispatch, cases[_i].state);
    call_as(cases[_i].role, cases[_i].method, NULL);
    if (cases[_i].error == NULL)
        ck_assert_ptr_nonnull(result);
    else
        ck_assert_str_eq(rpc_error_name(error), cases[_i].error);
}
END_TEST

START_TEST(answers_that_break_their_schema_are_found_where_that_is_asked_for)
{
    static const struct {
        bool check;
        const char *method, *params, *error;
    } cases[] = {
        {false, "cup.get", NULL, NULL},
        {true, "cup.get", NULL, "INTERNAL"},
        {false, "cup.fill", "{\"with\": \"tea\"}", "BUSY"},
        {true, "cup.fill", "{\"with\": \"tea\"}", "INTERNAL"},
    };

    open_dispatch(cases[_i].check);
    call_as(RPC_ADMIN, cases[_i].method, cases[_i].params);
    ck_assert_uint_eq(answers, 1);
    if (cases[_i].error == NULL)
        ck_assert_ptr_nonnull(result);
    else
        ck_assert_str_eq(rpc_error_name(error), cases[_i].error);
}
END_TEST

START_TEST(only_reads_without_required_parameters_may_be_got)
{
    open_dispatch(false);
    ck_assert(dispatch_may_get(dispatch, "cup.get"));
    ck_assert(!dispatch_may_get(dispatch, "cup.fill"));
    ck_assert(!dispatch_may_get(dispatch, "cup"));
    ck_assert(dispatch_has(dispatch, "cup.fill"));
}
END_TEST

START_TEST(the_audit_names_the_object_of_each_call)
{
    static const struct {
        const char *params, *object;
    } cases[] = {
        {"{\"name\": \"disk0\", \"set\": {}}", "disk0"},
        {"{\"backstore\": {\"name\": \"disk0\", \"secret\": \"x\"}}", "disk0"},
        {"{\"target\": \"iqn.x\", \"lun\": 3}", "iqn.x/3"},
        {"{\"target\": \"iqn.x\", \"initiator\": \"*\"}", "iqn.x/*"},
        {"{\"tag\": 2}", "2"},
        {"{\"id\": \"s-4\"}", "s-4"},
        {"{\"config\": {}}", ""},
    };
    json_t *params = json_loads(cases[_i].params, 0, NULL);
    char text[64];

    audit_object(params, text, sizeof text);
    ck_assert_str_eq(text, cases[_i].object);
    json_decref(params);
}
END_TEST

TCase *
dispatch_cases(void)
{
    TCase *t = tcase_create("dispatch");

    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, a_method_without_handler_is_an_error_at_start);
    tcase_add_test(t, a_handler_without_method_is_an_error_at_start);
    tcase_add_test(t, an_unknown_method_is_refused_with_near_names);
    tcase_add_loop_test(t, wrong_parameters_are_refused_with_all_problems, 0, 6);
    tcase_add_test(t, a_handler_gets_defaults_and_can_tell_what_was_given);
    tcase_add_loop_test(t, role_and_state_decide_who_may_call_when, 0, 8);
    tcase_add_loop_test(t, answers_that_break_their_schema_are_found_where_that_is_asked_for, 0,
                        4);
    tcase_add_test(t, only_reads_without_required_parameters_may_be_got);
    tcase_add_loop_test(t, the_audit_names_the_object_of_each_call, 0, 7);
    return t;
}
