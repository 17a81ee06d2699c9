/* sense.c: the bytes of sense data (SPC-4 section 4.5). */
#include "scsi/sense.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/bytes.h"
#include "scsi/lun_space.h"

static const struct condition {
    uint8_t key, asc, ascq;
    const char *text;
} conditions[SENSE_CONDITIONS] = {
#define SENSE(name, key, asc, ascq, text) [SENSE_##name] = {key, asc, ascq, text},
#include "scsi/sense.def"
#undef SENSE
};

static const struct sense of_attention[ATTENTIONS] = {
    [ATTENTION_POWER_ON] = {.condition = SENSE_POWER_ON},
    [ATTENTION_BUS_RESET] = {.condition = SENSE_BUS_RESET},
    [ATTENTION_DEVICE_RESET] = {.condition = SENSE_DEVICE_RESET},
    [ATTENTION_COMMANDS_CLEARED] = {.condition = SENSE_COMMANDS_CLEARED},
    [ATTENTION_MEDIUM_CHANGED] = {.condition = SENSE_MEDIUM_CHANGED},
    [ATTENTION_RESERVATIONS_PREEMPTED] = {.condition = SENSE_RESERVATIONS_PREEMPTED},
    [ATTENTION_RESERVATIONS_RELEASED] = {.condition = SENSE_RESERVATIONS_RELEASED},
    [ATTENTION_REGISTRATIONS_PREEMPTED] = {.condition = SENSE_REGISTRATIONS_PREEMPTED},
    [ATTENTION_MODE_CHANGED] = {.condition = SENSE_MODE_CHANGED},
    [ATTENTION_PORT_STATE_CHANGED] = {.condition = SENSE_PORT_STATE_CHANGED},
    [ATTENTION_CAPACITY_CHANGED] = {.condition = SENSE_CAPACITY_CHANGED},
    [ATTENTION_INQUIRY_CHANGED] = {.condition = SENSE_INQUIRY_CHANGED},
    [ATTENTION_LUNS_CHANGED] = {.condition = SENSE_LUNS_CHANGED},
    /* INFORMATION: the descriptor of the mode page (SBC-3 section 4.7.3.7) */
    [ATTENTION_NO_SPACE_LEFT] = {.condition = SENSE_SOFT_THRESHOLD_REACHED,
                                 .has_information = true,
                                 .information = SPACE_NONE_DESCRIPTOR},
    [ATTENTION_SPACE_SHORT] = {.condition = SENSE_SOFT_THRESHOLD_REACHED,
                               .has_information = true,
                               .information = SPACE_SHORT_DESCRIPTOR},
};

/* The first row that fits; what has no row is a medium error. */
static const struct {
    int error;
    enum sense_condition condition;
} of_errno[] = {
    {ENOSPC, SENSE_SPACE_ALLOCATION_FAILED},
    {EDQUOT, SENSE_SPACE_ALLOCATION_FAILED},
    {EFBIG, SENSE_SPACE_ALLOCATION_FAILED},
    {EROFS, SENSE_WRITE_PROTECTED},
    {EACCES, SENSE_WRITE_PROTECTED},
    {EPERM, SENSE_WRITE_PROTECTED},
    {ENODEV, SENSE_NOT_READY_INTERVENTION},
    {ENXIO, SENSE_NOT_READY_INTERVENTION},
    {ENOMEDIUM, SENSE_NOT_READY_INTERVENTION},
    {ESHUTDOWN, SENSE_NOT_READY_INTERVENTION},
    {ETIMEDOUT, SENSE_COMMUNICATION_TIMEOUT},
    {EINVAL, SENSE_INTERNAL_TARGET_FAILURE},
    {EOPNOTSUPP, SENSE_INTERNAL_TARGET_FAILURE},
    {EBADF, SENSE_INTERNAL_TARGET_FAILURE},
};

uint8_t
sense_key(enum sense_condition condition)
{
    return conditions[condition].key;
}

