/* vpd.h: the vital product data pages (SPC-4 section 7.8, SBC-3 section 6.6). */
#ifndef SCSI_VPD_H
#define SCSI_VPD_H

#include <stddef.h>
#include <stdint.h>

struct lun;
struct scsi_cmd;

/* INQUIRY with EVPD=1; its allocation length is in bytes 3 and 4. */
void vpd_inquiry(struct scsi_cmd *cmd);

/* vpd_copy.c: a page as the table of vpd.c has them. */
size_t vpd_third_party_copy(const struct scsi_cmd *cmd, const struct lun *lun, uint8_t *data);

#endif
