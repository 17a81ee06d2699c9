/* test_rod.c: POPULATE TOKEN, WRITE USING TOKEN, and what makes a token void. */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "fixture.h"
#include "pair.h"
#include "scsi/rod_results.h"
#include "suites.h"

struct range {
    uint64_t lba;
    uint32_t count;
};

/* Range descriptors at D, with their length before them; returns how many bytes. */
static size_t
put_ranges(uint8_t *d, const struct range *ranges, size_t n)
{
    put_be16(d, (uint16_t)(16 * n));
    memset(d + 2, 0, 16 * n);
    for (size_t i = 0; i < n; i++) {
        put_be64(d + 2 + 16 * i, ranges[i].lba);
        put_be32(d + 2 + 16 * i + 8, ranges[i].count);
    }
    return 2 + 16 * n;
}

static size_t
put_populate_list(uint8_t *list, const struct range *ranges, size_t n)
{
    size_t length;

    memset(list, 0, 14);
    length = 14 + put_ranges(list + 14, ranges, n);
    put_be16(list, (uint16_t)(length - 2));
    return length;
}

static size_t
put_write_list(uint8_t *list, const uint8_t *token, uint64_t offset, const struct range *ranges,
               size_t n)
{
    size_t length;

    memset(list, 0, 534);
    put_be64(list + 8, offset);
    memcpy(list + 16, token, ROD_TOKEN_BYTES);
    length = 534 + put_ranges(list + 534, ranges, n);
    put_be16(list, (uint16_t)(length - 2));
    return length;
}

static void
init(struct call *c, struct fixture *f, unsigned action, size_t length)
{
    call_init(c, f, "83 00 00000000 000000 00 00000000 00 00");
    c->cmd.cdb[1] = (uint8_t)action;
    c->cmd.cdb[9] = (uint8_t)(7 + action); /* LIST IDENTIFIER */
    put_be32(c->cmd.cdb + 10, (uint32_t)length);
}

static void
populate(struct call *c, struct fixture *f, const struct range *ranges, size_t n)
{
    uint8_t list[2048];
    size_t length = put_populate_list(list, ranges, n);

    init(c, f, 0x10, length);
    call_run(c, f, list, length);
}

/* RECEIVE ROD TOKEN INFORMATION about the last operation of kind ACTION. */
static void
receive(struct call *c, struct fixture *f, unsigned action)
{
    call_init(c, f, "84 07 00000000 00000000 00001000 00 00");
    c->cmd.cdb[5] = (uint8_t)(7 + action);
    call_run(c, f, NULL, 0);
}

/* A token for RANGES of the fixture's unit. */
static void
get_token(uint8_t token[ROD_TOKEN_BYTES], struct fixture *f, const struct range *ranges,
          size_t n)
{
    struct call c;

    populate(&c, f, ranges, n);
    assert_outcome(&c, "GOOD");
    receive(&c, f, 0x10);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 32u + 4 + 2 + 512);
    ck_assert_uint_eq(get_be32(c.cmd.in->data), 28u + 4 + 2 + 512);
    ck_assert_uint_eq(c.cmd.in->data[4], 0x10);
    ck_assert_uint_eq(c.cmd.in->data[5], 0x01);
    ck_assert_uint_eq(get_be32(c.cmd.in->data + 32), 2u + 512);
    memcpy(token, c.cmd.in->data + 38, ROD_TOKEN_BYTES);
    call_end(&c);
}

/* WRITE USING TOKEN to the pair's other unit. */
static void
init_write(struct call *c, struct pair *p, size_t length)
{
    init(c, &p->f, 0x11, length);
    c->cmd.nexus = p->nexus;
}

static void
write_using(struct call *c, struct pair *p, const uint8_t *token, uint64_t offset,
            const struct range *ranges, size_t n)
{
    uint8_t list[2048];
    size_t length = put_write_list(list, token, offset, ranges, n);

    init_write(c, p, length);
    call_run(c, &p->f, list, length);
}

static void
open_pair(struct pair *p)
{
    pair_open(p);
    ck_assert_int_eq(nexus_take_attention(p->nexus), ATTENTION_POWER_ON);
}

static const struct range some[] = {{100, 10}, {50, 5}, {200, 20}};

