/*
 * rod_commands.c: POPULATE TOKEN and WRITE USING TOKEN (SBC-3 sections 5.7 and 5.44), which
 * Windows calls offloaded data transfer.
 *
 * With IMMED too the answer comes at the end: what one command moves is bounded
 * (ROD_BYTES_MAX).
 */
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/copy.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "scsi/rod.h"
#include "scsi/rod_results.h"

/* Where the length of the range descriptors is; they follow. */
enum { POPULATE_RANGES = 14, WRITE_RANGES = 534, RANGE_BYTES = 16, COUNT_AT = 8 };
enum { TOKEN_AT = 16, OFFSET_AT = 8 };
enum { DEL_TKN = 0x02, RTV = 0x02 };

static uint32_t
list_id(const struct scsi_cmd *cmd)
{
    return get_be32(cmd->cdb + 6);
}

/* Each of the following says false when it has failed CMD. */

static bool
is_apart(const struct rod_range *ranges, size_t i)
{
    const struct rod_range *r = &ranges[i];

    for (size_t k = 0; k < i; k++)
        if (r->lba < ranges[k].lba + ranges[k].count && ranges[k].lba < r->lba + r->count)
            return false;
    return true;
}

static bool
take_range(struct scsi_cmd *cmd, struct rod *rod, unsigned at)
{
    const uint8_t *d = cmd->out->data + at;
    struct rod_range *r = &rod->ranges[rod->range_count];

    *r = (struct rod_range){.lba = get_be64(d), .count = get_be32(d + COUNT_AT)};
    if (r->count == 0)
        return true;
    if (!lun_has_range(cmd_lun(cmd), r->lba, r->count)) {
        cmd_fail_at(cmd, SENSE_LBA_OUT_OF_RANGE, r->lba);
        return false;
    }
    if (!is_apart(rod->ranges, rod->range_count)) {
        cmd_fail_list(cmd, at, -1);
        return false;
    }
    rod->blocks += r->count;
    rod->range_count++;
    if (rod->blocks > ROD_BYTES_MAX / cmd_lun(cmd)->block_size) {
        cmd_fail_list(cmd, at + COUNT_AT, -1);
        return false;
    }
    return true;
}

/* The block device range descriptors; their length is at AT. */
static bool
take_ranges(struct scsi_cmd *cmd, unsigned at, struct rod *rod)
{
    unsigned length = get_be16(cmd->out->data + at);

    if (get_be16(cmd->out->data) + 2u > cmd->out->length ||
        at + 2 + length > cmd->out->length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return false;
    }
    if (length < RANGE_BYTES) {
        cmd_fail_list(cmd, at, -1);
        return false;
    }
    if (length / RANGE_BYTES > ROD_RANGES_MAX) {
        cmd_fail_sense(
            cmd, &(struct sense){
                     .condition = SENSE_TOO_MANY_SEGMENTS,
                     .field = {.where = SENSE_FIELD_IN_LIST, .byte = (uint16_t)at, .bit = -1}});
        return false;
    }
    rod->range_count = 0;
    rod->blocks = 0;
    for (unsigned i = 0; i < length / RANGE_BYTES; i++)
        if (!take_range(cmd, rod, at + 2 + i * RANGE_BYTES))
            return false;
    if (rod->blocks == 0) {
        cmd_fail_list(cmd, at + 2 + COUNT_AT, -1);
        return false;
    }
    return true;
}

