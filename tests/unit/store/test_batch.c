/* test_batch.c: writes into the page cache of a file system that does not know RWF_NOWAIT for
 * them: many go to one helper, each ends by itself. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "kernel.h"
#include "one_worker.h"
#include "store/file.h"
#include "suites.h"
#include "temp_file.h"

#define MANY 40
#define UNIT (64 * KIB)

static struct request requests[MANY];
static uint8_t *data;

static void
setup(void)
{
    kernel_reset();
    temp_file_setup();
    data = aligned_alloc(4096, MANY * UNIT);
}

static void
teardown(void)
{
    kernel_reset();
    free(data);
    temp_file_teardown();
}

static struct store *
open_file(const char *name)
{
    const struct store_config config = {.type = "rdwr",
                                        .name = name,
                                        .path = temp_path(name),
                                        .size = MANY * UNIT,
                                        .block_size = 512,
                                        .create = true};
    struct store *s = must_open(&config);

    atomic_store(&((struct file_store *)s)->no_nowait[STORE_WRITE], true);
    return s;
}

static void
start_writes(struct store *s, unsigned from, unsigned to, uint64_t length)
{
    for (unsigned i = from; i < to; i++) {
        uint8_t *p = data + i * UNIT;

        pattern_fill(p, i * UNIT, UNIT, 3);
        requests[i].io = (struct store_io){
            .op = STORE_WRITE, .offset = i * UNIT, .length = length, .data = p};
        request_start(s, &requests[i]);
    }
    worker_turn(one_worker(), false);
}

static void
end_writes(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        ck_assert_int_eq(request_wait(&requests[i]), 0);
}

static void
wait_for_hanging(unsigned n)
{
    while (kernel_hanging() < n)
        sched_yield();
    ck_assert_uint_eq(kernel_hanging(), n);
}

static void
hang(struct store *s)
{
    kernel_hang(KERNEL_WRITE, ((struct file_store *)s)->fd);
}

START_TEST(what_comes_while_a_batch_is_written_waits_for_its_end)
{
    struct store *s = open_file("file"), *other = open_file("other");
    uint8_t *back = malloc(MANY * UNIT);

    hang(s);
    start_writes(s, 0, MANY / 2, UNIT); /* more than one batch may have */
    wait_for_hanging(1);
    start_writes(s, MANY / 2, MANY, UNIT);
    ck_assert_int_eq(run_io(other, STORE_WRITE, 0, UNIT, data), 0);
    ck_assert_uint_eq(kernel_hanging(), 1);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(requests[i].done, 0);
    kernel_let_go();
    end_writes(0, MANY);
    for (unsigned i = 1; i < MANY; i++)
        ck_assert_uint_gt(requests[i].order, requests[i - 1].order);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, MANY * UNIT, back), 0);
    ck_assert(pattern_holds(back, 0, MANY * UNIT, 3));
    store_close(s);
    store_close(other);
    free(back);
}
END_TEST

START_TEST(one_write_may_be_more_than_a_batch)
{
    struct store *s = open_file("file");

    pattern_fill(data, 0, MANY * UNIT, 4);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, MANY * UNIT, data), 0);
    memset(data, 0, MANY * UNIT);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, MANY * UNIT, data), 0);
    ck_assert(pattern_holds(data, 0, MANY * UNIT, 4));
    store_close(s);
}
END_TEST

START_TEST(one_that_fails_in_a_batch_is_the_only_one)
{
    struct store *s = open_file("file");

    kernel_fail(KERNEL_WRITE, 3, ENOSPC);
    start_writes(s, 0, 5, 4096);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(request_wait(&requests[i]), i == 2 ? ENOSPC : 0);
    store_close(s);
}
END_TEST

START_TEST(a_write_in_a_batch_is_brought_to_its_end)
{
    struct store *s = open_file("file");

    kernel_move_at_most(KERNEL_WRITE, 1000);
    start_writes(s, 0, 5, 4096);
    end_writes(0, 5);
    ck_assert_uint_ge(kernel_calls(KERNEL_WRITE), 25);
    for (unsigned i = 0; i < 5; i++) {
        memset(data, 0, 4096);
        ck_assert_int_eq(run_io(s, STORE_READ, i * UNIT, 4096, data), 0);
        ck_assert(pattern_holds(data, i * UNIT, 4096, 3));
    }
    store_close(s);
}
END_TEST

/* What may have to wait for the disk waits beside others: as many as the pool lets it have. */
static const struct {
    uint64_t offset, length;
    bool fua;
} alone[] = {{0, 512, false}, {512, 4096, false}, {0, 4096, true}};

START_TEST(a_write_that_may_wait_for_the_disk_has_a_helper_of_its_own)
{
    struct store *s = open_file("file");

    hang(s);
    for (unsigned i = 0; i < 4; i++) {
        requests[i].io = (struct store_io){.op = STORE_WRITE,
                                           .fua = alone[_i].fua,
                                           .offset = i * UNIT + alone[_i].offset,
                                           .length = alone[_i].length,
                                           .data = data};
        request_start(s, &requests[i]);
    }
    wait_for_hanging(2);
    kernel_let_go();
    end_writes(0, 4);
    store_close(s);
}
END_TEST

START_TEST(where_writes_wait_they_wait_side_by_side_for_a_while)
{
    struct store *s = open_file("file");
    struct file_store *f = (struct file_store *)s;
    uint64_t begun_us;

    hang(s);
    start_writes(s, 0, 4, 4096);
    wait_for_hanging(1);
    for (begun_us = clock_us(); clock_us() - begun_us < 10000;)
        sched_yield();
    kernel_let_go();
    end_writes(0, 4);
    ck_assert_uint_gt(f->on_worker[0].slow_until_ms, worker_now_ms(one_worker()));
    hang(s);
    start_writes(s, 0, 4, 4096);
    wait_for_hanging(2);
    kernel_let_go();
    end_writes(0, 4);
    f->on_worker[0].slow_until_ms = worker_now_ms(one_worker()); /* the while is over */
    hang(s);
    start_writes(s, 0, 4, 4096);
    wait_for_hanging(1);
    kernel_let_go();
    end_writes(0, 4);
    store_close(s);
}
END_TEST

TCase *
batch_cases(void)
{
    TCase *c = tcase_create("batch");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, what_comes_while_a_batch_is_written_waits_for_its_end);
    tcase_add_test(c, one_write_may_be_more_than_a_batch);
    tcase_add_test(c, one_that_fails_in_a_batch_is_the_only_one);
    tcase_add_test(c, a_write_in_a_batch_is_brought_to_its_end);
    tcase_add_loop_test(c, a_write_that_may_wait_for_the_disk_has_a_helper_of_its_own, 0,
                        sizeof alone / sizeof alone[0]);
    tcase_add_test(c, where_writes_wait_they_wait_side_by_side_for_a_while);
    return c;
}
