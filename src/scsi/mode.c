/* mode.c: MODE SENSE (SPC-4 sections 6.13 and 6.14), its pages as a table. */
#include <string.h>

#include "core/bytes.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"

/* PAGE CONTROL */
enum page_control { PC_CURRENT, PC_CHANGEABLE, PC_DEFAULT, PC_SAVED };

enum { ALL_PAGES = 0x3f, ALL_SUBPAGES = 0xff };

/* Pages are those of LUN, whose values are all fixed: current is default, and of what is
 * changeable there is nothing (zeroes). DATA is zeroed and begins with the page's code. */
struct mode_page {
    uint8_t code, length; /* length: of what follows the two header bytes */
    void (*write)(const struct lun *lun, uint8_t *data);
};

/* SBC-3 section 6.5.5 */
static void
caching(const struct lun *lun, uint8_t *data)
{
    if (lun_is(lun, LUN_WRITE_CACHE))
        data[2] = 0x04; /* WCE */
}

/* SPC-4 section 7.5.8 */
static void
control(const struct lun *lun, uint8_t *data)
{
    (void)lun;
    data[2] = 0x20; /* TST=001b: a task set for each nexus; D_SENSE=0: fixed format */
    data[3] = 0x10; /* QUEUE ALGORITHM MODIFIER: unrestricted reordering */
}

/* SPC-4 section 7.5.11 */
static void
informational_exceptions(const struct lun *lun, uint8_t *data)
{
    (void)lun;
    data[2] = 0x08; /* DEXCPT: none are reported */
}

/* In ascending order of their codes, as they are returned. */
static const struct mode_page pages[] = {
    {0x08, 18, caching},
    {0x0a, 10, control},
    {0x1c, 10, informational_exceptions},
};

#define PAGES_LENGTH_MAX 128

/* Writes the pages that CODE means; 0 where there is none. */
static size_t
put_pages(uint8_t *data, const struct lun *lun, enum page_control pc, uint8_t code)
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (code != ALL_PAGES && code != pages[i].code)
            continue;
        memset(data + n, 0, 2u + pages[i].length);
        if (pc != PC_CHANGEABLE)
            pages[i].write(lun, data + n);
        data[n] = pages[i].code;
        data[n + 1] = pages[i].length;
        n += 2u + pages[i].length;
    }
    return n;
}

/* SBC-3 section 6.5.2.2 and 6.5.2.3; a long one where LLBAA allows it. */
static size_t
put_block_descriptor(uint8_t *data, const struct lun *lun, bool is_long)
{
    uint64_t blocks = lun_blocks(lun);

    memset(data, 0, 16);
    if (is_long) {
        put_be64(data, blocks);
        put_be32(data + 12, lun->block_size);
        return 16;
    }
    put_be32(data, blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)blocks);
    put_be24(data + 5, lun->block_size);
    return 8;
}

/* DEVICE-SPECIFIC PARAMETER (SBC-3 section 6.5.1): WP, and DPOFUA, which is always done. */
static uint8_t
device_specific(const struct scsi_cmd *cmd)
{
    return nexus_is_read_only(cmd->nexus) ? 0x90 : 0x10;
}

/* False: it has failed CMD. */
static bool
check(struct scsi_cmd *cmd)
{
    uint8_t code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
    bool known = code == ALL_PAGES;

    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        known = known || pages[i].code == code;
    if (!known) {
        cmd_fail_cdb(cmd, 2, 5);
        return false;
    }
    if (subpage != 0 && subpage != ALL_SUBPAGES) { /* no page here has subpages */
        cmd_fail_cdb(cmd, 3, -1);
        return false;
    }
    if (cmd->cdb[2] >> 6 == PC_SAVED) {
        cmd_fail(cmd, SENSE_SAVING_NOT_SUPPORTED);
        return false;
    }
    return true;
}

/* What follows the header of HEADER bytes: block descriptor and pages. */
static size_t
put_body(const struct scsi_cmd *cmd, uint8_t *data, bool long_descriptor, size_t *descriptor)
{
    const struct lun *lun = cmd_lun(cmd);

    *descriptor = 0;
    if (!(cmd->cdb[1] & 0x08)) /* DBD */
        *descriptor = put_block_descriptor(data, lun, long_descriptor);
    return *descriptor + put_pages(data + *descriptor, lun,
                                   (enum page_control)(cmd->cdb[2] >> 6), cmd->cdb[2] & 0x3f);
}

void
mode_sense_6(struct scsi_cmd *cmd)
{
    uint8_t data[4 + 16 + PAGES_LENGTH_MAX];
    size_t length, descriptor;

    if (!check(cmd))
        return;
    length = 4 + put_body(cmd, data + 4, false, &descriptor);
    data[0] = (uint8_t)(length - 1);
    data[1] = 0; /* MEDIUM TYPE */
    data[2] = device_specific(cmd);
    data[3] = (uint8_t)descriptor;
    cmd_answer(cmd, data, length, cmd->cdb[4]);
}

void
mode_sense_10(struct scsi_cmd *cmd)
{
    uint8_t data[8 + 16 + PAGES_LENGTH_MAX] = {0};
    bool is_long = cmd->cdb[1] & 0x10; /* LLBAA */
    size_t length, descriptor;

    if (!check(cmd))
        return;
    length = 8 + put_body(cmd, data + 8, is_long, &descriptor);
    put_be16(data, (uint16_t)(length - 2));
    data[3] = device_specific(cmd);
    data[4] = is_long && descriptor > 0 ? 0x01 : 0; /* LONGLBA */
    put_be16(data + 6, (uint16_t)descriptor);
    cmd_answer(cmd, data, length, get_be16(cmd->cdb + 7));
}
