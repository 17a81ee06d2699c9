/*
 * task_set.h: which commands of a nexus may run, and which wait for others. SAM-5 section 8.
 *
 * Each nexus has a task set of its own (TST=001b in the control mode page), so it belongs to
 * one worker and nobody waits for another's commands. A command is enabled (it is checked and
 * runs) or dormant. SIMPLE commands are enabled at once, in any order; an ORDERED one waits for
 * all that came before it, and those that come after wait for it; HEAD OF QUEUE waits for
 * nobody, and what is dormant waits for it. Pure.
 */
#ifndef SCSI_TASK_SET_H
#define SCSI_TASK_SET_H

#include <stdbool.h>
#include <sys/queue.h>

#include "scsi/cmd.h"

struct task_set {
    unsigned enabled, dormants; /* how many */
    unsigned heads;             /* enabled HEAD OF QUEUE commands */
    unsigned ordered;           /* ORDERED commands, enabled or dormant */
    bool runs_ordered;          /* one of them is enabled, and therefore alone but for heads */
    TAILQ_HEAD(, scsi_cmd) dormant; /* in order of arrival */
};

void task_set_init(struct task_set *set);

/* CMD, which is not plain, enters: as task_set_enter(). */
bool task_set_enter_in_order(struct task_set *set, struct scsi_cmd *cmd);

/* CMD enters. False: it is dormant until task_set_next() gives it out, or it leaves. */
static inline bool
task_set_enter(struct task_set *set, struct scsi_cmd *cmd)
{
    if (cmd->attribute != TASK_SIMPLE || (set->heads | set->ordered) != 0)
        return task_set_enter_in_order(set, cmd);
    set->enabled++;
    cmd->task_state = TASK_STATE_ENABLED;
    return true;
}

/* CMD, enabled or dormant, leaves. task_set_next() must follow until there is none. */
void task_set_leave(struct task_set *set, struct scsi_cmd *cmd);

/* The next of the dormant commands that is enabled now; NULL: they all have to wait. */
struct scsi_cmd *task_set_next(struct task_set *set);

/* How many are in it. */
static inline unsigned
task_set_count(const struct task_set *set)
{
    return set->enabled + set->dormants;
}

#endif