static bool
check_length(struct scsi_cmd *cmd, unsigned at_least)
{
    uint32_t length = get_be32(cmd->cdb + 10);

    if (length == 0 || length >= at_least)
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

bool
populate_token_check(struct scsi_cmd *cmd)
{
    return check_length(cmd, POPULATE_RANGES + 2);
}

bool
write_using_token_check(struct scsi_cmd *cmd)
{
    return check_length(cmd, WRITE_RANGES + 2);
}

/* False: CMD has ended. */
static bool
has_list(struct scsi_cmd *cmd)
{
    if (cmd->out_length == 0)
        cmd_good(cmd); /* an empty list is no error */
    else if (cmd->out == NULL || cmd->out->length < cmd->out_length)
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    else
        return true;
    return false;
}

/* NULL: it has failed CMD. */
static struct rod_result *
begin_result(struct scsi_cmd *cmd)
{
    struct rod_result *result;
    bool is_taken;

    result = rod_results_begin(cmd->nexus, (uint8_t)command_service_action(cmd->command),
                               list_id(cmd), &is_taken);
    if (is_taken)
        cmd_fail_sense(
            cmd, &(struct sense){.condition = SENSE_OPERATION_IN_PROGRESS,
                                 .field = {.where = SENSE_FIELD_IN_CDB, .byte = 6, .bit = -1}});
    else if (result == NULL)
        cmd_finish(cmd, SCSI_BUSY);
    return result;
}

/* POPULATE TOKEN */

static unsigned
timeout_of(const struct scsi_cmd *cmd)
{
    unsigned timeout = get_be32(cmd->out->data + 4);

    return timeout > 0 ? timeout : ROD_TIMEOUT_DEFAULT;
}

static bool
check_populate_list(struct scsi_cmd *cmd)
{
    const uint8_t *list = cmd->out->data;

    if (timeout_of(cmd) > ROD_TIMEOUT_MAX)
        cmd_fail_list(cmd, 4, -1);
    else if ((list[2] & RTV) && get_be32(list + 8) != ROD_TYPE_CHANGE_VULNERABLE)
        cmd_fail_list(cmd, 8, -1);
    else
        return true;
    return false;
}

/* CMD has the blocks alone: whoever changes them later finds the token. */
static void
populate(struct scsi_cmd *cmd)
{
    struct rod_result *result;
    struct rod rod;
    int error;

    if (!take_ranges(cmd, POPULATE_RANGES, &rod)) /* again: the unit may have shrunk */
        return;
    result = begin_result(cmd);
    if (result == NULL)
        return;
    error = rod_create(cmd_lun(cmd), &rod, timeout_of(cmd));
    if (error == 0) {
        result->has_token = true;
        result->blocks = rod.blocks;
        rod_token_write(result->token, cmd_lun(cmd), &rod);
    }
    rod_results_end(result, error == 0 ? SCSI_GOOD : SCSI_BUSY, NULL);
    cmd_finish(cmd, error == 0 ? SCSI_GOOD : SCSI_BUSY);
}

void
populate_token(struct scsi_cmd *cmd)
{
    uint64_t first = UINT64_MAX, end = 0;
    struct rod rod;

    if (!has_list(cmd) || !check_populate_list(cmd) || !take_ranges(cmd, POPULATE_RANGES, &rod))
        return;
    for (size_t i = 0; i < rod.range_count; i++) {
        const struct rod_range *r = &rod.ranges[i];

        first = r->lba < first ? r->lba : first;
        end = r->lba + r->count > end ? r->lba + r->count : end;
    }
    cmd_claim(cmd, first, end - first, populate);
}

/* WRITE USING TOKEN */

/* What is wrong with a token; SENSE_NO_SENSE: nothing. */
static enum sense_condition
look_at_token(const struct scsi_cmd *cmd, struct nexus **from, struct rod *rod)
{
    static const enum sense_condition conditions[] = {
        [ROD_UNKNOWN] = SENSE_TOKEN_UNKNOWN,
        [ROD_REVOKED] = SENSE_TOKEN_REVOKED,
        [ROD_EXPIRED] = SENSE_TOKEN_EXPIRED,
    };
    const uint8_t *token = cmd->out->data + TOKEN_AT, *naa;
    uint8_t expected[ROD_TOKEN_BYTES], naa_length;
    enum rod_state state;

    if (get_be16(token + 6) != ROD_TOKEN_BYTES - 8)
        return SENSE_INVALID_TOKEN_LENGTH;
    *from = NULL;
    if (get_be32(token) == ROD_TYPE_BLOCK_DEVICE_ZERO)
        return SENSE_NO_SENSE;
    if (get_be32(token) != ROD_TYPE_CHANGE_VULNERABLE)
        return SENSE_UNSUPPORTED_TOKEN_TYPE;
    naa = rod_token_naa(token, &naa_length);
    *from = nexus_find_by_naa(cmd->it_nexus, naa, naa_length);
    if (*from == NULL)
        return SENSE_REMOTE_TOKEN;
    state = rod_use((*from)->lun, rod_token_secret(token), rod);
    if (state != ROD_VALID)
        return conditions[state];
    rod_token_write(expected, (*from)->lun, rod);
    if (memcmp(expected, token, sizeof expected) == 0)
        return SENSE_NO_SENSE;
    rod_used((*from)->lun, rod->secret);
    return SENSE_TOKEN_CORRUPT;
}

/* Pieces for what ROD stands for (FROM NULL: zeroes) from OFFSET on, into TO. There is enough
 * of it. */
static void
add_pieces(struct copy *copy, struct nexus *from, const struct rod *rod, uint64_t offset,
           const struct rod *to)
{
    size_t r = 0;

    for (size_t i = 0; i < to->range_count; i++) {
        uint64_t lba = to->ranges[i].lba, left = to->ranges[i].count, here;

        while (left > 0) {
            struct copy_piece piece = {.from = from, .to = copy->cmd->nexus, .to_lba = lba};

            here = left;
            if (from != NULL) {
                for (; offset >= rod->ranges[r].count; r++)
                    offset -= rod->ranges[r].count;
                piece.from_lba = rod->ranges[r].lba + offset;
                if (here > rod->ranges[r].count - offset)
                    here = rod->ranges[r].count - offset;
                offset += here;
            }
            piece.count = here;
            copy_add(copy, &piece);
            lba += here;
            left -= here;
        }
    }
}

static bool
still_holds(struct copy *copy)
{
    const struct copy_piece *piece = &copy->pieces[copy->pieces_done];

    return rod_is_valid(piece->from->lun, rod_token_secret(copy->cmd->out->data + TOKEN_AT));
}

static const enum sense_condition of_end[] = {
    [COPY_REFUSED] = SENSE_THIRD_PARTY_DEVICE_FAILURE,
    [COPY_NOT_READY] = SENSE_COPY_TARGET_NOT_REACHABLE,
    [COPY_OUTSIDE] = SENSE_COPY_ABORTED,
    [COPY_FAILED] = SENSE_THIRD_PARTY_DEVICE_FAILURE,
    [COPY_REVOKED] = SENSE_TOKEN_REVOKED,
};

static void
copied(struct copy *copy, enum copy_end end)
{
    static const enum scsi_status statuses[] = {
        [COPY_GOOD] = SCSI_GOOD, [COPY_ENDED] = SCSI_TASK_ABORTED, [COPY_BUSY] = SCSI_BUSY};
    const struct sense sense = {.condition = end > COPY_BUSY ? of_end[end] : SENSE_NO_SENSE};
    struct scsi_cmd *cmd = copy->cmd;
    struct rod_result *result = copy->user;
    struct nexus *from = copy->pieces[0].from;
    bool has_sense = end > COPY_BUSY;
    enum scsi_status status = has_sense ? SCSI_CHECK_CONDITION : statuses[end];
    const uint8_t *secret = rod_token_secret(cmd->out->data + TOKEN_AT);

    result->blocks = copy->bytes / cmd_lun(cmd)->block_size;
    result->segments = (uint16_t)copy->pieces_done;
    rod_results_end(result, status, has_sense ? &sense : NULL);
    if (from != NULL)
        rod_used(from->lun, secret);
    if (from != NULL && end == COPY_GOOD && (cmd->out->data[2] & DEL_TKN))
        rod_delete(from->lun, secret);
    copy_free(copy);
    if (has_sense)
        cmd_fail_sense(cmd, &sense);
    else
        cmd_finish(cmd, status);
}

/* The rest of what the list says of ROD, which FROM has (NULL: zeroes), and of TO. */
static bool
check_use(struct scsi_cmd *cmd, const struct nexus *from, const struct rod *rod,
          const struct rod *to)
{
    uint64_t offset = get_be64(cmd->out->data + OFFSET_AT);

    if (from == NULL)
        return true;
    if (from->lun->block_size != cmd_lun(cmd)->block_size) {
        cmd_fail(cmd, SENSE_INCORRECT_COPY_TARGET_TYPE);
        return false;
    }
    if (offset >= rod->blocks || to->blocks > rod->blocks - offset) {
        cmd_fail_list(cmd, OFFSET_AT, -1);
        return false;
    }
    return true;
}

/* Takes the use of ROD. */
static void
start_copy(struct scsi_cmd *cmd, struct nexus *from, const struct rod *rod,
           const struct rod *to)
{
    struct copy *copy = copy_new(cmd, ROD_RANGES_MAX * 2);
    struct rod_result *result;

    if (copy == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
    } else if ((result = begin_result(cmd)) != NULL) {
        add_pieces(copy, from, rod, get_be64(cmd->out->data + OFFSET_AT), to);
        copy->user = result;
        copy->still_holds = from != NULL ? still_holds : NULL;
        copy_start(copy, copied);
        return;
    }
    copy_free(copy);
    if (from != NULL)
        rod_used(from->lun, rod->secret);
}

void
write_using_token(struct scsi_cmd *cmd)
{
    enum sense_condition condition;
    struct nexus *from;
    struct rod rod, to;

    if (!has_list(cmd) || !take_ranges(cmd, WRITE_RANGES, &to))
        return;
    condition = look_at_token(cmd, &from, &rod);
    if (condition != SENSE_NO_SENSE) {
        cmd_fail_sense(
            cmd, &(struct sense){
                     .condition = condition,
                     .field = {.where = SENSE_FIELD_IN_LIST, .byte = TOKEN_AT, .bit = -1}});
        return;
    }
    if (check_use(cmd, from, &rod, &to))
        start_copy(cmd, from, &rod, &to);
    else if (from != NULL)
        rod_used(from->lun, rod.secret);
}
