/*
 * aio.c: a file or block device by Linux AIO, with O_DIRECT: one context per worker.
 *
 * What is submitted during a turn goes to the kernel in one io_submit() at its end; completions
 * ring an eventfd in the worker's event base. Whatever io_submit() would wait for (a block to
 * allocate, a lock, room in a queue) it reports instead, because RWF_NOWAIT is asked for, and a
 * helper does it, and so it is with what goes beyond a store's share of the context: a disk
 * that hangs must not take it all. Without O_DIRECT the kernel does AIO while it is submitted,
 * which would block the worker: then this type does as rdwr does.
 */
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <libaio.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/iobuf.h"
#include "core/log.h"
#include "store/file.h"
#include "store/types.h"

/* Operations that one worker may have in the kernel. The sum over all processes is limited by
 * fs.aio-max-nr, so fewer are taken where that is used up. */
#define DEPTH_MAX 512
#define DEPTH_MIN 32

#define BATCH 64

struct aio_worker {
    struct worker *worker;
    io_context_t context;
    unsigned depth, in_kernel;
    unsigned admitted; /* in the kernel or waiting for it: at most DEPTH */
    int fd;            /* rings when something completed */
    struct event *event;
    struct deferred submit_batch;
    STAILQ_HEAD(, store_io) waiting;
};

/* Each worker's own, by worker_id(): set, used and cleared on that worker's thread. */
static struct aio_worker *aio_workers[WORKERS_MAX + 1];

/* Why a worker could not get a context (an errno), told to who opens a store. */
static atomic_int unavailable;

static struct iocb *
iocb_of(struct store_io *io)
{
    _Static_assert(sizeof(struct iocb) <= sizeof file_op(io)->for_type, "no room for an iocb");
    return (struct iocb *)(void *)file_op(io)->for_type;
}

/* Reads and writes in one piece, from where the data is or from its bounce buffer. */
static void
prepare(struct aio_worker *a, struct store_io *io)
{
    struct file_store *f = (struct file_store *)io->store;
    struct iobuf *bounce = file_op(io)->bounce;
    uint8_t *data = bounce != NULL ? bounce->data : io->data;
    struct iocb *cb = iocb_of(io);

    if (io->op == STORE_FLUSH) {
        memset(cb, 0, sizeof *cb);
        cb->aio_fildes = f->plain_fd;
        cb->aio_lio_opcode = IO_CMD_FDSYNC;
    } else {
        if (io->op == STORE_READ)
            io_prep_pread(cb, f->fd, data, io->length, (long long)io->offset);
        else
            io_prep_pwrite(cb, f->fd, data, io->length, (long long)io->offset);
        if (!atomic_load_explicit(&f->no_nowait[io->op], memory_order_relaxed))
            cb->aio_rw_flags |= RWF_NOWAIT;
        if (io->op == STORE_WRITE && (io->fua || f->is_sync))
            cb->aio_rw_flags |= RWF_DSYNC;
    }
    cb->data = io;
    io_set_eventfd(cb, a->fd);
}

/* What pool.h says of helpers: a store has no more operations here than there is room left. */
static bool
admit(struct aio_worker *a, struct file_store *f)
{
    unsigned *own = &f->in_context[worker_id(a->worker)].n;

    if (a->admitted + *own >= a->depth)
        return false;
    a->admitted++;
    (*own)++;
    return true;
}

static void
let_go(struct aio_worker *a, const struct store_io *io)
{
    a->admitted--;
    ((struct file_store *)io->store)->in_context[worker_id(a->worker)].n--;
}

static struct store_io *
next_waiting(struct aio_worker *a)
{
    struct store_io *io = STAILQ_FIRST(&a->waiting);

    STAILQ_REMOVE_HEAD(&a->waiting, own.link);
    return io;
}

/* The kernel refused the oldest with ERROR: without RWF_NOWAIT once more, else a helper tries
 * and learns the error that counts. */
