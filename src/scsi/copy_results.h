/*
 * copy_results.h: what has become of the copies of one initiator port at one unit, by their
 * list identifiers: what RECEIVE COPY RESULTS tells.
 *
 * On the worker of the nexus.
 */
#ifndef SCSI_COPY_RESULTS_H
#define SCSI_COPY_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"

struct copy;
struct nexus;
struct sense;

/* Copies that one nexus may have at work, and those that are remembered. */
#define COPIES_MAX 8

enum copy_state { COPY_STATE_NONE, COPY_STATE_RUNNING, COPY_STATE_DONE, COPY_STATE_ERROR };

struct copy_result {
    enum copy_state state;
    uint8_t list_id;
    const struct copy *copy; /* while it runs */
    uint16_t segments;       /* processed */
    uint64_t bytes;          /* written */
    uint64_t age;            /* the smaller the older */
    uint8_t status;          /* of an error: enum scsi_status and sense data */
    uint8_t sense_length, sense[SCSI_SENSE_MAX];
};

/* A place for COPY, with LIST_ID, which begins now. NULL with *IS_TAKEN: one with that
 * identifier is at work; without: there are too many, or memory is short. */
struct copy_result *copy_results_begin(struct nexus *nexus, uint8_t list_id,
                                       const struct copy *copy, bool *is_taken);

/* How far COPY is. */
void copy_results_update(struct copy_result *result, const struct copy *copy);

/* The copy, which is gone, has ended like this. SENSE is NULL where there is none. IS_KEPT:
 * until somebody asks. */
void copy_results_end(struct copy_result *result, enum scsi_status status,
                      const struct sense *sense, bool is_kept);

struct copy_results;
void copy_results_free(struct copy_results *results); /* accepts NULL */

#endif
