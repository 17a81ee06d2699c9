/* test_memory.c: the types that keep no file: ram and null. */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "one_worker.h"
#include "suites.h"

#define MIB (UINT64_C(1) << 20)

static struct store *
open_type(const char *type, uint64_t size, bool read_only)
{
    const struct store_config config = {.type = type,
                                        .name = "memory",
                                        .size = size,
                                        .block_size = 512,
                                        .read_only = read_only};
    struct store *s = NULL;
    struct error err;

    ck_assert_msg(store_open(&config, &s, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(s->size, size);
    return s;
}

START_TEST(ram_keeps_what_is_written)
{
    struct store *s = open_type("ram", 16 * MIB, false);
    static uint8_t out[3 * MIB], in[3 * MIB];
    const uint64_t offset = 5 * MIB + 512;

    ck_assert_uint_eq(s->physical_block_size, 4096); /* a page */
    ck_assert_int_eq(run_io(s, STORE_READ, offset, sizeof in, in), 0);
    ck_assert(all_zero(in, sizeof in));
    pattern_fill(out, offset, sizeof out, 3);
    ck_assert_int_eq(run_fua(s, STORE_WRITE, offset, sizeof out, out), 0);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, offset, sizeof in, in), 0);
    ck_assert(pattern_holds(in, offset, sizeof in, 3));
    store_close(s);
}
END_TEST

/* Within a page, across pages with ragged edges, and more than a worker does itself. */
static const struct {
    enum store_op op;
    uint64_t offset, length;
} clears[] = {
    {STORE_UNMAP, 512, 512},
    {STORE_UNMAP, 3584, 9216},
    {STORE_UNMAP, 0, 12 * MIB},
    {STORE_ZERO, 512, 1024},
    {STORE_ZERO, 4096, 8192},
    {STORE_ZERO, 1536, 9 * MIB},
    {STORE_UNMAP, 12 * MIB - 512, 512},
};

START_TEST(ram_clears_exactly_the_range)
{
    struct store *s = open_type("ram", 12 * MIB, false);
    static uint8_t data[12 * MIB];
    uint64_t offset = clears[_i].offset, end = offset + clears[_i].length;

    pattern_fill(data, 0, sizeof data, 4);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, sizeof data, data), 0);
    ck_assert_int_eq(run_io(s, clears[_i].op, offset, end - offset, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, sizeof data, data), 0);
    ck_assert(pattern_holds(data, 0, offset, 4));
    ck_assert(all_zero(data + offset, end - offset));
    ck_assert(pattern_holds(data + end, end, sizeof data - end, 4));
    store_close(s);
}
END_TEST

/* In pages; where only a part of one is cleared it stays. */
START_TEST(ram_knows_what_was_written_and_not_given_back)
{
    struct store *s = open_type("ram", 8 * 4096 + 512, false);
    uint8_t data[12288];

    ck_assert_int_eq(run_io(s, STORE_READ, 0, sizeof data, data), 0);
    ck_assert_int_eq(run_io(s, STORE_PREFETCH, 0, sizeof data, NULL), 0);
    ck_assert_uint_eq(run_extent(s, 0, 8 * 4096 + 512).length, 8 * 4096 + 512);
    ck_assert_str_eq(run_map(s, 0, 8 * 4096, 4096), "--------");
    pattern_fill(data, 4608, sizeof data, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 4608, 512, data), 0);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 3 * 4096 - 512, 4608, data), 0);
    ck_assert_str_eq(run_map(s, 0, 8 * 4096, 4096), "-###----");
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 3 * 4096 - 512, 4096, NULL), 0);
    ck_assert_str_eq(run_map(s, 0, 8 * 4096, 4096), "-###----");
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 2 * 4096, 4608, NULL), 0);
    ck_assert_str_eq(run_map(s, 0, 8 * 4096, 4096), "-#-#----");
    ck_assert_int_eq(run_io(s, STORE_ZERO, 5 * 4096, 8704, NULL), 0);
    ck_assert_str_eq(run_map(s, 0, 8 * 4096, 4096), "-#-#-###");
    ck_assert_uint_eq(run_space(s).used, 5 * 4096);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 8 * 4096, 512, data), 0);
    ck_assert_uint_eq(run_space(s).used, 5 * 4096 + 512);
    store_close(s);
}
END_TEST

/* From within a page to within one. */
START_TEST(an_extent_of_ram_begins_and_ends_where_it_was_asked_about)
{
    struct store *s = open_type("ram", MIB, false);
    uint8_t data[4096] = {1};

    ck_assert_int_eq(run_io(s, STORE_WRITE, 4096, 4096, data), 0);
    ck_assert_uint_eq(run_extent(s, 512, 1024).length, 1024);
    ck_assert_uint_eq(run_extent(s, 512, 8192).length, 3584);
    ck_assert(!run_extent(s, 512, 8192).is_allocated);
    ck_assert_uint_eq(run_extent(s, 4608, 512).length, 512);
    ck_assert_uint_eq(run_extent(s, 4608, 8192).length, 3584);
    ck_assert(run_extent(s, 4608, 8192).is_allocated);
    store_close(s);
}
END_TEST

