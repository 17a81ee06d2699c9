/* test_file_io.c: what is read is what was written, for every way to a file. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "file_ways.h"
#include "one_worker.h"
#include "store/file.h"
#include "suites.h"
#include "temp_file.h"

/* In units of 512, scaled to the block size; SKEW moves the buffer off its alignment. */
static const struct {
    uint64_t offset, length, skew;
} transfers[] = {
    {0, 8, 0},   {0, 8, 1},  {1, 1, 0},     {7, 2, 0},      {7, 9, 3},
    {9, 1, 512}, {8, 8, 64}, {3, 2049, 17}, {256, 2048, 0}, {1023, 1, 511},
};

START_TEST(what_is_written_is_read_back_and_is_in_the_file)
{
    struct store *s = file_way_open(_i);
    uint8_t *memory = aligned_alloc(4096, 2 * FILE_SIZE), *seen = malloc(FILE_SIZE);

    for (unsigned t = 0; t < sizeof transfers / sizeof transfers[0]; t++) {
        uint64_t offset = transfers[t].offset * s->block_size;
        uint64_t length = transfers[t].length * s->block_size;
        uint8_t *data = memory + transfers[t].skew;

        if (offset + length > FILE_SIZE) {
            ck_assert_int_eq(run_io(s, STORE_WRITE, offset, length, data), EIO);
            continue;
        }
        pattern_fill(data, offset, length, t);
        ck_assert_int_eq(run_io(s, STORE_WRITE, offset, length, data), 0);
        memset(data, 0xee, length);
        ck_assert_int_eq(run_io(s, STORE_READ, offset, length, data), 0);
        ck_assert(pattern_holds(data, offset, length, t));
        file_way_read(seen, offset, length);
        ck_assert(pattern_holds(seen, offset, length, t));
        pattern_fill(data, offset, length, t + 100);
        ck_assert_int_eq(run_fua(s, STORE_WRITE, offset, length, data), 0);
        ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
        file_way_read(seen, offset, length);
        ck_assert(pattern_holds(seen, offset, length, t + 100));
    }
    store_close(s);
    free(memory);
    free(seen);
}
END_TEST

struct model {
    struct store *store;
    uint8_t *expected, *buffer; /* BUFFER has room for skew */
    unsigned seed;
};

static unsigned
roll(struct model *m, unsigned sides)
{
    m->seed = m->seed * 1103515245 + 12345;
    return (m->seed >> 12) % sides;
}

static void
random_operation(struct model *m)
{
    unsigned block_size = m->store->block_size;
    unsigned blocks = (unsigned)(FILE_SIZE / block_size);
    enum store_op op = roll(m, STORE_ZERO + 1);
    uint64_t first = roll(m, blocks), n = 1 + roll(m, roll(m, 8) == 0 ? blocks : 20);
    uint64_t offset = first * block_size, length;
    uint8_t *data = m->buffer + (roll(m, 2) != 0 ? 0 : roll(m, 4096));
    bool fua = op != STORE_READ && op != STORE_FLUSH && roll(m, 8) == 0;
    int error;

    if (op == STORE_UNMAP && (m->store->capabilities & STORE_CAN_UNMAP) == 0)
        return;
    length = (first + n > blocks ? blocks - first : n) * block_size;
    if (op == STORE_WRITE)
        pattern_fill(data, offset, length, roll(m, 1000));
    error = (fua ? run_fua : run_io)(m->store, op, offset, length, data);
    ck_assert_int_eq(error, 0);
    if (op == STORE_READ)
        ck_assert_int_eq(memcmp(data, m->expected + offset, length), 0);
    else if (op == STORE_WRITE)
        memcpy(m->expected + offset, data, length);
    else if (op != STORE_FLUSH)
        memset(m->expected + offset, 0, length);
}

START_TEST(any_mix_of_operations_does_what_an_array_would_do)
{
    struct model m = {.store = file_way_open(_i),
                      .expected = calloc(1, FILE_SIZE),
                      .buffer = aligned_alloc(4096, FILE_SIZE + 4096),
                      .seed = 20261122};

    for (unsigned i = 0; i < (file_ways[_i].sync ? 100 : 250); i++)
        random_operation(&m);
    ck_assert_int_eq(run_io(m.store, STORE_READ, 0, FILE_SIZE, m.buffer), 0);
    ck_assert_int_eq(memcmp(m.buffer, m.expected, FILE_SIZE), 0);
    file_way_read(m.buffer, 0, FILE_SIZE);
    ck_assert_int_eq(memcmp(m.buffer, m.expected, FILE_SIZE), 0);
    store_close(m.store);
    free(m.expected);
    free(m.buffer);
}
END_TEST

START_TEST(unmap_gives_space_back)
{
    struct store *s = file_way_open(_i);
    uint8_t *data = malloc(FILE_SIZE);
    struct stat before, after;

    if ((s->capabilities & STORE_CAN_UNMAP) != 0) {
        pattern_fill(data, 0, FILE_SIZE, 1);
        ck_assert_int_eq(run_fua(s, STORE_WRITE, 0, FILE_SIZE, data), 0);
        ck_assert_int_eq(stat(temp_path("file"), &before), 0);
        ck_assert_int_eq(run_io(s, STORE_UNMAP, 0, FILE_SIZE / 2, NULL), 0);
        ck_assert_int_eq(stat(temp_path("file"), &after), 0);
        ck_assert_int_lt(after.st_blocks, before.st_blocks);
        ck_assert_int_eq(after.st_size, before.st_size);
    } else {
        ck_assert_uint_ne(file_ways[_i].lacks & NO_HOLES, 0);
    }
    store_close(s);
    free(data);
}
END_TEST

