/* log_sense.c: LOG SENSE (SPC-4 section 6.6), its pages as a table. */
#include <string.h>

#include "core/bytes.h"
#include "core/counters.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "store/store.h"

enum { SUPPORTED_PAGES = 0x00, ALL_SUBPAGES = 0xff, HEADER = 4, CURRENT_CUMULATIVE = 1 };
#define PAGE_MAX 256

/* A page while it is written: its parameters in ascending order of their codes. */
struct writer {
    const struct lun *lun;
    const struct store_space *space; /* for pages that need it */
    uint16_t first;                  /* PARAMETER POINTER: those below are left out */
    uint16_t last;                   /* code of the last one that there is */
    uint8_t data[PAGE_MAX];
    size_t length;
};

struct log_page {
    uint8_t code, subpage;
    unsigned needs; /* enum store_capability */
    void (*write)(struct writer *w);
};

static const struct log_page *page_at(size_t i);

/* A binary list parameter, which nothing resets, of LENGTH bytes, zeroed; NULL: it is not
 * wanted.
 */
static uint8_t *
parameter(struct writer *w, uint16_t code, uint8_t length)
{
    uint8_t *p = w->data + w->length;

    w->last = code;
    if (code < w->first)
        return NULL;
    put_be16(p, code);
    p[2] = 0x03; /* FORMAT AND LINKING */
    p[3] = length;
    w->length += 4u + length;
    return p + 4;
}

static bool
is_offered(const struct log_page *page, const struct lun *lun)
{
    return (page->needs & ~lun_capabilities(lun)) == 0;
}

/* SPC-4 section 7.3.18: codes alone */
static void
supported_pages(struct writer *w)
{
    for (size_t i = 0; page_at(i) != NULL; i++)
        if (page_at(i)->subpage == 0 && is_offered(page_at(i), w->lun))
            w->data[w->length++] = page_at(i)->code;
}

/* SPC-4 section 7.3.19 */
static void
supported_subpages(struct writer *w)
{
    for (size_t i = 0; page_at(i) != NULL; i++) {
        if (!is_offered(page_at(i), w->lun))
            continue;
        w->data[w->length++] = page_at(i)->code;
        w->data[w->length++] = page_at(i)->subpage;
    }
}

/* SBC-3 section 6.4.4, in threshold sets */
static void
put_resources(struct writer *w, uint16_t code, uint64_t sets)
{
    uint8_t *p = parameter(w, code, 8);

    if (p == NULL)
        return;
    put_be32(p, sets > UINT32_MAX ? UINT32_MAX : (uint32_t)sets);
    p[4] = code == 0x0001 ? 0x02 : 0x01; /* SCOPE: shared with others, this unit's own */
}

static void
logical_block_provisioning(struct writer *w)
{
    put_resources(w, 0x0001, w->space->available / SPACE_SET);
    put_resources(w, 0x0002, (w->space->used + SPACE_SET - 1) / SPACE_SET);
}

/* SPC-4 section 7.3.21: there is nothing that could tell one (FFh). */
static void
temperature(struct writer *w)
{
    uint8_t *p = parameter(w, 0x0000, 2);

    if (p != NULL)
        p[1] = 0xff;
}

/* SPC-4 section 7.3.20: accumulated start-stop cycles, since the disk was opened. */
static void
start_stop_cycles(struct writer *w)
{
    uint8_t *p = parameter(w, 0x0004, 4);

    if (p != NULL)
        put_be32(p, atomic_load_explicit(&w->lun->start_stop_cycles, memory_order_relaxed));
}

/* SPC-4 section 7.3.9 */
static void
general_statistics(struct writer *w)
{
    unsigned block = w->lun->block_size;
    struct io_totals totals;
    uint8_t *p;

    lun_totals(w->lun, &totals);
    p = parameter(w, 0x0001, 64);
    if (p != NULL) {
        put_be64(p, totals.read_ops);
        put_be64(p + 8, totals.write_ops);
        put_be64(p + 16, totals.write_bytes / block); /* blocks received */
        put_be64(p + 24, totals.read_bytes / block);  /* blocks transmitted */
        put_be64(p + 32, totals.read_time_us);
        put_be64(p + 40, totals.write_time_us);
    }
    p = parameter(w, 0x0003, 8); /* the time interval: microseconds */
    if (p != NULL) {
        put_be32(p, 6);
        put_be32(p + 4, 1);
    }
}

