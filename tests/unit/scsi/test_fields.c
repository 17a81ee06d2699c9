/*
 * test_fields.c: a refusal of a field points to the field that is wrong. Each bit of each CDB,
 * and of parameter lists that are right, is turned by itself: if that is an invalid field, the
 * pointer is to a field that has this bit, and nothing has been changed.
 */
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "scsi/alua.h"
#include "scsi/handlers.h"
#include "suites.h"

/* No field is longer than this, names apart. */
#define FIELD_MAX 8

struct pointer {
    bool is_valid, in_cdb;
    unsigned byte;
    int bit; /* -1: it is to whole bytes */
};

static struct pointer
pointer_of(const struct call *c)
{
    const uint8_t *sks = c->cmd.sense + 15;

    return (struct pointer){.is_valid = sks[0] & 0x80,
                            .in_cdb = sks[0] & 0x40,
                            .byte = get_be16(sks + 1),
                            .bit = sks[0] & 0x08 ? sks[0] & 7 : -1};
}

/* The bits between that of the pointer, the leftmost of its field, and TURNED, are evaluated.
 */
static bool
is_in_bits(const uint8_t *usage, const struct pointer *p, unsigned byte, int turned)
{
    if (p->byte != byte || turned > p->bit)
        return false;
    for (int bit = turned; bit <= p->bit; bit++)
        if (!(usage[byte] >> bit & 1))
            return turned == p->bit; /* a reserved bit is a field of its own */
    return true;
}

static bool
is_in_bytes(const uint8_t *usage, const struct pointer *p, unsigned byte)
{
    if (p->byte > byte)
        return false;
    for (unsigned i = p->byte; i < byte; i++)
        if (usage[i] == 0 || usage[i + 1] == 0)
            return false;
    return true;
}

/* Its service action is one field of five bits, of which the usage map has those that are set.
 */
static bool
points_to_cdb_bit(const struct scsi_command *row, const struct call *c, unsigned byte, int bit)
{
    struct pointer p = pointer_of(c);
    uint8_t usage[SCSI_CDB_MAX];

    memcpy(usage, row->usage, sizeof usage);
    if (scsi_commands[row->usage[0]].actions != NULL)
        usage[1] |= 0x1f;
    if (!p.is_valid || !p.in_cdb)
        return false;
    if (row->run == report_opcodes && byte == 2 && p.byte == 3)
        return true; /* the other option is right where the opcode is another */
    return p.bit < 0 ? is_in_bytes(usage, &p, byte) : is_in_bits(usage, &p, byte, bit);
}

/* What a command must leave as it was. */
struct state {
    unsigned modes, registrations, sanitize;
    bool stopped, ejected;
    uint8_t *bytes;
};

static struct state
state_of(const struct fixture *f)
{
    struct state s = {.modes = atomic_load(&f->lun->modes),
                      .registrations = (unsigned)f->lun->reservations->pr.count,
                      .sanitize = (unsigned)atomic_load(&f->lun->sanitize.state),
                      .stopped = atomic_load(&f->lun->stopped),
                      .ejected = atomic_load(&f->lun->ejected)};

    return s;
}

static bool
is_unchanged(const struct fixture *f, const struct state *before)
{
    struct state now = state_of(f);

    for (unsigned i = 0; i < fake_store_records(f->store); i++) {
        enum store_op op = fake_store_record(f->store, i)->op;

        if (op == STORE_WRITE || op == STORE_ZERO || op == STORE_UNMAP || op == STORE_COPY)
            return false;
    }
    return now.modes == before->modes && now.registrations == before->registrations &&
           now.sanitize == before->sanitize && now.stopped == before->stopped &&
           now.ejected == before->ejected;
}

static void
run_with(struct call *c, struct fixture *f, const uint8_t *cdb, const uint8_t *out,
         size_t length)
{
    call_init(c, f, "");
    memcpy(c->cmd.cdb, cdb, SCSI_CDB_MAX);
    call_run(c, f, out, length);
}

