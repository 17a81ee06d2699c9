/* test_atomic.c: COMPARE AND WRITE and ORWRITE: what they do to the medium, and that others
 * wait meanwhile. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "suites.h"

/* The medium is zeroes but for one byte, 1, at byte DIRTY (SIZE_MAX: none). Data-Out is as many
 * zeroes as are compared, then 'w'. */
static const struct {
    const char *cdb;
    size_t dirty;
    uint64_t out_length;
    const char *outcome, *field;
    int64_t information;
    const char *asked[3];
} compares[] = {
    {"89 00 0000000000000002 000000 03 00 00",
     SIZE_MAX,
     3072,
     "GOOD",
     "none",
     -1,
     {"READ 1024+1536", "WRITE 1024+1536", ""}},
    {"89 08 0000000000000002 000000 01 00 00",
     SIZE_MAX,
     1024,
     "GOOD",
     "none",
     -1,
     {"READ 1024+512", "WRITE fua 1024+512", ""}},
    {"89 10 0000000000000000 000000 ff 00 00",
     255 * 512, /* the first byte behind them */
     2 * 255 * 512,
     "GOOD",
     "none",
     -1,
     {"READ 0+130560", "WRITE 0+130560", ""}},
    {"89 00 0000000000000fff 000000 01 00 00",
     2096639, /* the last byte before it */
     1024,
     "GOOD",
     "none",
     -1,
     {"READ 2096640+512", "WRITE 2096640+512", ""}},
    /* nothing to compare is no error, and nothing to write */
    {"89 00 0000000000000002 000000 00 00 00", 1024, 0, "GOOD", "none", -1, {"", "", ""}},
    {"89 00 0000000000000002 000000 01 00 00",
     1024,
     1024,
     "e/1d/00",
     "none",
     0,
     {"READ 1024+512", "", ""}},
    {"89 00 0000000000000002 000000 03 00 00",
     2559,
     3072,
     "e/1d/00",
     "none",
     1535,
     {"READ 1024+1536", "", ""}},
    {"89 00 0000000000000fff 000000 02 00 00", 0, 0, "5/21/00", "none", 0xfff, {"", "", ""}},
    {"89 00 0000000000001000 000000 00 00 00", 0, 0, "5/21/00", "none", 0x1000, {"", "", ""}},
    {"89 00 ffffffffffffffff 000000 01 00 00", 0, 0, "5/21/00", "none", -1, {"", "", ""}},
    {"89 20 0000000000000002 000000 01 00 00", 0, 0, "5/24/00", "cdb 1.7", -1, {"", "", ""}},
};

START_TEST(compare_and_write_writes_all_where_all_is_as_expected_and_else_nothing)
{
    static uint8_t out[2 * 255 * 512], before[BLOCKS * BLOCK];
    size_t half = compares[_i].out_length / 2;
    const struct fake_record *r;
    struct fixture f;
    struct call c;

    fixture_open(&f);
    if (compares[_i].dirty != SIZE_MAX)
        fake_store_bytes(f.store)[compares[_i].dirty] = 1;
    memcpy(before, fake_store_bytes(f.store), sizeof before);
    memset(out, 0, half);
    memset(out + half, 'w', half);
    call_init(&c, &f, compares[_i].cdb);
    c.cmd.expected_out = compares[_i].out_length;
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, compares[_i].outcome);
    ck_assert_uint_eq(c.cmd.out_length, compares[_i].out_length);
    ck_assert_str_eq(field_pointer(&c), compares[_i].field);
    ck_assert_int_eq(information(&c), compares[_i].information);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(asked(&f, i), compares[_i].asked[i]);
    if (fake_store_records(f.store) > 1) {
        r = fake_store_record(f.store, 1);
        memcpy(before + r->offset, out + half, half);
    }
    ck_assert_mem_eq(fake_store_bytes(f.store), before, sizeof before);
    ck_assert_uint_eq(counter_get(&f.session.write_bytes),
                      fake_store_records(f.store) > 1 ? half : 0);
    fixture_close(&f);
}
END_TEST

