/* test_session_luns.c: what a change of the catalog does to sessions at work, and what it does
 * not. */
#include <string.h>

#include "fixture.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"
#include "suites.h"

static uint8_t block[512] = {0x55};

static void
setup(void)
{
    fixture_open();
    fixture_login(&one, 0, 1, "");
}

START_TEST(a_session_that_is_not_concerned_notices_nothing)
{
    struct fake_command c = fake_read(0, 0, 1);
    struct plan plan = usual_plan;

    plan.acl = INITIATOR; /* said otherwise, but it still may */
    for (unsigned i = 0; i < 50; i++) {
        fake_command(&one, &c);
        if (i % 5 == 0)
            fixture_publish(i % 10 == 0 ? &plan : &usual_plan);
        struct fake_pdu *p = expect(&one, PDU_DATA_IN);
        ck_assert_uint_eq(p->header[3], SCSI_GOOD);
        fake_pdu_free(p);
    }
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
}
END_TEST

START_TEST(a_new_lun_appears_and_the_old_ones_tell_of_it)
{
    const struct plan plan = {
        .queue_depth = 32, .lun_count = 2, .luns = {{0, 0, false}, {300, 1, false}}};
    uint64_t lun = pdu_lun_from_number(300);

    expect_sense(&one, test_unit_ready(&one, lun), 5, 0x2500);
    fixture_publish(&plan);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x3f0e);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    expect_sense(&one, test_unit_ready(&one, lun), 6, 0x2900);
    expect_status(&one, test_unit_ready(&one, lun), SCSI_GOOD);
}
END_TEST

START_TEST(a_lun_that_leaves_lets_its_running_commands_end)
{
    const struct plan plan = {.queue_depth = 32, .lun_count = 1, .luns = {{1, 1, false}}};
    struct fake_command c = fake_write(0, 0, 1);
    uint32_t tag;

    fake_store_hold(fixture_store(0), true);
    c.data = block;
    c.length = sizeof block;
    tag = fake_command(&one, &c);
    fixture_settle();
    fixture_publish(&plan);
    expect_sense(&one, test_unit_ready(&one, 0), 5, 0x2500);
    ck_assert(!LIST_EMPTY(&fixture_lun(0)->nexuses)); /* the write holds it */
    fake_store_hold(fixture_store(0), false);
    expect_status(&one, tag, SCSI_GOOD);
    ck_assert(LIST_EMPTY(&fixture_lun(0)->nexuses));
}
END_TEST

START_TEST(another_disk_behind_the_same_number_is_another_nexus)
{
    const struct plan plan = {.queue_depth = 32, .lun_count = 1, .luns = {{0, 1, false}}};

    fixture_publish(&plan);
    ck_assert(LIST_EMPTY(&fixture_lun(0)->nexuses));
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x2900);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x3f0e);
    fake_store_bytes(fixture_store(1))[0] = 0x77;
    struct fake_command c = fake_read(0, 0, 1);
    fake_command(&one, &c);
    struct fake_pdu *p = expect(&one, PDU_DATA_IN);
    ck_assert_uint_eq(p->data[0], 0x77);
    fake_pdu_free(p);
}
END_TEST

START_TEST(an_export_that_becomes_read_only_refuses_writes_without_a_break)
{
    const struct plan plan = {.queue_depth = 32, .lun_count = 1, .luns = {{0, 0, true}}};
    struct fake_command c = fake_write(0, 0, 1);

    fixture_publish(&plan);
    c.data = block;
    c.length = sizeof block;
    expect_sense(&one, fake_command(&one, &c), 7, 0x2700);
    fixture_publish(&usual_plan);
    expect_status(&one, fake_command(&one, &c), SCSI_GOOD);
}
END_TEST

#define SHOWS(...)                                                                   \
    .shows_some = true,                                                              \
    .shown_count = sizeof((struct acl_lun[]){__VA_ARGS__}) / sizeof(struct acl_lun), \
    .shown = {__VA_ARGS__}

