/* test_pr_out.c: lists of PERSISTENT RESERVE OUT, right ones and wrong ones. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "initiators.h"
#include "scsi/commands.h"
#include "suites.h"

/* Lists that are not as they must be: what they get, and that nothing has changed. */
/* clang-format off */
static const struct {
    const char *cdb, *outcome, *pointer;
    const char *list; /* hex digits; spaces ignored */
} refusals[] = {
    /* The length (section 6.16.1). */
    {"5f 00 00 00 00 00 00 00 00 00", "5/1a/00", "none", ""},
    {"5f 00 00 00 00 00 00 00 17 00", "5/1a/00", "none", ""},
    {"5f 00 00 00 00 00 00 00 1c 00", "5/1a/00", "none",
     "0000000000000000 0000000000000001 00000000 00 000000 00000000"},
    {"5f 01 01 00 00 00 00 00 1c 00", "5/1a/00", "none", ""},
    {"5f 03 00 00 00 00 00 00 19 00", "5/1a/00", "none", ""},
    {"5f 06 00 00 00 00 00 00 10 00", "5/1a/00", "none", ""},
    {"5f 00 00 00 00 ff ff ff ff 00", "5/1a/00", "none", ""},
    {"5f 07 00 00 00 00 00 00 17 00", "5/1a/00", "none", ""},
    /* What is sent is less than what is said. */
    {"5f 00 00 00 00 00 00 00 18 00", "5/1a/00", "none", "0000000000000000"},
    /* SPEC_I_PT without a length of TransportIDs, with a wrong one, with one too short. */
    {"5f 00 00 00 00 00 00 00 18 00", "5/1a/00", "none",
     "0000000000000000 0000000000000001 00000000 08 000000"},
    {"5f 00 00 00 00 00 00 00 1c 00", "5/26/00", "list 24",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"},
    {"5f 00 00 00 00 00 00 00 20 00", "5/26/00", "list 28",
     "0000000000000000 0000000000000001 00000000 08 000000 00000004 45000000"},
    /* TransportIDs: format, protocol, length, name, ISID. */
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 28.7",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "85000014 69716e2e783a792c692c307831000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 28.3",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "46000014 69716e2e783a792c692c307831000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 30",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "45000018 69716e2e783a792c692c307831000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 30",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "45000010 69716e2e783a792c692c307831000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 32",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "45000014 69716e2e783a792c692c307867000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 32",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "45000014 69716e2e783a79000000000000000000 00000000"},
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 32",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "45000014 41414141414141414141414141414141 41414141"},
    /* A node of which no port is known. */
    {"5f 00 00 00 00 00 00 00 34 00", "5/26/00", "list 32",
     "0000000000000000 0000000000000001 00000000 08 000000 00000018"
     "05000014 69716e2e783a79000000000000000000 00000000"},
    /* SPEC_I_PT with another service action. */
    {"5f 06 00 00 00 00 00 00 18 00", "5/26/00", "list 20.3",
     "0000000000000000 0000000000000001 00000000 08 000000"},
    /* APTPL where nothing is kept. */
    {"5f 00 00 00 00 00 00 00 18 00", "5/26/00", "list 20.0",
     "0000000000000000 0000000000000001 00000000 01 000000"},
    {"5f 06 00 00 00 00 00 00 18 00", "5/26/00", "list 20.0",
     "0000000000000000 0000000000000001 00000000 01 000000"},
    {"5f 07 00 00 00 00 00 00 30 00", "5/26/00", "list 17.0",
     "0000000000000000 0000000000000001 00 01 0001 00000018"
     "45000014 69716e2e783a792c692c307831000000 00000000"},
    /* REGISTER AND MOVE: length of the TransportID, target port. */
    {"5f 07 00 00 00 00 00 00 30 00", "5/26/00", "list 20",
     "0000000000000000 0000000000000001 00 00 0001 00000014"
     "45000014 69716e2e783a792c692c307831000000 00000000"},
    {"5f 07 00 00 00 00 00 00 30 00", "5/26/00", "list 18",
     "0000000000000000 0000000000000001 00 00 0009 00000018"
     "45000014 69716e2e783a792c692c307831000000 00000000"},
};
/* clang-format on */

static size_t
from_hex(const char *text, uint8_t *bytes)
{
    size_t n = 0;
    unsigned value;

    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        ck_assert_int_eq(sscanf(text, "%2x", &value), 1);
        bytes[n++] = (uint8_t)value;
        text += 2;
    }
    return n;
}

