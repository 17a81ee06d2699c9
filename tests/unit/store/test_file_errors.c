/* test_file_errors.c: whatever a call on a file answers, the operation ends with that error or
 * with all of its work done, and the store goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "file_ways.h"
#include "kernel.h"
#include "one_worker.h"
#include "suites.h"

#define OFFSET (64 * KIB)
#define LENGTH (192 * KIB) /* more than is zeroed at a time */
#define WHOLE  (320 * KIB)

static void
setup(void)
{
    kernel_reset();
    temp_file_setup();
}

static void
teardown(void)
{
    kernel_reset();
    temp_file_teardown();
}

enum { ALWAYS = 0 };

struct answer {
    enum kernel_call call;
    unsigned nth;
    int error; /* as in kernel_fail() */
    uint64_t at_most;
};

static const struct row {
    enum store_op op;
    struct answer answers[3]; /* as many as have an error or a bound, and the first */
    int outcome;
} rows[] = {
    {STORE_READ, {{KERNEL_READ, ALWAYS, EIO, 0}}, EIO},
    {STORE_READ, {{KERNEL_READ, ALWAYS, 0, 0}}, EIO},
    {STORE_READ, {{KERNEL_READ, 1, EINTR, 0}}, 0},
    {STORE_READ, {{KERNEL_READ, 2, EINTR, 4096}}, 0},
    {STORE_READ, {{KERNEL_READ, 1, EAGAIN, 20480}}, 0},
    {STORE_READ, {{KERNEL_READ, 1, EOPNOTSUPP, 4096}}, 0},
    {STORE_WRITE, {{KERNEL_WRITE, ALWAYS, ENOSPC, 0}}, ENOSPC},
    {STORE_WRITE, {{KERNEL_WRITE, ALWAYS, EIO, 0}}, EIO},
    {STORE_WRITE, {{KERNEL_WRITE, ALWAYS, EDQUOT, 0}}, EDQUOT},
    {STORE_WRITE, {{KERNEL_WRITE, ALWAYS, 0, 0}}, EIO},
    {STORE_WRITE, {{KERNEL_WRITE, 1, EINTR, 0}}, 0},
    {STORE_WRITE, {{KERNEL_WRITE, 2, EINTR, 4096}}, 0},
    {STORE_WRITE, {{KERNEL_WRITE, 1, EOPNOTSUPP, 4096}}, 0},
    {STORE_ZERO, {{KERNEL_ZERO_RANGE, ALWAYS, ENOSPC, 0}}, ENOSPC},
    {STORE_ZERO, {{KERNEL_ZERO_RANGE, ALWAYS, EIO, 0}}, EIO},
    {STORE_ZERO, {{KERNEL_ZERO_RANGE, ALWAYS, EOPNOTSUPP, 0}}, 0},
    {STORE_ZERO,
     {{KERNEL_ZERO_RANGE, ALWAYS, EOPNOTSUPP, 0}, {KERNEL_PUNCH, ALWAYS, EOPNOTSUPP, 0}},
     0},
    {STORE_ZERO,
     {{KERNEL_ZERO_RANGE, ALWAYS, EINVAL, 0},
      {KERNEL_PUNCH, ALWAYS, EINVAL, 0},
      {KERNEL_PWRITE, 2, EINTR, 4096}},
     0},
    {STORE_ZERO,
     {{KERNEL_ZERO_RANGE, ALWAYS, EOPNOTSUPP, 0},
      {KERNEL_PUNCH, ALWAYS, EOPNOTSUPP, 0},
      {KERNEL_PWRITE, 2, ENOSPC, 0}},
     ENOSPC},
    {STORE_ZERO,
     {{KERNEL_ZERO_RANGE, ALWAYS, EOPNOTSUPP, 0},
      {KERNEL_PUNCH, ALWAYS, EOPNOTSUPP, 0},
      {KERNEL_PWRITE, 3, 0, 0}},
     EIO},
    {STORE_UNMAP, {{KERNEL_PUNCH, ALWAYS, EIO, 0}}, EIO},
    {STORE_UNMAP, {{KERNEL_PUNCH, ALWAYS, ENOSPC, 0}}, ENOSPC},
    {STORE_UNMAP, {{KERNEL_PUNCH, ALWAYS, EOPNOTSUPP, 0}}, 0},
    {STORE_UNMAP,
     {{KERNEL_PUNCH, ALWAYS, EINVAL, 0}, {KERNEL_ZERO_RANGE, ALWAYS, EOPNOTSUPP, 0}},
     0},
    {STORE_UNMAP,
     {{KERNEL_PUNCH, ALWAYS, EOPNOTSUPP, 0}, {KERNEL_ZERO_RANGE, ALWAYS, EIO, 0}},
     EIO},
};

/* Whether this way begins with a call that may be answered with EAGAIN, for want of what it has
 * to wait for, or EOPNOTSUPP. */
