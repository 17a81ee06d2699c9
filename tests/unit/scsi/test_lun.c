/* test_lun.c: ranges of a logical unit, and its nexuses' unit attentions. */
#include <pthread.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const struct {
    uint64_t lba, count;
    bool there;
} ranges[] = {
    {0, 0, true},
    {0, BLOCKS, true},
    {0, BLOCKS + 1, false},
    {BLOCKS - 1, 1, true},
    {BLOCKS - 1, 2, false},
    {BLOCKS, 0, false},
    {BLOCKS, 1, false},
    {UINT64_MAX, 0, false},
    {UINT64_MAX, 1, false},
    {1, UINT64_MAX, false},
    {BLOCKS - 1, UINT64_MAX, false},
    {UINT64_C(1) << 55, UINT64_C(1) << 55, false}, /* as bytes both are 0 */
};

START_TEST(a_range_must_lie_in_the_unit_without_overflow)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(lun_has_range(f.lun, ranges[_i].lba, ranges[_i].count), ranges[_i].there);
    fixture_close(&f);
}
END_TEST

START_TEST(attentions_are_taken_in_order_of_precedence_each_once)
{
    struct fixture f;

    fixture_open(&f);
    for (int i = ATTENTIONS - 1; i >= 0; i--) {
        nexus_raise(f.nexus, (enum unit_attention)i);
        nexus_raise(f.nexus, (enum unit_attention)i);
    }
    nexus_clear(f.nexus, ATTENTION_BUS_RESET);
    for (int i = 0; i < ATTENTIONS; i++) {
        if (i == ATTENTION_BUS_RESET)
            continue;
        ck_assert_uint_eq(atomic_load(&f.nexus->verdict),
                          i > ATTENTION_LAST_RESET ? VERDICT_ATTENTION
                                                   : VERDICT_RESET | VERDICT_ATTENTION);
        ck_assert_int_eq(nexus_take_attention(f.nexus), i);
    }
    ck_assert_uint_eq(atomic_load(&f.nexus->verdict), 0);
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    fixture_close(&f);
}
END_TEST

START_TEST(a_reset_is_told_to_all)
{
    struct fixture f;
    struct nexus *other;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    lun_reset(f.lun);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_DEVICE_RESET);
    ck_assert_int_eq(nexus_take_attention(f.nexus), -1);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_DEVICE_RESET);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(a_change_of_capacity_is_told_to_all)
{
    struct fixture f;
    struct nexus *other;

    fixture_open(&f);
    other = fixture_nexus(&f, true);
    lun_raise(f.lun, ATTENTION_CAPACITY_CHANGED, NULL);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_CAPACITY_CHANGED);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_CAPACITY_CHANGED);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(whoever_causes_a_change_is_not_told)
{
    struct fixture f;
    struct nexus *other;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    lun_raise(f.lun, ATTENTION_MODE_CHANGED, other);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_MODE_CHANGED);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(what_a_nexus_may_do_stands_beside_its_attentions)
{
    struct fixture f;

    fixture_open(&f);
    nexus_set_access(f.nexus, VERDICT_OF_RESERVATIONS, VERDICT_NO_WRITE);
    nexus_raise(f.nexus, ATTENTION_MODE_CHANGED);
    nexus_set_access(f.nexus, VERDICT_OF_PORT, VERDICT_STANDBY);
    ck_assert_uint_eq(atomic_load(&f.nexus->verdict),
                      VERDICT_NO_WRITE | VERDICT_ATTENTION | VERDICT_STANDBY);
    ck_assert_int_eq(nexus_take_attention(f.nexus), ATTENTION_MODE_CHANGED);
    nexus_set_access(f.nexus, VERDICT_OF_RESERVATIONS, 0);
    ck_assert_uint_eq(atomic_load(&f.nexus->verdict), VERDICT_STANDBY);
    fixture_close(&f);
}
END_TEST

/* By which command the initiator hears how large a block is. */
static const char *const capacities[] = {"25 00 00000000 0000 00 00",
                                         "9e 10 0000000000000000 00000020 00 00"};

START_TEST(blocks_of_another_size_are_let_alone_until_the_capacity_was_read)
{
    static const struct lun_attributes attributes = {.block_size = 4096};
    struct nexus *other, *again;
    struct fixture f;
    struct lun *large;
    struct call c;

    fixture_open(&f);
    large = lun_new(&f.lun->identity, &attributes, f.store, f.lun->released, &f);
    ck_assert_ptr_nonnull(large);
    other = nexus_new(large, &f.it, false, NULL);
    ck_assert_ptr_nonnull(other);
    nexus_replace(other, f.nexus);
    again = nexus_new(large, &f.it, false, NULL); /* it changes again before anybody looks */
    ck_assert_ptr_nonnull(again);
    nexus_replace(again, other);
    ck_assert_int_eq(nexus_take_attention(again), ATTENTION_POWER_ON);
    ck_assert_int_eq(nexus_take_attention(again), ATTENTION_CAPACITY_CHANGED);
    ck_assert_int_eq(nexus_take_attention(again), -1);
    for (int i = 0; i < 4; i++) {
        call_init(&c, &f, i == 2 ? capacities[_i] : "28 00 00000001 00 0001 00");
        c.cmd.nexus = again;
        call_run(&c, &f, NULL, 0);
        assert_outcome(&c, i < 2 ? "6/2a/09" : "GOOD");
        call_end(&c);
    }
    nexus_free(other);
    other = nexus_new(large, &f.it, false, NULL);
    nexus_replace(other, again); /* the same size, and known */
    ck_assert_uint_eq(atomic_load(&other->verdict), VERDICT_RESET);
    nexus_free(other);
    nexus_free(again);
    lun_unref(large);
    lun_free(large);
    f.released = false;
    fixture_close(&f);
}
END_TEST

