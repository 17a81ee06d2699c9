/* sanitize.c: SANITIZE (SBC-3 sections 4.11 and 5.24). */
#include "scsi/sanitize.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/iobuf.h"
#include "core/log.h"
#include "core/timer.h"
#include "scsi/commands.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/range_guard.h"
#include "scsi/rod.h"
#include "store/store.h"

/* One operation of the store: between two of them a stop or an abort is noticed. */
#define OVERWRITE_STEP_MAX (1u << 20)
#define ERASE_STEP_MAX     (64u << 20)

/*
 * An overwrite starts slowly: until these seconds are over it goes at most at that rate, so
 * that whoever started it by mistake can save the rest by stopping the daemon, and whoever
 * watches progress gets to see some.
 */
#define SLOW_START_US   (8u * 1000000u)
#define SLOW_START_RATE (16u << 20) /* bytes a second */

/* All blocks, however many there will be. */
#define ALL_BLOCKS ((uint64_t)1 << 62)

enum { IMMED = 0x80, AUSE = 0x20 };

struct sanitize {
    LIST_ENTRY(sanitize) link; /* of its worker */
    struct lun *lun;           /* counted */
    struct scsi_cmd *waiter;   /* who is answered at the end; NULL: nobody */
    enum store_op op;
    unsigned passes, pass;
    bool inverts;          /* the pattern, from pass to pass */
    struct iobuf *pattern; /* what one step writes; NULL: it erases */
    uint64_t at;           /* offset of the next step */
    uint64_t started_us, written;
    struct store_io io;
    struct timer timer;
    struct range_claim claim;
};

/* What one worker has at work; the worker's own. */
static struct {
    LIST_HEAD(, sanitize) operations;
    bool is_stopping;
    void (*stopped)(void *arg);
    void *arg;
} at_worker[WORKERS_MAX + 1];

static struct sanitize *
of_io(struct store_io *io)
{
    return (struct sanitize *)(void *)((char *)io - offsetof(struct sanitize, io));
}

static struct sanitize *
of_timer(struct timer *timer)
{
    return (struct sanitize *)(void *)((char *)timer - offsetof(struct sanitize, timer));
}

/* Under the lock. */
static void
set_state(struct lun *lun, enum sanitize_state state)
{
    struct nexus *nexus;

    atomic_store(&lun->sanitize.progress, 0);
    atomic_store(&lun->sanitize.state, state);
    LIST_FOREACH (nexus, &lun->nexuses, link)
        nexus_set_access(nexus, VERDICT_SANITIZE,
                         state == SANITIZE_IDLE ? 0 : VERDICT_SANITIZE);
}

static enum sanitize_state
state_of(const struct lun *lun)
{
    return (enum sanitize_state)atomic_load(&lun->sanitize.state);
}

/* False where another one runs already. */
static bool
begin(struct lun *lun, bool is_unrestricted)
{
    bool begins;

    pthread_mutex_lock(&lun->lock);
    begins = state_of(lun) != SANITIZE_RUNNING;
    if (begins) {
        lun->sanitize.is_unrestricted = is_unrestricted;
        set_state(lun, SANITIZE_RUNNING);
    }
    pthread_mutex_unlock(&lun->lock);
    return begins;
}

static void
answer(struct scsi_cmd *cmd, bool succeeded)
{
    if (cmd->aborted)
        cmd_finish(cmd, SCSI_TASK_ABORTED);
    else if (succeeded)
        cmd_good(cmd);
    else
        cmd_fail(cmd, SENSE_SANITIZE_FAILED);
}

