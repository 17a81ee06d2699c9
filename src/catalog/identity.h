/* identity.h: what tells one disk from all others, made once. Any thread. */
#ifndef CATALOG_IDENTITY_H
#define CATALOG_IDENTITY_H

struct identity {
    char serial[20 + 1]; /* VPD 80h: digits and letters */
    char naa[16 + 1];    /* VPD 83h: hex digits of a locally assigned name (NAA 3h) */
};

/* From the kernel's random numbers, so that two hosts do not make the same. Returns 0 or a
 * negative errno. */
int identity_make(struct identity *identity);

/* What INQUIRY says where the configuration says nothing else. */
#define IDENTITY_VENDOR  "BLKGATE"
#define IDENTITY_PRODUCT "VIRTUAL-DISK"
const char *identity_revision(void); /* of the program, at most four letters */

#endif