START_TEST(compare_and_write_of_4096_byte_blocks_compares_in_steps_and_writes_at_once)
{
    static uint8_t out[2 * 255 * 4096];
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA, (struct lun_attributes){.block_size = 4096}, 256);
    memset(out + sizeof out / 2, 'w', sizeof out / 2);
    fake_store_bytes(f.store)[255 * 4096 - 1] = 1;
    call_init(&c, &f, "89 00 0000000000000000 000000 ff 00 00");
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, "e/1d/00");
    ck_assert_int_eq(information(&c), 255 * 4096 - 1);
    fake_store_bytes(f.store)[255 * 4096 - 1] = 0;
    fake_store_forget(f.store);
    call_init(&c, &f, "89 00 0000000000000000 000000 ff 00 00");
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, "GOOD");
    ck_assert_str_eq(asked(&f, 3), "READ 786432+258048");
    ck_assert_str_eq(asked(&f, 4), "WRITE 0+1044480");
    ck_assert_str_eq(asked(&f, 5), "FLUSH"); /* no write cache */
    ck_assert_mem_eq(fake_store_bytes(f.store), out + sizeof out / 2, sizeof out / 2);
    fixture_close(&f);
}
END_TEST

/* Its count has one byte: who wants 256 blocks compared says 0. */
static const struct {
    const char *cdb;
    uint64_t expected;
    const char *outcome, *field;
} surplus[] = {
    {"89 00 0000000000000000 000000 00 00 00", 512 * 512, "5/24/00", "cdb 13"},
    {"89 00 0000000000000000 000000 00 00 00", 1, "5/24/00", "cdb 13"},
    {"89 00 0000000000000000 000000 00 00 00", 0, "GOOD", "none"},
    {"89 00 0000000000000000 000000 01 00 00", 1025, "5/0e/03", "none"},
    {"89 00 0000000000000000 000000 01 00 00", 2048, "5/0e/03", "none"},
};

START_TEST(compare_and_write_with_more_data_than_it_says_writes_nothing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    call_init(&c, &f, surplus[_i].cdb);
    c.cmd.expected_out = surplus[_i].expected;
    call_run(&c, &f, (uint8_t[1024]){0}, 1024);
    assert_outcome(&c, surplus[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), surplus[_i].field);
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

static const uint8_t zeroes[1 << 16];

static const char *const atomics[] = {
    "89 00 0000000000000002 000000 02 00 00",
    "8b 00 0000000000000002 00000002 00 00",
    "9c 00 0000000000000002 0000 0002 00 00",
};

START_TEST(with_too_little_data_what_is_atomic_writes_nothing)
{
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t length = 0; length < (_i == 0 ? 2048 : 1024); length += 128) {
        call_init(&c, &f, atomics[_i]);
        call_run(&c, &f, (uint8_t[2048]){0}, length);
        assert_outcome(&c, "5/0e/03");
    }
    ck_assert_str_eq(asked(&f, 0), "");
    fixture_close(&f);
}
END_TEST

START_TEST(what_is_atomic_is_not_good_when_the_store_fails)
{
    struct fixture f;
    struct call c;

    fixture_open_as(&f, NO_FUA, (struct lun_attributes){.block_size = BLOCK}, BLOCKS);
    for (int i = 0; i < (store_failures[_i].op == STORE_READ ? 2 : ROWS(atomics)); i++) {
        fake_store_fail(f.store, store_failures[_i].op, 1, store_failures[_i].error);
        call_init(&c, &f, atomics[i]);
        call_run(&c, &f, (uint8_t[2048]){0}, 2048);
        assert_outcome(&c, store_failures[_i].outcome);
    }
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field, *asked[4];
} orwrites[] = {
    {"8b 00 0000000000000002 00000003 00 00",
     "GOOD",
     "none",
     {"READ 1024+1536", "WRITE 1024+1536", "", ""}},
    {"8b 08 0000000000000002 00000001 00 00",
     "GOOD",
     "none",
     {"READ 1024+512", "WRITE fua 1024+512", "", ""}},
    {"8b 10 0000000000000000 00000280 00 00",
     "GOOD",
     "none",
     {"READ 0+262144", "READ 262144+65536", "WRITE 0+327680", ""}},
    {"8b 00 0000000000000002 00000000 00 00", "GOOD", "none", {"", "", "", ""}},
    {"8b 00 0000000000000fff 00000002 00 00", "5/21/00", "none", {"", "", "", ""}},
    {"8b 20 0000000000000002 00000001 00 00", "5/24/00", "cdb 1.7", {"", "", "", ""}},
    {"8b 00 0000000000000000 00004001 00 00", "5/24/00", "cdb 10", {"", "", "", ""}},
    {"8b 00 0000000000000000 80000001 00 00", "5/24/00", "cdb 10", {"", "", "", ""}},
};

