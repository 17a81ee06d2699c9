/* fixture.c: a logical unit over a fake store, one initiator at it. */
#include "fixture.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/worker.h"

static const struct lun_identity identity = {
    .vendor_id = "VENDOR",
    .product_id = "disk one",
    .product_revision = "0.1",
    .serial = "0123456789abcdef",
    .naa = {0x60, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d,
            0x0e, 0x0f},
    .naa_length = 16,
};

const struct store_failure store_failures[STORE_FAILURES] = {
    {STORE_READ, EIO, "3/11/00"},
    {STORE_WRITE, EIO, "3/0c/00"},
    {STORE_WRITE, ENOSPC, "7/27/07"},
    {STORE_FLUSH, EIO, "3/0c/00"},
};

static void
released(struct lun *lun)
{
    struct fixture *f = lun->owner;

    f->released = true;
}

void
fixture_open_as(struct fixture *f, unsigned capabilities, struct lun_attributes attributes,
                uint64_t blocks)
{
    memset(f, 0, sizeof *f);
    f->worker = worker_new(0);
    ck_assert_ptr_nonnull(f->worker);
    worker_enter(f->worker);
    f->store =
        fake_store_open(blocks * attributes.block_size, attributes.block_size, capabilities);
    ck_assert_ptr_nonnull(f->store);
    f->lun = lun_new(&identity, &attributes, f->store, released, f);
    ck_assert_ptr_nonnull(f->lun);
    f->nexus = nexus_new(f->lun, &f->it, false, &f->export);
    ck_assert_ptr_nonnull(f->nexus);
    ck_assert_int_eq(nexus_take_attention(f->nexus), ATTENTION_POWER_ON);
    f->luns[1] = 5;
    f->luns[2] = 300;
    f->nexuses[1] = f->nexus; /* [0]: a LUN that this initiator has not used yet */
    f->it = (struct it_nexus){
        .initiator_name = "iqn.2026-11.org.example:initiator",
        .initiator_port = "iqn.2026-11.org.example:initiator,i,0x00023d000001",
        .target_name = "iqn.2026-11.org.example:disks",
        .target_port = "iqn.2026-11.org.example:disks,t,0x0001",
        .target_port_group = 1,
        .luns = f->luns,
        .lun_count = 3,
        .nexuses = f->nexuses,
        .nexus_count = 2,
        .counters = &f->session,
    };
}

void
fixture_open(struct fixture *f)
{
    fixture_open_as(
        f, FAKE_STORE_ALL,
        (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE | LUN_UNMAP},
        BLOCKS);
}

void
fixture_close(struct fixture *f)
{
    while (atomic_load(&f->lun->sanitize.state) == SANITIZE_RUNNING)
        worker_turn(f->worker, true);
    nexus_free(f->nexus);
    lun_unref(f->lun);
    ck_assert(f->released);
    store_close(f->store);
    lun_free(f->lun);
    io_counters_done(&f->session, 1);
    io_counters_done(&f->export, 1);
    worker_enter(NULL);
    worker_free(f->worker);
    iobuf_cache_free();
}

struct nexus *
fixture_nexus(struct fixture *f, bool read_only)
{
    struct nexus *nexus = nexus_new(f->lun, &f->it, read_only, NULL);

    ck_assert_ptr_nonnull(nexus);
    return nexus;
}

static void
call_done(struct scsi_cmd *cmd)
{
    struct call *c = (struct call *)cmd;

    c->done++;
}

static uint8_t
hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));

    ck_assert_ptr_nonnull(at);
    return (uint8_t)(at - digits);
}

void
call_init(struct call *c, struct fixture *f, const char *cdb)
{
    size_t n = 0;

    memset(c, 0, sizeof *c);
    c->cmd.it_nexus = &f->it;
    c->cmd.nexus = f->nexus;
    c->cmd.expected_in = c->cmd.expected_out = UINT64_MAX;
    c->cmd.done = call_done;
    for (; *cdb != '\0'; cdb++) {
        if (*cdb == ' ')
            continue;
        ck_assert_uint_lt(n, 2 * SCSI_CDB_MAX);
        c->cmd.cdb[n / 2] |= (uint8_t)(hex_digit(*cdb) << (n % 2 == 0 ? 4 : 0));
        n++;
    }
    ck_assert_uint_eq(n % 2, 0);
}

