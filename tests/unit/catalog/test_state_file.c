/* test_state_file.c: saving and loading, and everything that can be wrong with a file. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/document.h"
#include "catalog/schema.h"
#include "catalog/state_file.h"
#include "core/error.h"
#include "documents.h"
#include "suites.h"

static char folder[64];
static struct state_file *file;

static void
setup(void)
{
    struct error err = {0};

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    /* In memory where that can be had: each save waits for the disk. */
    snprintf(folder, sizeof folder, "%s/test_state_XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    file = state_file_open(folder, &err);
    ck_assert_msg(file != NULL, "%s", err.message);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void
teardown(void)
{
    state_file_close(file);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    schema_unload();
}

static const char *
path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool
is_there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static json_t *
document(const char *address)
{
    return json_pack("{s:i,s:{s:{s:[{s:s}]}},s:{},s:{}}", "version", 1, "portal_groups", "1",
                     "portals", "address", address, "backstores", "targets");
}

static void
save(const char *address, uint64_t revision)
{
    json_t *d = document(address);
    struct error err = {0};

    ck_assert_msg(state_file_save(file, d, revision, &err) == 0, "%s", err.message);
    json_decref(d);
}

static enum state_found
load(char address[64], uint64_t *revision, struct error *err)
{
    json_t *d = NULL;
    enum state_found found = state_file_load(file, &d, revision, err);

    address[0] = '\0';
    if (found == STATE_IS_GOOD)
        snprintf(address, 64, "%s",
                 json_string_value(json_at(d, "/portal_groups/1/portals/0/address")));
    json_decref(d);
    return found;
}

/* Closes and opens, as a restart does. */
static void
restart(void)
{
    struct error err = {0};

    state_file_close(file);
    file = state_file_open(folder, &err);
    ck_assert_msg(file != NULL, "%s", err.message);
}

static void
overwrite(const char *name, const char *text, size_t length)
{
    FILE *f = fopen(path_of(name), "w");

    ck_assert_uint_eq(fwrite(text, 1, length, f), length);
    fclose(f);
}

START_TEST(what_was_saved_is_loaded)
{
    char address[64];
    uint64_t revision = 99;
    struct error err = {0};
    struct stat st;

    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_NEW);
    save("127.0.0.1", 0);
    save("127.0.0.2", 1);
    restart();
    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_GOOD);
    ck_assert_str_eq(address, "127.0.0.2");
    ck_assert_uint_eq(revision, 1);
    ck_assert_int_eq(stat(path_of("state.json"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert(is_there("state-0.json"));
    ck_assert(!is_there("state.json.new"));
}
END_TEST

START_TEST(the_last_ten_are_kept)
{
    char address[64], name[32];
    uint64_t revision;

    for (unsigned i = 0; i < 25; i++) {
        save("::", i);
        if (i == 12) { /* a restart loses none */
            restart();
            ck_assert_int_eq(load(address, &revision, NULL), STATE_IS_GOOD);
        }
    }
    for (unsigned i = 0; i < 25; i++) {
        snprintf(name, sizeof name, "state-%u.json", i);
        ck_assert_int_eq(is_there(name), i >= 14 && i < 24);
    }
}
END_TEST

START_TEST(a_second_daemon_is_kept_out)
{
    struct error err = {0};

    ck_assert_ptr_null(state_file_open(folder, &err));
    ck_assert_ptr_nonnull(strstr(err.message, folder));
    ck_assert_ptr_nonnull(strstr(err.message, "in use by another daemon"));
}
END_TEST

START_TEST(a_file_cut_at_any_byte_is_told_and_kept)
{
    char text[4096], address[64];
    uint64_t revision;
    size_t length;
    FILE *f;

    save("127.0.0.1", 6);
    save("127.0.0.2", 7);
    f = fopen(path_of("state.json"), "r");
    length = fread(text, 1, sizeof text, f);
    fclose(f);
    ck_assert_uint_lt(length, sizeof text);
    for (size_t cut = 0; cut + 2 < length; cut++) { /* without the last newline it is whole */
        struct error err = {0};
        struct stat st;
        unlink(path_of("state.json")); /* its bytes have another name, too */
        overwrite("state.json", text, cut);
        restart();
        ck_assert_int_eq(load(address, &revision, &err), STATE_IS_WRONG);
        ck_assert_msg(strstr(err.message, "state.json' is damaged: line ") != NULL, "%s",
                      err.message);
        ck_assert_msg(strstr(err.message, "127.") == NULL, "%s", err.message); /* no secrets */
        ck_assert_msg(strstr(err.message, "/state-6.json'; start with --recover") != NULL, "%s",
                      err.message);
        ck_assert_int_eq(stat(path_of("state.json"), &st), 0);
        ck_assert_uint_eq((size_t)st.st_size, cut);
    }
}
END_TEST

static const struct {
    const char *text, *message;
} wrong_files[] = {
    {"{'revision':1}", "it has no revision or no configuration"},
    {"{'config':{}}", "it has no revision or no configuration"},
    {"[]", "it has no revision or no configuration"},
    {"{'revision':-1,'config':{}}", "it has no revision or no configuration"},
    {"{'revision':1,'config':{'version':2}}", "written by a newer program"},
    {"{'revision':1,'config':{'version':1,'backstorse':{}}}",
     "the first: /backstorse: unknown member"},
    {"{'revision':1,'config':{'version':1,'version':1}}", "duplicate object key"},
    {"{'revision':1,'config':{'targets':{'iqn.2026-01.org.example:a':{'portal_groups':[3]}}}}",
     "there is no portal group 3"},
};

START_TEST(a_file_that_is_wrong_is_told_how)
{
    char text[256], address[64];
    uint64_t revision;
    struct error err = {0};

    snprintf(text, sizeof text, "%s", wrong_files[_i].text);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    overwrite("state.json", text, strlen(text));
    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_WRONG);
    ck_assert_msg(strstr(err.message, wrong_files[_i].message) != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, "no earlier one") != NULL, "%s", err.message);
}
END_TEST

