/* file_io.c: reading, writing, flushing and clearing with calls that may block. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/iobuf.h"
#include "core/log.h"
#include "store/file.h"

#define PAGE_SIZE 4096 /* or more */

bool
file_is_aligned(const struct file_store *f, const uint8_t *p, uint64_t offset, uint64_t n)
{
    return (uintptr_t)p % f->memory_alignment == 0 && offset % f->offset_alignment == 0 &&
           n % f->offset_alignment == 0;
}

void
file_op_start(struct store_io *io)
{
    file_op(io)->bounce = NULL;
    file_op(io)->progress = 0;
}

void
file_flush_failed(struct file_store *f, int error)
{
    int none = 0;

    if (atomic_compare_exchange_strong(&f->flush_error, &none, error))
        log_error("store",
                  "a flush failed: written data may be lost; flushes of this store fail until "
                  "it is opened again",
                  "store", f->store.name, "path", f->path, "error", strerrordesc_np(error),
                  NULL);
}

/*
 * One at a time, so that a failure is known to all that ask after it: fdatasync() reports it to
 * one of several concurrent callers only. Who waited while a whole fdatasync() began and ended
 * need not do another.
 */
int
file_flush(struct file_store *f)
{
    uint64_t begun_before = atomic_load(&f->flushes_begun);

    pthread_mutex_lock(&f->flush_lock);
    if (atomic_load(&f->flush_error) == 0 && atomic_load(&f->flushes_begun) == begun_before) {
        int r;

        atomic_fetch_add(&f->flushes_begun, 1);
        do
            r = fdatasync(f->plain_fd);
        while (r < 0 && errno == EINTR);
        if (r < 0)
            file_flush_failed(f, errno);
    }
    pthread_mutex_unlock(&f->flush_lock);
    return atomic_load(&f->flush_error);
}

static ssize_t
move_some(int fd, enum store_op op, uint8_t *p, uint64_t n, uint64_t offset, int flags)
{
    struct iovec v = {.iov_base = p, .iov_len = n < 1 << 30 ? n : 1 << 30};

    return op == STORE_READ ? preadv2(fd, &v, 1, (off_t)offset, flags)
                            : pwritev2(fd, &v, 1, (off_t)offset, flags);
}

/*
 * READ and WRITE from where they stand. What O_DIRECT cannot take goes through the page cache,
 * which the kernel keeps coherent with it. 0 or a positive errno.
 */
static int
move(struct file_store *f, struct store_io *io, uint8_t *data)
{
    bool must_be_stable = io->op == STORE_WRITE && (io->fua || f->is_sync);
    uint64_t *progress = &file_op(io)->progress;
    bool flush_after = false;

    while (*progress < io->length) {
        uint8_t *p = data + *progress;
        uint64_t offset = io->offset + *progress, left = io->length - *progress;
        bool plain = !file_is_aligned(f, p, offset, left);
        bool dsync = must_be_stable && !plain && !atomic_load(&f->no_dsync);
        ssize_t n = move_some(plain ? f->plain_fd : f->fd, io->op, p, left, offset,
                              dsync ? RWF_DSYNC : 0);

        if (n < 0 && dsync && errno == EOPNOTSUPP)
            atomic_store(&f->no_dsync, true);
        else if (n < 0 && errno != EINTR)
            return errno;
        if (n == 0)
            return EIO; /* the file ends here: it is shorter than the store */
        if (n > 0) {
            *progress += (uint64_t)n;
            flush_after |= must_be_stable && !dsync;
            if (plain && io->op == STORE_WRITE)
                atomic_store(&f->wrote_plain, true);
        }
    }
    return flush_after ? file_flush(f) : 0;
}

int
file_move(struct file_store *f, struct store_io *io)
{
    struct iobuf *bounce = file_op(io)->bounce;
    int error;

    if (bounce == NULL)
        return move(f, io, io->data);
    if (io->op == STORE_WRITE)
        memcpy(bounce->data, io->data, io->length);
    error = move(f, io, bounce->data);
    if (io->op == STORE_READ && error == 0)
        memcpy(io->data, bounce->data, io->length);
    return error;
}

static int
write_zeroes(struct file_store *f, uint64_t offset, uint64_t length)
{
    static const uint8_t zeroes[64 << 10];

    atomic_store(&f->wrote_plain, true);
    while (length > 0) {
        size_t n = length < sizeof zeroes ? (size_t)length : sizeof zeroes;
        ssize_t written = pwrite(f->plain_fd, zeroes, n, (off_t)offset);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written == 0)
            return EIO;
        if (written > 0) {
            offset += (uint64_t)written;
            length -= (uint64_t)written;
        }
    }
    return 0;
}

/* The error of a call that may be unsupported for this range: 0, an errno, or -1 for that. */
static int
outcome(int r)
{
    if (r == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == EINVAL || errno == ENOTTY ? -1 : errno;
}

static int
punch(struct file_store *f, uint64_t offset, uint64_t length)
{
    return outcome(fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                             (off_t)length));
}

