/* execute.c: the checks that come before a handler, in SAM order, and what comes after it. */
#include "scsi/execute.h"

#include <assert.h>

#include "core/bytes.h"
#include "core/counters.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "scsi/rod.h"

struct lun *
cmd_lun(const struct scsi_cmd *cmd)
{
    return cmd->nexus != NULL ? cmd->nexus->lun : NULL;
}

static void
count_start(struct io_counters *c)
{
    if (c != NULL)
        counter_add(&c->started, 1);
}

static void
count_finish(struct io_counters *c, const struct scsi_cmd *cmd, uint64_t elapsed_us)
{
    if (c == NULL)
        return;
    counter_add(&c->finished, 1);
    switch (cmd->command != NULL ? cmd->command->kind : KIND_OTHER) {
    case KIND_READ:
        counter_add(&c->read_ops, 1);
        counter_add(&c->read_bytes, cmd->moved);
        counter_add(&c->read_time_us, elapsed_us);
        break;
    case KIND_WRITE:
        counter_add(&c->write_ops, 1);
        counter_add(&c->write_bytes, cmd->moved);
        counter_add(&c->write_time_us, elapsed_us);
        break;
    case KIND_UNMAP:
        counter_add(&c->unmap_ops, 1);
        counter_add(&c->unmap_bytes, cmd->moved);
        break;
    case KIND_FLUSH:
        counter_add(&c->flush_ops, 1);
        break;
    case KIND_OTHER:
        counter_add(&c->other_ops, 1);
        break;
    }
}

static struct io_counters *
nexus_counters(const struct scsi_cmd *cmd)
{
    return cmd->nexus != NULL ? cmd->nexus->counters : NULL;
}

static void
drop(struct iobuf **buffer)
{
    iobuf_unref(*buffer);
    *buffer = NULL;
}

static enum scsi_progress begin(struct scsi_cmd *cmd);

/*
 * CMD has ended: those that waited for it begin, though its answer is still to be given. None
 * of them is answered before: what they do ends at the end of the turn at the earliest.
 */
static void
leave_task_set(struct scsi_cmd *cmd)
{
    struct scsi_cmd *next;
    struct task_set *set;

    if (cmd->task_state == TASK_STATE_ENDED)
        return;
    set = &cmd->nexus->tasks;
    task_set_leave(set, cmd);
    while ((next = task_set_next(set)) != NULL)
        next->started(next, begin(next));
}

static void
deliver(struct deferred *deferred)
{
    struct scsi_cmd *cmd =
        (struct scsi_cmd *)(void *)((char *)deferred - offsetof(struct scsi_cmd, deferred));

    leave_task_set(cmd);
    cmd->done(cmd);
}

static struct scsi_cmd *
cmd_of(struct range_claim *claim)
{
    return (struct scsi_cmd *)(void *)((char *)claim - offsetof(struct scsi_cmd, claim));
}

static void
left_range(struct range_claim *claim)
{
    struct scsi_cmd *cmd = cmd_of(claim);

    leave_task_set(cmd);
    cmd->done(cmd);
}

void
cmd_finish(struct scsi_cmd *cmd, enum scsi_status status)
{
    uint64_t elapsed = worker_now_us(worker_current()) - cmd->started_us;

    drop(&cmd->out);
    drop(&cmd->scratch);
    if (status != SCSI_GOOD || cmd->aborted) {
        drop(&cmd->in);
        cmd->in_length = 0;
    }
    cmd->status = status;
    count_finish(cmd->it_nexus->counters, cmd, elapsed);
    count_finish(nexus_counters(cmd), cmd, elapsed);
    if (cmd->nexus != NULL)
        count_finish(&cmd->nexus->lun->counters[worker_id(worker_current())], cmd, elapsed);
    if (!range_leave(&cmd->claim, left_range))
        return;
    if (cmd->entered) {
        cmd->deferred.run = deliver;
        worker_defer(worker_current(), &cmd->deferred);
    } else {
        leave_task_set(cmd);
        cmd->done(cmd);
    }
}

