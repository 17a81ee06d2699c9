/*
 * fuzz_cdb.c: any CDBs with any data against a ram store.
 *
 * Input: commands, one after the other: flags (1), length of Data-Out (1, in units of 37
 * bytes), CDB (16), Data-Out. What must hold: done comes once, lengths are within what was
 * asked for.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/counters.h"
#include "core/iobuf.h"
#include "core/pool.h"
#include "core/worker.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STORE_SIZE = 64 * 4096, COMMAND_BYTES = 18, COMMANDS_MAX = 32 };
enum { NO_UNIT = 1, STOP_HERE = 2, ABORT = 4, LITTLE_EXPECTED = 8, CAPACITY = 16, RESET = 32 };

/* One unit for all inputs, so that each run is short; it is started again before each. */
static struct {
    struct worker *worker;
    struct lun *lun;
    struct nexus *nexus;
    struct it_nexus it;
    struct io_counters counters;
} unit;
static const uint16_t luns[] = {0, 1, 255, 256};

static void
released(struct lun *lun)
{
    (void)lun;
}

static void
open_unit(void)
{
    static const struct store_config config = {
        .type = "ram", .name = "fuzz", .size = STORE_SIZE, .block_size = 512};
    static const struct lun_identity identity = {.vendor_id = "VENDOR",
                                                 .product_id = "disk",
                                                 .product_revision = "1",
                                                 .serial = "0123456789",
                                                 .naa_length = 16};
    static const struct lun_attributes attributes = {.block_size = 512,
                                                     .modes = LUN_UNMAP | LUN_REMOVABLE};
    struct store *store;

    unit.worker = worker_new(0);
    if (unit.worker == NULL)
        abort();
    worker_enter(unit.worker);
    store_layer_start(pool_new("fuzz", 1)); /* where stores count space; never stopped */
    if (store_open(&config, &store, NULL) < 0)
        abort();
    unit.lun = lun_new(&identity, &attributes, store, released, NULL);
    unit.nexus = nexus_new(unit.lun, &unit.it, false, &unit.counters);
    if (unit.lun == NULL || unit.nexus == NULL)
        abort();
    unit.it = (struct it_nexus){
        .initiator_name = "iqn.2026-11.org.example:i",
        .initiator_port = "iqn.2026-11.org.example:i,i,0x00023d000001",
        .target_name = "iqn.2026-11.org.example:t",
        .target_port = "iqn.2026-11.org.example:t,t,0x0001",
        .target_port_group = 1,
        .luns = luns,
        .lun_count = sizeof luns / sizeof luns[0],
        .nexuses = &unit.nexus,
        .nexus_count = 1,
        .counters = &unit.counters,
    };
}

static unsigned done_count;

static void
command_done(struct scsi_cmd *cmd)
{
    (void)cmd;
    done_count++;
}

static void
check(bool holds)
{
    if (!holds)
        abort();
}

/* The data of a command: what it wants, up to what the initiator sends, from N bytes at DATA.
 */
static struct iobuf *
data_out(const struct scsi_cmd *cmd, const uint8_t *data, size_t n)
{
    uint64_t length = cmd->out_length < cmd->expected_out ? cmd->out_length : cmd->expected_out;
    struct iobuf *out;

    check(length <= 8 << 20);
    if (length == 0)
        return NULL;
    out = iobuf_new(length);
    check(out != NULL);
    memset(out->data, 0, length);
    memcpy(out->data, data, n < length ? n : length);
    return out;
}

/* Runs one command; returns how many bytes of input it took. */
static size_t
run_command(const uint8_t *data, size_t size)
{
    uint8_t flags = data[0];
    size_t n = (size_t)data[1] * 37;
    struct scsi_cmd cmd = {.it_nexus = &unit.it, .done = command_done};
    uint64_t taken;

    if (n > size - COMMAND_BYTES)
        n = size - COMMAND_BYTES;
    memcpy(cmd.cdb, data + 2, SCSI_CDB_MAX);
    cmd.nexus = flags & NO_UNIT ? NULL : unit.nexus;
    cmd.expected_out = flags & LITTLE_EXPECTED ? n : UINT64_MAX;
    cmd.expected_in = flags & LITTLE_EXPECTED ? n : UINT64_MAX;
    if (flags & CAPACITY)
        lun_raise(unit.lun, ATTENTION_CAPACITY_CHANGED, NULL);
    if (flags & RESET)
        lun_reset(unit.lun);
    done_count = 0;
    if (scsi_start(&cmd) == SCSI_WANTS_DATA) {
        check(cmd.out_length > 0);
        cmd.out = data_out(&cmd, data + COMMAND_BYTES, n);
        if (flags & STOP_HERE) {
            scsi_give_up(&cmd);
            check(cmd.out == NULL);
            return COMMAND_BYTES + n;
        }
        scsi_continue(&cmd);
    }
    check(done_count == 0);
    if (flags & ABORT)
        scsi_abort_command(&cmd);
    while (done_count == 0)
        worker_turn(unit.worker, true);
    check(done_count == 1);
    check(cmd.out == NULL && cmd.scratch == NULL);
    check(cmd.in_length <= 8 << 20);
    taken = cmd.in_length < cmd.expected_in ? cmd.in_length : cmd.expected_in;
    check(taken == 0 || (cmd.in != NULL && cmd.in->length >= taken));
    check((cmd.status == SCSI_CHECK_CONDITION) == (cmd.sense_length > 0));
    iobuf_unref(cmd.in);
    return COMMAND_BYTES + n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (unit.worker == NULL)
        open_unit();
    while (atomic_load(&unit.lun->sanitize.state) == SANITIZE_RUNNING)
        worker_turn(unit.worker, true);
    lun_reset(unit.lun);
    (void)lun_load(unit.lun, unit.nexus);
    while (nexus_take_attention(unit.nexus) >= 0)
        continue;
    for (int i = 0; i < COMMANDS_MAX && size >= COMMAND_BYTES; i++) {
        size_t n = run_command(data, size);
        data += n;
        size -= n;
    }
    return 0;
}
