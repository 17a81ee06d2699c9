/*
 * test_device.c: block devices, by way of loop devices. Where none can be had each test says so
 * and checks nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "kernel.h"
#include "loop_device.h"
#include "one_worker.h"
#include "suites.h"
#include "temp_file.h"

#define DEVICE_SIZE (8 * MIB)

static const struct {
    const char *type;
    bool direct;
} ways[] = {{"rdwr", false}, {"rdwr", true},     {"aio", true},
            {"aio", false},  {"io_uring", true}, {"io_uring", false}};

#define WAYS usable_rows(6, 2)

static bool
attach_new(unsigned sector_size)
{
    make_file(temp_path("image"), DEVICE_SIZE);
    return loop_attach(temp_path("image"), sector_size);
}

static struct store_config
config_for(int way)
{
    return (struct store_config){.type = ways[way].type,
                                 .name = "device",
                                 .path = loop_device(),
                                 .block_size = 512,
                                 .direct = ways[way].direct};
}

START_TEST(a_device_is_as_large_as_it_says_and_keeps_what_is_written)
{
    struct store_config config = config_for(_i / 2);
    unsigned sector_size = _i % 2 == 0 ? 512 : 4096;
    uint8_t *data = aligned_alloc(4096, DEVICE_SIZE);
    struct store *s;

    if (attach_new(sector_size)) {
        s = must_open(&config);
        ck_assert_uint_eq(s->size, DEVICE_SIZE);
        ck_assert_uint_ge(s->physical_block_size, sector_size);
        pattern_fill(data, 0, DEVICE_SIZE, 1);
        ck_assert_int_eq(run_io(s, STORE_WRITE, 0, DEVICE_SIZE, data), 0);
        pattern_fill(data, 512, 1536, 2);
        ck_assert_int_eq(run_fua(s, STORE_WRITE, 512, 1536, data), 0);
        ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
        ck_assert_int_eq(run_io(s, STORE_ZERO, MIB + 512, 64 * KIB, NULL), 0);
        ck_assert_int_eq(run_fua(s, STORE_ZERO, 2 * MIB, MIB, NULL), 0);
        ck_assert_int_eq(run_io(s, STORE_READ, 0, DEVICE_SIZE, data), 0);
        ck_assert(pattern_holds(data, 0, 512, 1));
        ck_assert(pattern_holds(data + 512, 512, 1536, 2));
        ck_assert(pattern_holds(data + 2048, 2048, MIB - 1536, 1));
        ck_assert(all_zero(data + MIB + 512, 64 * KIB));
        ck_assert(pattern_holds(data + MIB + 66048, MIB + 66048, MIB - 66048, 1));
        ck_assert(all_zero(data + 2 * MIB, MIB));
        ck_assert(pattern_holds(data + 3 * MIB, 3 * MIB, 5 * MIB, 1));
        store_close(s);
        loop_detach();
    }
    free(data);
}
END_TEST

START_TEST(unmap_of_a_device_gives_space_back_and_reads_as_zeroes)
{
    struct store_config config = config_for(_i / 2);
    uint8_t *data = aligned_alloc(4096, DEVICE_SIZE);
    struct stat before, after;
    struct store *s;

    if (attach_new(_i % 2 == 0 ? 512 : 4096)) {
        s = must_open(&config);
        if ((s->capabilities & STORE_CAN_UNMAP) != 0) {
            pattern_fill(data, 0, DEVICE_SIZE, 1);
            ck_assert_int_eq(run_fua(s, STORE_WRITE, 0, DEVICE_SIZE, data), 0);
            ck_assert_int_eq(stat(temp_path("image"), &before), 0);
            ck_assert_int_eq(run_fua(s, STORE_UNMAP, MIB, 4 * MIB, NULL), 0);
            ck_assert_int_eq(run_io(s, STORE_UNMAP, 512, 1024, NULL), 0);
            ck_assert_int_eq(stat(temp_path("image"), &after), 0);
            ck_assert_int_lt(after.st_blocks, before.st_blocks);
            ck_assert_int_eq(run_io(s, STORE_READ, 0, DEVICE_SIZE, data), 0);
            ck_assert(pattern_holds(data, 0, 512, 1));
            ck_assert(all_zero(data + 512, 1024));
            ck_assert(pattern_holds(data + 1536, 1536, MIB - 1536, 1));
            ck_assert(all_zero(data + MIB, 4 * MIB));
            ck_assert(pattern_holds(data + 5 * MIB, 5 * MIB, 3 * MIB, 1));
        } else {
            errno = EOPNOTSUPP;
            skip_for_want_of("loop device that gives space back");
        }
        store_close(s);
        loop_detach();
    }
    free(data);
}
END_TEST

/* What a device turns out not to do is done by the kernel, or by writing. */
static const struct {
    enum store_op op;
    int punch, zeroout, outcome;
} refusals[] = {
    {STORE_UNMAP, EOPNOTSUPP, 0, 0},     {STORE_UNMAP, EINVAL, EOPNOTSUPP, 0},
    {STORE_UNMAP, EIO, 0, EIO},          {STORE_UNMAP, ENOSPC, 0, ENOSPC},
    {STORE_UNMAP, EOPNOTSUPP, EIO, EIO}, {STORE_ZERO, 0, EOPNOTSUPP, 0},
    {STORE_ZERO, 0, EIO, EIO},
};