/* Where blocks from OFFSET on go, and from where they come. */
static const struct {
    uint64_t offset;
    struct range to[3];
    size_t n;
    struct {
        uint64_t from, to;
        unsigned count;
    } moves[4];
} maps[] = {
    {0, {{1000, 35}}, 1, {{100, 1000, 10}, {50, 1010, 5}, {200, 1015, 20}}},
    {0, {{1000, 3}}, 1, {{100, 1000, 3}}},
    {9, {{1000, 7}}, 1, {{109, 1000, 1}, {50, 1001, 5}, {200, 1006, 1}}},
    {10, {{1000, 5}}, 1, {{50, 1000, 5}}},
    {34, {{1000, 1}}, 1, {{219, 1000, 1}}},
    {2, {{2000, 6}, {1000, 4}}, 2, {{102, 2000, 6}, {108, 1000, 2}, {50, 1002, 2}}},
};

START_TEST(a_token_stands_for_the_blocks_of_its_ranges_in_their_order)
{
    uint8_t token[ROD_TOKEN_BYTES];
    unsigned moved = 0;
    struct pair p;
    struct call c;

    open_pair(&p);
    get_token(token, &p.f, some, 3);
    write_using(&c, &p, token, maps[_i].offset, maps[_i].to, maps[_i].n);
    assert_outcome(&c, "GOOD");
    for (size_t i = 0; i < 4 && maps[_i].moves[i].count > 0; i++) {
        ck_assert(pair_has_blocks(&p, maps[_i].moves[i].from, maps[_i].moves[i].to,
                                  maps[_i].moves[i].count));
        moved += maps[_i].moves[i].count;
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        moved -= fake_store_bytes(p.store)[i * BLOCK] != 0xee;
    ck_assert_uint_eq(moved, 0); /* nothing else has changed */
    c.cmd.nexus = p.nexus;
    call_init(&c, &p.f, "84 07 00000018 00000000 00001000 00 00");
    c.cmd.nexus = p.nexus;
    call_run(&c, &p.f, NULL, 0);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in_length, 36);
    ck_assert_uint_eq(c.cmd.in->data[4], 0x11);
    ck_assert_uint_eq(c.cmd.in->data[5], 0x01);
    ck_assert_uint_eq(c.cmd.in->data[15], 0xf1); /* in blocks */
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 16),
                      maps[_i].to[0].count + maps[_i].to[1].count);
    call_end(&c);
    pair_close(&p);
}
END_TEST

START_TEST(the_token_of_zeroes_needs_nobody_to_make_it)
{
    static const struct range to[] = {{10, 5}, {0, 1}};
    uint8_t token[ROD_TOKEN_BYTES] = {0xff, 0xff, 0x00, 0x01, 0, 0, 0x01, 0xf8};
    struct pair p;
    struct call c;

    open_pair(&p);
    write_using(&c, &p, token, 12345, to, 2);
    assert_outcome(&c, "GOOD");
    for (unsigned i = 0; i < BLOCKS; i++)
        ck_assert_uint_eq(fake_store_bytes(p.store)[i * BLOCK],
                          (i >= 10 && i < 15) || i == 0 ? 0 : 0xee);
    ck_assert_uint_eq(count_ops(p.store, STORE_UNMAP), 2);
    pair_close(&p);
}
END_TEST

/* What happens to the unit, and whether a token for 3 ranges survives that. */
static const struct {
    const char *cdb;
    size_t length; /* of Data-Out */
    bool survives;
} events[] = {
    {"28 00 00000064 00 000a 00", 0, true}, /* a read */
    {"2a 00 00000032 00 0001 00", BLOCK, false},
    {"2a 00 00000036 00 0001 00", BLOCK, false}, /* the last block of the second range */
    {"2a 00 00000037 00 0001 00", BLOCK, true},  /* the one behind it */
    {"41 00 00000000 00 0065 00", BLOCK, false}, /* WRITE SAME, with the first one */
    {"41 00 00000000 00 0032 00", BLOCK, true},  /* up to it */
    {"41 08 000000c8 00 0001 00", BLOCK, false}, /* … that unmaps */
    {"48 02 00000000 00 0000 00", 0, false},     /* SANITIZE */
    {"89 00 0000000000000064 00000001 00 00", 2 * BLOCK, false}, /* COMPARE AND WRITE */
};

