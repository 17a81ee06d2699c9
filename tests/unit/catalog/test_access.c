/* test_access.c: which ACL entry lets an initiator in. */
#include "catalog/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/build.h"
#include "catalog/catalog.h"
#include "core/network.h"
#include "documents.h"
#include "suites.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static const struct {
    const char *pattern, *name;
    bool matches;
} patterns[] = {
    {"iqn.a", "iqn.a", true},
    {"iqn.a", "IQN.A", true},
    {"IQN.A", "iqn.a", true},
    {"iqn.a", "iqn.ab", false},
    {"iqn.ab", "iqn.a", false},
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "iqn.a", true},
    {"iqn.*", "iqn.", true},
    {"iqn.*", "iqn.a:b", true},
    {"iqn.*", "eui.a", false},
    {"*:01:*", "iqn.b:01:c", true},
    {"*:01:*", "iqn.b:02:c", false},
    {"*a", "iqn.aab", false},
    {"*aab", "iqn.aaaab", true},
    {"a*b*c", "axbxbxc", true},
    {"a*b*c", "axcxb", false},
    {"a**c", "abc", true},
    {"iqn.?", "iqn.a", true},
    {"iqn.?", "iqn.", false},
    {"iqn.?", "iqn.ab", false},
    {"?*", "", false},
    {"?*", "a", true},
    {"*?b", "aab", true},
    {"iqn.?"
     "?"
     "?z",
     "iqn.abcz", true},
    /* A character may have several bytes. */
    {"iqn.?:a", "iqn.\xc3\xa9:a", true},
    {"iqn.??:a", "iqn.\xc3\xa9:a", false},
    {"iqn.?", "iqn.\xc3", true},
    {"iqn.*a",
     "iqn.\xe2\x82\xac"
     "a",
     true},
    /* A name is a name, not a pattern. */
    {"iqn.a", "iqn.*", false},
    {"iqn.a", "?????", false},
};

START_TEST(a_star_is_any_text_and_a_question_mark_one_character)
{
    ck_assert(access_name_matches(patterns[_i].pattern, patterns[_i].name) ==
              patterns[_i].matches);
}
END_TEST

/* As long as names get, and built to be tried again and again. */
START_TEST(a_pattern_of_many_stars_is_answered_in_time)
{
    char pattern[224] = "", name[224] = "";

    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 3);
    memset(name, 'a', sizeof name - 2);
    name[sizeof name - 2] = 'b';
    ck_assert(!access_name_matches(pattern, name));
}
END_TEST

#define FROM4 "192.0.2.7:48812"
#define FROM6 "[2001:db8::7]:48812"

static const struct {
    const char *acls, *initiator, *from;
    const char *entry; /* NULL: not allowed */
} logins[] = {
    {"{}", "iqn.a", FROM4, NULL},
    {"{'iqn.a':{}}", "iqn.a", FROM4, "iqn.a"},
    {"{'iqn.a':{}}", "IQN.A", "", "iqn.a"},
    {"{'iqn.a':{}}", "iqn.ab", FROM4, NULL},
    {"{'iqn.a':{}}", "*", FROM4, NULL},
    {"{'*':{}}", "iqn.b", FROM4, "*"},
    /* A name before patterns before "*", wherever they stand. */
    {"{'*':{},'iqn.a':{}}", "iqn.a", FROM4, "iqn.a"},
    {"{'iqn.a':{},'*':{}}", "iqn.b", FROM4, "*"},
    {"{'*':{},'iqn.*':{},'iqn.a':{}}", "iqn.a", FROM4, "iqn.a"},
    {"{'*':{},'iqn.*':{},'iqn.a':{}}", "iqn.b", FROM4, "iqn.*"},
    {"{'*':{},'iqn.*':{},'iqn.a':{}}", "eui.b", FROM4, "*"},
    {"{'*':{},'?*':{}}", "eui.b", FROM4, "?*"},
    /* Among patterns, what says more of the name; then the order of their text. */
    {"{'iqn.*':{},'iqn.a:*':{}}", "iqn.a:x", FROM4, "iqn.a:*"},
    {"{'iqn.a:*':{},'iqn.*':{}}", "iqn.a:x", FROM4, "iqn.a:*"},
    {"{'iqn.a:?*?*?*?*?*?*?*?*?':{},'iqn.a:x*':{}}", "iqn.a:x234567890123456", FROM4,
     "iqn.a:x*"},
    {"{'iqn.*:y':{},'iqn.?:y':{}}", "iqn.a:y", FROM4, "iqn.*:y"},
    {"{'iqn.?:y':{},'iqn.*:y':{}}", "iqn.a:y", FROM4, "iqn.*:y"},
    /* An entry whose networks do not match is passed over. */
    {"{'iqn.a':{'networks':['192.0.2.0/24']}}", "iqn.a", FROM4, "iqn.a"},
    {"{'iqn.a':{'networks':['192.0.2.0/24']}}", "iqn.a", FROM6, NULL},
    {"{'iqn.a':{'networks':['2001:db8::/32','192.0.2.0/24']}}", "iqn.a", FROM4, "iqn.a"},
    {"{'iqn.a':{'networks':['2001:db8::/32','192.0.2.0/24']}}", "iqn.a", FROM6, "iqn.a"},
    {"{'iqn.a':{'networks':['198.51.100.0/24']},'iqn.*':{'networks':['192.0.2.0/24']},'*':{}}",
     "iqn.a", FROM4, "iqn.*"},
    {"{'iqn.a':{'networks':['198.51.100.0/24']},'iqn.*':{'networks':['192.0.2.0/24']},'*':{}}",
     "iqn.a", FROM6, "*"},
    {"{'iqn.a':{'networks':['0.0.0.0/0']}}", "iqn.a", "", NULL},
};

