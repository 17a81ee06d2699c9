/* test_reservations.c: reservations of a unit as its initiators meet them: by commands. */
#include <stdio.h>
#include <string.h>

#include "initiators.h"
#include "scsi/commands.h"
#include "scsi/reservations.h"
#include "suites.h"

START_TEST(keys_and_reservation_are_told_to_everybody)
{
    struct initiators all;

    initiators_open(&all);
    assert_is(pr_in(&all, 'A', 0, 0xff), "0000000000000000");
    assert_is(pr_in(&all, 'A', 1, 0xff), "0000000000000000");
    enrol(&all, 'A', 0xa1);
    enrol(&all, 'B', 0xb2);
    assert_is(pr_in(&all, 'C', 0, 0xff), "0000000200000010"
                                         "00000000000000a1"
                                         "00000000000000b2");
    assert_good(pr_out_of(&all, 'B', PR_RESERVE, EARO, 0xb2, 0, 0));
    assert_is(pr_in(&all, 'C', 1, 0xff), "0000000200000010"
                                         "00000000000000b2"
                                         "0000000000060000");
    /* Lengths do not depend on what of it is taken. */
    assert_is(pr_in(&all, 'C', 1, 9), "000000020000001000");
    assert_is(pr_in(&all, 'C', 0, 8), "0000000200000010");
    assert_is(pr_in(&all, 'C', 0, 0), "");
    assert_good(pr_out_of(&all, 'B', PR_RELEASE, EARO, 0xb2, 0, 0));
    assert_is(ask(&all, 'A', TUR), "6/2a/04");
    assert_good(pr_out_of(&all, 'B', PR_RESERVE, WEAR, 0xb2, 0, 0));
    assert_is(pr_in(&all, 'A', 1, 0xff), "0000000200000010"
                                         "0000000000000000"
                                         "0000000000070000");
    initiators_close(&all);
}
END_TEST

START_TEST(full_status_names_each_registrant_and_its_port)
{
    static const char expected[] = "0000000200000090"
                                   "00000000000000a1"
                                   "0000000000000000"
                                   "0000000100000030" /* port 1, 48 bytes */
                                   "4500002c";        /* iSCSI initiator port, 44 bytes */
    struct initiators all;
    const char *text;

    initiators_open(&all);
    enrol(&all, 'A', 0xa1);
    enrol(&all, 'B', 0xb2);
    assert_good(pr_out_of(&all, 'B', PR_RESERVE, WE, 0xb2, 0, 0));
    text = pr_in(&all, 'C', 3, 0xffff);
    ck_assert_uint_eq(strlen(text), 2 * (8 + 0x90));
    ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
    /* The second one holds it: R_HOLDER, LU_SCOPE, Write Exclusive. */
    ck_assert_int_eq(strncmp(text + 2 * (8 + 24 + 48), "00000000000000b20000000001010000", 32),
                     0);
    initiators_close(&all);
}
END_TEST

static void
no_save(struct lun_save *save)
{
    (void)save;
}

START_TEST(capabilities_are_what_there_is)
{
    struct initiators all;

    initiators_open(&all);
    /* SPEC_I_PT, ALL_TG_PT; type mask valid, TEST UNIT READY allowed; all six types. */
    assert_is(pr_in(&all, 'A', 2, 0xff), "00080c90ea010000");
    all.f.lun->save = no_save; /* what there is survives a loss of power */
    assert_is(pr_in(&all, 'A', 2, 0xff), "00080d90ea010000");
    all.f.lun->reservations->pr.aptpl = true;
    assert_is(pr_in(&all, 'A', 2, 0xff), "00080d91ea010000");
    initiators_close(&all);
}
END_TEST

START_TEST(service_actions_that_are_not_there_are_invalid_fields)
{
    struct initiators all;
    struct call c;
    char cdb[32];

    initiators_open(&all);
    for (unsigned action = 0; action < 32; action++) {
        for (unsigned opcode = 0x5e; opcode <= 0x5f; opcode++) {
            if (action < (opcode == 0x5e ? 4 : 8))
                continue;
            snprintf(cdb, sizeof cdb, "%02x %02x 00 00 00 00 00 00 18 00", opcode, action);
            assert_is(ask_with(&all, 'A', cdb, NULL, 0, &c), "5/24/00");
            ck_assert_str_eq(field_pointer(&c), "cdb 1.4");
        }
    }
    initiators_close(&all);
}
END_TEST

/* Who may what while A holds and B is registered: as the table of test_pr.c says, but by
 * commands, and through 4 initiators. */
static const struct {
    unsigned type;
    const char *a, *b, *c, *d;
} accesses[] = {
    {WE, "RW", "R-", "R-", "R-"},   {EA, "RW", "--", "--", "--"},
    {WERO, "RW", "RW", "R-", "R-"}, {EARO, "RW", "RW", "--", "--"},
    {WEAR, "RW", "RW", "R-", "R-"}, {EAAR, "RW", "RW", "--", "--"},
};

