/* test_reservation.c: reservations as the management sees and clears them. */
#include <check.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "fixture.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"
#include "suites.h"

#define DISKS                                                                                \
    {"backstore.create", "{'backstore': {'name': 'a', 'type': 'ram', 'size': 65536}}", NULL, \
     NULL},                                                                                  \
    {                                                                                        \
        "backstore.create", "{'backstore': {'name': 'b', 'type': 'ram', 'size': 65536}}",    \
            NULL, NULL                                                                       \
    }

static const struct it_nexus initiators[] = {
    {.initiator_name = "iqn.2026-11.org.example:1",
     .initiator_port = "iqn.2026-11.org.example:1,i,0x00023d000001",
     .target_port = TARGET ",t,0x0001",
     .target_port_group = 1},
    {.initiator_name = "iqn.2026-11.org.example:2",
     .initiator_port = "iqn.2026-11.org.example:2,i,0x00023d000001",
     .target_port = TARGET ",t,0x0001",
     .target_port_group = 1},
};

static struct nexus *nexuses[2];

static void
log_in(void)
{
    for (int i = 0; i < 2; i++) {
        nexuses[i] = nexus_new(catalog_backstore(catalog_current(), "a")->lun, &initiators[i],
                               false, NULL);
        ck_assert_int_eq(nexus_take_attention(nexuses[i]), ATTENTION_POWER_ON);
    }
}

static void
log_out(void)
{
    for (int i = 0; i < 2; i++)
        nexus_free(nexuses[i]);
}

static bool is_done;

static void
done(struct reservation_change *change)
{
    ck_assert_int_eq(change->end, CHANGE_JUDGED);
    ck_assert_int_eq(change->outcome, PR_GOOD);
    is_done = true;
}

/* By initiator I, whose key is I + 1. */
static void
change(int i, enum pr_action action, enum pr_type type)
{
    struct reservation_change c = {
        .lun = nexuses[i]->lun,
        .nexus = nexuses[i],
        .request = {.action = action,
                    .type = (uint8_t)type,
                    .reservation_key = action == PR_REGISTER ? 0 : (uint64_t)i + 1,
                    .service_action_key = (uint64_t)i + 1},
        .done = done};

    is_done = false;
    reservations_change(&c);
    ck_assert(is_done); /* nothing of it has to be kept */
}

static void
play(const struct step *step)
{
    api_play(step, 1);
}

START_TEST(registrants_and_holders_are_listed)
{
    static const struct step disks[] = {DISKS};

    api_play(disks, 2);
    play(&(struct step){"reservation.list", "{}", NULL, "{'reservations': []}"});
    play(&(struct step){"reservation.list", "{'backstore': 'a'}", NULL,
                        "{'reservations': [{'backstore': 'a', 'holder': null, 'aptpl': false,"
                        " 'generation': 0, 'registrants': []}]}"});
    play(&(struct step){"reservation.list", "{'backstore': 'aa'}", "NOT_FOUND",
                        "{'kind': 'backstore', 'near': ['a']}"});
    log_in();
    change(0, PR_REGISTER, PR_NONE);
    change(1, PR_REGISTER, PR_NONE);
    change(1, PR_RESERVE, PR_EXCLUSIVE_ACCESS);
    play(&(struct step){
        "reservation.list", "{}", NULL,
        "{'reservations': [{'backstore': 'a', 'aptpl': false, 'generation': 2,"
        " 'type': 'exclusive_access', 'holder': 'iqn.2026-11.org.example:2,i,0x00023d000001',"
        " 'registrants': ["
        "{'initiator': 'iqn.2026-11.org.example:1',"
        " 'initiator_port': 'iqn.2026-11.org.example:1,i,0x00023d000001',"
        " 'target_port': '" TARGET ",t,0x0001', 'key': '0000000000000001', 'holds': false},"
        "{'initiator': 'iqn.2026-11.org.example:2',"
        " 'initiator_port': 'iqn.2026-11.org.example:2,i,0x00023d000001',"
        " 'target_port': '" TARGET ",t,0x0001', 'key': '0000000000000002', 'holds': true}"
        "]}]}"});
    play(&(struct step){"reservation.list", "{'backstore': 'b'}", NULL,
                        "{'reservations': [{'backstore': 'b', 'holder': null, 'aptpl': false,"
                        " 'generation': 0, 'registrants': []}]}"});
    log_out();
}
END_TEST

START_TEST(an_operator_removes_them_and_registrants_are_told)
{
    static const struct step disks[] = {DISKS};

    api_play(disks, 2);
    log_in();
    play(&(struct step){"reservation.clear", "{'backstore': 'a'}", NULL, "{'cleared': false}"});
    change(0, PR_REGISTER, PR_NONE);
    change(0, PR_RESERVE, PR_EXCLUSIVE_ACCESS);
    ck_assert_uint_ne(nexuses[1]->access & VERDICT_OF_RESERVATIONS, 0);
    play(&(struct step){"reservation.clear", "{'backstore': 'a'}", NULL, "{'cleared': true}"});
    play(&(struct step){"reservation.list", "{}", NULL, "{'reservations': []}"});
    ck_assert_int_eq(nexus_take_attention(nexuses[0]), ATTENTION_RESERVATIONS_PREEMPTED);
    ck_assert_int_eq(nexus_take_attention(nexuses[1]), -1);
    ck_assert_uint_eq(nexuses[1]->access & VERDICT_OF_RESERVATIONS, 0);
    play(&(struct step){"reservation.clear", "{'backstore': 'a'}", NULL, "{'cleared': false}"});
    play(&(struct step){"reservation.clear", "{'backstore': 'c'}", "NOT_FOUND", NULL});
    log_out();
}
END_TEST

START_TEST(a_reserve_is_listed_and_removed_too)
{
    static const struct step disks[] = {DISKS};

    api_play(disks, 2);
    log_in();
    ck_assert_int_eq(reservations_reserve(nexuses[0]), SCSI_GOOD);
    play(&(struct step){"reservation.list", "{}", NULL,
                        "{'reservations': [{'backstore': 'a', 'aptpl': false, 'generation': 0,"
                        " 'type': 'spc2', 'registrants': [],"
                        " 'holder': 'iqn.2026-11.org.example:1,i,0x00023d000001'}]}"});
    play(&(struct step){"reservation.clear", "{'backstore': 'a'}", NULL, "{'cleared': true}"});
    ck_assert_int_eq(nexus_take_attention(nexuses[0]), ATTENTION_RESERVATIONS_PREEMPTED);
    ck_assert_uint_eq(nexuses[1]->access & VERDICT_OF_RESERVATIONS, 0);
    ck_assert_int_eq(reservations_reserve(nexuses[1]), SCSI_GOOD);
    log_out();
}
END_TEST

TCase *
reservation_cases(void)
{
    TCase *t = tcase_create("reservation");

    tcase_add_checked_fixture(t, api_setup, api_teardown);
    tcase_add_test(t, registrants_and_holders_are_listed);
    tcase_add_test(t, an_operator_removes_them_and_registrants_are_told);
    tcase_add_test(t, a_reserve_is_listed_and_removed_too);
    return t;
}
