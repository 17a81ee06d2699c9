/*
 * unit.h: what belongs to a backstore, and not to the logical unit that it has at the moment:
 * its reservations, and the file in which it keeps them.
 *
 * There is one unit a name. It is there from the first disk of that name on, until a view
 * without the backstore has been published. Main only, unless said otherwise.
 */
#ifndef CATALOG_UNIT_H
#define CATALOG_UNIT_H

#include <stdbool.h>

#include "core/error.h"

struct catalog;
struct lun;
struct unit;

/* Units have their files in STATE_DIR (NULL: they keep nothing, as in tests). -1 with ERR. */
int units_open(const char *state_dir, struct error *err);
void units_close(void); /* after the workers have been joined; blocks */

/* The unit of backstore NAME, with what it has kept; counted. NULL: out of memory. Reads a
 * small file where it is a new one. */
struct unit *unit_get(const char *name);
void unit_unref(struct unit *unit); /* accepts NULL */

/*
 * Before a backstore called NAME is opened. One that IS_NEW has kept nothing: a file of an
 * earlier one by that name goes. -1 with ERR: what it has kept cannot be read, so that nobody
 * knows who is to be kept out: it must not be opened.
 */
int unit_check(const char *name, bool is_new, struct error *err);

/* LUN, which has no nexus yet, has UNIT's reservations and saved modes, and keeps them. */
void unit_attach(struct unit *unit, struct lun *lun);

/* Fewer modes of LUN are saved than before. Blocks for as long as writing a small file takes.
 */
void unit_save_modes(struct lun *lun);

/* VIEW has been published: the units of all other backstores are gone, and their files. */
void units_forget_others(const struct catalog *view);

#endif
