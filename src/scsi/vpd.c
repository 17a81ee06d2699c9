/* vpd.c: one function a page, in a table. */
#include "scsi/vpd.h"

#include <string.h>
#include <strings.h>

#include "core/bytes.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "scsi/nexus.h"
#include "store/store.h"

#define PAGE_MAX   1024
#define HEADER     4
#define ISCSI      5 /* PROTOCOL IDENTIFIER, SPC-4 table 477 */
#define OPTIMAL_IO (1u << 20)

/* Writes what follows the page's header to DATA (zeroed, PAGE_MAX - HEADER bytes); returns its
 * length. */
typedef size_t page_writer(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data);

struct page {
    uint8_t code;
    unsigned needs; /* enum store_capability */
    page_writer *write;
};

static const struct page *page_at(size_t i);

static bool
page_is_offered(const struct page *page, const struct lun *lun)
{
    if (lun == NULL) /* no logical unit: only the list, which then names itself alone */
        return page->code == 0x00;
    return (page->needs & ~lun_capabilities(lun)) == 0;
}

/* SPC-4 section 7.8.11 */
static size_t
supported_pages(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    size_t n = 0;

    (void)cmd;
    for (size_t i = 0; page_at(i) != NULL; i++) {
        if (page_is_offered(page_at(i), lun))
            data[n++] = page_at(i)->code;
    }
    return n;
}

/* SPC-4 section 7.8.10 */
static size_t
unit_serial_number(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    const struct lun_identity id = lun_identity(cmd_lun(cmd));
    size_t n = strlen(id.serial);

    (void)lun;
    memcpy(data, id.serial, n);
    return n;
}

/* What a designator names, and how its bytes are to be read (SPC-4 section 7.8.5.1). */
enum { OF_UNIT = 0x00, OF_PORT = 0x10, OF_DEVICE = 0x20 };
enum { BINARY = 1, ASCII = 2, UTF8 = 3 };
enum { T10_VENDOR = 1, NAA = 3, RELATIVE_PORT = 4, PORT_GROUP = 5, SCSI_NAME = 8 };

/* The header of a designator at D; returns where its bytes go. */
static uint8_t *
designator(uint8_t *d, unsigned of, unsigned type, unsigned code_set, size_t length)
{
    d[0] = (uint8_t)code_set;
    d[1] = (uint8_t)(of | type);
    if (of != OF_UNIT) { /* the protocol is said for ports and devices only: PIV */
        d[0] |= ISCSI << 4;
        d[1] |= 0x80;
    }
    d[3] = (uint8_t)length;
    return d + 4;
}

/* T10 vendor identification: vendor, then what is unique for that vendor. */
static size_t
put_t10_vendor(uint8_t *d, const struct lun_identity *id)
{
    size_t vendor = strnlen(id->vendor_id, 8), product = strnlen(id->product_id, 16);
    size_t serial = strlen(id->serial), length = 8 + 16 + serial;
    uint8_t *bytes = designator(d, OF_UNIT, T10_VENDOR, ASCII, length);

    memset(bytes, ' ', 8 + 16);
    memcpy(bytes, id->vendor_id, vendor);
    memcpy(bytes + 8, id->product_id, product);
    memcpy(bytes + 24, id->serial, serial);
    return 4 + length;
}

/* SCSI name string: ends in zeroes, at least one, to a multiple of four (SPC-4 section
 * 7.8.5.11). */
static size_t
put_name(uint8_t *d, unsigned of, const char *name)
{
    size_t n = strnlen(name, 251), length = (n + 4) / 4 * 4;

    memcpy(designator(d, of, SCSI_NAME, UTF8, length), name, n);
    return 4 + length;
}

static size_t
put_port_number(uint8_t *d, unsigned type, uint16_t number)
{
    put_be16(designator(d, OF_PORT, type, BINARY, 4) + 2, number);
    return 4 + 4;
}

/* SPC-4 section 7.8.5 */
static size_t
device_identification(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    const struct it_nexus *it = cmd->it_nexus;
    const struct lun_identity id = lun_identity(cmd_lun(cmd));
    size_t n = put_t10_vendor(data, &id);

    (void)lun;
    memcpy(designator(data + n, OF_UNIT, NAA, BINARY, id.naa_length), id.naa, id.naa_length);
    n += 4 + (size_t)id.naa_length;
    n += put_port_number(data + n, RELATIVE_PORT, it->target_port_group);
    n += put_port_number(data + n, PORT_GROUP, it->target_port_group);
    n += put_name(data + n, OF_PORT, it->target_port);
    n += put_name(data + n, OF_DEVICE, it->target_name);
    return n;
}

