/*
 * rod_results.h: what POPULATE TOKEN and WRITE USING TOKEN of one nexus have come to, by their
 * list identifiers: what RECEIVE ROD TOKEN INFORMATION tells. And how a token looks.
 *
 * On the worker of the nexus.
 */
#ifndef SCSI_ROD_RESULTS_H
#define SCSI_ROD_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"
#include "scsi/rod.h"

struct nexus;
struct sense;

/* Operations that are remembered, and that may be at work. */
#define ROD_RESULTS_MAX 16

enum { ROD_TOKEN_BYTES = 512 };

/* SPC-4 table 94; SBC-3 section 4.28.4 */
#define ROD_TYPE_CHANGE_VULNERABLE 0x00800001u
#define ROD_TYPE_BLOCK_DEVICE_ZERO 0xffff0001u

struct rod_result {
    bool is_used, is_running, has_token;
    uint8_t action; /* service action */
    uint32_t list_id;
    uint64_t age;
    uint16_t segments;
    uint64_t blocks; /* TRANSFER COUNT */
    enum scsi_status status;
    uint8_t sense_length, sense[SCSI_SENSE_MAX];
    uint8_t token[ROD_TOKEN_BYTES];
};

/* As copy_results_begin(). */
struct rod_result *rod_results_begin(struct nexus *nexus, uint8_t action, uint32_t list_id,
                                     bool *is_taken);

/* It has ended: SENSE is NULL where there is none. */
void rod_results_end(struct rod_result *result, enum scsi_status status,
                     const struct sense *sense);

struct rod_results;
void rod_results_free(struct rod_results *results); /* accepts NULL */

/* The token of ROD, which is LUN's. */
void rod_token_write(uint8_t token[ROD_TOKEN_BYTES], struct lun *lun, const struct rod *rod);

/* What a token says of whose it is, to be compared with rod_token_write() then. */
const uint8_t *rod_token_naa(const uint8_t token[ROD_TOKEN_BYTES], uint8_t *length);
const uint8_t *rod_token_secret(const uint8_t token[ROD_TOKEN_BYTES]);

#endif
