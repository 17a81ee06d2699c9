/* mode_pages.c: the mode pages as a table. A new one is a row here. */
#include "scsi/mode_pages.h"

#include <string.h>

#include "core/bytes.h"
#include "scsi/lun_space.h"

static void
put_threshold(uint8_t *data, uint64_t sets)
{
    if (sets != 0)
        data[0] = 0x80; /* ENABLED, THRESHOLD TYPE: soft, THRESHOLD ARMING: decreasing */
    data[1] = 0x01;     /* THRESHOLD RESOURCE: available LBA mapping resources */
    put_be32(data + 4, sets > UINT32_MAX ? UINT32_MAX : (uint32_t)sets);
}

/* SBC-3 section 6.5.7: two thresholds, for what is available to this unit and others. */
static void
space_thresholds(const struct lun *lun, uint8_t *data)
{
    put_threshold(data + SPACE_SHORT_DESCRIPTOR,
                  (lun_space_threshold(lun) + SPACE_SET - 1) / SPACE_SET);
    put_threshold(data + SPACE_NONE_DESCRIPTOR, SPACE_NONE_LEFT);
}

/* clang-format off */
static const struct mode_page pages[] = {
    {0x01, 0x00, 10, {0}, {       /* SBC-3 section 6.5.8: read-write error recovery */
        {7, 0x80, LUN_LBPERE},      /* LBPERE */
    }, true, NULL},
    {0x08, 0x00, 18, {0}, {       /* SBC-3 section 6.5.5: caching */
        {2, 0x04, LUN_WRITE_CACHE}, /* WCE */
    }, false, NULL},
    {0x0a, 0x00, 10, {            /* SPC-4 section 7.5.8: control */
        0x20,                       /* TST=001b: a task set for each nexus */
        0x10,                       /* QUEUE ALGORITHM MODIFIER: unrestricted reordering */
    }, {
        {2, 0x04, LUN_D_SENSE},     /* D_SENSE */
        {4, 0x08, LUN_SWP},         /* SWP */
        {5, 0x40, LUN_TAS},         /* TAS */
    }, false, NULL},
    {0x1c, 0x00, 10, {            /* SPC-4 section 7.5.11: informational exceptions */
        0x08,                       /* DEXCPT: none are reported */
    }, {{0}}, false, NULL},
    {0x1c, 0x02, 28, {0}, {{0}}, true, space_thresholds},
};
/* clang-format on */

const struct mode_page *
mode_page_at(size_t i)
{
    return i < sizeof pages / sizeof pages[0] ? &pages[i] : NULL;
}

bool
mode_page_is_offered(const struct mode_page *page, const struct lun *lun)
{
    return !page->of_space || lun_counts_space(lun);
}

const struct mode_page *
mode_page_find(uint8_t code, uint8_t subpage)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (pages[i].code == code && pages[i].subpage == subpage)
            return &pages[i];
    }
    return NULL;
}

size_t
mode_page_header(const struct mode_page *page)
{
    return page->subpage == 0 ? 2 : 4;
}

size_t
mode_page_size(const struct mode_page *page)
{
    return mode_page_header(page) + page->length;
}

static bool
has_bit(const struct mode_page *page, size_t i)
{
    return i < sizeof page->bits / sizeof page->bits[0] && page->bits[i].mask != 0;
}

bool
mode_page_is_changeable(const struct mode_page *page)
{
    return has_bit(page, 0);
}

static void
write_header(const struct mode_page *page, uint8_t *data)
{
    memset(data, 0, mode_page_size(page));
    data[0] = page->code;
    if (page->subpage == 0) {
        data[1] = page->length;
        return;
    }
    data[0] |= 0x40; /* SPF */
    data[1] = page->subpage;
    data[3] = page->length;
}

size_t
mode_page_write(const struct mode_page *page, const struct lun *lun, unsigned modes,
                uint8_t *data)
{
    write_header(page, data);
    memcpy(data + mode_page_header(page), page->fixed, sizeof page->fixed);
    for (size_t i = 0; has_bit(page, i); i++) {
        if (modes & page->bits[i].mode)
            data[page->bits[i].byte] |= page->bits[i].mask;
    }
    if (page->write_attributes != NULL)
        page->write_attributes(lun, data);
    return mode_page_size(page);
}

size_t
mode_page_write_mask(const struct mode_page *page, uint8_t *data)
{
    write_header(page, data);
    for (size_t i = 0; has_bit(page, i); i++)
        data[page->bits[i].byte] |= page->bits[i].mask;
    return mode_page_size(page);
}

unsigned
mode_page_read(const struct mode_page *page, const uint8_t *data, unsigned *values)
{
    unsigned named = 0;

    *values = 0;
    for (size_t i = 0; has_bit(page, i); i++) {
        named |= page->bits[i].mode;
        if (data[page->bits[i].byte] & page->bits[i].mask)
            *values |= page->bits[i].mode;
    }
    return named;
}
