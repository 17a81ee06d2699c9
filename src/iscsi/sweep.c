/* sweep.c: abort tasks and wait for their end. */
#include "iscsi/sweep.h"

#include <assert.h>
#include <stddef.h>
#include <strings.h>

#include "iscsi/session_private.h"
#include "iscsi/task.h"

/* Looks only at what never changes in a task's life, so that what was counted at the start is
 * what is counted down. */
static bool
covers(const struct sweep *sweep, const struct task *task)
{
    if (task->sequence > sweep->last_task)
        return false;
    if (sweep->task != NULL && sweep->task != task)
        return false;
    if (sweep->session != NULL && sweep->session != task->session)
        return false;
    if (sweep->lun != NULL && (task->lun == NULL || task->lun->nexus->lun != sweep->lun))
        return false;
    return sweep->target == NULL || strcasecmp(sweep->target, task->session->target_name) == 0;
}

static void
abort_tasks(struct sweep *sweep, struct session *s)
{
    struct task *task, *next;

    for (task = LIST_FIRST(&s->tasks); task != NULL; task = next) {
        next = LIST_NEXT(task, link);
        if (!covers(sweep, task))
            continue;
        if (task->state == TASK_RUNNING)
            sweep->waiting++;
        task_abort(task);
    }
}

bool
sweep_start(struct sweep *sweep)
{
    struct session_worker *here = session_worker_here();
    struct session *s, *next;

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
