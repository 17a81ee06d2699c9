/*
 * execute.h: how a handler ends its command. Each of these calls is the last thing it does with
 * it: `done` may be called from within, except while scsi_start() or scsi_continue() run.
 *
 * On the command's worker.
 */
#ifndef SCSI_EXECUTE_H
#define SCSI_EXECUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/cmd.h"
#include "scsi/sense.h"

struct lun;

/* NULL where there is none. */
struct lun *cmd_lun(const struct scsi_cmd *cmd);

/* Ends CMD with STATUS: drops Data-Out and scratch, and with anything but GOOD Data-In too. */
void cmd_finish(struct scsi_cmd *cmd, enum scsi_status status);

static inline void
cmd_good(struct scsi_cmd *cmd)
{
    cmd_finish(cmd, SCSI_GOOD);
}

/*
 * Goes on by GRANTED when CMD may use the COUNT blocks from LBA on (range_guard.h), which it
 * has until it ends; at once where nobody is in the way. For what the columns of the row do not
 * claim already.
 */
void cmd_claim(struct scsi_cmd *cmd, uint64_t lba, uint64_t count,
               void (*granted)(struct scsi_cmd *cmd));

/* GOOD, with the first ALLOCATION_LENGTH of LENGTH bytes at DATA (copied) as Data-In. */
void cmd_answer(struct scsi_cmd *cmd, const void *data, size_t length,
                uint64_t allocation_length);

/* CHECK CONDITION. */
void cmd_fail(struct scsi_cmd *cmd, enum sense_condition condition);
void cmd_fail_sense(struct scsi_cmd *cmd, const struct sense *sense);
void cmd_fail_at(struct scsi_cmd *cmd, enum sense_condition condition, uint64_t information);
void cmd_fail_cdb(struct scsi_cmd *cmd, unsigned byte, int bit);
void cmd_fail_list(struct scsi_cmd *cmd, unsigned byte, int bit);

/* What the store said: ERROR is a positive errno. The transient ones are a BUSY. */
void cmd_fail_errno(struct scsi_cmd *cmd, int error, bool is_read, uint64_t lba);

/* Why the medium cannot be used just now; SENSE_NO_SENSE where it can. */
enum sense_condition lun_readiness(const struct lun *lun);

/* The same of the unit as a whole, a sanitize operation included: what REQUEST SENSE says. */
struct sense lun_state(const struct lun *lun);

#endif