enum sense_condition
lun_readiness(const struct lun *lun)
{
    if (lun->store == NULL)
        return SENSE_NOT_READY_INTERVENTION;
    if (atomic_load_explicit(&lun->ejected, memory_order_relaxed))
        return SENSE_MEDIUM_NOT_PRESENT;
    if (atomic_load_explicit(&lun->stopped, memory_order_relaxed))
        return SENSE_NOT_READY_START_REQUIRED;
    return SENSE_NO_SENSE;
}

struct sense
lun_state(const struct lun *lun)
{
    int sanitize = atomic_load_explicit(&lun->sanitize.state, memory_order_relaxed);

    if (sanitize == SANITIZE_RUNNING)
        return (struct sense){.condition = SENSE_NOT_READY_SANITIZE,
                              .has_progress = true,
                              .progress = (uint16_t)atomic_load_explicit(
                                  &lun->sanitize.progress, memory_order_relaxed)};
    if (sanitize == SANITIZE_FAILED)
        return (struct sense){.condition = SENSE_SANITIZE_FAILED};
    return (struct sense){.condition = lun_readiness(lun)};
}

/* The verdict told of a sanitize operation. */
static void
fail_by_sanitize(struct scsi_cmd *cmd)
{
    const struct sense sense = lun_state(cmd_lun(cmd));

    /* It may have ended between the question and the answer. */
    if (sense.condition == SENSE_NO_SENSE)
        cmd_finish(cmd, SCSI_BUSY);
    else
        cmd_fail_sense(cmd, &sense);
}

/* The checks. Each says false when it has failed the command. */

static bool
check_lun(struct scsi_cmd *cmd)
{
    bool exempt = cmd->command != NULL && (cmd->command->flags & WITHOUT_LUN);

    if (cmd->nexus == NULL && !exempt) {
        cmd_fail(cmd, SENSE_LUN_NOT_SUPPORTED);
        return false;
    }
    return true;
}

/* SAM-5 section 5.14. The nexus has one that CMD is to report. */
static bool
check_attention(struct scsi_cmd *cmd)
{
    int attention = nexus_take_attention(cmd->nexus);

    if (attention < 0)
        return true;
    cmd_fail_sense(cmd, sense_of_attention((enum unit_attention)attention));
    return false;
}

static bool
check_port_state(struct scsi_cmd *cmd, unsigned verdict)
{
    if (verdict & VERDICT_SANITIZE) {
        fail_by_sanitize(cmd);
        return false;
    }
    if (!(verdict & VERDICT_OF_PORT))
        return true;
    cmd_fail(cmd, verdict & VERDICT_STANDBY       ? SENSE_NOT_READY_STANDBY
                  : verdict & VERDICT_UNAVAILABLE ? SENSE_NOT_READY_UNAVAILABLE
                                                  : SENSE_NOT_READY_TRANSITION);
    return false;
}

/*
 * What the nexus's verdict says against CMD, in the order of SAM-5 section 5.3.3: resets, a
 * reservation conflict, everything else. One load where there is nothing. An opcode that is not
 * there meets attentions only.
 */
static bool
check_verdict(struct scsi_cmd *cmd)
{
    static const unsigned attentions = VERDICT_RESET | VERDICT_ATTENTION;
    unsigned verdict;

    if (cmd->nexus == NULL)
        return true;
    verdict = atomic_load_explicit(&cmd->nexus->verdict, memory_order_acquire);
    if (verdict == 0)
        return true;
    verdict &= cmd->command != NULL ? command_stopped_by(cmd->command, cmd->cdb) : attentions;
    if ((verdict & VERDICT_RESET) && !check_attention(cmd))
        return false;
    if (verdict & VERDICT_OF_RESERVATIONS) {
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
        return false;
    }
    if ((verdict & VERDICT_ATTENTION) && !check_attention(cmd))
        return false;
    if (verdict & VERDICT_BLOCK_SIZE) {
        cmd_fail(cmd, SENSE_CAPACITY_CHANGED);
        return false;
    }
    return check_port_state(cmd, verdict);
}