static void
end(struct sanitize *s, bool succeeded)
{
    unsigned id = worker_id(worker_current());
    struct lun *lun = s->lun;

    pthread_mutex_lock(&lun->lock);
    set_state(lun, succeeded ? SANITIZE_IDLE : SANITIZE_FAILED);
    pthread_mutex_unlock(&lun->lock);
    log_limited(succeeded ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "scsi",
                succeeded ? "a unit has been sanitized" : "sanitizing a unit has failed",
                "store", lun->store->name, NULL);
    if (s->waiter != NULL)
        answer(s->waiter, succeeded);
    LIST_REMOVE(s, link);
    timer_done(&s->timer);
    iobuf_unref(s->pattern);
    free(s);
    lun_unref(lun);
    if (at_worker[id].is_stopping && LIST_EMPTY(&at_worker[id].operations))
        at_worker[id].stopped(at_worker[id].arg);
}

/* Whose command was aborted has its answer now; the operation goes on. */
static void
let_waiter_go(struct sanitize *s)
{
    struct scsi_cmd *waiter = s->waiter;

    if (waiter == NULL || !waiter->aborted)
        return;
    s->waiter = NULL;
    answer(waiter, false);
}

/* With its worker, and with the last way to the unit. */
static bool
must_end(const struct sanitize *s)
{
    return at_worker[worker_id(worker_current())].is_stopping ||
           atomic_load(&s->lun->refs) == 1;
}

static void step(struct sanitize *s);

static void
show_progress(const struct sanitize *s, uint64_t size)
{
    double done = ((double)s->pass + (double)s->at / (double)size) / s->passes;
    unsigned progress = (unsigned)(done * 65536);

    atomic_store_explicit(&s->lun->sanitize.progress, progress < 65535 ? progress : 65535,
                          memory_order_relaxed);
}

static void
invert(struct iobuf *pattern)
{
    for (size_t i = 0; i < pattern->length; i++)
        pattern->data[i] = (uint8_t)~pattern->data[i];
}

/* A pass is through, and stable. */
static void
next_pass(struct sanitize *s)
{
    if (++s->pass == s->passes) {
        end(s, true);
        return;
    }
    s->at = 0;
    if (s->inverts)
        invert(s->pattern);
    step(s);
}

static void
flushed(struct store_io *io)
{
    struct sanitize *s = of_io(io);

    if (io->error != 0)
        end(s, false);
    else
        next_pass(s);
}

static void
stepped(struct store_io *io)
{
    struct sanitize *s = of_io(io);
    uint64_t size = atomic_load(&s->lun->store->size);

    if (io->error == 0) {
        s->at += io->length;
        s->written += io->length;
    } else if (io->offset + io->length <= size) { /* it is not that the store has shrunk */
        end(s, false);
        return;
    }
    step(s);
}

static void
submit(struct sanitize *s, enum store_op op, uint64_t length, void (*done)(struct store_io *io))
{
    s->io = (struct store_io){
        .op = op,
        .offset = op == STORE_FLUSH ? 0 : s->at,
        .length = length,
        .data = op == STORE_WRITE ? s->pattern->data : NULL,
        .done = done,
    };
    store_submit(s->lun->store, &s->io);
}

/* How long the next step has to wait. */
static uint64_t
slow_start_us(const struct sanitize *s)
{
    uint64_t due, now = clock_us() - s->started_us;

    if (s->op != STORE_WRITE || now >= SLOW_START_US)
        return 0;
    due = s->written * 1000000 / SLOW_START_RATE;
    if (due > SLOW_START_US)
        due = SLOW_START_US;
    return due > now ? due - now : 0;
}

/* The size is looked at anew each time: it may change. */
static void
step(struct sanitize *s)
{
    struct store *store = s->lun->store;
    uint64_t size = atomic_load(&store->size), wait = slow_start_us(s), length;
    uint64_t max = s->op == STORE_WRITE ? s->pattern->length : ERASE_STEP_MAX;

    let_waiter_go(s);
    if (must_end(s)) {
        end(s, false);
    } else if (s->at >= size) {
        if (store->capabilities & STORE_CAN_FLUSH)
            submit(s, STORE_FLUSH, 0, flushed);
        else
            next_pass(s);
    } else if (wait > 0) {
        timer_start(&s->timer, wait);
    } else {
        show_progress(s, size);
        length = size - s->at;
        submit(s, s->op, length < max ? length : max, stepped);
    }
}

