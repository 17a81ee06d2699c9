/* unit_sanitize.h: a sanitize operation that has not ended well, as the member "sanitize" of a
 * unit file. */
#ifndef CATALOG_UNIT_SANITIZE_H
#define CATALOG_UNIT_SANITIZE_H

#include "scsi/lun_save.h"

struct error;
struct unit_file;

/* What FILE has. -1 with ERR (may be NULL): that makes no sense. Any thread. */
int unit_sanitize_load(struct unit_file *file, enum sanitize_mark *ret, struct error *err);

/* As unit_file_put(). */
int unit_sanitize_save(struct unit_file *file, enum sanitize_mark mark);

#endif