/*
 * An opcode with service actions of which this is not one, is INVALID FIELD IN CDB only for
 * commands that are one command with variants; the others are commands in their own right, and
 * initiators that probe for them look for INVALID COMMAND OPERATION CODE.
 */
static bool
check_opcode(struct scsi_cmd *cmd)
{
    if (cmd->command != NULL && command_is_offered(cmd->command, cmd_lun(cmd)))
        return true;
    if (scsi_commands[cmd->cdb[0]].flags & ONE_COMMAND)
        cmd_fail_cdb(cmd, 1, 4);
    else
        cmd_fail(cmd, SENSE_INVALID_OPCODE);
    return false;
}

static bool
check_cdb(struct scsi_cmd *cmd)
{
    const struct scsi_command *command = cmd->command;
    unsigned control_at = cdb_length(cmd->cdb[0]) - 1u;

    if (cmd->cdb[control_at] & 0x04) { /* NACA: no ACA here, INQUIRY says NORMACA=0 */
        cmd_fail_cdb(cmd, control_at, 2);
        return false;
    }
    if (command->layout != CDB_NO_RANGE)
        cmd->range = cdb_range(command->layout, cmd->cdb);
    if (!(command->flags & HAS_FUA))
        cmd->range.fua = cmd->range.dpo = false;
    if (!(command->flags & HAS_PROTECT))
        cmd->range.protect = 0;
    if (cmd->range.protect != 0) { /* no protection information: INQUIRY says PROTECT=0 */
        cmd_fail_cdb(cmd, 1, 7);
        return false;
    }
    if ((command->flags & LIMITED) &&
        cmd->range.count > SCSI_TRANSFER_MAX / cmd_lun(cmd)->block_size) {
        cmd_fail_cdb(cmd, cdb_count_at(command->layout), -1);
        return false;
    }
    return command->check == NULL || command->check(cmd);
}

static bool
check_medium(struct scsi_cmd *cmd)
{
    enum sense_condition readiness;

    if (!(cmd->command->flags & NEEDS_MEDIUM))
        return true;
    readiness = lun_readiness(cmd_lun(cmd));
    if (readiness != SENSE_NO_SENSE) {
        cmd_fail(cmd, readiness);
        return false;
    }
    return true;
}

static bool
check_write_protection(struct scsi_cmd *cmd)
{
    if ((cmd->command->flags & WRITES) && nexus_is_read_only(cmd->nexus)) {
        cmd_fail(cmd, nexus_is_read_only_by_mode(cmd->nexus) ? SENSE_SOFTWARE_WRITE_PROTECTED
                                                             : SENSE_WRITE_PROTECTED);
        return false;
    }
    return true;
}

static bool
check_range(struct scsi_cmd *cmd)
{
    if (cmd->command->layout == CDB_NO_RANGE ||
        lun_has_range(cmd_lun(cmd), cmd->range.lba, cmd->range.count))
        return true;
    cmd_fail_at(cmd, SENSE_LBA_OUT_OF_RANGE, cmd->range.lba);
    return false;
}

static uint64_t
out_length(const struct scsi_cmd *cmd)
{
    switch (cmd->command->out) {
    case OUT_NONE:
        return 0;
    case OUT_BLOCKS:
        return cmd->range.count * cmd_lun(cmd)->block_size;
    case OUT_COMPARE:
        return 2 * cmd->range.count * cmd_lun(cmd)->block_size;
    case OUT_ONE_BLOCK:
        return cdb_has_ndob(cmd->cdb) ? 0 : cmd_lun(cmd)->block_size;
    case OUT_BYTCHK:
        return cdb_bytchk_blocks(cmd->cdb, cmd->range.count) * cmd_lun(cmd)->block_size;
    case OUT_LIST_6:
        return cmd->cdb[4];
    case OUT_LIST_10:
        return get_be16(cmd->cdb + 7);
    case OUT_LIST_PR:
        return get_be32(cmd->cdb + 5);
    case OUT_LIST_12:
        return get_be32(cmd->cdb + 6);
    case OUT_LIST_16:
        return get_be32(cmd->cdb + 10);
    }
    assert(!"unknown kind of Data-Out");
    return 0;
}

