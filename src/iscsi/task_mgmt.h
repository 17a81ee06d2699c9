/*
 * task_mgmt.h: task management: abort and reset.
 *
 * The answer goes out when no affected command can touch the data any more, on any worker.
 */
#ifndef ISCSI_TASK_MGMT_H
#define ISCSI_TASK_MGMT_H

#include <stdbool.h>
#include <stdint.h>

struct session;

void task_management(struct session *s, const uint8_t *header, bool data_is_good);

#endif
