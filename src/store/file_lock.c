/*
 * file_lock.c: one user for a backing file: locks, and who holds one that is in the way.
 *
 * The lock belongs to the open file, not to the process (F_OFD_SETLK): a second store of this
 * daemon on the same file is refused like any other program. qemu's locks conflict with it,
 * too.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "store/file.h"

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
    if (S_ISBLK(a->st_mode))
        return S_ISBLK(b->st_mode) && a->st_rdev == b->st_rdev;
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether descriptor NAME of process PID holds a lock of any kind. */
static bool
holds_lock(const char *pid, const char *name)
{
    char path[64], line[200];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%.20s/fdinfo/%.20s", pid, name);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, "lock:", 5) == 0;
    fclose(file);
    return found;
}

static bool
process_has_locked(const char *pid, const struct stat *wanted)
{
    char path[64];
    struct dirent *d;
    struct stat st;
    bool found = false;
    DIR *fds;

    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    fds = opendir(path);
    if (fds == NULL)
        return false;
    while (!found && (d = readdir(fds)) != NULL)
        found = isdigit((unsigned char)d->d_name[0]) &&
                fstatat(dirfd(fds), d->d_name, &st, 0) == 0 && is_same_file(wanted, &st) &&
                holds_lock(pid, d->d_name);
    closedir(fds);
    return found;
}

static void
describe_process(const char *pid, char *text, size_t size)
{
    char path[64], name[64] = "";
    FILE *file;

    if (atoi(pid) == (int)getpid()) {
        snprintf(text, size, " by another backstore of this daemon");
        return;
    }
    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(name, sizeof name, file) != NULL)
            name[strcspn(name, "\n")] = '\0';
        fclose(file);
    }
    snprintf(text, size, " by process %.20s (%s)", pid, name);
}

/* " by process 4711 (qemu-img)", or nothing where that cannot be seen. */
static void
describe_holder(int fd, char *text, size_t size)
{
    struct dirent *d;
    struct stat st;
    DIR *proc;

    text[0] = '\0';
    if (fstat(fd, &st) < 0 || (proc = opendir("/proc")) == NULL)
        return;
    while ((d = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)d->d_name[0]) && process_has_locked(d->d_name, &st)) {
            describe_process(d->d_name, text, size);
            break;
        }
    }
    closedir(proc);
}

int
file_lock(int fd, const char *path, bool shared, struct error *err)
{
    struct flock lock = {.l_type = shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    char holder[128];
    int error;

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    error = errno;
    if (error != EAGAIN && error != EACCES) {
        errno = error;
        return error_set(err, ERROR_BACKEND, "cannot lock '%s': %m", path);
    }
    describe_holder(fd, holder, sizeof holder);
    errno = EBUSY;
    return error_set(err, ERROR_BACKEND, "'%s' is already in use%s", path, holder);
}
