/* test_full.c: thin stores in a file system that runs full: what fails says so, all else works,
 * and so does everything once there is space again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/error.h"
#include "loop_device.h"
#include "one_worker.h"
#include "suites.h"
#include "temp_file.h"

#define MEDIUM (12 * MIB)
#define SIZE   (64 * MIB)
#define PIECE  (256 * KIB)
#define PIECES (unsigned)(SIZE / PIECE)

static const struct {
    const char *file_system, *type;
    bool direct;
} ways[] = {
    {"tmpfs", "rdwr", false},   {"tmpfs", "aio", false}, {"ext4", "rdwr", false},
    {"ext4", "rdwr", true},     {"ext4", "aio", true},   {"ext4", "aio", false},
    {"ext4", "io_uring", true},
};

static uint8_t *data;

static int
write_piece(struct store *s, unsigned i, unsigned seed, bool fua)
{
    pattern_fill(data, i * PIECE, PIECE, seed);
    return (fua ? run_fua : run_io)(s, STORE_WRITE, i * PIECE, PIECE, data);
}

static bool
piece_holds(struct store *s, unsigned i, unsigned seed)
{
    ck_assert_int_eq(run_io(s, STORE_READ, i * PIECE, PIECE, data), 0);
    return seed == 0 ? all_zero(data, PIECE) : pattern_holds(data, i * PIECE, PIECE, seed);
}

/* Writes from piece FIRST on until there is no space left. Gives the first that failed. */
static unsigned
fill(struct store *s, unsigned first)
{
    for (unsigned i = first; i < PIECES; i++) {
        int error = write_piece(s, i, 1, i % 2 == 0);

        if (error != 0) {
            ck_assert_int_eq(error, ENOSPC);
            return i;
        }
    }
    ck_abort_msg("the file system does not run full");
    return 0;
}

static void
what_needs_no_space_works(struct store *s, unsigned full_at)
{
    for (unsigned i = 0; i < full_at; i++)
        ck_assert(piece_holds(s, i, 1));
    ck_assert(piece_holds(s, PIECES - 1, 0));
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    ck_assert_int_eq(write_piece(s, 0, 2, false), 0);
    ck_assert_int_eq(write_piece(s, 1, 2, true), 0);
    ck_assert(piece_holds(s, 0, 2) && piece_holds(s, 1, 2));
    ck_assert(run_extent(s, 0, 2 * PIECE).is_allocated);
    ck_assert(!run_extent(s, SIZE - PIECE, PIECE).is_allocated);
    ck_assert_uint_lt(run_space(s).available, PIECE);
    ck_assert_uint_ge(run_space(s).used, full_at * PIECE);
}

static void
what_needs_space_says_that_there_is_none(struct store *s)
{
    ck_assert_int_eq(write_piece(s, PIECES - 1, 1, false), ENOSPC);
    ck_assert_int_eq(write_piece(s, PIECES - 1, 1, true), ENOSPC);
    ck_assert_int_eq(run_copy(s, SIZE - PIECE, PIECE, s, 0), ENOSPC);
}

START_TEST(a_store_that_ran_out_of_space_is_usable_again_when_there_is_some)
{
    const char *folder = temp_path("small");
    char path[128];
    struct store_config config = {
        .type = ways[_i].type, .path = path, .block_size = 512, .direct = ways[_i].direct};
    unsigned full_at;
    struct store *s;

    if (!mount_small(ways[_i].file_system, folder, MEDIUM)) {
        (void)rmdir(folder);
        return;
    }
    data = aligned_alloc(4096, PIECE);
    snprintf(path, sizeof path, "%s/file", folder);
    make_file(path, SIZE);
    s = must_open(&config);
    full_at = fill(s, 0);
    ck_assert_uint_gt(full_at, 8);
    what_needs_no_space_works(s, full_at);
    what_needs_space_says_that_there_is_none(s);

    /* Space comes back by what is unmapped, also while there is none. */
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 4 * PIECE, 4 * PIECE, NULL), 0);
    ck_assert(piece_holds(s, 3, 1) && piece_holds(s, 4, 0) && piece_holds(s, 7, 0));
    ck_assert_int_eq(write_piece(s, PIECES - 1, 3, true), 0);
    ck_assert(piece_holds(s, PIECES - 1, 3));
    ck_assert_int_eq(run_copy(s, SIZE - 2 * PIECE, PIECE, s, SIZE - PIECE), 0);
    (void)fill(s, 20 + full_at);
    ck_assert_int_eq(run_io(s, STORE_UNMAP, 0, SIZE, NULL), 0);
    ck_assert_uint_eq(run_space(s).used, 0);
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(write_piece(s, i, 4, true), 0);
    ck_assert(piece_holds(s, 7, 4) && piece_holds(s, 8, 0));
    store_close(s);
    ck_assert_int_eq(umount2(folder, 0), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    free(data);
}
END_TEST

TCase *
full_cases(void)
{
    TCase *c = tcase_create("full");

    tcase_add_checked_fixture(c, temp_file_setup, temp_file_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_store_that_ran_out_of_space_is_usable_again_when_there_is_some, 0,
                        usable_rows(sizeof ways / sizeof ways[0], 1));
    return c;
}
