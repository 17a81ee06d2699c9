/* file_open.c: opens, measures, resizes and closes backing files and block devices. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "store/file.h"

/* What an operator can do about an error of open(). */
static const struct {
    int error;
    const char *hint;
} open_hints[] = {
    {ENOENT, "; with 'create' it is made"},
    {EACCES, "; the daemon's user needs the right to read and write it"},
    {EROFS, "; with 'read_only' it can be used"},
    {EMFILE, "; the limit of open files is reached"},
    {EINVAL, "; its file system may not know O_DIRECT: set 'direct' to false"},
    {EBUSY, "; it is mounted, or another program uses it"},
};

static int
open_failed(const struct store_config *config, struct error *err)
{
    const char *hint = "";

    for (unsigned i = 0; i < sizeof open_hints / sizeof open_hints[0]; i++)
        if (open_hints[i].error == errno)
            hint = open_hints[i].hint;
    if (errno == ENOENT && config->existed)
        hint = "; it was there before, and is not made anew";
    return error_set(err, ERROR_BACKEND, "cannot open '%s': %m%s", config->path, hint);
}

/* Before opening: to open a tape or a FIFO has effects of its own. */
static int
check_kind(const struct store_config *config, const struct stat *st, struct error *err)
{
    if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
        return 0;
    errno = S_ISDIR(st->st_mode) ? EISDIR : ENODEV;
    return error_set(err, ERROR_BACKEND,
                     "cannot use '%s': it is %s, not a file or block device", config->path,
                     S_ISDIR(st->st_mode) ? "a folder" : "something else");
}

