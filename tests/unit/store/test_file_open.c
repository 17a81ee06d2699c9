/* test_file_open.c: opening, making, locking and resizing files, and what is said where that
 * fails. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "one_worker.h"
#include "suites.h"
#include "temp_file.h"

static const char *const types[] = {"rdwr", "aio", "io_uring"};

#define TYPES usable_rows(3, 1)

static struct store_config
config_for(const char *type, const char *path)
{
    return (struct store_config){.type = type,
                                 .name = "file",
                                 .path = path,
                                 .block_size = 512,
                                 .direct = strcmp(type, "rdwr") != 0};
}

static void
prepare_small(const char *path)
{
    make_file(path, 64 * KIB);
}

static void
prepare_tiny(const char *path)
{
    make_file(path, 100);
}

static void
prepare_folder(const char *path)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
prepare_fifo(const char *path)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void
prepare_dangling(const char *path)
{
    ck_assert_int_eq(symlink("nowhere/at/all", path), 0);
}

static const struct {
    void (*prepare)(const char *path);
    struct store_config config; /* path, type and block size are filled in */
    int sys_errno;
    const char *says;
} refusals[] = {
    {NULL, {0}, ENOENT, "No such file or directory; with 'create' it is made"},
    {NULL, {.existed = true}, ENOENT, "No such file or directory; it was there before, and"},
    {NULL, {.create = true}, 0, "to make it takes a size"},
    {NULL, {.create = true, .size = MIB, .read_only = true}, 0, "a read-only store does not"},
    {prepare_folder, {0}, EISDIR, "it is a folder"},
    {prepare_fifo, {0}, ENODEV, "not a file or block device"},
    {prepare_small, {.size = MIB}, 0, "has 65536 bytes, fewer than the size 1048576"},
    {prepare_small, {.size = MIB, .create = true}, 0, "has 65536 bytes, fewer than"},
    {prepare_tiny, {0}, 0, "less than one block of 512"},
    {prepare_dangling, {.size = MIB, .create = true}, EEXIST, "cannot make"},
};

#define REFUSALS (int)(sizeof refusals / sizeof refusals[0])

/* Each with every type, and the same sentence in a dry run. */
START_TEST(what_cannot_be_opened_says_why)
{
    struct store_config config = refusals[_i].config;
    const char *path = temp_path("victim");
    struct stat before, after;
    bool existed;

    if (refusals[_i].prepare != NULL)
        refusals[_i].prepare(path);
    existed = lstat(path, &before) == 0;
    for (unsigned i = 0; i < 2 * TYPES; i++) {
        config.type = types[i / 2];
        config.direct = strcmp(config.type, "rdwr") != 0;
        config.check_only = i % 2 != 0;
        config.path = path;
        config.block_size = 512;
        if (refusals[_i].prepare == prepare_dangling && config.check_only)
            continue; /* looks as if it could be made */
        ck_assert_int_eq(must_not_open(&config, refusals[_i].says), refusals[_i].sys_errno);
    }
    ck_assert(existed == (lstat(path, &after) == 0));
    if (existed)
        ck_assert_int_eq(before.st_size, after.st_size);
    (void)rmdir(path);
}
END_TEST

START_TEST(a_file_in_a_missing_folder_is_not_made)
{
    struct store_config config = config_for("rdwr", temp_path("missing/file"));

    config.create = true;
    config.size = MIB;
    ck_assert_int_eq(must_not_open(&config, "cannot make"), ENOENT);
    config.check_only = true;
    ck_assert_int_eq(must_not_open(&config, "cannot make"), ENOENT);
}
END_TEST

START_TEST(what_the_user_may_not_touch_is_refused)
{
    struct store_config config = config_for(types[_i], temp_path("secret"));
    struct store_config create = config_for(types[_i], temp_path("new"));
    char *folder = strdup(config.path);

    make_file(config.path, MIB);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chmod(config.path, 0400), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    create.create = true;
    create.size = MIB;
    ck_assert_int_eq(must_not_open(&config, "Permission denied; the daemon's user"), EACCES);
    if (getuid() == 0) {
        ck_assert_int_eq(must_not_open(&create, "Permission denied"), EACCES);
        create.check_only = true;
        ck_assert_int_eq(must_not_open(&create, "Permission denied"), EACCES);
        ck_assert_int_eq(seteuid(0), 0);
    }
    free(folder);
}
END_TEST

static const struct {
    enum store_preallocate preallocate;
    bool takes_space;
} makings[] = {
    {STORE_PREALLOCATE_OFF, false},
    {STORE_PREALLOCATE_FALLOC, true},
    {STORE_PREALLOCATE_FULL, true},
};

