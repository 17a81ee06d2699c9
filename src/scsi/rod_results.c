/* rod_results.c: RECEIVE ROD TOKEN INFORMATION (SPC-4 section 6.27), and the bytes of a token
 * (section 5.16.6.5). */
#include "scsi/rod_results.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "scsi/execute.h"
#include "scsi/extended_copy.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

struct rod_results {
    uint64_t count;
    struct rod_result results[ROD_RESULTS_MAX];
};

void
rod_results_free(struct rod_results *results)
{
    free(results);
}

static struct rod_result *
find(struct rod_results *results, uint32_t list_id)
{
    for (size_t i = 0; results != NULL && i < ROD_RESULTS_MAX; i++)
        if (results->results[i].is_used && results->results[i].list_id == list_id)
            return &results->results[i];
    return NULL;
}

/* A free place, or that of the oldest that has ended. */
static struct rod_result *
find_place(struct rod_results *results)
{
    struct rod_result *place = NULL;

    for (size_t i = 0; i < ROD_RESULTS_MAX; i++) {
        struct rod_result *r = &results->results[i];

        if (!r->is_used)
            return r;
        if (!r->is_running && (place == NULL || r->age < place->age))
            place = r;
    }
    return place;
}

struct rod_result *
rod_results_begin(struct nexus *nexus, uint8_t action, uint32_t list_id, bool *is_taken)
{
    struct rod_result *r;

    *is_taken = false;
    if (nexus->rods == NULL)
        nexus->rods = calloc(1, sizeof *nexus->rods);
    if (nexus->rods == NULL)
        return NULL;
    r = find(nexus->rods, list_id);
    if (r != NULL && r->is_running) {
        *is_taken = true;
        return NULL;
    }
    if (r == NULL)
        r = find_place(nexus->rods);
    if (r != NULL)
        *r = (struct rod_result){.is_used = true,
                                 .is_running = true,
                                 .action = action,
                                 .list_id = list_id,
                                 .age = ++nexus->rods->count};
    return r;
}

void
rod_results_end(struct rod_result *result, enum scsi_status status, const struct sense *sense)
{
    result->is_running = false;
    result->status = status;
    if (sense != NULL)
        result->sense_length = sense_write(sense, false, result->sense);
}

/* Where things are in a token. */
enum { TOKEN_TYPE = 0, TOKEN_LENGTH = 6, TOKEN_NUMBER = 8, TOKEN_CREATOR = 16 };
enum { TOKEN_BYTES_REPRESENTED = 48, TOKEN_BLOCK_LENGTH = 96, TOKEN_SECRET = 128 };

void
rod_token_write(uint8_t token[ROD_TOKEN_BYTES], struct lun *lun, const struct rod *rod)
{
    const struct lun_identity id = lun_identity(lun);
    uint8_t *creator = token + TOKEN_CREATOR;

    memset(token, 0, ROD_TOKEN_BYTES);
    put_be32(token + TOKEN_TYPE, ROD_TYPE_CHANGE_VULNERABLE);
    put_be16(token + TOKEN_LENGTH, ROD_TOKEN_BYTES - 8);
    put_be64(token + TOKEN_NUMBER, rod->number);
    creator[0] = COPY_TARGET_IDENTIFICATION;
    creator[4] = 1; /* binary */
    creator[5] = 3; /* NAA, of the unit */
    creator[7] = id.naa_length;
    memcpy(creator + 8, id.naa, id.naa_length);
    put_be24(creator + 29, lun->block_size);
    put_be64(token + TOKEN_BYTES_REPRESENTED + 8, rod->blocks * lun->block_size);
    put_be32(token + TOKEN_BLOCK_LENGTH, lun->block_size);
    memcpy(token + TOKEN_SECRET, rod->secret, ROD_SECRET_BYTES);
}

const uint8_t *
rod_token_naa(const uint8_t token[ROD_TOKEN_BYTES], uint8_t *length)
{
    *length = token[TOKEN_CREATOR + 7] <= 16 ? token[TOKEN_CREATOR + 7] : 0;
    return token + TOKEN_CREATOR + 8;
}

const uint8_t *
rod_token_secret(const uint8_t token[ROD_TOKEN_BYTES])
{
    return token + TOKEN_SECRET;
}

/* Table 388 */
enum { STATUS_GOOD = 0x01, STATUS_ERROR = 0x02, STATUS_FOREGROUND = 0x11, STATUS_ENDED = 0x60 };

static uint8_t
operation_status(const struct rod_result *r)
{
    if (r->is_running)
        return STATUS_FOREGROUND;
    return r->status == SCSI_GOOD           ? STATUS_GOOD
           : r->status == SCSI_TASK_ABORTED ? STATUS_ENDED
                                            : STATUS_ERROR;
}

void
receive_rod_token_information(struct scsi_cmd *cmd)
{
    const struct rod_result *r = find(cmd->nexus->rods, get_be32(cmd->cdb + 2));
    uint8_t data[32 + SCSI_SENSE_MAX + 4 + 2 + ROD_TOKEN_BYTES] = {0};
    size_t n = 32;

    if (r == NULL) {
        cmd_fail_cdb(cmd, 2, -1);
        return;
    }
    data[4] = r->action; /* RESPONSE TO SERVICE ACTION */
    data[5] = operation_status(r);
    put_be32(data + 8, r->is_running ? 100 : 0xfffffffe); /* ESTIMATED STATUS UPDATE DELAY */
    if (!r->is_running)
        data[12] = (uint8_t)r->status;
    data[13] = data[14] = r->sense_length;
    data[15] = 0xf1; /* TRANSFER COUNT UNITS: logical blocks */
    put_be64(data + 16, r->blocks);
    put_be16(data + 24, r->segments);
    memcpy(data + n, r->sense, r->sense_length);
    n += r->sense_length;
    if (r->has_token) {
        put_be32(data + n, 2 + ROD_TOKEN_BYTES); /* ROD TOKEN DESCRIPTORS LENGTH */
        memcpy(data + n + 6, r->token, ROD_TOKEN_BYTES);
        n += 2 + ROD_TOKEN_BYTES;
    }
    n += 4;
    put_be32(data, (uint32_t)(n - 4));
    cmd_answer(cmd, data, n, get_be32(cmd->cdb + 10));
}
