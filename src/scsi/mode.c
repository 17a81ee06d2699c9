/* mode.c: MODE SENSE (SPC-4 sections 6.13 and 6.14). */
#include <string.h>

#include "core/bytes.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/mode_pages.h"
#include "scsi/nexus.h"

/* PAGE CONTROL */
enum page_control { PC_CURRENT, PC_CHANGEABLE, PC_DEFAULT, PC_SAVED };

enum { ALL_PAGES = 0x3f, ALL_SUBPAGES = 0xff };

static bool
is_asked_for(const struct mode_page *page, uint8_t code, uint8_t subpage)
{
    return (code == ALL_PAGES || code == page->code) &&
           (subpage == ALL_SUBPAGES || subpage == page->subpage);
}

static unsigned
modes_of(struct lun *lun, enum page_control pc)
{
    switch (pc) {
    case PC_CURRENT:
        return atomic_load_explicit(&lun->modes, memory_order_relaxed);
    case PC_SAVED:
        return lun_reset_modes(lun);
    case PC_CHANGEABLE:
    case PC_DEFAULT:
        break;
    }
    return atomic_load_explicit(&lun->default_modes, memory_order_relaxed);
}

/* Writes the pages that CODE and SUBPAGE mean. */
static size_t
put_pages(uint8_t *data, struct lun *lun, enum page_control pc, uint8_t code, uint8_t subpage)
{
    unsigned values = modes_of(lun, pc);
    const struct mode_page *page;
    size_t n = 0, size;

    for (size_t i = 0; (page = mode_page_at(i)) != NULL; i++) {
        if (!is_asked_for(page, code, subpage) || !mode_page_is_offered(page, lun))
            continue;
        size = pc == PC_CHANGEABLE ? mode_page_write_mask(page, data + n)
                                   : mode_page_write(page, lun, values, data + n);
        if (lun->save != NULL && mode_page_is_changeable(page))
            data[n] |= 0x80; /* PS */
        n += size;
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
    bool has_code = code == ALL_PAGES, has_subpage = false;
    const struct mode_page *page;

    for (size_t i = 0; (page = mode_page_at(i)) != NULL; i++) {
        if (!mode_page_is_offered(page, cmd_lun(cmd)))
            continue;
        has_code = has_code || page->code == code;
        has_subpage = has_subpage || is_asked_for(page, code, subpage);
    }
    if (!has_code) {
        cmd_fail_cdb(cmd, 2, 5);
        return false;
    }
    /* of all pages, those with another subpage cannot be had alone (SPC-4 table 178) */
    if (!has_subpage || (code == ALL_PAGES && subpage != 0 && subpage != ALL_SUBPAGES)) {
        cmd_fail_cdb(cmd, 3, -1);
        return false;
    }
    if (cmd->cdb[2] >> 6 == PC_SAVED && cmd_lun(cmd)->save == NULL) {
        cmd_fail(cmd, SENSE_SAVING_NOT_SUPPORTED);
        return false;
    }
    return true;
}

/* What follows the header of HEADER bytes: block descriptor and pages. */
static size_t
put_body(const struct scsi_cmd *cmd, uint8_t *data, bool long_descriptor, size_t *descriptor)
{
    struct lun *lun = cmd_lun(cmd);

    *descriptor = 0;
    if (!(cmd->cdb[1] & 0x08)) /* DBD */
        *descriptor = put_block_descriptor(data, lun, long_descriptor);
    return *descriptor + put_pages(data + *descriptor, lun,
                                   (enum page_control)(cmd->cdb[2] >> 6), cmd->cdb[2] & 0x3f,
                                   cmd->cdb[3]);
}

void
mode_sense_6(struct scsi_cmd *cmd)
{
    uint8_t data[4 + 16 + MODE_PAGES_MAX];
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
    uint8_t data[8 + 16 + MODE_PAGES_MAX] = {0};
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