/* On a block device: by itself, or by the kernel's writing zeroes. */
static int
zero_device(struct file_store *f, uint64_t offset, uint64_t length)
{
    uint64_t range[2] = {offset, length};

    return outcome(ioctl(f->fd, BLKZEROOUT, range));
}

static int
zero_file(struct file_store *f, uint64_t offset, uint64_t length)
{
    int error = -1;

    if (!atomic_load(&f->no_zero_range)) {
        error = outcome(fallocate(f->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                                  (off_t)offset, (off_t)length));
        if (error < 0)
            atomic_store(&f->no_zero_range, true);
    }
    if (error < 0 && f->store.capabilities & STORE_CAN_UNMAP)
        error = punch(f, offset, length);
    return error;
}

static int
zero(struct file_store *f, uint64_t offset, uint64_t length)
{
    int error = f->is_block ? zero_device(f, offset, length) : zero_file(f, offset, length);

    return error < 0 ? write_zeroes(f, offset, length) : error;
}

/* Edges that are smaller than what a device can give back are zeroed instead. */
int
file_clear(struct file_store *f, uint64_t offset, uint64_t length)
{
    int error = punch(f, offset, length);

    return error < 0 ? zero(f, offset, length) : error;
}

static int
make_stable(struct file_store *f, const struct store_io *io, int error)
{
    return error == 0 && (io->fua || f->is_sync) ? file_flush(f) : error;
}

static int
do_zero(struct file_store *f, struct store_io *io)
{
    return make_stable(f, io, zero(f, io->offset, io->length));
}

static int
do_unmap(struct file_store *f, struct store_io *io)
{
    return make_stable(f, io, file_clear(f, io->offset, io->length));
}

static int
do_flush(struct file_store *f, struct store_io *io)
{
    (void)io;
    return file_flush(f);
}

static int (*const blocking[STORE_OPS])(struct file_store *, struct store_io *) = {
    [STORE_READ] = file_move,         [STORE_WRITE] = file_move, [STORE_FLUSH] = do_flush,
    [STORE_UNMAP] = do_unmap,         [STORE_ZERO] = do_zero,    [STORE_EXTENT] = file_extent,
    [STORE_PREFETCH] = file_prefetch, [STORE_COPY] = file_copy,  [STORE_SPACE] = file_space,
};

static struct store_io *
job_io(struct pool_job *job)
{
    return (struct store_io *)((char *)job - offsetof(struct store_io, job));
}

static void
work(struct pool_job *job)
{
    struct store_io *io = job_io(job);

    io->error = blocking[io->op]((struct file_store *)io->store, io);
}

static void
worked(struct pool_job *job)
{
    file_complete(job_io(job), job_io(job)->error);
}

void
file_complete(struct store_io *io, int error)
{
    iobuf_unref(file_op(io)->bounce);
    store_complete(io, error);
}

void
file_submit_to_helper(struct file_store *f, struct store_io *io)
{
    struct file_op *op = file_op(io);
    bool has_data = io->op == STORE_READ || io->op == STORE_WRITE;

    /* Where memory is short it goes without: through the page cache. */
    if (has_data && op->bounce == NULL && !file_is_aligned(f, io->data, 0, 0) &&
        file_is_aligned(f, NULL, io->offset, io->length))
        op->bounce = iobuf_new(io->length);
    store_submit_job(io, work, worked);
}

/* Whether the page cache can take part: without blocking, and with nothing to wait for. */
static bool
may_try_now(const struct file_store *f, const struct store_io *io)
{
    if (f->is_direct || atomic_load_explicit(&f->no_nowait[io->op], memory_order_relaxed))
        return false;
    return io->op == STORE_READ || (io->op == STORE_WRITE && !io->fua && !f->is_sync);
}

/* True where all of IO is done. */
static bool
try_now(struct file_store *f, struct store_io *io)
{
    ssize_t n = move_some(f->fd, io->op, io->data, io->length, io->offset, RWF_NOWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        atomic_store(&f->no_nowait[io->op], errno == EOPNOTSUPP || errno == EINVAL);
    if (n > 0)
        file_op(io)->progress = (uint64_t)n;
    return n > 0 && (uint64_t)n == io->length;
}

/*
 * Whether IO only has to be copied into the page cache, and the file system will not say that
 * it can be done without waiting: for so little work a helper each is more trouble than the
 * work. Parts of pages may have to be read first: they had better wait side by side.
 */
static bool
may_batch(const struct file_store *f, const struct store_io *io)
{
    return io->op == STORE_WRITE && !f->is_direct && !io->fua && !f->is_sync &&
           atomic_load_explicit(&f->no_nowait[STORE_WRITE], memory_order_relaxed) &&
           io->offset % PAGE_SIZE == 0 && io->length % PAGE_SIZE == 0 &&
           worker_now_ms(io->worker) >= f->on_worker[worker_id(io->worker)].slow_until_ms;
}

void
file_submit(struct store *store, struct store_io *io)
{
    struct file_store *f = (struct file_store *)store;

    file_op_start(io);
    if (may_try_now(f, io) && try_now(f, io))
        store_complete_later(io, 0);
    else if (may_batch(f, io))
        file_batch_add(f, io);
    else
        file_submit_to_helper(f, io);
}
