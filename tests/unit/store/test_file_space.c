/* test_file_space.c: what of a file is allocated, prefetched and left, and copies; for every
 * way to a file, and for what the kernel may answer. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "file_ways.h"
#include "kernel.h"
#include "one_worker.h"
#include "store/file.h"
#include "suites.h"

#define UNIT (128 * KIB)

static void
setup(void)
{
    kernel_reset();
    temp_file_setup();
}

static void
teardown(void)
{
    kernel_reset();
    temp_file_teardown();
}

static bool
can_unmap(const struct store *s)
{
    return (s->capabilities & STORE_CAN_UNMAP) != 0;
}

static void
write_pattern(struct store *s, uint64_t offset, uint64_t length, unsigned seed)
{
    uint8_t *data = aligned_alloc(4096, length);

    pattern_fill(data, offset, length, seed);
    ck_assert_int_eq(run_fua(s, STORE_WRITE, offset, length, data), 0);
    free(data);
}

START_TEST(what_was_written_and_not_unmapped_is_allocated)
{
    struct store *s = file_way_open(_i);

    ck_assert_uint_ne(s->capabilities & STORE_CAN_EXTENT, 0);
    ck_assert_str_eq(run_map(s, 0, FILE_SIZE, UNIT), "--------------------------------");
    write_pattern(s, 3 * UNIT, 2 * UNIT, 1);
    write_pattern(s, FILE_SIZE - UNIT, UNIT, 1);
    ck_assert_str_eq(run_map(s, 0, FILE_SIZE, UNIT), "---##--------------------------#");
    ck_assert_str_eq(run_map(s, 4 * UNIT, 2 * UNIT, UNIT), "#-");
    ck_assert_uint_eq(run_extent(s, 4 * UNIT, 4096).length, 4096);
    ck_assert_uint_eq(run_extent(s, 2 * UNIT, 4096).length, 4096);
    if (can_unmap(s)) {
        ck_assert_int_eq(run_io(s, STORE_UNMAP, 4 * UNIT, 2 * UNIT, NULL), 0);
        ck_assert_str_eq(run_map(s, 2 * UNIT, 4 * UNIT, UNIT), "-#--");
    }
    store_close(s);
}
END_TEST

/* In bytes of a file of which the kernel says so; maps in blocks of 4096. */
static const struct {
    struct kernel_range data[3];
    unsigned n;
    const char *map;
} layouts[] = {
    {{{0, 0}}, 0, "--------"},
    {{{0, 32768}}, 1, "########"},
    {{{0, 1}}, 1, "#-------"},
    {{{4095, 4096}}, 1, "#-------"},
    {{{4096, 4097}}, 1, "-#------"},
    {{{4095, 4097}}, 1, "##------"},
    {{{512, 1024}, {2048, 2560}}, 2, "#-------"},
    {{{512, 4608}, {5120, 9216}}, 2, "###-----"},
    {{{8192, 12288}, {16384, 20480}, {32256, 32768}}, 3, "--#-#--#"},
    {{{30000, 1 << 20}}, 1, "-------#"},
    {{{32768, 1 << 20}}, 1, "--------"},
};

START_TEST(a_block_with_any_data_in_it_counts_as_allocated)
{
    struct store *s = file_way_open(1); /* blocks of 4096 */

    ck_assert_uint_eq(s->block_size, 4096);
    kernel_data_is(layouts[_i].data, layouts[_i].n);
    ck_assert_str_eq(run_map(s, 0, 32768, 4096), layouts[_i].map);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(run_extent(s, i * 4096, 4096).is_allocated, layouts[_i].map[i] == '#');
    store_close(s);
}
END_TEST

/* Between the two questions that one extent takes, others may change the file. */
START_TEST(an_extent_of_a_file_that_changes_meanwhile_has_a_block_at_least)
{
    static const struct kernel_range all = {0, 65536};
    struct store *s = file_way_open(_i);

    kernel_data_is(&all, 1);
    kernel_fail(KERNEL_LSEEK, 2, 0); /* the hole is said to be at 0 */
    ck_assert_uint_eq(run_extent(s, 8192, 8192).length, s->block_size);
    kernel_fail(KERNEL_LSEEK, 2, ENXIO); /* the file is cut off here */
    ck_assert_uint_eq(run_extent(s, 8192, 8192).length, 8192);
    ck_assert(run_extent(s, 8192, 8192).is_allocated);
    store_close(s);
}
END_TEST

