/* unit_modes.h: saved modes as the member "modes" of a unit file. */
#ifndef CATALOG_UNIT_MODES_H
#define CATALOG_UNIT_MODES_H

struct error;
struct saved_modes;
struct unit_file;

/* What FILE has; nothing is saved where it has none. -1 with ERR (may be NULL): that makes no
 * sense. Any thread. */
int unit_modes_load(struct unit_file *file, struct saved_modes *ret, struct error *err);

/* As unit_file_put(). */
int unit_modes_save(struct unit_file *file, const struct saved_modes *modes);

#endif
