/* test_store.c: what is common to all types: checks at open, ranges, counters, resize rules. */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "one_worker.h"
#include "suites.h"
#include "tests/fakes/fake_store.h"

static const struct {
    struct store_config config;
    const char *says;
} bad_configs[] = {
    {{.type = "floppy", .size = 4096, .block_size = 512}, "there is no store type 'floppy'"},
    {{.size = 4096, .block_size = 512}, "there is no store type ''"},
    {{.type = "ram", .size = 4096, .block_size = 1024}, "the block size must be 512 or 4096"},
    {{.type = "ram", .block_size = 512}, "needs a size"},
    {{.type = "ram", .size = 4097, .block_size = 512}, "not a multiple of the block size 512"},
    {{.type = "null", .size = UINT64_MAX - 511, .block_size = 512}, "is too large"},
};

START_TEST(a_bad_configuration_is_refused_with_a_sentence)
{
    struct store *s = NULL;
    struct error err;

    ck_assert_int_eq(store_open(&bad_configs[_i].config, &s, &err), -1);
    ck_assert_int_eq(err.code, ERROR_INVALID_PARAMS);
    ck_assert_msg(strstr(err.message, bad_configs[_i].says) != NULL, "%s", err.message);
    ck_assert_ptr_null(s);
}
END_TEST

/* After a shrink a user may still ask for what is gone. */
static const struct {
    uint64_t offset, length;
    int error;
} ranges[] = {
    {0, 8192, 0},
    {8192, 0, 0},
    {7680, 512, 0},
    {7680, 1024, EIO},
    {8192, 512, EIO},
    {UINT64_MAX - 511, 512, EIO},
    {512, UINT64_MAX - 511, EIO},
};

START_TEST(a_range_outside_the_store_completes_with_eio)
{
    struct store *s = fake_store_open(8192, 512, FAKE_STORE_ALL);
    static uint8_t data[8192];

    ck_assert_int_eq(run_io(s, STORE_READ, ranges[_i].offset, ranges[_i].length, data),
                     ranges[_i].error);
    ck_assert_uint_eq(fake_store_records(s),
                      ranges[_i].error == 0 && ranges[_i].length > 0 ? 1 : 0);
    store_close(s);
}
END_TEST

static const struct {
    uint64_t offset, length, from_offset;
    bool is_same;
    int error;
} copies[] = {
    {0, 8192, 0, false, 0},
    {4096, 4096, 8192, false, 0}, /* FROM is longer */
    {0, 0, 16384, false, 0},
    {0, 4096, 16384, false, EIO},
    {0, 8192, 12288, false, EIO},
    {0, 4096, UINT64_MAX - 4095, false, EIO},
    {8192, 4096, 0, false, EIO},
    {0, 4096, 4096, true, 0},
    {4096, 4096, 0, true, 0},
    {0, 8192, 0, true, EOPNOTSUPP},
    {0, 4096, 3584, true, EOPNOTSUPP},
    {3584, 4096, 0, true, EOPNOTSUPP},
};

START_TEST(a_copy_is_checked_for_both_ranges)
{
    struct store *to = fake_store_open(8192, 512, FAKE_STORE_ALL);
    struct store *longer = fake_store_open(16384, 4096, FAKE_STORE_ALL & ~STORE_CAN_WRITE);
    struct store *from = copies[_i].is_same ? to : longer;

    pattern_fill(fake_store_bytes(longer), 0, 16384, 1);
    pattern_fill(fake_store_bytes(to), 0, 8192, 2);
    ck_assert_int_eq(
        run_copy(to, copies[_i].offset, copies[_i].length, from, copies[_i].from_offset),
        copies[_i].error);
    if (copies[_i].error != 0)
        ck_assert(pattern_holds(fake_store_bytes(to), 0, 8192, 2));
    else
        ck_assert(pattern_holds(fake_store_bytes(to) + copies[_i].offset,
                                copies[_i].from_offset, copies[_i].length, from == to ? 2 : 1));
    store_close(to);
    store_close(longer);
}
END_TEST

START_TEST(stores_say_what_can_be_copied_to_them)
{
    const struct store_config ram = {.type = "ram", .size = 8192, .block_size = 512};
    struct store *fake = fake_store_open(8192, 512, FAKE_STORE_ALL), *other = NULL;
    struct store *without = fake_store_open(8192, 512, FAKE_STORE_ALL & ~STORE_CAN_COPY);
    struct error err;

    ck_assert_int_eq(store_open(&ram, &other, &err), 0);
    ck_assert(store_can_copy(fake, fake) && store_can_copy(fake, without));
    ck_assert(!store_can_copy(without, fake));
    ck_assert(store_can_copy(other, other));
    ck_assert(!store_can_copy(other, fake) && !store_can_copy(fake, other));
    ck_assert_int_eq(run_copy(other, 0, 512, fake, 0), EOPNOTSUPP);
    store_close(fake);
    store_close(without);
    store_close(other);
}
END_TEST