START_TEST(whatever_writes_to_its_blocks_revokes_a_token)
{
    static const struct range to[] = {{1000, 35}};
    uint8_t token[ROD_TOKEN_BYTES], data[2 * BLOCK];
    struct pair p;
    struct call c;

    open_pair(&p);
    memcpy(data, fake_store_bytes(p.f.store) + 100 * BLOCK, BLOCK);
    memset(data + BLOCK, 0x77, BLOCK);
    get_token(token, &p.f, some, 3);
    call_init(&c, &p.f, events[_i].cdb);
    call_start(&c, data, events[_i].length);
    while (c.done == 0)
        worker_turn(p.f.worker, true);
    assert_outcome(&c, "GOOD");
    call_end(&c);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, events[_i].survives ? "GOOD" : "5/23/06");
    if (!events[_i].survives) {
        ck_assert_str_eq(field_pointer(&c), "list 16");
        ck_assert_uint_eq(fake_store_records(p.store), 0);
    }
    pair_close(&p);
}
END_TEST

START_TEST(copies_and_changes_of_the_size_revoke_too)
{
    static const struct range to[] = {{1000, 35}}, back[] = {{105, 1}};
    uint8_t token[ROD_TOKEN_BYTES], other[ROD_TOKEN_BYTES];
    struct pair p;
    struct call c;
    uint8_t list[2048];
    size_t length;

    open_pair(&p);
    get_token(token, &p.f, some, 3);
    get_token(other, &p.f, (struct range[]){{500, 1}}, 1);
    length = put_write_list(list, other, 0, back, 1);
    init(&c, &p.f, 0x11, length); /* to the first unit itself */
    call_run(&c, &p.f, list, length);
    assert_outcome(&c, "GOOD");
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "5/23/06");

    write_using(&c, &p, other, 0, back, 1);
    assert_outcome(&c, "GOOD");
    lun_raise(p.f.lun, ATTENTION_CAPACITY_CHANGED, NULL);
    ck_assert_int_eq(nexus_take_attention(p.f.nexus), ATTENTION_CAPACITY_CHANGED);
    write_using(&c, &p, other, 0, back, 1);
    assert_outcome(&c, "5/23/06");
    pair_close(&p);
}
END_TEST

static const bool by_store[] = {false, true};

START_TEST(a_write_that_comes_while_it_is_copied_is_not_copied)
{
    static const struct range to[] = {{1000, 10}}, from[] = {{100, 10}};
    uint8_t token[ROD_TOKEN_BYTES], list[2048], data[BLOCK] = "new";
    struct store *reads;
    size_t length;
    struct pair p;
    struct call copy, c;

    open_pair(&p);
    if (!by_store[_i])
        fake_store_no_copy(p.store, false);
    reads = by_store[_i] ? p.store : p.f.store;
    get_token(token, &p.f, from, 1);
    fake_store_hold(reads, true);
    length = put_write_list(list, token, 0, to, 1);
    init_write(&copy, &p, length);
    call_start(&copy, list, length);
    while (fake_store_held(reads) == 0)
        worker_turn(p.f.worker, false);

    call_init(&c, &p.f, "2a 00 00000069 00 0001 00");
    call_start(&c, data, sizeof data);
    fake_store_hold(reads, false);
    turn_until_done(&c, &p.f);
    assert_outcome(&c, "GOOD");
    turn_until_done(&copy, &p.f);
    assert_outcome(&copy, "5/23/06");
    if (!by_store[_i])
        ck_assert_uint_eq(count_ops(p.store, STORE_WRITE), 0);
    pair_close(&p);
}
END_TEST

START_TEST(no_token_is_taken_that_was_not_given)
{
    static const struct range to[] = {{1000, 1}};
    uint8_t token[ROD_TOKEN_BYTES];
    struct pair p;
    struct call c;

    open_pair(&p);
    get_token(token, &p.f, some, 3);
    for (size_t at = 0; at < sizeof token; at++) {
        token[at] ^= 0x01;
        write_using(&c, &p, token, 0, to, 1);
        ck_assert_msg(strncmp(outcome(&c), "5/23/", 5) == 0, "byte %zu: %s", at, outcome(&c));
        token[at] ^= 0x01;
    }
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "GOOD");

    /* Only who reaches the unit may use it. */
    p.f.nexuses[1] = NULL;
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "5/23/02");
    p.f.nexuses[1] = p.f.nexus;

    /* And only as it may read it. */
    pthread_mutex_lock(&p.f.lun->lock);
    nexus_set_access(p.f.nexus, VERDICT_NO_READ, VERDICT_NO_READ);
    pthread_mutex_unlock(&p.f.lun->lock);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "a/0d/01");
    pair_close(&p);
}
END_TEST

