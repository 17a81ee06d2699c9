/* test_events.c: event.poll: what it gives, how it waits, what it says of what was lost. */
#include <stdio.h>
#include <string.h>

#include "catalog/schema.h"
#include "core/events.h"
#include "fixture.h"
#include "suites.h"

static json_t *
poll_events(int64_t after, const char *more)
{
    char params[200];

    snprintf(params, sizeof params, "{'after': %lld%s}", (long long)after, more);
    return api_do("event.poll", params);
}

static size_t
count(const json_t *reply)
{
    return json_array_size(json_object_get(reply, "events"));
}

static json_int_t
number(const json_t *reply, const char *name)
{
    ck_assert(json_is_integer(json_object_get(reply, name)));
    return json_integer_value(json_object_get(reply, name));
}

static void
post(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        event_post(EVENT_CONFIG_CHANGED, EVENT_INTEGER("n", i));
}

START_TEST(the_schema_knows_every_type_that_the_code_knows)
{
    const json_t *types = json_object_get(schema_component("EventType"), "enum");
    const json_t *patterns = json_object_get(schema_component("EventPattern"), "enum");
    uint32_t named = 0;
    json_t *each;
    size_t i;

    ck_assert_uint_eq(json_array_size(types), EVENT_TYPE_COUNT);
    json_array_foreach (types, i, each)
        ck_assert_str_eq(json_string_value(each), event_type_name((enum event_type)i));
    json_array_foreach (patterns, i, each) {
        ck_assert_uint_ne(event_types_matching(json_string_value(each)), 0);
        if (strchr(json_string_value(each), '*') == NULL)
            named |= event_types_matching(json_string_value(each));
    }
    ck_assert_uint_eq(named, EVENT_TYPES_ALL);
}
END_TEST

START_TEST(events_come_in_order_and_the_last_says_where_to_go_on)
{
    json_int_t start = (json_int_t)events_last();
    json_t *reply;

    post(5);
    reply = poll_events(start, ", 'max': 3");
    ck_assert_uint_eq(count(reply), 3);
    ck_assert_int_eq(number(reply, "last"), start + 3);
    json_decref(reply);
    reply = poll_events(start + 3, ", 'max': 3");
    ck_assert_uint_eq(count(reply), 2);
    ck_assert_int_eq(number(reply, "last"), start + 5);
    ck_assert_int_eq(number(reply, "lost"), 0);
    json_decref(reply);
    reply = poll_events(start + 5, "");
    ck_assert_uint_eq(count(reply), 0);
    ck_assert_int_eq(number(reply, "last"), start + 5);
    json_decref(reply);
}
END_TEST

static const struct {
    const char *types;
    unsigned count; /* of the three below */
} filters[] = {
    {"'*'", 3},
    {"'session.*'", 2},
    {"'session.opened'", 1},
    {"'session.closed', 'backstore.error'", 2},
    {"'portal.*'", 0},
};

START_TEST(types_choose_what_comes)
{
    json_int_t start = (json_int_t)events_last();
    char more[100];
    json_t *reply;

    event_post(EVENT_SESSION_OPENED, EVENT_TEXT("session", "s-1"));
    event_post(EVENT_BACKSTORE_ERROR, EVENT_TEXT("backstore", "disk0"));
    event_post(EVENT_SESSION_CLOSED, EVENT_TEXT("session", "s-1"));
    snprintf(more, sizeof more, ", 'types': [%s]", filters[_i].types);
    reply = poll_events(start, more);
    ck_assert_uint_eq(count(reply), filters[_i].count);
    ck_assert_int_eq(number(reply, "last"), start + 3); /* the others are not looked at again */
    json_decref(reply);
}
END_TEST

START_TEST(types_that_there_are_not_are_refused)
{
    static const struct step steps[] = {
        {"event.poll", "{'types': ['session.opend']}", "INVALID_PARAMS", NULL},
        {"event.poll", "{'types': []}", "INVALID_PARAMS", NULL},
        {"event.poll", "{'types': ['']}", "INVALID_PARAMS", NULL},
        {"event.poll", "{'after': -2}", "INVALID_PARAMS", NULL},
        {"event.poll", "{'max': 0}", "INVALID_PARAMS", NULL},
        {"event.poll", "{'timeout_ms': 60001}", "INVALID_PARAMS", NULL},
    };

    api_play(steps, sizeof steps / sizeof steps[0]);
}
END_TEST

