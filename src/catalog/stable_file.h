/*
 * stable_file.h: JSON files that are whole at every moment, also after a loss of power: a new
 * one is written beside, made stable, and takes the place of the old one. All calls block.
 */
#ifndef CATALOG_STABLE_FILE_H
#define CATALOG_STABLE_FILE_H

#include <jansson.h>

struct error;

/* -1 with errno: it cannot be read. -2: it is not JSON; ERR says that it is WRONG, and where.
 * *RET is a new reference. */
int stable_file_read(const char *path, const char *wrong, json_t **ret, struct error *err);

/* Writes WHOLE to PATH and makes it stable; not yet its name. 0 or a negative errno. */
int stable_file_write(const char *path, const json_t *whole);

/* Makes stable which names FOLDER has. 0 or a negative errno. */
int stable_folder_sync(const char *folder);

#endif
