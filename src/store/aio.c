/*
 * aio.c: a file or block device by Linux AIO, with O_DIRECT: one context per worker.
 *
 * What is submitted during a turn goes to the kernel in one io_submit() at its end; completions
 * ring an eventfd in the worker's event base, and are read from the memory that the kernel
 * shares, without a call. Whatever io_submit() would wait for (a block to allocate, a lock,
 * room in a queue) it reports instead, because RWF_NOWAIT is asked for, and a helper does it,
 * and so it is with what goes beyond a store's share of the context: a disk that hangs must not
 * take it all. Without O_DIRECT the kernel does AIO while it is submitted, which would block
 * the worker: then this type does as rdwr does.
 */
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <libaio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/log.h"
#include "store/file_queue.h"
#include "store/types.h"

/* Operations that one worker may have in the kernel. The sum over all processes is limited by
 * fs.aio-max-nr, so fewer are taken where that is used up. */
#define DEPTH_MAX 512
#define DEPTH_MIN 32

/* What lies where a context's id points to: the kernel moves TAIL, who reads moves HEAD. This
 * is how Linux has had it since 2.6; where it says otherwise the kernel is asked. */
struct aio_ring {
    unsigned id, entries;
    _Atomic unsigned head, tail;
    unsigned magic, compatible, incompatible, header_length;
    struct io_event events[];
};
#define AIO_RING_MAGIC 0xa10a10a1

struct aio_worker {
    struct file_queue queue;
    io_context_t context;
    struct aio_ring *ring; /* of the context; NULL where it cannot be read */
    struct file_bell bell;
    struct poller poller; /* where there is a ring */
    struct deferred submit_batch;
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

/* Reads and writes in one piece. */
static struct iocb *
prepare(struct aio_worker *a, struct store_io *io)
{
    struct file_store *f = (struct file_store *)io->store;
    struct iocb *cb = iocb_of(io);

    if (io->op == STORE_FLUSH) {
        memset(cb, 0, sizeof *cb);
        cb->aio_fildes = f->plain_fd;
        cb->aio_lio_opcode = IO_CMD_FDSYNC;
    } else {
        (io->op == STORE_READ ? io_prep_pread : io_prep_pwrite)(
            cb, f->fd, file_queue_data(io), io->length, (long long)io->offset);
        cb->aio_rw_flags |= file_queue_rw_flags(io);
    }
    cb->data = io;
    io_set_eventfd(cb, a->bell.fd);
    return cb;
}

static long
give(struct file_queue *q, struct store_io *const *ios, unsigned n)
{
    struct aio_worker *a = (struct aio_worker *)q; /* queue is its first member */
    struct iocb *batch[FILE_QUEUE_BATCH];

    for (unsigned i = 0; i < n; i++)
        batch[i] = prepare(a, ios[i]);
    return io_submit(a->context, n, batch);
}

static void
submit_batch(struct deferred *d)
{
    struct aio_worker *a =
        (struct aio_worker *)((char *)d - offsetof(struct aio_worker, submit_batch));

    file_queue_submit(&a->queue, give);
}

static void
finish_flush(struct store_io *io, long result)
{
    struct file_store *f = (struct file_store *)io->store;

    if (result < 0)
        file_flush_failed(f, (int)-result);
    file_complete(io, atomic_load(&f->flush_error));
}

/* Takes up to N events from the shared memory. */
static int
read_ring(struct aio_ring *ring, struct io_event *events, int n)
{
    unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    int got = 0;

    while (head != tail && got < n) {
        events[got++] = ring->events[head];
        head = head + 1 < ring->entries ? head + 1 : 0;
    }
    atomic_store_explicit(&ring->head, head, memory_order_release);
    return got;
}

static int
get_events(struct aio_worker *a, struct io_event *events, int n)
{
    struct timespec at_once = {0, 0};
    int got;

    if (a->ring != NULL)
        return read_ring(a->ring, events, n);
    do
        got = io_getevents(a->context, 0, n, events, &at_once);
    while (got == -EINTR);
    return got;
}

static void
reap(struct aio_worker *a)
{
    struct io_event events[FILE_QUEUE_BATCH];
    int n;

    do {
        n = get_events(a, events, FILE_QUEUE_BATCH);
        for (int i = 0; i < n; i++) {
            struct store_io *io = events[i].data;

            file_queue_returned(&a->queue, io);
            if (io->op == STORE_FLUSH)
                finish_flush(io, (long)events[i].res);
            else
                file_queue_end_move(io, (long)events[i].res);
        }
    } while (n == FILE_QUEUE_BATCH);
    if (!STAILQ_EMPTY(&a->queue.waiting))
        worker_defer(a->queue.worker, &a->submit_batch);
}

static void
completions_arrived(struct file_bell *bell)
{
    reap((struct aio_worker *)((char *)bell - offsetof(struct aio_worker, bell)));
}

/* What has completed rings, too; this is for a worker that looks before it hears. */
static bool
poll_ring(struct poller *poller)
{
    struct aio_worker *a =
        (struct aio_worker *)((char *)poller - offsetof(struct aio_worker, poller));

    if (atomic_load_explicit(&a->ring->head, memory_order_relaxed) ==
        atomic_load_explicit(&a->ring->tail, memory_order_relaxed))
        return false;
    reap(a);
    return true;
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
    if ((io->op == STORE_FLUSH ? kernel_can_flush(f) : file_queue_can_move(f, io)) &&
        file_queue_add(&a->queue, io))
        worker_defer(io->worker, &a->submit_batch);
    else
        file_submit_to_helper(f, io);
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
    if (a->context != NULL)
        io_destroy(a->context);
    file_bell_free(&a->bell);
    free(a);
}

static struct aio_ring *
ring_of(io_context_t context)
{
    struct aio_ring *ring = (struct aio_ring *)(void *)context;

    return ring->magic == AIO_RING_MAGIC && ring->incompatible == 0 &&
                   ring->header_length == sizeof *ring
               ? ring
               : NULL;
}

static int
set_up_context(struct aio_worker *a, struct worker *worker)
{
    for (unsigned depth = DEPTH_MAX; depth >= DEPTH_MIN; depth /= 2) {
        int r = io_setup((int)depth, &a->context);

        if (r == 0) {
            a->ring = ring_of(a->context);
            file_queue_init(&a->queue, worker, depth);
        }
        if (r != -EAGAIN) /* -EAGAIN: fs.aio-max-nr is used up */
            return r;
    }
    return -EAGAIN;
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
    a->submit_batch.run = submit_batch;
    a->bell.fd = -1;
    r = set_up_context(a, worker);
    if (r == 0)
        r = file_bell_make(&a->bell, worker, completions_arrived);
    if (r < 0) {
        atomic_store(&unavailable, -r);
        free_worker(a);
        return 0;
    }
    a->poller.poll = poll_ring;
    if (a->ring != NULL)
        worker_add_poller(worker, &a->poller);
    aio_workers[worker_id(worker)] = a;
    return 0;
}

static void
aio_worker_stop(struct worker *worker)
{
    struct aio_worker *a = aio_workers[worker_id(worker)];

    if (a == NULL)
        return;
    assert(a->queue.admitted == 0 && STAILQ_EMPTY(&a->queue.waiting));
    if (a->ring != NULL)
        worker_remove_poller(worker, &a->poller);
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