START_TEST(counters_say_what_was_done)
{
    struct store *s = fake_store_open(8192, 512, FAKE_STORE_ALL);
    struct request waiting = {.io = {.op = STORE_FLUSH}};
    static uint8_t data[4096];
    struct io_totals t;

    run_io(s, STORE_WRITE, 0, 4096, data);
    run_io(s, STORE_READ, 0, 512, data);
    run_io(s, STORE_READ, 512, 1024, data);
    run_io(s, STORE_UNMAP, 0, 2048, NULL);
    run_io(s, STORE_ZERO, 0, 2048, NULL);
    run_io(s, STORE_PREFETCH, 0, 2048, NULL);
    run_extent(s, 0, 2048);
    run_space(s);
    run_copy(s, 0, 512, s, 512);
    run_io(s, STORE_FLUSH, 0, 0, NULL);
    fake_store_fail(s, STORE_WRITE, 1, EIO);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, 4096, data), EIO);
    fake_store_hold(s, true);
    request_start(s, &waiting);
    store_totals(s, &t);
    ck_assert_uint_eq(t.write_ops, 2);
    ck_assert_uint_eq(t.write_bytes, 4096);
    ck_assert_uint_eq(t.read_ops, 2);
    ck_assert_uint_eq(t.read_bytes, 1536);
    ck_assert_uint_eq(t.unmap_ops, 1);
    ck_assert_uint_eq(t.unmap_bytes, 2048);
    ck_assert_uint_eq(t.flush_ops, 1);
    ck_assert_uint_eq(t.other_ops, 5);
    ck_assert_uint_eq(t.errors, 1);
    ck_assert_uint_eq(t.in_flight, 1);
    fake_store_hold(s, false);
    ck_assert_int_eq(request_wait(&waiting), 0);
    store_totals(s, &t);
    ck_assert_uint_eq(t.in_flight, 0);
    store_close(s);
}
END_TEST

START_TEST(a_size_that_breaks_the_rules_is_refused_by_resize)
{
    struct store *s = fake_store_open(8192, 4096, FAKE_STORE_ALL);
    struct store *fixed = fake_store_open(8192, 4096, FAKE_STORE_ALL & ~STORE_CAN_RESIZE);
    struct error err;

    ck_assert_int_eq(store_resize(s, 5000, &err), -1);
    ck_assert_int_eq(err.code, ERROR_INVALID_PARAMS);
    ck_assert_int_eq(store_resize(fixed, 4096, &err), -1);
    ck_assert_int_eq(err.code, ERROR_NOT_SUPPORTED);
    ck_assert_int_eq(store_resize(s, 4096, &err), 0);
    ck_assert_uint_eq(s->size, 4096);
    store_close(s);
    store_close(fixed);
}
END_TEST

START_TEST(every_type_has_a_name_and_a_description)
{
    for (const struct store_type *const *t = store_types; *t != NULL; t++) {
        ck_assert_ptr_eq(store_type_find((*t)->name), *t);
        ck_assert_uint_gt(strlen((*t)->description), 10);
        ck_assert((*t)->open != NULL && (*t)->close != NULL && (*t)->submit != NULL);
    }
    ck_assert_ptr_null(store_type_find("fake"));
}
END_TEST

TCase *
store_cases(void)
{
    TCase *c = tcase_create("store");

    tcase_add_checked_fixture(c, one_worker_setup, one_worker_teardown);
    tcase_add_loop_test(c, a_bad_configuration_is_refused_with_a_sentence, 0,
                        sizeof bad_configs / sizeof bad_configs[0]);
    tcase_add_loop_test(c, a_range_outside_the_store_completes_with_eio, 0,
                        sizeof ranges / sizeof ranges[0]);
    tcase_add_loop_test(c, a_copy_is_checked_for_both_ranges, 0,
                        sizeof copies / sizeof copies[0]);
    tcase_add_test(c, stores_say_what_can_be_copied_to_them);
    tcase_add_test(c, counters_say_what_was_done);
    tcase_add_test(c, a_size_that_breaks_the_rules_is_refused_by_resize);
    tcase_add_test(c, every_type_has_a_name_and_a_description);
    return c;
}