/* The first descriptor: makes the file if need be, and holds the lock. */
static int
open_plain(struct file_store *f, const struct store_config *config, bool exists,
           struct error *err)
{
    if (!exists) {
        f->store.made = file_make(config, &f->plain_fd, err) == 0;
        return f->store.made ? 0 : -1;
    }
    f->plain_fd = open(config->path, (config->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (f->plain_fd < 0)
        return open_failed(config, err);
    return file_lock(f->plain_fd, config->path, config->read_only, err);
}

static int
open_data(struct file_store *f, const struct store_config *config, struct error *err)
{
    int flags = (config->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    struct stat plain, data;

    if (f->is_direct)
        flags |= O_DIRECT;
    if (f->is_block && !config->read_only)
        flags |= O_EXCL; /* keeps mounts and other such openings out */
    f->fd = open(config->path, flags);
    if (f->fd < 0)
        return open_failed(config, err);
    if (fstat(f->plain_fd, &plain) < 0 || fstat(f->fd, &data) < 0)
        return open_failed(config, err);
    if (plain.st_dev != data.st_dev || plain.st_ino != data.st_ino) {
        errno = ESTALE;
        return error_set(err, ERROR_BACKEND, "'%s' was replaced while it was opened",
                         config->path);
    }
    f->file_system = data.st_dev;
    return check_kind(config, &data, err);
}

/* Bytes there are now, and what the medium likes to be written in. */
static int
measure(const struct file_store *f, uint64_t *size, unsigned *physical)
{
    struct stat st;

    if (f->is_block)
        return ioctl(f->plain_fd, BLKGETSIZE64, size) < 0 ||
                       ioctl(f->plain_fd, BLKPBSZGET, physical) < 0
                   ? -errno
                   : 0;
    if (fstat(f->plain_fd, &st) < 0)
        return -errno;
    *size = (uint64_t)st.st_size;
    *physical = st.st_blksize >= 4096 ? 4096 : 512;
    return 0;
}

static int
find_size(struct file_store *f, const struct store_config *config, struct error *err)
{
    uint64_t found = 0;
    unsigned physical = 0;
    int r = measure(f, &found, &physical);

    if (r < 0) {
        errno = -r;
        return error_set(err, ERROR_BACKEND, "cannot find the size of '%s': %m", config->path);
    }
    if (config->size > found) {
        errno = 0;
        return error_set(err, ERROR_BACKEND,
                         "'%s' has %" PRIu64 " bytes, fewer than the size %" PRIu64
                         " that is configured",
                         config->path, found, config->size);
    }
    if (found < config->block_size) {
        errno = 0;
        return error_set(err, ERROR_BACKEND,
                         "'%s' has %" PRIu64 " bytes, less than one block of %u", config->path,
                         found, config->block_size);
    }
    atomic_init(&f->store.size, config->size != 0 ? config->size : found);
    f->store.physical_block_size = physical;
    return 0;
}

/* Where the kernel does not say: devices have a sector size, files are tried with 512. */
static unsigned
probe_alignment(const struct file_store *f)
{
    CLEANUP_FREE uint8_t *buffer = NULL;
    int sector = 0;

    if (f->is_block)
        return ioctl(f->fd, BLKSSZGET, &sector) == 0 && sector > 0 ? (unsigned)sector : 4096;
    buffer = aligned_alloc(4096, 4096);
    return buffer != NULL && pread(f->fd, buffer, 512, 512) == 512 ? 512 : 4096;
}

static int
find_alignment(struct file_store *f, struct error *err)
{
    f->memory_alignment = f->offset_alignment = 1;
    if (!f->is_direct)
        return 0;
#ifdef STATX_DIOALIGN
    struct statx sx;

    if (statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &sx) == 0 &&
        (sx.stx_mask & STATX_DIOALIGN) != 0) {
        if (sx.stx_dio_offset_align == 0) {
            errno = EINVAL;
            return error_set(err, ERROR_BACKEND,
                             "'%s' does not support O_DIRECT: set 'direct' to false", f->path);
        }
        f->memory_alignment = sx.stx_dio_mem_align;
        f->offset_alignment = sx.stx_dio_offset_align;
        return 0;
    }
#endif
    f->memory_alignment = f->offset_alignment = probe_alignment(f);
    return 0;
}

/* A limit of the queue of block device RDEV, or of the disk that it is a partition of; 0: none.
 */
static uint64_t
queue_limit(dev_t rdev, const char *name)
{
    static const char *const places[] = {"", "../"};
    unsigned long long limit = 0;
    char path[128];

    for (unsigned i = 0; i < 2; i++) {
        FILE *file;

        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%squeue/%s", major(rdev), minor(rdev),
                 places[i], name);
        file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%llu", &limit) != 1)
            limit = 0;
        fclose(file);
        break;
    }
    return limit;
}

/*
 * Whether space can be given back so that it reads as zeroes. A discard alone leaves open what
 * is read afterwards, so a device must also write zeroes by itself. A file is tried beyond its
 * end, where there is nothing to lose.
 */
static bool
can_unmap(const struct file_store *f)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return false;
    if (f->is_block)
        return queue_limit(st.st_rdev, "discard_max_bytes") > 0 &&
               queue_limit(st.st_rdev, "write_zeroes_max_bytes") > 0;
    return fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     (st.st_size + 4095) / 4096 * 4096, 4096) == 0;
}

static int
find_capabilities(struct file_store *f, const struct store_config *config, struct error *err)
{
    unsigned can = 0;

    if (file_can_extent(f))
        can |= STORE_CAN_EXTENT;
    if (file_can_prefetch(f))
        can |= STORE_CAN_PREFETCH;
    if (file_can_space(f))
        can |= STORE_CAN_SPACE;
    if (fdatasync(f->plain_fd) == 0)
        can |= STORE_CAN_FLUSH;
    else if (errno != EINVAL && errno != EROFS)
        return error_set(err, ERROR_BACKEND, "cannot flush '%s': %m", config->path);
    if (!config->read_only) {
        can |= STORE_CAN_WRITE | STORE_CAN_ZERO | STORE_CAN_RESIZE;
        if (can & STORE_CAN_FLUSH)
            can |= STORE_CAN_FUA;
        if (can_unmap(f))
            can |= STORE_CAN_UNMAP;
        if (file_can_copy(f))
            can |= STORE_CAN_COPY;
    }
    f->store.capabilities = can;
    return 0;
}

static struct file_store *
file_alloc(const struct store_type *type, const struct store_config *config)
{
    struct file_store *f = store_alloc(sizeof *f, type, config);

    if (f == NULL)
        return NULL;
    f->path = strdup(config->path);
    if (f->path == NULL) {
        store_dealloc(&f->store);
        return NULL;
    }
    f->fd = f->plain_fd = -1;
    f->is_direct = config->direct;
    f->is_sync = config->sync;
    f->preallocate = config->preallocate;
    pthread_mutex_init(&f->flush_lock, NULL);
    for (unsigned i = 0; i <= WORKERS_MAX; i++)
        STAILQ_INIT(&f->on_worker[i].writes);
    return f;
}