START_TEST(a_file_is_made_as_asked)
{
    struct store_config config = config_for("rdwr", temp_path("made"));
    const uint64_t size = 3 * MIB + 512;
    uint8_t *data = malloc(size);
    struct store *s;
    struct stat st;

    config.create = true;
    config.size = size;
    config.preallocate = makings[_i].preallocate;
    s = must_open(&config);
    ck_assert(s->made);
    ck_assert_int_eq(stat(config.path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, size);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert(makings[_i].takes_space == ((uint64_t)st.st_blocks * 512 >= size));
    ck_assert_int_eq(run_io(s, STORE_READ, 0, size, data), 0);
    ck_assert(all_zero(data, size));
    pattern_fill(data, 0, 512, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, 512, data), 0);
    store_close(s);
    s = must_open(&config); /* there is one now: it is used as it is */
    ck_assert(!s->made);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), 0);
    ck_assert(pattern_holds(data, 0, 512, 1));
    ck_assert_int_eq(store_resize(s, size + MIB, NULL), 0);
    ck_assert_int_eq(stat(config.path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, size + MIB);
    ck_assert(makings[_i].takes_space == ((uint64_t)st.st_blocks * 512 >= size + MIB));
    store_close(s);
    free(data);
}
END_TEST

/* The file may grow to 1 MiB only. */
START_TEST(nothing_is_left_of_a_file_that_could_not_be_made)
{
    const struct rlimit limit = {.rlim_cur = MIB, .rlim_max = RLIM_INFINITY};
    struct store_config config = config_for("rdwr", temp_path("made"));

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    config.create = true;
    config.size = 2 * MIB;
    config.preallocate = makings[_i].preallocate;
    ck_assert_int_eq(must_not_open(&config, "with 2097152 bytes: File too large"), EFBIG);
    ck_assert_int_ne(access(config.path, F_OK), 0);
}
END_TEST

START_TEST(a_dry_run_says_when_there_is_no_room)
{
    struct store_config config = config_for("rdwr", temp_path("made"));

    config.create = true;
    config.size = UINT64_C(1) << 60;
    config.preallocate = STORE_PREALLOCATE_FULL;
    config.check_only = true;
    ck_assert_int_eq(must_not_open(&config, "are free"), ENOSPC);
}
END_TEST

START_TEST(a_dry_run_makes_nothing_and_leaves_no_lock)
{
    struct store_config config = config_for(types[_i], temp_path("made"));
    struct store *s = NULL;
    struct error err;

    config.create = true;
    config.size = MIB;
    config.check_only = true;
    ck_assert_int_eq(store_open(&config, &s, &err), 0);
    ck_assert_ptr_null(s);
    ck_assert_int_ne(access(config.path, F_OK), 0);
    make_file(config.path, MIB);
    ck_assert_int_eq(store_open(&config, &s, &err), 0);
    ck_assert_ptr_null(s);
    config.check_only = false;
    store_close(must_open(&config));
}
END_TEST

static const struct {
    bool first_read_only, second_read_only, conflict;
} pairs[] = {
    {false, false, true},
    {false, true, true},
    {true, false, true},
    {true, true, false},
};

START_TEST(a_file_has_one_writer_or_many_readers)
{
    struct store_config first = config_for("rdwr", temp_path("file"));
    struct store_config second = config_for("aio", first.path);
    struct store *a, *b;

    make_file(first.path, MIB);
    first.read_only = pairs[_i].first_read_only;
    second.read_only = pairs[_i].second_read_only;
    a = must_open(&first);
    if (pairs[_i].conflict) {
        ck_assert_int_eq(
            must_not_open(&second, "is already in use by another backstore of this daemon"),
            EBUSY);
        second.check_only = true;
        ck_assert_int_eq(must_not_open(&second, "is already in use"), EBUSY);
        second.check_only = false;
        store_close(a);
        a = NULL;
    }
    b = must_open(&second);
    store_close(b);
    store_close(a);
}
END_TEST