enum scsi_progress
call_start(struct call *c, const void *out, size_t length)
{
    enum scsi_progress progress = scsi_start(&c->cmd);
    uint64_t n = c->cmd.out_length;

    ck_assert_int_eq(c->done, 0);
    if (progress == SCSI_RUNNING)
        return progress;
    ck_assert_uint_gt(n, 0);
    if (c->cmd.expected_out == UINT64_MAX)
        c->cmd.expected_out = n;
    if (n > c->cmd.expected_out)
        n = c->cmd.expected_out;
    if (n > length)
        n = length;
    if (n > 0) {
        c->cmd.out = iobuf_new(n);
        ck_assert_ptr_nonnull(c->cmd.out);
        memcpy(c->cmd.out->data, out, n);
    }
    scsi_continue(&c->cmd);
    ck_assert_int_eq(c->done, 0);
    return progress;
}

void
turn_until_done(struct call *c, struct fixture *f)
{
    for (int i = 0; c->done == 0; i++) {
        ck_assert_int_lt(i, 100000);
        worker_turn(f->worker, false);
    }
    worker_turn(f->worker, false);
    ck_assert_int_eq(c->done, 1);
    ck_assert_ptr_null(c->cmd.out);
    ck_assert_ptr_null(c->cmd.scratch);
    if (c->cmd.in_length > 0 && c->cmd.expected_in >= c->cmd.in_length) {
        ck_assert_ptr_nonnull(c->cmd.in);
        ck_assert_uint_eq(c->cmd.in->length, c->cmd.in_length);
    }
}

void
call_run(struct call *c, struct fixture *f, const void *out, size_t length)
{
    call_start(c, out, length);
    turn_until_done(c, f);
}

void
call_end(struct call *c)
{
    iobuf_unref(c->cmd.in);
    c->cmd.in = NULL;
}

void
run(struct call *c, struct fixture *f, const char *cdb)
{
    call_init(c, f, cdb);
    call_run(c, f, NULL, 0);
}

/* The sense key and the codes, in either format. */
static const char *
sense_codes(const struct call *c)
{
    static char text[16];
    const uint8_t *sense = c->cmd.sense;
    bool is_fixed = (sense[0] & 0x7f) < 0x72;

    ck_assert_uint_ge(c->cmd.sense_length, is_fixed ? 18 : 8);
    snprintf(text, sizeof text, "%x/%02x/%02x", sense[is_fixed ? 2 : 1] & 0x0f,
             sense[is_fixed ? 12 : 2], sense[is_fixed ? 13 : 3]);
    return text;
}

const char *
outcome(const struct call *c)
{

    switch (c->cmd.status) {
    case SCSI_GOOD:
        return "GOOD";
    case SCSI_BUSY:
        return "BUSY";
    case SCSI_TASK_ABORTED:
        return "ABORTED";
    case SCSI_CHECK_CONDITION:
        return sense_codes(c);
    case SCSI_RESERVATION_CONFLICT:
        return "CONFLICT";
    case SCSI_TASK_SET_FULL:
        break;
    }
    return "?";
}

const char *
field_pointer(const struct call *c)
{
    static char text[32];
    const uint8_t *sks = c->cmd.sense + 15;
    const char *where = sks[0] & 0x40 ? "cdb" : "list";

    if (c->cmd.sense_length < 18 || !(sks[0] & 0x80))
        return "none";
    if (sks[0] & 0x08)
        snprintf(text, sizeof text, "%s %u.%u", where, get_be16(sks + 1), sks[0] & 7u);
    else
        snprintf(text, sizeof text, "%s %u", where, get_be16(sks + 1));
    return text;
}

int64_t
information(const struct call *c)
{
    if (c->cmd.sense_length < 18 || !(c->cmd.sense[0] & 0x80))
        return -1;
    return get_be32(c->cmd.sense + 3);
}

const char *
asked(const struct fixture *f, unsigned n)
{
    static const char *const names[STORE_OPS] = {
        [STORE_READ] = "READ",         [STORE_WRITE] = "WRITE", [STORE_FLUSH] = "FLUSH",
        [STORE_UNMAP] = "UNMAP",       [STORE_ZERO] = "ZERO",   [STORE_EXTENT] = "EXTENT",
        [STORE_PREFETCH] = "PREFETCH", [STORE_COPY] = "COPY",   [STORE_SPACE] = "SPACE"};
    static char text[64];
    const struct fake_record *r;

    if (n >= fake_store_records(f->store))
        return "";
    r = fake_store_record(f->store, n);
    if (r->op == STORE_FLUSH || r->op == STORE_SPACE)
        return names[r->op];
    snprintf(text, sizeof text, "%s%s %" PRIu64 "+%" PRIu64, names[r->op], r->fua ? " fua" : "",
             r->offset, r->length);
    return text;
}