static void
check_login(const char *acls, const char *initiator, const char *from, const char *entry)
{
    json_t *given = json_of(acls);
    struct target t = {0};
    struct ip_address address;
    const struct acl_entry *found;

    ck_assert_int_eq(build_acls(given, &t.acls, &t.acl_count), 0);
    ip_address_of_socket(from, &address);
    found = access_entry(&t, initiator, &address);
    if (entry == NULL)
        ck_assert_msg(found == NULL, "%s: by %s", acls, found->initiator);
    else
        ck_assert_msg(found != NULL && strcmp(found->initiator, entry) == 0, "%s: by %s", acls,
                      found == NULL ? "none" : found->initiator);
    acl_entries_free(t.acls, t.acl_count);
    json_decref(given);
}

START_TEST(the_entry_that_says_most_of_the_name_counts)
{
    check_login(logins[_i].acls, logins[_i].initiator, logins[_i].from, logins[_i].entry);
}
END_TEST

/* tgt kept a list of names and one of networks and let in whom either of them had. */
START_TEST(name_and_networks_must_both_match)
{
    static const char acls[] = "{'iqn.a':{'networks':['192.0.2.0/24']},"
                               "'iqn.b:*':{'networks':['2001:db8::/32']}}";

    check_login(acls, "iqn.a", FROM4, "iqn.a");
    check_login(acls, "iqn.a", FROM6, NULL);
    check_login(acls, "iqn.a", "198.51.100.1:1", NULL);
    check_login(acls, "iqn.c", FROM4, NULL);
    check_login(acls, "iqn.b:1", FROM6, "iqn.b:*");
    check_login(acls, "iqn.b:1", FROM4, NULL);
    check_login(acls, "iqn.c", FROM6, NULL);
}
END_TEST

/* tgt matched nobody where the prefix was the whole address. */
START_TEST(an_entry_for_one_address_lets_that_address_in)
{
    static const char acls[] = "{'iqn.a':{'networks':['192.0.2.7/32','2001:db8::7/128']}}";

    check_login(acls, "iqn.a", FROM4, "iqn.a");
    check_login(acls, "iqn.a", FROM6, "iqn.a");
    check_login(acls, "iqn.a", "[::ffff:192.0.2.7]:48812", "iqn.a");
    check_login(acls, "iqn.a", "192.0.2.8:48812", NULL);
    check_login(acls, "iqn.a", "[2001:db8::8]:48812", NULL);
}
END_TEST

/* What an entry shows of a target that has LUN 0, 5 (read-only), 7 (not enabled) and 9. */
static const struct {
    const char *entry, *seen; /* "number=the target's number", r: read-only */
} maps[] = {
    {"{}", "0=0 5=5r 9=9"},
    {"{'luns':[]}", ""},
    {"{'luns':[{'lun':9}]}", "9=9"},
    {"{'luns':[{'lun':9,'read_only':true},{'lun':0}]}", "0=0 9=9r"},
    {"{'luns':[{'lun':9,'seen_as':0},{'lun':0,'seen_as':9}]}", "0=9 9=0"},
    {"{'luns':[{'lun':0,'seen_as':16383},{'lun':5,'seen_as':1}]}", "1=5r 16383=0"},
    {"{'luns':[{'lun':5,'seen_as':0,'read_only':false}]}", "0=5r"},
    {"{'luns':[{'lun':7,'seen_as':0},{'lun':9,'seen_as':1}]}", "1=9"},
    {"{'luns':[{'lun':8}]}", ""},
};

START_TEST(an_entry_shows_its_luns_under_its_numbers)
{
    struct lun_export luns[] = {
        {.number = 0, .enabled = true},
        {.number = 5, .enabled = true, .read_only = true},
        {.number = 7},
        {.number = 9, .enabled = true},
    };
    struct target t = {.luns = luns, .lun_count = COUNT(luns)};
    json_t *acls = json_pack("{s:o}", "*", json_of(maps[_i].entry));
    struct access_lun lun;
    char seen[200] = "";

    ck_assert_int_eq(build_acls(acls, &t.acls, &t.acl_count), 0);
    for (size_t i = 0; i < access_lun_places(&t, &t.acls[0]); i++)
        if (access_lun_at(&t, &t.acls[0], i, &lun))
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%u=%u%s",
                     seen[0] != '\0' ? " " : "", lun.number, lun.export->number,
                     lun.read_only ? "r" : "");
    ck_assert_str_eq(seen, maps[_i].seen);
    acl_entries_free(t.acls, t.acl_count);
    json_decref(acls);
}
END_TEST

TCase *
access_cases(void)
{
    TCase *t = tcase_create("access");

    tcase_add_loop_test(t, a_star_is_any_text_and_a_question_mark_one_character, 0,
                        COUNT(patterns));
    tcase_add_test(t, a_pattern_of_many_stars_is_answered_in_time);
    tcase_add_loop_test(t, the_entry_that_says_most_of_the_name_counts, 0, COUNT(logins));
    tcase_add_test(t, name_and_networks_must_both_match);
    tcase_add_test(t, an_entry_for_one_address_lets_that_address_in);
    tcase_add_loop_test(t, an_entry_shows_its_luns_under_its_numbers, 0, COUNT(maps));
    return t;
}
