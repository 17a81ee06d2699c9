/* mode_pages.h: the mode pages (SPC-4 section 7.5, SBC-3 section 6.5): what they say of a
 * unit's modes, and the way back. Pure; any thread. Only for src/scsi/. */
#ifndef SCSI_MODE_PAGES_H
#define SCSI_MODE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "scsi/lun.h"

struct mode_page {
    uint8_t code, subpage;
    uint8_t length;   /* of what follows the header */
    uint8_t fixed[4]; /* from byte 2 on: what nobody can change. The rest is zero */
    struct mode_bit {
        uint8_t byte, mask;
        enum lun_mode mode;
    } bits[3];     /* up to one without a mask: what can be changed */
    bool of_space; /* only of units that count their space */
    /* Optional: adds what LUN's attributes say, which nobody can change either. */
    void (*write_attributes)(const struct lun *lun, uint8_t *data);
};

#define MODE_PAGES_MAX 128 /* all of them take fewer bytes */

/* In the order in which they are returned; NULL after the last one. */
const struct mode_page *mode_page_at(size_t i);

/* Whether it has anything that MODE SELECT changes, and saves. */
bool mode_page_is_changeable(const struct mode_page *page);
bool mode_page_is_offered(const struct mode_page *page, const struct lun *lun);

/* NULL where there is none. */
const struct mode_page *mode_page_find(uint8_t code, uint8_t subpage);

/* The header alone, and with the contents. */
size_t mode_page_header(const struct mode_page *page);
size_t mode_page_size(const struct mode_page *page);

/* Writes PAGE of LUN as it is with MODES, or, for the mask, ones in what can be changed and
 * zeroes elsewhere. Both return its size. */
size_t mode_page_write(const struct mode_page *page, const struct lun *lun, unsigned modes,
                       uint8_t *data);
size_t mode_page_write_mask(const struct mode_page *page, uint8_t *data);

/* The modes that PAGE at DATA says something of, and what (VALUES). */
unsigned mode_page_read(const struct mode_page *page, const uint8_t *data, unsigned *values);

#endif