static bool
asks_for_more(const struct file_way *way, enum store_op op)
{
    if (op == STORE_READ)
        return !way->direct && (way->lacks & NO_NOWAIT) == 0;
    return way->sync && (way->lacks & NO_DSYNC) == 0;
}

/* The kernel does it by Linux AIO or io_uring: test_aio.c and test_uring.c have its answers. */
static bool
is_queued(const struct file_way *way)
{
    return way->direct &&
           (strcmp(way->type, "aio") == 0 ||
            (strcmp(way->type, "io_uring") == 0 && (way->lacks & NO_NOWAIT) == 0));
}

static bool
is_asked(const struct store *s, int way, const struct row *row)
{
    if (row->op == STORE_READ || row->op == STORE_WRITE)
        return !is_queued(&file_ways[way]) &&
               ((row->answers[0].error != EAGAIN && row->answers[0].error != EOPNOTSUPP) ||
                asks_for_more(&file_ways[way], row->op));
    if (row->op == STORE_UNMAP && (s->capabilities & STORE_CAN_UNMAP) == 0)
        return false;
    /* Where it is known that a call is not supported, it is not made. */
    return (file_ways[way].lacks & NO_ZERO_RANGE) == 0 ||
           (row->answers[0].call != KERNEL_ZERO_RANGE &&
            row->answers[1].call != KERNEL_ZERO_RANGE);
}

static void
check_content(struct store *s, const struct row *row, int error, uint8_t *data)
{
    ck_assert_int_eq(run_io(s, STORE_READ, 0, WHOLE, data), 0);
    ck_assert(pattern_holds(data, 0, OFFSET, 1));
    ck_assert(
        pattern_holds(data + OFFSET + LENGTH, OFFSET + LENGTH, WHOLE - OFFSET - LENGTH, 1));
    if (error != 0)
        return;
    if (row->op == STORE_READ || row->op == STORE_WRITE)
        ck_assert(pattern_holds(data + OFFSET, OFFSET, LENGTH, row->op == STORE_READ ? 1 : 2));
    else
        ck_assert(all_zero(data + OFFSET, LENGTH));
}

static void
run_row(struct store *s, const struct row *row, uint8_t *data)
{
    uint8_t *own = aligned_alloc(4096, LENGTH);
    int error;

    kernel_reset();
    pattern_fill(data, 0, WHOLE, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, WHOLE, data), 0);
    pattern_fill(own, OFFSET, LENGTH, 2);
    for (unsigned i = 0; i < 3; i++) {
        const struct answer *a = &row->answers[i];

        if (i > 0 && a->error == 0 && a->at_most == 0 && a->nth == 0)
            break;
        kernel_fail(a->call, a->nth, a->error);
        kernel_move_at_most(a->call, a->at_most);
    }
    error = run_io(s, row->op, OFFSET, LENGTH, own);
    ck_assert_msg(error == row->outcome, "row %d: %d, not %d", (int)(row - rows), error,
                  row->outcome);
    if (row->op == STORE_READ && error == 0)
        ck_assert(pattern_holds(own, OFFSET, LENGTH, 1));
    kernel_reset();
    check_content(s, row, error, data);
    pattern_fill(own, OFFSET, LENGTH, 2);
    ck_assert_int_eq(run_io(s, row->op, OFFSET, LENGTH, own), 0);
    check_content(s, row, 0, data);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    free(own);
}

START_TEST(whatever_the_kernel_answers_an_operation_fails_or_is_complete)
{
    uint8_t *data = aligned_alloc(4096, WHOLE);

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store *s = file_way_open(_i);

        if (is_asked(s, _i, &rows[i]))
            run_row(s, &rows[i], data);
        store_close(s);
    }
    free(data);
}
END_TEST

/* By a helper: where something went past O_DIRECT, the kernel's AIO is not asked. */
START_TEST(a_flush_that_is_interrupted_is_made_again_and_one_that_fails_is_not)
{
    struct store *s = file_way_open(_i);
    unsigned calls;

    ck_assert_int_eq(run_copy(s, 0, 4096, s, 8192), 0);
    calls = kernel_calls(KERNEL_FDATASYNC);
    kernel_fail(KERNEL_FDATASYNC, 1, EINTR);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_uint_eq(kernel_calls(KERNEL_FDATASYNC), calls + 2);
    kernel_fail(KERNEL_FDATASYNC, 1, ENOSPC);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), ENOSPC);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), ENOSPC);
    ck_assert_uint_eq(kernel_calls(KERNEL_FDATASYNC), calls + 3);
    store_close(s);
}
END_TEST

TCase *
file_errors_cases(void)
{
    TCase *c = tcase_create("file_errors");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, whatever_the_kernel_answers_an_operation_fails_or_is_complete, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, a_flush_that_is_interrupted_is_made_again_and_one_that_fails_is_not,
                        0, FILE_WAYS);
    return c;
}
