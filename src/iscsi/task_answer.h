/* task_answer.h: a finished command as Data-In PDUs and SCSI Response. */
#ifndef ISCSI_TASK_ANSWER_H
#define ISCSI_TASK_ANSWER_H

struct task;

/* Queues all of it. The task has given back its place in the window before, so that the answer
 * opens it. */
void task_answer(struct task *task);

#endif
