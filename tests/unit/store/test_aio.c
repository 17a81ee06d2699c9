/*
 * test_aio.c: what the kernel may answer to Linux AIO, said by a stand-in for its calls: all
 * operations complete whatever it says. The linker puts the stand-ins in (--wrap).
 */
#include <errno.h>
#include <libaio.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "one_worker.h"
#include "store/file.h"
#include "suites.h"
#include "temp_file.h"

int __real_io_submit(io_context_t context, long n, struct iocb **iocbs);
int __wrap_io_submit(io_context_t context, long n, struct iocb **iocbs);
int __real_io_setup(int depth, io_context_t *context);
int __wrap_io_setup(int depth, io_context_t *context);
int __real_io_getevents(io_context_t context, long min, long n, struct io_event *events,
                        struct timespec *timeout);
int __wrap_io_getevents(io_context_t context, long min, long n, struct io_event *events,
                        struct timespec *timeout);

/* What the stand-ins do on the thread of the test; 0: nothing of their own. */
static _Thread_local struct {
    int refuse;        /* every call is answered with this */
    int refuse_nowait; /* a call whose first operation asks for RWF_NOWAIT is */
    int refuse_flush;  /* a call whose first operation is a flush is */
    int refuse_each;   /* every second call is */
    long take_at_most; /* the kernel takes only so many of a batch */
    int setup_above;   /* io_setup() for more than this fails with EAGAIN; -1: for any */
    int hanging_fd;    /* what is for this file is taken and stays; 0: none */
    struct iocb *hanging[1024];
    unsigned hangs;
    io_context_t context;
    unsigned calls, longest;
    bool silent;    /* completions ring no eventfd */
    int other_ring; /* a context's memory is of another kind: 1 + which member says so */
    unsigned getevents_calls; /* every second fails with EINTR */
} script;

/* Up to the first operation that is for another file; 0 where there is none before it. */
static long
take_hanging(long n, struct iocb **iocbs)
{
    long i = 0;

    while (i < n && iocbs[i]->aio_fildes == script.hanging_fd)
        script.hanging[script.hangs++] = iocbs[i++];
    return i;
}

int
__wrap_io_submit(io_context_t context, long n, struct iocb **iocbs)
{
    long hanging = script.hanging_fd != 0 ? take_hanging(n, iocbs) : 0;

    script.context = context;
    if (hanging > 0)
        return (int)hanging;
    for (long i = 0; script.hanging_fd != 0 && i < n; i++)
        if (iocbs[i]->aio_fildes == script.hanging_fd)
            n = i;
    for (long i = 0; script.silent && i < n; i++)
        iocbs[i]->u.c.flags = 0;
    script.calls++;
    if ((unsigned)n > script.longest)
        script.longest = (unsigned)n;
    if (script.refuse != 0)
        return script.refuse;
    if (script.refuse_each != 0 && script.calls % 2 == 0)
        return script.refuse_each;
    if (script.refuse_nowait != 0 && (iocbs[0]->aio_rw_flags & RWF_NOWAIT) != 0)
        return script.refuse_nowait;
    if (script.refuse_flush != 0 && iocbs[0]->aio_lio_opcode == IO_CMD_FDSYNC)
        return script.refuse_flush;
    if (script.take_at_most != 0 && n > script.take_at_most)
        n = script.take_at_most;
    return __real_io_submit(context, n, iocbs);
}

int
__wrap_io_setup(int depth, io_context_t *context)
{
    if (script.setup_above != 0 && depth > script.setup_above)
        return -EAGAIN;
    if (__real_io_setup(depth, context) < 0)
        return -EAGAIN;
    if (script.other_ring != 0) /* magic, incompatible features, length of the header */
        ((unsigned *)(void *)*context)[(const int[]){4, 6, 7}[script.other_ring - 1]] = 0xbad;
    return 0;
}

int
__wrap_io_getevents(io_context_t context, long min, long n, struct io_event *events,
                    struct timespec *timeout)
{
    if (++script.getevents_calls % 2 == 0)
        return -EINTR;
    return __real_io_getevents(context, min, n, events, timeout);
}

static struct store *
open_file(const char *name)
{
    const struct store_config config = {.type = "aio",
                                        .name = name,
                                        .path = temp_path(name),
                                        .size = BATCH * 4096,
                                        .block_size = 512,
                                        .create = true,
                                        .preallocate = STORE_PREALLOCATE_FULL,
                                        .direct = true};

    return must_open(&config);
}

static struct store *
open_aio(void)
{
    return open_file("file");
}

START_TEST(what_is_submitted_in_one_turn_goes_to_the_kernel_in_batches)
{
    struct store *s = open_aio();

    run_batches(s);
    ck_assert_uint_ge(script.longest, 50);
    ck_assert_uint_le(script.calls, 6);
    store_close(s);
}
END_TEST

START_TEST(a_batch_that_is_taken_in_parts_is_submitted_to_its_end)
{
    struct store *s = open_aio();

    script.take_at_most = 7;
    run_batches(s);
    store_close(s);
}
END_TEST

static const int refusals[] = {-EAGAIN, -ENOMEM, -EINVAL, -EOPNOTSUPP, -ENOSYS};

START_TEST(what_the_kernel_never_takes_is_done_by_helpers)
{
    struct store *s = open_aio();

    script.refuse = refusals[_i];
    run_batches(s);
    store_close(s);
}
END_TEST