void
file_store_close(struct store *store)
{
    struct file_store *f = (struct file_store *)store;

    if (f->fd >= 0)
        close(f->fd);
    if (f->plain_fd >= 0)
        close(f->plain_fd);
    pthread_mutex_destroy(&f->flush_lock);
    free(f->path);
    store_dealloc(store);
}

int
file_store_open(const struct store_type *type, const struct store_config *config,
                struct file_store **ret, struct error *err)
{
    struct file_store *f;
    struct stat st;
    bool exists;

    exists = stat(config->path, &st) == 0;
    if (!exists && (errno != ENOENT || !config->create))
        return open_failed(config, err);
    if (exists && check_kind(config, &st, err) < 0)
        return -1;
    if (!exists && config->check_only)
        return file_make_check(config, err);
    f = file_alloc(type, config);
    if (f == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    f->is_block = exists && S_ISBLK(st.st_mode);
    if (open_plain(f, config, exists, err) < 0 || open_data(f, config, err) < 0 ||
        find_size(f, config, err) < 0 || find_alignment(f, err) < 0)
        goto fail;
    if (config->check_only) {
        file_store_close(&f->store);
        return 0;
    }
    if (find_capabilities(f, config, err) < 0)
        goto fail;
    /* A write past the page cache has to throw out what it has of the place, and may not be
     * able to do that without waiting. */
    if (f->is_direct)
        (void)posix_fadvise(f->plain_fd, 0, 0, POSIX_FADV_DONTNEED);
    *ret = f;
    return 0;

fail:
    if (f->store.made)
        unlink(config->path);
    file_store_close(&f->store);
    return -1;
}

/* Makes the file longer; where that fails it is as long as before. */
static int
grow(struct file_store *f, uint64_t found, uint64_t size, struct error *err)
{
    int r;

    if (f->is_block) {
        errno = 0;
        return error_set(err, ERROR_BACKEND, "'%s' has %" PRIu64 " bytes, fewer than %" PRIu64,
                         f->path, found, size);
    }
    r = file_extend(f->plain_fd, found, size, f->preallocate, f->store.progress);
    if (r == 0 && fsync(f->plain_fd) < 0)
        r = -errno;
    if (r == 0)
        return 0;
    (void)!ftruncate(f->plain_fd, (off_t)found);
    if (r == -ECANCELED)
        return error_set(err, ERROR_CANCELLED, "the growing of '%s' was cancelled", f->path);
    errno = -r;
    return error_set(err, ERROR_BACKEND, "cannot grow '%s' to %" PRIu64 " bytes: %m", f->path,
                     size);
}

/* What no longer belongs to the store is cut off; what never did is left alone. */
static int
shrink(struct file_store *f, uint64_t found, uint64_t size, struct error *err)
{
    uint64_t old = atomic_load(&f->store.size);

    atomic_store(&f->store.size, size); /* new operations stay below from here on */
    if (f->is_block || found != old || ftruncate(f->plain_fd, (off_t)size) == 0)
        return 0;
    atomic_store(&f->store.size, old);
    return error_set(err, ERROR_BACKEND, "cannot shrink '%s' to %" PRIu64 " bytes: %m", f->path,
                     size);
}

int
file_store_resize(struct store *store, uint64_t size, struct error *err)
{
    struct file_store *f = (struct file_store *)store;
    uint64_t found = 0;
    unsigned physical;
    int r = measure(f, &found, &physical);

    if (r < 0) {
        errno = -r;
        return error_set(err, ERROR_BACKEND, "cannot find the size of '%s': %m", f->path);
    }
    if (size == 0) {
        size = found - found % store->block_size;
        if (size == 0) {
            errno = 0;
            return error_set(err, ERROR_BACKEND, "nothing is left of '%s'", f->path);
        }
    }
    if (size < atomic_load(&store->size))
        return shrink(f, found, size, err);
    if (size > found && grow(f, found, size, err) < 0)
        return -1;
    atomic_store(&store->size, size);
    return 0;
}
