/* task_set.c: ORDERED and HEAD OF QUEUE among the commands of a nexus. SAM-5 section 8. */
#include "scsi/task_set.h"

#include <assert.h>

void
task_set_init(struct task_set *set)
{
    *set = (struct task_set){0};
    TAILQ_INIT(&set->dormant);
}

static void
enable(struct task_set *set, struct scsi_cmd *cmd)
{
    cmd->task_state = TASK_STATE_ENABLED;
    set->enabled++;
    set->heads += cmd->attribute == TASK_HEAD_OF_QUEUE;
    set->runs_ordered = set->runs_ordered || cmd->attribute == TASK_ORDERED;
}

/* Whether CMD, before which nobody waits any more, may be enabled (section 8.7). */
static bool
may_run(const struct task_set *set, const struct scsi_cmd *cmd)
{
    if (cmd->attribute == TASK_HEAD_OF_QUEUE)
        return true;
    if (set->heads > 0 || set->runs_ordered)
        return false;
    return cmd->attribute == TASK_SIMPLE || set->enabled == 0;
}

bool
task_set_enter_in_order(struct task_set *set, struct scsi_cmd *cmd)
{
    bool overtakes = cmd->attribute == TASK_HEAD_OF_QUEUE;

    set->ordered += cmd->attribute == TASK_ORDERED;
    if ((overtakes || set->dormants == 0) && may_run(set, cmd)) {
        enable(set, cmd);
        return true;
    }
    cmd->task_state = TASK_STATE_DORMANT;
    TAILQ_INSERT_TAIL(&set->dormant, cmd, in_task_set);
    set->dormants++;
    return false;
}

static void
remove_dormant(struct task_set *set, struct scsi_cmd *cmd)
{
    TAILQ_REMOVE(&set->dormant, cmd, in_task_set);
    set->dormants--;
}

void
task_set_leave(struct task_set *set, struct scsi_cmd *cmd)
{
    if (cmd->task_state == TASK_STATE_DORMANT) {
        remove_dormant(set, cmd);
    } else {
        assert(cmd->task_state == TASK_STATE_ENABLED && set->enabled > 0);
        set->enabled--;
        if (cmd->attribute == TASK_HEAD_OF_QUEUE)
            set->heads--;
        if (cmd->attribute == TASK_ORDERED)
            set->runs_ordered = false;
    }
    set->ordered -= cmd->attribute == TASK_ORDERED;
    cmd->task_state = TASK_STATE_ENDED;
}

struct scsi_cmd *
task_set_next(struct task_set *set)
{
    struct scsi_cmd *cmd = TAILQ_FIRST(&set->dormant);

    if (cmd == NULL || !may_run(set, cmd))
        return NULL;
    remove_dormant(set, cmd);
    enable(set, cmd);
    return cmd;
}