const char *
sense_text(enum sense_condition condition)
{
    return conditions[condition].text;
}

const struct sense *
sense_of_attention(enum unit_attention attention)
{
    return &of_attention[attention];
}

enum sense_condition
sense_of_errno(int error, bool is_read)
{
    for (size_t i = 0; i < sizeof of_errno / sizeof of_errno[0]; i++) {
        if (of_errno[i].error == error)
            return of_errno[i].condition;
    }
    return is_read ? SENSE_UNRECOVERED_READ_ERROR : SENSE_WRITE_ERROR;
}

/* The field pointer of ILLEGAL REQUEST (SPC-4 section 4.5.2.4.2). */
static void
write_field_pointer(const struct sense_field *field, uint8_t bytes[3])
{
    bytes[0] = 0x80; /* SKSV */
    if (field->where == SENSE_FIELD_IN_CDB)
        bytes[0] |= 0x40;
    if (field->bit >= 0)
        bytes[0] |= (uint8_t)(0x08 | field->bit);
    put_be16(bytes + 1, field->byte);
}

/* The sense key specific bytes, where there is something for them: a field pointer, or the
 * progress indication of NOT READY (section 4.5.2.4.4). */
static bool
write_specific(const struct sense *sense, uint8_t bytes[3])
{
    if (sense->field.where != SENSE_FIELD_NONE) {
        write_field_pointer(&sense->field, bytes);
    } else if (sense->has_progress) {
        bytes[0] = 0x80; /* SKSV */
        put_be16(bytes + 1, sense->progress);
    } else {
        return false;
    }
    return true;
}

/* SPC-4 section 4.5.3 */
static uint8_t
write_fixed(const struct sense *sense, const struct condition *c, uint8_t *bytes)
{
    memset(bytes, 0, 18);
    bytes[0] = 0x70;
    bytes[2] = c->key;
    /* INFORMATION has 32 bits here: what does not fit is not said (SBC-3 section 4.18). */
    if (sense->has_information && sense->information <= UINT32_MAX) {
        bytes[0] |= 0x80;
        put_be32(bytes + 3, (uint32_t)sense->information);
    }
    bytes[7] = 10;          /* ADDITIONAL SENSE LENGTH */
    if (sense->has_segment) /* bytes 3 and 4 of COMMAND-SPECIFIC INFORMATION (6.4.3) */
        put_be16(bytes + 10, sense->segment);
    bytes[12] = c->asc;
    bytes[13] = c->ascq;
    (void)write_specific(sense, bytes + 15);
    return 18;
}

/* SPC-4 section 4.5.2 */
static uint8_t
write_descriptor(const struct sense *sense, const struct condition *c, uint8_t *bytes)
{
    uint8_t length = 8;

    memset(bytes, 0, 8 + 12 + 12 + 8);
    bytes[0] = 0x72;
    bytes[1] = c->key;
    bytes[2] = c->asc;
    bytes[3] = c->ascq;
    if (sense->has_information) {
        uint8_t *d = bytes + length;
        d[0] = 0x00; /* information descriptor */
        d[1] = 0x0a;
        d[2] = 0x80; /* VALID */
        put_be64(d + 4, sense->information);
        length += 12;
    }
    if (sense->has_segment) {
        uint8_t *d = bytes + length;
        d[0] = 0x01; /* command specific information descriptor */
        d[1] = 0x0a;
        put_be16(d + 4 + 2, sense->segment);
        length += 12;
    }
    if (write_specific(sense, bytes + length + 4)) {
        bytes[length] = 0x02; /* sense key specific descriptor */
        bytes[length + 1] = 0x06;
        length += 8;
    }
    bytes[7] = (uint8_t)(length - 8);
    return length;
}

uint8_t
sense_write(const struct sense *sense, bool descriptor_format, uint8_t bytes[SCSI_SENSE_MAX])
{
    const struct condition *c = &conditions[sense->condition];

    return descriptor_format ? write_descriptor(sense, c, bytes) : write_fixed(sense, c, bytes);
}
