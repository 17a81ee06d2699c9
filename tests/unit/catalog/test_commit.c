/* test_commit.c: changes from request to answer, with real workers, files and stores. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/disk.h"
#include "catalog/publish.h"
#include "core/crew.h"
#include "documents.h"
#include "scsi/lun.h"
#include "service.h"
#include "store/store.h"
#include "suites.h"

#define EXPORTS "'targets':{'" TARGET "':{'luns':{'0':{'backstore':'r'}},'acls':{'*':{}}}}"

START_TEST(the_first_start_makes_a_document_and_saves_it)
{
    ck_assert_uint_eq(commit_revision(), 0);
    ck_assert_str_eq(document_at(""),
                     "{'backstores':{},'portal_groups':{'1':{'portals':[{'address':'127.0.0.1',"
                     "'port':3260}]}},'targets':{},'version':1}");
    ck_assert(file_is_there("state/state.json"));
    ck_assert_uint_eq(service_hooks.switched, 1);
    ck_assert_ptr_nonnull(catalog_portal_group(catalog_current(), 1));
    ck_assert(commit_state_is_saved(NULL));
    service_restart();
    ck_assert_uint_eq(commit_revision(), 0);
}
END_TEST

START_TEST(a_change_is_made_saved_and_there_after_a_restart)
{
    const struct target *t;
    char serial[64];
    const struct commit *c;

    apply_well(RAM);
    c = apply(&(struct request){.patch = "{" EXPORTS "}"});
    ck_assert(c->changed);
    ck_assert_uint_eq(c->revision, 2);
    ck_assert_str_eq(text_of_json(c->changes),
                     "[{'after':{'acls':{'*':{}},'luns':{'0':{'backstore':'r'}}},'op':'add',"
                     "'path':'/targets/" TARGET "'}]");
    ck_assert_ptr_nonnull(json_at(c->after, "/targets"));
    ck_assert_str_eq(text_of_json(json_at(c->before, "/targets")), "{}");
    t = catalog_target(catalog_current(), TARGET);
    ck_assert_ptr_eq(target_lun(t, 0)->backstore, backstore_called("r"));
    ck_assert_uint_eq(size_of("r"), 65536);
    ck_assert_uint_eq(catalog_current()->revision, 2);
    snprintf(serial, sizeof serial, "%s", document_at("/backstores/r/serial"));
    ck_assert_uint_eq(strlen(serial), 22);
    service_restart();
    ck_assert_uint_eq(commit_revision(), 2);
    ck_assert_str_eq(document_at("/backstores/r/serial"), serial);
    ck_assert_uint_eq(size_of("r"), 65536);
    t = catalog_target(catalog_current(), TARGET);
    ck_assert_str_eq(t->acls[0].initiator, "*");
}
END_TEST

START_TEST(the_same_change_again_changes_nothing)
{
    const struct catalog *view;
    const struct commit *c;

    apply_well(FILE_D);
    view = catalog_current();
    c = apply(&(struct request){.patch = FILE_D});
    ck_assert_int_eq(c->error.code, ERROR_NONE);
    ck_assert(!c->changed);
    ck_assert_uint_eq(c->revision, 1);
    ck_assert_ptr_eq(catalog_current(), view);
    /* A document that names neither serial nor naa keeps what was made up. */
    c = apply(&(struct request){.replace = true, .patch = FILE_D});
    ck_assert(!c->changed);
    ck_assert_str_eq(text_of_json(c->changes), "[]");
    ck_assert(!file_is_there("state/state-1.json"));
}
END_TEST

START_TEST(what_a_replacement_does_not_name_goes)
{
    apply_well(RAM);
    apply_well("{" EXPORTS "}");
    ck_assert_int_eq(apply(&(struct request){.replace = true, .patch = "{}"})->error.code,
                     ERROR_NONE);
    ck_assert_uint_eq(catalog_current()->backstore_count, 0);
    ck_assert_uint_eq(catalog_current()->target_count, 0);
    ck_assert_uint_eq(catalog_current()->portal_group_count, 1);
    ck_assert_uint_eq(disk_count(), 0); /* closed before the answer */
}
END_TEST