static void
step_is_due(struct timer *timer)
{
    step(of_timer(timer));
}

/*
 * Commands that had blocks when the operation began end before its first write: none of them
 * may have the last word on a block. Those that waited for theirs, and new ones, find the
 * verdict, so that the claim on all blocks need not be kept.
 */

static struct sanitize *
of_claim(struct range_claim *claim)
{
    return (struct sanitize *)(void *)((char *)claim - offsetof(struct sanitize, claim));
}

static void
begin_steps(struct range_claim *claim)
{
    struct sanitize *s = of_claim(claim);

    rod_written(s->lun, 0, ALL_BLOCKS);
    s->started_us = clock_us();
    step(s);
}

static void
others_have_ended(struct range_claim *claim)
{
    if (range_leave(claim, begin_steps))
        begin_steps(claim);
}

/* Runs later than start(), so that an answer may be given at once. */
static void
wait_for_others(struct timer *timer)
{
    struct sanitize *s = of_timer(timer);

    timer->run = step_is_due;
    switch (range_take(s->lun->guard, &s->claim, 0, ALL_BLOCKS, others_have_ended)) {
    case CLAIM_IS_GRANTED:
        others_have_ended(&s->claim);
        break;
    case CLAIM_MUST_WAIT:
        break;
    case CLAIM_NO_MEMORY:
        end(s, false);
        break;
    }
}

/* Takes S, of which op, passes, inverts and pattern are set; NULL: memory was short. */
static void
start(struct scsi_cmd *cmd, struct sanitize *s)
{
    struct lun *lun = cmd_lun(cmd);
    unsigned id = worker_id(worker_current());

    if (s == NULL || at_worker[id].is_stopping || timer_init(&s->timer, wait_for_others) < 0) {
        cmd_finish(cmd, SCSI_BUSY);
    } else if (!begin(lun, cmd->cdb[1] & AUSE)) {
        const struct sense sense = lun_state(lun);
        cmd_fail_sense(cmd, &sense);
    } else {
        s->lun = lun_ref(lun);
        s->waiter = cmd->cdb[1] & IMMED ? NULL : cmd;
        LIST_INSERT_HEAD(&at_worker[id].operations, s, link);
        log_limited(LOG_LEVEL_INFO, "scsi", "a unit is being sanitized", "store",
                    lun->store->name, "by", cmd->it_nexus->initiator_name, "command",
                    cmd->command->name, NULL);
        timer_start(&s->timer, 0);
        if (s->waiter == NULL)
            cmd_good(cmd);
        return;
    }
    if (s != NULL) {
        timer_done(&s->timer);
        iobuf_unref(s->pattern);
        free(s);
    }
}

static bool
check_reserved(struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & 0x40) { /* ZNR is for zoned devices (ZBC) */
        cmd_fail_cdb(cmd, 1, 6);
        return false;
    }
    for (unsigned i = 2; i <= 6; i++) {
        if (cmd->cdb[i] != 0) {
            cmd_fail_cdb(cmd, i, -1);
            return false;
        }
    }
    return true;
}

/* Table 103: which lists the service actions take. */
static bool
check_list_length(struct scsi_cmd *cmd)
{
    unsigned length = get_be16(cmd->cdb + 7);
    bool takes_list = cmd->command->out != OUT_NONE;

    if (takes_list ? length > 4 && length < cmd_lun(cmd)->block_size + 5 : length == 0)
        return true;
    cmd_fail_cdb(cmd, 7, -1);
    return false;
}

/*
 * After a failure in restricted completion mode there is one way out: another operation in the
 * same mode that succeeds.
 */
