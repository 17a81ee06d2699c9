/* test_lun_space.c: who hears that the space of a thin unit gets short, and ends. */
#include <errno.h>
#include <string.h>

#include "initiators.h"
#include "scsi/lun_space.h"
#include "suites.h"

#define MIB       (UINT64_C(1) << 20)
#define THRESHOLD (4 * MIB)

static const struct {
    uint64_t available;
    bool is_told;
} spaces[] = {
    {THRESHOLD, false}, {THRESHOLD - 1, true}, {2 * MIB, false},       {THRESHOLD, false},
    {3 * MIB, true},    {2 * MIB, false},      {THRESHOLD - 1, false},
};

START_TEST(whoever_is_there_hears_each_time_that_space_gets_short)
{
    struct nexus *other;
    struct fixture f;

    fixture_open(&f);
    lun_set_modes(f.lun, LUN_LBPERE, LUN_LBPERE);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    ck_assert(!lun_note_space(f.lun, 2 * MIB)); /* no threshold */
    atomic_store(&f.lun->space_threshold, THRESHOLD);
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        int attention = spaces[i].is_told ? ATTENTION_SPACE_SHORT : -1;

        ck_assert_int_eq(lun_note_space(f.lun, spaces[i].available), spaces[i].is_told);
        ck_assert_int_eq(nexus_take_attention(f.nexus), attention);
        ck_assert_int_eq(nexus_take_attention(other), attention);
    }
    lun_set_modes(f.lun, LUN_LBPERE, 0); /* nobody wants to hear of it */
    ck_assert(!lun_note_space(f.lun, THRESHOLD));
    ck_assert(lun_note_space(f.lun, 2 * MIB));
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

#define WRITE_ONE "2a 00 00000000 00 0001 00"
#define READ_ONE  "28 00 00000000 00 0001 00"
#define FAILED    "7/27/07"
#define TOLD      "6/38/07"

static void
open_thin(struct initiators *all)
{
    initiators_open(all);
    lun_set_modes(all->f.lun, LUN_LBPERE, LUN_LBPERE);
}

/* What a WRITE of WHO comes to where the store says ERROR. */
static const char *
write_with(struct initiators *all, char who, int error)
{
    static const uint8_t block[BLOCK];
    const char *text;
    struct call c;

    fake_store_fail(all->f.store, STORE_WRITE, 0, error);
    text = ask_with(all, who, WRITE_ONE, block, sizeof block, &c);
    call_end(&c);
    return text;
}

static const int no_space[] = {ENOSPC, EDQUOT, EFBIG};

START_TEST(the_first_write_without_space_is_told_to_the_others)
{
    struct initiators all;
    struct call c;

    open_thin(&all);
    ck_assert(!lun_wants_space_looked_at(all.f.lun)); /* nobody set a threshold */
    assert_is(write_with(&all, 'A', no_space[_i]), FAILED);
    assert_is(ask_with(&all, 'B', TUR, NULL, 0, &c), TOLD);
    ck_assert_int_eq(information(&c), SPACE_NONE_DESCRIPTOR);
    assert_is(ask(&all, 'C', READ_ONE), TOLD);
    for (char who = 'A'; who <= 'C'; who++)
        assert_good(ask(&all, who, READ_ONE));
    assert_is(write_with(&all, 'B', no_space[_i]), FAILED); /* it goes on: no news */
    assert_is(write_with(&all, 'A', no_space[_i]), FAILED);
    for (char who = 'A'; who <= 'C'; who++)
        assert_good(ask(&all, who, TUR));
    ck_assert(lun_wants_space_looked_at(all.f.lun)); /* whether there is some again */
    initiators_close(&all);
}
END_TEST

START_TEST(other_failures_are_not_told)
{
    static const int errors[] = {EIO, EROFS, ENODEV, ENOMEM};
    struct initiators all;

    open_thin(&all);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        ck_assert_str_ne(write_with(&all, 'A', errors[i]), "GOOD");
    assert_good(ask(&all, 'B', TUR));
    ck_assert(!lun_wants_space_looked_at(all.f.lun));
    initiators_close(&all);
}
END_TEST

/* What is left, and whether it is news that none is. */
static const struct {
    uint64_t available;
    bool is_told;
} levels[] = {
    {2 * MIB, false},       {MIB, false}, {MIB / 2 + 1, false}, {MIB / 2, true}, {0, false},
    {MIB + MIB / 2, false}, {0, false},   {2 * MIB, false},     {0, true},
};

START_TEST(that_nothing_is_left_is_told_once_until_there_was_some)
{
    struct initiators all;

    open_thin(&all);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        ck_assert(!lun_note_space(all.f.lun, levels[i].available)); /* no first threshold */
        for (char who = 'A'; who <= 'C'; who++)
            assert_is(ask(&all, who, TUR), levels[i].is_told ? TOLD : "GOOD");
    }
    assert_is(write_with(&all, 'A', ENOSPC), FAILED);
    assert_good(ask(&all, 'B', TUR)); /* has heard of it */
    lun_note_space(all.f.lun, 2 * MIB);
    assert_is(write_with(&all, 'A', ENOSPC), FAILED);
    assert_is(ask(&all, 'B', TUR), TOLD);
    assert_good(ask(&all, 'A', TUR));
    initiators_close(&all);
}
END_TEST

START_TEST(both_thresholds_are_told_and_which_is_which)
{
    struct initiators all;
    struct call c;

    open_thin(&all);
    atomic_store(&all.f.lun->space_threshold, THRESHOLD);
    ck_assert(lun_note_space(all.f.lun, 0));
    assert_is(ask_with(&all, 'A', TUR, NULL, 0, &c), TOLD);
    ck_assert_int_eq(information(&c), SPACE_NONE_DESCRIPTOR);
    assert_is(ask_with(&all, 'A', TUR, NULL, 0, &c), TOLD);
    ck_assert_int_eq(information(&c), SPACE_SHORT_DESCRIPTOR);
    assert_good(ask(&all, 'A', TUR));
    assert_good(ask_with(&all, 'B', "03 00 00 00 ff 00", NULL, 0, &c)); /* REQUEST SENSE */
    ck_assert_mem_eq(c.cmd.in->data, "\xf0\x00\x06\x00\x00\x00\x18", 7);
    call_end(&c);
    initiators_close(&all);
}
END_TEST

START_TEST(nobody_is_told_where_nobody_wants_it_or_the_unit_is_not_thin)
{
    struct initiators all;

    open_thin(&all);
    lun_set_modes(all.f.lun, _i == 0 ? LUN_LBPERE : LUN_UNMAP, 0);
    assert_is(write_with(&all, 'A', ENOSPC), FAILED);
    assert_good(ask(&all, 'B', TUR));
    initiators_close(&all);
}
END_TEST

TCase *
lun_space_cases(void)
{
    TCase *t = tcase_create("lun_space");

    tcase_add_test(t, whoever_is_there_hears_each_time_that_space_gets_short);
    tcase_add_loop_test(t, the_first_write_without_space_is_told_to_the_others, 0,
                        (int)(sizeof no_space / sizeof no_space[0]));
    tcase_add_test(t, other_failures_are_not_told);
    tcase_add_test(t, that_nothing_is_left_is_told_once_until_there_was_some);
    tcase_add_test(t, both_thresholds_are_told_and_which_is_which);
    tcase_add_loop_test(t, nobody_is_told_where_nobody_wants_it_or_the_unit_is_not_thin, 0, 2);
    return t;
}
