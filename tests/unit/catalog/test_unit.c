/* test_unit.c: what a disk keeps beside the configuration, and when. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/unit_file.h"
#include "catalog/unit_modes.h"
#include "catalog/unit_reservations.h"
#include "catalog/unit_sanitize.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"
#include "service.h"
#include "suites.h"

static const struct it_nexus initiators[] = {
    {.initiator_name = "iqn.2026-11.org.example:a",
     .initiator_port = "iqn.2026-11.org.example:a,i,0x00023d000001",
     .target_port = TARGET ",t,0x0001",
     .target_port_group = 1},
    {.initiator_name = "iqn.2026-11.org.example:b",
     .initiator_port = "iqn.2026-11.org.example:b,i,0x00023d000001",
     .target_port = TARGET ",t,0x0001",
     .target_port_group = 1},
};

static bool change_is_done;

static void
changed(struct reservation_change *change)
{
    (void)change;
    change_is_done = true;
}

static bool
is_done(void)
{
    return change_is_done;
}

/* REQUEST by the first initiator at backstore NAME; what came of it. */
static enum reservation_end
reserve(const char *name, struct pr_request request)
{
    struct nexus *nexus = nexus_new(backstore_called(name)->lun, &initiators[0], false, NULL);
    static struct reservation_change change;

    change = (struct reservation_change){
        .lun = nexus->lun, .nexus = nexus, .request = request, .done = changed};
    change_is_done = false;
    reservations_change(&change);
    run_until(is_done);
    nexus_free(nexus);
    ck_assert(change.end != CHANGE_JUDGED || change.outcome == PR_GOOD);
    return change.end;
}

static enum reservation_end
enrol(const char *name, bool aptpl)
{
    return reserve(name, (struct pr_request){.action = PR_REGISTER_AND_IGNORE,
                                             .service_action_key = 0xabcdef0123456789,
                                             .aptpl = aptpl});
}

static enum reservation_end
take(const char *name, enum pr_type type)
{
    return reserve(name, (struct pr_request){.action = PR_RESERVE,
                                             .type = (uint8_t)type,
                                             .reservation_key = 0xabcdef0123456789});
}

static void
describe(const struct pr_state *pr, const struct it_nexus *reserved_for, void *arg)
{
    char *text = arg;

    (void)reserved_for;
    sprintf(text, "%zu %s g%u%s", pr->count, pr_type_name(pr->type), pr->generation,
            pr->aptpl ? " aptpl" : "");
}

/* "1 exclusive_access g0 aptpl" */
static const char *
state_of(const char *name)
{
    static char text[128];

    reservations_visit(backstore_called(name)->lun->reservations, describe, text);
    return text;
}

/* What the reservation of NAME denies to initiator I. */
static unsigned
denied(const char *name, unsigned i)
{
    struct nexus *nexus = nexus_new(backstore_called(name)->lun, &initiators[i], false, NULL);
    unsigned bits = nexus->access & VERDICT_OF_RESERVATIONS;

    nexus_free(nexus);
    return bits;
}

START_TEST(what_persists_through_power_loss_is_there_after_a_restart)
{
    apply_well(RAM);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert_int_eq(take("r", PR_EXCLUSIVE_ACCESS), CHANGE_JUDGED);
    ck_assert(file_is_there("state/units/r.json"));
    service_restart();
    /* PRGENERATION begins anew. */
    ck_assert_str_eq(state_of("r"), "1 exclusive_access g0 aptpl");
    ck_assert_uint_eq(denied("r", 0), 0);
    ck_assert_uint_eq(denied("r", 1), VERDICT_NO_READ | VERDICT_NO_WRITE);
    /* And what is done afterwards is, too. */
    ck_assert_int_eq(reserve("r", (struct pr_request){.action = PR_RELEASE,
                                                      .type = PR_EXCLUSIVE_ACCESS,
                                                      .reservation_key = 0xabcdef0123456789}),
                     CHANGE_JUDGED);
    service_restart();
    ck_assert_str_eq(state_of("r"), "1 none g0 aptpl");
    ck_assert_uint_eq(denied("r", 1), 0);
}
END_TEST

START_TEST(what_does_not_persist_is_forgotten)
{
    apply_well(RAM);
    ck_assert_int_eq(enrol("r", false), CHANGE_JUDGED);
    ck_assert_int_eq(take("r", PR_WRITE_EXCLUSIVE), CHANGE_JUDGED);
    ck_assert(!file_is_there("state/units/r.json"));
    service_restart();
    ck_assert_str_eq(state_of("r"), "0 none g0");
    /* APTPL=0 takes back what APTPL=1 has begun. */
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert(file_is_there("state/units/r.json"));
    ck_assert_int_eq(enrol("r", false), CHANGE_JUDGED);
    ck_assert(!file_is_there("state/units/r.json"));
    service_restart();
    ck_assert_str_eq(state_of("r"), "0 none g0");
}
END_TEST

