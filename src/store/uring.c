/*
 * uring.c: a file or block device by io_uring, with O_DIRECT: one ring per worker.
 *
 * What is submitted during a turn goes to the kernel at its end, by the one call that also has
 * it hand over what it has completed (IORING_SETUP_DEFER_TASKRUN: it does that only when
 * asked). In between it rings an eventfd in the worker's event base. A ring is made when a
 * worker has the first operation for it, so that nothing is taken where no store is of this
 * type.
 *
 * RWF_NOWAIT is asked for, so that what io_uring would give to threads of its own, all of which
 * one disk that hangs could take, goes to the helpers, of which each store has its share. For
 * the same reason they do flushes, and all that is done without O_DIRECT: reading what the page
 * cache has by preadv2() is quicker than by a ring, and for what it does not have the ring may
 * wait inside the call.
 */
#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/log.h"
#include "store/file_queue.h"
#include "store/types.h"

/* Operations that one worker may have in the kernel. Before Linux 5.12 a ring counts against
 * RLIMIT_MEMLOCK, so it is made smaller where that is used up. */
#define DEPTH_MAX 512
#define DEPTH_MIN 32

/* The best that a kernel knows: 6.1, 5.19, before. */
static const unsigned setup_flags[] = {
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

struct uring_worker {
    struct file_queue queue;
    bool is_open;
    struct io_uring ring;
    struct file_bell bell;
    struct poller poller;
    struct deferred exchange;
};

/* Each worker's own, by worker_id(): set, used and cleared on that worker's thread. */
static struct uring_worker *uring_workers[WORKERS_MAX + 1];

/* --- the ring --- */

static int
ring_init(struct io_uring *ring, unsigned depth)
{
    int r = -EINVAL;

    for (unsigned i = 0; i < sizeof setup_flags / sizeof setup_flags[0] && r == -EINVAL; i++) {
        struct io_uring_params params = {.flags = setup_flags[i]};

        r = io_uring_queue_init_params(depth, ring, &params);
    }
    return r;
}

static void
prepare(struct uring_worker *u, struct store_io *io)
{
    const struct file_store *f = (const struct file_store *)io->store;
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    unsigned n = io->length < 1 << 30 ? (unsigned)io->length : 1 << 30;

    assert(sqe != NULL); /* there are as many as places in the queue */
    if (io->op == STORE_READ)
        io_uring_prep_read(sqe, f->fd, file_queue_data(io), n, io->offset);
    else
        io_uring_prep_write(sqe, f->fd, file_queue_data(io), n, io->offset);
    sqe->rw_flags = file_queue_rw_flags(io);
    io_uring_sqe_set_data(sqe, io);
}

/* What the kernel has not taken is not left in the ring, which it reads when it is called only.
 */
static void
take_back(struct io_uring *ring)
{
    unsigned head = *ring->sq.khead;

    ring->sq.sqe_head = ring->sq.sqe_tail = head;
    *ring->sq.ktail = head;
}

static long
give(struct file_queue *q, struct store_io *const *ios, unsigned n)
{
    struct uring_worker *u = (struct uring_worker *)q; /* queue is its first member */
    int taken;

    for (unsigned i = 0; i < n; i++)
        prepare(u, ios[i]);
    taken = io_uring_submit_and_get_events(&u->ring);
    if (taken < (int)n)
        take_back(&u->ring);
    return taken == -EBUSY ? -EAGAIN : taken;
}

/* Whether the kernel would hand over more if it were called. */
static bool
must_be_called(const struct io_uring *ring)
{
    return (IO_URING_READ_ONCE(*ring->sq.kflags) & IORING_SQ_TASKRUN) != 0;
}

/* How many operations have come back. */
static unsigned
reap(struct uring_worker *u)
{
    struct io_uring_cqe *cqes[FILE_QUEUE_BATCH];
    unsigned n, all = 0;

    while ((n = io_uring_peek_batch_cqe(&u->ring, cqes, FILE_QUEUE_BATCH)) > 0) {
        struct store_io *ios[FILE_QUEUE_BATCH];
        int results[FILE_QUEUE_BATCH];

        for (unsigned i = 0; i < n; i++) {
            ios[i] = io_uring_cqe_get_data(cqes[i]);
            results[i] = cqes[i]->res;
        }
        io_uring_cq_advance(&u->ring, n);
        all += n;
        for (unsigned i = 0; i < n; i++) {
            file_queue_returned(&u->queue, ios[i]);
            file_queue_end_move(ios[i], results[i]);
        }
    }
    return all;
}

/*
 * What is handed over while it is asked for need not ring: that would be heard in the next
 * turn, for nothing. Something that completes just then is found by looking once more
 * afterwards.
 */
static void
exchange(struct deferred *d)
{
    struct uring_worker *u =
        (struct uring_worker *)((char *)d - offsetof(struct uring_worker, exchange));

    (void)io_uring_cq_eventfd_toggle(&u->ring, false);
    file_queue_submit(&u->queue, give);
    if (must_be_called(&u->ring))
        (void)io_uring_get_events(&u->ring);
    if (reap(u) > 0 && !STAILQ_EMPTY(&u->queue.waiting)) /* what it did not take before */
        worker_defer(u->queue.worker, &u->exchange);
    (void)io_uring_cq_eventfd_toggle(&u->ring, true);
    atomic_thread_fence(memory_order_seq_cst);
    if (io_uring_cq_ready(&u->ring) > 0 || must_be_called(&u->ring))
        worker_defer(u->queue.worker, &u->exchange);
}

static void
completions_arrived(struct file_bell *bell)
{
    struct uring_worker *u =
        (struct uring_worker *)((char *)bell - offsetof(struct uring_worker, bell));

    worker_defer(u->queue.worker, &u->exchange);
}

/* What has completed rings, too; this is for a worker that looks before it hears. */
static bool
poll_ring(struct poller *poller)
{
    struct uring_worker *u =
        (struct uring_worker *)((char *)poller - offsetof(struct uring_worker, poller));

    if (io_uring_cq_ready(&u->ring) == 0 && !must_be_called(&u->ring))
        return false;
    exchange(&u->exchange);
    return true;
}

/* --- a worker's ring --- */

static int
set_up_ring(struct uring_worker *u, struct worker *worker)
{
    for (unsigned depth = DEPTH_MAX; depth >= DEPTH_MIN; depth /= 2) {
        int r = ring_init(&u->ring, depth);

        u->is_open = r == 0;
        if (r == 0)
            file_queue_init(&u->queue, worker, depth);
        if (r != -ENOMEM)
            return r;
    }
    return -ENOMEM;
}

static void
close_ring(struct uring_worker *u)
{
    if (u->is_open)
        io_uring_queue_exit(&u->ring);
    u->is_open = false;
    file_bell_free(&u->bell);
    u->bell = (struct file_bell){.fd = -1};
}

static int
open_ring(struct uring_worker *u, struct worker *worker)
{
    int r = set_up_ring(u, worker);

    if (r == 0)
        r = file_bell_make(&u->bell, worker, completions_arrived);
    if (r == 0)
        r = io_uring_register_eventfd(&u->ring, u->bell.fd);
    if (r < 0) {
        close_ring(u);
        return r;
    }
    (void)io_uring_register_ring_fd(&u->ring); /* spares the call to look it up */
    u->poller.poll = poll_ring;
    worker_add_poller(worker, &u->poller);
    return 0;
}

/* NULL where there is none; that is tried once: it was there when the store was opened. */
static struct uring_worker *
worker_ring(struct worker *worker)
{
    struct uring_worker **u = &uring_workers[worker_id(worker)];

    if (*u == NULL) {
        int r = -ENOMEM;

        *u = calloc(1, sizeof **u);
        if (*u != NULL) {
            (*u)->exchange.run = exchange;
            (*u)->bell.fd = -1;
            r = open_ring(*u, worker);
        }
        if (r < 0)
            log_warning("store", "a worker has no io_uring: helpers do its work", "worker",
                        log_number(worker_id(worker)), "error", strerrordesc_np(-r), NULL);
    }
    return *u != NULL && (*u)->is_open ? *u : NULL;
}

static void
uring_worker_stop(struct worker *worker)
{
    struct uring_worker *u = uring_workers[worker_id(worker)];

    if (u == NULL)
        return;
    if (u->is_open) {
        assert(u->queue.admitted == 0 && STAILQ_EMPTY(&u->queue.waiting));
        worker_remove_poller(worker, &u->poller);
    }
    uring_workers[worker_id(worker)] = NULL;
    close_ring(u);
    free(u);
}

/* --- the type --- */

/* The kernel gives threads of its own what it cannot do without waiting: helpers are better. */
static bool
kernel_can(struct file_store *f, struct store_io *io)
{
    return !atomic_load_explicit(&f->no_nowait[io->op], memory_order_relaxed) &&
           file_queue_can_move(f, io);
}

static void
uring_submit(struct store *store, struct store_io *io)
{
    struct file_store *f = (struct file_store *)store;
    struct uring_worker *u = f->is_direct ? worker_ring(io->worker) : NULL;

    if (u == NULL) {
        file_submit(store, io);
        return;
    }
    file_op_start(io);
    if (kernel_can(f, io) && file_queue_add(&u->queue, io))
        worker_defer(io->worker, &u->exchange);
    else
        file_submit_to_helper(f, io);
}

/* What forbids it, of what can be found out. */
static const char *
reason_for(int error)
{
    static const char setting_path[] = "/proc/sys/kernel/io_uring_disabled";
    FILE *file;
    int setting = 0;

    if (error == ENOSYS)
        return "; this kernel lacks it";
    if (error == ENOMEM)
        return "; RLIMIT_MEMLOCK may be too low";
    if (error != EPERM && error != EACCES)
        return "";
    file = fopen(setting_path, "re");
    if (file != NULL) {
        if (fscanf(file, "%d", &setting) != 1)
            setting = 0;
        fclose(file);
    }
    return setting != 0 ? "; kernel.io_uring_disabled forbids it"
                        : "; the rules of a container or service may forbid it";
}

/* Whether a ring can be had here, and does what is needed: 0 or a negative errno. */
static int
try_ring(void)
{
    static const int needed[] = {IORING_OP_READ, IORING_OP_WRITE};
    struct io_uring_probe *probe;
    struct io_uring ring;
    bool has_all;
    int r = ring_init(&ring, 1);

    if (r < 0)
        return r;
    probe = io_uring_get_probe_ring(&ring);
    has_all = probe != NULL;
    for (unsigned i = 0; has_all && i < sizeof needed / sizeof needed[0]; i++)
        has_all = io_uring_opcode_supported(probe, needed[i]) != 0;
    if (probe != NULL)
        io_uring_free_probe(probe);
    io_uring_queue_exit(&ring);
    return has_all ? 0 : -ENOSYS;
}

/* FOR_PATH, where it is not NULL, is what could not be opened. */
static int
check_io_uring(const char *for_path, struct error *err)
{
    int r = try_ring();
    const char *reason = reason_for(-r);

    if (r == 0)
        return 0;
    errno = -r;
    if (for_path == NULL)
        return error_set(err, ERROR_BACKEND, "cannot use io_uring: %m%s", reason);
    return error_set(err, ERROR_BACKEND,
                     "cannot use '%s' by io_uring: %m%s; the types aio and rdwr do without",
                     for_path, reason);
}

static int
uring_check(struct error *err)
{
    return check_io_uring(NULL, err);
}

static int
uring_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct file_store *f = NULL;

    if (check_io_uring(config->path, err) < 0 ||
        file_store_open(&uring_store_type, config, &f, err) < 0)
        return -1;
    if (f != NULL)
        *ret = &f->store;
    return 0;
}

const struct store_type uring_store_type = {
    .name = "io_uring",
    .description = "a file or block device by io_uring, past the page cache",
    .needs_path = true,
    .check = uring_check,
    .open = uring_open,
    .close = file_store_close,
    .submit = uring_submit,
    .can_copy = file_store_can_copy,
    .resize = file_store_resize,
    .worker_stop = uring_worker_stop,
};