static void
refused(struct aio_worker *a, int error)
{
    struct store_io *io = STAILQ_FIRST(&a->waiting);
    struct file_store *f = (struct file_store *)io->store;

    if (error == EOPNOTSUPP && io->op != STORE_FLUSH &&
        !atomic_exchange(&f->no_nowait[io->op], true))
        return;
    if (io->op == STORE_FLUSH && error == EINVAL) /* before Linux 4.18 */
        atomic_store(&f->no_aio_flush, true);
    let_go(a, io);
    file_submit_to_helper(f, next_waiting(a));
}

static void
submit_batch(struct deferred *d)
{
    struct aio_worker *a =
        (struct aio_worker *)((char *)d - offsetof(struct aio_worker, submit_batch));

    while (!STAILQ_EMPTY(&a->waiting) && a->in_kernel < a->depth) {
        struct iocb *batch[BATCH];
        struct store_io *io;
        long n = 0, taken;

        STAILQ_FOREACH (io, &a->waiting, own.link) {
            if (n == BATCH || a->in_kernel + n == a->depth)
                break;
            prepare(a, io);
            batch[n++] = iocb_of(io);
        }
        taken = io_submit(a->context, n, batch);
        if (taken == -EINTR)
            continue;
        if (taken == -EAGAIN && a->in_kernel > 0)
            return; /* once more when something has completed */
        if (taken <= 0)
            refused(a, (int)-taken);
        for (; taken > 0; taken--) {
            (void)next_waiting(a);
            a->in_kernel++;
        }
    }
}

static void
finish_transfer(struct store_io *io, long result)
{
    struct file_store *f = (struct file_store *)io->store;
    struct file_op *op = file_op(io);

    if (result == -EAGAIN || result == -EOPNOTSUPP || result == -EINTR) {
        if (result == -EOPNOTSUPP)
            atomic_store(&f->no_nowait[io->op], true);
        file_submit_to_helper(f, io);
    } else if (result < 0) {
        file_complete(io, (int)-result);
    } else if (result == 0) {
        file_complete(io, EIO); /* the file ends here: it is shorter than the store */
    } else if ((uint64_t)result < io->length) {
        op->progress = (uint64_t)result;
        file_submit_to_helper(f, io);
    } else {
        if (io->op == STORE_READ && op->bounce != NULL)
            memcpy(io->data, op->bounce->data, io->length);
        file_complete(io, 0);
    }
}

static void
finish_flush(struct store_io *io, long result)
{
    struct file_store *f = (struct file_store *)io->store;

    if (result < 0)
        file_flush_failed(f, (int)-result);
    file_complete(io, atomic_load(&f->flush_error));
}

static void
completions_arrived(evutil_socket_t fd, short what, void *arg)
{
    struct aio_worker *a = arg;
    struct io_event events[BATCH];
    eventfd_t rung;
    int n;

    (void)what;
    (void)eventfd_read(fd, &rung);
    do {
        struct timespec at_once = {0, 0};

        n = io_getevents(a->context, 0, BATCH, events, &at_once);
        for (int i = 0; i < n; i++) {
            struct store_io *io = events[i].data;

            a->in_kernel--;
            let_go(a, io);
            if (io->op == STORE_FLUSH)
                finish_flush(io, (long)events[i].res);
            else
                finish_transfer(io, (long)events[i].res);
        }
    } while (n == BATCH || n == -EINTR);
    if (!STAILQ_EMPTY(&a->waiting))
        worker_defer(a->worker, &a->submit_batch);
}

/*
 * The kernel reports a failed writeback to one of several concurrent flushes; file_flush()
 * minds that. What went past the page cache has no writeback.
 */
static bool
kernel_can_flush(struct file_store *f)
{
    return !atomic_load(&f->no_aio_flush) && !atomic_load(&f->wrote_plain) &&
           atomic_load(&f->flush_error) == 0;
}

