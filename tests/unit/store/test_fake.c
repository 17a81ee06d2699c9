/* test_fake.c: the fake store does what the tests of other layers rely on. */
#include <errno.h>
#include <string.h>

#include "one_worker.h"
#include "suites.h"
#include "tests/fakes/fake_store.h"

static struct store *s;

static void
setup(void)
{
    one_worker_setup();
    s = fake_store_open(64 << 10, 512, FAKE_STORE_ALL);
    ck_assert_ptr_nonnull(s);
}

static void
teardown(void)
{
    store_close(s);
    one_worker_teardown();
}

START_TEST(reads_give_what_was_written)
{
    uint8_t out[1024], in[1024];

    pattern_fill(out, 512, sizeof out, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 512, sizeof out, out), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 512, sizeof in, in), 0);
    ck_assert_mem_eq(in, out, sizeof in);
    ck_assert_mem_eq(fake_store_bytes(s) + 512, out, sizeof out);
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 512, 512, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_ZERO, 1024, 512, NULL), 0);
    ck_assert(all_zero(fake_store_bytes(s), 64 << 10));
}
END_TEST

START_TEST(what_was_written_and_not_unmapped_is_allocated)
{
    uint8_t data[2048] = {1};

    ck_assert_str_eq(run_map(s, 0, 4096, 512), "--------");
    ck_assert_int_eq(run_io(s, STORE_WRITE, 512, sizeof data, data), 0);
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 1024, 512, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_ZERO, 3072, 512, NULL), 0);
    ck_assert_str_eq(run_map(s, 0, 4096, 512), "-#-##-#-");
    ck_assert_uint_eq(run_space(s).used, 2048);
    ck_assert_uint_eq(run_space(s).available, (64 << 10) - 2048);
    fake_store_allocate(s, 0, 1024, true);
    ck_assert_str_eq(run_map(s, 0, 2048, 512), "##-#");
    fake_store_space(s, 5, 6);
    ck_assert_uint_eq(run_space(s).used, 5);
    ck_assert_uint_eq(run_space(s).available, 6);
}
END_TEST

START_TEST(a_copy_moves_bytes_and_is_refused_when_told)
{
    struct store *from = fake_store_open(4096, 512, STORE_CAN_EXTENT);

    pattern_fill(fake_store_bytes(from), 0, 4096, 1);
    ck_assert_int_eq(run_copy(s, 512, 1024, from, 2048), 0);
    ck_assert(pattern_holds(fake_store_bytes(s) + 512, 2048, 1024, 1));
    ck_assert_str_eq(run_map(s, 0, 2048, 512), "-##-");
    ck_assert(fake_store_record(s, 0)->op == STORE_COPY);
    ck_assert(fake_store_record(s, 0)->copy.from == from);
    ck_assert_uint_eq(fake_store_record(s, 0)->copy.from_offset, 2048);
    fake_store_no_copy(s, true);
    ck_assert(store_can_copy(s, from));
    ck_assert_int_eq(run_copy(s, 0, 512, from, 0), EOPNOTSUPP);
    ck_assert_uint_eq(fake_store_records(s), 5);
    fake_store_no_copy(s, false);
    ck_assert(!store_can_copy(s, from));
    ck_assert_int_eq(run_copy(s, 0, 512, from, 0), EOPNOTSUPP);
    ck_assert_uint_eq(fake_store_records(s), 5);
    store_close(from);
}
END_TEST

START_TEST(operations_are_recorded)
{
    uint8_t data[512] = "first bytes";
    const struct fake_record *r;

    run_fua(s, STORE_WRITE, 1024, 512, data);
    run_io(s, STORE_FLUSH, 0, 0, NULL);
    ck_assert_uint_eq(fake_store_records(s), 2);
    r = fake_store_record(s, 0);
    ck_assert(r->op == STORE_WRITE && r->fua && r->offset == 1024 && r->length == 512);
    ck_assert_mem_eq(r->first, data, sizeof r->first);
    ck_assert(fake_store_record(s, 1)->op == STORE_FLUSH);
    fake_store_forget(s);
    ck_assert_uint_eq(fake_store_records(s), 0);
}
END_TEST

START_TEST(the_nth_or_every_operation_of_a_kind_fails)
{
    uint8_t data[512] = {1};

    fake_store_fail(s, STORE_WRITE, 2, ENOSPC);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, 512, data), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), 0);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 512, 512, data), ENOSPC);
    ck_assert(all_zero(fake_store_bytes(s) + 512, 512));
    ck_assert_int_eq(run_io(s, STORE_WRITE, 512, 512, data), 0);
    fake_store_fail(s, STORE_READ, 0, EIO);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), EIO);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), EIO);
    fake_store_fail(s, STORE_READ, 0, 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), 0);
}
END_TEST

START_TEST(held_operations_touch_nothing_and_complete_when_told_in_any_order)
{
    uint8_t data[512] = {7};
    struct request a = {.io = {.op = STORE_WRITE, .length = 512, .data = data}};
    struct request b = {.io = {.op = STORE_WRITE, .offset = 512, .length = 512, .data = data}};
    struct request c = {.io = {.op = STORE_FLUSH}};

    fake_store_hold(s, true);
    request_start(s, &a);
    request_start(s, &b);
    request_start(s, &c);
    worker_turn(one_worker(), false);
    ck_assert_uint_eq(fake_store_held(s), 3);
    ck_assert(all_zero(fake_store_bytes(s), 1024));
    fake_store_release(s, 1, 0);
    ck_assert(b.done == 1 && a.done == 0 && c.done == 0);
    ck_assert_uint_eq(fake_store_bytes(s)[512], 7);
    fake_store_release(s, 0, EIO);
    ck_assert(a.done == 1 && a.io.error == EIO);
    ck_assert_uint_eq(fake_store_bytes(s)[0], 0);
    fake_store_hold(s, false);
    ck_assert(c.done == 1 && c.io.error == 0);
}
END_TEST

START_TEST(delayed_operations_take_as_many_turns_longer)
{
    struct request r = {.io = {.op = STORE_FLUSH}};

    fake_store_delay(s, 3);
    request_start(s, &r);
    for (unsigned i = 0; i < 2; i++) {
        worker_turn(one_worker(), true);
        ck_assert_uint_eq(r.done, 0);
    }
    worker_turn(one_worker(), true);
    ck_assert_uint_eq(r.done, 1);
}
END_TEST

TCase *
fake_cases(void)
{
    TCase *c = tcase_create("fake");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, reads_give_what_was_written);
    tcase_add_test(c, what_was_written_and_not_unmapped_is_allocated);
    tcase_add_test(c, a_copy_moves_bytes_and_is_refused_when_told);
    tcase_add_test(c, operations_are_recorded);
    tcase_add_test(c, the_nth_or_every_operation_of_a_kind_fails);
    tcase_add_test(c, held_operations_touch_nothing_and_complete_when_told_in_any_order);
    tcase_add_test(c, delayed_operations_take_as_many_turns_longer);
    return c;
}