/* SPC-4 section 7.3.10: there are none; the temperature is as above. */
static void
informational_exceptions(struct writer *w)
{
    uint8_t *p = parameter(w, 0x0000, 4);

    if (p != NULL)
        p[2] = 0xff;
}

/* In ascending order. */
static const struct log_page pages[] = {
    {SUPPORTED_PAGES, 0x00, 0, supported_pages},
    {SUPPORTED_PAGES, ALL_SUBPAGES, 0, supported_subpages},
    {0x0c, 0x00, STORE_CAN_UNMAP | STORE_CAN_SPACE, logical_block_provisioning},
    {0x0d, 0x00, 0, temperature},
    {0x0e, 0x00, 0, start_stop_cycles},
    {0x19, 0x00, 0, general_statistics},
    {0x2f, 0x00, 0, informational_exceptions},
};

static const struct log_page *
page_at(size_t i)
{
    return i < sizeof pages / sizeof pages[0] ? &pages[i] : NULL;
}

/* NULL: it has failed CMD. */
static const struct log_page *
find_page(struct scsi_cmd *cmd)
{
    uint8_t code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
    bool has_code = false;

    for (size_t i = 0; page_at(i) != NULL; i++) {
        if (page_at(i)->code != code || !is_offered(page_at(i), cmd_lun(cmd)))
            continue;
        has_code = true;
        if (page_at(i)->subpage == subpage)
            return page_at(i);
    }
    if (has_code)
        cmd_fail_cdb(cmd, 3, -1);
    else
        cmd_fail_cdb(cmd, 2, 5);
    return NULL;
}

bool
log_sense_check(struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & 0x01) { /* SP: nothing is saved (DS=1) */
        cmd_fail_cdb(cmd, 1, 0);
        return false;
    }
    if (cmd->cdb[2] >> 6 != CURRENT_CUMULATIVE) { /* PC: there are no thresholds */
        cmd_fail_cdb(cmd, 2, 7);
        return false;
    }
    return find_page(cmd) != NULL;
}

static void
answer(struct scsi_cmd *cmd, const struct log_page *page, const struct store_space *space)
{
    struct writer w = {
        .lun = cmd_lun(cmd), .space = space, .first = get_be16(cmd->cdb + 5), .length = HEADER};

    page->write(&w);
    if (w.first > w.last) { /* PARAMETER POINTER beyond what there is */
        cmd_fail_cdb(cmd, 5, -1);
        return;
    }
    w.data[0] = page->code;
    if (page->code != SUPPORTED_PAGES)
        w.data[0] |= 0x80; /* DS */
    if (page->subpage != 0)
        w.data[0] |= 0x40; /* SPF */
    w.data[1] = page->subpage;
    put_be16(w.data + 2, (uint16_t)(w.length - HEADER));
    cmd_answer(cmd, w.data, w.length, get_be16(cmd->cdb + 7));
}

/* The unit may be thin no more, and then there is no such page. */
static void
space_known(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_succeeded(io, 0);
    const struct log_page *page = cmd != NULL ? find_page(cmd) : NULL;

    if (page != NULL)
        answer(cmd, page, &io->space);
}

void
log_sense(struct scsi_cmd *cmd)
{
    const struct log_page *page = find_page(cmd);

    if (page == NULL)
        return;
    if (page->needs == 0)
        answer(cmd, page, NULL);
    else if (cmd_lun(cmd)->store == NULL)
        cmd_fail(cmd, lun_readiness(cmd_lun(cmd)));
    else
        disk_submit(cmd, STORE_SPACE, 0, 0, NULL, space_known);
}
