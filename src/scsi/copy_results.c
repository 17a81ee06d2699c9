/* copy_results.c: RECEIVE COPY RESULTS (SPC-4 sections 6.22 to 6.25), and what it tells. */
#include "scsi/copy_results.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "scsi/copy.h"
#include "scsi/execute.h"
#include "scsi/extended_copy.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

struct copy_results {
    uint64_t count;
    struct copy_result results[COPIES_MAX];
};

void
copy_results_free(struct copy_results *results)
{
    free(results);
}

static struct copy_result *
find(struct copy_results *results, uint8_t list_id)
{
    for (size_t i = 0; results != NULL && i < COPIES_MAX; i++) {
        struct copy_result *r = &results->results[i];

        if (r->state != COPY_STATE_NONE && r->list_id == list_id)
            return r;
    }
    return NULL;
}

/* A free place, or that of the oldest that has ended. */
static struct copy_result *
find_place(struct copy_results *results)
{
    struct copy_result *place = NULL;

    for (size_t i = 0; i < COPIES_MAX; i++) {
        struct copy_result *r = &results->results[i];

        if (r->state == COPY_STATE_NONE)
            return r;
        if (r->state != COPY_STATE_RUNNING && (place == NULL || r->age < place->age))
            place = r;
    }
    return place;
}

struct copy_result *
copy_results_begin(struct nexus *nexus, uint8_t list_id, const struct copy *copy,
                   bool *is_taken)
{
    struct copy_result *r;

    *is_taken = false;
    if (nexus->copies == NULL)
        nexus->copies = calloc(1, sizeof *nexus->copies);
    if (nexus->copies == NULL)
        return NULL;
    r = find(nexus->copies, list_id);
    if (r != NULL && r->state == COPY_STATE_RUNNING) {
        *is_taken = true;
        return NULL;
    }
    if (r == NULL)
        r = find_place(nexus->copies);
    if (r != NULL)
        *r = (struct copy_result){.state = COPY_STATE_RUNNING,
                                  .list_id = list_id,
                                  .copy = copy,
                                  .age = ++nexus->copies->count};
    return r;
}

void
copy_results_update(struct copy_result *result, const struct copy *copy)
{
    result->segments = (uint16_t)copy->pieces_done;
    result->bytes = copy->bytes;
}

/* Of one that was aborted nothing is kept (section 5.16.4). */
void
copy_results_end(struct copy_result *result, enum scsi_status status, const struct sense *sense,
                 bool is_kept)
{
    result->copy = NULL;
    result->state = !is_kept || status == SCSI_TASK_ABORTED ? COPY_STATE_NONE
                    : status == SCSI_GOOD                   ? COPY_STATE_DONE
                                                            : COPY_STATE_ERROR;
    result->status = (uint8_t)status;
    if (sense != NULL)
        result->sense_length = sense_write(sense, false, result->sense);
}

/* The result that CMD asks for; NULL: it has failed CMD. */
static struct copy_result *
wanted(struct scsi_cmd *cmd)
{
    struct copy_result *r = find(cmd->nexus->copies, cmd->cdb[2]);

    if (r == NULL)
        cmd_fail_cdb(cmd, 2, -1);
    return r;
}

/* Section 6.24 */
void
receive_copy_status(struct scsi_cmd *cmd)
{
    struct copy_result *r = wanted(cmd);
    uint8_t data[12] = {0};
    uint64_t count;

    if (r == NULL)
        return;
    if (r->copy != NULL)
        copy_results_update(r, r->copy);
    put_be32(data, sizeof data - 4);
    data[4] = (uint8_t)(r->state == COPY_STATE_RUNNING ? 0x00
                        : r->state == COPY_STATE_DONE  ? 0x01
                                                       : 0x02);
    put_be16(data + 5, r->segments);
    count = r->bytes;
    while (count > UINT32_MAX) { /* TRANSFER COUNT UNITS: bytes, KiB, MiB, … */
        count >>= 10;
        data[7]++;
    }
    put_be32(data + 8, (uint32_t)count);
    /* What is told of an end needs not be kept any longer, but details of a failure. */
    if (r->state == COPY_STATE_DONE)
        r->state = COPY_STATE_NONE;
    cmd_answer(cmd, data, sizeof data, get_be32(cmd->cdb + 10));
}

/* Section 6.23 */
void
receive_failed_segment_details(struct scsi_cmd *cmd)
{
    struct copy_result *r = wanted(cmd);
    uint8_t data[60 + sizeof r->sense] = {0};
    size_t n = 4; /* nothing has failed: no details */

    if (r == NULL)
        return;
    if (r->state == COPY_STATE_ERROR) {
        data[56] = r->status; /* EXTENDED COPY COMMAND STATUS */
        put_be16(data + 58, r->sense_length);
        memcpy(data + 60, r->sense, r->sense_length);
        n = 60 + (size_t)r->sense_length;
        r->state = COPY_STATE_NONE;
    }
    put_be32(data, (uint32_t)(n - 4));
    cmd_answer(cmd, data, n, get_be32(cmd->cdb + 10));
}

/* Section 6.25 */
void
receive_copy_operating_parameters(struct scsi_cmd *cmd)
{
    uint8_t data[46] = {0};

    put_be32(data, sizeof data - 4);
    data[4] = 0x01; /* SNLID: a copy needs no list identifier */
    put_be16(data + 8, COPY_TARGETS_MAX);
    put_be16(data + 10, COPY_SEGMENTS_MAX);
    put_be32(data + 12, COPY_LIST_MAX);
    put_be32(data + 16, COPY_SEGMENT_BLOCKS_MAX * cmd_lun(cmd)->block_size);
    put_be16(data + 34, COPIES_MAX); /* TOTAL CONCURRENT COPIES */
    data[36] = COPIES_MAX;
    data[37] = cmd_lun(cmd)->block_size == 512 ? 9 : 12; /* DATA SEGMENT GRANULARITY */
    data[43] = 2;                                        /* implemented descriptors */
    data[44] = COPY_SEGMENT_BLOCK_TO_BLOCK;
    data[45] = COPY_TARGET_IDENTIFICATION;
    cmd_answer(cmd, data, sizeof data, get_be32(cmd->cdb + 10));
}