START_TEST(a_dry_run_says_what_would_change_and_makes_nothing)
{
    const struct commit *c = apply(&(struct request){.patch = FILE_D, .dry_run = true});

    ck_assert_int_eq(c->error.code, ERROR_NONE);
    ck_assert(c->changed);
    ck_assert_uint_eq(c->revision, 0);
    ck_assert_uint_eq(json_array_size(c->changes), 1);
    ck_assert(!file_is_there("d"));
    ck_assert_uint_eq(commit_revision(), 0);
    ck_assert_uint_eq(catalog_current()->backstore_count, 0);
    c = apply(&(struct request){.patch = "{'backstores':{'d':{'type':'rdwr','path':'@/none'}}}",
                                .dry_run = true});
    ck_assert_int_eq(c->error.code, ERROR_BACKEND);
    ck_assert_str_eq(text_of_json(c->error_data), "{'object':{'kind':'backstore','name':'d'}}");
}
END_TEST

START_TEST(all_problems_are_in_the_answer)
{
    apply_in_vain("{'backstores':{'a':{'type':'ram'},'b':{'type':'tape'}},'targets':{'" TARGET
                  "':{'luns':{'0':{'backstore':'x'}}}}}",
                  ERROR_INVALID_CONFIG, "several problems");
    ck_assert_uint_eq(
        json_array_size(json_at(
            apply(&(struct request){.patch = "{'a':1,'b':2,'c':3}"})->error_data, "/problems")),
        3);
    apply_in_vain("{'targets':[]}", ERROR_INVALID_CONFIG, "/targets: expected object");
}
END_TEST

START_TEST(an_old_revision_is_refused)
{
    const struct commit *c;

    apply_well(RAM);
    c = apply(&(struct request){.patch = "{}", .expect_revision = 7});
    ck_assert_int_eq(c->error.code, ERROR_REVISION_MISMATCH);
    ck_assert_str_eq(text_of_json(c->error_data), "{'actual':1,'expected':7}");
    c = apply(&(struct request){.patch = "{}", .expect_revision = 1});
    ck_assert_int_eq(c->error.code, ERROR_NONE);
}
END_TEST

/* Where a change may fail: each time, all that came before is undone. */
static void
fail_first_store(void)
{
    /* The patch names a file that is not there, before one that is made. */
}

static void
fail_second_store(void)
{
    /* The patch names a file that is not there. */
}

static void
lengthen_later(void)
{
    /* The patch asks for more than the file has. */
}

static void
fail_portals(void)
{
    service_hooks.portals_fail = true;
}

static void
fail_save(void)
{
    ck_assert_int_eq(mkdir(in_folder("state/state.json.new"), 0700), 0);
}

static const struct {
    void (*spoil)(void);
    const char *patch;
    enum error_code code;
    bool portals_prepared;
} failures[] = {
    {fail_second_store,
     "{'backstores':{'n':{'type':'rdwr','path':'@/n','size':512,'create':true},"
     "'m':{'type':'rdwr','path':'@/missing'},'d':{'size':131072}}}",
     ERROR_BACKEND, false},
    {fail_first_store,
     "{'backstores':{'m':{'type':'rdwr','path':'@/missing'},'n':{'type':'rdwr','path':'@/n',"
     "'size':512,'create':true},'d':{'size':131072}}}",
     ERROR_BACKEND, false},
    {fail_portals,
     "{'backstores':{'n':{'type':'rdwr','path':'@/n','size':512,'create':true},"
     "'d':{'size':131072}}}",
     ERROR_BACKEND, false},
    {fail_save,
     "{'backstores':{'n':{'type':'rdwr','path':'@/n','size':512,'create':true},"
     "'d':{'size':131072}}}",
     ERROR_PERSIST_FAILED, true},
    /* Opening again on the same file, for other reasons, too. */
    {fail_save, "{'backstores':{'d':{'sync':true}}}", ERROR_PERSIST_FAILED, true},
    {fail_save, "{'backstores':{'d':{'sync':true,'size':131072}}}", ERROR_PERSIST_FAILED, true},
    {fail_save, "{'backstores':{'d':{'unmap':true,'size':131072}}}", ERROR_PERSIST_FAILED,
     true},
    {fail_save, "{'backstores':{'d':null,'e':{'type':'rdwr','path':'@/d'}}}",
     ERROR_PERSIST_FAILED, true},
    /* A file that is let go of, and then is too small. */
    {lengthen_later, "{'backstores':{'d':null,'e':{'type':'rdwr','path':'@/d','size':131072}}}",
     ERROR_BACKEND, true},
};