START_TEST(a_list_that_is_not_right_is_refused_and_changes_nothing)
{
    uint8_t list[256];
    struct initiators all;
    struct call c;
    size_t length = from_hex(refusals[_i].list, list);

    initiators_open(&all);
    assert_is(ask_with(&all, 'A', refusals[_i].cdb, list, length, &c), refusals[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), refusals[_i].pointer);
    assert_is(pr_in(&all, 'A', 0, 0xff), "0000000000000000");
    initiators_close(&all);
}
END_TEST

/* What the state machine refuses, as sense data. */
static const struct {
    enum pr_action action;
    unsigned type;
    uint64_t key, new_key;
    const char *outcome, *pointer;
} judgements[] = {
    {PR_RESERVE, 0x11, 1, 0, "5/24/00", "cdb 2.7"},
    {PR_RESERVE, 0x02, 1, 0, "5/24/00", "cdb 2.3"},
    {PR_PREEMPT, WE, 1, 0, "5/26/00", "list 8"},
    {PR_RELEASE, EA, 1, 0, "5/26/04", "none"},
    {PR_RESERVE, WE, 2, 0, "CONFLICT", "none"},
};

START_TEST(what_is_refused_has_its_sense_code_and_pointer)
{
    uint8_t list[24];
    struct initiators all;
    struct call c;
    char cdb[32];

    initiators_open(&all);
    enrol(&all, 'A', 1);
    if (judgements[_i].action == PR_RELEASE)
        assert_good(pr_out_of(&all, 'A', PR_RESERVE, WE, 1, 0, 0));
    pr_out_list(list, judgements[_i].key, judgements[_i].new_key, 0);
    snprintf(cdb, sizeof cdb, "5f %02x %02x 00 00 00 00 00 18 00", judgements[_i].action,
             judgements[_i].type);
    assert_is(ask_with(&all, 'A', cdb, list, 24, &c), judgements[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), judgements[_i].pointer);
    initiators_close(&all);
}
END_TEST

/* A TransportID at BYTES; its length. */
static size_t
put_id(uint8_t *bytes, const char *name, bool is_port)
{
    size_t more = (strlen(name) + 4) / 4 * 4;

    memset(bytes, 0, 4 + more);
    bytes[0] = is_port ? 0x45 : 0x05;
    put_be16(bytes + 2, (uint16_t)more);
    memcpy(bytes + 4, name, strlen(name));
    return 4 + more;
}

START_TEST(others_are_registered_by_port_or_by_node)
{
    uint8_t list[512];
    struct initiators all;
    struct call c;
    char cdb[64];
    size_t n = 28;

    initiators_open(&all);
    pr_out_list(list, 0, 7, WITH_SPEC_I_PT);
    n += put_id(list + n, initiator(&all, 'B')->port, true);
    n += put_id(list + n, "IQN.2026-11.org.example:C", false);
    n += put_id(list + n, "iqn.2026-11.org.example:D,i,0x23D000003", true); /* as it may come */
    put_be32(list + 24, (uint32_t)n - 28);
    snprintf(cdb, sizeof cdb, "5f 00 00 00 00 0000%04zx 00", n);
    assert_good(ask_with(&all, 'A', cdb, list, n, &c));
    assert_is(pr_in(&all, 'A', 0, 0xff),
              "0000000100000020"
              "0000000000000007000000000000000700000000000000070000000000000007");
    assert_good(pr_out_of(&all, 'D', PR_RESERVE, WERO, 7, 0, 0));
    assert_is(access_of(&all, 'C'), "RW");
    assert_good(pr_out_of(&all, 'D', PR_CLEAR, 0, 7, 0, 0));
    assert_is(ask(&all, 'A', TUR), "6/2a/03");
    /* One that is registered already: the pointer is at its TransportID. */
    assert_is(ask(&all, 'C', TUR), "6/2a/03");
    enrol(&all, 'C', 3);
    assert_is(ask_with(&all, 'A', cdb, list, n, &c), "5/26/00");
    ck_assert_str_eq(field_pointer(&c), "list 76");
    assert_is(pr_in(&all, 'A', 0, 0xff), "00000003000000080000000000000003");
    initiators_close(&all);
}
END_TEST

