/* sense.h: sense data (SPC-4 section 4.5): named conditions, and their bytes. Pure; any thread.
 */
#ifndef SCSI_SENSE_H
#define SCSI_SENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/cmd.h"
#include "scsi/nexus.h"

enum sense_condition {
#define SENSE(name, key, asc, ascq, text) SENSE_##name,
#include "scsi/sense.def"
#undef SENSE
    SENSE_CONDITIONS
};

/* SPC-4 table 48 */
enum { SENSE_KEY_UNIT_ATTENTION = 0x6 };

/* Which field of the CDB or the parameter list is meant. BIT is -1 for a whole byte or more. */
struct sense_field {
    enum { SENSE_FIELD_NONE, SENSE_FIELD_IN_CDB, SENSE_FIELD_IN_LIST } where;
    uint16_t byte;
    int8_t bit; /* the most significant bit of the field */
};

struct sense {
    enum sense_condition condition;
    bool has_information;
    uint64_t
        information; /* INFORMATION: a logical block address, or an offset for MISCOMPARE */
    struct sense_field field;
    bool has_progress;
    uint16_t progress; /* of NOT READY: in 65536ths */
    bool has_segment;
    uint16_t segment; /* of COPY ABORTED: the segment that failed */
};

/* Writes SENSE to BYTES in descriptor or in fixed format; returns how many bytes. */
uint8_t sense_write(const struct sense *sense, bool descriptor_format,
                    uint8_t bytes[SCSI_SENSE_MAX]);

uint8_t sense_key(enum sense_condition condition);
const char *sense_text(enum sense_condition condition);

const struct sense *sense_of_attention(enum unit_attention attention);

/* What a positive errno ERROR from a store means to the initiator, after a READ or after any
 * other operation. */
enum sense_condition sense_of_errno(int error, bool is_read);

#endif