START_TEST(what_was_dropped_is_told)
{
    json_int_t start = (json_int_t)events_last();
    json_t *reply;

    post(EVENTS_KEPT + 7);
    reply = poll_events(start, ", 'types': ['portal.*'], 'timeout_ms': 60000");
    ck_assert_uint_eq(count(reply), 0);
    ck_assert_int_eq(number(reply, "lost"), 7);
    ck_assert_int_eq(number(reply, "last"), start + EVENTS_KEPT + 7);
    json_decref(reply);
    reply = poll_events(42, ""); /* of an earlier run */
    ck_assert_uint_eq(count(reply), 100);
    ck_assert_int_gt(number(reply, "lost"), 7);
    json_decref(reply);
}
END_TEST

START_TEST(a_poll_waits_for_the_first_event_of_its_types)
{
    json_t *reply;

    api_begin("event.poll", "{'timeout_ms': 60000, 'types': ['session.*']}");
    ck_assert_ptr_null(api_reply());
    post(1);
    ck_assert_ptr_null(api_reply());
    event_post(EVENT_SESSION_OPENED, EVENT_TEXT("session", "s-1"), EVENT_INTEGER("tsih", 7),
               EVENT_REAL("part", 0.5));
    reply = api_reply();
    ck_assert_ptr_nonnull(reply);
    ck_assert_uint_eq(count(reply), 1);
    ck_assert_int_eq(number(reply, "last"), (json_int_t)events_last());
    json_decref(reply);
}
END_TEST

START_TEST(a_poll_ends_when_its_time_is_over)
{
    json_t *reply = api_do("event.poll", "{'timeout_ms': 1}");

    ck_assert_uint_eq(count(reply), 0);
    json_decref(reply);
}
END_TEST

START_TEST(a_stop_answers_who_waits_and_nobody_waits_any_more)
{
    json_t *reply;

    api_begin("event.poll", "{'timeout_ms': 60000, 'types': ['daemon.*']}");
    ck_assert_ptr_null(api_reply());
    event_post(EVENT_DAEMON_STOPPING, EVENT_TEXT("reason", "signal"));
    api_set_state(RPC_STOPPING);
    reply = api_reply();
    ck_assert_uint_eq(count(reply), 1);
    json_decref(reply);
    reply = api_do("event.poll", "{'timeout_ms': 60000}");
    ck_assert_uint_eq(count(reply), 0);
    json_decref(reply);
    api_set_state(RPC_READY);
}
END_TEST

/* What peers may call themselves. */
static const struct {
    const char *name, *shown;
} names[] = {
    {"iqn.2026-01.org.example:<b>\"quoted\"\n</b>",
     "iqn.2026-01.org.example:<b>\"quoted\"\n</b>"},
    {"\xff\xfe\x80 bytes", "??? bytes"},
    {"cut \xe2\x82", "cut ??"},
    {"", ""},
};

START_TEST(names_of_peers_are_text_whatever_they_are)
{
    json_int_t start = (json_int_t)events_last();
    json_t *reply, *event;

    event_post(EVENT_AUTH_FAILED, EVENT_TEXT("initiator", names[_i].name));
    reply = poll_events(start, "");
    event = json_array_get(json_object_get(reply, "events"), 0);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(event, "object"), "initiator")),
        names[_i].shown);
    json_decref(reply);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

TCase *
event_cases(void)
{
    TCase *t = tcase_create("events");

    tcase_add_checked_fixture(t, api_setup, api_teardown);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, the_schema_knows_every_type_that_the_code_knows);
    tcase_add_test(t, events_come_in_order_and_the_last_says_where_to_go_on);
    tcase_add_loop_test(t, types_choose_what_comes, 0, COUNT(filters));
    tcase_add_test(t, types_that_there_are_not_are_refused);
    tcase_add_test(t, what_was_dropped_is_told);
    tcase_add_test(t, a_poll_waits_for_the_first_event_of_its_types);
    tcase_add_test(t, a_poll_ends_when_its_time_is_over);
    tcase_add_test(t, a_stop_answers_who_waits_and_nobody_waits_any_more);
    tcase_add_loop_test(t, names_of_peers_are_text_whatever_they_are, 0, COUNT(names));
    return t;
}
