/* extended_copy.c: EXTENDED COPY(LID1) (SPC-4 section 6.4): its list, and its end. */
#include "scsi/extended_copy.h"

#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/copy.h"
#include "scsi/copy_results.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

enum { HEADER = 16 };

/* LIST ID USAGE */
enum { LIST_ID_HOLD = 0, LIST_ID_DISCARD = 2, LIST_ID_NONE = 3 };

/* A list on its way to a copy. */
struct list {
    struct scsi_cmd *cmd;
    const uint8_t *data;
    size_t targets, segments; /* their numbers */
};

static unsigned
target_at(size_t i)
{
    return HEADER + (unsigned)i * COPY_TARGET_BYTES;
}

static unsigned
segment_at(const struct list *list, size_t i)
{
    return target_at(list->targets) + (unsigned)i * COPY_SEGMENT_BYTES;
}

/* CONDITION, with a pointer to BYTE of the list. */
static void
fail(const struct list *list, enum sense_condition condition, unsigned byte, int bit)
{
    cmd_fail_sense(list->cmd, &(struct sense){.condition = condition,
                                              .field = {.where = SENSE_FIELD_IN_LIST,
                                                        .byte = (uint16_t)byte,
                                                        .bit = (int8_t)bit}});
}

/* CONDITION at BYTE of segment I. */
static struct sense
segment_sense(const struct list *list, size_t i, enum sense_condition condition, unsigned byte)
{
    return (struct sense){.condition = condition,
                          .field = {.where = SENSE_FIELD_IN_LIST,
                                    .byte = (uint16_t)(segment_at(list, i) + byte),
                                    .bit = -1},
                          .has_segment = true,
                          .segment = (uint16_t)i};
}

static void
fail_segment(const struct list *list, size_t i, enum sense_condition condition, unsigned byte)
{
    const struct sense sense = segment_sense(list, i, condition, byte);

    cmd_fail_sense(list->cmd, &sense);
}

/* Each of the following says false when it has failed the command. */

static bool
check_header(struct list *list)
{
    const uint8_t *data = list->data;
    size_t targets = get_be16(data + 2), segments = get_be32(data + 8);
    uint64_t inline_data = get_be32(data + 12), length = list->cmd->out->length;

    if (HEADER + targets + segments + inline_data > length ||
        targets + segments > COPY_LIST_MAX) {
        cmd_fail(list->cmd, SENSE_PARAMETER_LIST_LENGTH);
    } else if (inline_data > 0) {
        fail(list, SENSE_INLINE_DATA_TOO_LONG, 12, -1);
    } else if ((data[1] & 0x18) == 0x08) { /* LIST ID USAGE: reserved */
        fail(list, SENSE_INVALID_FIELD_IN_LIST, 1, 4);
    } else if ((data[1] & 0x18) == 0x18 && data[0] != 0) { /* there is none */
        fail(list, SENSE_INVALID_FIELD_IN_LIST, 0, -1);
    } else if (targets % COPY_TARGET_BYTES != 0) {
        fail(list, SENSE_INVALID_FIELD_IN_LIST, 2, -1);
    } else if (targets > COPY_TARGETS_MAX * COPY_TARGET_BYTES) {
        fail(list, SENSE_TOO_MANY_TARGETS, 2, -1);
    } else {
        list->targets = targets / COPY_TARGET_BYTES;
        return true;
    }
    return false;
}

/* Table 117: what can be said of a target without looking for it. LU ID TYPE is obsolete and
 * not looked at, as libiscsi's suite wants it. */
static bool
check_target(const struct list *list, size_t i)
{
    const uint8_t *d = list->data + target_at(i);

    if (d[0] != COPY_TARGET_IDENTIFICATION)
        fail(list, SENSE_UNSUPPORTED_TARGET_TYPE, target_at(i), -1);
    else if (d[1] & 0x20) /* NUL: nobody to copy from or to */
        fail(list, SENSE_UNREACHABLE_COPY_TARGET, target_at(i) + 1, 5);
    else if (d[1] & 0x1f) /* PERIPHERAL DEVICE TYPE */
        fail(list, SENSE_INCORRECT_COPY_TARGET_TYPE, target_at(i) + 1, 4);
    else if (d[7] > 20)
        fail(list, SENSE_INVALID_FIELD_IN_LIST, target_at(i) + 7, -1);
    else
        return true;
    return false;
}