static bool
check_mode(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);
    bool is_restricted;

    pthread_mutex_lock(&lun->lock);
    is_restricted = state_of(lun) == SANITIZE_FAILED && !lun->sanitize.is_unrestricted;
    pthread_mutex_unlock(&lun->lock);
    if (is_restricted && cmd->command->run == sanitize_exit_failure_mode)
        cmd_fail_cdb(cmd, 1, 4);
    else if (is_restricted && (cmd->cdb[1] & AUSE))
        cmd_fail_cdb(cmd, 1, 5);
    else
        return true;
    return false;
}

bool
sanitize_check(struct scsi_cmd *cmd)
{
    struct sense sense = lun_state(cmd_lun(cmd));

    if (sense.condition == SENSE_NOT_READY_SANITIZE) {
        cmd_fail_sense(cmd, &sense);
        return false;
    }
    return check_reserved(cmd) && check_list_length(cmd) && check_mode(cmd);
}

/* Table 104 */
static bool
check_overwrite_list(struct scsi_cmd *cmd)
{
    const uint8_t *list = cmd->out != NULL ? cmd->out->data : NULL;
    unsigned length;

    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return false;
    }
    length = get_be16(list + 2);
    if ((list[0] & 0x1f) == 0) /* OVERWRITE COUNT */
        cmd_fail_list(cmd, 0, 4);
    else if (list[0] & 0x60) /* TEST: vendor specific */
        cmd_fail_list(cmd, 0, 6);
    else if (length == 0 || length > cmd_lun(cmd)->block_size || length > cmd->out_length - 4)
        cmd_fail_list(cmd, 2, -1);
    else
        return true;
    return false;
}

/* Fills BUF with blocks of BLOCK bytes, each of which begins the pattern of N bytes anew. */
static void
fill(struct iobuf *buf, size_t block, const uint8_t *pattern, size_t n)
{
    for (size_t at = 0; at < block; at++)
        buf->data[at] = pattern[at % n];
    for (size_t at = block; at < buf->length; at += block)
        memcpy(buf->data + at, buf->data, block);
}

void
sanitize_overwrite(struct scsi_cmd *cmd)
{
    struct sanitize *s;
    const uint8_t *list;

    if (!check_overwrite_list(cmd))
        return;
    list = cmd->out->data;
    s = calloc(1, sizeof *s);
    if (s != NULL)
        s->pattern = iobuf_new(OVERWRITE_STEP_MAX);
    if (s != NULL && s->pattern == NULL) {
        free(s);
        s = NULL;
    }
    if (s != NULL) {
        s->op = STORE_WRITE;
        s->passes = list[0] & 0x1f;
        s->inverts = list[0] & 0x80;
        fill(s->pattern, cmd_lun(cmd)->block_size, list + 4, get_be16(list + 2));
        /* With INVERT the last pass writes the pattern as it came. */
        if (s->inverts && s->passes % 2 == 0)
            invert(s->pattern);
    }
    start(cmd, s);
}

/* What is erased is given back to whoever keeps the store, and reads as zeroes: VPD B1h says
 * WABEREQ=01b. */
void
sanitize_block_erase(struct scsi_cmd *cmd)
{
    struct sanitize *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->op = STORE_UNMAP;
        s->passes = 1;
    }
    start(cmd, s);
}

/* Where no operation has failed there is nothing to leave. */
void
sanitize_exit_failure_mode(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);

    pthread_mutex_lock(&lun->lock);
    if (state_of(lun) == SANITIZE_FAILED && lun->sanitize.is_unrestricted)
        set_state(lun, SANITIZE_IDLE);
    pthread_mutex_unlock(&lun->lock);
    cmd_good(cmd);
}

void
sanitize_worker_stop(void (*done)(void *arg), void *arg)
{
    unsigned id = worker_id(worker_current());

    if (LIST_EMPTY(&at_worker[id].operations)) {
        done(arg);
        return;
    }
    at_worker[id].stopped = done;
    at_worker[id].arg = arg;
    at_worker[id].is_stopping = true;
}