START_TEST(each_disk_has_its_own)
{
    apply_well("{'backstores':{'r':{'type':'ram','size':65536},"
               "'s.json':{'type':'ram','size':65536},'t':{'type':'ram','size':65536}}}");
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert_int_eq(enrol("s.json", true), CHANGE_JUDGED);
    ck_assert_int_eq(take("s.json", PR_WRITE_EXCLUSIVE), CHANGE_JUDGED);
    service_restart();
    ck_assert_str_eq(state_of("r"), "1 none g0 aptpl");
    ck_assert_str_eq(state_of("s.json"), "1 write_exclusive g0 aptpl");
    ck_assert_str_eq(state_of("t"), "0 none g0");
}
END_TEST

START_TEST(a_disk_that_changes_keeps_its_reservations)
{
    apply_well(RAM);
    ck_assert_int_eq(enrol("r", false), CHANGE_JUDGED);
    ck_assert_int_eq(take("r", PR_EXCLUSIVE_ACCESS), CHANGE_JUDGED);
    /* Another LUN over the same store; another size; another store. */
    apply_well("{'backstores':{'r':{'serial':'another'}}}");
    ck_assert_str_eq(state_of("r"), "1 exclusive_access g1");
    apply_well("{'backstores':{'r':{'size':131072}}}");
    ck_assert_str_eq(state_of("r"), "1 exclusive_access g1");
    ck_assert_ptr_nonnull(apply(
        &(struct request){.patch = "{'backstores':{'r':{'block_size':4096}}}", .force = true}));
    ck_assert_str_eq(document_at("/backstores/r/block_size"), "4096");
    ck_assert_str_eq(state_of("r"), "1 exclusive_access g1");
    ck_assert_uint_eq(denied("r", 1), VERDICT_NO_READ | VERDICT_NO_WRITE);
}
END_TEST

START_TEST(a_disk_that_goes_takes_its_reservations_along)
{
    apply_well(RAM);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    apply_well("{'backstores':{'r':null}}");
    ck_assert(!file_is_there("state/units/r.json"));
    apply_well(RAM);
    ck_assert_str_eq(state_of("r"), "0 none g0");
    /* Also where its file has stayed for whatever reason. */
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert_int_eq(
        rename(in_folder("state/units/r.json"), in_folder("state/units/other.json")), 0);
    apply_well("{'backstores':{'other':{'type':'ram','size':65536}}}");
    ck_assert_str_eq(state_of("other"), "0 none g0");
    ck_assert(!file_is_there("state/units/other.json"));
}
END_TEST

static void
write_unit(const char *text, size_t length)
{
    FILE *f = fopen(in_folder("state/units/r.json"), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, length, f), length);
    fclose(f);
}

static size_t
read_unit(char *text, size_t room)
{
    FILE *f = fopen(in_folder("state/units/r.json"), "r");
    size_t n;

    ck_assert_ptr_nonnull(f);
    n = fread(text, 1, room, f);
    fclose(f);
    return n;
}

START_TEST(a_disk_whose_file_is_damaged_is_not_ready_until_that_is_settled)
{
    static const char damaged[] = "{\"version\": 1, \"reserva";
    char text[100] = "";

    apply_well(RAM);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    service_stop();
    write_unit(damaged, strlen(damaged));
    crew_again();
    service_start();
    /* A fenced node must not get in: nobody does. */
    ck_assert_uint_eq(size_of("r"), 0);
    ck_assert_int_eq(backstore_called("r")->error.code, ERROR_BACKEND);
    ck_assert_msg(strstr(backstore_called("r")->error.message, "/units/r.json' is damaged") !=
                      NULL,
                  "%s", backstore_called("r")->error.message);
    /* It is kept as it is, whatever is asked for. */
    ck_assert_int_eq(enrol("r", true), CHANGE_NOT_KEPT);
    apply_in_vain("{'backstores':{'r':{'serial':'again'}}}", ERROR_BACKEND, "is damaged");
    ck_assert_uint_eq(read_unit(text, sizeof text), strlen(damaged));
    ck_assert_int_eq(memcmp(text, damaged, strlen(damaged)), 0);
    /* The operator takes it away. */
    ck_assert_int_eq(unlink(in_folder("state/units/r.json")), 0);
    apply_well("{'backstores':{'r':{'serial':'again'}}}");
    ck_assert_uint_eq(size_of("r"), 65536);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert(file_is_there("state/units/r.json"));
}
END_TEST