START_TEST(what_a_device_cannot_clear_is_overwritten)
{
    struct store_config config = config_for(_i / 2);
    uint8_t *data = aligned_alloc(4096, MIB);
    struct store *s;

    if (attach_new(_i % 2 == 0 ? 512 : 4096)) {
        for (unsigned i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
            kernel_reset();
            s = must_open(&config);
            pattern_fill(data, 0, MIB, 1);
            ck_assert_int_eq(run_io(s, STORE_WRITE, 0, MIB, data), 0);
            if (refusals[i].punch != 0)
                kernel_fail(KERNEL_PUNCH, 0, refusals[i].punch);
            if (refusals[i].zeroout != 0)
                kernel_fail(KERNEL_ZEROOUT, 0, refusals[i].zeroout);
            if (refusals[i].op != STORE_UNMAP || (s->capabilities & STORE_CAN_UNMAP) != 0)
                ck_assert_int_eq(run_io(s, refusals[i].op, 1536, 512 * KIB, NULL),
                                 refusals[i].outcome);
            else
                skip_for_want_of("loop device that gives space back");
            ck_assert_int_eq(run_io(s, STORE_READ, 0, MIB, data), 0);
            ck_assert(pattern_holds(data, 0, 1536, 1));
            ck_assert(pattern_holds(data + 1536 + 512 * KIB, 1536 + 512 * KIB, 500 * KIB, 1));
            if (refusals[i].outcome == 0 && (s->capabilities & STORE_CAN_UNMAP) != 0)
                ck_assert(all_zero(data + 1536, 512 * KIB));
            store_close(s);
        }
        kernel_reset();
        loop_detach();
    }
    free(data);
}
END_TEST

/* Nothing is known of what a device has allocated, and the kernel copies files only. */
START_TEST(a_device_offers_nothing_that_it_cannot_do)
{
    struct store_config config = config_for(_i);
    struct store *s;

    if (!attach_new(512))
        return;
    s = must_open(&config);
    ck_assert_uint_eq(s->capabilities & (STORE_CAN_EXTENT | STORE_CAN_COPY | STORE_CAN_SPACE),
                      0);
    ck_assert(!store_can_copy(s, s));
    ck_assert_int_eq((s->capabilities & STORE_CAN_PREFETCH) != 0, !ways[_i].direct);
    if ((s->capabilities & STORE_CAN_PREFETCH) != 0)
        ck_assert_int_eq(run_io(s, STORE_PREFETCH, MIB, MIB, NULL), 0);
    store_close(s);
    config.read_only = true;
    s = must_open(&config);
    ck_assert_uint_eq(s->capabilities & ~(unsigned)STORE_CAN_PREFETCH, STORE_CAN_FLUSH);
    store_close(s);
    loop_detach();
}
END_TEST

