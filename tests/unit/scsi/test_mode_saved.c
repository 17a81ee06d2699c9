/* test_mode_saved.c: modes that are saved, by who keeps them when told to. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "scsi/lun_save.h"
#include "suites.h"

#define FROM_START (LUN_WRITE_CACHE | LUN_UNMAP) /* the modes of fixture_open() */
#define SELECT_SP  "15 11 00 00 10 00"

static const uint8_t protect[] = {0, 0, 0, 0, 0x0a, 10, 0x20, 0x10, 0x08, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t usual[] = {0, 0, 0, 0, 0x0a, 10, 0x20, 0x10, 0, 0, 0, 0, 0, 0, 0, 0};

static struct lun_save *saving; /* what waits to be kept */
static struct saved_modes kept;

static void
hold_save(struct lun_save *save)
{
    ck_assert_ptr_null(saving);
    ck_assert_ptr_null(save->reservations);
    saving = save;
}

static void
end_save(int error)
{
    struct lun_save *save = saving;

    ck_assert_ptr_nonnull(save);
    saving = NULL;
    if (error == 0)
        kept = *save->modes;
    save->error = error;
    save->done(save);
}

static void
open_keeping(struct fixture *f)
{
    fixture_open(f);
    f->lun->save = hold_save;
    saving = NULL;
    kept = (struct saved_modes){0};
}

static uint8_t
page_byte(struct fixture *f, const char *cdb, unsigned at)
{
    struct call c;
    uint8_t byte;

    run(&c, f, cdb);
    assert_outcome(&c, "GOOD");
    byte = c.cmd.in->data[at];
    call_end(&c);
    return byte;
}

START_TEST(saving_is_good_when_it_is_kept)
{
    struct nexus *other;
    struct fixture f;
    struct call c;

    open_keeping(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    call_init(&c, &f, SELECT_SP);
    call_start(&c, protect, sizeof protect);
    worker_turn(f.worker, false);
    worker_turn(f.worker, false);
    ck_assert_int_eq(c.done, 0);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    end_save(0);
    turn_until_done(&c, &f);
    assert_outcome(&c, "GOOD");
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_MODE_CHANGED);
    ck_assert_uint_eq(kept.mask, LUN_MODES_OF_PAGES);
    ck_assert_uint_eq(kept.values, LUN_WRITE_CACHE | LUN_SWP);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(what_cannot_be_kept_has_not_changed)
{
    struct nexus *other;
    struct fixture f;
    struct call c;

    open_keeping(&f);
    other = fixture_nexus(&f, false);
    ck_assert_int_eq(nexus_take_attention(other), ATTENTION_POWER_ON);
    call_init(&c, &f, SELECT_SP);
    call_start(&c, protect, sizeof protect);
    worker_turn(f.worker, false);
    end_save(-ENOSPC);
    turn_until_done(&c, &f);
    assert_outcome(&c, "4/44/00");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    ck_assert_uint_eq(lun_saved_modes(f.lun).mask, 0);
    ck_assert_int_eq(nexus_take_attention(other), -1);
    nexus_free(other);
    fixture_close(&f);
}
END_TEST

START_TEST(one_save_at_a_time)
{
    struct fixture f;
    struct call first, second;

    open_keeping(&f);
    call_init(&first, &f, "15 11 00 00 00 00"); /* an empty list: as it is */
    call_start(&first, NULL, 0);
    worker_turn(f.worker, false);
    call_init(&second, &f, SELECT_SP);
    call_run(&second, &f, protect, sizeof protect);
    assert_outcome(&second, "BUSY");
    ck_assert_uint_eq(atomic_load(&f.lun->modes), FROM_START);
    end_save(0);
    turn_until_done(&first, &f);
    assert_outcome(&first, "GOOD");
    ck_assert_uint_eq(kept.values, LUN_WRITE_CACHE);
    fixture_close(&f);
}
END_TEST

START_TEST(saved_values_are_told_and_a_reset_brings_them_back)
{
    struct fixture f;
    struct call c;

    open_keeping(&f);
    ck_assert_uint_eq(page_byte(&f, "1a 08 ca 00 ff 00", 8), 0x00); /* saved: as the defaults */
    call_init(&c, &f, SELECT_SP);
    call_start(&c, protect, sizeof protect);
    worker_turn(f.worker, false);
    end_save(0);
    turn_until_done(&c, &f);
    call_init(&c, &f, "15 10 00 00 10 00");
    call_run(&c, &f, usual, sizeof usual);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(page_byte(&f, "1a 08 0a 00 ff 00", 4), 0x8a); /* PS */
    ck_assert_uint_eq(page_byte(&f, "1a 08 1c 00 ff 00", 4), 0x1c); /* nothing to save */
    ck_assert_uint_eq(page_byte(&f, "1a 08 0a 00 ff 00", 8), 0x00);
    ck_assert_uint_eq(page_byte(&f, "1a 08 8a 00 ff 00", 8), 0x00); /* default */
    ck_assert_uint_eq(page_byte(&f, "1a 08 ca 00 ff 00", 8), 0x08); /* saved: SWP */
    lun_reset(f.lun);
    (void)nexus_take_attention(f.nexus);
    ck_assert_uint_eq(page_byte(&f, "1a 08 0a 00 ff 00", 8), 0x08);
    fixture_close(&f);
}
END_TEST

START_TEST(an_operator_who_changes_an_attribute_has_the_last_word)
{
    struct lun_attributes attributes = {.block_size = BLOCK, .modes = FROM_START | LUN_D_SENSE};
    struct lun_identity identity;
    struct fixture f;

    open_keeping(&f);
    identity = lun_identity(f.lun);
    lun_set_saved_modes(f.lun, &(struct saved_modes){LUN_D_SENSE | LUN_SWP, LUN_SWP}, true);
    ck_assert(lun_reconfigure(f.lun, &identity, &attributes));
    ck_assert(lun_is(f.lun, LUN_D_SENSE) && lun_is(f.lun, LUN_SWP));
    ck_assert_uint_eq(lun_saved_modes(f.lun).mask, LUN_SWP);
    ck_assert(!lun_reconfigure(f.lun, &identity, &attributes));
    lun_reset(f.lun);
    ck_assert(lun_is(f.lun, LUN_D_SENSE) && lun_is(f.lun, LUN_SWP));
    fixture_close(&f);
}
END_TEST

TCase *
mode_saved_cases(void)
{
    TCase *t = tcase_create("mode_saved");

    tcase_add_test(t, saving_is_good_when_it_is_kept);
    tcase_add_test(t, what_cannot_be_kept_has_not_changed);
    tcase_add_test(t, one_save_at_a_time);
    tcase_add_test(t, saved_values_are_told_and_a_reset_brings_them_back);
    tcase_add_test(t, an_operator_who_changes_an_attribute_has_the_last_word);
    return t;
}