START_TEST(what_cannot_be_written_has_not_happened)
{
    apply_well(RAM);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    ck_assert_int_eq(rename(in_folder("state/units"), in_folder("state/elsewhere")), 0);
    ck_assert_int_eq(take("r", PR_WRITE_EXCLUSIVE), CHANGE_NOT_KEPT);
    ck_assert_str_eq(state_of("r"), "1 none g1 aptpl");
    ck_assert_int_eq(rename(in_folder("state/elsewhere"), in_folder("state/units")), 0);
    ck_assert_int_eq(take("r", PR_WRITE_EXCLUSIVE), CHANGE_JUDGED);
    service_restart();
    ck_assert_str_eq(state_of("r"), "1 write_exclusive g0 aptpl");
}
END_TEST

/* Files that are JSON, and yet not what a disk has kept. */
#define REGISTRATION(key, holder)                                                         \
    "{\"initiator_port\":\"i\",\"target_port\":\"t\",\"target_port_id\":1,\"key\":\"" key \
    "\",\"holder\":" holder "}"
#define KEY "0000000000000001"

static const struct {
    const char *text;
    bool is_right;
} files[] = {
    {"{\"version\":1}", true},
    {"{\"version\":1,\"mode_pages\":{}}", true},
    {"{\"version\":1,\"modes\":{\"write_cache\":false,\"tas\":true}}", true},
    {"{\"version\":1,\"modes\":{\"write_cache\":0}}", false},
    {"{\"version\":1,\"modes\":{\"other\":true}}", false},
    {"{\"version\":1,\"modes\":[]}", false},
    {"{\"version\":1,\"sanitize\":\"restricted\"}", true},
    {"{\"version\":1,\"sanitize\":\"unrestricted\"}", true},
    {"{\"version\":1,\"sanitize\":\"none\"}", false},
    {"{\"version\":1,\"sanitize\":true}", false},
    {"{}", false},
    {"[]", false},
    {"{\"version\":2}", false},
    {"{\"version\":1,\"reservations\":{}}", false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[]}}", true},
    {"{\"version\":1,\"reservations\":{\"type\":\"some\",\"registrations\":[]}}", false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":{}}}", false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[],\"x\":1}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[" REGISTRATION(
         KEY, "false") "]}}",
     true},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[" REGISTRATION(
         KEY, "true") "]}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"write_exclusive\",\"registrations\":"
     "[" REGISTRATION(KEY, "true") "]}}",
     true},
    {"{\"version\":1,\"reservations\":{\"type\":\"write_exclusive\",\"registrations\":"
     "[" REGISTRATION(KEY, "false") "]}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"write_exclusive\",\"registrations\":"
     "[" REGISTRATION(KEY, "true") "," REGISTRATION(KEY, "false") "]}}",
     false}, /* twice the same */
    {"{\"version\":1,\"reservations\":{\"type\":\"write_exclusive_all_registrants\","
     "\"registrations\":[" REGISTRATION(KEY, "false") "]}}",
     true},
    {"{\"version\":1,\"reservations\":{\"type\":\"write_exclusive_all_registrants\","
     "\"registrations\":[]}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[" REGISTRATION(
         "0000000000000000", "false") "]}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[" REGISTRATION(
         "1", "false") "]}}",
     false},
    {"{\"version\":1,\"reservations\":{\"type\":\"none\",\"registrations\":[" REGISTRATION(
         "000000000000000g", "false") "]}}",
     false},
};

START_TEST(only_what_makes_sense_is_taken_for_what_was_kept)
{
    struct unit_file *u = unit_file_new(in_folder("state/units"), "r");
    struct saved_modes modes;
    enum sanitize_mark sanitize;
    struct pr_state state;
    struct error err = {0};

    write_unit(files[_i].text, strlen(files[_i].text));
    pr_state_init(&state);
    ck_assert_msg((unit_file_load(u, &err) == 0 && unit_modes_load(u, &modes, &err) == 0 &&
                   unit_sanitize_load(u, &sanitize, &err) == 0 &&
                   unit_reservations_load(u, &state, &err) == 0) == files[_i].is_right,
                  "%s: %s", files[_i].text, err.message);
    if (!files[_i].is_right) {
        ck_assert_ptr_nonnull(strstr(err.message, "state/units/r.json"));
        ck_assert_int_eq(unit_file_put(u, "other", json_true()), -EUCLEAN);
    }
    pr_state_done(&state);
    unit_file_free(u);
}
END_TEST

