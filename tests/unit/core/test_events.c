/* test_events.c: the ring of events: numbers, places, limits, hostile text, many threads. */
#include "core/events.h"

#include <pthread.h>
#include <string.h>

#include "core/crew.h"
#include "core/log.h"
#include "suites.h"

static struct event_record r;

static void
post(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        event_post(EVENT_CONFIG_CHANGED, EVENT_INTEGER("n", i));
}

START_TEST(an_event_is_read_as_it_was_posted)
{
    uint64_t before = events_last();

    events_set_revision(7);
    event_post(EVENT_SESSION_OPENED, EVENT_TEXT("session", "s-4"), EVENT_TEXT("alias", NULL),
               EVENT_INTEGER("tsih", -4), EVENT_REAL("progress", 0.5),
               EVENT_TEXT("target", "iqn.2026-01.org.example:a"));
    ck_assert_uint_eq(events_last(), before + 1);
    ck_assert(event_read(before + 1, &r));
    ck_assert_uint_eq(r.id, before + 1);
    ck_assert_uint_eq(r.revision, 7);
    ck_assert_int_eq(r.type, EVENT_SESSION_OPENED);
    ck_assert_uint_eq(r.member_count, 4);
    ck_assert_str_eq(r.members[0].key, "session");
    ck_assert_str_eq(r.members[0].text, "s-4");
    ck_assert_int_eq(r.members[1].integer, -4);
    ck_assert_double_eq(r.members[2].real, 0.5);
    ck_assert_str_eq(r.members[3].text, "iqn.2026-01.org.example:a");
    ck_assert(!event_read(before + 2, &r));
    ck_assert(!event_read(before, &r));
    ck_assert(!event_read(0, &r));
}
END_TEST

START_TEST(ids_grow_by_one_and_the_oldest_are_dropped)
{
    uint64_t first = events_last() + 1;

    post(EVENTS_KEPT + 10);
    ck_assert_uint_eq(events_last(), first + EVENTS_KEPT + 9);
    ck_assert(!event_read(first + 9, &r));
    for (unsigned i = 10; i < EVENTS_KEPT + 10; i++) {
        ck_assert(event_read(first + i, &r));
        ck_assert_int_eq(r.members[0].integer, i);
    }
}
END_TEST

/* With POSTED events: a reader who says AFTER, counted from the id before the first, goes on
 * at NEXT, counted from the first. */
static const struct {
    unsigned posted;
    int64_t after;
    bool is_plain; /* AFTER is the number as it stands */
    uint64_t next, lost;
} places[] = {
    {0, -1, true, 0, 0},
    {3, -1, true, 3, 0},
    {3, 0, true, 0, 0},
    {3, 0, false, 0, 0},
    {3, 2, false, 2, 0},
    {3, 3, false, 3, 0},
    {3, 4, false, 0, 1}, /* of a run that knew more */
    {3, 42, true, 0, 1}, /* of an earlier run */
    {3, INT64_MAX, true, 0, 1},
    {EVENTS_KEPT + 5, 0, true, 5, 5},
    {EVENTS_KEPT + 5, 0, false, 5, 5},
    {EVENTS_KEPT + 5, 4, false, 5, 1},
    {EVENTS_KEPT + 5, 5, false, 5, 0},
    {EVENTS_KEPT + 5, 6, false, 6, 0},
    {EVENTS_KEPT + 5, 42, true, 5, 6},
};

START_TEST(a_reader_goes_on_where_it_was_and_is_told_what_it_lost)
{
    uint64_t first = events_last() + 1, next;
    int64_t after = places[_i].after;
    uint64_t lost;

    post(places[_i].posted);
    lost = events_resume(places[_i].is_plain ? after : (int64_t)first - 1 + after, &next);
    ck_assert_uint_eq(next, first + places[_i].next);
    ck_assert_uint_eq(lost, places[_i].lost);
}
END_TEST

START_TEST(ids_of_a_later_run_are_above_those_of_this_one)
{
    /* Milliseconds since 1970: a run would have to post a thousand a second all its life. */
    ck_assert_uint_ge(events_last(), (uint64_t)(time(NULL) - 1) * 1000);
    ck_assert_uint_le(events_last(), (uint64_t)(time(NULL) + 1) * 1000);
}
END_TEST

