/* test_reserve.c: RESERVE and RELEASE. */
#include <stdio.h>
#include <string.h>

#include "initiators.h"
#include "suites.h"

/* RESERVE and RELEASE. */
static const struct {
    const char *reserve, *release;
} reserves[] = {
    {"16 00 00 00 00 00", "17 00 00 00 00 00"},
    {"56 00 00 00 00 00 00 00 00 00", "57 00 00 00 00 00 00 00 00 00"},
    {"16 00 00 00 00 00", "57 00 00 00 00 00 00 00 00 00"},
};

/* tgt accepts RESERVE(6) and keeps nobody out. */
START_TEST(a_unit_that_is_reserved_keeps_the_others_out)
{
    const char *reserve = reserves[_i].reserve, *release = reserves[_i].release;
    struct initiators all;

    initiators_open(&all);
    assert_good(ask(&all, 'A', reserve));
    assert_good(ask(&all, 'A', reserve));
    assert_is(access_of(&all, 'A'), "RW");
    assert_is(access_of(&all, 'B'), "--");
    assert_is(ask(&all, 'B', reserve), "CONFLICT");
    assert_is(ask(&all, 'B', TUR), "CONFLICT");
    assert_good(ask(&all, 'B', "12 00 00 00 ff 00"));
    assert_good(ask(&all, 'B', "03 00 00 00 ff 00"));
    assert_good(ask(&all, 'B', "a0 00 00 00 00 00 00 00 00 ff 00 00"));
    /* One that comes later is kept out, too. */
    initiator_leave(&all, 'C');
    initiator_return(&all, 'C');
    assert_is(access_of(&all, 'C'), "--");
    /* Who has not reserved it releases nothing. */
    assert_good(ask(&all, 'B', release));
    assert_is(access_of(&all, 'B'), "--");
    assert_good(ask(&all, 'A', release));
    assert_is(access_of(&all, 'B'), "RW");
    assert_good(ask(&all, 'B', release));
    initiators_close(&all);
}
END_TEST

START_TEST(a_reserve_ends_with_its_session_or_a_reset)
{
    struct initiators all;

    initiators_open(&all);
    assert_good(ask(&all, 'A', reserves[0].reserve));
    initiator_leave(&all, 'A');
    assert_is(access_of(&all, 'B'), "RW");
    initiator_return(&all, 'A');
    assert_good(ask(&all, 'B', reserves[0].reserve));
    assert_is(access_of(&all, 'A'), "--");
    lun_reset(all.f.lun);
    assert_is(ask(&all, 'A', TUR), "6/29/03");
    assert_is(access_of(&all, 'A'), "RW");
    initiators_close(&all);
}
END_TEST

START_TEST(reserve_and_persistent_reservations_exclude_each_other)
{
    struct initiators all;

    initiators_open(&all);
    assert_good(ask(&all, 'A', reserves[0].reserve));
    /* Regardless of the initiator (SPC-2 section 5.5.1). */
    assert_is(pr_out_of(&all, 'A', PR_REGISTER, 0, 0, 1, 0), "CONFLICT");
    assert_is(pr_out_of(&all, 'B', PR_REGISTER, 0, 0, 1, 0), "CONFLICT");
    for (int action = 0; action < 4; action++) {
        char cdb[32];

        snprintf(cdb, sizeof cdb, "5e %02x 00 00 00 00 00 00 ff 00", action);
        assert_is(ask(&all, 'A', cdb), "CONFLICT");
        assert_is(ask(&all, 'B', cdb), "CONFLICT");
    }
    assert_good(ask(&all, 'A', reserves[0].release));
    enrol(&all, 'A', 1);
    for (size_t i = 0; i < sizeof reserves / sizeof reserves[0]; i++) {
        assert_is(ask(&all, 'A', reserves[i].reserve), "CONFLICT");
        assert_is(ask(&all, 'B', reserves[i].reserve), "CONFLICT");
        assert_is(ask(&all, 'A', reserves[i].release), "CONFLICT");
    }
    assert_good(pr_out_of(&all, 'A', PR_REGISTER, 0, 1, 0, 0));
    assert_good(ask(&all, 'B', reserves[0].reserve));
    initiators_close(&all);
}
END_TEST

static const struct {
    const char *cdb, *pointer;
} third_parties[] = {
    {"16 10 00 00 00 00", "cdb 1.4"},
    {"16 01 00 00 00 00", "cdb 1.0"},
    {"17 10 00 00 00 00", "cdb 1.4"},
    {"56 10 00 00 00 00 00 00 00 00", "cdb 1.4"},
    {"56 02 00 00 00 00 00 00 08 00", "cdb 1.1"},
    {"57 01 00 00 00 00 00 00 00 00", "cdb 1.0"},
};

START_TEST(third_parties_and_extents_are_refused)
{
    struct initiators all;
    struct call c;

    initiators_open(&all);
    assert_is(ask_with(&all, 'A', third_parties[_i].cdb, NULL, 0, &c), "5/24/00");
    ck_assert_str_eq(field_pointer(&c), third_parties[_i].pointer);
    assert_is(access_of(&all, 'B'), "RW");
    initiators_close(&all);
}
END_TEST

TCase *
reserve_cases(void)
{
    TCase *t = tcase_create("reserve");

    tcase_add_loop_test(t, a_unit_that_is_reserved_keeps_the_others_out, 0,
                        sizeof reserves / sizeof reserves[0]);
    tcase_add_test(t, a_reserve_ends_with_its_session_or_a_reset);
    tcase_add_test(t, reserve_and_persistent_reservations_exclude_each_other);
    tcase_add_loop_test(t, third_parties_and_extents_are_refused, 0,
                        sizeof third_parties / sizeof third_parties[0]);
    return t;
}
