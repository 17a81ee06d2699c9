/* sanitize.c: sanitize operations, from their begin to their end (SBC-3 section 4.11). */
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
#define ERASE_STEP_MAX (64u << 20)

/*
 * An overwrite starts slowly: until these seconds are over it goes about at that rate, so
 * that whoever started it by mistake can save the rest by stopping the daemon, and whoever
 * watches progress gets to see some.
 */
#define SLOW_START_US   (8u * 1000000u)
#define SLOW_START_RATE (16u << 20) /* bytes a second */
#define SLOW_START_FREE (8u << 20)  /* and as much at once */

/* All blocks, however many there will be. */
#define ALL_BLOCKS ((uint64_t)1 << 62)

struct sanitize {
    LIST_ENTRY(sanitize) link; /* of its worker */
    struct lun *lun;           /* counted */
    struct scsi_cmd *waiter;   /* who is answered at the end; NULL: nobody */
    struct sanitize_plan plan;
    unsigned pass;
    uint64_t at; /* offset of the next step */
    uint64_t started_us, written;
    struct store_io io;
    struct timer timer;
    struct range_claim claim;
    struct lun_save save;
    enum sanitize_mark mark; /* what is being saved */
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

/* False where another one runs already, or has failed in restricted mode since this was
 * checked: out of that leads no unrestricted one. */
static bool
begin(struct lun *lun, bool is_unrestricted)
{
    bool begins;

    pthread_mutex_lock(&lun->lock);
    begins = state_of(lun) != SANITIZE_RUNNING &&
             !(state_of(lun) == SANITIZE_FAILED && is_unrestricted &&
               !lun->sanitize.is_unrestricted);
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

/* Once what is kept says so, too. */
static void
finish(struct sanitize *s, bool succeeded)
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
    iobuf_unref(s->plan.pattern);
    free(s);
    lun_unref(lun);
    if (at_worker[id].is_stopping && LIST_EMPTY(&at_worker[id].operations))
        at_worker[id].stopped(at_worker[id].arg);
}

static struct sanitize *
of_save(struct lun_save *save)
{
    return (struct sanitize *)(void *)((char *)save - offsetof(struct sanitize, save));
}

/* Has SAVE keep MARK of LUN. False: nobody keeps anything of it. */
static bool
keep(struct lun_save *save, struct lun *lun, const enum sanitize_mark *mark,
     void (*done)(struct lun_save *save))
{
    if (lun->save == NULL || (lun->store->capabilities & STORE_IS_VOLATILE))
        return false;
    *save = (struct lun_save){.lun = lun, .sanitize = mark, .done = done};
    lun->save(save);
    return true;
}

static void
end_is_kept(struct lun_save *save)
{
    finish(of_save(save), save->error == 0);
}

/* A failure is kept already. */
static void
end(struct sanitize *s, bool succeeded)
{
    s->mark = SANITIZE_MARK_NONE;
    if (!succeeded || !keep(&s->save, s->lun, &s->mark, end_is_kept))
        finish(s, succeeded);
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
    double done = ((double)s->pass + (double)s->at / (double)size) / s->plan.passes;
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
    if (++s->pass == s->plan.passes) {
        end(s, true);
        return;
    }
    s->at = 0;
    if (s->plan.inverts)
        invert(s->plan.pattern);
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
        .data = op == STORE_WRITE ? s->plan.pattern->data : NULL,
        .done = done,
    };
    store_submit(s->lun->store, &s->io);
}