START_TEST(what_a_peer_can_cause_in_a_loop_is_limited_and_what_was_left_out_is_counted)
{
    static const struct event_member who[] = {EVENT_TEXT("initiator", "iqn.example:bad"), {0}};
    uint64_t first = events_last() + 1, posted, last;
    struct timespec now = {.tv_sec = 1000};

    for (unsigned i = 0; i < 100000; i++)
        event_post_at(now, EVENT_AUTH_FAILED, who);
    posted = events_last() + 1 - first;
    ck_assert_uint_gt(posted, 0);
    ck_assert_uint_lt(posted, EVENTS_KEPT / 2);
    post(1); /* others are not limited by it */
    ck_assert(event_read(events_last(), &r));
    ck_assert_int_eq(r.type, EVENT_CONFIG_CHANGED);
    ck_assert_uint_eq(r.suppressed, 0);
    now.tv_sec++;
    event_post_at(now, EVENT_AUTH_FAILED, who);
    ck_assert(event_read(events_last(), &r));
    ck_assert_int_eq(r.type, EVENT_AUTH_FAILED);
    ck_assert_uint_eq(posted + r.suppressed, 100000);
    last = events_last();
    event_post_at(now, EVENT_AUTH_FAILED, who);
    ck_assert(event_read(last + 1, &r));
    ck_assert_uint_eq(r.suppressed, 0);
}
END_TEST

static const struct {
    const char *pattern;
    unsigned count;
} patterns[] = {
    {"*", EVENT_TYPE_COUNT}, {"session.*", 2}, {"backstore.*", 4},  {"session.opened", 1},
    {"session", 0},          {"", 0},          {"session.open", 0}, {"*.opened", 0},
};

START_TEST(a_pattern_names_types)
{
    ck_assert_int_eq(__builtin_popcount(event_types_matching(patterns[_i].pattern)),
                     (int)patterns[_i].count);
    ck_assert_uint_eq(event_types_matching(patterns[_i].pattern) & ~EVENT_TYPES_ALL, 0);
}
END_TEST

START_TEST(long_text_is_cut_between_characters_and_nothing_overflows)
{
    char longest[2000];

    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest + EVENT_TEXT_LENGTH - 1, "\xe2\x82\xac",
           3); /* one character across the end */
    event_post(EVENT_SESSION_OPENED, EVENT_TEXT("a", longest), EVENT_TEXT("b", longest),
               EVENT_TEXT("c", longest), EVENT_TEXT("d", longest), EVENT_TEXT("e", "x"),
               EVENT_TEXT("f", ""));
    ck_assert(event_read(events_last(), &r));
    ck_assert_uint_eq(r.member_count, 6);
    ck_assert_uint_eq(strlen(r.members[0].text), EVENT_TEXT_LENGTH - 1);
    ck_assert_uint_eq(strlen(r.members[1].text), EVENT_TEXT_LENGTH - 1);
    ck_assert_uint_eq(strlen(r.members[2].text),
                      EVENT_TEXT_ROOM - 2 * (size_t)EVENT_TEXT_LENGTH - 1);
    for (unsigned i = 3; i < 6; i++)
        ck_assert_str_eq(r.members[i].text, "");
    for (unsigned i = 0; i < 6; i++)
        ck_assert(r.members[i].text >= r.text &&
                  r.members[i].text + strlen(r.members[i].text) < r.text + sizeof r.text);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_copied_as_they_are)
{
    char bytes[300];

    memset(bytes, 0x80, sizeof bytes);
    bytes[sizeof bytes - 1] = '\0';
    event_post(EVENT_SESSION_OPENED, EVENT_TEXT("initiator", bytes));
    ck_assert(event_read(events_last(), &r));
    ck_assert_uint_eq(strlen(r.members[0].text), EVENT_TEXT_LENGTH);
}
END_TEST

START_TEST(members_above_the_most_are_left_out)
{
    event_post(EVENT_LOG_ERROR, EVENT_INTEGER("1", 1), EVENT_INTEGER("2", 1),
               EVENT_INTEGER("3", 1), EVENT_INTEGER("4", 1), EVENT_INTEGER("5", 1),
               EVENT_INTEGER("6", 1), EVENT_INTEGER("7", 1), EVENT_INTEGER("8", 1),
               EVENT_INTEGER("9", 1));
    ck_assert(event_read(events_last(), &r));
    ck_assert_uint_eq(r.member_count, EVENT_MEMBERS_MAX);
}
END_TEST

