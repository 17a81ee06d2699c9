/* file_make.c: new backing files: sparse, preallocated, or written full of zeroes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "store/file.h"

/* One step of an extension: small enough that to give it up does not take long. */
#define ZEROES_STEP     ((uint64_t)1 << 20)
#define ALLOCATION_STEP ((uint64_t)64 << 20)

static int
write_zeroes(int fd, const uint8_t *zeroes, uint64_t from, uint64_t to)
{
    while (from < to) {
        ssize_t written = pwrite(fd, zeroes, (size_t)(to - from), (off_t)from);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written == 0)
            return -EIO;
        if (written > 0)
            from += (uint64_t)written;
    }
    return 0;
}

/* What is known to stand on the medium is progress: without the flushes it would be made in
 * memory, and then the last one would take as long as all of them. */
#define FLUSH_EVERY ((uint64_t)64 << 20)

static int
extend_in_steps(int fd, uint64_t from, uint64_t to, const uint8_t *zeroes,
                struct store_progress *progress)
{
    const uint64_t step = zeroes != NULL ? ZEROES_STEP : ALLOCATION_STEP;
    uint64_t flushed = from;
    int r = 0;

    while (from < to && r == 0) {
        uint64_t n = to - from < step ? to - from : step;

        if (progress != NULL && atomic_load(&progress->is_cancelled))
            return -ECANCELED;
        if (zeroes != NULL)
            r = write_zeroes(fd, zeroes, from, from + n);
        else
            r = fallocate(fd, 0, (off_t)from, (off_t)n) < 0 ? -errno : 0;
        from += n;
        if (r == 0 && zeroes != NULL && from - flushed >= FLUSH_EVERY) {
            r = fdatasync(fd) < 0 ? -errno : 0;
            flushed = from;
        }
        if (progress != NULL)
            atomic_fetch_add(&progress->done, n);
    }
    return r;
}

int
file_extend(int fd, uint64_t from, uint64_t to, enum store_preallocate preallocate,
            struct store_progress *progress)
{
    CLEANUP_FREE uint8_t *zeroes = NULL;

    if (preallocate == STORE_PREALLOCATE_OFF)
        return ftruncate(fd, (off_t)to) < 0 ? -errno : 0;
    if (preallocate == STORE_PREALLOCATE_FULL) {
        zeroes = calloc(1, ZEROES_STEP);
        if (zeroes == NULL)
            return -ENOMEM;
    }
    if (progress != NULL)
        atomic_fetch_add(&progress->total, to - from);
    return extend_in_steps(fd, from, to, zeroes, progress);
}

/* The folder that PATH is in. PARENT has PATH_MAX bytes. */
static const char *
parent_of(const char *path, char *parent)
{
    if (strlen(path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    strcpy(parent, path);
    return dirname(parent);
}

/* A new file must survive a crash, as the configuration that names it does. */
static int
sync_file_and_folder(int fd, const char *path)
{
    char parent[PATH_MAX];
    const char *folder = parent_of(path, parent);
    CLEANUP_FD int folder_fd = -1;

    if (folder == NULL || fsync(fd) < 0)
        return -errno;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return errno == EACCES ? 0 : -errno; /* a folder may be writable, but not readable */
    return fsync(folder_fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int
fill(int fd, const struct store_config *config, struct error *err)
{
    int r = file_extend(fd, 0, config->size, config->preallocate, config->progress);

    if (r == 0)
        r = sync_file_and_folder(fd, config->path);
    if (r == 0)
        return 0;
    if (r == -ECANCELED)
        return error_set(err, ERROR_CANCELLED, "the making of '%s' was cancelled",
                         config->path);
    errno = -r;
    return error_set(err, ERROR_BACKEND, "cannot make '%s' with %" PRIu64 " bytes: %m%s",
                     config->path, config->size,
                     r == -EOPNOTSUPP ? "; preallocate with 'full' or not at all" : "");
}

static int
check_request(const struct store_config *config, struct error *err)
{
    if (config->size == 0)
        return error_set(err, ERROR_INVALID_PARAMS,
                         "'%s' does not exist: to make it takes a size", config->path);
    if (config->read_only)
        return error_set(err, ERROR_INVALID_PARAMS,
                         "'%s' does not exist, and a read-only store does not make it",
                         config->path);
    return 0;
}

int
file_make(const struct store_config *config, int *ret, struct error *err)
{
    CLEANUP_FD int fd = -1;

    if (check_request(config, err) < 0)
        return -1;
    fd = open(config->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERROR_BACKEND, "cannot make '%s': %m", config->path);
    if (file_lock(fd, config->path, false, err) < 0 || fill(fd, config, err) < 0) {
        unlink(config->path);
        return -1;
    }
    *ret = fd;
    fd = -1; /* now the caller's */
    return 0;
}

int
file_make_check(const struct store_config *config, struct error *err)
{
    char parent[PATH_MAX];
    const char *folder = parent_of(config->path, parent);
    struct statvfs v;
    uint64_t available;

    if (check_request(config, err) < 0)
        return -1;
    if (folder == NULL || faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0 ||
        statvfs(folder, &v) < 0)
        return error_set(err, ERROR_BACKEND, "cannot make '%s': %m", config->path);
    available = (uint64_t)v.f_bavail * v.f_frsize;
    if (config->preallocate != STORE_PREALLOCATE_OFF && available < config->size) {
        errno = ENOSPC;
        return error_set(err, ERROR_BACKEND,
                         "cannot make '%s' with %" PRIu64 " bytes: %" PRIu64 " are free",
                         config->path, config->size, available);
    }
    return 0;
}