START_TEST(orwrite_never_answers_good_with_the_data_dropped)
{
    static uint8_t out[BLOCKS * BLOCK], expected[BLOCKS * BLOCK];
    struct fixture f;
    struct call c;

    fixture_open(&f);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (uint8_t)(i * 7);
        fake_store_bytes(f.store)[i] = (uint8_t)(i ^ i >> 9);
    }
    memcpy(expected, fake_store_bytes(f.store), sizeof expected);
    call_init(&c, &f, orwrites[_i].cdb);
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, orwrites[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), orwrites[_i].field);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(asked(&f, i), orwrites[_i].asked[i]);
    if (c.cmd.status == SCSI_GOOD) {
        uint64_t from = c.cmd.range.lba * BLOCK, length = c.cmd.range.count * BLOCK;
        for (uint64_t i = 0; i < length; i++)
            expected[from + i] |= out[i];
    }
    ck_assert_mem_eq(fake_store_bytes(f.store), expected, sizeof expected);
    fixture_close(&f);
}
END_TEST

static const struct {
    const char *cdb, *outcome, *field, *asked;
} write_atomics[] = {
    {"9c 00 0000000000000002 0000 0003 00 00", "GOOD", "none", "WRITE 1024+1536"},
    {"9c 08 0000000000000002 0000 0003 00 00", "GOOD", "none", "WRITE fua 1024+1536"},
    {"9c 10 0000000000000000 0000 1000 00 00", "GOOD", "none", "WRITE 0+2097152"},
    {"9c 00 0000000000000002 0000 0000 00 00", "GOOD", "none", ""},
    {"9c 00 0000000000000002 0001 0003 00 00", "5/24/00", "cdb 10", ""}, /* a boundary */
    {"9c 20 0000000000000002 0000 0003 00 00", "5/24/00", "cdb 1.7", ""},
    {"9c 00 0000000000000002 0000 4001 00 00", "5/24/00", "cdb 12", ""}, /* over 8 MiB */
    {"9c 00 0000000000000fff 0000 0002 00 00", "5/21/00", "none", ""},
    {"9c 00 ffffffffffffffff 0000 0000 00 00", "5/21/00", "none", ""},
};

START_TEST(write_atomic_is_one_write)
{
    static uint8_t out[BLOCKS * BLOCK];
    struct fixture f;
    struct call c;

    memset(out, 'w', sizeof out);
    fixture_open(&f);
    call_init(&c, &f, write_atomics[_i].cdb);
    call_run(&c, &f, out, sizeof out);
    assert_outcome(&c, write_atomics[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), write_atomics[_i].field);
    ck_assert_str_eq(asked(&f, 0), write_atomics[_i].asked);
    ck_assert_str_eq(asked(&f, 1), "");
    fixture_close(&f);
}
END_TEST

/* A file may be torn when power is lost; unless the operator knows that this one is not. */
static const struct {
    bool store_can;
    unsigned modes;
    bool offered;
} promises[] = {
    {false, 0, false},
    {false, LUN_ATOMIC, true},
    {true, 0, true},
};

