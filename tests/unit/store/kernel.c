/* kernel.c: stand-ins for calls on files. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define EACH UINT32_MAX

static struct {
    atomic_uint seen;
    atomic_uint nth; /* counted as SEEN; 0: none */
    atomic_int error;
    _Atomic uint64_t at_most;
} script[KERNEL_CALLS];

static const struct kernel_range *data;
static unsigned data_count;
static bool says_data;

static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hang_ends = PTHREAD_COND_INITIALIZER;
static enum kernel_call hang_call;
static int hang_fd = -1;
static unsigned hanging;

void
kernel_hang(enum kernel_call call, int fd)
{
    pthread_mutex_lock(&hang_lock);
    hang_call = call;
    hang_fd = fd;
    pthread_mutex_unlock(&hang_lock);
}

void
kernel_let_go(void)
{
    pthread_mutex_lock(&hang_lock);
    hang_fd = -1;
    pthread_cond_broadcast(&hang_ends);
    pthread_mutex_unlock(&hang_lock);
}

unsigned
kernel_hanging(void)
{
    unsigned n;

    pthread_mutex_lock(&hang_lock);
    n = hanging;
    pthread_mutex_unlock(&hang_lock);
    return n;
}

static void
may_hang(enum kernel_call call, int fd)
{
    pthread_mutex_lock(&hang_lock);
    hanging++;
    while (hang_fd == fd && hang_call == call)
        pthread_cond_wait(&hang_ends, &hang_lock);
    hanging--;
    pthread_mutex_unlock(&hang_lock);
}

void
kernel_reset(void)
{
    kernel_let_go();
    for (unsigned i = 0; i < KERNEL_CALLS; i++) {
        atomic_store(&script[i].seen, 0);
        atomic_store(&script[i].nth, 0);
        atomic_store(&script[i].error, 0);
        atomic_store(&script[i].at_most, 0);
    }
    says_data = false;
}

void
kernel_fail(enum kernel_call call, unsigned nth, int error)
{
    atomic_store(&script[call].error, error);
    atomic_store(&script[call].nth, nth == 0 ? EACH : atomic_load(&script[call].seen) + nth);
}

void
kernel_move_at_most(enum kernel_call call, uint64_t bytes)
{
    atomic_store(&script[call].at_most, bytes);
}

void
kernel_data_is(const struct kernel_range *ranges, unsigned n)
{
    data = ranges;
    data_count = n;
    says_data = true;
}

unsigned
kernel_calls(enum kernel_call call)
{
    return atomic_load(&script[call].seen);
}

/* Whether CALL is answered here: -1 with errno, or 0. */
static bool
answers(enum kernel_call call, int *answer)
{
    unsigned seen = atomic_fetch_add(&script[call].seen, 1) + 1;
    unsigned nth = atomic_load(&script[call].nth);

    if (nth != EACH && nth != seen)
        return false;
    errno = atomic_load(&script[call].error);
    *answer = errno != 0 ? -1 : 0;
    return true;
}

static size_t
bounded(enum kernel_call call, size_t n)
{
    uint64_t most = atomic_load(&script[call].at_most);

    return most != 0 && most < n ? (size_t)most : n;
}

/* Ranges that touch are one. */
static off_t
scripted_seek(uint64_t at, int whence)
{
    for (unsigned i = 0; i < data_count; i++) {
        if (at < data[i].from)
            return (off_t)(whence == SEEK_HOLE ? at : data[i].from);
        if (at < data[i].to) {
            if (whence == SEEK_DATA)
                return (off_t)at;
            at = data[i].to;
        }
    }
    if (whence == SEEK_HOLE)
        return (off_t)at;
    errno = ENXIO;
    return -1;
}

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);

off_t
__wrap_lseek(int fd, off_t offset, int whence)
{
    int answer;

    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        return __real_lseek(fd, offset, whence);
    if (answers(KERNEL_LSEEK, &answer))
        return answer;
    return says_data ? scripted_seek((uint64_t)offset, whence)
                     : __real_lseek(fd, offset, whence);
}

ssize_t __real_copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n,
                               unsigned flags);
ssize_t __wrap_copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n,
                               unsigned flags);

ssize_t
__wrap_copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n,
                       unsigned flags)
{
    int answer;

    if (answers(KERNEL_COPY, &answer))
        return answer;
    return __real_copy_file_range(in, in_at, out, out_at, bounded(KERNEL_COPY, n), flags);
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int
__wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *arg;
    int answer;

    va_start(list, request);
    arg = va_arg(list, void *);
    va_end(list);
    if ((request == FICLONERANGE && answers(KERNEL_CLONE, &answer)) ||
        (request == BLKZEROOUT && answers(KERNEL_ZEROOUT, &answer)))
        return answer;
    return __real_ioctl(fd, request, arg);
}

int __real_posix_fadvise(int fd, off_t offset, off_t length, int advice);
int __wrap_posix_fadvise(int fd, off_t offset, off_t length, int advice);

int
__wrap_posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
    int answer;

    if (advice == POSIX_FADV_WILLNEED && answers(KERNEL_FADVISE, &answer))
        return errno; /* it gives the error, not -1 */
    return __real_posix_fadvise(fd, offset, length, advice);
}

int __real_fstatvfs(int fd, struct statvfs *v);
int __wrap_fstatvfs(int fd, struct statvfs *v);

int
__wrap_fstatvfs(int fd, struct statvfs *v)
{
    int answer;

    may_hang(KERNEL_STATVFS, fd);
    return answers(KERNEL_STATVFS, &answer) ? answer : __real_fstatvfs(fd, v);
}

int __real_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);

int
__wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
    int answer;

    if ((mode & FALLOC_FL_PUNCH_HOLE && answers(KERNEL_PUNCH, &answer)) ||
        (mode & FALLOC_FL_ZERO_RANGE && answers(KERNEL_ZERO_RANGE, &answer)))
        return answer;
    return __real_fallocate(fd, mode, offset, length);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
    int answer;

    may_hang(KERNEL_FDATASYNC, fd);
    return answers(KERNEL_FDATASYNC, &answer) ? answer : __real_fdatasync(fd);
}

ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t offset);

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t offset)
{
    int answer;

    if (answers(KERNEL_PWRITE, &answer))
        return answer;
    return __real_pwrite(fd, p, bounded(KERNEL_PWRITE, n), offset);
}

ssize_t __real_preadv2(int fd, const struct iovec *v, int count, off_t offset, int flags);
ssize_t __wrap_preadv2(int fd, const struct iovec *v, int count, off_t offset, int flags);

ssize_t
__wrap_preadv2(int fd, const struct iovec *v, int count, off_t offset, int flags)
{
    struct iovec part = {.iov_base = v->iov_base, .iov_len = bounded(KERNEL_READ, v->iov_len)};
    int answer;

    if (answers(KERNEL_READ, &answer))
        return answer;
    return __real_preadv2(fd, &part, count, offset, flags);
}

ssize_t __real_pwritev2(int fd, const struct iovec *v, int count, off_t offset, int flags);
ssize_t __wrap_pwritev2(int fd, const struct iovec *v, int count, off_t offset, int flags);

ssize_t
__wrap_pwritev2(int fd, const struct iovec *v, int count, off_t offset, int flags)
{
    struct iovec part = {.iov_base = v->iov_base, .iov_len = bounded(KERNEL_WRITE, v->iov_len)};
    int answer;

    may_hang(KERNEL_WRITE, fd);
    if (answers(KERNEL_WRITE, &answer))
        return answer;
    return __real_pwritev2(fd, &part, count, offset, flags);
}
