/*
 * sweep.c: abort tasks and wait for their end.
 *
 * A sweep counts the running tasks that it has marked, and each that ends counts down the
 * sweeps that have counted it. Which those are must be the same question at both moments, so it
 * looks only at what never changes in a task's life; but for one thing, which changes once: a
 * task that waits for an abort of its own is passed over, by this sweep and all later ones of
 * that kind.
 */
#include "iscsi/sweep.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "iscsi/session_private.h"
#include "iscsi/task.h"
#include "scsi/lun.h"

/* What the preempted copy ends, wherever it is (SPC-4 section 5.13.11.2.6, d): it may write to
 * that LUN, too. */
static bool
is_of_lun(const struct sweep *sweep, const struct task *task)
{
    if (task->lun == NULL)
        return false;
    return lun_is_same_disk(task->lun->nexus->lun, sweep->lun) ||
           (sweep->abort != NULL && scsi_copies(task->cmd.cdb));
}

static bool
is_in_scope(const struct sweep *sweep, const struct task *task)
{
    if (task->sequence > sweep->last_task)
        return false;
    if (sweep->task != NULL && sweep->task != task)
        return false;
    if (sweep->session != NULL && sweep->session != task->session)
        return false;
    if (sweep->lun != NULL && !is_of_lun(sweep, task))
        return false;
    if (sweep->abort != NULL && !sweep->abort->covers(sweep->abort, task->lun->nexus))
        return false;
    return sweep->target == NULL || strcasecmp(sweep->target, task->session->target_name) == 0;
}

static bool
is_passed_over(const struct sweep *sweep, const struct task *task)
{
    return sweep->abort != NULL && task->passed_over_since != 0 &&
           task->passed_over_since <= sweep->id;
}

static bool
covers(const struct sweep *sweep, const struct task *task)
{
    return is_in_scope(sweep, task) && !is_passed_over(sweep, task);
}

static bool
is_own(const struct sweep *sweep, const struct task *task)
{
    return task->session == sweep->by ||
           (sweep->abort != NULL && task->cmd.it_nexus == sweep->abort->by);
}

/* TASK is covered. It may be gone afterwards. */
static void
abort_one(const struct sweep *sweep, struct task *task)
{
    struct nexus *nexus = task->lun != NULL ? task->lun->nexus : NULL;

    if (nexus == NULL || is_own(sweep, task)) {
        task_abort(task);
    } else if (lun_is(nexus->lun, LUN_TAS)) {
        task_abort_and_tell(task);
    } else {
        if (!sweep->is_reset)
            nexus_raise(nexus, ATTENTION_COMMANDS_CLEARED);
        task_abort(task);
    }
}

/* TASK matches the scope, or does not. It may be gone afterwards. */
static void
look_at(struct sweep *sweep, struct task *task)
{
    if (sweep->abort != NULL && task->cmd.is_waiting_for_abort && task->passed_over_since == 0)
        task->passed_over_since = sweep->id;
    if (!covers(sweep, task))
        return;
    if (task->state == TASK_RUNNING)
        sweep->waiting++;
    abort_one(sweep, task);
}

static void
abort_tasks(struct sweep *sweep, struct session *s)
{
    struct task *task, *next;

    /* What is dormant goes first, so that nothing of it begins when others end. */
    for (int turn = 0; turn < 2; turn++)
        for (task = LIST_FIRST(&s->tasks); task != NULL; task = next) {
            next = LIST_NEXT(task, link);
            if (turn == 1 || task->state == TASK_DORMANT)
                look_at(sweep, task);
        }
}

bool
sweep_start(struct sweep *sweep)
{
    struct session_worker *here = session_worker_here();
    struct session *s, *next;

    sweep->id = ++here->sweep_sequence;
    sweep->last_task = here->task_sequence;
    sweep->waiting = 0;
    /* A session that ends here has at most running tasks, so none is freed under our hands. */
    for (s = LIST_FIRST(&here->sessions); s != NULL; s = next) {
        next = LIST_NEXT(s, link);
        abort_tasks(sweep, s);
    }
    if (sweep->waiting == 0)
        return true;
    LIST_INSERT_HEAD(&here->sweeps, sweep, link);
    return false;
}

void
sweeps_task_ended(const struct task *task)
{
    struct sweep *sweep, *next;

    for (sweep = LIST_FIRST(&session_worker_here()->sweeps); sweep != NULL; sweep = next) {
        next = LIST_NEXT(sweep, link);
        if (!covers(sweep, task))
            continue;
        assert(sweep->waiting > 0);
        if (--sweep->waiting == 0) {
            LIST_REMOVE(sweep, link);
            sweep->done(sweep);
        }
    }
}

static void
part_swept(struct sweep *sweep)
{
    unsigned i = worker_id(worker_current());
    struct sweep_all *all =
        (struct sweep_all *)((char *)(sweep - i) - offsetof(struct sweep_all, sweeps));

    broadcast_answer(all->parts[i]);
}

/* On each worker. */
static void
sweep_here(struct broadcast_part *part, struct worker *w)
{
    struct sweep_all *all =
        (struct sweep_all *)((char *)part->of - offsetof(struct sweep_all, broadcast));
    struct sweep *sweep = &all->sweeps[worker_id(w)];

    all->parts[worker_id(w)] = part;
    *sweep = all->scope;
    sweep->done = part_swept;
    if (all->also != NULL)
        all->also(all);
    if (sweep_start(sweep))
        broadcast_answer(part);
}

static void
all_swept(struct broadcast *b)
{
    struct sweep_all *all =
        (struct sweep_all *)((char *)b - offsetof(struct sweep_all, broadcast));

    all->done(all);
}

void
sweep_all_start(struct sweep_all *all)
{
    all->broadcast.work = sweep_here;
    all->broadcast.done = all_swept;
    broadcast_start(&all->broadcast);
}

static void
scsi_abort_done(struct sweep_all *all)
{
    struct scsi_abort *abort = all->asked;

    free(all);
    abort->done(abort);
}

int
sweep_for_scsi(struct scsi_abort *abort)
{
    struct sweep_all *all = calloc(1, sizeof *all);

    if (all == NULL)
        return -ENOMEM;
    all->scope.abort = abort;
    all->scope.lun = abort->lun;
    all->asked = abort;
    all->done = scsi_abort_done;
    sweep_all_start(all);
    return 0;
}
