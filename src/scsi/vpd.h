/* vpd.h: the vital product data pages (SPC-4 section 7.8, SBC-3 section 6.6). */
#ifndef SCSI_VPD_H
#define SCSI_VPD_H

struct scsi_cmd;

/* INQUIRY with EVPD=1; its allocation length is in bytes 3 and 4. */
void vpd_inquiry(struct scsi_cmd *cmd);

#endif
