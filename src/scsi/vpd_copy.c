/* vpd_copy.c: the Third-party Copy VPD page (SPC-4 section 7.8.17), from the table of commands.
 */
#include <string.h>

#include "core/bytes.h"
#include "scsi/commands.h"
#include "scsi/copy_results.h"
#include "scsi/extended_copy.h"
#include "scsi/lun.h"
#include "scsi/rod_results.h"
#include "scsi/vpd.h"

/* Types of third-party copy descriptors, ascending (table 638). */
enum { BLOCK_DEVICE_ROD_LIMITS = 0x0000, SUPPORTED_ROD_TYPES = 0x0108 };
enum { SUPPORTED_COMMANDS = 0x0001, PARAMETER_DATA = 0x0004, SUPPORTED_DESCRIPTORS = 0x0008 };
enum { SUPPORTED_CSCD_IDS = 0x000c, GENERAL_COPY_OPERATIONS = 0x8001 };

/* The header of a descriptor at D, of which LENGTH bytes follow; returns the length of all,
 * filled up to a multiple of four. */
static size_t
descriptor(uint8_t *d, uint16_t type, size_t length)
{
    length = (length + 3) / 4 * 4;
    put_be16(d, type);
    put_be16(d + 2, (uint16_t)length);
    return 4 + length;
}

/* The service actions of OPCODE; returns how many bytes. */
static size_t
put_actions(uint8_t *d, const struct lun *lun, uint8_t opcode)
{
    size_t n = 0;

    for (const struct scsi_command *row = scsi_commands[opcode].actions; row->name; row++)
        if (command_is_offered(row, lun))
            d[2 + n++] = (uint8_t)command_service_action(row);
    d[0] = opcode;
    d[1] = (uint8_t)n;
    return 2 + n;
}

static size_t
supported_commands(const struct lun *lun, uint8_t *d)
{
    size_t n = put_actions(d + 5, lun, 0x83);

    n += put_actions(d + 5 + n, lun, 0x84);
    d[4] = (uint8_t)n;
    return descriptor(d, SUPPORTED_COMMANDS, 1 + n);
}

static size_t
parameter_data(uint8_t *d)
{
    put_be16(d + 8, COPY_TARGETS_MAX);
    put_be16(d + 10, COPY_SEGMENTS_MAX);
    put_be32(d + 12, COPY_LIST_MAX);
    return descriptor(d, PARAMETER_DATA, 0x1c);
}

static size_t
supported_descriptors(uint8_t *d)
{
    d[4] = 2;
    d[5] = COPY_SEGMENT_BLOCK_TO_BLOCK;
    d[6] = COPY_TARGET_IDENTIFICATION;
    return descriptor(d, SUPPORTED_DESCRIPTORS, 3);
}

/* None but those that a target descriptor makes. */
static size_t
supported_cscd_ids(uint8_t *d)
{
    return descriptor(d, SUPPORTED_CSCD_IDS, 2);
}

static size_t
general_copy_operations(const struct lun *lun, uint8_t *d)
{
    put_be32(d + 4, COPIES_MAX); /* TOTAL CONCURRENT COPIES */
    put_be32(d + 8, COPIES_MAX); /* MAXIMUM IDENTIFIED CONCURRENT COPIES */
    put_be32(d + 12, COPY_SEGMENT_BLOCKS_MAX * lun->block_size);
    d[16] = lun->block_size == 512 ? 9 : 12; /* DATA SEGMENT GRANULARITY */
    return descriptor(d, GENERAL_COPY_OPERATIONS, 0x20);
}

/* SBC-3 section 6.6.6.3: first, since it is what Windows looks for. */
static size_t
block_device_rod_limits(const struct lun *lun, uint8_t *d)
{
    put_be16(d + 10, ROD_RANGES_MAX); /* MAXIMUM RANGE DESCRIPTORS */
    put_be32(d + 12, ROD_TIMEOUT_MAX);
    put_be32(d + 16, ROD_TIMEOUT_DEFAULT);
    put_be64(d + 20, ROD_BYTES_MAX / lun->block_size); /* MAXIMUM TOKEN TRANSFER SIZE */
    put_be64(d + 28, ROD_BYTES_MAX / lun->block_size); /* OPTIMAL TRANSFER COUNT */
    return descriptor(d, BLOCK_DEVICE_ROD_LIMITS, 0x20);
}

/* Those that POPULATE TOKEN makes, and the one that nobody has to make. */
static size_t
supported_rod_types(uint8_t *d)
{
    put_be16(d + 6, 2 * 64); /* ROD TYPE DESCRIPTORS LENGTH */
    put_be32(d + 8, ROD_TYPE_CHANGE_VULNERABLE);
    d[8 + 4] = 0x03; /* TOKEN_IN, TOKEN_OUT */
    put_be32(d + 72, ROD_TYPE_BLOCK_DEVICE_ZERO);
    d[72 + 4] = 0x02; /* TOKEN_IN */
    return descriptor(d, SUPPORTED_ROD_TYPES, 4 + 2 * 64);
}

size_t
vpd_third_party_copy(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    size_t n = block_device_rod_limits(lun, data);

    (void)cmd;
    n += supported_commands(lun, data + n);
    n += parameter_data(data + n);
    n += supported_descriptors(data + n);
    n += supported_cscd_ids(data + n);
    n += supported_rod_types(data + n);
    n += general_copy_operations(lun, data + n);
    return n;
}
