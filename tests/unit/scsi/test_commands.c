/* test_commands.c: what holds for every command of the table, derived from the table. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "rows.h"
#include "suites.h"

/* What no command has that writes. */
#define UNFENCED (PASSES_RESERVE | IN_STANDBY | IN_UNAVAILABLE | IN_TRANSITION)

/* Runs whatever it is with FILL as data. */
static void
run_bytes(struct call *c, struct fixture *f, const uint8_t *cdb, uint8_t fill)
{
    static uint8_t data[1 << 14];

    memset(data, fill, sizeof data);
    call_init(c, f, "");
    memcpy(c->cmd.cdb, cdb, SCSI_CDB_MAX);
    call_run(c, f, data, sizeof data);
}

/* What a command of make_cdb() with zeroes as data comes to where nothing stops it. */
static const char *
unstopped(const struct scsi_command *row)
{
    if (row->usage[0] == 0x84 && row->usage[2] == 0xff) /* about a copy that there was not */
        return "5/24/00";
    if (row->out != OUT_LIST_PR || row->usage[1] == 0x00 || row->usage[1] == 0x06)
        return "GOOD";
    /* from a nexus that is not registered; to one that is not named */
    return row->usage[1] == 0x07 ? "5/26/00" : "CONFLICT";
}

START_TEST(rows_agree_with_themselves)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows);

    ck_assert_uint_ge(n, 27);
    for (size_t i = 0; i < n; i++) {
        uint8_t cdb[SCSI_CDB_MAX];
        uint8_t length = cdb_length(rows[i]->usage[0]);

        ck_assert_ptr_nonnull(rows[i]->run);
        make_cdb(rows[i], 0, cdb);
        ck_assert_msg(command_find(cdb) == rows[i], "%s is not found", rows[i]->name);
        ck_assert_uint_gt(length, 0);
        for (size_t at = length; at < SCSI_CDB_MAX; at++)
            ck_assert_uint_eq(rows[i]->usage[at], 0);
        ck_assert_uint_eq(rows[i]->usage[length - 1], 0x04); /* NACA is evaluated */
        /* whoever writes needs a medium; whoever has a range too */
        if ((rows[i]->flags & WRITES) || rows[i]->layout != CDB_NO_RANGE)
            ck_assert(rows[i]->flags & NEEDS_MEDIUM);
        /* whoever writes is fenced by every reservation, and by the state of the port */
        if (rows[i]->flags & WRITES)
            ck_assert_msg(rows[i]->fence == FENCE_WRITE && !(rows[i]->flags & UNFENCED), "%s",
                          rows[i]->name);
        /* data that blocks are written from goes to commands that write, or compares */
        if (rows[i]->out == OUT_BLOCKS || rows[i]->out == OUT_ONE_BLOCK)
            ck_assert(rows[i]->flags & WRITES);
    }
}
END_TEST

START_TEST(every_command_that_writes_is_refused_where_writing_is_protected)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), writers = 0;
    struct fixture f;
    struct call c;

    open_with_all(&f);
    f.nexus->read_only = true;
    for (size_t i = 0; i < n; i++) {
        uint8_t cdb[SCSI_CDB_MAX];

        make_cdb(rows[i], 0, cdb);
        fake_store_forget(f.store);
        run_bytes(&c, &f, cdb, 0);
        if (rows[i]->flags & WRITES) {
            ck_assert_msg(strcmp(outcome(&c), "7/27/00") == 0, "%s: %s", rows[i]->name,
                          outcome(&c));
            ck_assert_uint_eq(c.cmd.out_length, 0);
            writers++;
        } else {
            ck_assert_msg(strcmp(outcome(&c), unstopped(rows[i])) == 0, "%s: %s", rows[i]->name,
                          outcome(&c));
        }
        for (unsigned k = 0; k < fake_store_records(f.store); k++) {
            enum store_op op = fake_store_record(f.store, k)->op;
            ck_assert(op == STORE_READ || op == STORE_FLUSH || op == STORE_EXTENT ||
                      op == STORE_PREFETCH);
        }
        call_end(&c);
        run_bytes(&c, &f, (uint8_t[SCSI_CDB_MAX]){0x1b, 0, 0, 0, 1}, 0); /* start again */
    }
    ck_assert_uint_ge(writers, 14);
    fixture_close(&f);
}
END_TEST

