/* unit_reservations.h: persistent reservations as the member "reservations" of a unit file. */
#ifndef CATALOG_UNIT_RESERVATIONS_H
#define CATALOG_UNIT_RESERVATIONS_H

struct error;
struct pr_state;
struct unit_file;

/* Fills in STATE, which is empty, with what FILE has. -1 with ERR: that makes no sense. */
int unit_reservations_load(struct unit_file *file, struct pr_state *state, struct error *err);

/* Puts STATE into FILE, or takes out what there is, where STATE is not to survive. As
 * unit_file_put(). */
int unit_reservations_save(struct unit_file *file, const struct pr_state *state);

#endif