START_TEST(a_token_ends_when_it_is_deleted_expired_or_too_old)
{
    static const struct range to[] = {{1000, 1}}, one[] = {{7, 1}};
    uint8_t token[ROD_TOKEN_BYTES], list[2048], data[BLOCK] = {0};
    struct rod rod = {.blocks = 1, .range_count = 1, .ranges = {{7, 1}}};
    size_t length;
    struct pair p;
    struct call c;

    open_pair(&p);
    get_token(token, &p.f, one, 1);
    length = put_write_list(list, token, 0, to, 1);
    list[2] = 0x02; /* DEL_TKN */
    init_write(&c, &p, length);
    call_run(&c, &p.f, list, length);
    assert_outcome(&c, "GOOD");
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "5/23/04");

    ck_assert_int_eq(rod_create(p.f.lun, &rod, 0), 0);
    rod_token_write(token, p.f.lun, &rod);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "5/23/07");
    call_init(&c, &p.f, "2a 00 00000007 00 0001 00");
    call_run(&c, &p.f, data, sizeof data);
    ck_assert(!atomic_load(&p.f.lun->has_tokens)); /* no write needs to look any more */

    get_token(token, &p.f, one, 1);
    for (int i = 0; i < ROD_TOKENS_MAX - 1; i++)
        ck_assert_int_eq(rod_create(p.f.lun, &rod, 30), 0);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "GOOD");
    ck_assert_int_eq(rod_create(p.f.lun, &rod, 30), 0);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "5/23/04");
    pair_close(&p);
}
END_TEST

static const struct {
    unsigned action, at;
    uint8_t value;
    const char *outcome, *field;
} refused[] = {
    {0x10, 0, 1, "5/1a/00", "none"},      /* it says that it is longer than it is */
    {0x10, 4, 1, "5/26/00", "list 4"},    /* a timeout of half a year */
    {0x10, 15, 15, "5/26/00", "list 14"}, /* no range */
    {0x10, 15, 65, "5/1a/00", "none"},    /* more than there is */
    {0x10, 16, 1, "5/21/00", "none"},     /* behind the end */
    {0x10, 24, 1, "5/21/00", "none"},
    {0x10, 25, 0x02, "5/21/00", "none"},
    {0x10, 39, 99, "5/26/00", "list 32"}, /* overlaps the first range */
    {0x11, 0, 9, "5/1a/00", "none"},
    {0x11, 8, 1, "5/26/00", "list 8"},   /* an offset that the token has not */
    {0x11, 15, 1, "5/26/00", "list 8"},  /* one block less than is asked for */
    {0x11, 16, 1, "5/23/01", "list 16"}, /* a type that is not ours */
    {0x11, 23, 1, "5/23/0a", "list 16"},
    {0x11, 535, 15, "5/26/00", "list 534"},
    {0x11, 536, 1, "5/21/00", "none"},
};

START_TEST(what_is_wrong_with_its_list_is_said_and_nothing_is_done)
{
    static const struct range two[] = {{100, 1}, {50, 1}}, to[] = {{1000, 2}};
    uint8_t list[2048], token[ROD_TOKEN_BYTES];
    size_t length;
    struct pair p;
    struct call c;

    open_pair(&p);
    get_token(token, &p.f, two, 2);
    if (refused[_i].action == 0x10) {
        length = put_populate_list(list, two, 2);
        if (refused[_i].at == 39)
            list[43] = 5;
    } else {
        length = put_write_list(list, token, 0, to, 1);
    }
    list[refused[_i].at] = refused[_i].value;
    init(&c, &p.f, refused[_i].action, length);
    if (refused[_i].action == 0x11)
        c.cmd.nexus = p.nexus;
    call_run(&c, &p.f, list, length);
    assert_outcome(&c, refused[_i].outcome);
    ck_assert_str_eq(field_pointer(&c), refused[_i].field);
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    ck_assert_uint_eq(p.f.lun->token_count, 1);
    pair_close(&p);
}
END_TEST

START_TEST(lists_that_are_cut_anywhere_do_nothing)
{
    static const struct range to[] = {{1000, 2}, {3000, 1}};
    uint8_t list[2048], token[ROD_TOKEN_BYTES];
    size_t populates, writes;
    struct pair p;
    struct call c;

    open_pair(&p);
    get_token(token, &p.f, some, 3);
    populates = put_populate_list(list, some, 3);
    for (size_t n = 1; n < populates; n++) {
        init(&c, &p.f, 0x10, n);
        call_run(&c, &p.f, list, n);
        assert_outcome(&c, "5/1a/00");
        init(&c, &p.f, 0x10, populates);
        call_run(&c, &p.f, list, n);
        assert_outcome(&c, "5/1a/00");
    }
    writes = put_write_list(list, token, 0, to, 2);
    for (size_t n = 1; n < writes; n++) {
        init_write(&c, &p, n);
        call_run(&c, &p.f, list, n);
        assert_outcome(&c, "5/1a/00");
    }
    ck_assert_uint_eq(p.f.lun->token_count, 1);
    ck_assert_uint_eq(fake_store_records(p.store), 0);
    init(&c, &p.f, 0x10, 0);
    call_run(&c, &p.f, NULL, 0);
    assert_outcome(&c, "GOOD");
    pair_close(&p);
}
END_TEST

