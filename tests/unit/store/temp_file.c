/* temp_file.c: a folder of a test's own, and stores on a file in it. */
#include "temp_file.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "one_worker.h"

static char folder[64];

void
temp_folder_setup(void)
{
    strcpy(folder, "store-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void
temp_folder_teardown(void)
{
    struct dirent *d;
    DIR *dir = opendir(folder);

    ck_assert_ptr_nonnull(dir);
    while ((d = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    ck_assert_int_eq(rmdir(folder), 0);
}

void
temp_file_setup(void)
{
    one_worker_setup();
    temp_folder_setup();
}

void
temp_file_teardown(void)
{
    temp_folder_teardown();
    one_worker_teardown();
}

const char *
temp_path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void
make_file(const char *path, uint64_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

unsigned
usable_rows(unsigned rows, unsigned uring_rows)
{
    const struct store_config config = {
        .type = "io_uring", .path = "/dev/null", .block_size = 512};
    static bool is_known, is_usable;
    struct store *s;
    struct error err;

    if (!is_known) {
        is_known = true;
        is_usable =
            store_open(&config, &s, &err) < 0 && strstr(err.message, "io_uring") == NULL;
        if (!is_usable)
            printf("not tested: type io_uring: %s\n", err.message);
    }
    return is_usable ? rows : rows - uring_rows;
}

struct store *
must_open(const struct store_config *config)
{
    struct store *s = NULL;
    struct error err;

    ck_assert_msg(store_open(config, &s, &err) == 0, "%s", err.message);
    ck_assert_ptr_nonnull(s);
    return s;
}

int
must_not_open(const struct store_config *config, const char *says)
{
    struct store *s = NULL;
    struct error err;

    ck_assert_int_eq(store_open(config, &s, &err), -1);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(err.message, says) != NULL, "'%s' is not in: %s", says, err.message);
    ck_assert_msg(config->path == NULL || strstr(err.message, config->path) != NULL,
                  "the path is not in: %s", err.message);
    return err.sys_errno;
}
