/* execute.c: the life of a command: when it begins, goes on and ends. */
#include "scsi/execute.h"

#include <stddef.h>

#include "core/counters.h"
#include "core/iobuf.h"
#include "core/latency.h"
#include "scsi/checks.h"
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

static enum command_kind
kind_of(const struct scsi_cmd *cmd)
{
    return cmd->command != NULL ? cmd->command->kind : KIND_OTHER;
}

static void
count_finish(struct io_counters *c, const struct scsi_cmd *cmd, uint64_t elapsed_us)
{
    counter_add(&c->finished, 1);
    switch (kind_of(cmd)) {
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

/* For whom it is told how long commands take: the session and the export. */
static void
count_answered(struct io_counters *c, const struct scsi_cmd *cmd, uint64_t elapsed_us)
{
    static const enum latency_kind kinds[] = {
        [KIND_OTHER] = LATENCY_OTHER, [KIND_READ] = LATENCY_READ,
        [KIND_WRITE] = LATENCY_WRITE, [KIND_UNMAP] = LATENCY_OTHER,
        [KIND_FLUSH] = LATENCY_FLUSH,
    };

    if (c == NULL)
        return;
    count_finish(c, cmd, elapsed_us);
    latency_count(c, kinds[kind_of(cmd)], elapsed_us);
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
    if (status != SCSI_GOOD && cmd->nexus != NULL)
        nexus_count_refusal(cmd->nexus, status);
    count_answered(cmd->it_nexus->counters, cmd, elapsed);
    count_answered(nexus_counters(cmd), cmd, elapsed);
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
    else if (cmd_may_go_on(cmd))
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
    if (!cmd_may_begin(cmd))
        goto out;
    cmd->out_length = cmd_out_length(cmd);
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
    else if (cmd_may_go_on(cmd))
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
    const struct scsi_command *row = command_find(cdb);

    return row != NULL && (row->flags & COPIES);
}

const char *
scsi_command_name(const struct scsi_cmd *cmd)
{
    const struct scsi_command *row = command_find(cmd->cdb);

    return row != NULL ? row->name : "unknown opcode";
}