START_TEST(ram_says_what_the_machine_has_left)
{
    struct store *s = open_type("ram", UINT64_C(1) << 40, true);
    struct store_space space = run_space(s);

    ck_assert_uint_eq(space.used, 0);
    ck_assert_uint_gt(space.available, MIB);
    ck_assert_uint_lt(space.available, UINT64_C(1) << 50);
    ck_assert_uint_eq(run_extent(s, 0, UINT64_C(1) << 40).length, UINT64_C(1) << 40);
    store_close(s);
}
END_TEST

/* On the worker, on a helper, at page boundaries and not. */
static const struct {
    uint64_t offset, length, from_offset;
} ram_copies[] = {
    {0, 65536, 0},      {512, 65536, 4096},    {4608, 1024, 512},
    {0, 4 * MIB, 1536}, {8192, 4 * MIB, 8192},
};

START_TEST(a_copy_between_ram_stores_reads_the_same_and_stays_as_thin)
{
    struct store *from = open_type("ram", 6 * MIB, false),
                 *to = open_type("ram", 6 * MIB, false);
    static uint8_t whole[6 * MIB], copy[6 * MIB];
    uint64_t offset = ram_copies[_i].offset, end = offset + ram_copies[_i].length;

    pattern_fill(whole, 0, sizeof whole, 1);
    ck_assert_int_eq(run_io(to, STORE_WRITE, 0, sizeof whole, whole), 0);
    memset(whole + 12288, 0, 3 * MIB);
    ck_assert_int_eq(run_io(from, STORE_WRITE, 0, sizeof whole, whole), 0);
    ck_assert_int_eq(run_io(from, STORE_UNMAP, 12288, 3 * MIB, NULL), 0);
    ck_assert(store_can_copy(to, from));
    ck_assert_int_eq(run_copy(to, offset, end - offset, from, ram_copies[_i].from_offset), 0);
    ck_assert_int_eq(run_io(to, STORE_READ, 0, sizeof copy, copy), 0);
    ck_assert(pattern_holds(copy, 0, offset, 1));
    ck_assert_mem_eq(copy + offset, whole + ram_copies[_i].from_offset, end - offset);
    ck_assert(pattern_holds(copy + end, end, sizeof copy - end, 1));
    if (end - offset > 3 * MIB)
        ck_assert_uint_le(run_space(to).used, 3 * MIB + 4096);
    store_close(from);
    store_close(to);
}
END_TEST

START_TEST(ram_copies_within_itself)
{
    struct store *s = open_type("ram", 4 * MIB, false);
    static uint8_t data[MIB];

    pattern_fill(data, 0, MIB, 1);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, MIB, data), 0);
    ck_assert_int_eq(run_copy(s, MIB, MIB, s, 0), 0);
    ck_assert_int_eq(run_copy(s, 2 * MIB, 2 * MIB, s, 0), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 3 * MIB, MIB, data), 0);
    ck_assert(pattern_holds(data, 0, MIB, 1));
    store_close(s);
}
END_TEST

START_TEST(ram_grows_and_shrinks_and_what_was_cut_off_is_zero)
{
    struct store *s = open_type("ram", 4096, false);
    static uint8_t data[MIB];
    struct error err;

    ck_assert_int_eq(store_resize(s, MIB, &err), 0);
    pattern_fill(data, 0, MIB, 5);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 0, MIB, data), 0);
    ck_assert_int_eq(store_resize(s, 1536, &err), 0);
    ck_assert_int_ne(run_io(s, STORE_READ, 1536, 512, data), 0);
    ck_assert_int_eq(store_resize(s, MIB, &err), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 0, MIB, data), 0);
    ck_assert(pattern_holds(data, 0, 1536, 5));
    ck_assert(all_zero(data + 1536, MIB - 1536));
    ck_assert_uint_eq(run_extent(s, 0, MIB).length, 4096);
    ck_assert_uint_eq(run_space(s).used, 4096);
    ck_assert_int_eq(store_resize(s, 0, &err), 0);
    ck_assert_uint_eq(s->size, MIB);
    store_close(s);
}
END_TEST

START_TEST(ram_says_how_far_it_can_grow)
{
    struct store *s = open_type("ram", MIB, false);
    struct error err;

    ck_assert_int_eq(store_resize(s, UINT64_C(1) << 50, &err), -1);
    ck_assert_int_eq(err.code, ERROR_LIMIT_EXCEEDED);
    ck_assert_uint_eq(s->size, MIB);
    store_close(s);
}
END_TEST

static const uint64_t unthinkable[] = {UINT64_C(1) << 60, INT64_MAX - 511};