/* What stops commands beside attentions, and what those that it stops say. */
static const struct {
    unsigned verdict;
    const char *outcome;
} stops[] = {
    {VERDICT_NO_WRITE, "CONFLICT"},   {VERDICT_NO_READ | VERDICT_NO_WRITE, "CONFLICT"},
    {VERDICT_RESERVED, "CONFLICT"},   {VERDICT_STANDBY, "2/04/0b"},
    {VERDICT_UNAVAILABLE, "2/04/0c"}, {VERDICT_TRANSITION, "2/04/0a"},
    {VERDICT_BLOCK_SIZE, "6/2a/09"},
};

/* By the columns of its row alone. CDBs of make_cdb() ask of FENCE_PART what is fenced. */
static bool
must_stop(const struct scsi_command *row, unsigned verdict)
{
    if (verdict & VERDICT_RESERVED)
        return !(row->flags & PASSES_RESERVE);
    if (verdict & VERDICT_OF_RESERVATIONS)
        return row->fence >= (verdict & VERDICT_NO_READ ? FENCE_READ : FENCE_WRITE);
    if (verdict & VERDICT_BLOCK_SIZE)
        return (row->flags & NEEDS_MEDIUM) && row->fence >= FENCE_READ;
    return !(row->flags & (verdict & VERDICT_STANDBY       ? IN_STANDBY
                           : verdict & VERDICT_UNAVAILABLE ? IN_UNAVAILABLE
                                                           : IN_TRANSITION));
}

START_TEST(what_is_fenced_off_can_neither_change_nor_see_a_thing_by_any_command)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), stopped = 0;
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (size_t i = 0; i < n; i++) {
        bool must = must_stop(rows[i], stops[_i].verdict);
        uint8_t cdb[SCSI_CDB_MAX];

        /* each time: RESERVE and RELEASE judge anew by what is there */
        nexus_set_access(f.nexus,
                         VERDICT_OF_RESERVATIONS | VERDICT_OF_PORT | VERDICT_BLOCK_SIZE,
                         stops[_i].verdict);
        make_cdb(rows[i], 0, cdb);
        fake_store_forget(f.store);
        run_bytes(&c, &f, cdb, 0);
        ck_assert_msg(strcmp(outcome(&c), must ? stops[_i].outcome : unstopped(rows[i])) == 0,
                      "%s: %s", rows[i]->name, outcome(&c));
        if (must)
            ck_assert_uint_eq(fake_store_records(f.store), 0);
        if (stops[_i].verdict & VERDICT_BLOCK_SIZE)
            ck_assert(must || (rows[i]->layout == CDB_NO_RANGE && !(rows[i]->flags & WRITES)) ||
                      !(rows[i]->flags & NEEDS_MEDIUM));
        call_end(&c);
        atomic_store(&f.lun->stopped, false);
        stopped += must;
    }
    ck_assert_uint_gt(stopped, 0);
    ck_assert_uint_lt(stopped, n);
    fixture_close(&f);
}
END_TEST

static const struct {
    uint8_t cdb[6];
    bool is_harmless;
} parts[] = {
    {{0x1b, 0, 0, 0, 0x01}, true},  /* start */
    {{0x1b, 1, 0, 0, 0x01}, true},  /* … at once */
    {{0x1b, 0, 0, 0, 0x00}, false}, /* stop */
    {{0x1b, 0, 0, 0, 0x03}, false}, /* load */
    {{0x1b, 0, 0, 0, 0x02}, false}, /* eject */
    {{0x1b, 0, 0, 0, 0x11}, false}, /* a power condition */
    {{0x1e, 0, 0, 0, 0x00}, true},  /* allow */
    {{0x1e, 0, 0, 0, 0x01}, false}, /* prevent */
};

START_TEST(a_reservation_lets_others_do_what_harms_nobody_but_nothing_else_of_it)
{
    const struct scsi_command *row = command_find(parts[_i].cdb);
    unsigned stopped_by = command_stopped_by(row, parts[_i].cdb) & VERDICT_OF_RESERVATIONS;

    ck_assert_int_eq(row->fence, FENCE_PART);
    ck_assert_uint_eq(stopped_by, parts[_i].is_harmless ? 0 : VERDICT_OF_RESERVATIONS);
}
END_TEST

