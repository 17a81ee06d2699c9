/* inquiry.c: standard INQUIRY data (SPC-4 section 6.4.2). */
#include <string.h>

#include "core/bytes.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/vpd.h"

/* SPC-4 table 144 */
static const uint16_t version_descriptors[] = {
    0x00a0, /* SAM-5 */
    0x0960, /* iSCSI */
    0x0460, /* SPC-4 */
    0x04c0, /* SBC-3 */
};

/* Left-aligned ASCII, padded with spaces. */
static void
put_text(uint8_t *field, size_t size, const char *text)
{
    size_t n = strnlen(text, size);

    memset(field, ' ', size);
    memcpy(field, text, n);
}

static void
standard_inquiry(struct scsi_cmd *cmd)
{
    static const struct lun_identity nobody;
    struct lun *lun = cmd_lun(cmd);
    const struct lun_identity id = lun != NULL ? lun_identity(lun) : nobody;
    uint8_t data[96] = {0};

    /* No logical unit: PERIPHERAL QUALIFIER 3, type 1Fh. */
    data[0] = lun != NULL ? 0x00 : 0x7f;
    if (lun != NULL && lun_is(lun, LUN_REMOVABLE))
        data[1] = 0x80; /* RMB */
    data[2] = 0x06;     /* SPC-4 */
    data[3] = 0x02;     /* response data format; HISUP=0: LUNs are single-level */
    data[4] = sizeof data - 5;
    if (lun != NULL)
        data[5] = 0x30 | 0x08; /* TPGS: implicit and explicit asymmetric access; 3PC */
    data[7] = 0x02;            /* CMDQUE */
    put_text(data + 8, 8, id.vendor_id);
    put_text(data + 16, 16, id.product_id);
    put_text(data + 32, 4, id.product_revision);
    for (size_t i = 0; i < sizeof version_descriptors / sizeof version_descriptors[0]; i++)
        put_be16(data + 58 + 2 * i, version_descriptors[i]);
    cmd_answer(cmd, data, sizeof data, get_be16(cmd->cdb + 3));
}

void
inquiry(struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & 0x02) /* CMDDT: obsolete since SPC-3 */
        cmd_fail_cdb(cmd, 1, 1);
    else if (cmd->cdb[1] & 0x01)
        vpd_inquiry(cmd);
    else if (cmd->cdb[2] != 0) /* a page without EVPD */
        cmd_fail_cdb(cmd, 2, -1);
    else
        standard_inquiry(cmd);
}