START_TEST(a_ram_store_that_has_no_room_says_so)
{
    const struct store_config config = {
        .type = "ram", .size = unthinkable[_i], .block_size = 512};
    struct store *s = NULL;
    struct error err;

    ck_assert_int_eq(store_open(&config, &s, &err), -1);
    ck_assert_int_eq(err.code, ERROR_BACKEND);
    ck_assert_int_eq(err.sys_errno, ENOMEM);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot reserve"));
    ck_assert_ptr_null(s);
}
END_TEST

START_TEST(a_large_ram_store_takes_memory_only_where_written)
{
    struct store *s = open_type("ram", UINT64_C(1) << 40, false);
    uint8_t data[512];

    pattern_fill(data, 0, sizeof data, 6);
    ck_assert_int_eq(run_io(s, STORE_WRITE, (UINT64_C(1) << 40) - 512, 512, data), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, (UINT64_C(1) << 40) - 512, 512, data), 0);
    ck_assert(pattern_holds(data, 0, sizeof data, 6));
    ck_assert_int_eq(run_io(s, STORE_READ, UINT64_C(1) << 39, 512, data), 0);
    ck_assert(all_zero(data, sizeof data));
    store_close(s);
}
END_TEST

START_TEST(null_reads_zeroes_and_drops_writes)
{
    struct store *s = open_type("null", UINT64_C(1) << 50, false);
    uint8_t data[4096];
    struct error err;

    memset(data, 0xaa, sizeof data);
    ck_assert_int_eq(run_io(s, STORE_WRITE, 8192, sizeof data, data), 0);
    ck_assert_int_eq(run_io(s, STORE_READ, 8192, sizeof data, data), 0);
    ck_assert(all_zero(data, sizeof data));
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 0, UINT64_C(1) << 50, NULL), 0);
    ck_assert_int_eq(run_io(s, STORE_ZERO, 0, 512, NULL), 0);
    ck_assert_int_eq(store_resize(s, 4096, &err), 0);
    ck_assert_int_ne(run_io(s, STORE_READ, 4096, 512, data), 0);
    store_close(s);
}
END_TEST

static const char *const memory_types[] = {"ram", "null"};
static const unsigned read_only_capabilities[] = {
    STORE_CAN_FLUSH | STORE_IS_VOLATILE | STORE_CAN_EXTENT | STORE_CAN_PREFETCH |
        STORE_CAN_SPACE,
    STORE_CAN_FLUSH | STORE_IS_VOLATILE,
};

START_TEST(a_read_only_store_in_memory_has_no_capability_that_changes_it)
{
    struct store *s = open_type(memory_types[_i], MIB, true);
    struct error err;

    ck_assert_uint_eq(s->capabilities, read_only_capabilities[_i]);
    ck_assert_int_eq(store_resize(s, 2 * MIB, &err), -1);
    ck_assert_int_eq(err.code, ERROR_NOT_SUPPORTED);
    store_close(s);
}
END_TEST

START_TEST(a_check_of_a_store_in_memory_leaves_nothing)
{
    const struct store_config config = {
        .type = memory_types[_i], .size = MIB, .block_size = 512, .check_only = true};
    struct store *s = NULL;
    struct error err;

    ck_assert_int_eq(store_open(&config, &s, &err), 0);
    ck_assert_ptr_null(s);
}
END_TEST

TCase *
memory_cases(void)
{
    TCase *c = tcase_create("memory");

    tcase_add_checked_fixture(c, one_worker_setup, one_worker_teardown);
    tcase_add_test(c, ram_keeps_what_is_written);
    tcase_add_loop_test(c, ram_clears_exactly_the_range, 0, sizeof clears / sizeof clears[0]);
    tcase_add_test(c, ram_knows_what_was_written_and_not_given_back);
    tcase_add_test(c, an_extent_of_ram_begins_and_ends_where_it_was_asked_about);
    tcase_add_test(c, ram_says_what_the_machine_has_left);
    tcase_add_loop_test(c, a_copy_between_ram_stores_reads_the_same_and_stays_as_thin, 0,
                        sizeof ram_copies / sizeof ram_copies[0]);
    tcase_add_test(c, ram_copies_within_itself);
    tcase_add_test(c, ram_grows_and_shrinks_and_what_was_cut_off_is_zero);
    tcase_add_test(c, ram_says_how_far_it_can_grow);
    tcase_add_loop_test(c, a_ram_store_that_has_no_room_says_so, 0, 2);
    tcase_add_test(c, a_large_ram_store_takes_memory_only_where_written);
    tcase_add_test(c, null_reads_zeroes_and_drops_writes);
    tcase_add_loop_test(c, a_read_only_store_in_memory_has_no_capability_that_changes_it, 0, 2);
    tcase_add_loop_test(c, a_check_of_a_store_in_memory_leaves_nothing, 0, 2);
    return c;
}