START_TEST(the_last_good_one_is_recovered_and_the_damaged_one_kept)
{
    json_t *d = NULL;
    uint64_t revision;
    struct error err = {0};

    save("127.0.0.1", 1);
    save("127.0.0.2", 2);
    save("127.0.0.3", 3);
    unlink(path_of("state.json"));
    overwrite("state.json", "{", 1);
    unlink(path_of("state-2.json"));
    overwrite("state-2.json", "{\"rev", 5); /* the newest earlier one is damaged, too */
    restart();
    ck_assert_int_eq(state_file_load(file, &d, &revision, &err), STATE_IS_WRONG);
    ck_assert_int_eq(state_file_recover(file, &d, &revision, &err), 0);
    ck_assert_uint_eq(revision, 1);
    ck_assert_str_eq(json_string_value(json_at(d, "/portal_groups/1/portals/0/address")),
                     "127.0.0.1");
    json_decref(d);
    ck_assert(is_there("state.json.damaged"));
    save("127.0.0.9", 5);
    ck_assert(is_there("state.json.damaged"));
    ck_assert(!is_there("state-3.json")); /* the damaged one is not among the good ones */
}
END_TEST

START_TEST(a_state_file_that_is_gone_is_not_taken_for_a_new_folder)
{
    char address[64];
    uint64_t revision;
    struct error err = {0};

    save("::", 1);
    save("::", 2);
    unlink(path_of("state.json"));
    restart();
    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_WRONG);
    ck_assert_msg(strstr(err.message, "state.json' is gone") != NULL, "%s", err.message);
}
END_TEST

/* Ways in which a file cannot be written. */
static void
make_folder_in_the_way(void)
{
    ck_assert_int_eq(mkdir(path_of("state.json.new"), 0700), 0);
}

static void
limit_file_size(void)
{
    const struct rlimit limit = {.rlim_cur = 50, .rlim_max = RLIM_INFINITY};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static char aside[80];

static void
replace_folder_by_file(void)
{
    snprintf(aside, sizeof aside, "%s.aside", folder);
    ck_assert_int_eq(rename(folder, aside), 0);
    close(open(folder, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void
put_folder_back(void)
{
    unlink(folder);
    ck_assert_int_eq(rename(aside, folder), 0);
}

static void
lift_limit(void)
{
    const struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
remove_folder_in_the_way(void)
{
    ck_assert_int_eq(rmdir(path_of("state.json.new")), 0);
}

static const struct {
    void (*spoil)(void), (*mend)(void);
} write_failures[] = {
    {make_folder_in_the_way, remove_folder_in_the_way},
    {limit_file_size, lift_limit},
    {replace_folder_by_file, put_folder_back},
};

START_TEST(a_failed_write_leaves_what_was_there)
{
    json_t *d = document("127.0.0.2");
    char address[64];
    uint64_t revision;
    struct error err = {0};

    save("127.0.0.1", 1);
    write_failures[_i].spoil();
    ck_assert_int_eq(state_file_save(file, d, 2, &err), -1);
    ck_assert_int_eq(err.code, ERROR_PERSIST_FAILED);
    ck_assert_int_ne(err.sys_errno, 0);
    ck_assert_ptr_nonnull(strstr(err.message, state_file_path(file)));
    write_failures[_i].mend();
    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_GOOD);
    ck_assert_str_eq(address, "127.0.0.1");
    ck_assert_int_eq(state_file_save(file, d, 2, &err), 0);
    ck_assert_int_eq(load(address, &revision, &err), STATE_IS_GOOD);
    ck_assert_uint_eq(revision, 2);
    json_decref(d);
}
END_TEST

START_TEST(a_configuration_may_be_bare_or_as_config_get_gives_it)
{
    const char *bare = "{\"version\":1}",
               *whole = "{\"revision\":4,\"config\":{\"version\":1}}";
    struct error err = {0};
    json_t *a, *b;

    overwrite("a", bare, strlen(bare));
    overwrite("b", whole, strlen(whole));
    overwrite("c", "{", 1);
    a = state_file_read_config(path_of("a"), &err);
    b = state_file_read_config(path_of("b"), &err);
    ck_assert(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    ck_assert_ptr_null(state_file_read_config(path_of("c"), &err));
    ck_assert_ptr_nonnull(strstr(err.message, "line 1"));
    ck_assert_ptr_null(state_file_read_config(path_of("d"), &err));
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
}
END_TEST

TCase *
state_file_cases(void)
{
    TCase *t = tcase_create("state_file");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_was_saved_is_loaded);
    tcase_add_test(t, the_last_ten_are_kept);
    tcase_add_test(t, a_second_daemon_is_kept_out);
    tcase_add_test(t, a_file_cut_at_any_byte_is_told_and_kept);
    tcase_add_loop_test(t, a_file_that_is_wrong_is_told_how, 0,
                        sizeof wrong_files / sizeof wrong_files[0]);
    tcase_add_test(t, the_last_good_one_is_recovered_and_the_damaged_one_kept);
    tcase_add_test(t, a_state_file_that_is_gone_is_not_taken_for_a_new_folder);
    tcase_add_loop_test(t, a_failed_write_leaves_what_was_there, 0,
                        sizeof write_failures / sizeof write_failures[0]);
    tcase_add_test(t, a_configuration_may_be_bare_or_as_config_get_gives_it);
    return t;
}