START_TEST(another_process_that_holds_the_file_is_named)
{
    struct store_config config = config_for("rdwr", temp_path("file"));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int ready[2], leave[2];
    char says[64], byte;
    pid_t child;

    make_file(config.path, MIB);
    ck_assert(pipe(ready) == 0 && pipe(leave) == 0);
    child = fork();
    if (child == 0) {
        int fd = open(config.path, O_RDWR | O_CLOEXEC);

        close(leave[1]);
        byte = fcntl(fd, F_SETLK, &lock) == 0;
        (void)!write(ready[1], &byte, 1);
        (void)!read(leave[0], &byte, 1);
        _exit(0);
    }
    ck_assert(child > 0 && read(ready[0], &byte, 1) == 1 && byte == 1);
    snprintf(says, sizeof says, "is already in use by process %d (", (int)child);
    ck_assert_int_eq(must_not_open(&config, says), EBUSY);
    close(leave[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    store_close(must_open(&config));
}
END_TEST

START_TEST(a_size_less_than_the_file_leaves_the_rest_alone)
{
    struct store_config config = config_for(types[_i], temp_path("file"));
    struct store *s;
    struct stat st;
    struct error err;

    make_file(config.path, 4 * MIB);
    config.size = MIB;
    s = must_open(&config);
    ck_assert_uint_eq(s->size, MIB);
    ck_assert_int_eq(store_resize(s, 2 * MIB, &err), 0);
    ck_assert_int_eq(store_resize(s, 512 * KIB, &err), 0);
    ck_assert_uint_eq(s->size, 512 * KIB);
    ck_assert_int_eq(stat(config.path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, 4 * MIB);
    ck_assert_int_eq(store_resize(s, 0, &err), 0);
    ck_assert_uint_eq(s->size, 4 * MIB);
    store_close(s);
}
END_TEST

START_TEST(a_partial_block_at_the_end_is_left_out)
{
    struct store_config config = config_for(types[_i], temp_path("file"));
    struct store *s;

    make_file(config.path, 10000);
    config.block_size = 4096;
    s = must_open(&config);
    ck_assert_uint_eq(s->size, 8192);
    ck_assert_uint_ge(s->physical_block_size, 4096);
    store_close(s);
}
END_TEST

START_TEST(a_file_grows_and_shrinks_with_its_store)
{
    struct store_config config = config_for(types[_i], temp_path("file"));
    static uint8_t data[64 * 1024];
    struct store *s;
    struct stat st;
    struct error err;

    make_file(config.path, MIB);
    s = must_open(&config);
    ck_assert_int_eq(store_resize(s, 2 * MIB, &err), 0);
    pattern_fill(data, MIB, sizeof data, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, MIB, sizeof data, data), 0);
    ck_assert_int_eq(store_resize(s, MIB + 1024, &err), 0);
    ck_assert_int_eq(stat(config.path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, MIB + 1024);
    ck_assert_int_eq(run_io(s, STORE_READ, MIB + 1024, 512, data), EIO);
    ck_assert_int_eq(store_resize(s, 2 * MIB, &err), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, MIB, sizeof data, data), 0);
    ck_assert(pattern_holds(data, MIB, 1024, 1));
    ck_assert(all_zero(data + 1024, sizeof data - 1024));
    /* Another program makes the file longer; we look again. */
    ck_assert_int_eq(truncate(config.path, (off_t)(3 * MIB + 100)), 0);
    ck_assert_int_eq(store_resize(s, 0, &err), 0);
    ck_assert_uint_eq(s->size, 3 * MIB);
    ck_assert_int_eq(truncate(config.path, 100), 0);
    ck_assert_int_eq(store_resize(s, 0, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "nothing is left of"));
    ck_assert_uint_eq(s->size, 3 * MIB);
    store_close(s);
}
END_TEST

static bool
is_cached(const char *path)
{
    char byte;
    struct iovec v = {&byte, 1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is = preadv2(fd, &v, 1, 0, RWF_NOWAIT) == 1;

    close(fd);
    return is;
}

START_TEST(what_the_page_cache_has_is_dropped_by_who_goes_past_it)
{
    struct store_config config = config_for(types[_i], temp_path("file"));
    uint8_t data[4096] = {1};
    struct store *s;

    config.direct = false;
    config.create = true;
    config.size = MIB;
    s = must_open(&config);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, sizeof data, data), 0);
    store_close(s);
    ck_assert(is_cached(config.path));
    config.direct = true;
    s = must_open(&config);
    ck_assert(!is_cached(config.path));
    ck_assert_int_eq(run_io(s, STORE_READ, 0, sizeof data, data), 0);
    ck_assert_uint_eq(data[0], 1);
    store_close(s);
}
END_TEST

START_TEST(a_file_that_cannot_grow_keeps_its_size)
{
    const struct rlimit limit = {.rlim_cur = 2 * MIB, .rlim_max = RLIM_INFINITY};
    struct store_config config = config_for("rdwr", temp_path("file"));
    struct store *s;
    struct stat st;
    struct error err;

    make_file(config.path, MIB);
    config.preallocate = makings[_i].preallocate;
    s = must_open(&config);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(store_resize(s, 4 * MIB, &err), -1);
    ck_assert_int_eq(err.code, ERROR_BACKEND);
    ck_assert_int_eq(err.sys_errno, EFBIG);
    ck_assert_ptr_nonnull(strstr(err.message, config.path));
    ck_assert_uint_eq(s->size, MIB);
    ck_assert_int_eq(stat(config.path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, MIB);
    store_close(s);
}
END_TEST

/* Where the kernel does not say what O_DIRECT wants it is tried; before Linux 6.6 this file
 * system does not know O_DIRECT at all. */
START_TEST(o_direct_in_a_memory_file_system_works_or_is_refused)
{
    char path[] = "/dev/shm/store-test-XXXXXX";
    struct store_config config = config_for(types[_i], path);
    uint8_t *data = aligned_alloc(4096, 8192);
    struct store *s = NULL;
    struct error err;
    int fd = mkstemp(path);

    if (fd < 0) {
        fprintf(stderr, "SKIP: no /dev/shm: %s\n", strerror(errno));
    } else {
        ck_assert_int_eq(ftruncate(fd, (off_t)MIB), 0);
        config.direct = true;
        if (store_open(&config, &s, &err) == 0) {
            pattern_fill(data, 512, 4096, 1);
            ck_assert_int_eq(run_fua(s, STORE_WRITE, 512, 4096, data), 0);
            ck_assert_int_eq(run_io(s, STORE_READ, 0, 8192, data), 0);
            ck_assert(all_zero(data, 512) && pattern_holds(data + 512, 512, 4096, 1));
            ck_assert_int_eq(run_io(s, STORE_ZERO, 1024, 512, NULL), 0);
            ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
            store_close(s);
        } else {
            ck_assert_int_eq(err.sys_errno, EINVAL);
            ck_assert_ptr_nonnull(strstr(err.message, "O_DIRECT: set 'direct' to false"));
        }
        close(fd);
        unlink(path);
    }
    free(data);
}
END_TEST

START_TEST(a_read_only_file_is_read_and_nothing_else)
{
    const unsigned looks = STORE_CAN_EXTENT | STORE_CAN_PREFETCH | STORE_CAN_SPACE;
    struct store_config config = config_for(types[_i], temp_path("file"));
    uint8_t data[512];
    struct store *s;
    struct error err;

    make_file(config.path, MIB);
    ck_assert_int_eq(chmod(config.path, 0400), 0);
    config.read_only = true;
    s = must_open(&config);
    ck_assert_uint_eq(s->capabilities & ~looks, STORE_CAN_FLUSH);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, 512, data), 0);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(store_resize(s, 2 * MIB, &err), -1);
    ck_assert_int_eq(err.code, ERROR_NOT_SUPPORTED);
    ck_assert_int_eq(store_resize(s, 0, &err), 0);
    store_close(s);
}
END_TEST

