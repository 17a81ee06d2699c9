/*
 * unit_file.h: what a disk keeps for itself beside the configuration: "units/NAME.json" in the
 * state folder, one file a backstore.
 *
 * It is an object; each member belongs to one subject (persistent reservations, saved mode
 * pages), which alone knows what is in it. A disk that has nothing to keep has no file.
 */
#ifndef CATALOG_UNIT_FILE_H
#define CATALOG_UNIT_FILE_H

#include <jansson.h>

struct error;
struct unit_file;

/* Of backstore NAME, in FOLDER ("…/units"), which must be there. Reads nothing. NULL: out of
 * memory. */
struct unit_file *unit_file_new(const char *folder, const char *name);
void unit_file_free(struct unit_file *u); /* accepts NULL */

/* Reads it; where there is no file, it has no members. -1: it is damaged or unreadable, ERR
 * says so; it is kept as it is, and nothing can be put. Blocks for a moment. */
int unit_file_load(struct unit_file *u, struct error *err);

/* A new reference; NULL: there is none. Any thread. */
json_t *unit_file_get(struct unit_file *u, const char *member);

/*
 * MEMBER is VALUE (taken; NULL: there is none) from now on. 0: that is on stable storage; a
 * negative errno: what was there still is. Blocks for as long as the disk takes: on helpers.
 */
int unit_file_put(struct unit_file *u, const char *member, json_t *value);

/* One whose subject cannot make sense of its member: from now on as if it were damaged. */
void unit_file_distrust(struct unit_file *u);

/* The backstore is gone, and its file with it; nothing can be put any more. */
void unit_file_remove(struct unit_file *u);

/* For messages. Borrowed. */
const char *unit_file_path(const struct unit_file *u);

#endif