START_TEST(all_target_ports_are_registered_at_once)
{
    struct initiators all;
    const char *text;

    initiators_open(&all);
    assert_good(pr_out_of(&all, 'A', PR_REGISTER, 0, 0, 5, WITH_ALL_TG_PT));
    assert_is(pr_in(&all, 'A', 0, 0xff), "0000000100000010"
                                         "0000000000000005"
                                         "0000000000000005");
    text = pr_in(&all, 'A', 3, 0xffff);
    ck_assert_int_eq(strncmp(text + 2 * (8 + 18), "0001", 4), 0);
    ck_assert_int_eq(strncmp(text + 2 * (8 + 24 + 48 + 18), "0002", 4), 0);
    assert_good(pr_out_of(&all, 'A', PR_REGISTER, 0, 5, 0, WITH_ALL_TG_PT));
    assert_is(pr_in(&all, 'A', 0, 0xff), "0000000200000000");
    initiators_close(&all);
}
END_TEST

START_TEST(a_reservation_is_moved_to_another_initiator)
{
    uint8_t list[256];
    struct initiators all;
    struct call c;
    char cdb[64];
    size_t n = 24;

    initiators_open(&all);
    enrol(&all, 'A', 1);
    assert_good(pr_out_of(&all, 'A', PR_RESERVE, EA, 1, 0, 0));
    pr_out_list(list, 1, 9, 0);
    n += put_id(list + n, initiator(&all, 'B')->port, true);
    list[17] = 0x02; /* UNREG */
    put_be16(list + 18, 1);
    put_be32(list + 20, (uint32_t)n - 24);
    snprintf(cdb, sizeof cdb, "5f 07 00 00 00 0000%04zx 00", n);
    assert_good(ask_with(&all, 'A', cdb, list, n, &c));
    for (char who = 'A'; who <= 'C'; who++) /* nobody has lost anything unasked */
        assert_good(ask(&all, who, TUR));
    assert_is(access_of(&all, 'A'), "--");
    assert_is(access_of(&all, 'B'), "RW");
    assert_is(pr_in(&all, 'A', 1, 0xff), "0000000200000010"
                                         "0000000000000009"
                                         "0000000000030000");
    initiators_close(&all);
}
END_TEST

START_TEST(a_cut_list_is_refused_wherever_it_is_cut)
{
    uint8_t list[512];
    struct initiators all;
    struct call c;
    char cdb[64];
    size_t n = 28;

    initiators_open(&all);
    pr_out_list(list, 0, 7, WITH_SPEC_I_PT);
    n += put_id(list + n, initiator(&all, 'B')->port, true);
    n += put_id(list + n, "iqn.2026-11.org.example:C", false);
    put_be32(list + 24, (uint32_t)n - 28);
    for (size_t cut = 0; cut < n; cut++) {
        snprintf(cdb, sizeof cdb, "5f 00 00 00 00 0000%04zx 00", cut);
        ask_with(&all, 'A', cdb, list, cut, &c);
        ck_assert_int_eq(c.cmd.status, SCSI_CHECK_CONDITION);
        ck_assert_uint_eq(c.cmd.sense[2], 5);
        if (cut < 28)
            continue;
        /* The same with a length that fits. */
        put_be32(list + 24, (uint32_t)cut - 28);
        ask_with(&all, 'A', cdb, list, cut, &c);
        if (c.cmd.status == SCSI_GOOD) { /* cut between two */
            assert_good(pr_out_of(&all, 'A', PR_CLEAR, 0, 7, 0, 0));
            assert_is(ask(&all, 'B', TUR), cut > 28 ? "6/2a/03" : "GOOD");
        }
        put_be32(list + 24, (uint32_t)n - 28);
    }
    assert_is(pr_in(&all, 'A', 0, 8) + 8, "00000000");
    initiators_close(&all);
}
END_TEST