START_TEST(what_is_wrong_with_a_cdb_is_pointed_to)
{
    static const uint8_t zeroes[1 << 14];
    const struct scsi_command *rows[ROWS_MAX];
    size_t n = all_rows(rows), refused = 0;
    struct fixture f;
    struct call c;

    for (size_t i = 0; i < n; i++) {
        bool was_refused;
        uint8_t cdb[SCSI_CDB_MAX];

        make_cdb(rows[i], 0, cdb);
        open_with_all(&f);
        run_with(&c, &f, cdb, zeroes, sizeof zeroes);
        was_refused = strcmp(outcome(&c), "5/24/00") == 0;
        call_end(&c);
        fixture_close(&f);
        for (unsigned bit = 8; bit < 8u * cdb_length(cdb[0]); bit++) {
            struct state before;
            bool is_another;

            open_with_all(&f);
            before = state_of(&f);
            cdb[bit / 8] ^= (uint8_t)(1 << bit % 8);
            is_another = command_find(cdb) != NULL && command_find(cdb) != rows[i];
            run_with(&c, &f, cdb, zeroes, sizeof zeroes);
            cdb[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (strcmp(outcome(&c), "5/24/00") == 0 && !was_refused && !is_another) {
                ck_assert_msg(points_to_cdb_bit(rows[i], &c, bit / 8, (int)(bit % 8)),
                              "%s, bit %u of byte %u: %s", rows[i]->name, bit % 8, bit / 8,
                              field_pointer(&c));
                ck_assert_msg(is_unchanged(&f, &before), "%s, bit %u of byte %u", rows[i]->name,
                              bit % 8, bit / 8);
                refused++;
            }
            call_end(&c);
            fixture_close(&f);
        }
    }
    ck_assert_uint_gt(refused, n);
}
END_TEST

/* A list that is right, with CDB bytes that go with it. The length is set. */
struct right {
    const char *cdb;
    unsigned length_at, length_bytes;
    size_t length;
    size_t names[2]; /* from where to where there is a name, which is one long field */
    struct {
        unsigned first, last, to; /* what is turned there may make the field at TO wrong */
    } also[3];
    uint8_t list[600];
};

/* clang-format off */
static const struct right rights[] = {
    {"15 10 00 00 00 00", 4, 1, 24, {0}, {{3, 3, 4}, {12, 12, 13}}, { /* MODE SELECT(6): a descriptor, caching, control */
        0, 0, 0, 8,  0, 0, 0, 0, 0, 0, 0x02, 0,
        0x0a, 0x0a, 0x20, 0x10, 0, 0x40, 0, 0, 0, 0, 0, 0}},
    {"55 10 00 00 00 00 00 0000 00", 7, 2, 36, {0}, {{4, 4, 6}, {7, 7, 8}, {24, 24, 25}}, { /* MODE SELECT(10): a long descriptor */
        0, 0, 0, 0, 1, 0, 0, 16,  0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x02, 0,
        0x0a, 0x0a, 0x20, 0x10, 0, 0x40, 0, 0, 0, 0, 0, 0}},
    {"42 00 00000000 00 0000 00", 7, 2, 40, {0}, {{0}}, { /* UNMAP: two descriptors */
        0, 38, 0, 32, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}},
    {"48 81 00000000 00 0000 00", 7, 2, 8, {0}, {{0}}, {1, 0, 0, 4, 1, 2, 3, 4}}, /* SANITIZE */
    {"a4 0a 0000 0000 00000000 00 00", 6, 4, 12, {0}, {{0}}, { /* SET TARGET PORT GROUPS */
        0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2}},
    {"5f 06 00 00 00 00000000 00", 5, 4, 24, {0}, {{0}}, { /* REGISTER AND IGNORE EXISTING KEY */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}},
    {"5f 00 00 00 00 00000000 00", 5, 4, 72, {32, 72}, {{28, 31, 32}}, { /* REGISTER with SPEC_I_PT */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 8, 0, 0, 0,
        0, 0, 0, 44, 0x45, 0, 0, 40,
        'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '1', '1', '.', 'o', 'r', 'g', ':', 'a',
        ',', 'i', ',', '0', 'x', '0', '0', '0', '2', '3', 'd', '0', '0', '0', '0', '0', '1'}},
    {"83 00 0000000000000000 00000000 00 00", 10, 4, 76, {24, 40}, {{0}}, { /* EXTENDED COPY(LID1) */
        1, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0,
        0xe4, 0, 0, 0, 1, 3, 0, 16, 0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        0, 0, 0, 0, 0, 0, 2, 0,
        2, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"83 10 00000000 00000001 00000000 00 00", 10, 4, 32, {0}, {{2, 2, 8}}, { /* POPULATE TOKEN */
        0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16,
        0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1}},
    {"83 11 00000000 00000001 00000000 00 00", 10, 4, 552, {0}, {{0}}, { /* WRITE USING TOKEN: zeroes */
        2, 38, [16] = 0xff, 0xff, 0, 1, 0, 0, 1, 0xf8, [535] = 16, [543] = 8, [547] = 1}},
};
/* clang-format on */

static bool
points_to_list_byte(const struct right *r, const struct call *c, unsigned byte, int bit)
{
    struct pointer p = pointer_of(c);

    if (!p.is_valid || p.in_cdb)
        return false;
    for (int i = 0; i < ROWS(r->also); i++)
        if (r->also[i].to == p.byte && byte >= r->also[i].first && byte <= r->also[i].last)
            return true;
    if (p.byte > byte)
        return false;
    if (p.byte >= r->names[0] && p.byte < r->names[1])
        return byte < r->names[1];
    return p.bit >= 0 ? p.byte == byte && bit <= p.bit : byte < p.byte + FIELD_MAX;
}

/* With port groups, for SET TARGET PORT GROUPS. */
static void
open_for_lists(struct fixture *f)
{
    static const struct target_port_group groups[] = {{.tag = 1}, {.tag = 2}};

    open_with_all(f);
    f->it.port_groups = groups;
    f->it.port_group_count = 2;
}

static void
run_list(struct call *c, struct fixture *f, const struct right *r, const uint8_t *list)
{
    call_init(c, f, r->cdb);
    c->cmd.cdb[r->length_at + r->length_bytes - 1] = (uint8_t)r->length;
    if (r->length_bytes > 1)
        c->cmd.cdb[r->length_at + r->length_bytes - 2] = (uint8_t)(r->length >> 8);
    call_run(c, f, list, r->length);
}

START_TEST(what_is_wrong_with_a_list_is_pointed_to_and_nothing_is_changed)
{
    const struct right *r = &rights[_i];
    uint8_t list[sizeof r->list];
    struct fixture f;
    struct call c;

    memcpy(list, r->list, sizeof list);
    open_for_lists(&f);
    run_list(&c, &f, r, list);
    ck_assert_msg(c.cmd.status == SCSI_GOOD, "%s: %s, %s", r->cdb, outcome(&c),
                  field_pointer(&c));
    call_end(&c);
    fixture_close(&f);
    for (unsigned bit = 0; bit < 8 * r->length; bit++) {
        struct state before;

        open_for_lists(&f);
        before = state_of(&f);
        list[bit / 8] ^= (uint8_t)(1 << bit % 8);
        run_list(&c, &f, r, list);
        list[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (strcmp(outcome(&c), "5/26/00") == 0)
            ck_assert_msg(points_to_list_byte(r, &c, bit / 8, (int)(bit % 8)),
                          "%s, bit %u of byte %u: %s", r->cdb, bit % 8, bit / 8,
                          field_pointer(&c));
        if (c.cmd.status != SCSI_GOOD)
            ck_assert_msg(is_unchanged(&f, &before), "%s, bit %u of byte %u: %s", r->cdb,
                          bit % 8, bit / 8, outcome(&c));
        call_end(&c);
        fixture_close(&f);
    }
}
END_TEST

TCase *
fields_cases(void)
{
    TCase *t = tcase_create("fields");

    tcase_add_test(t, what_is_wrong_with_a_cdb_is_pointed_to);
    tcase_add_loop_test(t, what_is_wrong_with_a_list_is_pointed_to_and_nothing_is_changed, 0,
                        ROWS(rights));
    tcase_set_timeout(t, 60);
    return t;
}