TCase *
file_open_cases(void)
{
    TCase *c = tcase_create("file_open");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, what_cannot_be_opened_says_why, 0, REFUSALS);
    tcase_add_test(c, a_file_in_a_missing_folder_is_not_made);
    tcase_add_loop_test(c, what_the_user_may_not_touch_is_refused, 0, TYPES);
    tcase_add_loop_test(c, a_file_is_made_as_asked, 0, 3);
    tcase_add_loop_test(c, nothing_is_left_of_a_file_that_could_not_be_made, 0, 3);
    tcase_add_test(c, a_dry_run_says_when_there_is_no_room);
    tcase_add_loop_test(c, a_dry_run_makes_nothing_and_leaves_no_lock, 0, TYPES);
    tcase_add_loop_test(c, a_file_has_one_writer_or_many_readers, 0, 4);
    tcase_add_test(c, another_process_that_holds_the_file_is_named);
    tcase_add_loop_test(c, a_size_less_than_the_file_leaves_the_rest_alone, 0, TYPES);
    tcase_add_loop_test(c, a_partial_block_at_the_end_is_left_out, 0, TYPES);
    tcase_add_loop_test(c, a_file_grows_and_shrinks_with_its_store, 0, TYPES);
    tcase_add_loop_test(c, what_the_page_cache_has_is_dropped_by_who_goes_past_it, 0, TYPES);
    tcase_add_loop_test(c, a_file_that_cannot_grow_keeps_its_size, 0, 3);
    tcase_add_loop_test(c, o_direct_in_a_memory_file_system_works_or_is_refused, 0, TYPES);
    tcase_add_loop_test(c, a_read_only_file_is_read_and_nothing_else, 0, TYPES);
    return c;
}