enum { CROWD = 448, NAME = 200, LISTED = 300 };

/* Sessions of one node to the unit of ALL. */
struct crowd {
    char name[NAME + 1], ports[CROWD][NAME + 20];
    struct it_nexus its[CROWD];
    struct nexus *nexuses[CROWD];
};

static void
crowd_open(struct crowd *crowd, struct initiators *all)
{
    memset(crowd->name, 'n', NAME);
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(crowd->ports[i], sizeof crowd->ports[i], "%s,i,0x%012x", crowd->name, i);
        crowd->its[i] = all->f.it;
        crowd->its[i].initiator_name = crowd->name;
        crowd->its[i].initiator_port = crowd->ports[i];
        crowd->nexuses[i] = nexus_new(all->f.lun, &crowd->its[i], false, NULL);
        ck_assert_ptr_nonnull(crowd->nexuses[i]);
    }
}

/* What registering a crowd costs of this process's processor where the list names it TIMES. */
static clock_t
cost_of_naming_a_crowd(int times)
{
    static uint8_t list[SCSI_LIST_MAX];
    static struct crowd crowd;
    struct initiators all;
    struct call c;
    char cdb[64];
    size_t n = 28;
    clock_t before, cost;

    initiators_open(&all);
    crowd_open(&crowd, &all);
    pr_out_list(list, 0, 7, WITH_SPEC_I_PT);
    for (int i = 0; i < times; i++)
        n += put_id(list + n, crowd.name, false);
    put_be32(list + 24, (uint32_t)n - 28);
    snprintf(cdb, sizeof cdb, "5f 00 00 00 00 0000%04zx 00", n);
    before = clock();
    assert_good(ask_with(&all, 'A', cdb, list, n, &c));
    cost = clock() - before;
    ck_assert_uint_eq(all.f.lun->reservations->pr.count, 1 + CROWD);
    for (unsigned i = 0; i < CROWD; i++)
        nexus_free(crowd.nexuses[i]);
    initiators_close(&all);
    return cost;
}

/* The worker stands still meanwhile, and whoever needs the lock of the unit. */
START_TEST(a_list_that_names_a_crowded_node_again_and_again_is_read_in_time)
{
    clock_t once = cost_of_naming_a_crowd(1), often = cost_of_naming_a_crowd(LISTED);

    ck_assert_msg(often < 10 * once, "%ld against %ld", (long)often, (long)once);
}
END_TEST

TCase *
pr_out_cases(void)
{
    TCase *t = tcase_create("pr_out");

    tcase_add_loop_test(t, a_list_that_is_not_right_is_refused_and_changes_nothing, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(t, what_is_refused_has_its_sense_code_and_pointer, 0,
                        sizeof judgements / sizeof judgements[0]);
    tcase_add_test(t, others_are_registered_by_port_or_by_node);
    tcase_add_test(t, all_target_ports_are_registered_at_once);
    tcase_add_test(t, a_reservation_is_moved_to_another_initiator);
    tcase_add_test(t, a_cut_list_is_refused_wherever_it_is_cut);
    tcase_add_test(t, a_list_that_names_a_crowded_node_again_and_again_is_read_in_time);
    return t;
}