/* Table 132: the header that all segments have, and their number. */
static bool
check_segments(struct list *list)
{
    size_t left = get_be32(list->data + 8);

    for (size_t i = 0; left > 0; i++) {
        const uint8_t *d = list->data + segment_at(list, i);

        if (i == COPY_SEGMENTS_MAX) {
            fail(list, SENSE_TOO_MANY_SEGMENTS, 8, -1);
            return false;
        }
        if (d[0] != COPY_SEGMENT_BLOCK_TO_BLOCK) {
            fail(list, SENSE_UNSUPPORTED_SEGMENT_TYPE, segment_at(list, i), -1);
            return false;
        }
        if (left < COPY_SEGMENT_BYTES) { /* the last one is cut off */
            cmd_fail(list->cmd, SENSE_PARAMETER_LIST_LENGTH);
            return false;
        }
        if (get_be16(d + 2) != COPY_SEGMENT_BYTES - 4) {
            fail(list, SENSE_INVALID_FIELD_IN_LIST, segment_at(list, i) + 2, -1);
            return false;
        }
        if (d[1] & 0x04) { /* FCO: there is no telling whether it will be fast */
            fail(list, SENSE_INVALID_FIELD_IN_LIST, segment_at(list, i) + 1, 2);
            return false;
        }
        list->segments++;
        left -= COPY_SEGMENT_BYTES;
    }
    return true;
}

/* The unit that the target descriptor at D names by NAA, if the initiator reaches it by the
 * session of CMD; NULL: it does not. Others are none of its business. */
static struct nexus *
find_target(const struct scsi_cmd *cmd, const uint8_t *d)
{
    if ((d[4] & 0x0f) != 1 || (d[5] & 0x3f) != 3) /* binary; of the unit, NAA */
        return NULL;
    return nexus_find_by_naa(cmd->it_nexus, d + 8, d[7]);
}

/* The nexus that is meant by the index at BYTE of segment I. */
static struct nexus *
segment_unit(const struct list *list, size_t i, unsigned byte)
{
    size_t index = get_be16(list->data + segment_at(list, i) + byte);
    const uint8_t *target = list->data + target_at(index);
    struct nexus *nexus;

    if (index >= list->targets) {
        fail_segment(list, i, SENSE_UNREACHABLE_COPY_TARGET, byte);
        return NULL;
    }
    nexus = find_target(list->cmd, target);
    if (nexus == NULL)
        fail_segment(list, i, SENSE_COPY_TARGET_NOT_REACHABLE, byte);
    else if (get_be24(target + 29) != nexus->lun->block_size)
        fail(list, SENSE_INVALID_FIELD_IN_LIST, target_at(index) + 29, -1);
    else
        return nexus;
    return NULL;
}

/* How an end of a copy is told, and which field of the segment is to blame. */
static const struct {
    enum sense_condition condition;
    uint8_t source, destination;
} ends[] = {
    [COPY_REFUSED] = {SENSE_THIRD_PARTY_DEVICE_FAILURE, 4, 6},
    [COPY_NOT_READY] = {SENSE_COPY_TARGET_NOT_REACHABLE, 4, 6},
    [COPY_OUTSIDE] = {SENSE_COPY_ABORTED, 12, 20},
    [COPY_FAILED] = {SENSE_THIRD_PARTY_DEVICE_FAILURE, 4, 6},
    [COPY_REVOKED] = {SENSE_THIRD_PARTY_DEVICE_FAILURE, 4, 6}, /* not here */
};

static struct sense
sense_of_end(const struct list *list, size_t i, enum copy_end end, bool is_source)
{
    return segment_sense(list, i, ends[end].condition,
                         is_source ? ends[end].source : ends[end].destination);
}