START_TEST(every_command_with_a_range_stays_in_it)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), with_range = 0;
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (size_t i = 0; i < n; i++) {
        static const uint64_t outside[] = {BLOCKS, 0x1fffff, 0x7fffffff, 0xffffffff,
                                           UINT64_MAX};
        uint8_t cdb[SCSI_CDB_MAX];

        if (rows[i]->layout == CDB_NO_RANGE)
            continue;
        with_range++;
        for (size_t k = 0; k < sizeof outside / sizeof outside[0]; k++) {
            make_cdb(rows[i], outside[k], cdb);
            run_bytes(&c, &f, cdb, 0);
            ck_assert_msg(strcmp(outcome(&c), "5/21/00") == 0, "%s: %s", rows[i]->name,
                          outcome(&c));
        }
        ck_assert_uint_eq(fake_store_records(f.store), 0);
        make_cdb(rows[i], BLOCKS - 1, cdb);
        run_bytes(&c, &f, cdb, 0);
        ck_assert_msg(c.cmd.status == SCSI_GOOD, "%s: %s", rows[i]->name, outcome(&c));
        call_end(&c);
        fake_store_forget(f.store);
    }
    ck_assert_uint_ge(with_range, 20);
    fixture_close(&f);
}
END_TEST

START_TEST(every_command_that_needs_the_medium_is_refused_while_it_is_stopped)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows);
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (size_t i = 0; i < n; i++) {
        uint8_t cdb[SCSI_CDB_MAX];

        atomic_store(&f.lun->stopped, true);
        make_cdb(rows[i], 0, cdb);
        run_bytes(&c, &f, cdb, 0);
        if (rows[i]->flags & NEEDS_MEDIUM)
            ck_assert_msg(strcmp(outcome(&c), "2/04/02") == 0, "%s: %s", rows[i]->name,
                          outcome(&c));
        else
            ck_assert_msg(strcmp(outcome(&c), unstopped(rows[i])) == 0, "%s: %s", rows[i]->name,
                          outcome(&c));
        call_end(&c);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(naca_and_protection_are_refused_by_every_command)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows);
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (size_t i = 0; i < n; i++) {
        uint8_t cdb[SCSI_CDB_MAX];

        make_cdb(rows[i], 0, cdb);
        cdb[cdb_length(cdb[0]) - 1] = 0x04;
        run_bytes(&c, &f, cdb, 0);
        ck_assert_msg(strcmp(outcome(&c), "5/24/00") == 0, "%s: %s", rows[i]->name,
                      outcome(&c));
        if (!(rows[i]->flags & HAS_PROTECT))
            continue;
        make_cdb(rows[i], 0, cdb);
        cdb[1] |= 0x20;
        run_bytes(&c, &f, cdb, 0);
        ck_assert_msg(strcmp(outcome(&c), "5/24/00") == 0, "%s: %s", rows[i]->name,
                      outcome(&c));
        ck_assert_str_eq(field_pointer(&c), "cdb 1.7");
    }
    ck_assert_uint_eq(fake_store_records(f.store), 0);
    fixture_close(&f);
}
END_TEST

/* What a command of OPCODE hears that does not exist. */
static const char *
unknown(unsigned opcode)
{
    return scsi_commands[opcode].flags & ONE_COMMAND ? "5/24/00" : "5/20/00";
}

START_TEST(a_command_that_the_store_cannot_do_does_not_exist)
{
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), missing = 0;
    struct fixture f;
    struct call c;

    fixture_open_as(
        &f, STORE_CAN_WRITE,
        (struct lun_attributes){.block_size = BLOCK, .modes = LUN_UNMAP | LUN_REMOVABLE},
        BLOCKS);
    for (size_t i = 0; i < n; i++) {
        uint8_t cdb[SCSI_CDB_MAX];
        bool offered = (rows[i]->needs & ~(unsigned)STORE_CAN_WRITE) == 0;

        missing += !offered;
        make_cdb(rows[i], 0, cdb);
        run_bytes(&c, &f, cdb, 0);
        if (strcmp(unstopped(rows[i]), unknown(cdb[0])) != 0)
            ck_assert_msg((strcmp(outcome(&c), unknown(cdb[0])) == 0) == !offered, "%s: %s",
                          rows[i]->name, outcome(&c));
        call_end(&c);
    }
    ck_assert_uint_ge(missing, 3);
    fixture_close(&f);
}
END_TEST