START_TEST(a_failing_question_for_extents_fails_the_operation)
{
    struct store *s = file_way_open(_i);

    write_pattern(s, 0, UNIT, 1);
    for (unsigned nth = 1; nth <= 2; nth++) {
        kernel_fail(KERNEL_LSEEK, nth, EIO);
        ck_assert_int_eq(run_io(s, STORE_EXTENT, 0, UNIT, NULL), EIO);
    }
    ck_assert_uint_eq(run_extent(s, 0, UNIT).length, UNIT);
    store_close(s);
}
END_TEST

/* How much of the first UNIT of the file is in memory, in bytes. */
static uint64_t
resident(void)
{
    int fd = open(temp_path("file"), O_RDONLY | O_CLOEXEC);
    long page = sysconf(_SC_PAGESIZE);
    unsigned char pages[UNIT / 4096];
    uint64_t n = 0;
    void *p = mmap(NULL, UNIT, PROT_READ, MAP_SHARED, fd, 0);

    ck_assert_ptr_ne(p, MAP_FAILED);
    ck_assert_int_eq(mincore(p, UNIT, pages), 0);
    for (uint64_t i = 0; i < UNIT / (uint64_t)page; i++)
        n += (pages[i] & 1) != 0 ? (uint64_t)page : 0;
    munmap(p, UNIT);
    close(fd);
    return n;
}

static void
drop_from_memory(void)
{
    int fd = open(temp_path("file"), O_RDWR | O_CLOEXEC);

    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
}

START_TEST(prefetch_brings_a_range_into_the_page_cache)
{
    struct store *s = file_way_open(_i);

    if (file_ways[_i].direct) { /* which does not look there */
        ck_assert_uint_eq(s->capabilities & STORE_CAN_PREFETCH, 0);
    } else {
        ck_assert_uint_ne(s->capabilities & STORE_CAN_PREFETCH, 0);
        write_pattern(s, 0, 2 * UNIT, 1);
        drop_from_memory();
        ck_assert_int_eq(run_io(s, STORE_PREFETCH, 0, UNIT, NULL), 0);
        while (resident() < UNIT) /* until the reads that it has started are done */
            sched_yield();
        kernel_fail(KERNEL_FADVISE, 1, EIO);
        ck_assert_int_eq(run_io(s, STORE_PREFETCH, 0, UNIT, NULL), EIO);
    }
    store_close(s);
}
END_TEST

START_TEST(space_is_what_the_file_takes_and_what_its_file_system_has_left)
{
    struct store *s = file_way_open(_i);
    struct store_space space;

    ck_assert_uint_ne(s->capabilities & STORE_CAN_SPACE, 0);
    ck_assert_uint_eq(run_space(s).used, 0);
    write_pattern(s, UNIT, 2 * UNIT, 1);
    space = run_space(s);
    ck_assert(space.used >= 2 * UNIT && space.used < 3 * UNIT);
    ck_assert_uint_gt(space.available, 0);
    if (can_unmap(s)) {
        ck_assert_int_eq(run_io(s, STORE_UNMAP, 2 * UNIT, UNIT, NULL), 0);
        ck_assert_uint_lt(run_space(s).used, 2 * UNIT);
    }
    write_pattern(s, 0, FILE_SIZE, 1);
    ck_assert_uint_eq(run_space(s).used, FILE_SIZE); /* not what the file system takes for it */
    kernel_fail(KERNEL_STATVFS, 1, EIO);
    ck_assert_int_eq(run_io(s, STORE_SPACE, 0, 0, NULL), EIO);
    store_close(s);
}
END_TEST