START_TEST(whatever_fails_everything_before_it_is_undone)
{
    struct stat before, after;

    apply_well(FILE_D);
    write_byte("d", 0x5a);
    stat(in_folder("d"), &before);
    failures[_i].spoil();
    apply_in_vain(failures[_i].patch, failures[_i].code,
                  failures[_i].spoil == lengthen_later ? "fewer than the size" : "cannot");
    stat(in_folder("d"), &after);
    ck_assert_int_eq(after.st_size, before.st_size);
    ck_assert(!file_is_there("n"));
    ck_assert_uint_eq(size_of("d"), 65536);
    ck_assert_uint_eq(read_byte("d"), 0x5a);
    ck_assert_uint_eq(disk_count(), 1);
    ck_assert_uint_eq(service_hooks.abandoned, failures[_i].portals_prepared);
    ck_assert_int_eq(commit_state_is_saved(NULL), failures[_i].code != ERROR_PERSIST_FAILED);
    /* And once nothing stands in the way any more, the change goes well. */
    service_hooks.portals_fail = false;
    rmdir(in_folder("state/state.json.new"));
    make_file("missing", 512);
    if (failures[_i].spoil == lengthen_later)
        ck_assert_int_eq(truncate(in_folder("d"), 131072), 0);
    apply_well(failures[_i].patch);
    ck_assert(commit_state_is_saved(NULL));
    ck_assert_uint_eq(commit_revision(), 2);
}
END_TEST

/* What opening made is removed, whatever a look before it had found. */
START_TEST(a_file_that_was_made_after_all_is_removed_again)
{
    apply_well(FILE_D);
    service_hooks.loses = "d"; /* after the look, before it is opened for e */
    fail_save();
    apply_in_vain("{'backstores':{'d':null,'e':{'type':'rdwr','path':'@/d','size':512,"
                  "'create':true}}}",
                  ERROR_PERSIST_FAILED, "cannot save");
    ck_assert(!file_is_there("d"));
    ck_assert_int_eq(backstore_called("d")->error.code, ERROR_BACKEND);
}
END_TEST

/* Changes of a backstore that is there: with its file, and with what it had written. */
static const struct {
    const char *patch;
    const char *name;
    unsigned long long size;
} reopenings[] = {
    {"{'backstores':{'d':{'sync':true}}}", "d", 65536},
    {"{'backstores':{'d':{'type':'aio','direct':false}}}", "d", 65536},
    {"{'backstores':{'d':{'unmap':true,'vendor_id':'ME'}}}", "d", 65536},
    {"{'backstores':{'d':{'size':131072}}}", "d", 131072},
    {"{'backstores':{'d':{'sync':true,'size':131072}}}", "d", 131072},
    {"{'backstores':{'d':{'unmap':true,'size':131072}}}", "d", 131072},
    {"{'backstores':{'d':{'size':null,'create':null}}}", "d", 65536},
    {"{'backstores':{'d':null,'e':{'type':'rdwr','path':'@/d'}}}", "e", 65536},
    {"{'backstores':{'d':{'path':'@/other'},'e':{'type':'rdwr','path':'@/d'}}}", "e", 65536},
    {"{'backstores':{'r':{'unmap':true,'serial':'new'}}}", "r", 65536},
    {"{'backstores':{'r':{'write_cache':false,'size':131072}}}", "r", 131072},
};