/* Reserved bits, and fields at their largest: an answer, whatever it is. */
static const uint8_t fills[] = {0x00, 0xff, 0xfb, 0x7f, 0x01, 0xaa};

START_TEST(no_bits_in_any_cdb_do_harm)
{
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        uint8_t cdb[SCSI_CDB_MAX];

        memset(cdb, fills[_i], sizeof cdb);
        cdb[0] = (uint8_t)opcode;
        for (unsigned action = 0; action < 32; action++) {
            cdb[1] = (uint8_t)((cdb[1] & 0xe0) | action);
            for (int naca = 0; naca < 2; naca++) {
                if (naca == 0 && cdb_length(cdb[0]) > 0)
                    cdb[cdb_length(cdb[0]) - 1] &= 0xfb;
                run_bytes(&c, &f, cdb, fills[_i]);
                ck_assert(c.cmd.status == SCSI_GOOD || c.cmd.sense_length > 0 ||
                          c.cmd.status == SCSI_RESERVATION_CONFLICT);
                if (command_find(cdb) == NULL)
                    assert_outcome(&c, unknown(opcode));
                call_end(&c);
            }
        }
        (void)lun_load(f.lun, f.nexus);
        fake_store_forget(f.store);
    }
    fixture_close(&f);
}
END_TEST

/* Whether C, if it was refused for a field, says which one. */
static bool
points_at_its_field(const struct call *c, unsigned cdb_size)
{
    const char *field = field_pointer(c);

    if (strcmp(outcome(c), "5/24/00") == 0)
        return strncmp(field, "cdb ", 4) == 0 && strtoul(field + 4, NULL, 10) < cdb_size;
    if (strcmp(outcome(c), "5/26/00") == 0)
        return strncmp(field, "list ", 5) == 0 &&
               strtoul(field + 5, NULL, 10) < c->cmd.out_length;
    return true;
}

/* Each command with each bit of its CDB turned, and a parameter list full of FILL. */
START_TEST(every_refusal_of_a_field_says_which_one)
{
    static const uint8_t list_fills[] = {0x00, 0xff, 0x01, 0x80};
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), refused = 0;
    struct fixture f;
    struct call c;

    open_with_all(&f);
    for (size_t i = 0; i < n; i++) {
        unsigned size = cdb_length(rows[i]->usage[0]);

        for (unsigned bit = 8; bit < 8 * size; bit++) {
            uint8_t cdb[SCSI_CDB_MAX];

            make_cdb(rows[i], 0, cdb);
            cdb[bit / 8] ^= (uint8_t)(1 << bit % 8);
            run_bytes(&c, &f, cdb, list_fills[_i]);
            ck_assert_msg(points_at_its_field(&c, size), "%s, bit %u of byte %u: %s, %s",
                          rows[i]->name, bit % 8, bit / 8, outcome(&c), field_pointer(&c));
            refused += c.cmd.status == SCSI_CHECK_CONDITION;
            call_end(&c);
            lun_reset(f.lun);
            (void)lun_load(f.lun, f.nexus);
            while (nexus_take_attention(f.nexus) >= 0)
                continue;
            fake_store_forget(f.store);
        }
    }
    ck_assert_uint_gt(refused, n);
    fixture_close(&f);
}
END_TEST

TCase *
commands_cases(void)
{
    TCase *t = tcase_create("commands");

    tcase_add_test(t, rows_agree_with_themselves);
    tcase_add_test(t, every_command_that_writes_is_refused_where_writing_is_protected);
    tcase_add_loop_test(t, what_is_fenced_off_can_neither_change_nor_see_a_thing_by_any_command,
                        0, sizeof stops / sizeof stops[0]);
    tcase_add_loop_test(t,
                        a_reservation_lets_others_do_what_harms_nobody_but_nothing_else_of_it,
                        0, sizeof parts / sizeof parts[0]);
    tcase_add_test(t, every_command_with_a_range_stays_in_it);
    tcase_add_test(t, every_command_that_needs_the_medium_is_refused_while_it_is_stopped);
    tcase_add_test(t, naca_and_protection_are_refused_by_every_command);
    tcase_add_test(t, a_command_that_the_store_cannot_do_does_not_exist);
    tcase_add_loop_test(t, every_refusal_of_a_field_says_which_one, 0, 4);
    tcase_add_loop_test(t, no_bits_in_any_cdb_do_harm, 0, sizeof fills);
    tcase_set_timeout(t, 60);
    return t;
}