/* More than an AIO context holds, so that some wait on the worker. */
START_TEST(a_thousand_operations_at_once_all_complete)
{
    enum { COUNT = 1200 };
    struct store *s = file_way_open(_i);
    struct request *r = calloc(COUNT, sizeof *r);
    uint64_t size = file_ways[_i].block_size, slots = FILE_SIZE / size;
    uint8_t *data = aligned_alloc(4096, COUNT * 4096);
    unsigned n = slots < COUNT ? (unsigned)slots : COUNT;

    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < n; i++) {
            r[i].io = (struct store_io){.op = pass == 0 ? STORE_WRITE : STORE_READ,
                                        .offset = i * size,
                                        .length = size,
                                        .data = data + i * 4096};
            if (pass == 0)
                pattern_fill(r[i].io.data, i * size, size, 9);
            else
                memset(r[i].io.data, 0, size);
            request_start(s, &r[i]);
        }
        for (unsigned i = 0; i < n; i++)
            ck_assert_int_eq(request_wait(&r[i]), 0);
    }
    for (unsigned i = 0; i < n; i++)
        ck_assert(pattern_holds(data + i * 4096, i * size, size, 9));
    store_close(s);
    free(r);
    free(data);
}
END_TEST

START_TEST(reading_where_the_file_was_cut_short_behind_our_back_is_an_error)
{
    struct store *s = file_way_open(_i);
    uint8_t *data = aligned_alloc(4096, 64 * KIB);

    ck_assert_int_eq(truncate(temp_path("file"), (off_t)(MIB + 4096)), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, MIB, 4096, data), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, MIB, 64 * KIB, data), EIO);
    ck_assert_int_eq(run_io(s, STORE_READ, 2 * MIB, 4096, data), EIO);
    store_close(s);
    free(data);
}
END_TEST

START_TEST(an_error_of_the_file_system_is_the_error_of_the_operation)
{
    const struct rlimit limit = {.rlim_cur = 2 * MIB, .rlim_max = RLIM_INFINITY};
    struct store *s = file_way_open(_i);
    uint8_t *data = aligned_alloc(4096, 12288);
    struct io_totals t;

    memset(data, 1, 12288);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(run_io(s, STORE_WRITE, MIB, 8192, data), 0);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 3 * MIB, 8192, data), EFBIG);
    ck_assert_int_eq(run_fua(s, STORE_WRITE, 3 * MIB, 8192, data + 1), EFBIG);
    store_totals(s, &t);
    ck_assert_uint_eq(t.errors, 2);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    store_close(s);
    free(data);
}
END_TEST

START_TEST(after_a_failed_flush_all_that_follow_fail_until_reopened)
{
    struct store *s = file_way_open(_i);
    uint8_t data[4096] = {1};

    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    file_flush_failed((struct file_store *)s, EIO);
    file_flush_failed((struct file_store *)s, ENOSPC); /* the first counts */
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), EIO);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), EIO);
    ck_assert_int_eq(run_fua(s, STORE_ZERO, 0, 4096, NULL), EIO);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, sizeof data, data), 0);
    store_close(s);
    s = file_way_open(_i);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    store_close(s);
}
END_TEST

/* fs.aio-max-nr may be used up by other programs. */
START_TEST(aio_works_on_a_worker_that_could_not_get_a_context)
{
    struct store *s = file_way_open(_i);
    uint8_t data[8192];
    struct error err;

    store_worker_stop(one_worker());
    pattern_fill(data, 0, sizeof data, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, sizeof data, data), 0);
    memset(data, 0, sizeof data);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, sizeof data, data), 0);
    ck_assert(pattern_holds(data, 0, sizeof data, 1));
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(store_worker_start(one_worker(), &err), 0);
    store_close(s);
}
END_TEST

TCase *
file_io_cases(void)
{
    TCase *c = tcase_create("file_io");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, what_is_written_is_read_back_and_is_in_the_file, 0, FILE_WAYS);
    tcase_add_loop_test(c, any_mix_of_operations_does_what_an_array_would_do, 0, FILE_WAYS);
    tcase_add_loop_test(c, unmap_gives_space_back, 0, FILE_WAYS);
    tcase_add_loop_test(c, a_thousand_operations_at_once_all_complete, 0, FILE_WAYS);
    tcase_add_loop_test(c, reading_where_the_file_was_cut_short_behind_our_back_is_an_error, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, an_error_of_the_file_system_is_the_error_of_the_operation, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, after_a_failed_flush_all_that_follow_fail_until_reopened, 0,
                        FILE_WAYS);
    tcase_add_loop_test(c, aio_works_on_a_worker_that_could_not_get_a_context, 0, FILE_WAYS);
    return c;
}