START_TEST(limits_are_kept)
{
    struct lun_attributes attributes = {.block_size = BLOCK, .modes = LUN_WRITE_CACHE};
    static const struct range most[] = {{0, ROD_BYTES_MAX / BLOCK}},
                              more[] = {{0, ROD_BYTES_MAX / BLOCK + 1}};
    struct range many[65];
    struct fixture f;
    struct call c;

    fixture_open_as(&f, FAKE_STORE_ALL, attributes, ROD_BYTES_MAX / BLOCK + 8);
    for (unsigned i = 0; i < 65; i++)
        many[i] = (struct range){2 * i, 1};
    populate(&c, &f, many, 64);
    assert_outcome(&c, "GOOD");
    populate(&c, &f, many, 65);
    assert_outcome(&c, "5/26/08");
    populate(&c, &f, most, 1);
    assert_outcome(&c, "GOOD");
    populate(&c, &f, more, 1);
    assert_outcome(&c, "5/26/00");
    ck_assert_str_eq(field_pointer(&c), "list 24");
    run(&c, &f, "12 01 8f 00 ff 00");
    ck_assert_uint_eq(get_be16(c.cmd.in->data + 4), 0x0000);
    ck_assert_uint_eq(get_be16(c.cmd.in->data + 4 + 10), 64);
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 4 + 20), ROD_BYTES_MAX / BLOCK);
    call_end(&c);
    fixture_close(&f);
}
END_TEST

START_TEST(information_is_asked_for_by_list_identifier)
{
    static const struct range to[] = {{1000, 35}};
    uint8_t token[ROD_TOKEN_BYTES];
    struct pair p;
    struct call c;

    open_pair(&p);
    receive(&c, &p.f, 0x10);
    assert_outcome(&c, "5/24/00");
    ck_assert_str_eq(field_pointer(&c), "cdb 2");
    get_token(token, &p.f, some, 3);
    fake_store_fail(p.store, STORE_COPY, 2, EIO);
    write_using(&c, &p, token, 0, to, 1);
    assert_outcome(&c, "a/0d/01");
    call_init(&c, &p.f, "84 07 00000018 00000000 00001000 00 00");
    c.cmd.nexus = p.nexus;
    call_run(&c, &p.f, NULL, 0);
    assert_outcome(&c, "GOOD");
    ck_assert_uint_eq(c.cmd.in->data[5], 0x02);
    ck_assert_uint_eq(c.cmd.in->data[12], SCSI_CHECK_CONDITION);
    ck_assert_uint_eq(c.cmd.in->data[14], 18);
    ck_assert_uint_eq(get_be64(c.cmd.in->data + 16), 10); /* the first range */
    ck_assert_uint_eq(c.cmd.in->data[32 + 2], 0x0a);
    call_end(&c);
    pair_close(&p);
}
END_TEST

TCase *
rod_cases(void)
{
    TCase *t = tcase_create("rod");

    tcase_add_loop_test(t, a_token_stands_for_the_blocks_of_its_ranges_in_their_order, 0,
                        ROWS(maps));
    tcase_add_test(t, the_token_of_zeroes_needs_nobody_to_make_it);
    tcase_add_loop_test(t, whatever_writes_to_its_blocks_revokes_a_token, 0, ROWS(events));
    tcase_add_test(t, copies_and_changes_of_the_size_revoke_too);
    tcase_add_loop_test(t, a_write_that_comes_while_it_is_copied_is_not_copied, 0,
                        ROWS(by_store));
    tcase_add_test(t, no_token_is_taken_that_was_not_given);
    tcase_add_test(t, a_token_ends_when_it_is_deleted_expired_or_too_old);
    tcase_add_loop_test(t, what_is_wrong_with_its_list_is_said_and_nothing_is_done, 0,
                        ROWS(refused));
    tcase_add_test(t, lists_that_are_cut_anywhere_do_nothing);
    tcase_add_test(t, limits_are_kept);
    tcase_add_test(t, information_is_asked_for_by_list_identifier);
    return t;
}
