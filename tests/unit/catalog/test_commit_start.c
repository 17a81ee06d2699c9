/* test_commit_start.c: starting from a configuration file, and from a damaged state. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "core/error.h"
#include "service.h"
#include "suites.h"

/* With apostrophes for quotation marks, and not always JSON. */
static void
write_json(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    for (; *text != '\0'; text++)
        fputc(*text == '\'' ? '"' : *text, f);
    fclose(f);
}

START_TEST(a_configuration_file_rules_and_calls_change_nothing)
{
    static const char text[] = "{\"backstores\":{\"r\":{\"type\":\"ram\",\"size\":512}}}";
    FILE *f = fopen(in_folder("config"), "w");
    struct error err = {0};
    char naa[32];

    fputs(text, f);
    fclose(f);
    ck_assert_msg(service_open(in_folder("config"), false, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(size_of("r"), 512);
    apply_in_vain(RAM, ERROR_PERMISSION_DENIED, "--config");
    snprintf(naa, sizeof naa, "%s", document_at("/backstores/r/naa"));
    service_stop();
    crew_again();
    ck_assert_msg(service_open(in_folder("config"), false, &err) == 0, "%s", err.message);
    ck_assert_str_eq(document_at("/backstores/r/naa"), naa); /* the same disk */
}
END_TEST

static char config[256]; /* the service borrows its name */
static const char *wanted;

static bool
is_there(void)
{
    return backstore_called(wanted) != NULL;
}

static void
open_with_file(const char *text)
{
    struct error err = {0};

    snprintf(config, sizeof config, "%s", in_folder("config"));
    write_json(config, text);
    ck_assert_msg(service_open(config, false, &err) == 0, "%s", err.message);
}

START_TEST(a_configuration_file_that_is_read_again_is_applied)
{
    char naa[32];

    open_with_file("{'backstores':{'r':{'type':'ram','size':512},"
                   "'gone':{'type':'ram','size':512}}}");
    snprintf(naa, sizeof naa, "%s", document_at("/backstores/r/naa"));
    write_json(config, "{'backstores':{'r':{'type':'ram','size':1024},"
                       "'s':{'type':'ram','size':2048}}}");
    commit_reload();
    wanted = "s";
    run_until(is_there);
    ck_assert_uint_eq(size_of("r"), 1024);
    ck_assert_ptr_null(backstore_called("gone"));
    ck_assert_str_eq(document_at("/backstores/r/naa"), naa); /* the same disk */
    apply_in_vain(RAM, ERROR_PERMISSION_DENIED, "--config");
}
END_TEST

START_TEST(a_configuration_file_is_read_once_more_when_it_changed_meanwhile)
{
    open_with_file("{}");
    commit_reload();
    commit_reload();
    commit_reload();
    write_json(config, "{'backstores':{'late':{'type':'ram','size':512}}}");
    wanted = "late";
    run_until(is_there);
}
END_TEST

static const char *const wrong_again[] = {
    "{'backstores':{'r':{'type':'nonsense'}}}",
    "{'backstores':", "{'backstores':{'r':{'type':'rdwr','path':'/nonexistent/file'}}}",
    NULL, /* it is gone */
};

START_TEST(a_wrong_configuration_file_that_is_read_again_changes_nothing)
{
    uint64_t revision;

    open_with_file("{'backstores':{'r':{'type':'ram','size':512}}}");
    revision = commit_revision();
    if (wrong_again[_i] != NULL)
        write_json(config, wrong_again[_i]);
    else
        unlink(config);
    commit_reload();
    apply_in_vain(RAM, ERROR_PERMISSION_DENIED, "--config"); /* its turn is after that */
    ck_assert_uint_eq(commit_revision(), revision);
    ck_assert_uint_eq(size_of("r"), 512);
    write_json(config, "{'backstores':{'s':{'type':'ram','size':512}}}");
    commit_reload();
    wanted = "s";
    run_until(is_there);
}
END_TEST

/* What is said is for whoever starts the daemon: there are no data of an answer. */
static const struct {
    const char *text; /* NULL: a folder */
    const char *message;
} wrong_configs[] = {
    {"{'backstorse':{}}", "did you mean \"backstores\""},
    {"{'a':1,'b':2}", "; the log has all of them"},
    {"{'version':1,\n'version':1}", "/config' is not valid JSON: line 2, "},
    {"", "/config' is not valid JSON: line 1, "},
    {NULL, "/config' is not a regular file"},
};

START_TEST(a_wrong_configuration_file_is_refused)
{
    const char *path = in_folder("config"), *text = wrong_configs[_i].text;
    struct error err = {0};

    if (text == NULL)
        ck_assert_int_eq(mkdir(path, 0700), 0);
    else
        write_json(path, text);
    ck_assert_int_eq(service_open(path, false, &err), -1);
    ck_assert_int_eq(err.code, ERROR_INVALID_CONFIG);
    ck_assert_msg(strstr(err.message, wrong_configs[_i].message) != NULL, "%s", err.message);
    ck_assert_ptr_null(strstr(err.message, "data.problems"));
}
END_TEST

START_TEST(a_damaged_state_is_recovered_only_on_request)
{
    struct error err = {0};
    FILE *f;

    service_start();
    apply_well(RAM);
    apply_well("{'backstores':{'r':null}}");
    service_stop();
    unlink(in_folder("state/state.json"));
    f = fopen(in_folder("state/state.json"), "w");
    fputs("{\"revision\":", f);
    fclose(f);
    crew_again();
    ck_assert_int_eq(service_open(NULL, false, &err), -1);
    ck_assert_msg(strstr(err.message, "--recover") != NULL, "%s", err.message);
    ck_assert_msg(service_open(NULL, true, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(size_of("r"), 65536);
    ck_assert_uint_eq(commit_revision(), 3);
    ck_assert(file_is_there("state/state.json.damaged"));
}
END_TEST

/* Where a file is lost, 'create' does not help: neither is it said. */
START_TEST(a_file_that_is_lost_is_said_not_to_be_made_anew)
{
    static const char *const touches[] = {"{'backstores':{'d':{}}}",
                                          "{'backstores':{'d':{'create':false}}}"};
    static const char says[] = "No such file or directory; it was there before";

    service_start();
    apply_well("{'backstores':{'d':{'type':'rdwr','path':'@/d','size':65536,'create':true}}}");
    ck_assert_int_eq(unlink(in_folder("d")), 0);
    service_restart();
    ck_assert_msg(strstr(backstore_called("d")->error.message, says) != NULL, "%s",
                  backstore_called("d")->error.message);
    for (size_t i = 0; i < sizeof touches / sizeof touches[0]; i++)
        apply_in_vain(touches[i], ERROR_BACKEND, says);
    ck_assert(!file_is_there("d"));
    apply_in_vain("{'backstores':{'n':{'type':'rdwr','path':'@/n'}}}", ERROR_BACKEND,
                  "with 'create' it is made");
}
END_TEST

/* How often TEXT is in the log of a restart with PORTAL. */
static unsigned
logged_with_portal(const char *portal, const char *text)
{
    int saved = dup(STDERR_FILENO),
        log = open(in_folder("log"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    char lines[4096];
    unsigned count = 0;
    ssize_t n;

    ck_assert(saved >= 0 && log >= 0);
    service_hooks.portal = portal;
    dup2(log, STDERR_FILENO);
    service_restart();
    dup2(saved, STDERR_FILENO);
    n = pread(log, lines, sizeof lines - 1, 0);
    lines[n > 0 ? n : 0] = '\0';
    for (const char *at = lines; (at = strstr(at, text)) != NULL; at++)
        count++;
    close(saved);
    close(log);
    return count;
}

START_TEST(a_portal_that_a_configuration_stands_in_the_way_of_is_said_to_be_ignored)
{
    static const struct {
        const char *portal;
        unsigned warnings;
    } starts[] = {{"127.0.0.1:3260", 0}, {"", 0}, {"127.0.0.1:3261", 1}, {"127.0.0.2:3260", 1}};

    service_start();
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        ck_assert_uint_eq(
            logged_with_portal(starts[i].portal, "--portal is for an empty state"),
            starts[i].warnings);
    ck_assert_str_eq(document_at("/portal_groups/1/portals"),
                     "[{'address':'127.0.0.1','port':3260}]");
    /* The same, though the port goes without saying. */
    apply_well("{'portal_groups':{'1':{'portals':[{'address':'127.0.0.3'}]}}}");
    ck_assert_uint_eq(logged_with_portal("127.0.0.3:3260", "--portal is for"), 0);
}
END_TEST

TCase *
commit_start_cases(void)
{
    TCase *t = tcase_create("commit_start");

    tcase_add_checked_fixture(t, service_setup, service_end);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_configuration_file_rules_and_calls_change_nothing);
    tcase_add_test(t, a_configuration_file_that_is_read_again_is_applied);
    tcase_add_test(t, a_configuration_file_is_read_once_more_when_it_changed_meanwhile);
    tcase_add_loop_test(t, a_wrong_configuration_file_that_is_read_again_changes_nothing, 0,
                        sizeof wrong_again / sizeof wrong_again[0]);
    tcase_add_loop_test(t, a_wrong_configuration_file_is_refused, 0,
                        sizeof wrong_configs / sizeof wrong_configs[0]);
    tcase_add_test(t, a_damaged_state_is_recovered_only_on_request);
    tcase_add_test(t, a_file_that_is_lost_is_said_not_to_be_made_anew);
    tcase_add_test(t, a_portal_that_a_configuration_stands_in_the_way_of_is_said_to_be_ignored);
    return t;
}