START_TEST(a_backstore_that_changes_keeps_what_was_written)
{
    make_file("other", 65536);
    apply_well(FILE_D);
    apply_well(RAM);
    write_byte("d", 0x5a);
    write_byte("r", 0x5a);
    apply_well(reopenings[_i].patch);
    ck_assert_uint_eq(size_of(reopenings[_i].name), reopenings[_i].size);
    ck_assert_uint_eq(read_byte(reopenings[_i].name), 0x5a);
    ck_assert_int_eq(backstore_called(reopenings[_i].name)->error.code, ERROR_NONE);
    ck_assert_uint_eq(disk_count(), catalog_current()->backstore_count);
}
END_TEST

START_TEST(a_size_is_read_again)
{
    const struct commit *c;

    make_file("d", 65536);
    apply_well("{'backstores':{'d':{'type':'rdwr','path':'@/d'}}}");
    ck_assert_int_eq(truncate(in_folder("d"), 131072), 0);
    c = apply(&(struct request){.patch = "{}", .reread = "d"});
    ck_assert(c->changed);
    ck_assert_str_eq(text_of_json(c->changes), "[{'after':131072,'before':65536,'op':'replace',"
                                               "'path':'/backstores/d/size'}]");
    ck_assert_uint_eq(size_of("d"), 131072);
    c = apply(&(struct request){.patch = "{}", .reread = "d"});
    ck_assert(!c->changed);
    ck_assert_uint_eq(commit_revision(), 2);
}
END_TEST

START_TEST(what_would_lose_data_takes_force)
{
    static const char *const losses[] = {
        "{'backstores':{'d':{'size':512}}}", "{'backstores':{'d':{'size':512,'sync':true}}}",
        "{'backstores':{'r':{'block_size':4096}}}", "{'backstores':{'r':{'size':512}}}"};

    apply_well(RAM);
    apply_well(FILE_D);
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        apply_in_vain(losses[i], ERROR_BUSY, "would be lost; force does it");
    ck_assert_int_eq(apply(&(struct request){.patch = losses[0], .force = true})->error.code,
                     ERROR_NONE);
    ck_assert_int_eq(file_size("d"), 512);
}
END_TEST

START_TEST(sessions_in_the_way_are_named_unless_forced)
{
    const char *patch = "{'targets':{'" TARGET "':{'luns':{'0':null}}}}";
    const struct commit *c;

    apply_well(RAM);
    apply_well("{" EXPORTS "}");
    service_hooks.sessions = 2;
    apply_in_vain(patch, ERROR_BUSY, "2 sessions are in the way; force closes them");
    c = apply(&(struct request){.patch = patch});
    ck_assert_uint_eq(json_array_size(json_at(c->error_data, "/objects")), 2);
    ck_assert_str_eq(text_of_json(json_at(c->error_data, "/objects/0")),
                     "{'id':'s-0','initiator':'" INITIATOR
                     "','kind':'session','remote':'192.0.2.1:5','target':'" TARGET "'}");
    c = apply(&(struct request){.patch = patch, .dry_run = true});
    ck_assert_int_eq(c->error.code, ERROR_NONE);
    ck_assert(json_is_true(json_at(c->changes, "/0/disruptive")));
    apply_well("{'backstores':{'s':{'type':'null','size':512}}}"); /* nobody is in its way */
    c = apply(&(struct request){.patch = patch, .force = true});
    ck_assert_int_eq(c->error.code, ERROR_NONE);
    ck_assert(c->changed);
}
END_TEST

