/* test_jsonrpc.c: envelopes, right and wrong; requests cut at every byte. */
#include <stdlib.h>
#include <string.h>

#include "rpc/errors.h"
#include "rpc/jsonrpc.h"
#include "suites.h"

#define CALL "\"jsonrpc\":\"2.0\",\"method\":\"daemon.info\""

/* ERROR: of the whole request where COUNT is 0, else of its first call; NULL: none. */
static const struct {
    const char *text;
    size_t count;
    const char *error;
    const char *message; /* a part of it */
} envelopes[] = {
    {"{" CALL ",\"id\":1}", 1, NULL, NULL},
    {"{" CALL ",\"id\":\"a\"}", 1, NULL, NULL},
    {"{" CALL ",\"id\":null}", 1, NULL, NULL},
    {"{" CALL "}", 1, NULL, NULL},
    {"{" CALL ",\"id\":1,\"params\":{}}", 1, NULL, NULL},
    {"[{" CALL ",\"id\":1},{" CALL "}]", 2, NULL, NULL},
    {"{" CALL ",\"id\":1,\"params\":[1]}", 1, "INVALID_PARAMS", "by name"},
    {"{" CALL ",\"id\":1,\"params\":null}", 1, "INVALID_PARAMS", "must be an object"},
    {"{" CALL ",\"id\":1.5}", 1, "INVALID_REQUEST", "\"id\""},
    {"{" CALL ",\"id\":1.0}", 1, "INVALID_REQUEST", "\"id\""},
    {"{" CALL ",\"id\":{}}", 1, "INVALID_REQUEST", "\"id\""},
    {"{" CALL ",\"id\":[1]}", 1, "INVALID_REQUEST", "\"id\""},
    {"{" CALL ",\"id\":true}", 1, "INVALID_REQUEST", "\"id\""},
    {"{" CALL ",\"id\":1,\"parms\":{}}", 1, "INVALID_REQUEST", "belong in a call"},
    {"{\"jsonrpc\":\"1.0\",\"method\":\"a\",\"id\":1}", 1, "INVALID_REQUEST", "2.0"},
    {"{\"jsonrpc\":2.0,\"method\":\"a\",\"id\":1}", 1, "INVALID_REQUEST", "2.0"},
    {"{\"method\":\"a\",\"id\":1}", 1, "INVALID_REQUEST", "2.0"},
    {"{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}", 1, "INVALID_REQUEST", "string"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", 1, "INVALID_REQUEST", "string"},
    {"[1]", 1, "INVALID_REQUEST", "object"},
    {"[[]]", 1, "INVALID_REQUEST", "object"},
    {"1", 1, "INVALID_REQUEST", "object"},
    {"\"text\"", 1, "INVALID_REQUEST", "object"},
    {"null", 1, "INVALID_REQUEST", "object"},
    {"{}", 1, "INVALID_REQUEST", "2.0"},
    {"[]", 0, "INVALID_REQUEST", "empty"},
    {"", 0, "PARSE_ERROR", "empty"},
    {" ", 0, "PARSE_ERROR", "not JSON"},
    {"{", 0, "PARSE_ERROR", "not JSON"},
    {"{} {}", 0, "PARSE_ERROR", "not JSON"},
    {"{" CALL ",\"id\":1,\"id\":2}", 0, "PARSE_ERROR", "duplicate"},
    {"{" CALL ",\"id\":18446744073709551615}", 0, "PARSE_ERROR", "integer"},
    {"{" CALL ",\"id\":\"\xff\"}", 0, "PARSE_ERROR", "not JSON"},
    {"{" CALL ",\"id\":\"\\u0000\"}", 1, NULL, NULL},
    {"{" CALL ",\"id\":1,\"params\":{\"a\":[\"\\u0000\"]}}", 1, "INVALID_PARAMS", "zero byte"},
    {"{" CALL ",\"id\":1,\"params\":{\"a\\u0000\":1}}", 0, "PARSE_ERROR", "not JSON"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"a\\u0000\",\"id\":1}", 1, "INVALID_REQUEST",
     "zero byte"},
};

START_TEST(each_envelope_is_taken_or_refused_as_it_should_be)
{
    struct jsonrpc_request r;
    const json_t *error;

    ck_assert_int_eq(jsonrpc_parse(envelopes[_i].text, strlen(envelopes[_i].text), &r), 0);
    ck_assert_uint_eq(r.count, envelopes[_i].count);
    error = r.count > 0 ? r.calls[0].error : r.error;
    if (envelopes[_i].error == NULL) {
        ck_assert_ptr_null(error);
        ck_assert_str_eq(r.calls[0].method, "daemon.info");
    } else {
        ck_assert_ptr_nonnull(error);
        ck_assert_str_eq(rpc_error_name(error), envelopes[_i].error);
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(error, "message")),
                                     envelopes[_i].message));
    }
    jsonrpc_done(&r);
}
END_TEST

START_TEST(a_request_cut_at_any_byte_is_a_parse_error)
{
    static const char text[] =
        "[{" CALL ",\"id\":12,\"params\":{\"a\":[1,\"\xc3\xa9\\\"}\"]}}]";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct jsonrpc_request r;
        char *cut = malloc(n + 1); /* exact, so that reading on is found out */

        memcpy(cut, text, n);
        cut = realloc(cut, n > 0 ? n : 1);
        ck_assert_int_eq(jsonrpc_parse(cut, n, &r), 0);
        ck_assert_ptr_nonnull(r.error);
        ck_assert_str_eq(rpc_error_name(r.error), "PARSE_ERROR");
        jsonrpc_done(&r);
        free(cut);
    }
}
END_TEST