/* SPC-4 section 7.8.7 */
static size_t
extended_inquiry(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    uint8_t *page = data - HEADER; /* offsets as the standard draws them */

    (void)cmd;
    page[5] = 0x07; /* HEADSUP, ORDSUP, SIMPSUP */
    if (lun->store == NULL || (lun->store->capabilities & STORE_CAN_FLUSH))
        page[6] = 0x01;        /* V_SUP: a cache that loses what is in it */
    page[13] = SCSI_SENSE_MAX; /* MAXIMUM SUPPORTED SENSE DATA LENGTH */
    return 0x3c;
}

/* SPC-4 section 7.8.9: all mode pages and subpages are shared by all ports and initiators. */
static size_t
mode_page_policy(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    (void)cmd, (void)lun;
    data[0] = 0x3f;
    data[1] = 0xff;
    data[2] = 0x00; /* MLUS=0: each unit has its own; shared */
    return 4;
}

/* SBC-3 section 6.6.3 */
static size_t
block_limits(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    unsigned block = lun->block_size;
    unsigned physical = lun_physical_block_size(lun);
    uint8_t *page = data - HEADER; /* offsets as the standard draws them */

    (void)cmd;
    page[5] = DISK_COMPARE_MAX;
    put_be16(page + 6, (uint16_t)(physical / block)); /* OPTIMAL TRANSFER LENGTH GRANULARITY */
    put_be32(page + 8, SCSI_TRANSFER_MAX / block);
    put_be32(page + 12, OPTIMAL_IO / block);
    put_be32(page + 16, DISK_PREFETCH_MAX / block);
    if (lun_capabilities(lun) & STORE_CAN_UNMAP) {
        put_be32(page + 20, DISK_UNMAP_MAX);
        put_be32(page + 24, DISK_UNMAP_DESCRIPTORS_MAX);
        put_be32(page + 28, (physical > 4096 ? physical : 4096) / block); /* GRANULARITY */
        page[32] = 0x80; /* UGAVALID, aligned to 0 */
    }
    put_be64(page + 36, DISK_WRITE_SAME_MAX);
    /* ATOMIC ALIGNMENT and GRANULARITY: any; no boundary (SBC-4 section 6.6.4) */
    if (lun_capabilities(lun) & STORE_CAN_ATOMIC)
        put_be32(page + 44, SCSI_TRANSFER_MAX / block);
    return 0x3c;
}

/* SBC-3 section 6.6.2 */
static size_t
block_device_characteristics(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    unsigned rate = atomic_load_explicit(&lun->rotation_rate, memory_order_relaxed);

    (void)cmd;
    /* Memory does not rotate; of what lies below the others nothing is known unless somebody
     * says it (0: not reported). */
    if (rate == 0 && lun->store != NULL && (lun->store->capabilities & STORE_IS_VOLATILE))
        rate = 1;
    put_be16(data, (uint16_t)rate); /* MEDIUM ROTATION RATE */
    /* WABEREQ: what SANITIZE has erased can be read before it is written again. */
    if (lun_capabilities(lun) & STORE_CAN_UNMAP)
        data[7 - HEADER] = 0x40;
    return 0x3c;
}

/* SBC-3 section 6.6.4 */
static size_t
logical_block_provisioning(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data)
{
    (void)cmd;
    if (lun_capabilities(lun) & STORE_CAN_SPACE)
        data[0] = (uint8_t)(ffs((int)(SPACE_SET / lun->block_size)) - 1); /* EXPONENT */
    data[1] = 0x80 | 0x40 | 0x20 | 0x04; /* LBPU, LBPWS, LBPWS10, LBPRZ=001b */
    data[2] = 0x02;                      /* PROVISIONING TYPE: thin */
    return 4;
}

/* In ascending order of their codes. */
static const struct page pages[] = {
    {0x00, 0, supported_pages},
    {0x80, 0, unit_serial_number},
    {0x83, 0, device_identification},
    {0x86, 0, extended_inquiry},
    {0x87, 0, mode_page_policy},
    {0x8f, 0, vpd_third_party_copy},
    {0xb0, 0, block_limits},
    {0xb1, 0, block_device_characteristics},
    {0xb2, STORE_CAN_UNMAP, logical_block_provisioning},
};

static const struct page *
page_at(size_t i)
{
    return i < sizeof pages / sizeof pages[0] ? &pages[i] : NULL;
}

void
vpd_inquiry(struct scsi_cmd *cmd)
{
    const struct lun *lun = cmd_lun(cmd);
    const struct page *page = NULL;
    uint8_t data[PAGE_MAX] = {0};
    size_t length;

    for (size_t i = 0; page_at(i) != NULL; i++) {
        if (page_at(i)->code == cmd->cdb[2] && page_is_offered(page_at(i), lun))
            page = page_at(i);
    }
    if (page == NULL) {
        cmd_fail_cdb(cmd, 2, -1);
        return;
    }
    length = page->write(cmd, lun, data + HEADER);
    data[0] = lun != NULL ? 0x00 : 0x7f;
    data[1] = page->code;
    put_be16(data + 2, (uint16_t)length);
    cmd_answer(cmd, data, HEADER + length, get_be16(cmd->cdb + 3));
}
