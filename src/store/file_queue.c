/* file_queue.c: the reads and writes that one worker has given to the kernel, or is about to.
 */
#include "store/file_queue.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/iobuf.h"

void
file_queue_init(struct file_queue *q, struct worker *worker, unsigned depth)
{
    *q = (struct file_queue){.worker = worker, .depth = depth};
    STAILQ_INIT(&q->waiting);
}

bool
file_queue_can_move(struct file_store *f, struct store_io *io)
{
    struct file_op *op = file_op(io);

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

static unsigned *
places_of(const struct file_queue *q, const struct store_io *io)
{
    return &((struct file_store *)io->store)->on_worker[worker_id(q->worker)].in_queue;
}

static void
let_go(struct file_queue *q, const struct store_io *io)
{
    q->admitted--;
    (*places_of(q, io))--;
}

/* What pool.h says of helpers: a store has no more operations here than there is room left. */
bool
file_queue_add(struct file_queue *q, struct store_io *io)
{
    unsigned *own = places_of(q, io);

    if (q->admitted + *own >= q->depth)
        return false;
    q->admitted++;
    (*own)++;
    STAILQ_INSERT_TAIL(&q->waiting, io, own.link);
    return true;
}

static struct store_io *
next_waiting(struct file_queue *q)
{
    struct store_io *io = STAILQ_FIRST(&q->waiting);

    STAILQ_REMOVE_HEAD(&q->waiting, own.link);
    return io;
}

/* The kernel refused the oldest with ERROR: without RWF_NOWAIT once more, else a helper tries
 * and learns the error that counts. */
static void
refused(struct file_queue *q, int error)
{
    struct store_io *io = STAILQ_FIRST(&q->waiting);
    struct file_store *f = (struct file_store *)io->store;

    if (error == EOPNOTSUPP && io->op != STORE_FLUSH &&
        !atomic_exchange(&f->no_nowait[io->op], true))
        return;
    if (io->op == STORE_FLUSH && error == EINVAL) /* before Linux 4.18 */
        atomic_store(&f->no_aio_flush, true);
    let_go(q, io);
    file_submit_to_helper(f, next_waiting(q));
}

void
file_queue_submit(struct file_queue *q,
                  long (*give)(struct file_queue *q, struct store_io *const *ios, unsigned n))
{
    while (!STAILQ_EMPTY(&q->waiting) && q->in_kernel < q->depth) {
        struct store_io *batch[FILE_QUEUE_BATCH], *io;
        unsigned n = 0;
        long taken;

        STAILQ_FOREACH (io, &q->waiting, own.link) {
            if (n == FILE_QUEUE_BATCH || q->in_kernel + n == q->depth)
                break;
            batch[n++] = io;
        }
        taken = give(q, batch, n);
        if (taken == -EINTR)
            continue;
        if (taken == -EAGAIN && q->in_kernel > 0)
            return;
        if (taken <= 0)
            refused(q, (int)-taken);
        for (; taken > 0; taken--) {
            (void)next_waiting(q);
            q->in_kernel++;
        }
    }
}

void
file_queue_returned(struct file_queue *q, struct store_io *io)
{
    q->in_kernel--;
    let_go(q, io);
}

void
file_queue_end_move(struct store_io *io, long result)
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

uint8_t *
file_queue_data(struct store_io *io)
{
    struct iobuf *bounce = file_op(io)->bounce;

    return bounce != NULL ? bounce->data : io->data;
}

int
file_queue_rw_flags(const struct store_io *io)
{
    const struct file_store *f = (const struct file_store *)io->store;
    int flags = 0;

    if (!atomic_load_explicit(&f->no_nowait[io->op], memory_order_relaxed))
        flags |= RWF_NOWAIT;
    if (io->op == STORE_WRITE && (io->fua || f->is_sync))
        flags |= RWF_DSYNC;
    return flags;
}

static void
bell_rang(evutil_socket_t fd, short what, void *arg)
{
    struct file_bell *bell = arg;
    eventfd_t ignored;

    (void)what;
    worker_event_begins(worker_current());
    if (bell->must_read)
        (void)eventfd_read(fd, &ignored);
    bell->rang(bell);
}

/* Edge triggered, it is heard once each time it is rung, whatever it has counted. */
int
file_bell_make(struct file_bell *bell, struct worker *worker,
               void (*rang)(struct file_bell *bell))
{
    struct event_base *base = worker_base(worker);
    short what = EV_READ | EV_PERSIST;

    bell->rang = rang;
    bell->must_read = (event_base_get_features(base) & EV_FEATURE_ET) == 0;
    if (!bell->must_read)
        what |= EV_ET;
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell->fd < 0)
        return -errno;
    bell->event = event_new(base, bell->fd, what, bell_rang, bell);
    if (bell->event == NULL || event_add(bell->event, NULL) < 0)
        return -ENOMEM;
    return 0;
}

void
file_bell_free(struct file_bell *bell)
{
    if (bell->event != NULL)
        event_free(bell->event);
    if (bell->fd >= 0)
        close(bell->fd);
}