START_TEST(an_entry_that_comes_to_show_other_numbers_leaves_what_stays)
{
    const struct plan all = {
        .queue_depth = 32, .lun_count = 2, .luns = {{0, 0, false}, {5, 1, false}}};
    const struct plan renamed = {.queue_depth = 32,
                                 .lun_count = 2,
                                 .luns = {{0, 0, false}, {5, 1, false}},
                                 SHOWS({0, 0, false}, {3, 5, false})};
    struct fake_command c = fake_write(0, 0, 1);
    uint64_t five = pdu_lun_from_number(5), three = pdu_lun_from_number(3);
    uint32_t tag;

    fixture_publish(&all);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x3f0e);
    expect_sense(&one, test_unit_ready(&one, five), 6, 0x2900);
    fake_store_hold(fixture_store(0), true);
    c.data = block;
    c.length = sizeof block;
    tag = fake_command(&one, &c);
    fixture_settle();
    fixture_publish(&renamed);
    expect_sense(&one, test_unit_ready(&one, five), 5, 0x2500);
    expect_sense(&one, test_unit_ready(&one, three), 6, 0x2900);
    expect_status(&one, test_unit_ready(&one, three), SCSI_GOOD);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x3f0e);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
    fake_store_hold(fixture_store(0), false);
    expect_status(&one, tag, SCSI_GOOD); /* under way since before the change */
}
END_TEST

START_TEST(numbers_that_change_places_change_their_disks)
{
    const struct plan swapped = {.queue_depth = 32,
                                 .lun_count = 2,
                                 .luns = {{0, 0, false}, {1, 1, false}},
                                 SHOWS({0, 1, false}, {1, 0, true})};
    struct fake_command c = fake_read(0, 0, 1), w = fake_write(0, 0, 1);
    struct fake_pdu *p;

    fake_store_bytes(fixture_store(1))[0] = 0x77;
    fixture_publish(&two_luns);
    fixture_publish(&swapped);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x2900);
    expect_sense(&one, test_unit_ready(&one, 0), 6, 0x3f0e);
    fake_command(&one, &c);
    p = expect(&one, PDU_DATA_IN);
    ck_assert_uint_eq(p->data[0], 0x77);
    fake_pdu_free(p);
    w.lun = pdu_lun_from_number(1);
    w.data = block;
    w.length = sizeof block;
    expect_sense(&one, test_unit_ready(&one, w.lun), 6, 0x2900);
    expect_sense(&one, test_unit_ready(&one, w.lun), 6, 0x3f0e);
    expect_sense(&one, fake_command(&one, &w), 7, 0x2700); /* read-only for this initiator */
}
END_TEST

START_TEST(an_entry_may_show_nothing)
{
    const struct plan nothing = {
        .queue_depth = 32, .lun_count = 1, .luns = {{0, 0, false}}, .shows_some = true};

    fixture_publish(&nothing);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    expect_sense(&one, test_unit_ready(&one, 0), 5, 0x2500);
    ck_assert(LIST_EMPTY(&fixture_lun(0)->nexuses));
}
END_TEST

START_TEST(what_only_says_the_same_otherwise_disturbs_nobody)
{
    const struct plan same = {
        .queue_depth = 32, .lun_count = 1, .luns = {{0, 0, false}}, SHOWS({0, 0, false})};

    fixture_publish(&same);
    expect_status(&one, test_unit_ready(&one, 0), SCSI_GOOD);
}
END_TEST

static const struct plan endings[] = {
    {.has_no_target = true},
    {.acl = "iqn.2026-01.org.example:other", .queue_depth = 32},
};

START_TEST(a_session_without_a_right_to_be_ends)
{
    fixture_publish(&endings[_i]);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

TCase *
session_luns_cases(void)
{
    TCase *tcase = tcase_create("session_luns");

    tcase_add_checked_fixture(tcase, setup, fixture_close);
    tcase_add_test(tcase, a_session_that_is_not_concerned_notices_nothing);
    tcase_add_test(tcase, a_new_lun_appears_and_the_old_ones_tell_of_it);
    tcase_add_test(tcase, a_lun_that_leaves_lets_its_running_commands_end);
    tcase_add_test(tcase, another_disk_behind_the_same_number_is_another_nexus);
    tcase_add_test(tcase, an_export_that_becomes_read_only_refuses_writes_without_a_break);
    tcase_add_test(tcase, an_entry_that_comes_to_show_other_numbers_leaves_what_stays);
    tcase_add_test(tcase, numbers_that_change_places_change_their_disks);
    tcase_add_test(tcase, an_entry_may_show_nothing);
    tcase_add_test(tcase, what_only_says_the_same_otherwise_disturbs_nobody);
    tcase_add_loop_test(tcase, a_session_without_a_right_to_be_ends, 0,
                        sizeof endings / sizeof *endings);
    return tcase;
}