START_TEST(what_the_kernel_does_not_take_now_is_offered_again)
{
    struct store *s = open_aio();

    script.refuse_each = _i == 0 ? -EAGAIN : -EINTR;
    script.take_at_most = 3;
    run_batches(s);
    store_close(s);
}
END_TEST

START_TEST(a_device_that_does_not_know_nowait_gets_plain_operations)
{
    struct store *s = open_aio();
    struct file_store *f = (struct file_store *)s;

    script.refuse_nowait = -EOPNOTSUPP;
    run_batches(s);
    ck_assert(f->no_nowait[STORE_READ] && f->no_nowait[STORE_WRITE]);
    ck_assert_uint_ge(script.longest, 50);
    store_close(s);
}
END_TEST

START_TEST(a_kernel_without_flush_by_aio_is_asked_once)
{
    struct store *s = open_aio();
    unsigned calls;

    script.refuse_flush = -EINVAL;
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert(((struct file_store *)s)->no_aio_flush);
    calls = script.calls;
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_uint_eq(script.calls, calls);
    store_close(s);
}
END_TEST

START_TEST(completions_are_read_from_memory_without_a_call)
{
    struct store *s = open_aio();

    for (unsigned i = 0; i < 20; i++) /* more than the memory has places for, in sum */
        run_batches(s);
    ck_assert_uint_eq(script.getevents_calls, 0);
    store_close(s);
}
END_TEST

START_TEST(a_worker_that_polls_finds_completions_that_do_not_ring)
{
    struct store *s = open_aio();

    script.silent = true;
    poll_for_reads(s);
    ck_assert_uint_ge(script.longest, 50);
    store_close(s);
}
END_TEST

START_TEST(where_that_memory_is_of_another_kind_the_kernel_is_asked)
{
    struct store *s;
    struct error err;

    store_worker_stop(one_worker());
    script.other_ring = _i + 1;
    ck_assert_int_eq(store_worker_start(one_worker(), &err), 0);
    s = open_aio();
    run_batches(s);
    ck_assert_uint_gt(script.getevents_calls, 1);
    store_close(s);
}
END_TEST

static const int depths[] = {300, 100, 32, -1};

START_TEST(a_machine_short_of_aio_has_a_smaller_context_or_helpers)
{
    struct store *s;
    struct error err;

    store_worker_stop(one_worker());
    script.setup_above = depths[_i];
    ck_assert_int_eq(store_worker_start(one_worker(), &err), 0);
    s = open_aio();
    run_batches(s);
    ck_assert(depths[_i] < 0 ? script.calls == 0 : script.calls > 0);
    store_close(s);
}
END_TEST

/* With the whole context and with the least that is taken. */
START_TEST(a_disk_that_hangs_does_not_take_all_of_a_workers_context)
{
    enum { MANY = 700 };
    static struct request r[2][MANY];
    struct store *hangs[] = {open_aio(), open_file("hangs too")}, *s = open_file("other");
    uint8_t *data = aligned_alloc(4096, 4096);
    struct error err;

    if (_i == 1) {
        store_worker_stop(one_worker());
        script.setup_above = 32;
        ck_assert_int_eq(store_worker_start(one_worker(), &err), 0);
    }
    for (unsigned h = 0; h < 2; h++) {
        script.hanging_fd = ((struct file_store *)hangs[h])->fd;
        reads_start(hangs[h], r[h], MANY, data);
    }
    ck_assert_uint_gt(script.hangs, 0);
    script.longest = 0;
    run_batches(s);
    ck_assert_uint_gt(script.longest, 1); /* which the kernel did, in batches */
    script.hanging_fd = 0;
    for (unsigned i = 0; i < script.hangs; i++)
        ck_assert_int_eq(__real_io_submit(script.context, 1, &script.hanging[i]), 1);
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned i = 0; i < MANY; i++)
            ck_assert_int_eq(request_wait(&r[h][i]), 0);
        store_close(hangs[h]);
    }
    store_close(s);
    free(data);
}
END_TEST

TCase *
aio_cases(void)
{
    TCase *c = tcase_create("aio");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, what_is_submitted_in_one_turn_goes_to_the_kernel_in_batches);
    tcase_add_test(c, a_batch_that_is_taken_in_parts_is_submitted_to_its_end);
    tcase_add_loop_test(c, what_the_kernel_never_takes_is_done_by_helpers, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(c, what_the_kernel_does_not_take_now_is_offered_again, 0, 2);
    tcase_add_test(c, a_device_that_does_not_know_nowait_gets_plain_operations);
    tcase_add_test(c, a_kernel_without_flush_by_aio_is_asked_once);
    tcase_add_test(c, completions_are_read_from_memory_without_a_call);
    tcase_add_test(c, a_worker_that_polls_finds_completions_that_do_not_ring);
    tcase_add_loop_test(c, where_that_memory_is_of_another_kind_the_kernel_is_asked, 0, 3);
    tcase_add_loop_test(c, a_disk_that_hangs_does_not_take_all_of_a_workers_context, 0, 2);
    tcase_add_loop_test(c, a_machine_short_of_aio_has_a_smaller_context_or_helpers, 0,
                        sizeof depths / sizeof depths[0]);
    return c;
}
