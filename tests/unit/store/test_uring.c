/*
 * test_uring.c: what the kernel may answer to io_uring, said by a stand-in for calls of
 * liburing: all operations complete whatever it says, and who opens a store is told where there
 * is no ring. The linker puts the stand-ins in (--wrap).
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "one_worker.h"
#include "store/file.h"
#include "suites.h"
#include "temp_file.h"

int __real_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *p);
int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *p);
struct io_uring_probe *__real_io_uring_get_probe_ring(struct io_uring *ring);
struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring);
int __real_io_uring_submit_and_get_events(struct io_uring *ring);
int __wrap_io_uring_submit_and_get_events(struct io_uring *ring);
unsigned __real_io_uring_peek_batch_cqe(struct io_uring *ring, struct io_uring_cqe **cqes,
                                        unsigned n);
unsigned __wrap_io_uring_peek_batch_cqe(struct io_uring *ring, struct io_uring_cqe **cqes,
                                        unsigned n);

/* What the stand-ins do on the thread of the test; 0: nothing of their own. */
static _Thread_local struct {
    int refuse_ring;        /* making a ring is answered with this */
    unsigned refuse_flags;  /* a ring with one of them is not known */
    unsigned refuse_longer; /* a ring with more places does not fit into memory */
    int lacks;              /* a probe says so of this operation; -1: there is no probe */
    int refuse;             /* every submission is answered with this */
    int refuse_each;        /* every second one is */
    unsigned take_at_most;  /* the kernel takes only so many of a batch */
    bool answers;           /* each operation gets this result: */
    int answer;
    int hanging_fd; /* what is for this file waits for a pipe; 0: none */
    int pipe[2];
    unsigned hangs;
    bool silent; /* completions ring no eventfd */
    unsigned calls, longest;
} script;

int
__wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                  struct io_uring_params *p)
{
    if (script.refuse_ring != 0)
        return script.refuse_ring;
    if ((p->flags & script.refuse_flags) != 0)
        return -EINVAL;
    if (script.refuse_longer != 0 && entries > script.refuse_longer)
        return -ENOMEM;
    return __real_io_uring_queue_init_params(entries, ring, p);
}

struct io_uring_probe *
__wrap_io_uring_get_probe_ring(struct io_uring *ring)
{
    struct io_uring_probe *probe =
        script.lacks < 0 ? NULL : __real_io_uring_get_probe_ring(ring);

    if (script.lacks > 0)
        probe->ops[script.lacks].flags = 0;
    return probe;
}

/* Reads of that file become reads of a pipe that nobody writes to. */
static void
hang(struct io_uring *ring)
{
    for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
        struct io_uring_sqe *sqe = &ring->sq.sqes[i & ring->sq.ring_mask];

        if (sqe->fd != script.hanging_fd)
            continue;
        sqe->fd = script.pipe[0];
        sqe->rw_flags = 0;
        script.hangs++;
    }
}

/* As liburing does, but for the number. */
static int
submit_some(struct io_uring *ring, unsigned n)
{
    ring->sq.sqe_head = ring->sq.sqe_tail;
    *ring->sq.ktail = ring->sq.sqe_tail;
    return io_uring_enter((unsigned)ring->ring_fd, n, 0, IORING_ENTER_GETEVENTS, NULL);
}

int
__wrap_io_uring_submit_and_get_events(struct io_uring *ring)
{
    unsigned n = io_uring_sq_ready(ring);

    if (script.silent && script.calls == 0)
        ck_assert_int_eq(io_uring_unregister_eventfd(ring), 0);
    script.calls++;
    if (n > script.longest)
        script.longest = n;
    if (script.refuse != 0)
        return script.refuse;
    if (script.refuse_each != 0 && script.calls % 2 == 0)
        return script.refuse_each;
    if (script.hanging_fd != 0)
        hang(ring);
    if (script.take_at_most != 0 && n > script.take_at_most)
        return submit_some(ring, script.take_at_most);
    return __real_io_uring_submit_and_get_events(ring);
}

unsigned
__wrap_io_uring_peek_batch_cqe(struct io_uring *ring, struct io_uring_cqe **cqes, unsigned n)
{
    n = __real_io_uring_peek_batch_cqe(ring, cqes, n);
    for (unsigned i = 0; script.answers && i < n; i++)
        cqes[i]->res = script.answer;
    return n;
}

static struct store_config
config_for(const char *name)
{
    return (struct store_config){.type = "io_uring",
                                 .name = name,
                                 .path = temp_path(name),
                                 .size = BATCH * 4096,
                                 .block_size = 512,
                                 .create = true,
                                 .preallocate = STORE_PREALLOCATE_FULL,
                                 .direct = true};
}

static struct store *
open_file(const char *name)
{
    const struct store_config config = config_for(name);

    return must_open(&config);
}

START_TEST(what_is_submitted_in_one_turn_goes_to_the_kernel_in_batches)
{
    struct store *s = open_file("file");

    run_batches(s);
    ck_assert_uint_ge(script.longest, 50);
    ck_assert_uint_le(script.calls, 6);
    store_close(s);
}
END_TEST