static bool
check_fence(struct scsi_cmd *cmd)
{
    unsigned verdict = atomic_load_explicit(&cmd->nexus->verdict, memory_order_acquire);

    verdict &= command_stopped_by(cmd->command, cmd->cdb);
    if (verdict & VERDICT_OF_RESERVATIONS)
        cmd_finish(cmd, SCSI_RESERVATION_CONFLICT);
    else if (verdict & VERDICT_SANITIZE)
        fail_by_sanitize(cmd);
    else
        return true;
    return false;
}

/* A list of that length is not even taken. */
static bool
check_list_length(struct scsi_cmd *cmd)
{
    if (cmd->command->out < OUT_LIST_6 || out_length(cmd) <= SCSI_LIST_MAX)
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

static bool (*const checks[])(struct scsi_cmd *cmd) = {
    check_lun,         check_verdict, check_opcode,           check_cdb,
    check_list_length, check_medium,  check_write_protection, check_range,
};

/* What may have changed while CMD waited for its data or for its blocks. */
static bool
may_go_on(struct scsi_cmd *cmd)
{
    return check_fence(cmd) && check_medium(cmd) && check_write_protection(cmd) &&
           check_range(cmd);
}

/* CMD has its blocks. If it changes them, the tokens that stand for them go first. */
static void
go_on(struct scsi_cmd *cmd)
{
    if (cmd->command->flags & WRITES)
        rod_written(cmd_lun(cmd), cmd->claim.first, cmd->claim.count);
    cmd->granted(cmd);
}

static void
claim_granted(struct range_claim *claim)
{
    struct scsi_cmd *cmd = cmd_of(claim);

    if (cmd->aborted)
        cmd_finish(cmd, SCSI_TASK_ABORTED);
    else if (may_go_on(cmd))
        go_on(cmd);
}

void
cmd_claim(struct scsi_cmd *cmd, uint64_t lba, uint64_t count,
          void (*granted)(struct scsi_cmd *cmd))
{
    struct range_guard *guard = cmd_lun(cmd)->guard;
    bool alone = cmd->command->flags & ALONE;

    cmd->granted = granted;
    switch ((alone ? range_take : range_share)(guard, &cmd->claim, lba, count, claim_granted)) {
    case CLAIM_IS_GRANTED:
        go_on(cmd);
        break;
    case CLAIM_MUST_WAIT:
        break;
    case CLAIM_NO_MEMORY:
        cmd_finish(cmd, SCSI_BUSY);
        break;
    }
}

/* Reads have a claim too, so that none sees half of what is atomic. VERIFY has none: what it
 * vouches for may change while it goes on in any case. */
static bool
has_claim(const struct scsi_command *command)
{
    return command->layout != CDB_NO_RANGE &&
           ((command->flags & WRITES) || command->kind == KIND_READ);
}

static void
run(struct scsi_cmd *cmd)
{
    if (has_claim(cmd->command))
        cmd_claim(cmd, cmd->range.lba, cmd->range.count, cmd->command->run);
    else
        cmd->command->run(cmd);
}

/* CMD is enabled: it is checked, and runs or wants its data. */
static enum scsi_progress
begin(struct scsi_cmd *cmd)
{
    enum scsi_progress progress = SCSI_RUNNING;

    cmd->entered = true;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i](cmd))
            goto out;
    }
    cmd->out_length = out_length(cmd);
    if (cmd->out_length > 0) {
        progress = SCSI_WANTS_DATA;
    } else {
        drop(&cmd->out); /* came unasked while it was dormant */
        run(cmd);
    }