/* N times OPEN, then CLOSE. */
static char *
nested(size_t n, const char *open, const char *close)
{
    size_t open_length = strlen(open), close_length = strlen(close);
    char *text = malloc(n * (open_length + close_length) + 1), *p = text;

    for (size_t i = 0; i < n; i++, p += open_length)
        memcpy(p, open, open_length);
    for (size_t i = 0; i < n; i++, p += close_length)
        memcpy(p, close, close_length);
    *p = '\0';
    return text;
}

START_TEST(nesting_is_limited)
{
    static const struct {
        size_t n;
        bool is_taken;
    } cases[] = {{1, true}, {64, true}, {65, false}, {1000000, false}};
    char *text = nested(cases[_i].n, "[", "]");
    json_t *error, *root = jsonrpc_load(text, strlen(text), &error);

    ck_assert_int_eq(root != NULL, cases[_i].is_taken);
    if (!cases[_i].is_taken)
        ck_assert_ptr_nonnull(
            strstr(json_string_value(json_object_get(error, "message")), "64 levels"));
    json_decref(root);
    json_decref(error);
    free(text);
}
END_TEST

START_TEST(brackets_in_strings_are_no_nesting)
{
    char *text = nested(200, "[", "");
    char quoted[256];
    json_t *error, *root;

    snprintf(quoted, sizeof quoted, "[\"\\\"%s\"]", text);
    root = jsonrpc_load(quoted, strlen(quoted), &error);
    ck_assert_ptr_nonnull(root);
    ck_assert_ptr_null(error);
    json_decref(root);
    free(text);
}
END_TEST

START_TEST(a_batch_has_at_most_a_hundred_calls)
{
    char *text = nested(101, "{},", "");
    struct jsonrpc_request r;
    char batch[400];

    snprintf(batch, sizeof batch, "[%.*s]", 100 * 3 - 1, text);
    ck_assert_int_eq(jsonrpc_parse(batch, strlen(batch), &r), 0);
    ck_assert_uint_eq(r.count, 100);
    jsonrpc_done(&r);
    snprintf(batch, sizeof batch, "[%.*s]", 101 * 3 - 1, text);
    ck_assert_int_eq(jsonrpc_parse(batch, strlen(batch), &r), 0);
    ck_assert_uint_eq(r.count, 0);
    ck_assert_str_eq(rpc_error_name(r.error), "INVALID_REQUEST");
    jsonrpc_done(&r);
    free(text);
}
END_TEST

START_TEST(a_broken_call_is_answered_with_its_own_id_where_it_has_one)
{
    static const struct {
        const char *text, *id;
    } cases[] = {
        {"{\"id\":7}", "7"},      {"{\"id\":\"x\"}", "\"x\""},
        {"{\"id\":1.5}", "null"}, {"{\"id\":[]}", "null"},
        {"{}", "null"},           {"[3]", "null"},
    };
    struct jsonrpc_request r;
    char *id;

    ck_assert_int_eq(jsonrpc_parse(cases[_i].text, strlen(cases[_i].text), &r), 0);
    id = json_dumps(r.calls[0].id, JSON_ENCODE_ANY);
    ck_assert_str_eq(id, cases[_i].id);
    free(id);
    jsonrpc_done(&r);
}
END_TEST

START_TEST(a_reply_has_the_id_and_either_result_or_error)
{
    json_t *reply = jsonrpc_result(NULL, json_object());
    char *text = json_dumps(reply, JSON_COMPACT);

    ck_assert_str_eq(text, "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}");
    free(text);
    json_decref(reply);
    reply = jsonrpc_error(NULL, rpc_error_named("BUSY", NULL, "%d sessions", 2));
    text = json_dumps(reply, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,"
                           "\"message\":\"2 sessions\",\"data\":{\"name\":\"BUSY\"}}}");
    free(text);
    json_decref(reply);
}
END_TEST

START_TEST(a_message_cut_within_a_character_is_still_sent)
{
    json_t *error = rpc_error_named("INTERNAL", NULL, "%s", "caf\xc3");

    ck_assert_str_eq(json_string_value(json_object_get(error, "message")), "caf?");
    json_decref(error);
}
END_TEST

TCase *
jsonrpc_cases(void)
{
    TCase *t = tcase_create("jsonrpc");

    tcase_add_loop_test(t, each_envelope_is_taken_or_refused_as_it_should_be, 0,
                        sizeof envelopes / sizeof *envelopes);
    tcase_add_test(t, a_request_cut_at_any_byte_is_a_parse_error);
    tcase_add_loop_test(t, nesting_is_limited, 0, 4);
    tcase_add_test(t, brackets_in_strings_are_no_nesting);
    tcase_add_test(t, a_batch_has_at_most_a_hundred_calls);
    tcase_add_loop_test(t, a_broken_call_is_answered_with_its_own_id_where_it_has_one, 0, 6);
    tcase_add_test(t, a_reply_has_the_id_and_either_result_or_error);
    tcase_add_test(t, a_message_cut_within_a_character_is_still_sent);
    return t;
}