START_TEST(a_mode_is_set_once)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert(!lun_is(f.lun, LUN_SWP));
    ck_assert(lun_set_modes(f.lun, LUN_SWP, LUN_SWP));
    ck_assert(!lun_set_modes(f.lun, LUN_SWP, LUN_SWP));
    ck_assert(lun_is(f.lun, LUN_SWP) && nexus_is_read_only(f.nexus));
    ck_assert(lun_set_modes(f.lun, LUN_SWP, 0));
    ck_assert(!nexus_is_read_only(f.nexus) && lun_is(f.lun, LUN_UNMAP));
    fixture_close(&f);
}
END_TEST

START_TEST(a_unit_lives_as_long_as_a_nexus_does)
{
    struct fixture f;
    struct nexus *other;

    fixture_open(&f);
    other = fixture_nexus(&f, false);
    lun_unref(lun_ref(f.lun));
    nexus_free(other);
    ck_assert(!f.released);
    nexus_free(NULL);
    lun_unref(NULL);
    lun_free(NULL);
    fixture_close(&f);
}
END_TEST

static const struct {
    bool export_read_only, unit_read_only;
    unsigned capabilities;
    bool read_only;
} protections[] = {
    {false, false, FAKE_STORE_ALL, false},
    {true, false, FAKE_STORE_ALL, true},
    {false, true, FAKE_STORE_ALL, true},
    {false, false, FAKE_STORE_ALL & ~(unsigned)STORE_CAN_WRITE, true},
};

START_TEST(writing_is_protected_by_export_unit_or_store)
{
    struct fixture f;
    struct nexus *nexus;

    fixture_open_as(
        &f, protections[_i].capabilities,
        (struct lun_attributes){.block_size = BLOCK,
                                .modes = protections[_i].unit_read_only ? LUN_READ_ONLY : 0},
        BLOCKS);
    nexus = fixture_nexus(&f, protections[_i].export_read_only);
    ck_assert_int_eq(nexus_is_read_only(nexus), protections[_i].read_only);
    nexus_free(nexus);
    fixture_close(&f);
}
END_TEST

struct renaming {
    struct lun *lun;
    struct lun_identity identities[2];
    atomic_bool is_over;
};

static void *
rename_again_and_again(void *arg)
{
    static const struct lun_attributes attributes = {.block_size = BLOCK, .modes = LUN_UNMAP};
    struct renaming *r = arg;

    for (unsigned i = 0; !atomic_load(&r->is_over); i++)
        lun_reconfigure(r->lun, &r->identities[i % 2], &attributes);
    return NULL;
}

/* The operator's thread gives it another name while a worker looks for one. */
START_TEST(a_unit_is_found_by_the_name_that_it_has_and_by_no_mixture_of_two)
{
    uint8_t mixed[16];
    struct renaming r = {0};
    struct fixture f;
    pthread_t thread;

    fixture_open(&f);
    r.lun = f.lun;
    for (int i = 0; i < 2; i++) {
        r.identities[i] = lun_identity(f.lun);
        memset(r.identities[i].naa, 0x61 + i, sizeof mixed);
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, rename_again_and_again, &r), 0);
    memset(mixed, 0x61, sizeof mixed);
    memset(mixed + 8, 0x62, 8);
    for (int i = 0; i < 20000; i++)
        ck_assert_ptr_null(nexus_find_by_naa(&f.it, mixed, sizeof mixed));
    atomic_store(&r.is_over, true);
    pthread_join(thread, NULL);
    ck_assert_ptr_eq(nexus_find_by_naa(&f.it, f.lun->identity.naa, sizeof mixed), f.nexus);
    fixture_close(&f);
}
END_TEST

TCase *
lun_cases(void)
{
    TCase *t = tcase_create("lun");

    tcase_add_loop_test(t, a_range_must_lie_in_the_unit_without_overflow, 0,
                        sizeof ranges / sizeof ranges[0]);
    tcase_add_test(t, attentions_are_taken_in_order_of_precedence_each_once);
    tcase_add_test(t, a_reset_is_told_to_all);
    tcase_add_test(t, a_change_of_capacity_is_told_to_all);
    tcase_add_test(t, whoever_causes_a_change_is_not_told);
    tcase_add_test(t, what_a_nexus_may_do_stands_beside_its_attentions);
    tcase_add_loop_test(t, blocks_of_another_size_are_let_alone_until_the_capacity_was_read, 0,
                        2);
    tcase_add_test(t, a_mode_is_set_once);
    tcase_add_test(t, a_unit_lives_as_long_as_a_nexus_does);
    tcase_add_loop_test(t, writing_is_protected_by_export_unit_or_store, 0,
                        sizeof protections / sizeof protections[0]);
    tcase_add_test(t, a_unit_is_found_by_the_name_that_it_has_and_by_no_mixture_of_two);
    return t;
}