out:
    cmd->entered = false;
    return progress;
}

/* SAM-5 section 5.3.1: more than this nexus may have open. */
static bool
is_too_many(const struct nexus *nexus)
{
    unsigned depth = atomic_load_explicit(&nexus->lun->queue_depth, memory_order_relaxed);

    return depth != 0 && task_set_count(&nexus->tasks) >= depth;
}

static enum scsi_progress
refuse_as_too_many(struct scsi_cmd *cmd)
{
    cmd->entered = true;
    cmd_finish(cmd, SCSI_TASK_SET_FULL);
    cmd->entered = false;
    return SCSI_RUNNING;
}

enum scsi_progress
scsi_start(struct scsi_cmd *cmd)
{
    cmd->started_us = worker_now_us(worker_current());
    cmd->task_state = TASK_STATE_ENDED; /* in no set yet */
    cmd->command = command_find(cmd->cdb);
    cmd->in = cmd->out = cmd->scratch = NULL;
    cmd->in_length = cmd->out_length = cmd->moved = cmd->step = 0;
    cmd->unstable = false;
    cmd->range = (struct block_range){0};
    cmd->sense_length = 0;
    cmd->deferred.queued = false;
    cmd->claim.guard = NULL;
    cmd->claim.state = CLAIM_NONE;
    count_start(cmd->it_nexus->counters);
    count_start(nexus_counters(cmd));
    if (cmd->nexus == NULL)
        return begin(cmd);
    if (is_too_many(cmd->nexus))
        return refuse_as_too_many(cmd);
    return task_set_enter(&cmd->nexus->tasks, cmd) ? begin(cmd) : SCSI_DORMANT;
}

/*
 * While the data was on its way another nexus may have taken a reservation: what is fenced off
 * now changes nothing, however early it came. (SPC-4 would let it pass.) The unit may have
 * become write protected. And the store may have shrunk: it asserts nothing a peer can break,
 * but an initiator deserves the right answer.
 */
void
scsi_continue(struct scsi_cmd *cmd)
{
    cmd->entered = true;
    if (cmd->aborted)
        cmd_finish(cmd, SCSI_TASK_ABORTED);
    else if (may_go_on(cmd))
        run(cmd);
    cmd->entered = false;
}

void
scsi_abort_command(struct scsi_cmd *cmd)
{
    cmd->aborted = true;
    if (!range_withdraw(&cmd->claim))
        return;
    cmd->entered = true; /* `done` comes later, as from anywhere else */
    cmd_finish(cmd, SCSI_TASK_ABORTED);
    cmd->entered = false;
}

void
scsi_refuse_transfer(struct scsi_cmd *cmd)
{
    cmd->entered = true;
    cmd_fail_cdb(cmd, cdb_count_at(cmd->command->layout), -1);
    cmd->entered = false;
}

void
scsi_give_up(struct scsi_cmd *cmd)
{
    drop(&cmd->out);
    drop(&cmd->scratch);
    leave_task_set(cmd);
    if (cmd->it_nexus->counters != NULL)
        counter_add(&cmd->it_nexus->counters->finished, 1);
    if (nexus_counters(cmd) != NULL)
        counter_add(&nexus_counters(cmd)->finished, 1);
}

uint32_t
scsi_scratch_max(const uint8_t *cdb)
{
    const struct scsi_command *row = command_find(cdb);

    return row != NULL && (row->flags & USES_SCRATCH) ? DISK_STEP_MAX : 0;
}

bool
scsi_copies(const uint8_t *cdb)
{
    return cdb[0] == 0x83; /* THIRD-PARTY COPY OUT, whatever its service action */
}

const char *
scsi_command_name(const struct scsi_cmd *cmd)
{
    const struct scsi_command *row = command_find(cmd->cdb);

    return row != NULL ? row->name : "unknown opcode";
}