START_TEST(write_atomic_is_there_where_no_write_is_ever_torn)
{
    unsigned without = FAKE_STORE_ALL & ~(unsigned)STORE_CAN_ATOMIC;
    struct fixture f;
    struct call c;

    fixture_open_as(&f, promises[_i].store_can ? FAKE_STORE_ALL : without,
                    (struct lun_attributes){.block_size = BLOCK, .modes = promises[_i].modes},
                    BLOCKS);
    call_init(&c, &f, "9c 00 0000000000000002 0000 0001 00 00");
    call_run(&c, &f, zeroes, 512);
    assert_outcome(&c, promises[_i].offered ? "GOOD" : "5/20/00");
    run(&c, &f, "12 01 b0 00 ff 00");
    ck_assert_uint_eq(get_be32(c.cmd.in->data + 44), promises[_i].offered ? 16384 : 0);
    for (unsigned at = 48; at < 64; at += 4) /* no alignment, granularity, boundary */
        ck_assert_uint_eq(get_be32(c.cmd.in->data + at), 0);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

/* Who waits for whom. */

/* Starts C, which is CDB; says whether the store heard of it. */
static bool
reaches_the_store(struct call *c, struct fixture *f, const char *cdb, const void *out,
                  size_t length)
{
    unsigned before = fake_store_records(f->store);

    call_init(c, f, cdb);
    call_start(c, out, length);
    worker_turn(f->worker, false);
    return fake_store_records(f->store) > before;
}

/* Block 5 of an unmap list. */
static const uint8_t unmap_5[24] = {0, 22, 0, 16, [15] = 5, [19] = 1};
static const uint8_t unmap_around[40] = {0, 38, 0, 32, [15] = 2, [19] = 1, [31] = 9, [35] = 1};

static const struct {
    const char *cdb;
    const uint8_t *out;
    size_t length;
    bool waits;
} others[] = {
    {"08 000005 01 00", NULL, 0, true},
    {"28 00 00000004 00 0002 00", NULL, 0, true},
    {"28 00 00000003 00 0002 00", NULL, 0, false},
    {"28 00 00000006 00 0002 00", NULL, 0, false},
    {"0a 000005 01 00", zeroes, 512, true},
    {"2a 00 00000000 00 0006 00", zeroes, 3072, true},
    {"2a 00 00000000 00 0005 00", zeroes, 2560, false},
    {"aa 00 00000005 00000001 00 00", zeroes, 512, true},
    {"8a 00 0000000000000005 00000001 00 00", zeroes, 512, true},
    {"2e 00 00000005 00 0001 00", zeroes, 512, true},
    {"ae 00 00000005 00000001 00 00", zeroes, 512, true},
    {"8e 00 0000000000000005 00000001 00 00", zeroes, 512, true},
    {"41 00 00000000 00 0000 00", zeroes, 512, true}, /* to the end */
    {"41 08 00000005 00 0001 00", zeroes, 512, true},
    {"93 01 0000000000000005 00000001 00 00", NULL, 0, true},
    {"93 01 0000000000000006 00000001 00 00", NULL, 0, false},
    {"42 00 00000000 00 0018 00", unmap_5, sizeof unmap_5, true},
    {"42 00 00000000 00 0028 00", unmap_around, sizeof unmap_around, true}, /* wants 2 to 9 */
    {"89 00 0000000000000005 000000 01 00 00", zeroes, 1024, true},
    {"89 00 0000000000000006 000000 01 00 00", zeroes, 1024, false},
    {"8b 00 0000000000000004 00000003 00 00", zeroes, 1536, true},
    {"9c 00 0000000000000004 0000 0003 00 00", zeroes, 1536, true},
    /* they change nothing, and give nothing away */
    {"2f 00 00000005 00 0001 00", NULL, 0, false},
    {"00 00 00 00 00 00", NULL, 0, true}, /* no blocks: it does not reach the store anyhow */
};

START_TEST(what_touches_the_blocks_of_compare_and_write_waits_until_it_is_done)
{
    struct fixture f;
    struct call compare, other;
    bool is_first;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    ck_assert(reaches_the_store(&compare, &f, "89 00 0000000000000005 000000 01 00 00", zeroes,
                                1024));
    is_first = reaches_the_store(&other, &f, others[_i].cdb, others[_i].out, others[_i].length);
    ck_assert_int_eq(is_first, !others[_i].waits);
    ck_assert(is_first || other.done == (others[_i].cdb[0] == '0' && others[_i].cdb[1] == '0'));
    fake_store_release(f.store, 0, 0); /* its read: now it writes */
    ck_assert_str_eq(asked(&f, 1 + is_first), "WRITE 2560+512");
    for (int i = 0; i < 3; i++)
        worker_turn(f.worker, false);
    ck_assert_uint_eq(fake_store_records(f.store), 2 + is_first);
    fake_store_hold(f.store, false);
    turn_until_done(&compare, &f);
    turn_until_done(&other, &f);
    assert_outcome(&compare, "GOOD");
    assert_outcome(&other, "GOOD");
    call_end(&other);
    fixture_close(&f);
}
END_TEST

START_TEST(compare_and_write_waits_for_what_is_in_flight_on_its_blocks)
{
    struct fixture f;
    struct call compare, other;
    bool waits;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    waits = reaches_the_store(&other, &f, others[_i].cdb, others[_i].out, others[_i].length) &&
            others[_i].waits;
    ck_assert_int_eq(
        reaches_the_store(&compare, &f, "89 00 0000000000000005 000000 01 00 00", zeroes, 1024),
        !waits);
    fake_store_hold(f.store, false);
    turn_until_done(&other, &f);
    turn_until_done(&compare, &f);
    assert_outcome(&compare, "GOOD");
    assert_outcome(&other, "GOOD");
    call_end(&other);
    fixture_close(&f);
}
END_TEST

START_TEST(a_write_in_steps_keeps_its_blocks_until_the_last)
{
    struct fixture f;
    struct call same, compare;

    fixture_open_as(&f, FAKE_STORE_ALL & ~(unsigned)STORE_CAN_ZERO,
                    (struct lun_attributes){.block_size = BLOCK}, BLOCKS);
    fake_store_hold(f.store, true);
    ck_assert(reaches_the_store(&same, &f, "93 01 0000000000000000 00000800 00 00", NULL, 0));
    ck_assert(!reaches_the_store(&compare, &f, "89 00 0000000000000000 000000 01 00 00", zeroes,
                                 1024));
    for (unsigned step = 1; step < 4; step++) {
        fake_store_release(f.store, 0, 0);
        worker_turn(f.worker, false);
        ck_assert_uint_eq(fake_store_records(f.store), step + 1);
        ck_assert_int_eq(fake_store_record(f.store, step)->op, STORE_WRITE);
    }
    fake_store_release(f.store, 0, 0);
    turn_until_done(&same, &f);
    ck_assert_int_eq(fake_store_record(f.store, 4)->op, STORE_READ);
    fake_store_hold(f.store, false);
    turn_until_done(&compare, &f);
    assert_outcome(&compare, "GOOD");
    fixture_close(&f);
}
END_TEST

/* What happens to a WRITE that waits for COMPARE AND WRITE. */
enum event { ABORTED, FENCED, SHRUNK, PROTECTED, STOPPED };
static const char *const outcomes[] = {
    [ABORTED] = "ABORTED",   [FENCED] = "CONFLICT", [SHRUNK] = "5/21/00",
    [PROTECTED] = "7/27/02", [STOPPED] = "2/04/02",
};

START_TEST(a_write_that_waits_is_checked_again_before_it_goes_on)
{
    static const uint8_t ones[512] = {1};
    struct fixture f;
    struct call compare, write;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    ck_assert(reaches_the_store(&compare, &f, "89 00 0000000000000fff 000000 01 00 00", zeroes,
                                1024));
    ck_assert(!reaches_the_store(&write, &f, "2a 00 00000fff 00 0001 00", ones, sizeof ones));
    switch ((enum event)_i) {
    case ABORTED:
        scsi_abort_command(&write.cmd);
        ck_assert_int_eq(write.done, 0); /* not from within */
        turn_until_done(&write, &f);     /* but before the other is */
        ck_assert_int_eq(compare.done, 0);
        break;
    case FENCED:
        pthread_mutex_lock(&f.lun->lock);
        nexus_set_access(f.nexus, VERDICT_NO_WRITE, VERDICT_NO_WRITE);
        pthread_mutex_unlock(&f.lun->lock);
        break;
    case SHRUNK:
        ck_assert_int_eq(store_resize(f.store, (BLOCKS - 1) * BLOCK, NULL), 0);
        break;
    case PROTECTED:
        atomic_fetch_or(&f.lun->modes, LUN_SWP);
        break;
    case STOPPED:
        atomic_store(&f.lun->stopped, true);
        break;
    }
    fake_store_hold(f.store, false);
    turn_until_done(&compare, &f);
    if (_i != ABORTED)
        turn_until_done(&write, &f);
    assert_outcome(&write, outcomes[_i]);
    ck_assert_uint_eq(fake_store_bytes(f.store)[0xfff * BLOCK], 0);
    fixture_close(&f);
}
END_TEST

START_TEST(an_aborted_compare_and_write_writes_nothing_and_lets_others_go_on)
{
    struct fixture f;
    struct call compare, second, read;

    fixture_open(&f);
    fake_store_hold(f.store, true);
    ck_assert(reaches_the_store(&compare, &f, "89 00 0000000000000000 000000 02 00 00", zeroes,
                                2048));
    ck_assert(!reaches_the_store(&second, &f, "89 00 0000000000000001 000000 02 00 00", zeroes,
                                 2048));
    ck_assert(!reaches_the_store(&read, &f, "28 00 00000001 00 0001 00", NULL, 0));
    scsi_abort_command(&second.cmd);
    turn_until_done(&second, &f);
    assert_outcome(&second, "ABORTED");
    scsi_abort_command(&compare.cmd); /* runs: it ends when the store has let go */
    worker_turn(f.worker, false);
    ck_assert_int_eq(compare.done, 0);
    fake_store_hold(f.store, false);
    turn_until_done(&compare, &f);
    assert_outcome(&compare, "ABORTED");
    turn_until_done(&read, &f);
    assert_outcome(&read, "GOOD");
    call_end(&read);
    for (unsigned i = 0; i < fake_store_records(f.store); i++)
        ck_assert_int_eq(fake_store_record(f.store, i)->op, STORE_READ);
    fixture_close(&f);
}
END_TEST

TCase *
atomic_cases(void)
{
    TCase *t = tcase_create("atomic");

    tcase_add_loop_test(t,
                        compare_and_write_writes_all_where_all_is_as_expected_and_else_nothing,
                        0, ROWS(compares));
    tcase_add_test(t,
                   compare_and_write_of_4096_byte_blocks_compares_in_steps_and_writes_at_once);
    tcase_add_loop_test(t, compare_and_write_with_more_data_than_it_says_writes_nothing, 0,
                        ROWS(surplus));
    tcase_add_loop_test(t, with_too_little_data_what_is_atomic_writes_nothing, 0,
                        ROWS(atomics));
    tcase_add_loop_test(t, what_is_atomic_is_not_good_when_the_store_fails, 0, STORE_FAILURES);
    tcase_add_loop_test(t, orwrite_never_answers_good_with_the_data_dropped, 0, ROWS(orwrites));
    tcase_add_loop_test(t, write_atomic_is_one_write, 0, ROWS(write_atomics));
    tcase_add_loop_test(t, write_atomic_is_there_where_no_write_is_ever_torn, 0,
                        ROWS(promises));
    tcase_add_loop_test(t, what_touches_the_blocks_of_compare_and_write_waits_until_it_is_done,
                        0, ROWS(others));
    tcase_add_loop_test(t, compare_and_write_waits_for_what_is_in_flight_on_its_blocks, 0,
                        ROWS(others));
    tcase_add_test(t, a_write_in_steps_keeps_its_blocks_until_the_last);
    tcase_add_loop_test(t, a_write_that_waits_is_checked_again_before_it_goes_on, 0,
                        ROWS(outcomes));
    tcase_add_test(t, an_aborted_compare_and_write_writes_nothing_and_lets_others_go_on);
    return t;
}