START_TEST(a_batch_that_is_taken_in_parts_is_submitted_to_its_end)
{
    struct store *s = open_file("file");

    script.take_at_most = 7;
    run_batches(s);
    ck_assert_uint_ge(script.calls, 2 * BATCH / 7);
    store_close(s);
}
END_TEST

static const int refusals[] = {-EAGAIN, -EBUSY, -ENOMEM, -EINVAL, -ENXIO};

START_TEST(what_the_kernel_never_takes_is_done_by_helpers)
{
    struct store *s = open_file("file");

    script.refuse = refusals[_i];
    run_batches(s);
    store_close(s);
}
END_TEST

static const int passing_refusals[] = {-EAGAIN, -EBUSY, -EINTR};

START_TEST(what_the_kernel_does_not_take_now_is_offered_again)
{
    struct store *s = open_file("file");

    script.refuse_each = passing_refusals[_i];
    script.take_at_most = 3;
    run_batches(s);
    store_close(s);
}
END_TEST

/* What an operation may come back with. What is not its end a helper does. */
static const struct {
    int answer, outcome;
    bool no_nowait;
} answers[] = {
    {4096, 0, false},         {512, 0, false},        {-EAGAIN, 0, false},
    {-EINTR, 0, false},       {0, EIO, false},        {-EIO, EIO, false},
    {-ENOSPC, ENOSPC, false}, {-EBADF, EBADF, false}, {-EOPNOTSUPP, 0, true},
};

START_TEST(an_operation_ends_as_the_kernel_says_or_is_brought_to_its_end)
{
    struct store *s = open_file("file");
    struct file_store *f = (struct file_store *)s;
    uint8_t *data = aligned_alloc(4096, 4096);

    pattern_fill(data, 0, 4096, 7);
    ck_assert_int_eq(run_fua(s, STORE_WRITE, 0, 4096, data), 0);
    script.calls = 0;
    script.answers = true;
    script.answer = answers[_i].answer;
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, 4096, data), answers[_i].outcome);
    memset(data, 0, 4096);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 4096, data), answers[_i].outcome);
    if (answers[_i].outcome == 0)
        ck_assert(pattern_holds(data, 0, 4096, 7));
    ck_assert_int_eq(f->no_nowait[STORE_READ], answers[_i].no_nowait);
    ck_assert_int_eq(f->no_nowait[STORE_WRITE], answers[_i].no_nowait);
    ck_assert_uint_eq(script.calls, 2);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 4096, data), answers[_i].outcome);
    ck_assert_uint_eq(script.calls, answers[_i].no_nowait ? 2 : 3);
    store_close(s);
    free(data);
}
END_TEST

/* What kernels before 6.1, 6.0 and 5.18 do not know. */
static const unsigned unknown_flags[] = {
    0, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN, ~0u};

START_TEST(an_older_kernel_gets_a_simpler_ring)
{
    struct store *s;

    script.refuse_flags = unknown_flags[_i];
    s = open_file("file");
    run_batches(s);
    ck_assert_uint_ge(script.longest, 50);
    store_close(s);
}
END_TEST

static const unsigned lengths[] = {300, 100, 32, 16};

START_TEST(a_worker_short_of_memory_has_a_smaller_ring_or_helpers)
{
    struct store *s = open_file("file");

    script.refuse_longer = lengths[_i];
    run_batches(s);
    ck_assert(lengths[_i] < 32 ? script.calls == 0 : script.calls > 0);
    store_close(s);
}
END_TEST

START_TEST(a_worker_that_can_have_no_ring_any_more_uses_helpers)
{
    struct store *s = open_file("file"), *other = open_file("other");

    script.refuse_ring = -EPERM;
    run_batches(s);
    script.refuse_ring = 0;
    run_batches(other);
    ck_assert_uint_eq(script.calls, 0); /* it was not tried again */
    store_close(s);
    store_close(other);
}
END_TEST

static const struct {
    int refuse_ring, lacks, sys_errno;
    const char *says;
} missing[] = {
    {-ENOSYS, 0, ENOSYS, "this kernel lacks it"},
    {-EPERM, 0, EPERM, "forbid"},
    {-EACCES, 0, EACCES, "forbid"},
    {-ENOMEM, 0, ENOMEM, "RLIMIT_MEMLOCK may be too low"},
    {-EMFILE, 0, EMFILE, "the types aio and rdwr do without"},
    {0, -1, ENOSYS, "this kernel lacks it"},
    {0, IORING_OP_READ, ENOSYS, "this kernel lacks it"},
    {0, IORING_OP_WRITE, ENOSYS, "the types aio and rdwr do without"},
};

START_TEST(where_there_is_no_io_uring_a_store_does_not_open_and_says_why)
{
    struct store_config config = config_for("file");

    script.refuse_ring = missing[_i].refuse_ring;
    script.lacks = missing[_i].lacks;
    for (unsigned i = 0; i < 4; i++) {
        config.check_only = i % 2 != 0;
        config.direct = i < 2;
        ck_assert_int_eq(must_not_open(&config, missing[_i].says), missing[_i].sys_errno);
        ck_assert_int_ne(access(config.path, F_OK), 0);
    }
}
END_TEST

