/* file_space.c: what of a file is allocated, what its file system has left, and copies that the
 * kernel makes. All of it blocks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/file.h"

/* Where the next byte of the kind WHENCE (SEEK_DATA, SEEK_HOLE) is; END where there is none
 * before it. 0 or a positive errno. */
static int
seek(const struct file_store *f, uint64_t from, uint64_t end, int whence, uint64_t *found)
{
    off_t at = lseek(f->plain_fd, (off_t)from, whence);

    if (at < 0 && errno != ENXIO)
        return errno;
    *found = at < 0 || (uint64_t)at > end ? end : (uint64_t)at;
    return 0;
}

/* A block that is data in part is allocated. */
static int
extent_at(const struct file_store *f, uint64_t offset, uint64_t length,
          struct store_extent *extent)
{
    uint64_t end = offset + length, block_size = f->store.block_size, data = 0, hole = 0;
    int error = seek(f, offset, end, SEEK_DATA, &data);

    if (error != 0)
        return error;
    if (data < end)
        data -= data % block_size;
    if (data > offset) {
        *extent = (struct store_extent){data - offset, false};
        return 0;
    }
    error = seek(f, offset, end, SEEK_HOLE, &hole);
    if (error != 0)
        return error;
    hole += (block_size - hole % block_size) % block_size;
    if (hole <= offset) /* it was given back meanwhile */
        hole = offset + block_size;
    *extent = (struct store_extent){hole - offset, true};
    return 0;
}

int
file_extent(struct file_store *f, struct store_io *io)
{
    return extent_at(f, io->offset, io->length, &io->extent);
}

bool
file_can_extent(const struct file_store *f)
{
    return !f->is_block && (lseek(f->plain_fd, 0, SEEK_DATA) >= 0 || errno == ENXIO);
}

int
file_prefetch(struct file_store *f, struct store_io *io)
{
    return posix_fadvise(f->plain_fd, (off_t)io->offset, (off_t)io->length,
                         POSIX_FADV_WILLNEED);
}

bool
file_can_prefetch(const struct file_store *f)
{
    return !f->is_direct && posix_fadvise(f->plain_fd, 0, 1, POSIX_FADV_WILLNEED) == 0;
}

/* What is kept for root is not counted: it is for others than the users of a disk. */
int
file_space(struct file_store *f, struct store_io *io)
{
    uint64_t size = atomic_load(&f->store.size), used;
    struct statvfs vfs;
    struct stat st;

    if (fstat(f->plain_fd, &st) < 0 || fstatvfs(f->plain_fd, &vfs) < 0)
        return errno;
    used = (uint64_t)st.st_blocks * 512;
    io->space = (struct store_space){used < size ? used : size, vfs.f_bavail * vfs.f_frsize};
    return 0;
}

bool
file_can_space(const struct file_store *f)
{
    struct statvfs vfs;

    return !f->is_block && fstatvfs(f->plain_fd, &vfs) == 0 && vfs.f_blocks > 0;
}

/* What says of copy_file_range() that there is no such way from this file to that one. */
static bool
is_no_way(int error)
{
    return error == EXDEV || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL ||
           error == EPERM || error == ETXTBSY;
}

static int
copy_data(struct file_store *f, uint64_t offset, uint64_t length, const struct file_store *from,
          uint64_t from_offset)
{
    loff_t in = (loff_t)from_offset, out = (loff_t)offset;

    while (length > 0) {
        ssize_t n = copy_file_range(from->plain_fd, &in, f->plain_fd, &out, length, 0);

        if (n < 0 && errno != EINTR)
            return is_no_way(errno) ? EOPNOTSUPP : errno;
        if (n == 0)
            return EIO; /* FROM ends here: it is shorter than its store */
        if (n > 0)
            length -= (uint64_t)n;
    }
    return 0;
}

/* The two share what is there until one of them writes, where the file system can do that. */
static bool
share(struct file_store *f, const struct store_io *io, const struct file_store *from)
{
    struct file_clone_range range = {.src_fd = from->plain_fd,
                                     .src_offset = io->copy.from_offset,
                                     .src_length = io->length,
                                     .dest_offset = io->offset};

    return ioctl(f->plain_fd, FICLONERANGE, &range) == 0;
}

/* What is not there in FROM takes no space here either. */
static int
copy_extents(struct file_store *f, const struct store_io *io, const struct file_store *from)
{
    bool minds_holes =
        from->store.capabilities & STORE_CAN_EXTENT && f->store.capabilities & STORE_CAN_UNMAP;
    uint64_t moved = 0;

    while (moved < io->length) {
        uint64_t at = io->copy.from_offset + moved, to = io->offset + moved;
        struct store_extent e = {io->length - moved, true};
        int error = minds_holes ? extent_at(from, at, e.length, &e) : 0;

        if (error == 0)
            error = e.is_allocated ? copy_data(f, to, e.length, from, at)
                                   : file_clear(f, to, e.length);
        if (error != 0)
            return error;
        moved += e.length;
    }
    return 0;
}

int
file_copy(struct file_store *f, struct store_io *io)
{
    const struct file_store *from = (const struct file_store *)io->copy.from;
    int error = share(f, io, from) ? 0 : copy_extents(f, io, from);

    atomic_store(&f->wrote_plain, true);
    return error == 0 && (io->fua || f->is_sync) ? file_flush(f) : error;
}

bool
file_can_copy(const struct file_store *f)
{
    return !f->is_block && f->preallocate == STORE_PREALLOCATE_OFF &&
           copy_file_range(f->plain_fd, NULL, f->plain_fd, NULL, 0, 0) == 0;
}

bool
file_store_can_copy(const struct store *to, const struct store *from)
{
    const struct file_store *f = (const struct file_store *)to;
    const struct file_store *other = (const struct file_store *)from;

    return from->type->can_copy == file_store_can_copy && !other->is_block &&
           f->file_system == other->file_system;
}