START_TEST(a_device_has_one_user)
{
    struct store_config config = config_for(0), other = config_for(2);
    struct store *s;
    int fd;

    if (!attach_new(512))
        return;
    s = must_open(&config);
    ck_assert_int_eq(must_not_open(&other, "is already in use by another backstore"), EBUSY);
    ck_assert_int_lt(open(loop_device(), O_RDWR | O_EXCL | O_CLOEXEC), 0);
    store_close(s);
    fd = open(loop_device(), O_RDWR | O_EXCL | O_CLOEXEC); /* as a mount does */
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(must_not_open(&config, "it is mounted, or another program uses it"),
                     EBUSY);
    config.read_only = true;
    store_close(must_open(&config));
    close(fd);
    loop_detach();
}
END_TEST

START_TEST(a_device_that_grew_is_seen_and_none_is_made_to_grow)
{
    struct store_config config = config_for(_i);
    struct store *s;
    struct error err;

    if (!attach_new(512))
        return;
    s = must_open(&config);
    ck_assert_int_eq(store_resize(s, 2 * DEVICE_SIZE, &err), -1);
    ck_assert_int_eq(err.code, ERROR_BACKEND);
    ck_assert_ptr_nonnull(strstr(err.message, "has 8388608 bytes, fewer than 16777216"));
    ck_assert_int_eq(truncate(temp_path("image"), (off_t)(2 * DEVICE_SIZE)), 0);
    ck_assert_int_eq(ioctl(loop_fd(), LOOP_SET_CAPACITY, 0), 0);
    ck_assert_int_eq(store_resize(s, 0, &err), 0);
    ck_assert_uint_eq(s->size, 2 * DEVICE_SIZE);
    ck_assert_int_eq(store_resize(s, DEVICE_SIZE, &err), 0); /* to use less of it */
    ck_assert_uint_eq(s->size, DEVICE_SIZE);
    store_close(s);
    loop_detach();
}
END_TEST

START_TEST(a_size_greater_than_the_device_is_refused)
{
    struct store_config config = config_for(_i);

    if (!attach_new(512))
        return;
    config.size = 2 * DEVICE_SIZE;
    config.create = true;
    ck_assert_int_eq(must_not_open(&config, "fewer than the size 16777216"), 0);
    loop_detach();
}
END_TEST

/*
 * A device that accepts writes into the page cache and cannot bring them to its medium: its
 * image is in a full file system. The second flush must not say that all is well.
 */
START_TEST(data_that_could_not_be_written_back_makes_every_flush_fail)
{
    const char *folder = temp_path("full");
    char image[128];
    struct store_config config = config_for(0);
    uint8_t *data = aligned_alloc(4096, 4 * MIB);
    struct store *s;
    int error;

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(image, sizeof image, "%s/image", folder);
    if (mount("none", folder, "tmpfs", 0, "size=1m") < 0) {
        skip_for_want_of("small file system");
    } else {
        make_file(image, DEVICE_SIZE);
        if (loop_attach(image, 512)) {
            s = must_open(&config);
            memset(data, 0xaa, 4 * MIB);
            ck_assert_int_eq(run_io(s, STORE_WRITE, 0, 4 * MIB, data), 0);
            error = run_io(s, STORE_FLUSH, 0, 0, NULL);
            ck_assert(error == EIO || error == ENOSPC);
            ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), error);
            ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), error);
            store_close(s);
            loop_detach();
        }
        ck_assert_int_eq(umount2(folder, MNT_DETACH), 0);
    }
    (void)rmdir(folder);
    free(data);
}
END_TEST

TCase *
device_cases(void)
{
    TCase *c = tcase_create("device");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_device_is_as_large_as_it_says_and_keeps_what_is_written, 0,
                        2 * WAYS);
    tcase_add_loop_test(c, unmap_of_a_device_gives_space_back_and_reads_as_zeroes, 0, 2 * WAYS);
    tcase_add_loop_test(c, what_a_device_cannot_clear_is_overwritten, 0, 2 * WAYS);
    tcase_add_loop_test(c, a_device_offers_nothing_that_it_cannot_do, 0, WAYS);
    tcase_add_test(c, a_device_has_one_user);
    tcase_add_loop_test(c, a_device_that_grew_is_seen_and_none_is_made_to_grow, 0, WAYS);
    tcase_add_loop_test(c, a_size_greater_than_the_device_is_refused, 0, WAYS);
    tcase_add_test(c, data_that_could_not_be_written_back_makes_every_flush_fail);
    return c;
}