START_TEST(a_reservation_holds_for_every_nexus_at_once)
{
    struct initiators all;

    initiators_open(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'B', 2);
    assert_is(access_of(&all, 'D'), "RW");
    assert_good(pr_out_of(&all, 'A', PR_RESERVE, accesses[_i].type, 1, 0, 0));
    assert_is(access_of(&all, 'A'), accesses[_i].a);
    assert_is(access_of(&all, 'B'), accesses[_i].b);
    assert_is(access_of(&all, 'C'), accesses[_i].c);
    assert_is(access_of(&all, 'D'), accesses[_i].d);
    /* One that logs in later, and one that comes back as the initiator port it was. */
    initiator_leave(&all, 'D');
    initiator_return(&all, 'D');
    assert_is(access_of(&all, 'D'), accesses[_i].d);
    initiator_leave(&all, 'A');
    assert_is(access_of(&all, 'B'), accesses[_i].b);
    assert_is(access_of(&all, 'C'), accesses[_i].c);
    initiator_return(&all, 'A');
    assert_is(access_of(&all, 'A'), accesses[_i].a);
    /* A reset changes nothing of it. */
    lun_reset(all.f.lun);
    assert_is(ask(&all, 'A', TUR), "6/29/03");
    assert_is(ask(&all, 'C', TUR), "6/29/03");
    assert_is(access_of(&all, 'A'), accesses[_i].a);
    assert_is(access_of(&all, 'C'), accesses[_i].c);
    assert_good(pr_out_of(&all, 'A', PR_RELEASE, accesses[_i].type, 1, 0, 0));
    assert_is(access_of(&all, 'C'), "RW");
    initiators_close(&all);
}
END_TEST

/* tgt tells nobody. */
START_TEST(the_others_are_told_when_the_holder_of_a_registrants_only_reservation_unregisters)
{
    struct initiators all;

    initiators_open(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'B', 2);
    enrol(&all, 'C', 3);
    assert_good(pr_out_of(&all, 'A', PR_RESERVE, _i, 1, 0, 0));
    assert_good(pr_out_of(&all, 'A', PR_REGISTER, 0, 1, 0, 0));
    assert_is(ask(&all, 'B', TUR), "6/2a/04");
    assert_is(ask(&all, 'C', TUR), "6/2a/04");
    assert_good(ask(&all, 'A', TUR));
    assert_good(ask(&all, 'B', TUR));
    assert_good(ask(&all, 'D', TUR)); /* is not registered */
    assert_is(access_of(&all, 'D'), "RW");
    initiators_close(&all);
}
END_TEST

START_TEST(who_is_preempted_or_cleared_is_told_and_fenced_off)
{
    struct initiators all;

    initiators_open(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'B', 2);
    enrol(&all, 'C', 3);
    assert_good(pr_out_of(&all, 'B', PR_RESERVE, WERO, 2, 0, 0));
    assert_is(access_of(&all, 'C'), "RW");
    assert_good(pr_out_of(&all, 'A', PR_PREEMPT, WERO, 1, 2, 0));
    /* The conflict comes before the attention (SAM-5 section 5.3.3). */
    assert_is(ask(&all, 'B', TUR), "6/2a/05");
    assert_is(access_of(&all, 'B'), "R-");
    assert_good(ask(&all, 'C', TUR));
    assert_is(access_of(&all, 'A'), "RW");
    assert_good(pr_out_of(&all, 'C', PR_CLEAR, 0, 3, 0, 0));
    assert_is(ask(&all, 'A', TUR), "6/2a/03");
    assert_good(ask(&all, 'B', TUR));
    assert_good(ask(&all, 'C', TUR));
    assert_is(access_of(&all, 'B'), "RW");
    initiators_close(&all);
}
END_TEST

/* A change of the configuration has given the disk another unit: D is at that one. */
START_TEST(units_of_one_disk_share_their_reservations)
{
    struct initiators all;
    struct lun *other;

    initiators_open(&all);
    enrol(&all, 'A', 1);
    enrol(&all, 'D', 4);
    other = lun_new(&all.f.lun->identity,
                    &(struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE},
                    all.f.store, all.f.lun->released, &all.f);
    ck_assert_ptr_nonnull(other);
    reservations_attach(other, all.f.lun->reservations);
    initiator_leave(&all, 'D');
    initiator(&all, 'D')->nexus = nexus_new(other, &initiator(&all, 'D')->it, false, NULL);
    assert_is(ask(&all, 'D', TUR), "6/29/00");
    assert_good(pr_out_of(&all, 'A', PR_RESERVE, WERO, 1, 0, 0));
    assert_is(access_of(&all, 'D'), "RW");
    assert_is(access_of(&all, 'C'), "R-");
    assert_good(pr_out_of(&all, 'A', PR_PREEMPT, WERO, 1, 4, 0));
    assert_is(ask(&all, 'D', TUR), "6/2a/05");
    assert_is(access_of(&all, 'D'), "R-");
    initiator_leave(&all, 'D');
    lun_unref(other);
    lun_free(other);
    initiators_close(&all);
}
END_TEST

TCase *
reservations_cases(void)
{
    TCase *t = tcase_create("reservations");

    tcase_add_test(t, keys_and_reservation_are_told_to_everybody);
    tcase_add_test(t, full_status_names_each_registrant_and_its_port);
    tcase_add_test(t, capabilities_are_what_there_is);
    tcase_add_test(t, service_actions_that_are_not_there_are_invalid_fields);
    tcase_add_loop_test(t, a_reservation_holds_for_every_nexus_at_once, 0,
                        sizeof accesses / sizeof accesses[0]);
    tcase_add_loop_test(
        t, the_others_are_told_when_the_holder_of_a_registrants_only_reservation_unregisters,
        WERO, EARO + 1);
    tcase_add_test(t, who_is_preempted_or_cleared_is_told_and_fenced_off);
    tcase_add_test(t, units_of_one_disk_share_their_reservations);
    return t;
}