START_TEST(a_file_that_is_cut_is_damaged_wherever_it_is_cut)
{
    struct unit_file *u = unit_file_new(in_folder("state/units"), "r");
    char text[1000];
    size_t length;

    apply_well(RAM);
    ck_assert_int_eq(enrol("r", true), CHANGE_JUDGED);
    length = read_unit(text, sizeof text);
    ck_assert_uint_gt(length, 100);
    ck_assert_uint_lt(length, sizeof text);
    for (size_t cut = 0; cut < length - 1; cut++) { /* the last byte is a newline */
        write_unit(text, cut);
        ck_assert_int_eq(unit_file_load(u, NULL), -1);
    }
    write_unit(text, length);
    ck_assert_int_eq(unit_file_load(u, NULL), 0);
    unit_file_free(u);
}
END_TEST

START_TEST(a_mark_of_a_sanitize_operation_is_kept_and_taken_back)
{
    struct unit_file *u = unit_file_new(in_folder("state/units"), "r"), *again;
    enum sanitize_mark mark;

    for (int i = SANITIZE_MARK_UNRESTRICTED; i >= SANITIZE_MARK_NONE; i--) {
        ck_assert_int_eq(unit_file_load(u, NULL), 0);
        ck_assert_int_eq(unit_sanitize_save(u, (enum sanitize_mark)i), 0);
        again = unit_file_new(in_folder("state/units"), "r");
        ck_assert_int_eq(unit_file_load(again, NULL), 0);
        ck_assert_int_eq(unit_sanitize_load(again, &mark, NULL), 0);
        ck_assert_int_eq(mark, i);
        unit_file_free(again);
    }
    ck_assert(!file_is_there("state/units/r.json"));
    unit_file_free(u);
}
END_TEST

START_TEST(members_do_not_touch_each_other)
{
    struct unit_file *u = unit_file_new(in_folder("state/units"), "r"), *again;
    json_t *value;

    ck_assert_int_eq(unit_file_load(u, NULL), 0);
    ck_assert_int_eq(unit_file_put(u, "a", json_integer(1)), 0);
    ck_assert_int_eq(unit_file_put(u, "b", json_integer(2)), 0);
    ck_assert_int_eq(unit_file_put(u, "a", json_integer(3)), 0);
    again = unit_file_new(in_folder("state/units"), "r");
    ck_assert_int_eq(unit_file_load(again, NULL), 0);
    value = unit_file_get(again, "a");
    ck_assert_int_eq(json_integer_value(value), 3);
    json_decref(value);
    value = unit_file_get(again, "b");
    ck_assert_int_eq(json_integer_value(value), 2);
    json_decref(value);
    ck_assert_ptr_null(unit_file_get(again, "c"));
    ck_assert_int_eq(unit_file_put(again, "a", NULL), 0);
    ck_assert(file_is_there("state/units/r.json"));
    ck_assert_int_eq(unit_file_put(again, "b", NULL), 0);
    ck_assert(!file_is_there("state/units/r.json"));
    ck_assert(!file_is_there("state/units/r.json.new"));
    unit_file_remove(again);
    ck_assert_int_eq(unit_file_put(again, "a", json_integer(1)), -ENOENT);
    unit_file_free(again);
    unit_file_free(u);
}
END_TEST

TCase *
unit_cases(void)
{
    TCase *t = tcase_create("unit");

    tcase_add_checked_fixture(t, service_begin, service_end);
    tcase_add_test(t, what_persists_through_power_loss_is_there_after_a_restart);
    tcase_add_test(t, what_does_not_persist_is_forgotten);
    tcase_add_test(t, each_disk_has_its_own);
    tcase_add_test(t, a_disk_that_changes_keeps_its_reservations);
    tcase_add_test(t, a_disk_that_goes_takes_its_reservations_along);
    tcase_add_test(t, a_disk_whose_file_is_damaged_is_not_ready_until_that_is_settled);
    tcase_add_test(t, what_cannot_be_written_has_not_happened);
    tcase_add_loop_test(t, only_what_makes_sense_is_taken_for_what_was_kept, 0,
                        sizeof files / sizeof files[0]);
    tcase_add_test(t, a_file_that_is_cut_is_damaged_wherever_it_is_cut);
    tcase_add_test(t, a_mark_of_a_sanitize_operation_is_kept_and_taken_back);
    tcase_add_test(t, members_do_not_touch_each_other);
    return t;
}