/* As containers do. The rules are those of the thread that calls. */
static void *
open_where_it_is_forbidden(void *arg)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    struct store_config config = config_for("file");
    bool *is_forbidden = arg;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
        *is_forbidden = true;
        ck_assert_int_eq(must_not_open(&config, "the rules of a container"), EPERM);
        config.type = "aio";
        store_close(must_open(&config));
    }
    return NULL;
}

START_TEST(where_io_uring_is_forbidden_another_type_is_named_and_works)
{
    bool is_forbidden = false;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, open_where_it_is_forbidden, &is_forbidden),
                     0);
    pthread_join(thread, NULL);
    if (!is_forbidden)
        fprintf(stderr, "SKIP: no seccomp: %s\n", strerror(errno));
}
END_TEST

START_TEST(a_disk_that_hangs_does_not_take_all_of_a_workers_ring)
{
    enum { MANY = 700 };
    static struct request r[2][MANY];
    struct store *hangs[] = {open_file("hangs"), open_file("hangs too")};
    struct store *s = open_file("other");
    uint8_t *data = aligned_alloc(4096, 4096);

    script.refuse_longer = _i == 1 ? 32 : 0;
    ck_assert_int_eq(pipe2(script.pipe, O_CLOEXEC), 0);
    for (unsigned h = 0; h < 2; h++) {
        script.hanging_fd = ((struct file_store *)hangs[h])->fd;
        reads_start(hangs[h], r[h], MANY, data);
    }
    ck_assert_uint_gt(script.hangs, 0);
    script.longest = 0;
    run_batches(s);
    ck_assert_uint_gt(script.longest, 1); /* which the kernel did, in batches */
    close(script.pipe[1]);
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned i = 0; i < MANY; i++) {
            int error = request_wait(&r[h][i]);

            ck_assert(error == 0 || error == EIO); /* a helper's, and the pipe's end */
            script.hangs -= error == EIO;
        }
        store_close(hangs[h]);
    }
    ck_assert_uint_eq(script.hangs, 0);
    store_close(s);
    close(script.pipe[0]);
    free(data);
}
END_TEST

START_TEST(a_worker_that_polls_finds_completions_that_do_not_ring)
{
    struct store *s = open_file("file");

    script.silent = true;
    poll_for_reads(s);
    ck_assert_uint_ge(script.longest, 50);
    store_close(s);
}
END_TEST

/* A file that was cut off by another program. */
START_TEST(what_lies_behind_the_end_of_a_file_is_an_error)
{
    struct store *s = open_file("file");
    uint8_t *data = aligned_alloc(4096, 8192);

    ck_assert_int_eq(truncate(temp_path("file"), 4096 + 512), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 4096, data), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 8192, data), EIO);
    ck_assert_int_eq(run_io(s, STORE_READ, 8192, 8192, data), EIO);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 8192, 8192, data), 0); /* it is longer again */
    ck_assert_int_eq(run_io(s, STORE_READ, 4096, 8192, data), 0);
    store_close(s);
    free(data);
}
END_TEST

TCase *
uring_cases(void)
{
    TCase *c = tcase_create("uring");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, where_there_is_no_io_uring_a_store_does_not_open_and_says_why, 0,
                        usable_rows(sizeof missing / sizeof missing[0], 3));
    tcase_add_test(c, where_io_uring_is_forbidden_another_type_is_named_and_works);
    if (usable_rows(1, 1) == 0)
        return c;
    tcase_add_test(c, what_is_submitted_in_one_turn_goes_to_the_kernel_in_batches);
    tcase_add_test(c, a_batch_that_is_taken_in_parts_is_submitted_to_its_end);
    tcase_add_loop_test(c, what_the_kernel_never_takes_is_done_by_helpers, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(c, what_the_kernel_does_not_take_now_is_offered_again, 0,
                        sizeof passing_refusals / sizeof passing_refusals[0]);
    tcase_add_loop_test(c, an_operation_ends_as_the_kernel_says_or_is_brought_to_its_end, 0,
                        sizeof answers / sizeof answers[0]);
    tcase_add_loop_test(c, an_older_kernel_gets_a_simpler_ring, 0,
                        sizeof unknown_flags / sizeof unknown_flags[0]);
    tcase_add_loop_test(c, a_worker_short_of_memory_has_a_smaller_ring_or_helpers, 0,
                        sizeof lengths / sizeof lengths[0]);
    tcase_add_test(c, a_worker_that_can_have_no_ring_any_more_uses_helpers);
    tcase_add_loop_test(c, a_disk_that_hangs_does_not_take_all_of_a_workers_ring, 0, 2);
    tcase_add_test(c, a_worker_that_polls_finds_completions_that_do_not_ring);
    tcase_add_test(c, what_lies_behind_the_end_of_a_file_is_an_error);
    return c;
}