START_TEST(one_file_is_not_two_backstores)
{
    make_file("d", 65536);
    ck_assert_int_eq(symlink(in_folder("d"), in_folder("l")), 0);
    apply_in_vain("{'backstores':{'a':{'type':'rdwr','path':'@/d'},"
                  "'b':{'type':'rdwr','path':'@/l'}}}",
                  ERROR_INVALID_CONFIG,
                  "/backstores/b/path: is the same file as that of backstore \"a\"");
    apply_well("{'backstores':{'a':{'type':'rdwr','path':'@/d'}}}");
    apply_in_vain("{'backstores':{'b':{'type':'rdwr','path':'@/l'}}}", ERROR_INVALID_CONFIG,
                  "is the same file as that of backstore \"a\"");
}
END_TEST

START_TEST(a_deleted_file_can_be_used_again_at_once)
{
    for (int i = 0; i < 5; i++) {
        apply_well(FILE_D);
        apply_well("{'backstores':{'d':null}}");
    }
    ck_assert(file_is_there("d"));
}
END_TEST

/* Two changes in the queue. */
static unsigned answers;

static json_t *
see_the_first(struct commit *c, const json_t *document)
{
    (void)c;
    ck_assert_ptr_nonnull(json_at(document, "/backstores/first"));
    return json_of("{'backstores':{'second':{'type':'null','size':512}}}");
}

static json_t *
make_the_first(struct commit *c, const json_t *document)
{
    (void)c;
    ck_assert_str_eq(text_of_json(json_at(document, "/backstores")), "{}");
    return json_of("{'backstores':{'first':{'type':'null','size':512}}}");
}

static void
answered(struct commit *c)
{
    ck_assert_int_eq(c->error.code, ERROR_NONE);
    ck_assert_uint_eq(c->revision, ++answers);
    commit_release(c);
}

static bool
both_answered(void)
{
    return answers == 2;
}

START_TEST(changes_queue_and_see_each_other)
{
    struct commit first = {
        .mode = COMMIT_MERGE, .edit = make_the_first, .expect_revision = -1, .done = answered};
    struct commit second = {
        .mode = COMMIT_MERGE, .edit = see_the_first, .expect_revision = -1, .done = answered};

    commit_start(&first);
    commit_start(&second);
    run_until(both_answered);
    ck_assert_uint_eq(catalog_current()->backstore_count, 2);
}
END_TEST

static json_t *
refuse(struct commit *c, const json_t *document)
{
    (void)document;
    error_set(&c->error, ERROR_NOT_FOUND, "no such thing");
    c->error_data = json_pack("{s:s}", "kind", "thing");
    return NULL;
}

static bool
was_refused(void)
{
    return answers == 1;
}

static void
count_refusal(struct commit *c)
{
    ck_assert_int_eq(c->error.code, ERROR_NOT_FOUND);
    ck_assert_str_eq(text_of_json(c->error_data), "{'kind':'thing'}");
    commit_release(c);
    answers++;
}

START_TEST(whoever_makes_the_patch_may_refuse)
{
    struct commit c = {
        .mode = COMMIT_MERGE, .edit = refuse, .expect_revision = -1, .done = count_refusal};

    commit_start(&c);
    run_until(was_refused);
}
END_TEST

START_TEST(a_backstore_in_error_is_opened_when_it_is_touched)
{
    const struct lun_export *lun;
    const struct commit *c;

    make_file("f", 65536);
    apply_well("{'backstores':{'f':{'type':'rdwr','path':'@/f'}},'targets':{'" TARGET
               "':{'luns':{'0':{'backstore':'f'}}}}}");
    ck_assert_int_eq(rename(in_folder("f"), in_folder("away")), 0);
    service_restart();
    ck_assert_int_eq(backstore_called("f")->error.code, ERROR_BACKEND);
    ck_assert_ptr_null(backstore_called("f")->lun->store);
    lun = target_lun(catalog_target(catalog_current(), TARGET), 0);
    ck_assert_ptr_eq(lun->backstore, backstore_called("f"));
    apply_well(RAM); /* of another */
    ck_assert_int_eq(backstore_called("f")->error.code, ERROR_BACKEND);
    apply_in_vain("{'backstores':{'f':{}}}", ERROR_BACKEND, "No such file");
    c = apply(&(struct request){.patch = text_of_json(commit_document()), .replace = true});
    ck_assert_msg(c->error.code == ERROR_NONE, "%s", c->error.message); /* tried in vain */
    ck_assert_int_eq(rename(in_folder("away"), in_folder("f")), 0);
    c = apply(&(struct request){.patch = "{'backstores':{'f':{}}}"});
    ck_assert_msg(c->error.code == ERROR_NONE, "%s", c->error.message);
    ck_assert(!c->changed);
    ck_assert_int_eq(backstore_called("f")->error.code, ERROR_NONE);
    ck_assert_uint_eq(size_of("f"), 65536);
    lun = target_lun(catalog_target(catalog_current(), TARGET), 0);
    ck_assert_ptr_eq(lun->backstore, backstore_called("f"));
}
END_TEST