START_TEST(a_warning_in_the_log_is_an_event_and_information_is_not)
{
    uint64_t before = events_last();

    log_info("core", "nothing to see", NULL);
    ck_assert_uint_eq(events_last(), before);
    log_warning("net", "too many open files", "portal", "::", "why", NULL, NULL);
    ck_assert(event_read(before + 1, &r));
    ck_assert_int_eq(r.type, EVENT_LOG_WARNING);
    ck_assert_uint_eq(r.member_count, 3);
    ck_assert_str_eq(r.members[0].text, "net");
    ck_assert_str_eq(r.members[1].text, "too many open files");
    ck_assert_str_eq(r.members[2].key, "portal");
    log_error("core", "a", "b", "1", "c", "2", "d", "3", "e", "4", "f", "5", "g", "6", "h", "7",
              NULL);
    ck_assert(event_read(before + 2, &r));
    ck_assert_int_eq(r.type, EVENT_LOG_ERROR);
    ck_assert_uint_eq(r.member_count, EVENT_MEMBERS_MAX);
    ck_assert_int_eq(log_set_level("net", LOG_LEVEL_ERROR), 0);
    log_warning("net", "not said", NULL);
    ck_assert_uint_eq(events_last(), before + 2);
}
END_TEST

#define POSTERS 4
#define EACH    20000

static unsigned times_arrived;

static void
arrived(void)
{
    ck_assert(worker_is_current(crew_main()));
    times_arrived++;
}

static void *
post_many(void *arg)
{
    for (unsigned i = 0; i < EACH; i++)
        event_post(EVENT_CONFIG_CHANGED, EVENT_TEXT("by", arg), EVENT_INTEGER("n", i));
    return NULL;
}

START_TEST(many_threads_post_and_main_is_told_once_for_many)
{
    static char *const names[POSTERS] = {"0", "1", "2", "3"};
    uint64_t first = events_last() + 1, read = 0;
    int64_t last_of[POSTERS] = {-1, -1, -1, -1};
    pthread_t threads[POSTERS];

    ck_assert_int_eq(crew_new(1), 0);
    worker_enter(crew_main());
    events_watch(arrived);
    for (unsigned i = 0; i < POSTERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many, names[i]), 0);
    for (uint64_t id = first; id < first + (uint64_t)POSTERS * EACH;) {
        worker_turn(crew_main(), false);
        while (event_read(id, &r)) {
            unsigned by = (unsigned)(r.members[0].text[0] - '0');

            ck_assert_uint_lt(by, POSTERS);
            ck_assert_int_gt(r.members[1].integer, last_of[by]); /* each one's in order */
            last_of[by] = r.members[1].integer;
            read++;
            id++;
        }
        if (events_last() >= id)
            (void)events_resume((int64_t)id - 1, &id);
    }
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    worker_turn(crew_main(), false);
    ck_assert_uint_gt(read, 0);
    ck_assert_uint_gt(times_arrived, 0);
    ck_assert_uint_lt(times_arrived, POSTERS * EACH);
    events_watch(NULL);
    times_arrived = 0;
    post(1);
    worker_turn(crew_main(), false);
    ck_assert_uint_eq(times_arrived, 0);
    worker_enter(NULL);
    crew_free();
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

TCase *
event_cases(void)
{
    TCase *t = tcase_create("events");

    tcase_add_test(t, an_event_is_read_as_it_was_posted);
    tcase_add_test(t, ids_grow_by_one_and_the_oldest_are_dropped);
    tcase_add_loop_test(t, a_reader_goes_on_where_it_was_and_is_told_what_it_lost, 0,
                        COUNT(places));
    tcase_add_test(t, ids_of_a_later_run_are_above_those_of_this_one);
    tcase_add_test(t,
                   what_a_peer_can_cause_in_a_loop_is_limited_and_what_was_left_out_is_counted);
    tcase_add_loop_test(t, a_pattern_names_types, 0, COUNT(patterns));
    tcase_add_test(t, long_text_is_cut_between_characters_and_nothing_overflows);
    tcase_add_test(t, bytes_that_are_no_text_are_copied_as_they_are);
    tcase_add_test(t, members_above_the_most_are_left_out);
    tcase_add_test(t, a_warning_in_the_log_is_an_event_and_information_is_not);
    tcase_add_test(t, many_threads_post_and_main_is_told_once_for_many);
    return t;
}