/* How long the next step has to wait. */
static uint64_t
slow_start_us(const struct sanitize *s)
{
    uint64_t due, now = clock_us() - s->started_us;

    if (s->plan.op != STORE_WRITE || now >= SLOW_START_US)
        return 0;
    due = s->written > SLOW_START_FREE
              ? (s->written - SLOW_START_FREE) * 1000000 / SLOW_START_RATE
              : 0;
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
    uint64_t max = s->plan.op == STORE_WRITE ? s->plan.pattern->length : ERASE_STEP_MAX;

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
        submit(s, s->plan.op, length < max ? length : max, stepped);
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

static void
wait_for_others(struct sanitize *s)
{
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

static void
begin_is_kept(struct lun_save *save)
{
    if (save->error == 0)
        wait_for_others(of_save(save));
    else
        end(of_save(save), false);
}

/* Runs later than start(), so that an answer may be given at once. */
static void
keep_begin(struct timer *timer)
{
    struct sanitize *s = of_timer(timer);

    timer->run = step_is_due;
    s->mark = s->lun->sanitize.is_unrestricted ? SANITIZE_MARK_UNRESTRICTED
                                               : SANITIZE_MARK_RESTRICTED;
    if (!keep(&s->save, s->lun, &s->mark, begin_is_kept))
        wait_for_others(s);
}

static struct sanitize *
new_operation(const struct sanitize_plan *plan)
{
    struct sanitize *s = calloc(1, sizeof *s);

    if (s == NULL || timer_init(&s->timer, keep_begin) < 0) {
        free(s);
        return NULL;
    }
    s->plan = *plan;
    /* With INVERT the last pass writes the pattern as it came. */
    if (plan->inverts && plan->passes % 2 == 0)
        invert(plan->pattern);
    return s;
}

void
sanitize_start(struct scsi_cmd *cmd, const struct sanitize_plan *plan)
{
    unsigned id = worker_id(worker_current());
    struct lun *lun = cmd_lun(cmd);
    struct sanitize *s = at_worker[id].is_stopping ? NULL : new_operation(plan);

    if (s == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        iobuf_unref(plan->pattern);
        return;
    }
    if (!begin(lun, plan->is_unrestricted)) {
        const struct sense sense = lun_state(lun);

        cmd_fail_sense(cmd, &sense);
        timer_done(&s->timer);
        iobuf_unref(plan->pattern);
        free(s);
        return;
    }
    s->lun = lun_ref(lun);
    s->waiter = plan->is_immediate ? NULL : cmd;
    LIST_INSERT_HEAD(&at_worker[id].operations, s, link);
    log_limited(LOG_LEVEL_INFO, "scsi", "a unit is being sanitized", "store", lun->store->name,
                "by", cmd->it_nexus->initiator_name, "command", cmd->command->name, NULL);
    timer_start(&s->timer, 0);
    if (s->waiter == NULL)
        cmd_good(cmd);
}

struct leaving {
    struct scsi_cmd *cmd;
    struct lun_save save;
};

static void
left(struct scsi_cmd *cmd, bool succeeded)
{
    struct lun *lun = cmd_lun(cmd);

    pthread_mutex_lock(&lun->lock);
    set_state(lun, succeeded ? SANITIZE_IDLE : SANITIZE_FAILED);
    pthread_mutex_unlock(&lun->lock);
    answer(cmd, succeeded);
}

static void
leaving_is_kept(struct lun_save *save)
{
    struct leaving *l =
        (struct leaving *)(void *)((char *)save - offsetof(struct leaving, save));
    struct scsi_cmd *cmd = l->cmd;
    bool succeeded = save->error == 0;

    free(l);
    left(cmd, succeeded);
}

/*
 * Where no operation has failed there is nothing to leave. Until the end of the failure is
 * kept, the unit is as if an operation were running, so that none begins.
 */
void
sanitize_leave(struct scsi_cmd *cmd)
{
    static const enum sanitize_mark none = SANITIZE_MARK_NONE;
    struct lun *lun = cmd_lun(cmd);
    struct leaving *l;
    bool leaves;

    pthread_mutex_lock(&lun->lock);
    leaves = state_of(lun) == SANITIZE_FAILED && lun->sanitize.is_unrestricted;
    if (leaves)
        set_state(lun, SANITIZE_RUNNING);
    pthread_mutex_unlock(&lun->lock);
    if (!leaves) {
        cmd_good(cmd);
        return;
    }
    l = malloc(sizeof *l);
    if (l == NULL) {
        left(cmd, false);
        return;
    }
    l->cmd = cmd;
    if (!keep(&l->save, lun, &none, leaving_is_kept)) {
        free(l);
        left(cmd, true);
    }
}

void
sanitize_restore(struct lun *lun, enum sanitize_mark mark)
{
    if (mark == SANITIZE_MARK_NONE)
        return;
    lun->sanitize.is_unrestricted = mark == SANITIZE_MARK_UNRESTRICTED;
    atomic_store(&lun->sanitize.state, SANITIZE_FAILED);
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