/* As on a file server that is gone. The pool has 4 helpers. */
START_TEST(a_store_whose_calls_hang_does_not_hold_up_another)
{
    enum { MANY = 20 };
    struct store *hangs = file_way_open(_i), *other = file_way_open_other(_i);
    struct request r[MANY];
    uint8_t data[8192];

    kernel_hang(KERNEL_STATVFS, ((struct file_store *)hangs)->plain_fd);
    for (unsigned i = 0; i < MANY; i++) {
        r[i].io = (struct store_io){.op = STORE_SPACE};
        request_start(hangs, &r[i]);
    }
    while (kernel_hanging() < 2)
        sched_yield();
    write_pattern(other, 0, UNIT, 1);
    ck_assert_int_eq(run_io(other, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(run_io(other, STORE_READ, 0, sizeof data, data), 0);
    ck_assert(pattern_holds(data, 0, sizeof data, 1));
    ck_assert_uint_gt(run_space(other).used, 0);
    ck_assert_uint_eq(kernel_hanging(), 2);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(r[i].done, 0);
    kernel_let_go();
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_int_eq(request_wait(&r[i]), 0);
    store_close(hangs);
    store_close(other);
}
END_TEST

/* In units of 4096. The data of what is copied is at 32 to 511 and 768 to 1023. */
static const struct {
    uint64_t offset, length, from_offset;
    bool within; /* one store */
} copies[] = {
    {0, 1024, 0, false},  {100, 512, 300, false},
    {1, 7, 29, false},    {0, 256, 512, false}, /* all a hole */
    {512, 470, 32, true}, {0, 8, 1016, true},
};

#define COPIES (unsigned)(sizeof copies / sizeof copies[0])

static void
set_up_source(struct store *s)
{
    write_pattern(s, 32 * 4096, (512 - 32) * 4096, 1);
    write_pattern(s, 768 * 4096, 256 * 4096, 2);
}

/* Copies, and looks at all of the store that is copied to. */
static void
copy_and_check(struct store *to, struct store *from, unsigned i)
{
    uint8_t *before = malloc(FILE_SIZE), *source = malloc(FILE_SIZE),
            *after = malloc(FILE_SIZE);
    uint64_t offset = copies[i].offset * 4096, length = copies[i].length * 4096;

    ck_assert_int_eq(run_io(to, STORE_READ, 0, FILE_SIZE, before), 0);
    ck_assert_int_eq(run_io(from, STORE_READ, 0, FILE_SIZE, source), 0);
    ck_assert_int_eq(run_copy(to, offset, length, from, copies[i].from_offset * 4096), 0);
    memcpy(before + offset, source + copies[i].from_offset * 4096, length);
    ck_assert_int_eq(run_io(to, STORE_READ, 0, FILE_SIZE, after), 0);
    ck_assert_int_eq(memcmp(before, after, FILE_SIZE), 0);
    ck_assert_int_eq(run_io(to, STORE_FLUSH, 0, 0, NULL), 0);
    free(before);
    free(source);
    free(after);
}

START_TEST(a_copy_reads_as_what_it_is_a_copy_of)
{
    for (unsigned i = 0; i < COPIES; i++) {
        struct store *from = file_way_open(_i), *to = file_way_open_other(_i);
        struct stat st;

        ck_assert(store_can_copy(to, from) && store_can_copy(from, from));
        set_up_source(from);
        write_pattern(to, 0, FILE_SIZE, 3);
        copy_and_check(copies[i].within ? from : to, from, i);
        ck_assert_int_eq(stat(temp_path("other"), &st), 0);
        ck_assert_int_eq(st.st_size, FILE_SIZE);
        store_close(from);
        store_close(to);
    }
}
END_TEST

/* A write to the other side of where the page cache and O_DIRECT meet. */
START_TEST(a_copy_sees_what_was_written_before_and_is_overwritten_after)
{
    struct store *from = file_way_open(_i), *to = file_way_open_other((_i + 5) % FILE_WAYS);
    uint8_t *data = aligned_alloc(4096, 4 * UNIT);

    ck_assert(store_can_copy(to, from));
    for (unsigned seed = 1; seed < 6; seed++) {
        pattern_fill(data, 0, 4 * UNIT, seed);
        ck_assert_int_eq(run_io(from, STORE_WRITE, 0, 4 * UNIT, data), 0);
        ck_assert_int_eq(run_copy(to, UNIT, 4 * UNIT, from, 0), 0);
        pattern_fill(data, UNIT, UNIT, seed + 10);
        ck_assert_int_eq(run_io(to, STORE_WRITE, 2 * UNIT, UNIT, data), 0);
        ck_assert_int_eq(run_io(to, STORE_READ, UNIT, 4 * UNIT, data), 0);
        ck_assert(pattern_holds(data, 0, UNIT, seed));
        ck_assert(pattern_holds(data + UNIT, UNIT, UNIT, seed + 10));
        ck_assert(pattern_holds(data + 2 * UNIT, 2 * UNIT, 2 * UNIT, seed));
    }
    free(data);
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(a_copy_takes_no_more_space_than_what_it_is_a_copy_of)
{
    struct store *from = file_way_open(_i), *to = file_way_open_other(_i);

    if (can_unmap(to)) {
        set_up_source(from);
        write_pattern(to, 0, FILE_SIZE, 3);
        ck_assert_int_eq(run_copy(to, 0, FILE_SIZE, from, 0), 0);
        ck_assert_str_eq(run_map(to, 0, FILE_SIZE, UNIT), "-###############--------########");
        ck_assert_uint_le(run_space(to).used, run_space(from).used + UNIT);
    } else {
        ck_assert_uint_ne(file_ways[_i].lacks & NO_HOLES, 0);
    }
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(a_copy_that_must_be_stable_is_flushed)
{
    struct store *from = file_way_open(_i), *to = file_way_open_other(_i);
    struct request r = {
        .io = {.op = STORE_COPY, .fua = true, .length = UNIT, .copy = {from, 0}}};
    unsigned calls;

    write_pattern(from, 0, UNIT, 1);
    calls = kernel_calls(KERNEL_FDATASYNC);
    ck_assert_int_eq(run_copy(to, 0, UNIT, from, 0), 0);
    ck_assert_uint_eq(kernel_calls(KERNEL_FDATASYNC), calls + file_ways[_i].sync);
    calls = kernel_calls(KERNEL_FDATASYNC);
    request_start(to, &r);
    ck_assert_int_eq(request_wait(&r), 0);
    ck_assert_uint_eq(kernel_calls(KERNEL_FDATASYNC), calls + 1);
    kernel_fail(KERNEL_FDATASYNC, 1, EIO);
    request_start(to, &r);
    ck_assert_int_eq(request_wait(&r), EIO);
    store_close(from);
    store_close(to);
}
END_TEST

/* What the kernel may say in the middle of a copy. */
static const struct {
    enum kernel_call call;
    unsigned nth;
    int error, outcome;
} copy_errors[] = {
    {KERNEL_COPY, 1, EXDEV, EOPNOTSUPP},
    {KERNEL_COPY, 1, ENOSYS, EOPNOTSUPP},
    {KERNEL_COPY, 1, EINVAL, EOPNOTSUPP},
    {KERNEL_COPY, 1, EPERM, EOPNOTSUPP},
    {KERNEL_COPY, 2, EOPNOTSUPP, EOPNOTSUPP},
    {KERNEL_COPY, 2, ETXTBSY, EOPNOTSUPP},
    {KERNEL_COPY, 2, ENOSPC, ENOSPC},
    {KERNEL_COPY, 2, EDQUOT, EDQUOT},
    {KERNEL_COPY, 3, EIO, EIO},
    {KERNEL_COPY, 2, 0, EIO},
    {KERNEL_COPY, 2, EINTR, 0},
    {KERNEL_LSEEK, 1, EIO, EIO},
    {KERNEL_LSEEK, 2, EIO, EIO},
    {KERNEL_PUNCH, 1, EIO, EIO},
    {KERNEL_PUNCH, 1, EOPNOTSUPP, 0},
    {KERNEL_CLONE, 1, EXDEV, 0},
    {KERNEL_CLONE, 1, EIO, 0}, /* the other way will tell */
};

START_TEST(what_goes_wrong_in_a_copy_is_its_error_or_a_reason_to_fall_back)
{
    struct store *from = file_way_open(0), *to = file_way_open_other(0);
    uint8_t *data = malloc(FILE_SIZE), *source = malloc(FILE_SIZE);

    kernel_fail(KERNEL_CLONE, 0, EOPNOTSUPP);
    set_up_source(from);
    write_pattern(to, 0, FILE_SIZE, 3);
    kernel_move_at_most(KERNEL_COPY, 300 * KIB);
    kernel_fail(copy_errors[_i].call, copy_errors[_i].nth, copy_errors[_i].error);
    ck_assert_int_eq(run_copy(to, 0, FILE_SIZE, from, 0), copy_errors[_i].outcome);
    /* Whatever it was, the next one is a copy. */
    ck_assert_int_eq(run_copy(to, 0, FILE_SIZE, from, 0), 0);
    ck_assert_int_eq(run_io(to, STORE_READ, 0, FILE_SIZE, data), 0);
    ck_assert_int_eq(run_io(from, STORE_READ, 0, FILE_SIZE, source), 0);
    ck_assert_int_eq(memcmp(data, source, FILE_SIZE), 0);
    free(data);
    free(source);
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(where_blocks_can_be_shared_nothing_is_moved)
{
    struct store *from = file_way_open(_i), *to = file_way_open_other(_i);

    unsigned calls = kernel_calls(KERNEL_COPY); /* at opening */

    kernel_fail(KERNEL_CLONE, 1, 0);
    ck_assert_int_eq(run_copy(to, 0, FILE_SIZE, from, 0), 0);
    ck_assert_uint_eq(kernel_calls(KERNEL_CLONE), 1);
    ck_assert_uint_eq(kernel_calls(KERNEL_COPY), calls);
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(a_copy_of_a_file_that_was_cut_short_behind_our_back_is_an_error)
{
    struct store *from = file_way_open(_i), *to = file_way_open_other(_i);

    write_pattern(from, 0, FILE_SIZE, 1);
    from->capabilities &= ~STORE_CAN_EXTENT; /* else what is missing looks like a hole */
    ck_assert_int_eq(truncate(temp_path("file"), MIB), 0);
    ck_assert_int_eq(run_copy(to, 0, 2 * MIB, from, 0), EIO);
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(to_a_file_whose_space_is_set_aside_nothing_is_copied_this_way)
{
    struct store_config config = {.type = "rdwr",
                                  .path = temp_path("other"),
                                  .size = FILE_SIZE,
                                  .block_size = 512,
                                  .create = true,
                                  .preallocate = STORE_PREALLOCATE_FALLOC};
    struct store *from = file_way_open(_i), *to = must_open(&config);

    ck_assert(!store_can_copy(to, from));
    ck_assert(store_can_copy(from, to));
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(a_read_only_store_tells_but_is_not_copied_to)
{
    struct store_config config = {
        .type = "rdwr", .path = temp_path("file"), .block_size = 512, .read_only = true};
    struct store *from, *to;

    store_close(file_way_open(_i));
    from = must_open(&config);
    to = file_way_open_other(_i);
    ck_assert(store_can_copy(to, from) && !store_can_copy(from, to));
    ck_assert_int_eq(run_copy(to, 0, UNIT, from, 0), 0);
    ck_assert(!run_extent(from, 0, UNIT).is_allocated);
    ck_assert_uint_eq(run_space(from).used, 0);
    store_close(from);
    store_close(to);
}
END_TEST

TCase *
file_space_cases(void)
{
    TCase *c = tcase_create("file_space");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, what_was_written_and_not_unmapped_is_allocated, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_block_with_any_data_in_it_counts_as_allocated, 0,
                        sizeof layouts / sizeof layouts[0]);
    tcase_add_loop_test(c, an_extent_of_a_file_that_changes_meanwhile_has_a_block_at_least, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, a_failing_question_for_extents_fails_the_operation, 0, FILE_WAYS);
    tcase_add_loop_test(c, prefetch_brings_a_range_into_the_page_cache, 0, FILE_WAYS);
    tcase_add_loop_test(c, space_is_what_the_file_takes_and_what_its_file_system_has_left, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, a_store_whose_calls_hang_does_not_hold_up_another, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_copy_reads_as_what_it_is_a_copy_of, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_copy_sees_what_was_written_before_and_is_overwritten_after, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, a_copy_takes_no_more_space_than_what_it_is_a_copy_of, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_copy_that_must_be_stable_is_flushed, 0, FILE_WAYS);
    tcase_add_loop_test(c, what_goes_wrong_in_a_copy_is_its_error_or_a_reason_to_fall_back, 0,
                        sizeof copy_errors / sizeof copy_errors[0]);
    tcase_add_loop_test(c, where_blocks_can_be_shared_nothing_is_moved, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_copy_of_a_file_that_was_cut_short_behind_our_back_is_an_error, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, to_a_file_whose_space_is_set_aside_nothing_is_copied_this_way, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, a_read_only_store_tells_but_is_not_copied_to, 0, FILE_WAYS);
    return c;
}
