/*
 * state_file.h: where the configuration outlives the daemon.
 *
 * One folder: "state.json" holds {"revision": N, "config": {…}}, the document as config.get
 * gives it; "state-N.json" are the last ten before it; "lock" keeps a second daemon out. A file
 * is written beside, made stable and then renamed, so that there is always a whole one. All
 * calls block for as long as the disk takes; main only.
 */
#ifndef CATALOG_STATE_FILE_H
#define CATALOG_STATE_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;
struct state_file;

/* So many earlier ones are kept. */
#define STATE_FILES_KEPT 10

/* Makes FOLDER where it is missing and locks it. NULL with ERR: it is in use, or cannot be. */
struct state_file *state_file_open(const char *folder, struct error *err);
void state_file_close(struct state_file *file); /* accepts NULL */

/* What the folder had. */
enum state_found {
    STATE_IS_GOOD,
    STATE_IS_NEW,   /* the folder is empty: *DOCUMENT is untouched */
    STATE_IS_WRONG, /* damaged, of a newer version, unreadable, or gone: see ERR */
};

/* Reads the state file. ERR also names the last good one before it, and how to start from it.
 * Whatever is wrong with the file, it is left as it is. */
enum state_found state_file_load(struct state_file *file, json_t **document, uint64_t *revision,
                                 struct error *err);

/* Reads the newest earlier file that is good, and keeps what is wrong as "state.json.damaged".
 * 0, or -1: there is none. */
int state_file_recover(struct state_file *file, json_t **document, uint64_t *revision,
                       struct error *err);

/* When it returns 0, DOCUMENT is on stable storage; else what was there is still there. */
int state_file_save(struct state_file *file, const json_t *document, uint64_t revision,
                    struct error *err);

/* The same, but what was saved last is not kept among the earlier ones: it never came to be. */
int state_file_take_back(struct state_file *file, const json_t *document, uint64_t revision,
                         struct error *err);

/* For messages. Borrowed. */
const char *state_file_path(const struct state_file *file);

/* A configuration that an operator wrote: a document, or what config.get gave. NULL with ERR:
 * not readable, or not JSON; the rules are not checked. A new reference. */
json_t *state_file_read_config(const char *path, struct error *err);

#endif