/* Whether the kernel can do it without a helper; gets the bounce buffer where it takes one. */
static bool
kernel_can(struct file_store *f, struct store_io *io)
{
    struct file_op *op = file_op(io);

    if (io->op == STORE_FLUSH)
        return kernel_can_flush(f);
    if ((io->op != STORE_READ && io->op != STORE_WRITE) ||
        !file_is_aligned(f, NULL, io->offset, io->length))
        return false;
    if (file_is_aligned(f, io->data, io->offset, io->length))
        return true;
    op->bounce = iobuf_new(io->length);
    if (op->bounce == NULL)
        return false;
    if (io->op == STORE_WRITE)
        memcpy(op->bounce->data, io->data, io->length);
    return true;
}

static void
aio_submit(struct store *store, struct store_io *io)
{
    struct file_store *f = (struct file_store *)store;
    struct aio_worker *a = aio_workers[worker_id(io->worker)];

    if (!f->is_direct || a == NULL) {
        file_submit(store, io);
        return;
    }
    file_op_start(io);
    if (!kernel_can(f, io) || !admit(a, f)) {
        file_submit_to_helper(f, io);
        return;
    }
    STAILQ_INSERT_TAIL(&a->waiting, io, own.link);
    worker_defer(a->worker, &a->submit_batch);
}

static int
aio_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct file_store *f = NULL;
    int error = atomic_load(&unavailable);

    if (error != 0 && config->direct)
        log_warning("store", "Linux AIO is not available on every worker: helpers do its work",
                    "store", config->name, "error", strerrordesc_np(error), NULL);
    if (file_store_open(&aio_store_type, config, &f, err) < 0)
        return -1;
    if (f != NULL)
        *ret = &f->store;
    return 0;
}

static void
free_worker(struct aio_worker *a)
{
    if (a->event != NULL)
        event_free(a->event);
    if (a->context != NULL)
        io_destroy(a->context);
    if (a->fd >= 0)
        close(a->fd);
    free(a);
}

static int
set_up_context(struct aio_worker *a)
{
    int r = -EAGAIN;

    for (a->depth = DEPTH_MAX; a->depth >= DEPTH_MIN; a->depth /= 2) {
        r = io_setup((int)a->depth, &a->context);
        if (r != -EAGAIN) /* -EAGAIN: fs.aio-max-nr is used up */
            return r;
    }
    return r;
}

/* A machine that has no AIO left still has a blockgate: its aio stores use the helpers. */
static int
aio_worker_start(struct worker *worker)
{
    struct aio_worker *a = calloc(1, sizeof *a);
    int r;

    assert(aio_workers[worker_id(worker)] == NULL);
    if (a == NULL)
        return -ENOMEM;
    a->worker = worker;
    a->submit_batch.run = submit_batch;
    STAILQ_INIT(&a->waiting);
    a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = a->fd < 0 ? -errno : set_up_context(a);
    if (r == 0) {
        a->event =
            event_new(worker_base(worker), a->fd, EV_READ | EV_PERSIST, completions_arrived, a);
        if (a->event == NULL || event_add(a->event, NULL) < 0)
            r = -ENOMEM;
    }
    if (r < 0) {
        atomic_store(&unavailable, -r);
        free_worker(a);
        return 0;
    }
    aio_workers[worker_id(worker)] = a;
    return 0;
}

static void
aio_worker_stop(struct worker *worker)
{
    struct aio_worker *a = aio_workers[worker_id(worker)];

    if (a == NULL)
        return;
    assert(a->admitted == 0 && STAILQ_EMPTY(&a->waiting));
    aio_workers[worker_id(worker)] = NULL;
    free_worker(a);
}

const struct store_type aio_store_type = {
    .name = "aio",
    .description = "a file or block device by Linux AIO, past the page cache",
    .needs_path = true,
    .open = aio_open,
    .close = file_store_close,
    .submit = aio_submit,
    .can_copy = file_store_can_copy,
    .resize = file_store_resize,
    .worker_start = aio_worker_start,
    .worker_stop = aio_worker_stop,
};
