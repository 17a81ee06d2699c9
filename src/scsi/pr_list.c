/* pr_list.c: from the bytes of a parameter list to what they say. */
#include "scsi/pr_list.h"

#include <stdlib.h>

#include "core/bytes.h"

/* Where things are. REGISTER AND MOVE has a format of its own. */
enum {
    KEY_AT = 0,
    SERVICE_ACTION_KEY_AT = 8,
    FLAGS_AT = 20,
    IDS_LENGTH_AT = 24,
    IDS_AT = 28,
    MOVE_FLAGS_AT = 17,
    MOVE_PORT_AT = 18,
    MOVE_ID_LENGTH_AT = 20,
    MOVE_ID_AT = 24,
};
enum { SPEC_I_PT = 0x08, ALL_TG_PT = 0x04, APTPL = 0x01, UNREG = 0x02 };

static enum pr_list_result
field(struct transport_id_fault *fault, size_t byte, int bit)
{
    *fault = (struct transport_id_fault){.byte = byte, .bit = bit};
    return PR_LIST_FIELD;
}

/* Adds the TransportID at AT. */
static enum pr_list_result
read_id(const uint8_t *bytes, size_t at, size_t length, struct pr_list *list,
        struct transport_id_fault *fault)
{
    struct pr_list_id *longer;

    if (list->id_count == PR_REGISTRATIONS_MAX)
        return PR_LIST_NO_RESOURCES;
    longer = realloc(list->ids, (list->id_count + 1) * sizeof *longer);
    if (longer == NULL)
        return PR_LIST_NO_RESOURCES;
    list->ids = longer;
    if (!transport_id_get(bytes + at, length - at, &longer[list->id_count].id, fault)) {
        fault->byte += at;
        return PR_LIST_FIELD;
    }
    longer[list->id_count++].at = at;
    return PR_LIST_GOOD;
}

/* SPEC_I_PT: what follows must be as long as it says. */
static enum pr_list_result
read_ids(const uint8_t *bytes, size_t length, struct pr_list *list,
         struct transport_id_fault *fault)
{
    enum pr_list_result result = PR_LIST_GOOD;

    if (length < IDS_AT)
        return PR_LIST_LENGTH;
    if (get_be32(bytes + IDS_LENGTH_AT) != length - IDS_AT)
        return field(fault, IDS_LENGTH_AT, -1);
    for (size_t at = IDS_AT; at < length && result == PR_LIST_GOOD;) {
        result = read_id(bytes, at, length, list, fault);
        if (result == PR_LIST_GOOD)
            at += list->ids[list->id_count - 1].id.length;
    }
    return result;
}

/* SPC-4 section 6.16.4 */
static enum pr_list_result
read_move(const uint8_t *bytes, size_t length, struct pr_list *list,
          struct transport_id_fault *fault)
{
    uint32_t id_length = get_be32(bytes + MOVE_ID_LENGTH_AT);
    enum pr_list_result result;

    list->unreg = bytes[MOVE_FLAGS_AT] & UNREG;
    list->aptpl = bytes[MOVE_FLAGS_AT] & APTPL;
    list->target_port_id = get_be16(bytes + MOVE_PORT_AT);
    if (id_length < TRANSPORT_ID_MIN || id_length % 4 != 0 || id_length != length - MOVE_ID_AT)
        return field(fault, MOVE_ID_LENGTH_AT, -1);
    result = read_id(bytes, MOVE_ID_AT, length, list, fault);
    if (result == PR_LIST_GOOD && list->ids[0].id.length != id_length)
        return field(fault, MOVE_ID_AT + 2, -1);
    return result;
}

/* SPC-4 section 6.16.3. SPEC_I_PT where it does not belong is for pr_apply() to refuse: a
 * reservation conflict comes first. */
static enum pr_list_result
read_basic(const uint8_t *bytes, size_t length, enum pr_action action, struct pr_list *list,
           struct transport_id_fault *fault)
{
    list->spec_i_pt = bytes[FLAGS_AT] & SPEC_I_PT;
    list->all_tg_pt = bytes[FLAGS_AT] & ALL_TG_PT;
    list->aptpl = bytes[FLAGS_AT] & APTPL;
    if (list->spec_i_pt && action == PR_REGISTER)
        return read_ids(bytes, length, list, fault);
    return length == PR_LIST_BASIC ? PR_LIST_GOOD : PR_LIST_LENGTH;
}

enum pr_list_result
pr_list_get(const uint8_t *bytes, size_t length, enum pr_action action, struct pr_list *list,
            struct transport_id_fault *fault)
{
    enum pr_list_result result;

    *list = (struct pr_list){0};
    if (length < PR_LIST_BASIC)
        return PR_LIST_LENGTH;
    list->reservation_key = get_be64(bytes + KEY_AT);
    list->service_action_key = get_be64(bytes + SERVICE_ACTION_KEY_AT);
    result = action == PR_REGISTER_AND_MOVE ? read_move(bytes, length, list, fault)
                                            : read_basic(bytes, length, action, list, fault);
    if (result != PR_LIST_GOOD)
        pr_list_done(list);
    return result;
}

void
pr_list_done(struct pr_list *list)
{
    free(list->ids);
    *list = (struct pr_list){0};
}