static bool
add_segment(const struct list *list, size_t i, struct copy *copy)
{
    const uint8_t *d = list->data + segment_at(list, i);
    struct copy_piece piece = {
        .count = get_be16(d + 10), .from_lba = get_be64(d + 12), .to_lba = get_be64(d + 20)};
    struct sense sense;
    enum copy_end end;
    bool is_source;

    piece.from = segment_unit(list, i, 4);
    if (piece.from == NULL)
        return false;
    piece.to = segment_unit(list, i, 6);
    if (piece.to == NULL)
        return false;
    if (piece.from->lun->block_size != piece.to->lun->block_size) {
        fail_segment(list, i, SENSE_INCORRECT_COPY_TARGET_TYPE, 6);
        return false;
    }
    end = copy_check(&piece, &is_source);
    if (end != COPY_GOOD) {
        sense = sense_of_end(list, i, end, is_source);
        cmd_fail_sense(list->cmd, &sense);
        return false;
    }
    copy_add(copy, &piece);
    return true;
}

static bool
check_list(struct list *list)
{
    if (!check_header(list))
        return false;
    for (size_t i = 0; i < list->targets; i++)
        if (!check_target(list, i))
            return false;
    return check_segments(list);
}

static struct list
list_of(struct scsi_cmd *cmd)
{
    return (struct list){.cmd = cmd, .data = cmd->out->data};
}

static uint8_t
list_id_usage(const struct list *list)
{
    return list->data[1] >> 3 & 0x03;
}

/* The end of CMD, and what is kept of it for RECEIVE COPY RESULTS. */
static void
end_command(struct scsi_cmd *cmd, struct copy_result *result, enum scsi_status status,
            const struct sense *sense)
{
    const struct list list = list_of(cmd);

    if (result != NULL)
        copy_results_end(result, status, sense, list_id_usage(&list) == LIST_ID_HOLD);
    if (sense != NULL)
        cmd_fail_sense(cmd, sense);
    else
        cmd_finish(cmd, status);
}

static void
copied(struct copy *copy, enum copy_end end)
{
    static const enum scsi_status statuses[] = {
        [COPY_GOOD] = SCSI_GOOD, [COPY_ENDED] = SCSI_TASK_ABORTED, [COPY_BUSY] = SCSI_BUSY};
    struct scsi_cmd *cmd = copy->cmd;
    struct copy_result *result = copy->result;
    struct list list = list_of(cmd);
    bool has_sense = end > COPY_BUSY;
    struct sense sense;

    list.targets = get_be16(list.data + 2) / COPY_TARGET_BYTES;
    if (has_sense)
        sense = sense_of_end(&list, copy->pieces_done, end, copy->is_source);
    if (result != NULL)
        copy_results_update(result, copy);
    copy_free(copy);
    if (has_sense)
        end_command(cmd, result, SCSI_CHECK_CONDITION, &sense);
    else
        end_command(cmd, result, statuses[end], NULL);
}

/* False: it has failed the command. *RESULT NULL: there is no list identifier. */
static bool
begin_result(const struct list *list, const struct copy *copy, struct copy_result **result)
{
    bool is_taken;

    *result = NULL;
    if (list_id_usage(list) == LIST_ID_NONE)
        return true;
    *result = copy_results_begin(list->cmd->nexus, list->data[0], copy, &is_taken);
    if (is_taken)
        fail(list, SENSE_OPERATION_IN_PROGRESS, 0, -1);
    else if (*result == NULL)
        cmd_finish(list->cmd, SCSI_BUSY);
    return *result != NULL;
}

static bool
add_segments(const struct list *list, struct copy *copy)
{
    for (size_t i = 0; i < list->segments; i++)
        if (!add_segment(list, i, copy))
            return false;
    return true;
}

bool
extended_copy_check(struct scsi_cmd *cmd)
{
    uint32_t length = get_be32(cmd->cdb + 10);

    if (length == 0 || length >= HEADER)
        return true;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return false;
}

/* The whole list is checked, and all units are found, before the first block is written. */
void
extended_copy(struct scsi_cmd *cmd)
{
    struct copy *copy;
    struct list list;

    if (cmd->out_length == 0) { /* an empty list is no error */
        cmd_good(cmd);
        return;
    }
    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return;
    }
    list = list_of(cmd);
    if (!check_list(&list))
        return;
    copy = copy_new(cmd, list.segments);
    if (copy == NULL) {
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    if (add_segments(&list, copy) && begin_result(&list, copy, &copy->result))
        copy_start(copy, copied);
    else
        copy_free(copy);
}
