/*
 * checks.h: the checks that come before a handler, for every command in one place. Where they
 * say false they have failed the command, and it must not be touched any more. On its worker.
 */
#ifndef SCSI_CHECKS_H
#define SCSI_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

struct scsi_cmd;

/* All of them. Fills in the range of CMD. */
bool cmd_may_begin(struct scsi_cmd *cmd);

/* Those of what may have changed while CMD waited for its data or for its blocks. */
bool cmd_may_go_on(struct scsi_cmd *cmd);

/* How many bytes of Data-Out CMD takes, by its row and its range. */
uint64_t cmd_out_length(const struct scsi_cmd *cmd);

#endif
