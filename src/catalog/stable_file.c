/* stable_file.c: reading and writing whole JSON files. */
#include "catalog/stable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"

static bool
is_folder(FILE *stream)
{
    struct stat st;

    return fstat(fileno(stream), &st) == 0 && S_ISDIR(st.st_mode);
}

int
stable_file_read(const char *path, const char *wrong, json_t **ret, struct error *err)
{
    FILE *stream = fopen(path, "re");
    json_error_t where;
    char *near;

    if (stream == NULL) {
        int error = errno;
        error_set(err, ERROR_PERSIST_FAILED, "cannot read '%s': %m", path);
        errno = error;
        return -1;
    }
    if (is_folder(stream)) {
        fclose(stream);
        error_set(err, ERROR_INVALID_CONFIG, "'%s' is not a regular file, but a folder", path);
        return -2;
    }
    *ret = json_loadf(stream, JSON_REJECT_DUPLICATES, &where);
    fclose(stream);
    if (*ret != NULL)
        return 0;
    near = strstr(where.text, " near '");
    if (near != NULL)
        *near = '\0'; /* what follows is from the file, and may be a part of a secret */
    error_set(err, ERROR_INVALID_CONFIG, "'%s' is %s: line %d, byte %d: %s", path, wrong,
              where.line, where.position, where.text);
    return -2;
}

static int
write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int
stable_file_write(const char *path, const json_t *whole)
{
    CLEANUP_FREE char *text = json_dumps(whole, JSON_INDENT(2));
    CLEANUP_FD int fd = -1;
    size_t length;

    if (text == NULL)
        return -ENOMEM;
    length = strlen(text);
    text[length] = '\n'; /* in place of the end, which is not needed */
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    return write_all(fd, text, length + 1);
}

int
stable_folder_sync(const char *folder)
{
    CLEANUP_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return fsync(fd) < 0 && errno != EINVAL ? -errno : 0; /* EINVAL: it knows no such thing */
}