/* As a session with a command in flight does. */
static struct lun *held;

START_TEST(a_removal_waits_for_users_but_not_for_ever)
{
    apply_well(FILE_D);
    held = lun_ref(backstore_called("d")->lun);
    apply_well("{'backstores':{'d':null}}"); /* after five seconds */
    ck_assert_uint_eq(disk_count(), 1);
    ck_assert_ptr_nonnull(held->store);
    lun_unref(held);
}
END_TEST

START_TEST(a_backstore_that_is_not_let_go_of_stays_as_it_is)
{
    apply_well(FILE_D);
    apply_well(RAM);
    write_byte("d", 0x11);
    held = lun_ref(backstore_called("d")->lun);
    apply_in_vain("{'backstores':{'d':{'sync':true}}}", ERROR_BACKEND, "already in use");
    ck_assert_ptr_eq(backstore_called("d")->lun, held);
    ck_assert_uint_eq(read_byte("d"), 0x11);
    lun_unref(held);
    apply_well("{'backstores':{'d':{'sync':true}}}");
}
END_TEST

static void
nothing(void *arg)
{
    (void)arg;
}

START_TEST(no_change_is_taken_any_more_at_the_end)
{
    commit_drain(nothing, NULL);
    apply_in_vain(RAM, ERROR_UNAVAILABLE, "stopping");
}
END_TEST

TCase *
commit_cases(void)
{
    TCase *t = tcase_create("commit");

    tcase_add_checked_fixture(t, service_begin, service_end);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_first_start_makes_a_document_and_saves_it);
    tcase_add_test(t, a_change_is_made_saved_and_there_after_a_restart);
    tcase_add_test(t, the_same_change_again_changes_nothing);
    tcase_add_test(t, what_a_replacement_does_not_name_goes);
    tcase_add_test(t, a_dry_run_says_what_would_change_and_makes_nothing);
    tcase_add_test(t, all_problems_are_in_the_answer);
    tcase_add_test(t, an_old_revision_is_refused);
    tcase_add_loop_test(t, whatever_fails_everything_before_it_is_undone, 0,
                        sizeof failures / sizeof failures[0]);
    tcase_add_test(t, a_file_that_was_made_after_all_is_removed_again);
    tcase_add_loop_test(t, a_backstore_that_changes_keeps_what_was_written, 0,
                        sizeof reopenings / sizeof reopenings[0]);
    tcase_add_test(t, a_size_is_read_again);
    tcase_add_test(t, what_would_lose_data_takes_force);
    tcase_add_test(t, sessions_in_the_way_are_named_unless_forced);
    tcase_add_test(t, one_file_is_not_two_backstores);
    tcase_add_test(t, a_deleted_file_can_be_used_again_at_once);
    tcase_add_test(t, changes_queue_and_see_each_other);
    tcase_add_test(t, whoever_makes_the_patch_may_refuse);
    tcase_add_test(t, a_backstore_in_error_is_opened_when_it_is_touched);
    tcase_add_test(t, a_removal_waits_for_users_but_not_for_ever);
    tcase_add_test(t, a_backstore_that_is_not_let_go_of_stays_as_it_is);
    tcase_add_test(t, no_change_is_taken_any_more_at_the_end);
    return t;
}
